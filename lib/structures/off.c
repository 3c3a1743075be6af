/* SPDX-License-Identifier: MIT */
/* Heavy hitters, in a build without the structures. */
#include "cfkit/topk.h"

#include "base/error.h"

#include <string.h>

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

int cfk_topk_add_at(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                    int64_t now_ns, struct cfk_error *err)
{
    (void)top, (void)key, (void)key_len, (void)weight, (void)now_ns;
    return absent(err);
}

int cfk_topk_add_batch(cfk_topk *top, const struct cfk_topk_key *keys, size_t count,
                       int64_t now_ns, size_t *added, struct cfk_error *err)
{
    (void)top, (void)keys, (void)count, (void)now_ns;
    if (added != NULL)
        *added = 0;
    return absent(err);
}

void cfk_topk_query(const cfk_topk *top, const void *key, size_t key_len, uint64_t *lo,
                    uint64_t *hi)
{
    (void)top, (void)key, (void)key_len;
    *lo = 0;
    *hi = 0;
}

void cfk_topk_get(const cfk_topk *top, const void *key, size_t key_len, int64_t now_ns,
                  struct cfk_topk_item *item)
{
    (void)top, (void)now_ns;
    memset(item, 0, sizeof *item);
    item->key = key;
    item->key_len = key_len;
}

size_t cfk_topk_list(const cfk_topk *top, int order, struct cfk_topk_item *items,
                     size_t max)
{
    (void)top, (void)order, (void)items, (void)max;
    return 0;
}

int cfk_topk_select(const cfk_topk *top, const struct cfk_topk_select_options *opts,
                    struct cfk_topk_item *items, size_t max, size_t *count,
                    struct cfk_error *err)
{
    (void)top, (void)opts, (void)items, (void)max, (void)count;
    return absent(err);
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

void cfk_topk_get_stats(const cfk_topk *top, int64_t now_ns, struct cfk_topk_stats *stats)
{
    (void)top, (void)now_ns;
    memset(stats, 0, sizeof *stats);
}

int cfk_topk_merge(cfk_topk *top, const cfk_topk *from, struct cfk_error *err)
{
    (void)top, (void)from;
    return absent(err);
}

int cfk_topk_save(const cfk_topk *top, void **data, size_t *data_size,
                  struct cfk_error *err)
{
    (void)top, (void)data_size;
    *data = NULL;
    return absent(err);
}

int cfk_topk_load(const void *data, size_t data_size,
                  const struct cfk_topk_load_options *opts, cfk_topk **out,
                  struct cfk_error *err)
{
    (void)data, (void)data_size, (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_topk_reset(cfk_topk *top)
{
    (void)top;
}
