/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* accept4 */

#include "web.h"

#include "cfkit/drain.h"
#include "cfkit/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_SIZE = 512 };

struct connection {
    struct connection *next;
    struct connection **link;
    int fd;
    bool answered; /* at least once */
    size_t got;
    char request[REQUEST_SIZE];
};

struct web {
    const struct web_options *options;
    cfk_upgrade *u;
    cfk_drain *drain;
    int poll;
    int listener;
    int signals;
    int report;
    struct connection *connections;
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void report(const struct web *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void report(const struct web *w, const char *format, ...)
{
    char line[128];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    line[len++] = '\n';
    if (write(w->report, line, (size_t)len) < 0)
        return; /* nobody listens any more */
}

static void watch(const struct web *w, int fd, void *what)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

    epoll_ctl(w->poll, EPOLL_CTL_ADD, fd, &event);
}

static void drop(struct web *w, struct connection *c)
{
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    close(c->fd);
    free(c);
    cfk_drain_leave(w->drain);
}

static void accept_all(struct web *w)
{
    for (;;) {
        struct connection *c;
        int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0)
            return;
        c = calloc(1, sizeof *c);
        if (c == NULL)
            abort();
        c->fd = fd;
        c->next = w->connections;
        c->link = &w->connections;
        if (c->next != NULL)
            c->next->link = &c->next;
        w->connections = c;
        cfk_drain_enter(w->drain);
        watch(w, fd, c);
    }
}

static void answer(struct web *w, struct connection *c)
{
    bool last = cfk_drain_should_close(w->drain) == 1 ||
                strstr(c->request, "Connection: close") != NULL;
    char text[256];
    char body[64];
    int len = snprintf(body, sizeof body, "generation %u pid %d\n",
                       cfk_upgrade_generation(w->u), (int)getpid());

    len = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s",
                   len, last ? "Connection: close\r\n" : "", body);
    if (send(c->fd, text, (size_t)len, MSG_NOSIGNAL) != len || last) {
        drop(w, c);
        return;
    }
    c->got = 0;
    c->answered = true;
}

static void on_readable(struct web *w, struct connection *c)
{
    ssize_t got = recv(c->fd, c->request + c->got, REQUEST_SIZE - 1 - c->got, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop(w, c);
        return;
    }
    c->got += (size_t)got;
    c->request[c->got] = '\0';
    if (strstr(c->request, "\r\n\r\n") != NULL)
        answer(w, c);
    else if (c->got == REQUEST_SIZE - 1)
        drop(w, c);
}

/* Nothing has arrived since the last answer. */
static bool is_idle(const struct connection *c)
{
    char byte;

    return c->answered && c->got == 0 &&
           recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* What has been accepted and has not asked yet is not idle: its request may be under way.
 */
static void close_idle(struct web *w, bool all)
{
    struct connection *next;

    for (struct connection *c = w->connections; c != NULL; c = next) {
        next = c->next;
        if (all || is_idle(c))
            drop(w, c);
    }
}

static void pause_accepting(struct web *w)
{
    epoll_ctl(w->poll, EPOLL_CTL_DEL, w->listener, NULL);
}

static void on_event(struct web *w, const struct cfk_upgrade_event *event)
{
    switch (event->type) {
    case CFK_UPGRADE_EVENT_COMMITTED:
        report(w, "serving %u %d", event->generation, (int)getpid());
        watch(w, w->listener, &w->listener);
        if (w->options->die_after_ms >= 0) {
            poll(NULL, 0, w->options->die_after_ms);
            _exit(1);
        }
        break;
    case CFK_UPGRADE_EVENT_PROBATION: pause_accepting(w); break;
    case CFK_UPGRADE_EVENT_RESUME:
        report(w, "resumed %u", event->generation);
        watch(w, w->listener, &w->listener);
        break;
    case CFK_UPGRADE_EVENT_FAILED:
        report(w, "failed %s", cfk_error_name(event->reason));
        break;
    case CFK_UPGRADE_EVENT_READY:
        pause_accepting(w);
        close(w->listener);
        w->listener = -1;
        report(w, "replaced %u", event->generation);
        cfk_drain_begin(w->drain, now_ns(), NULL);
        break;
    default: break;
    }
}

static void on_hangup(struct web *w)
{
    struct signalfd_siginfo info;
    struct cfk_upgrade_child child;
    struct cfk_error err;

    if (read(w->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (cfk_upgrade_start(w->u, w->options->argv, NULL, &err) != CFK_OK) {
        report(w, "refused %s", cfk_error_name(err.code));
        return;
    }
    cfk_upgrade_get_child(w->u, 0, &child, NULL);
    report(w, "started %d", (int)child.pid);
}

/* True when there is nothing more to do. */
static bool drained(struct web *w)
{
    switch (cfk_drain_state(w->drain, now_ns())) {
    case CFK_DRAIN_CLOSING: close_idle(w, false); return cfk_drain_count(w->drain) == 0;
    case CFK_DRAIN_DONE: return true;
    case CFK_DRAIN_EXPIRED: close_idle(w, true); return true;
    default: return false;
    }
}

static void turn(struct web *w)
{
    struct epoll_event events[64];
    uint64_t ns = cfk_drain_timeout_ns(w->drain, now_ns());
    int ms = ns == UINT64_MAX ? -1 : (int)(ns / 1000000 + 1);
    int count = epoll_wait(w->poll, events, 64, ms);

    for (int i = 0; i < count; i++) {
        struct cfk_upgrade_event event;

        if (events[i].data.ptr == &w->listener)
            accept_all(w);
        else if (events[i].data.ptr == &w->signals)
            on_hangup(w);
        else if (events[i].data.ptr != w->u)
            on_readable(w, events[i].data.ptr);
        else if (cfk_upgrade_process(w->u, &event, NULL) == CFK_OK)
            on_event(w, &event);
        else
            exit(50);
    }
}

static bool begin(struct web *w)
{
    struct cfk_upgrade_options u = { .size = sizeof u,
                                     .probation_ns = w->options->probation_ns };
    struct cfk_drain_options d = { .size = sizeof d, .linger_ns = w->options->linger_ns };
    sigset_t hangup;

    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hangup, NULL);
    w->signals = signalfd(-1, &hangup, SFD_CLOEXEC | SFD_NONBLOCK);
    w->poll = epoll_create1(EPOLL_CLOEXEC);
    if (cfk_upgrade_new(&u, &w->u, NULL) != CFK_OK ||
        cfk_drain_new(&d, &w->drain, NULL) != CFK_OK ||
        cfk_upgrade_take_fd(w->u, "web", &w->listener, NULL) != CFK_OK ||
        cfk_upgrade_take_fd(w->u, "report", &w->report, NULL) != CFK_OK)
        return false;
    fcntl(w->listener, F_SETFL, O_NONBLOCK);
    watch(w, w->signals, &w->signals);
    watch(w, cfk_upgrade_fd(w->u), w->u);
    return cfk_upgrade_ready(w->u, NULL) == CFK_OK;
}

int web_serve(const struct web_options *options)
{
    struct web w = { .options = options, .listener = -1, .report = -1 };

    if (!begin(&w))
        return 51;
    while (!drained(&w))
        turn(&w);
    cfk_upgrade_free(w.u);
    cfk_drain_free(w.drain);
    return 0;
}
