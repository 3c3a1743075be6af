/* SPDX-License-Identifier: MIT */
/* The prepared reference: the old bytes and their digest. */
#include "delta/reference.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/options.h"

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
    ref->old = (struct cfk__span){ data, size };
    if (o.copy && size > 0) {
        ref->copy = cfk__malloc(o.alloc, size);
        if (ref->copy == NULL)
            goto no_memory;
        memcpy(ref->copy, data, size);
        ref->old.data = ref->copy;
    }
    rc = cfk__hash(CFK__SHA256, ref->old.data, size, ref->digest, err);
    if (rc != CFK_OK) {
        cfk_delta_ref_free(ref);
        return rc;
    }
    *out = ref;
    return CFK_OK;

no_memory:
    cfk_delta_ref_free(ref);
    return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a reference of %zu bytes",
                     size);
}

void cfk_delta_ref_free(cfk_delta_ref *ref)
{
    struct cfk_alloc alloc;

    if (ref == NULL)
        return;
    alloc = ref->alloc;
    cfk__free(&alloc, ref->copy);
    cfk__free(&alloc, ref);
}

uint64_t cfk_delta_ref_size(const cfk_delta_ref *ref)
{
    return ref == NULL ? 0 : ref->old.size;
}

const uint8_t *cfk_delta_ref_digest(const cfk_delta_ref *ref)
{
    return ref == NULL ? NULL : ref->digest;
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
