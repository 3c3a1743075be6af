/* SPDX-License-Identifier: MIT */
/*
 * The control socket: takes requests (cfupgrade_request.h) of many clients at once and
 * answers each with one line of JSON. Only root and our own user are heard. A client
 * that is slow, silent or talks nonsense harms nobody but itself.
 */
#ifndef CFUPGRADE_CONTROL_H
#define CFUPGRADE_CONTROL_H

#include "cfupgrade_request.h"

#include "cfkit/cfkit.h"

#include <jansson.h>
#include <poll.h>

struct client;

struct cfupgrade_control {
    int listener; /* -1: there is none */
    struct client *clients;
    size_t count;
    uint64_t rest_ns; /* no descriptors were left: no accept before then */
};

/* What a client that has been answered, or not yet, waits for. */
enum cfupgrade_wait { CFUPGRADE_ANSWERED, CFUPGRADE_FOR_OUTCOME, CFUPGRADE_FOR_STOP };

/*
 * Serve a request. Sets *answer, which is then sent, or leaves it NULL and returns what
 * the answer is to wait for: cfupgrade_control_answer() gives it.
 */
typedef enum cfupgrade_wait
cfupgrade_serve(void *context, const struct cfupgrade_request *request, json_t **answer);

/* Descriptors to poll, appended to p; there is room for cfupgrade_control_room(). */
size_t cfupgrade_control_room(const struct cfupgrade_control *c);
size_t cfupgrade_control_poll(const struct cfupgrade_control *c, struct pollfd *p,
                              uint64_t now_ns);

/* When something is to be done without anything readable; UINT64_MAX: never. */
uint64_t cfupgrade_control_deadline(const struct cfupgrade_control *c);

/* Do what the poll of p told; count as returned above. */
void cfupgrade_control_process(struct cfupgrade_control *c, const struct pollfd *p,
                               size_t count, cfupgrade_serve *serve, void *context);

/* Answer all clients that wait for this; answer is borrowed. */
void cfupgrade_control_answer(struct cfupgrade_control *c, enum cfupgrade_wait what,
                              json_t *answer);

/* The end: what is left to say is said as far as it goes without waiting. */
void cfupgrade_control_close(struct cfupgrade_control *c);

/* An answer that is a failure; status is what "cfupgrade ctl" is to exit with. */
json_t *cfupgrade_failure(int status, const char *code, const char *message);

#endif
