/* SPDX-License-Identifier: MIT */
/*
 * Memory for secrets: pages of their own between guard pages, locked, left
 * out of core dumps, zero in a forked child, with a canary before and behind
 * the bytes, wiped on release.
 */
#ifndef CFK_BASE_SECRET_H
#define CFK_BASE_SECRET_H

#include "cfkit/base.h"

#include <stdbool.h>

/*
 * size zeroed bytes in *out, or NULL there with CFK_E_NOMEM (also where the
 * system's limit on locked memory is met; the message says so) or
 * CFK_E_INVALID (size 0). Several system calls each: take few and larger ones.
 */
int cfk__secret_new(size_t size, void **out, struct cfk_error *err);

/* Wipe and release; NULL is accepted. Aborts if a canary was overwritten. */
void cfk__secret_free(void *secret);

/* Overwrite with zeros in a way that no compiler removes. */
void cfk__wipe(void *data, size_t size);

/*
 * The same number, of which the compiler knows nothing: so that it makes no branch
 * of arithmetic on masks, as clang does where it sees that they are all or nothing.
 */
static inline uint64_t cfk__opaque(uint64_t value)
{
#if defined(__GNUC__)
    __asm__("" : "+r"(value));
    return value;
#else
    volatile uint64_t hidden = value;

    return hidden;
#endif
}

/* Equality of size bytes in time that depends on size alone. */
bool cfk__equal_secret(const void *a, const void *b, size_t size);

#endif
