/* SPDX-License-Identifier: MIT */
/* Heavy hitters, in a build without the structures. */
#include "cfkit/topk.h"

#include "base/error.h"

static int absent(struct cfk_error *err)
{
    return cfk__fail_absent(err, "structures");
}

int cfk_topk_new(const struct cfk_topk_options *opts, cfk_topk **out,
                 struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_topk_free(cfk_topk *top)
{
    (void)top;
}

int cfk_topk_add(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                 struct cfk_error *err)
{
    (void)top, (void)key, (void)key_len, (void)weight;
    return absent(err);
}

void cfk_topk_query(const cfk_topk *top, const void *key, size_t key_len, uint64_t *lo,
                    uint64_t *hi)
{
    (void)top, (void)key, (void)key_len;
    *lo = 0;
    *hi = 0;
}

size_t cfk_topk_list(const cfk_topk *top, int order, struct cfk_topk_item *items,
                     size_t max)
{
    (void)top, (void)order, (void)items, (void)max;
    return 0;
}

uint64_t cfk_topk_total(const cfk_topk *top)
{
    (void)top;
    return 0;
}

uint64_t cfk_topk_max_error(const cfk_topk *top)
{
    (void)top;
    return 0;
}

void cfk_topk_reset(cfk_topk *top)
{
    (void)top;
}
