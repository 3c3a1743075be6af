/* SPDX-License-Identifier: MIT */
/* What a prepared reference holds. What is made later is made once, then only read. */
#ifndef CFK_DELTA_REFERENCE_H
#define CFK_DELTA_REFERENCE_H

#include "base/bytes.h"
#include "cfkit/delta.h"
#include "delta/index.h"

#include <stdatomic.h>

/* What is made when first wanted by any of several threads. */
struct cfk__ref_slots {
    _Atomic(struct cfk__index *) index[2]; /* by chains and by trees */
    _Atomic(uint8_t *) digest;
    _Atomic(struct cfk_delta_sketch *) sketch;
};

struct cfk_delta_ref {
    struct cfk_alloc alloc;
    struct cfk__span old; /* the caller's bytes, or those at copy */
    void *copy;           /* NULL when borrowed */
    struct cfk__ref_slots *slots;
};

/*
 * The index of ref of a kind, made now if there is none. It lives as long as ref.
 * CFK_OK or CFK_E_NOMEM.
 */
int cfk__delta_ref_index(const cfk_delta_ref *ref, bool tree,
                         const struct cfk__index **out);

/* Make the digest if there is none. CFK_OK, CFK_E_NOMEM, or what hashing says. */
int cfk__delta_ref_hash(const cfk_delta_ref *ref, struct cfk_error *err);

/* It, which is there after cfk__delta_ref_hash(). */
const uint8_t *cfk__delta_ref_digest(const cfk_delta_ref *ref);

/* Whether two ranges of memory have a byte in common. */
bool cfk__delta_overlap(const void *a, size_t a_size, const void *b, size_t b_size);

/* CFK_E_INVALID without a reference, or for NULL where there should be bytes. */
int cfk__delta_check_input(const cfk_delta_ref *ref, const void *data, size_t size,
                           struct cfk_error *err);

#endif
