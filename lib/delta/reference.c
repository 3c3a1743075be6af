/* SPDX-License-Identifier: MIT */
/* The prepared reference: the old bytes, and what is known of them once it was wanted. */
#include "delta/reference.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/options.h"
#include "delta/own.h"

#include <string.h>

_Static_assert((int)CFK_DELTA_DIGEST_SIZE == (int)CFK__SHA256_SIZE, "dcz names SHA-256");

int cfk_delta_ref_new(const void *data, size_t size,
                      const struct cfk_delta_ref_options *opts, cfk_delta_ref **out,
                      struct cfk_error *err)
{
    struct cfk_delta_ref_options o;
    cfk_delta_ref *ref;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (o.copy > 1 || o.reserved != 0)
        return cfk__fail(err, CFK_E_INVALID, "delta: copy is 0 or 1, reserved 0");
    if (data == NULL && size > 0)
        return cfk__fail(err, CFK_E_INVALID, "delta: no bytes for a reference of %zu",
                         size);

    ref = cfk__calloc(o.alloc, 1, sizeof *ref);
    if (ref == NULL)
        goto no_memory;
    ref->alloc = *cfk__alloc_or_default(o.alloc);
    ref->slots = cfk__malloc(o.alloc, sizeof *ref->slots);
    if (ref->slots == NULL)
        goto no_memory;
    atomic_init(&ref->slots->index[0], NULL);
    atomic_init(&ref->slots->index[1], NULL);
    atomic_init(&ref->slots->digest, NULL);
    atomic_init(&ref->slots->sketch, NULL);
    ref->old = (struct cfk__span){ data, size };
    if (o.copy && size > 0) {
        ref->copy = cfk__malloc(o.alloc, size);
        if (ref->copy == NULL)
            goto no_memory;
        memcpy(ref->copy, data, size);
        ref->old.data = ref->copy;
    }
    *out = ref;
    return CFK_OK;

no_memory:
    cfk_delta_ref_free(ref);
    return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a reference of %zu bytes",
                     size);
}

static void free_index(const struct cfk_alloc *alloc, struct cfk__index *index)
{
    if (index == NULL)
        return;
    cfk__index_free(index);
    cfk__free(alloc, index);
}

static int make_index(const cfk_delta_ref *ref, bool tree, struct cfk__index **out)
{
    struct cfk__index *index = cfk__malloc(&ref->alloc, sizeof *index);
    int rc;

    *out = NULL;
    if (index == NULL)
        return CFK_E_NOMEM;
    rc = cfk__own_index(index, &ref->alloc, tree, ref->old.data, ref->old.size);
    if (rc != CFK_OK) {
        cfk__free(&ref->alloc, index);
        return rc;
    }
    *out = index;
    return CFK_OK;
}

int cfk__delta_ref_index(const cfk_delta_ref *ref, bool tree,
                         const struct cfk__index **out)
{
    _Atomic(struct cfk__index *) *slot = &ref->slots->index[tree];
    struct cfk__index *there = atomic_load_explicit(slot, memory_order_acquire);
    struct cfk__index *made;
    int rc;

    *out = there;
    if (there != NULL)
        return CFK_OK;
    rc = make_index(ref, tree, &made);
    if (rc != CFK_OK)
        return rc;
    /* Another thread may have been faster; its index is the same. */
    if (!atomic_compare_exchange_strong(slot, &there, made)) {
        free_index(&ref->alloc, made);
        made = there;
    }
    *out = made;
    return CFK_OK;
}

int cfk__delta_ref_hash(const cfk_delta_ref *ref, struct cfk_error *err)
{
    uint8_t *there = atomic_load_explicit(&ref->slots->digest, memory_order_acquire);
    uint8_t *made;
    int rc;

    if (there != NULL)
        return CFK_OK;
    made = cfk__malloc(&ref->alloc, CFK_DELTA_DIGEST_SIZE);
    if (made == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a digest");
    rc = cfk__hash(CFK__SHA256, ref->old.data, ref->old.size, made, err);
    if (rc != CFK_OK ||
        !atomic_compare_exchange_strong(&ref->slots->digest, &there, made))
        cfk__free(&ref->alloc, made);
    return rc;
}

const uint8_t *cfk__delta_ref_digest(const cfk_delta_ref *ref)
{
    return atomic_load_explicit(&ref->slots->digest, memory_order_acquire);
}

int cfk_delta_ref_sketch(const cfk_delta_ref *ref, struct cfk_delta_sketch *out,
                         struct cfk_error *err)
{
    struct cfk_delta_sketch *there;
    struct cfk_delta_sketch *made;

    if (ref == NULL || out == NULL)
        return cfk__fail(err, CFK_E_INVALID,
                         "delta: no reference or no room for a sketch");
    there = atomic_load_explicit(&ref->slots->sketch, memory_order_acquire);
    if (there == NULL) {
        made = cfk__malloc(&ref->alloc, sizeof *made);
        if (made == NULL)
            return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a sketch");
        cfk_delta_sketch_compute(ref->old.data, ref->old.size, made, NULL);
        if (atomic_compare_exchange_strong(&ref->slots->sketch, &there, made))
            there = made;
        else
            cfk__free(&ref->alloc, made);
    }
    *out = *there;
    return CFK_OK;
}

void cfk_delta_ref_free(cfk_delta_ref *ref)
{
    struct cfk_alloc alloc;

    if (ref == NULL)
        return;
    alloc = ref->alloc;
    for (int tree = 0; tree < 2 && ref->slots != NULL; tree++)
        free_index(&alloc, atomic_load(&ref->slots->index[tree]));
    if (ref->slots != NULL) {
        cfk__free(&alloc, atomic_load(&ref->slots->digest));
        cfk__free(&alloc, atomic_load(&ref->slots->sketch));
    }
    cfk__free(&alloc, ref->slots);
    cfk__free(&alloc, ref->copy);
    cfk__free(&alloc, ref);
}

uint64_t cfk_delta_ref_size(const cfk_delta_ref *ref)
{
    return ref == NULL ? 0 : ref->old.size;
}

const uint8_t *cfk_delta_ref_digest(const cfk_delta_ref *ref)
{
    if (ref == NULL || cfk__delta_ref_hash(ref, NULL) != CFK_OK)
        return NULL;
    return cfk__delta_ref_digest(ref);
}

bool cfk__delta_overlap(const void *a, size_t a_size, const void *b, size_t b_size)
{
    uintptr_t x = (uintptr_t)a;
    uintptr_t y = (uintptr_t)b;

    return a_size > 0 && b_size > 0 && (x <= y ? y - x < a_size : x - y < b_size);
}

int cfk__delta_check_input(const cfk_delta_ref *ref, const void *data, size_t size,
                           struct cfk_error *err)
{
    if (ref == NULL)
        return cfk__fail(err, CFK_E_INVALID, "delta: no reference");
    if (data == NULL && size > 0)
        return cfk__fail(err, CFK_E_INVALID, "delta: NULL for %zu bytes of input", size);
    return CFK_OK;
}
