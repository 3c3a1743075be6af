/* SPDX-License-Identifier: MIT */
/* The service manager above us (systemd, or whoever speaks sd_notify), if there is one.
 */
#ifndef CFUPGRADE_MANAGER_H
#define CFUPGRADE_MANAGER_H

#include "cfkit/cfkit.h"

#include <stdbool.h>

struct cfupgrade_manager {
    char *socket;         /* NOTIFY_SOCKET; NULL: nobody wants to know */
    uint64_t watchdog_ns; /* how often it wants to hear of us; 0: never */
    uint64_t next_ns;     /* when it hears next, on the monotonic clock */
    bool store;           /* keeps our sockets while we are restarted */
};

/* Read what the environment says of it, and remove that: before cfk_upgrade_new(). */
void cfupgrade_manager_init(struct cfupgrade_manager *m, bool store);
void cfupgrade_manager_free(struct cfupgrade_manager *m);

/* An upgrade begins: RELOADING=1 with MONOTONIC_USEC. */
void cfupgrade_manager_reloading(const struct cfupgrade_manager *m);

/* It is over, one way or the other, or the first server is ready: READY=1. */
void cfupgrade_manager_ready(const struct cfupgrade_manager *m);
void cfupgrade_manager_stopping(const struct cfupgrade_manager *m);
void cfupgrade_manager_status(const struct cfupgrade_manager *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Relay a line of a server that asks for more time. */
void cfupgrade_manager_extend(const struct cfupgrade_manager *m, const char *line,
                              size_t len);

/* Have it keep all sockets of the handle, or none of this name any more. */
void cfupgrade_manager_keep(const struct cfupgrade_manager *m, const cfk_upgrade *u);
void cfupgrade_manager_forget(const struct cfupgrade_manager *m, const char *name);

/* Say WATCHDOG=1 if it is time to. */
void cfupgrade_manager_alive(struct cfupgrade_manager *m, uint64_t now_ns);

#endif
