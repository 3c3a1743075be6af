/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* accept4, struct ucred */

#include "cfupgrade_control.h"

#include "cfupgrade_time.h"
#include "common/cli.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MOST_CLIENTS = 256,
    READ_SIZE = 16 * 1024,
    PATIENCE_S = 10, /* for a request to arrive, and for an answer to be taken */
    REST_S = 1,      /* before accept is tried again where no descriptor was left */
};

static const uint64_t SECOND = 1000000000;

struct client {
    struct client *next;
    int fd;
    char *in; /* request; grows as it comes */
    size_t in_size;
    char *out; /* what is left of the answer begins at out + out_sent */
    size_t out_size;
    size_t out_sent;
    uint64_t deadline_ns; /* UINT64_MAX: it waits for us */
    enum cfupgrade_wait waits;
    bool done; /* to be dropped */
};

json_t *cfupgrade_failure(int status, const char *code, const char *message)
{
    return json_pack("{si s{ss so}}", "exit", status, "error", "code", code, "message",
                     cli_json_text(message, strlen(message)));
}

static uint64_t in_a_while(int seconds)
{
    return cfupgrade_monotonic_ns() + (uint64_t)seconds * SECOND;
}

static void send_more(struct client *client)
{
    while (client->out_sent < client->out_size) {
        ssize_t sent =
            send(client->fd, client->out + client->out_sent,
                 client->out_size - client->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0)
            break;
        client->out_sent += (size_t)sent;
    }
    client->done = true;
}

static void answer(struct client *client, json_t *value)
{
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);
    char *line = text == NULL ? NULL : realloc(text, strlen(text) + 2);

    client->waits = CFUPGRADE_ANSWERED;
    client->deadline_ns = in_a_while(PATIENCE_S);
    if (line == NULL) {
        free(text);
        client->done = true;
        return;
    }
    client->out_size = strlen(line) + 1;
    line[client->out_size - 1] = '\n';
    client->out = line;
    send_more(client);
}

static void refuse(struct client *client, int code, const char *message)
{
    json_t *value = cfupgrade_failure(CLI_TROUBLE, cfk_error_name(code), message);

    answer(client, value);
    json_decref(value);
}

/* Only root and whoever runs us may give orders. */
static bool may_ask(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void take_client(struct cfupgrade_control *c)
{
    int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *client;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            c->rest_ns = in_a_while(REST_S);
        return;
    }
    client = calloc(1, sizeof *client);
    if (client == NULL) {
        close(fd);
        return;
    }
    *client = (struct client){ .next = c->clients,
                               .fd = fd,
                               .deadline_ns = in_a_while(PATIENCE_S) };
    c->clients = client;
    c->count++;
    if (!may_ask(fd))
        refuse(client, CFK_E_INVALID, "only root and the user of cfupgrade may ask");
    else if (c->count > MOST_CLIENTS)
        refuse(client, CFK_E_BUSY, "too many clients at once");
}

static void serve_request(struct client *client, cfupgrade_serve *serve, void *context)
{
    struct cfupgrade_request request;
    json_t *value = NULL;
    const char *wrong = cfupgrade_request_parse(client->in, client->in_size, &request);

    if (wrong != NULL) {
        refuse(client, CFK_E_INVALID, wrong);
        return;
    }
    client->waits = serve(context, &request, &value);
    if (client->waits == CFUPGRADE_ANSWERED)
        answer(client, value);
    else
        client->deadline_ns = UINT64_MAX;
    json_decref(value);
    cfupgrade_request_free(&request);
    free(client->in);
    client->in = NULL;
}

static void read_more(struct client *client, cfupgrade_serve *serve, void *context)
{
    char *moved = realloc(client->in, client->in_size + READ_SIZE);
    ssize_t got;

    if (moved == NULL) {
        client->done = true;
        return;
    }
    client->in = moved;
    got = recv(client->fd, client->in + client->in_size, READ_SIZE, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0) {
        client->done = true;
    } else if (got == 0) {
        serve_request(client, serve, context);
    } else {
        client->in_size += (size_t)got;
        if (client->in_size > CFUPGRADE_REQUEST_MAX)
            refuse(client, CFK_E_LIMIT, "the request is too long");
    }
}

static bool reads(const struct client *client)
{
    return client->out == NULL && client->waits == CFUPGRADE_ANSWERED;
}

size_t cfupgrade_control_room(const struct cfupgrade_control *c)
{
    return c->count + 1;
}

size_t cfupgrade_control_poll(const struct cfupgrade_control *c, struct pollfd *p,
                              uint64_t now_ns)
{
    size_t n = 0;

    if (c->listener < 0)
        return 0;
    p[n++] =
        (struct pollfd){ .fd = now_ns < c->rest_ns ? -1 : c->listener, .events = POLLIN };
    for (const struct client *client = c->clients; client != NULL; client = client->next)
        p[n++] = (struct pollfd){
            .fd = client->fd,
            .events = (short)(reads(client)         ? POLLIN
                              : client->out != NULL ? POLLOUT
                                                    : 0),
        };
    return n;
}

uint64_t cfupgrade_control_deadline(const struct cfupgrade_control *c)
{
    uint64_t first = c->rest_ns != 0 ? c->rest_ns : UINT64_MAX;

    for (const struct client *client = c->clients; client != NULL; client = client->next)
        if (client->deadline_ns < first)
            first = client->deadline_ns;
    return first;
}

static void drop(struct client *client)
{
    close(client->fd);
    free(client->in);
    free(client->out);
    free(client);
}

/* A long answer leaves much free memory behind, and we live for long. */
static void give_back_memory(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

static void drop_done(struct cfupgrade_control *c, uint64_t now_ns)
{
    struct client **link = &c->clients;
    size_t before = c->count;

    while (*link != NULL) {
        struct client *client = *link;

        if (!client->done && now_ns < client->deadline_ns) {
            link = &client->next;
            continue;
        }
        *link = client->next;
        c->count--;
        drop(client);
    }
    if (c->count == 0 && before != 0)
        give_back_memory();
}

void cfupgrade_control_process(struct cfupgrade_control *c, const struct pollfd *p,
                               size_t count, cfupgrade_serve *serve, void *context)
{
    uint64_t now_ns = cfupgrade_monotonic_ns();
    struct client *client = c->clients;

    if (count == 0)
        return;
    if (now_ns >= c->rest_ns)
        c->rest_ns = 0;
    for (size_t i = 1; i < count; i++, client = client->next) {
        if (p[i].revents == 0)
            continue;
        if (reads(client))
            read_more(client, serve, context);
        else if (client->out != NULL)
            send_more(client);
        else
            client->done = true; /* it no longer waits for what it asked */
    }
    if (p[0].revents != 0)
        take_client(c);
    drop_done(c, now_ns);
}

void cfupgrade_control_answer(struct cfupgrade_control *c, enum cfupgrade_wait what,
                              json_t *value)
{
    for (struct client *client = c->clients; client != NULL; client = client->next)
        if (client->waits == what)
            answer(client, value);
}

void cfupgrade_control_close(struct cfupgrade_control *c)
{
    json_t *gone = cfupgrade_failure(CLI_NO, cfk_error_name(CFK_E_STOPPED),
                                     "cfupgrade stops before the outcome is known");

    cfupgrade_control_answer(c, CFUPGRADE_FOR_OUTCOME, gone);
    cfupgrade_control_answer(c, CFUPGRADE_FOR_STOP, gone);
    json_decref(gone);
    while (c->clients != NULL) {
        struct client *client = c->clients;

        c->clients = client->next;
        drop(client);
    }
    c->count = 0;
    if (c->listener >= 0)
        close(c->listener);
    c->listener = -1;
}
