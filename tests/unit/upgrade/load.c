/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* SOCK_NONBLOCK */

#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_SIZE = 512, MOST_OPEN = 4096 };

static const uint64_t PATIENCE_NS = 10000000000;
static const uint64_t SECOND = 1000000000;

struct load {
    pid_t pid;
    int stop;   /* closing it ends the load */
    int result; /* where the counts come from */
};

enum state { FREE, CONNECTING, WAITING, RESTING };

struct connection {
    enum state state;
    int fd;
    bool keep;
    bool used; /* has had an answer before */
    uint64_t since;
    size_t got;
    char answer[ANSWER_SIZE];
};

struct client {
    const struct load_options *options;
    struct load_counts counts;
    int poll;
    unsigned open;
    unsigned top; /* nothing from here on has ever been used */
    struct connection connections[MOST_OPEN];
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void release(struct client *l, struct connection *c)
{
    close(c->fd);
    c->state = FREE;
    l->open--;
}

/* error: an errno, 0 for an end that came too early. */
static void failed(struct client *l, struct connection *c, int error)
{
    struct load_counts *n = &l->counts;

    if (c->used && (error == 0 || error == EPIPE || error == ECONNRESET) && c->got == 0)
        n->stale++;
    else if (error == 0)
        n->cut++;
    else if (error == ECONNREFUSED)
        n->refused++;
    else if (error == ECONNRESET || error == EPIPE)
        n->reset++;
    else if (error == ETIMEDOUT)
        n->timeout++;
    else
        n->other++;
    release(l, c);
}

static void ask(struct client *l, struct connection *c)
{
    static const char once[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    static const char more[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const char *text = c->keep ? more : once;

    c->got = 0;
    if (c->used) {
        l->counts.kept++;
        c->since = now_ns();
    } else {
        l->counts.requests++;
    }
    c->state = WAITING;
    if (send(c->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        failed(l, c, errno);
}

static void connect_new(struct client *l, bool keep)
{
    struct connection *c = l->connections;
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };

    while (c < l->connections + MOST_OPEN && c->state != FREE)
        c++;
    if (c == l->connections + MOST_OPEN)
        abort();
    if (c == l->connections + l->top)
        l->top++;
    *c = (struct connection){ .state = CONNECTING, .keep = keep, .since = now_ns() };
    l->open++;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    event.data.ptr = c;
    if (c->fd < 0 || epoll_ctl(l->poll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        abort();
    if (connect(c->fd, (const struct sockaddr *)&l->options->to, sizeof l->options->to) ==
        0)
        ask(l, c);
    else if (errno != EINPROGRESS) {
        l->counts.requests++;
        failed(l, c, errno);
    }
}

/* Whether the answer is whole; *last: the server closes after it. */
static bool whole(const struct connection *c, bool *last)
{
    const char *body = strstr(c->answer, "\r\n\r\n");
    const char *length = strstr(c->answer, "Content-Length: ");

    if (body == NULL || length == NULL ||
        strlen(body + 4) < (size_t)atoi(length + strlen("Content-Length: ")))
        return false;
    *last = strstr(c->answer, "Connection: close") != NULL;
    return true;
}

static void on_answer(struct client *l, struct connection *c)
{
    uint64_t took = now_ns() - c->since;
    bool last = false;

    if (!whole(c, &last)) {
        if (c->got == ANSWER_SIZE - 1)
            failed(l, c, EPROTO);
        return;
    }
    if (strncmp(c->answer, "HTTP/1.1 200 ", 13) != 0) {
        failed(l, c, EPROTO);
        return;
    }
    if (!c->used && took > l->counts.slowest_ns)
        l->counts.slowest_ns = took;
    if (!c->keep || last) {
        release(l, c);
        return;
    }
    c->used = true;
    c->state = RESTING;
    c->since = now_ns();
}

static void read_answer(struct client *l, struct connection *c)
{
    while (c->state == WAITING) {
        ssize_t got = recv(c->fd, c->answer + c->got, ANSWER_SIZE - 1 - c->got, 0);

        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            failed(l, c, got == 0 ? 0 : errno);
            return;
        }
        c->got += (size_t)got;
        c->answer[c->got] = '\0';
        on_answer(l, c);
    }
}

static void on_ready(struct client *l, struct connection *c)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (c->state == CONNECTING) {
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            l->counts.requests++;
            failed(l, c, error);
            return;
        }
        ask(l, c);
    }
    if (c->state == WAITING)
        read_answer(l, c); /* one that rests does not look: it is blind */
}

/* Requests that are due on connections that are kept, and answers that never came. */
static void look_at_all(struct client *l, bool stopping)
{
    uint64_t now = now_ns();
    unsigned kept = 0;

    for (struct connection *c = l->connections; c < l->connections + l->top; c++) {
        if (c->state == FREE)
            continue;
        kept += c->keep;
        if (c->state == RESTING && stopping)
            release(l, c);
        else if (c->state == RESTING &&
                 now - c->since >= l->options->pause * (uint64_t)1000000) {
            ask(l, c);
            if (c->state == WAITING)
                read_answer(l, c); /* an edge may have passed while it rested */
        } else if (c->state != RESTING && now - c->since >= PATIENCE_NS)
            failed(l, c, ETIMEDOUT);
    }
    for (; !stopping && kept < l->options->keep; kept++)
        connect_new(l, true);
}

static void run(struct client *l, int stop)
{
    uint64_t begun = now_ns();
    uint64_t made = 0;
    bool stopping = false;

    while (!stopping || l->open > 0) {
        struct epoll_event events[64];
        struct pollfd p = { .fd = stop, .events = POLLIN };
        int count = epoll_wait(l->poll, events, 64, 1);

        for (int i = 0; i < count; i++)
            on_ready(l, events[i].data.ptr);
        stopping = stopping || poll(&p, 1, 0) != 0;
        look_at_all(l, stopping);
        while (!stopping && l->open < MOST_OPEN / 2 &&
               made < (now_ns() - begun) * l->options->rate / SECOND) {
            connect_new(l, false);
            made++;
        }
    }
}

struct load *load_start(const struct load_options *options)
{
    struct load *load = calloc(1, sizeof *load);
    int stop[2];
    int result[2];

    if (load == NULL || pipe2(stop, O_CLOEXEC) != 0 || pipe2(result, O_CLOEXEC) != 0)
        abort();
    load->pid = fork();
    if (load->pid == 0) {
        struct client *l = calloc(1, sizeof *l);

        if (l == NULL)
            _exit(1);
        for (int fd = 3; fd < 1024; fd++) /* no listener stays open in here */
            if (fd != stop[0] && fd != result[1])
                close(fd);
        l->options = options;
        l->poll = epoll_create1(EPOLL_CLOEXEC);
        run(l, stop[0]);
        _exit(write(result[1], &l->counts, sizeof l->counts) !=
              (ssize_t)sizeof l->counts);
    }
    close(stop[0]);
    close(result[1]);
    load->stop = stop[1];
    load->result = result[0];
    return load;
}

struct load_counts load_stop(struct load *load)
{
    struct load_counts counts;

    close(load->stop);
    if (read(load->result, &counts, sizeof counts) != (ssize_t)sizeof counts)
        abort();
    close(load->result);
    waitpid(load->pid, NULL, 0);
    free(load);
    return counts;
}

uint64_t load_failed(const struct load_counts *counts)
{
    return counts->refused + counts->reset + counts->cut + counts->timeout +
           counts->other;
}
