/* SPDX-License-Identifier: MIT */
/*
 * A web server on libuv that is replaced while it serves: the handle of the
 * upgrade is one more descriptor in the loop, and no request is lost, not even
 * on connections that clients keep alive. Build it:
 *
 *     cc upgrade_uv.c $(pkg-config --cflags --libs libcfkit libuv) -o upgrade_uv
 *
 * Start it, change the program, and say
 *
 *     ./upgrade_uv tcp:127.0.0.1:8080 &
 *     kill -HUP PROCESS
 */
#define _GNU_SOURCE /* program_invocation_short_name */

#include <cfkit/drain.h>
#include <cfkit/upgrade.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct client {
    uv_tcp_t tcp; /* first: a pointer to it is one to the client */
    struct client *next, **link;
    uv_write_t write;
    bool answered, answering, last;
    size_t got;
    char request[2048], response[256];
};

static struct {
    char **argv;
    cfk_upgrade *upgrade;
    cfk_drain *drain;
    struct client *clients;
    uv_tcp_t listener;
    uv_poll_t poll;
    uv_signal_t hangup, term;
    uv_timer_t timer;
    bool listening;
} server;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    exit(1);
}

static void on_closed(uv_handle_t *handle)
{
    struct client *c = (struct client *)handle;

    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    free(c);
    cfk_drain_leave(server.drain);
}

static void close_client(struct client *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->tcp))
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void on_written(uv_write_t *write, int status)
{
    struct client *c = write->data;

    c->answering = false;
    c->answered = true;
    if (status < 0 || c->last)
        close_client(c);
}

static void answer(struct client *c)
{
    char body[64];
    int size = snprintf(body, sizeof body, "generation %u pid %d\n",
                        cfk_upgrade_generation(server.upgrade), (int)getpid());
    uv_buf_t buffer;

    /* While we drain, each answer is the last one on its connection. */
    c->last = cfk_drain_should_close(server.drain) == 1 ||
              strstr(c->request, "HTTP/1.0\r\n") != NULL ||
              strstr(c->request, "Connection: close\r\n") != NULL;
    size = snprintf(c->response, sizeof c->response,
                    "HTTP/1.%c 200 OK\r\nContent-Length: %d\r\n%s\r\n%s",
                    strstr(c->request, "HTTP/1.0\r\n") != NULL ? '0' : '1', size,
                    c->last ? "Connection: close\r\n" : "", body);
    buffer = uv_buf_init(c->response, (unsigned)size);
    c->got = 0;
    c->answering = true;
    c->write.data = c;
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &buffer, 1, on_written) < 0)
        close_client(c);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct client *c = (struct client *)handle;

    (void)suggested;
    *buffer =
        uv_buf_init(c->request + c->got, (unsigned)(sizeof c->request - 1 - c->got));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct client *c = (struct client *)stream;

    (void)buffer;
    if (got < 0) {
        close_client(c);
        return;
    }
    c->got += (size_t)got;
    c->request[c->got] = '\0';
    if (!c->answering && strstr(c->request, "\r\n\r\n") != NULL)
        answer(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct client *c;

    if (status < 0)
        return;
    c = calloc(1, sizeof *c);
    if (c == NULL || uv_tcp_init(listener->loop, &c->tcp) < 0)
        fail("connection", "no memory");
    c->link = &server.clients;
    c->next = server.clients;
    if (c->next != NULL)
        c->next->link = &c->next;
    server.clients = c;
    cfk_drain_enter(server.drain);
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) < 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, give_room, on_read) < 0)
        close_client(c);
}

/* libuv accepts until it is told to close: pausing means giving up its copy. */
static void stop_listening(void)
{
    if (server.listening)
        uv_close((uv_handle_t *)&server.listener, NULL);
    server.listening = false;
}

static void begin_listening(void)
{
    struct cfk_upgrade_entry entry;
    int rc;

    if (cfk_upgrade_get(server.upgrade, 0, &entry, NULL) != CFK_OK)
        return;
    uv_tcp_init(uv_default_loop(), &server.listener);
    rc = uv_tcp_open(&server.listener, dup(entry.fd));
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&server.listener, 1024, on_connection);
    if (rc < 0)
        fail("listen", uv_strerror(rc));
    server.listening = true;
}

/* Close what has had its answer and is silent; everything once time is over. */
static void on_time(uv_timer_t *timer)
{
    int state = cfk_drain_state(server.drain, uv_hrtime());
    uint64_t ns;

    for (struct client *c = server.clients; c != NULL; c = c->next)
        if (state == CFK_DRAIN_EXPIRED ||
            (state == CFK_DRAIN_CLOSING && c->answered && !c->answering && c->got == 0))
            close_client(c);
    if (state == CFK_DRAIN_DONE || state == CFK_DRAIN_EXPIRED) {
        uv_stop(timer->loop);
        return;
    }
    ns = cfk_drain_timeout_ns(server.drain, uv_hrtime());
    uv_timer_start(timer, on_time, ns / 1000000 < 20 ? ns / 1000000 + 1 : 20, 0);
}

static void begin_drain(void)
{
    stop_listening();
    cfk_drain_begin(server.drain, uv_hrtime(), NULL);
    on_time(&server.timer);
}

static void on_upgrade(uv_poll_t *poll, int status, int events)
{
    struct cfk_upgrade_event event;
    struct cfk_error err;

    (void)poll;
    (void)status;
    (void)events;
    do {
        if (cfk_upgrade_process(server.upgrade, &event, &err) != CFK_OK)
            fail("upgrade", err.message);
        switch (event.type) {
        case CFK_UPGRADE_EVENT_COMMITTED:
        case CFK_UPGRADE_EVENT_RESUME:
            if (!server.listening)
                begin_listening();
            break;
        case CFK_UPGRADE_EVENT_PROBATION: stop_listening(); break;
        case CFK_UPGRADE_EVENT_READY: begin_drain(); break;
        case CFK_UPGRADE_EVENT_FAILED:
            fprintf(stderr, "no upgrade: %s\n", cfk_error_name(event.reason));
            break;
        default: break;
        }
    } while (event.type != CFK_UPGRADE_EVENT_NONE);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct cfk_error err;

    (void)signal;
    if (number != SIGHUP)
        begin_drain();
    else if (cfk_upgrade_start(server.upgrade, (const char *const *)server.argv, NULL,
                               &err) != CFK_OK)
        fprintf(stderr, "no upgrade: %s\n", err.message);
}

int main(int argc, char **argv)
{
    struct cfk_upgrade_options options = { .size = sizeof options,
                                           .probation_ns = 100000000 };
    const char *address = argc > 1 ? argv[1] : "tcp:127.0.0.1:8080";
    uv_loop_t *loop = uv_default_loop();
    struct cfk_error err;

    server.argv = argv;
    if (cfk_upgrade_new(&options, &server.upgrade, &err) != CFK_OK ||
        cfk_upgrade_listen(server.upgrade, "web", address, NULL, NULL, &err) != CFK_OK ||
        cfk_drain_new(NULL, &server.drain, &err) != CFK_OK)
        fail("start", err.message);
    uv_timer_init(loop, &server.timer);
    uv_signal_init(loop, &server.hangup);
    uv_signal_init(loop, &server.term);
    uv_signal_start(&server.hangup, on_signal, SIGHUP);
    uv_signal_start(&server.term, on_signal, SIGTERM);
    uv_poll_init(loop, &server.poll, cfk_upgrade_fd(server.upgrade));
    uv_poll_start(&server.poll, UV_READABLE, on_upgrade);
    if (cfk_upgrade_ready(server.upgrade, &err) != CFK_OK)
        fail("ready", err.message);
    uv_run(loop, UV_RUN_DEFAULT);
    cfk_upgrade_stop(server.upgrade, 0, NULL); /* where nobody follows: remove paths */
    cfk_upgrade_free(server.upgrade);
    cfk_drain_free(server.drain);
    return 0;
}
