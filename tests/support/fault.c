/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <check.h>
#include <stdlib.h>

static void *fault_allocate(void *ctx, size_t size)
{
    struct fault *fault = ctx;
    void *block;

    if (++fault->calls == fault->fail_at)
        return NULL;
    block = malloc(size);
    if (block != NULL)
        fault->live++;
    return block;
}

static void *fault_reallocate(void *ctx, void *block, size_t size)
{
    struct fault *fault = ctx;
    void *moved;

    if (++fault->calls == fault->fail_at)
        return NULL;
    moved = realloc(block, size);
    if (moved != NULL && block == NULL)
        fault->live++;
    return moved;
}

static void fault_release(void *ctx, void *block)
{
    struct fault *fault = ctx;

    if (block != NULL)
        fault->live--;
    free(block);
}

const struct cfk_alloc *fault_at(struct fault *fault, size_t nth)
{
    *fault = (struct fault){
        .alloc = { fault_allocate, fault_reallocate, fault_release, fault },
        .fail_at = nth,
    };
    return &fault->alloc;
}

size_t fault_sweep(int (*call)(void *ctx, const struct cfk_alloc *alloc), void *ctx,
                   size_t least)
{
    struct fault fault;
    size_t nth = 0;
    int rc;

    do {
        rc = call(ctx, fault_at(&fault, ++nth));
        ck_assert_msg(rc == CFK_OK || rc == CFK_E_NOMEM, "allocation %zu: %s", nth,
                      cfk_error_name(rc));
        ck_assert_msg(fault.live == 0, "allocation %zu: %zu blocks left", nth,
                      fault.live);
        ck_assert_msg(rc == CFK_OK || fault.calls >= nth,
                      "no memory without an injected failure");
    } while (fault.calls >= nth);
    ck_assert_int_eq(rc, CFK_OK);
    ck_assert_uint_ge(nth - 1, least);
    return nth - 1;
}
