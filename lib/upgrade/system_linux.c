/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create, P_PIDFD */

#include "upgrade/system.h"

#include "upgrade/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

/* Of /proc/PID/stat, behind command and state; and the kernel's PF_EXITING. */
enum { STAT_PARENT = 0, STAT_FLAGS = 5, FLAG_EXITING = 4 };

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int cfk__poll_new(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

int cfk__poll_add(int poll, int fd, uint64_t token)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = token };

    return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

void cfk__poll_close(int poll, int *fd)
{
    if (*fd < 0)
        return;
    /* A copy of it in a forked process would keep it in the set. */
    epoll_ctl(poll, EPOLL_CTL_DEL, *fd, NULL);
    close(*fd);
    *fd = -1;
}

int cfk__poll_next(int poll, uint64_t *token)
{
    struct epoll_event event;
    int got;

    do {
        got = epoll_wait(poll, &event, 1, 0);
    } while (got < 0 && errno == EINTR);
    if (got == 1)
        *token = event.data.u64;
    return got;
}

bool cfk__is_poll(int fd, int other)
{
    return epoll_ctl(fd, EPOLL_CTL_DEL, other, NULL) == 0 || errno == ENOENT;
}

int cfk__wait_for(int one, int other)
{
    struct pollfd p[2] = { { .fd = one, .events = POLLIN },
                           { .fd = other, .events = POLLIN } };

    return poll(p, 2, -1) < 0 && errno != EINTR ? -1 : 0;
}

int cfk__timer_new(void)
{
    return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}

int cfk__timer_arm(int timer, uint64_t ns)
{
    struct itimerspec when = { .it_value.tv_sec = (time_t)(ns / 1000000000u),
                               .it_value.tv_nsec = (long)(ns % 1000000000u) };

    return timerfd_settime(timer, 0, &when, NULL);
}

uint64_t cfk__timer_left(int timer)
{
    struct itimerspec left;

    if (timerfd_gettime(timer, &left) != 0)
        return 0;
    return (uint64_t)left.it_value.tv_sec * 1000000000u + (uint64_t)left.it_value.tv_nsec;
}

uint64_t cfk__monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int cfk__wake_new(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void cfk__wake_set(int wake)
{
    /* Cannot fail: the counter is 0 or 1. */
    eventfd_write(wake, 1);
}

void cfk__wake_clear(int wake)
{
    eventfd_t value;

    eventfd_read(wake, &value);
}

bool cfk__process_has_ended(int process)
{
    struct pollfd p = { .fd = process, .events = POLLIN };
    int got;

    do {
        got = poll(&p, 1, 0);
    } while (got < 0 && errno == EINTR);
    return got > 0;
}

/* The nth number, from 0, behind the command and state in /proc/PID/stat; or 0. */
static uint64_t stat_number(pid_t pid, unsigned n)
{
    char path[32];
    char text[512];
    const char *p;
    uint64_t value = 0;
    ssize_t got;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    p = strrchr(text, ')'); /* the command before it may hold anything */
    for (unsigned i = 0; p != NULL && i < n + 2; i++) {
        p = strchr(p, ' ');
        p = p == NULL ? NULL : p + 1;
    }
    if (p == NULL || !cfk__text_number(p, strcspn(p, " "), 10, UINT32_MAX, &value))
        return 0;
    return value;
}

pid_t cfk__process_parent(pid_t pid)
{
    return (pid_t)stat_number(pid, STAT_PARENT);
}

bool cfk__process_is_ending(int process, pid_t pid)
{
    return cfk__process_has_ended(process) ||
           (stat_number(pid, STAT_FLAGS) & FLAG_EXITING) != 0;
}

int cfk__process_of_peer(int channel)
{
    struct ucred peer = { .pid = 0 };
    socklen_t size = sizeof peer;
    struct pollfd p = { .fd = channel };
    int process;

    if (getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return -1;
    process = (int)syscall(SYS_pidfd_open, peer.pid, 0);
    /* As long as the channel is open the number means no other process. */
    if (process >= 0 && poll(&p, 1, 0) >= 0 && (p.revents & POLLHUP) == 0)
        return process;
    if (process >= 0) {
        close(process);
        errno = ESRCH;
    }
    return -1;
}

int cfk__process_kill(int process, pid_t pid, int signal)
{
    int rc = (int)syscall(SYS_pidfd_send_signal, process, signal, NULL, 0);

    /* Filters and emulators that do not know the call; as long as it runs pid is its own.
     */
    if (rc != 0 && errno == ENOSYS && !cfk__process_has_ended(process))
        rc = kill(pid, signal);
    return rc;
}

void cfk__process_reap(int process, int32_t *reason, int32_t *status)
{
    siginfo_t info = { .si_pid = 0 };
    int rc;

    do {
        rc = waitid((idtype_t)P_PIDFD, (id_t)process, &info, WEXITED);
    } while (rc < 0 && errno == EINTR);
    *reason = CFK_E_EXITED;
    *status = -1; /* reaped by others, or SIGCHLD is ignored */
    if (rc < 0)
        return;
    if (info.si_code != CLD_EXITED)
        *reason = CFK_E_KILLED;
    *status = info.si_status;
}

int cfk__seal(int fd)
{
    return cfk__is_sealed(fd) ? 0 : fcntl(fd, F_ADD_SEALS, SEALS);
}

int cfk__sealed_new(const void *data, size_t size)
{
    const char *p = data;
    int fd = memfd_create("cfkit-upgrade", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int saved;

    if (fd < 0)
        return -1;
    while (size > 0) {
        ssize_t wrote = write(fd, p, size);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            goto failed;
        p += wrote;
        size -= (size_t)wrote;
    }
    if (cfk__seal(fd) == 0)
        return fd;

failed:
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

bool cfk__is_sealed(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);

    return seals >= 0 && (seals & SEALS) == SEALS;
}

void cfk__close_on_exec(unsigned first, unsigned last)
{
    if (syscall(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    for (unsigned fd = first; fd <= last; fd++)
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

int cfk__channel_new(int pair[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
}

bool cfk__is_channel(int fd)
{
    int domain;
    int type;
    socklen_t size = sizeof domain;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX)
        return false;
    size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_SEQPACKET;
}
