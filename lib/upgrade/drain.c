/* SPDX-License-Identifier: MIT */
/*
 * One atomic word counts the connections, another one holds the time of the
 * begin (0: no drain); everything else follows from them and the caller's time.
 */
#include "cfkit/drain.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "upgrade/system.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

static const uint64_t DEFAULT_LINGER_NS = 200000000;
static const uint64_t DEFAULT_DEADLINE_NS = 30000000000;

struct cfk_drain {
    struct cfk_alloc alloc;
    uint64_t linger_ns;
    uint64_t deadline_ns;
    _Atomic uint64_t count;
    _Atomic uint64_t begun; /* the time plus 1; 0: no drain */
    int wake;
};

int cfk_drain_new(const struct cfk_drain_options *opts, cfk_drain **out,
                  struct cfk_error *err)
{
    struct cfk_drain_options o;
    cfk_drain *d;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    d = cfk__calloc(o.alloc, 1, sizeof *d);
    if (d == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "drain: no memory for a handle");
    d->alloc = *cfk__alloc_or_default(o.alloc);
    d->linger_ns = o.linger_ns != 0 ? o.linger_ns : DEFAULT_LINGER_NS;
    d->deadline_ns = o.deadline_ns != 0 ? o.deadline_ns : DEFAULT_DEADLINE_NS;
    atomic_init(&d->count, 0);
    atomic_init(&d->begun, 0);
    d->wake = cfk__wake_new();
    if (d->wake < 0) {
        rc = cfk__fail_errno(err, CFK_E_IO, errno, "drain: no descriptor to poll");
        cfk_drain_free(d);
        return rc;
    }
    *out = d;
    return CFK_OK;
}

void cfk_drain_free(cfk_drain *d)
{
    struct cfk_alloc alloc;

    if (d == NULL)
        return;
    if (d->wake >= 0)
        close(d->wake);
    alloc = d->alloc;
    cfk__free(&alloc, d);
}

void cfk_drain_enter(cfk_drain *d)
{
    atomic_fetch_add(&d->count, 1);
}

/*
 * Both sides change their word before they look at the other's: one of them
 * sees that the last connection has left a drain.
 */
void cfk_drain_leave(cfk_drain *d)
{
    if (atomic_fetch_sub(&d->count, 1) == 1 && atomic_load(&d->begun) != 0)
        cfk__wake_set(d->wake);
}

uint64_t cfk_drain_count(const cfk_drain *d)
{
    return atomic_load(&d->count);
}

int cfk_drain_begin(cfk_drain *d, uint64_t now_ns, struct cfk_error *err)
{
    uint64_t none = 0;

    if (now_ns > UINT64_MAX - 2 || d->deadline_ns > UINT64_MAX - 2 - now_ns)
        return cfk__fail(err, CFK_E_INVALID, "drain: the deadline is beyond all time");
    if (atomic_compare_exchange_strong(&d->begun, &none, now_ns + 1) &&
        atomic_load(&d->count) == 0)
        cfk__wake_set(d->wake);
    return CFK_OK;
}

void cfk_drain_resume(cfk_drain *d)
{
    atomic_store(&d->begun, 0);
    cfk__wake_clear(d->wake);
}

int cfk_drain_should_close(const cfk_drain *d)
{
    return atomic_load(&d->begun) != 0;
}

/* Since the begin; a clock that went back stands still. */
static uint64_t elapsed(uint64_t begun, uint64_t now_ns)
{
    return now_ns > begun - 1 ? now_ns - (begun - 1) : 0;
}

int cfk_drain_state(const cfk_drain *d, uint64_t now_ns)
{
    uint64_t begun = atomic_load(&d->begun);
    uint64_t ns;

    if (begun == 0)
        return CFK_DRAIN_RUNNING;
    if (atomic_load(&d->count) == 0)
        return CFK_DRAIN_DONE;
    ns = elapsed(begun, now_ns);
    if (ns >= d->deadline_ns)
        return CFK_DRAIN_EXPIRED;
    return ns >= d->linger_ns ? CFK_DRAIN_CLOSING : CFK_DRAIN_LINGERING;
}

uint64_t cfk_drain_timeout_ns(const cfk_drain *d, uint64_t now_ns)
{
    uint64_t begun = atomic_load(&d->begun);
    uint64_t ns;

    switch (cfk_drain_state(d, now_ns)) {
    case CFK_DRAIN_RUNNING: return UINT64_MAX;
    case CFK_DRAIN_LINGERING:
    case CFK_DRAIN_CLOSING: break;
    default: return 0;
    }
    if (begun == 0)
        return UINT64_MAX; /* another thread took it back just now */
    ns = elapsed(begun, now_ns);
    if (ns < d->linger_ns && d->linger_ns < d->deadline_ns)
        return d->linger_ns - ns;
    return ns < d->deadline_ns ? d->deadline_ns - ns : 0;
}

int cfk_drain_fd(const cfk_drain *d)
{
    return d->wake;
}
