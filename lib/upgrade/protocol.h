/* SPDX-License-Identifier: MIT */
/*
 * The messages that two processes with a handle exchange over a socket pair of
 * type SOCK_SEQPACKET, one a packet; cfk-upgrade(5) describes them. Old is
 * the process that started the other, New:
 *
 *     HELLO    Old, queued before New runs: who you are and what you inherit
 *     READY    New: could serve
 *     COMMIT   Old: do
 *     SERVING  New: does; Old pauses for New's probation, if there is one
 *     PASSED   Old: the probation is over; Old drains
 *     DRAINED  Old: has finished
 *     REJECT   New, any time before PASSED: cannot go on from this state
 *
 * Old alone decides. Until it has said PASSED it can go on as if nothing had
 * been. New takes over on COMMIT, or when Old is no more.
 */
#ifndef CFK_UPGRADE_PROTOCOL_H
#define CFK_UPGRADE_PROTOCOL_H

#include "base/bytes.h"

enum {
    CFK__UPGRADE_VERSION = 1,
    CFK__COOKIE_SIZE = 16,
    CFK__MESSAGE_HEADER = 12,
    CFK__MESSAGE_MAX = 64,  /* no message of this version is longer */
    CFK__COOKIE_TEXT = 32,  /* hexadecimal digits of a cookie */
    CFK__HELLO_HOLDER = 1,  /* flag of HELLO: Old serves nothing and stays */
    CFK__WITH_STATE = 2,    /* flag of HELLO and COMMIT: state comes with it */
    CFK__WITH_FORMER = 4,   /* flag of HELLO: former processes still drain */
    CFK__HANDOVER_TEXT = 64 /* room for the value of CFK_UPGRADE */
};

enum cfk__message_type {
    CFK__MESSAGE_HELLO = 1,
    CFK__MESSAGE_READY = 2,
    CFK__MESSAGE_COMMIT = 3,
    CFK__MESSAGE_SERVING = 4,
    CFK__MESSAGE_PASSED = 5,
    CFK__MESSAGE_DRAINED = 6,
    CFK__MESSAGE_REJECT = 7,
};

struct cfk__message {
    uint8_t type;
    /* HELLO and COMMIT */
    uint32_t flags;
    uint32_t version; /* of the state, the program's own; 0 without state */
    /* HELLO alone */
    uint8_t cookie[CFK__COOKIE_SIZE];
    uint32_t generation;
    uint32_t first; /* number of the first inherited descriptor */
    uint32_t count;
    /* REJECT alone */
    uint32_t code; /* the program's own */
};

/* Returns the size of the message in out. */
size_t cfk__message_encode(const struct cfk__message *message,
                           uint8_t out[CFK__MESSAGE_MAX]);

/* CFK_OK, CFK_E_NOTSUP (another version) or CFK_E_PROTOCOL. */
int cfk__message_decode(const void *data, size_t size, struct cfk__message *out,
                        struct cfk_error *err);

/* The value of CFK_UPGRADE: version, descriptor and cookie, "1:5:00ff...". */
struct cfk__handover {
    int fd;
    uint8_t cookie[CFK__COOKIE_SIZE];
};

void cfk__handover_print(const struct cfk__handover *handover,
                         char out[CFK__HANDOVER_TEXT]);

/* False when the text is not one of this version. */
bool cfk__handover_parse(const char *text, struct cfk__handover *out);

/* size bytes as 2 * size hexadecimal digits and a NUL. */
void cfk__hex_print(const uint8_t *data, size_t size, char *out);

#endif
