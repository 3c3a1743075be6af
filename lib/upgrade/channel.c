/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */

#include "upgrade/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for control data, aligned as the kernel wants it. */
union control {
    char bytes[CMSG_SPACE(CFK__CHANNEL_FDS * sizeof(int))];
    struct cmsghdr align;
};

int cfk__say_with(int channel, const struct cfk__message *message, const int *fds,
                  int count)
{
    uint8_t data[CFK__MESSAGE_MAX];
    union control control = { .bytes = { 0 } };
    struct iovec iov = { data, cfk__message_encode(message, data) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (count > 0) {
        struct cmsghdr *cmsg;

        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE((size_t)count * sizeof *fds);
        cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN((size_t)count * sizeof *fds);
        memcpy(CMSG_DATA(cmsg), fds, (size_t)count * sizeof *fds);
    }
    return sendmsg(channel, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -1 : 0;
}

int cfk__say(int channel, uint8_t type)
{
    const struct cfk__message message = { .type = type };

    return cfk__say_with(channel, &message, NULL, 0);
}

/* The descriptors that came; the kernel closed those beyond the room there was. */
static void take_fds(struct msghdr *msg, int *fds)
{
    const struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
    size_t size;

    for (int i = 0; i < CFK__CHANNEL_FDS; i++)
        fds[i] = -1;
    if (cmsg == NULL || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
        return;
    size = cmsg->cmsg_len - CMSG_LEN(0);
    if (size <= CFK__CHANNEL_FDS * sizeof *fds)
        memcpy(fds, CMSG_DATA(cmsg), size);
}

static enum cfk__heard receive(int channel, int flags, struct cfk__message *message,
                               int *fds)
{
    uint8_t data[CFK__MESSAGE_MAX];
    union control control;
    struct iovec iov = { data, sizeof data };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t got;

    if (fds != NULL) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof control.bytes;
    }
    /* MSG_TRUNC tells the true size; descriptors without room for them are closed. */
    got = recvmsg(channel, &msg, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC | flags);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return CFK__HEARD_NOTHING;
    if (got <= 0)
        return CFK__HEARD_END;
    if (fds != NULL)
        take_fds(&msg, fds);
    if ((size_t)got > sizeof data ||
        cfk__message_decode(data, (size_t)got, message, NULL) != CFK_OK)
        return CFK__HEARD_NONSENSE;
    return CFK__HEARD_MESSAGE;
}

enum cfk__heard cfk__hear(int channel, struct cfk__message *message, int *fds)
{
    enum cfk__heard heard;

    if (fds != NULL)
        for (int i = 0; i < CFK__CHANNEL_FDS; i++)
            fds[i] = -1;
    heard = receive(channel, 0, message, fds);
    for (int i = 0; fds != NULL && heard != CFK__HEARD_MESSAGE && i < CFK__CHANNEL_FDS;
         i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
    return heard;
}

enum cfk__heard cfk__peek(int channel, struct cfk__message *message)
{
    return receive(channel, MSG_PEEK, message, NULL);
}
