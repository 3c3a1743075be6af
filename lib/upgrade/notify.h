/* SPDX-License-Identifier: MIT */
/* The sd_notify protocol: datagrams with lines of NAME=VALUE, from both sides. */
#ifndef CFK_UPGRADE_NOTIFY_H
#define CFK_UPGRADE_NOTIFY_H

#include "base/bytes.h"

#include <sys/types.h>

enum {
    CFK__NOTIFY_ADDRESS = 64,      /* room for the text of an address made here */
    CFK__NOTIFY_ADDRESS_MAX = 108, /* any that can be used is shorter */
    CFK__NOTIFY_MAX = 4096,        /* bytes of a message that is believed */
    CFK__NOTIFY_FDS = 253,         /* most descriptors with one: the kernel's limit */
};

/* What a message says that matters here. */
struct cfk__notification {
    bool ready;         /* READY=1 */
    bool other;         /* something else */
    uint64_t extend_us; /* EXTEND_TIMEOUT_USEC, or 0 */
};

/* False when the bytes are no such message: a NUL, or a line without '='. */
bool cfk__notify_parse(const void *data, size_t size, struct cfk__notification *out);

/* A socket under a fresh abstract name, and that name as NOTIFY_SOCKET has it. */
int cfk__notify_open(int *fd, char address[CFK__NOTIFY_ADDRESS], struct cfk_error *err);

/*
 * Take one message from fd: 1 when it came from process child or a descendant
 * of it and could be read, 0 when it is to be ignored, -1 when there is none.
 * Descriptors that come with it are closed. text receives the message and a NUL;
 * it changes only where 1 is returned.
 */
int cfk__notify_receive(int fd, pid_t child, char text[CFK__NOTIFY_MAX + 1],
                        struct cfk__notification *out);

/* Send state, and count descriptors with it. CFK_OK, CFK_E_INVALID or CFK_E_IO. */
int cfk__notify_send(const char *address, const char *state, const int *fds, size_t count,
                     struct cfk_error *err);

#endif
