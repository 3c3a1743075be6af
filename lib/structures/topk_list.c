/* SPDX-License-Identifier: MIT */
/* What a sketch tells. Nothing here changes it. */
#include "structures/topk.h"

#include "base/error.h"
#include "base/options.h"

/* A sketch as it is to be told: at a time, 0 being the latest. */
struct view {
    const cfk_topk *top;
    bool decayed;
    double factor; /* of amounts, to get weights */
    double rate;   /* of weights, to get weights a second */
};

static struct view view_at(const cfk_topk *top, int64_t now)
{
    struct view v = { .top = top, .decayed = cfk__topk_decays(top), .factor = 1 };

    if (v.decayed) {
        v.factor = cfk__topk_factor_at(top, now != 0 ? now : top->latest);
        v.rate = cfk__topk_rate_of_one(top);
    }
    return v;
}

static double rate_of(const struct view *v, uint64_t amount)
{
    return cfk__topk_real(amount) * v->factor * v->rate;
}

/* An item of a key that has hi, error of which may be others', and probably noise is. */
static struct cfk_topk_item item_of(const struct view *v, const void *key, size_t key_len,
                                    uint64_t hi, uint64_t error, uint64_t noise)
{
    uint64_t lo = cfk__topk_less(v->decayed, hi, error);
    uint64_t estimate = cfk__topk_less(v->decayed, hi, noise);
    struct cfk_topk_item item = { .key = key, .key_len = key_len };

    item.lo = cfk__topk_weight(v->top, lo, v->factor, CFK__TOPK_DOWN);
    item.hi = cfk__topk_weight(v->top, hi, v->factor, CFK__TOPK_UP);
    item.estimate = cfk__topk_weight(v->top, estimate, v->factor, CFK__TOPK_NEAREST);
    if (v->decayed) {
        item.rate_lo = rate_of(v, lo);
        item.rate_hi = rate_of(v, hi);
        item.rate = rate_of(v, estimate);
    }
    return item;
}

static struct cfk_topk_item item_of_counter(const struct view *v, uint32_t index)
{
    const struct cfk__topk_counter *counter = &v->top->counters[index];

    return item_of(v, cfk__key_data(&counter->key), counter->key.len, counter->count,
                   counter->error, counter->noise);
}

void cfk_topk_get(const cfk_topk *top, const void *key, size_t key_len, int64_t now_ns,
                  struct cfk_topk_item *item)
{
    struct view v = view_at(top, now_ns);
    uint64_t fast;
    uint64_t hi;
    uint32_t index;

    *item = (struct cfk_topk_item){ .key = key, .key_len = key_len };
    if (key_len > top->max_key_bytes)
        return;
    fast = cfk__keyed_hash_fast(&top->hasher, key, key_len);
    index =
        cfk__topk_find(top, cfk__topk_table_hash(top, fast, key, key_len), key, key_len);
    if (index != CFK__TABLE_NONE) {
        *item = item_of_counter(&v, index);
        item->key = key;
        return;
    }
    hi = cfk__topk_cell_value(v.decayed, top, cfk__topk_cells_of(top, fast));
    if (!v.decayed && hi == CFK__TOPK_CELL_MOST)
        hi = cfk__topk_most_error(top);
    *item = item_of(&v, key, key_len, hi, hi, cfk__topk_noise_in(top, hi));
}

void cfk_topk_query(const cfk_topk *top, const void *key, size_t key_len, uint64_t *lo,
                    uint64_t *hi)
{
    struct cfk_topk_item item;

    cfk_topk_get(top, key, key_len, 0, &item);
    *lo = item.lo;
    *hi = item.hi;
}

/* ---- lists ---- */

static uint64_t total_of(const struct view *v)
{
    return cfk__topk_weight(v->top, v->top->total, v->factor, CFK__TOPK_NEAREST);
}

static uint64_t max_error_of(const struct view *v)
{
    return cfk__topk_weight(v->top, cfk__topk_most_error(v->top), v->factor,
                            CFK__TOPK_UP);
}

struct value {
    double rate; /* 0 without a half-life; else finer than whole weights */
    uint64_t weight;
};

static struct value value_of(const struct cfk_topk_item *item, int by)
{
    switch (by) {
    case CFK_TOPK_BY_LO: return (struct value){ item->rate_lo, item->lo };
    case CFK_TOPK_BY_ESTIMATE: return (struct value){ item->rate, item->estimate };
    default: return (struct value){ item->rate_hi, item->hi };
    }
}

/* Below 0 where a stands before b, as both are heavier first. */
static int compare_by(const struct cfk_topk_item *a, const struct cfk_topk_item *b,
                      int by)
{
    struct value va = value_of(a, by);
    struct value vb = value_of(b, by);

    if (va.rate > vb.rate || va.rate < vb.rate)
        return va.rate > vb.rate ? -1 : 1;
    return (va.weight < vb.weight) - (va.weight > vb.weight);
}

static int compare_keys(const struct cfk_topk_item *a, const struct cfk_topk_item *b)
{
    size_t both = a->key_len < b->key_len ? a->key_len : b->key_len;
    int difference = both > 0 ? memcmp(a->key, b->key, both) : 0;

    if (difference != 0)
        return difference;
    return (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

/* Whether a stands before b in the list. */
static bool before(const struct cfk_topk_item *a, const struct cfk_topk_item *b,
                   int order)
{
    int then = order == CFK_TOPK_BY_LO ? CFK_TOPK_BY_HI : CFK_TOPK_BY_LO;
    int difference = compare_by(a, b, order);

    if (difference == 0)
        difference = compare_by(a, b, then);
    if (difference == 0)
        difference = compare_keys(a, b);
    return difference < 0;
}

/* A heap with the item that stands last on top. */
static void sift_down(struct cfk_topk_item *items, size_t len, size_t at, int order)
{
    struct cfk_topk_item moving = items[at];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= len)
            break;
        if (child + 1 < len && before(&items[child], &items[child + 1], order))
            child++;
        if (!before(&moving, &items[child], order))
            break;
        items[at] = items[child];
        at = child;
    }
    items[at] = moving;
}

/* From a heap to a list. */
static void sort(struct cfk_topk_item *items, size_t count, int order)
{
    for (size_t end = count; end-- > 1;) {
        struct cfk_topk_item last = items[0];

        items[0] = items[end];
        items[end] = last;
        sift_down(items, end, 0, order);
    }
}

/* The max first of all items that are above a threshold by one of their values. */
static size_t list(const struct view *v, const struct cfk_topk_select_options *o,
                   struct cfk_topk_item *items, size_t max)
{
    int by = o->which == CFK_TOPK_SURE ? CFK_TOPK_BY_LO : CFK_TOPK_BY_HI;
    size_t count = 0;

    if (max == 0)
        return 0;
    for (uint32_t i = 0; i < v->top->used; i++) {
        struct cfk_topk_item item = item_of_counter(v, i);

        if (o->which != CFK_TOPK_ALL && value_of(&item, by).weight <= o->threshold)
            continue;
        if (count < max) {
            items[count++] = item;
            for (size_t at = count / 2; count == max && at-- > 0;)
                sift_down(items, count, at, o->order);
        } else if (before(&item, &items[0], o->order)) {
            items[0] = item;
            sift_down(items, count, 0, o->order);
        }
    }
    for (size_t at = count / 2; count < max && at-- > 0;)
        sift_down(items, count, at, o->order);
    sort(items, count, o->order);
    return count;
}

size_t cfk_topk_list(const cfk_topk *top, int order, struct cfk_topk_item *items,
                     size_t max)
{
    struct cfk_topk_select_options o = { .size = sizeof o, .order = order };
    struct view v = view_at(top, 0);

    return list(&v, &o, items, max);
}

int cfk_topk_select(const cfk_topk *top, const struct cfk_topk_select_options *opts,
                    struct cfk_topk_item *items, size_t max, size_t *count,
                    struct cfk_error *err)
{
    struct cfk_topk_select_options o;
    struct view v;
    uint64_t unseen;
    int rc;

    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (o.order < CFK_TOPK_BY_HI || o.order > CFK_TOPK_BY_ESTIMATE)
        return cfk__fail(err, CFK_E_INVALID, "topk: no such order of a list: %ld",
                         (long)o.order);
    if (o.which < CFK_TOPK_ALL || o.which > CFK_TOPK_POSSIBLE)
        return cfk__fail(err, CFK_E_INVALID, "topk: no such selection of keys: %ld",
                         (long)o.which);
    v = view_at(top, o.now_ns);
    unseen = max_error_of(&v);
    if (o.which == CFK_TOPK_POSSIBLE && o.threshold < unseen)
        o.threshold = unseen;
    *count = list(&v, &o, items, max);
    return CFK_OK;
}

/* ---- figures ---- */

uint64_t cfk_topk_total(const cfk_topk *top)
{
    struct view v = view_at(top, 0);

    return total_of(&v);
}

uint64_t cfk_topk_max_error(const cfk_topk *top)
{
    struct view v = view_at(top, 0);

    return max_error_of(&v);
}

void cfk_topk_get_stats(const cfk_topk *top, int64_t now_ns, struct cfk_topk_stats *stats)
{
    struct view v = view_at(top, now_ns);
    size_t cell_size = v.decayed ? sizeof *top->wide : sizeof *top->narrow;
    size_t cells = cfk__topk_cell_count(top);

    *stats = (struct cfk_topk_stats){
        .total = total_of(&v),
        .max_error = max_error_of(&v),
        .used = top->used,
        .counters = top->counter_count,
        .cells = cells,
        .bytes = sizeof *top + ((size_t)top->counter_count + 1) * sizeof *top->counters +
                 cfk__table_bytes(top->counter_count) + cells * cell_size +
                 top->heap_capacity * sizeof *top->heap,
        .evictions = top->evictions,
        .sweeps = top->sweeps,
        .guards = top->hasher.guarded,
        .rate = v.decayed ? rate_of(&v, top->total) : 0,
        .half_life_ns = top->half_life,
    };
}
