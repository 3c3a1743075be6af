/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* struct ucred */

#include "upgrade/notify.h"

#include "base/crypto.h"
#include "base/error.h"
#include "upgrade/protocol.h"
#include "upgrade/system.h"
#include "upgrade/text.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST_ANCESTORS = 64 };

static void parse_line(const char *line, size_t len, struct cfk__notification *n)
{
    static const char extend[] = "EXTEND_TIMEOUT_USEC=";
    size_t prefix = sizeof extend - 1;
    uint64_t us;

    if (len == 7 && memcmp(line, "READY=1", 7) == 0) {
        n->ready = true;
        return;
    }
    n->other = true;
    if (len > prefix && memcmp(line, extend, prefix) == 0 &&
        cfk__text_number(line + prefix, len - prefix, 10, UINT64_MAX, &us))
        n->extend_us = us;
}

bool cfk__notify_parse(const void *data, size_t size, struct cfk__notification *out)
{
    struct cfk__notification n = { .ready = false };
    struct cfk__reader r;

    cfk__reader_init(&r, data, size);
    if (size == 0 || memchr(data, '\0', size) != NULL)
        return false;
    while (cfk__reader_left(&r) > 0) {
        const uint8_t *newline = memchr(r.pos, '\n', cfk__reader_left(&r));
        size_t len = newline == NULL ? cfk__reader_left(&r) : (size_t)(newline - r.pos);
        struct cfk__span line;

        if (!cfk__read_span(&r, len, &line))
            return false;
        cfk__read_skip(&r, newline != NULL);
        if (len == 0)
            continue;
        if (memchr(line.data, '=', len) == NULL)
            return false;
        parse_line((const char *)line.data, len, &n);
    }
    *out = n;
    return true;
}

static bool set_address(const char *text, struct sockaddr_un *un, socklen_t *size)
{
    size_t len = strlen(text);

    *un = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if ((text[0] != '/' && text[0] != '@') || len < 2 || len >= sizeof un->sun_path)
        return false;
    memcpy(un->sun_path, text, len);
    if (text[0] == '@')
        un->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (text[0] == '/'));
    return true;
}

int cfk__notify_open(int *fd, char address[CFK__NOTIFY_ADDRESS], struct cfk_error *err)
{
    uint8_t name[CFK__COOKIE_SIZE];
    struct sockaddr_un un;
    socklen_t size;
    int on = 1;
    int rc = cfk__random(name, sizeof name, err);
    int s;

    if (rc != CFK_OK)
        return rc;
    memcpy(address, "@cfkit-upgrade-", 15);
    cfk__hex_print(name, sizeof name, address + 15);
    s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
        !set_address(address, &un, &size) ||
        bind(s, (const struct sockaddr *)&un, size) != 0) {
        rc = cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: no socket for readiness");
        if (s >= 0)
            close(s);
        return rc;
    }
    *fd = s;
    return CFK_OK;
}

static bool is_descendant(pid_t pid, pid_t of)
{
    for (int i = 0; i < MOST_ANCESTORS && pid > 1; i++) {
        if (pid == of)
            return true;
        pid = cfk__process_parent(pid);
    }
    return false;
}

int cfk__notify_receive(int fd, pid_t child, char text[CFK__NOTIFY_MAX + 1],
                        struct cfk__notification *out)
{
    char data[CFK__NOTIFY_MAX];
    /* Room for credentials alone: the kernel closes descriptors that do not fit. */
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct iovec iov = { data, sizeof data };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    const struct cmsghdr *cmsg;
    struct ucred sender;
    ssize_t got = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (got < 0)
        return -1;
    cmsg = CMSG_FIRSTHDR(&msg);
    if ((msg.msg_flags & MSG_TRUNC) != 0 || cmsg == NULL ||
        cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_CREDENTIALS ||
        cmsg->cmsg_len != CMSG_LEN(sizeof sender))
        return 0;
    memcpy(&sender, CMSG_DATA(cmsg), sizeof sender);
    if (!is_descendant(sender.pid, child) || !cfk__notify_parse(data, (size_t)got, out))
        return 0;
    memcpy(text, data, (size_t)got);
    text[got] = '\0';
    return 1;
}

int cfk__notify_send(const char *address, const char *state, const int *fds, size_t count,
                     struct cfk_error *err)
{
    struct sockaddr_un un;
    socklen_t size;
    union {
        char bytes[CMSG_SPACE(CFK__NOTIFY_FDS * sizeof(int))];
        struct cmsghdr align;
    } control = { .bytes = { 0 } };
    struct iovec iov;
    struct msghdr msg = { .msg_name = &un, .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t sent;
    int saved;
    int fd;

    if (state == NULL || state[0] == '\0' || count > CFK__NOTIFY_FDS ||
        !set_address(address, &un, &size))
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: notify wants a state, at most %d descriptors, and "
                         "/PATH or @NAME, not '%.100s'",
                         CFK__NOTIFY_FDS, address);
    msg.msg_namelen = size;
    iov = (struct iovec){ (void *)(uintptr_t)state, strlen(state) };
    if (count > 0) {
        struct cmsghdr *cmsg;

        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(count * sizeof *fds);
        cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(count * sizeof *fds);
        memcpy(CMSG_DATA(cmsg), fds, count * sizeof *fds);
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: no socket to notify by");
    do {
        sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    saved = errno;
    close(fd);
    if (sent < 0)
        return cfk__fail_errno(err, CFK_E_IO, saved, "upgrade: notify %.100s", address);
    return CFK_OK;
}
