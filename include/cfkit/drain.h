/* SPDX-License-Identifier: MIT */
/*
 * Finishing: how a server that another process has replaced lets go of its
 * connections without cutting off anybody.
 *
 * A client that keeps a connection alive may send its next request in the very
 * moment in which the server closes it, and gets no answer. So a server that
 * drains does not close idle connections at once: for the linger time it goes
 * on answering, each time with "Connection: close", and closes after the
 * answer. Clients that ask at least once in that time are all told, and none
 * of their requests is lost. After that idle connections are closed, and at
 * the deadline the rest.
 *
 *     accepted:         cfk_drain_enter(d)
 *     closed:           cfk_drain_leave(d)
 *     replaced:         cfk_drain_begin(d, now, &err)
 *     answering:        close = cfk_drain_should_close(d)
 *     from time to time, at the latest when cfk_drain_timeout_ns() is over:
 *         switch (cfk_drain_state(d, now)):
 *         CFK_DRAIN_CLOSING: close what is idle: has had an answer, and has
 *         sent nothing since (what was accepted and has not asked yet may be
 *         about to)
 *         CFK_DRAIN_DONE, CFK_DRAIN_EXPIRED: close what there is and exit
 *
 * Time is the caller's: nanoseconds of any clock that does not jump, such as
 * CLOCK_MONOTONIC. A handle may be used by several threads at once, but for
 * making and freeing it.
 */
#ifndef CFKIT_DRAIN_H
#define CFKIT_DRAIN_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cfk_drain cfk_drain;

struct cfk_drain_options {
    size_t size;                   /* sizeof(struct cfk_drain_options) */
    uint64_t linger_ns;            /* idle connections stay; 0 means 200 ms */
    uint64_t deadline_ns;          /* for everything, from the begin; 0 means 30 s */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Create a handle in *out, with no connection. A linger time beyond the
 * deadline ends with it.
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP, CFK_E_NOMEM or CFK_E_IO, and on
 * failure sets *out to NULL. Since 0.1.
 */
CFK_API int cfk_drain_new(const struct cfk_drain_options *opts, cfk_drain **out,
                          struct cfk_error *err);

/* Release the handle. NULL is accepted. Since 0.1. */
CFK_API void cfk_drain_free(cfk_drain *d);

/* One connection more, and one less. Lock-free. Since 0.1. */
CFK_API void cfk_drain_enter(cfk_drain *d);
CFK_API void cfk_drain_leave(cfk_drain *d);

/* How many there are. Since 0.1. */
CFK_API uint64_t cfk_drain_count(const cfk_drain *d);

/*
 * Nothing is accepted any more: the linger time and the deadline begin now. A
 * second call changes nothing.
 * Returns CFK_OK or CFK_E_INVALID (now_ns is too late for a deadline). Since 0.1.
 */
CFK_API int cfk_drain_begin(cfk_drain *d, uint64_t now_ns, struct cfk_error *err);

/* Take cfk_drain_begin() back: this process accepts again. Since 0.1. */
CFK_API void cfk_drain_resume(cfk_drain *d);

/* 1 when an answer is to say that the connection closes, and it closes. Since 0.1. */
CFK_API int cfk_drain_should_close(const cfk_drain *d);

/* What cfk_drain_state() returns. */
enum {
    CFK_DRAIN_RUNNING = 0,   /* no drain */
    CFK_DRAIN_LINGERING = 1, /* leave idle connections open */
    CFK_DRAIN_CLOSING = 2,   /* close idle ones */
    CFK_DRAIN_DONE = 3,      /* no connection is left */
    CFK_DRAIN_EXPIRED = 4    /* the deadline is over: cfk_drain_count() are left */
};

/* Where the drain stands at that time. Since 0.1. */
CFK_API int cfk_drain_state(const cfk_drain *d, uint64_t now_ns);

/*
 * How long until cfk_drain_state() changes by time alone: to wait with. 0 when
 * it is over, UINT64_MAX when it does not. Since 0.1.
 */
CFK_API uint64_t cfk_drain_timeout_ns(const cfk_drain *d, uint64_t now_ns);

/*
 * A descriptor to poll, readable once a drain has no connection left, whichever
 * thread let go of the last one; the handle's. Since 0.1.
 */
CFK_API int cfk_drain_fd(const cfk_drain *d);

#ifdef __cplusplus
}
#endif

#endif
