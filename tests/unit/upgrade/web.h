/* SPDX-License-Identifier: MIT */
/*
 * A web server that keeps connections alive and upgrades itself on SIGHUP, as
 * one would write it with the library: epoll, the handle in its loop, the drain
 * helper. For the tests and the benchmark of upgrades under load.
 */
#ifndef WEB_H
#define WEB_H

#include <stdint.h>

struct web_options {
    const char *const *argv; /* what it runs on SIGHUP */
    uint64_t probation_ns;   /* of those that it starts */
    uint64_t linger_ns;      /* 0: the default of cfk_drain_new() */
    int die_after_ms;        /* exit so long after taking over; -1: do not */
};

/*
 * Serve the inherited socket "web", and tell lines of words through the
 * inherited descriptor "report": "serving GENERATION PID", "started PID",
 * "refused REASON", "failed REASON", "resumed GENERATION", "replaced GENERATION".
 * Returns the exit status: 0 when it was replaced and has drained.
 */
int web_serve(const struct web_options *options);

#endif
