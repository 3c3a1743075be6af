/* SPDX-License-Identifier: MIT */
/*
 * Who accepts a connection? A listening socket that several processes share
 * takes connections for all of them, so that being connected proves nothing.
 * But the socket at the other end gets an inode when it is accepted, which the
 * kernel tells (sock_diag(7)), and that inode is found among the descriptors of
 * whoever has it (/proc/PID/fd).
 */
#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "cfkit/upgrade.h"

#include "base/error.h"
#include "upgrade/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    MOST_PROCESSES = 1024, /* of one server that are looked at */
    ANSWER_SIZE = 4096,
};

union address {
    struct sockaddr base;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
};

/* A listener at every address is asked at the loopback one. */
static void make_reachable(union address *a)
{
    if (a->base.sa_family == AF_INET && a->in.sin_addr.s_addr == htonl(INADDR_ANY))
        a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (a->base.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr))
        a->in6.sin6_addr = in6addr_loopback;
}

static bool is_listening_stream(int fd)
{
    int type = 0;
    int listening = 0;
    socklen_t size = sizeof type;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
           (type == SOCK_STREAM || type == SOCK_SEQPACKET) && listening != 0;
}

static int open_connection(int listener, int *connection, struct cfk_error *err)
{
    union address a;
    socklen_t size = sizeof a;
    int type = SOCK_STREAM;
    socklen_t type_size = sizeof type;
    int fd;

    if (!is_listening_stream(listener) || getsockname(listener, &a.base, &size) != 0 ||
        (a.base.sa_family != AF_INET && a.base.sa_family != AF_INET6 &&
         a.base.sa_family != AF_UNIX))
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: descriptor %d is no socket that takes connections",
                         listener);
    make_reachable(&a);
    getsockopt(listener, SOL_SOCKET, SO_TYPE, &type, &type_size);
    fd = socket(a.base.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: no socket to probe with");
    if (connect(fd, &a.base, size) != 0 && errno != EINPROGRESS) {
        int saved = errno;

        close(fd);
        if (saved == EAGAIN) /* its queue is full */
            return cfk__fail(err, CFK_E_AGAIN, "upgrade: the queue is full");
        return cfk__fail_errno(err, CFK_E_IO, saved, "upgrade: cannot connect to probe");
    }
    *connection = fd;
    return CFK_OK;
}

static bool has_ended(int connection)
{
    char byte;
    ssize_t got = recv(connection, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

/* What the kernel is asked, and where in the answer the inode is. */
struct question {
    struct nlmsghdr header;
    union {
        struct inet_diag_req_v2 inet;
        struct unix_diag_req unix_;
    } about;
};

static void ask_inet(struct question *q, const union address *own,
                     const union address *peer)
{
    struct inet_diag_req_v2 *r = &q->about.inet;

    q->header.nlmsg_len = NLMSG_LENGTH(sizeof *r);
    r->sdiag_family = (uint8_t)own->base.sa_family;
    r->sdiag_protocol = IPPROTO_TCP;
    r->idiag_states = ~0u;
    r->id.idiag_cookie[0] = r->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (own->base.sa_family == AF_INET) {
        r->id.idiag_sport = peer->in.sin_port;
        r->id.idiag_dport = own->in.sin_port;
        memcpy(r->id.idiag_src, &peer->in.sin_addr, sizeof peer->in.sin_addr);
        memcpy(r->id.idiag_dst, &own->in.sin_addr, sizeof own->in.sin_addr);
    } else {
        r->id.idiag_sport = peer->in6.sin6_port;
        r->id.idiag_dport = own->in6.sin6_port;
        memcpy(r->id.idiag_src, &peer->in6.sin6_addr, sizeof peer->in6.sin6_addr);
        memcpy(r->id.idiag_dst, &own->in6.sin6_addr, sizeof own->in6.sin6_addr);
    }
}

static bool ask_unix(struct question *q, int connection)
{
    struct unix_diag_req *r = &q->about.unix_;
    struct stat st;

    if (fstat(connection, &st) != 0)
        return false;
    q->header.nlmsg_len = NLMSG_LENGTH(sizeof *r);
    r->sdiag_family = AF_UNIX;
    r->udiag_states = ~0u;
    r->udiag_ino = (uint32_t)st.st_ino;
    r->udiag_show = UDIAG_SHOW_PEER;
    r->udiag_cookie[0] = r->udiag_cookie[1] = ~0u;
    return true;
}

/* The inode of the peer of a UNIX socket, from the attributes behind the answer. */
static uint32_t unix_peer(struct nlmsghdr *answer)
{
    struct rtattr *attribute =
        (struct rtattr *)(void *)((char *)NLMSG_DATA(answer) +
                                  NLMSG_ALIGN(sizeof(struct unix_diag_msg)));
    long left = (long)answer->nlmsg_len -
                (long)NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct unix_diag_msg)));
    uint32_t inode = 0;

    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
        if (attribute->rta_type == UNIX_DIAG_PEER &&
            RTA_PAYLOAD(attribute) >= sizeof inode)
            memcpy(&inode, RTA_DATA(attribute), sizeof inode);
    return inode;
}

/* The inode of the other end, 0 while nobody has accepted it; -1 with errno. */
static int64_t ask_kernel(const struct question *q, bool is_unix)
{
    union {
        struct nlmsghdr header;
        char bytes[ANSWER_SIZE];
    } answer;
    ssize_t got = -1;
    int saved;
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (fd >= 0 && send(fd, q, q->header.nlmsg_len, 0) > 0)
        got = recv(fd, &answer, sizeof answer, 0);
    saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    if (got < 0 || !NLMSG_OK(&answer.header, (size_t)got))
        return -1;
    if (answer.header.nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *failure = NLMSG_DATA(&answer.header);

        errno = -failure->error;
        return errno == ENOENT ? 0 : -1;
    }
    if (is_unix)
        return unix_peer(&answer.header);
    return ((const struct inet_diag_msg *)NLMSG_DATA(&answer.header))->idiag_inode;
}

static int64_t peer_inode(int connection)
{
    struct question q = { .header = { .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                                      .nlmsg_flags = NLM_F_REQUEST } };
    union address own;
    union address peer;
    socklen_t own_size = sizeof own;
    socklen_t peer_size = sizeof peer;

    if (getsockname(connection, &own.base, &own_size) != 0)
        return -1;
    if (own.base.sa_family == AF_UNIX)
        return ask_unix(&q, connection) ? ask_kernel(&q, true) : -1;
    if (getpeername(connection, &peer.base, &peer_size) != 0)
        return errno == ENOTCONN ? 0 : -1;
    ask_inet(&q, &own, &peer);
    return ask_kernel(&q, false);
}

static bool process_has(pid_t pid, const char *socket_name)
{
    char path[64];
    struct dirent *entry;
    DIR *folder;
    bool found = false;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
        char target[64];
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);

        if (len <= 0)
            continue;
        target[len] = '\0';
        found = strcmp(target, socket_name) == 0;
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

/* Append the children of one thread, as /proc tells them, to a list of processes. */
static void add_children(pid_t pid, const char *thread, pid_t *list, size_t *count)
{
    char path[320];
    char text[4096];
    const char *p = text;
    ssize_t got;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)pid, thread);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    got = read(fd, text, sizeof text - 1);
    close(fd);
    text[got > 0 ? got : 0] = '\0';
    while (*count < MOST_PROCESSES) {
        size_t len = strcspn(p, " ");
        uint64_t child;

        if (p[len] == '\0' || !cfk__text_number(p, len, 10, INT32_MAX, &child))
            return;
        list[(*count)++] = (pid_t)child;
        p += len + 1;
    }
}

/* Whether pid or a descendant of it has the socket of this inode. */
static bool family_has(pid_t pid, int64_t inode)
{
    pid_t list[MOST_PROCESSES] = { pid };
    size_t count = 1;
    char name[40];

    snprintf(name, sizeof name, "socket:[%lld]", (long long)inode);
    for (size_t i = 0; i < count; i++) {
        char path[32];
        const struct dirent *entry;
        DIR *threads;

        if (process_has(list[i], name))
            return true;
        snprintf(path, sizeof path, "/proc/%d/task", (int)list[i]);
        threads = opendir(path);
        while (threads != NULL && (entry = readdir(threads)) != NULL)
            if (entry->d_name[0] != '.')
                add_children(list[i], entry->d_name, list, &count);
        if (threads != NULL)
            closedir(threads);
    }
    return false;
}

static void close_connection(int *connection)
{
    close(*connection);
    *connection = -1;
}

int cfk_upgrade_probe(int listener, int32_t pid, int *connection, struct cfk_error *err)
{
    int64_t inode;
    int rc = CFK_OK;

    if (pid <= 0)
        return cfk__fail(err, CFK_E_INVALID, "upgrade: %d is no process", pid);
    if (*connection < 0)
        rc = open_connection(listener, connection, err);
    if (rc != CFK_OK)
        return rc;
    inode = peer_inode(*connection);
    if (inode > 0 && family_has(pid, inode)) {
        close_connection(connection);
        return CFK_OK;
    }
    if (inode < 0) {
        rc = cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot ask who accepts");
        close_connection(connection);
        return rc;
    }
    if (inode > 0 || has_ended(*connection))
        close_connection(connection); /* somebody else has it: once more, next time */
    return cfk__fail(err, CFK_E_AGAIN, "upgrade: process %d has not accepted yet", pid);
}
