/* SPDX-License-Identifier: MIT */
/*
 * A sketch as bytes; cfk-topk(5) has the format. What comes in may be anybody's:
 * nothing is allocated before the input is seen to be long enough for what it
 * says it holds, and what topk.h promises of a sketch is checked.
 */
#include "structures/topk.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/options.h"

enum {
    VERSION = 1,
    FLAG_STARTED = 1,
    HEAD_SIZE = 88,
    COUNTER_SIZE = 28, /* without the key */
    SUM_SIZE = 8,
    DEFAULT_MOST_COUNTERS = 1 << 20,
};
static const char magic[4] = "CFHH";
static const uint64_t sum_key[2] = { 0, 0 };

/* Above any decayed amount: 400 half-lives, weights and numbers of 64 bits each. */
static const double MOST_AMOUNT = 0x1p600;

/* What rounding may do to promises about decayed amounts. */
static const double SLACK = 1e-6;

static size_t cell_size(const cfk_topk *top)
{
    return cfk__topk_decays(top) ? sizeof *top->wide : sizeof *top->narrow;
}

/* ---- saving ---- */

static size_t saved_size(const cfk_topk *top)
{
    size_t size = HEAD_SIZE + cfk__topk_cell_count(top) * cell_size(top) + SUM_SIZE;

    for (uint32_t i = 0; i < top->used; i++)
        size += COUNTER_SIZE + top->counters[i].key.len;
    return size;
}

static void write_head(const cfk_topk *top, struct cfk__writer *w)
{
    cfk__write(w, magic, sizeof magic);
    cfk__write_u16le(w, VERSION);
    cfk__write_u16le(w, top->started ? FLAG_STARTED : 0);
    cfk__write_u32le(w, top->counter_count);
    cfk__write_u32le(w, (uint32_t)cfk__topk_cell_count(top));
    cfk__write_u32le(w, top->max_key_bytes);
    cfk__write_u32le(w, top->used);
    cfk__write_u64le(w, top->hasher.seed[0]);
    cfk__write_u64le(w, top->hasher.seed[1]);
    cfk__write_u64le(w, (uint64_t)top->half_life);
    cfk__write_u64le(w, top->started ? (uint64_t)top->landmark : 0);
    cfk__write_u64le(w, top->started ? (uint64_t)top->latest : 0);
    cfk__write_u64le(w, top->total);
    cfk__write_u64le(w, top->offset);
    cfk__write_u64le(w, top->noise);
}

static void write_all(const cfk_topk *top, struct cfk__writer *w)
{
    write_head(top, w);
    for (uint32_t i = 0; i < top->used; i++) {
        const struct cfk__topk_counter *counter = &top->counters[i];

        cfk__write_u64le(w, counter->count);
        cfk__write_u64le(w, counter->error);
        cfk__write_u64le(w, counter->noise);
        cfk__write_u32le(w, counter->key.len);
        cfk__write(w, cfk__key_data(&counter->key), counter->key.len);
    }
    for (size_t i = 0; i < cfk__topk_cell_count(top); i++) {
        if (cfk__topk_decays(top))
            cfk__write_u64le(w, top->wide[i]);
        else
            cfk__write_u32le(w, top->narrow[i]);
    }
    cfk__write_u64le(w, cfk__siphash24(sum_key, w->start, cfk__writer_size(w)));
}

int cfk_topk_save(const cfk_topk *top, void **data, size_t *data_size,
                  struct cfk_error *err)
{
    size_t size = saved_size(top);
    struct cfk__writer w;

    *data = cfk__malloc(&top->alloc, size);
    if (*data == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "topk: no memory for %zu bytes", size);
    cfk__writer_init(&w, *data, size);
    write_all(top, &w);
    *data_size = size;
    return CFK_OK;
}

/* ---- loading ---- */

static int corrupt(const struct cfk__reader *r, const char *what, struct cfk_error *err)
{
    return cfk__fail_at(err, CFK_E_CORRUPT, cfk__reader_offset(r), "topk: %s", what);
}

/* The fields of the head. */
struct head {
    uint16_t flags;
    uint32_t counters;
    uint32_t cells;
    uint32_t max_key_bytes;
    uint32_t used;
    uint64_t seed[2];
    uint64_t times[3]; /* half-life, landmark, latest */
    uint64_t total;
    uint64_t offset;
    uint64_t noise;
};

static bool read_fields(struct cfk__reader *r, struct head *h)
{
    bool ok = cfk__read_u16le(r, &h->flags) && cfk__read_u32le(r, &h->counters) &&
              cfk__read_u32le(r, &h->cells) && cfk__read_u32le(r, &h->max_key_bytes) &&
              cfk__read_u32le(r, &h->used);

    for (int i = 0; i < 2; i++)
        ok = ok && cfk__read_u64le(r, &h->seed[i]);
    for (int i = 0; i < 3; i++)
        ok = ok && cfk__read_u64le(r, &h->times[i]);
    return ok && cfk__read_u64le(r, &h->total) && cfk__read_u64le(r, &h->offset) &&
           cfk__read_u64le(r, &h->noise);
}

/* Magic, version and checksum; leaves r at what follows the version. */
static int read_frame(struct cfk__reader *r, const void *data, size_t size,
                      struct cfk_error *err)
{
    struct cfk__reader end;
    uint8_t start[sizeof magic];
    uint16_t version;
    uint64_t sum;

    cfk__reader_init(r, data, size);
    if (!cfk__read_copy(r, start, sizeof start) ||
        memcmp(start, magic, sizeof magic) != 0 || !cfk__read_u16le(r, &version))
        return corrupt(r, "this is not a saved sketch", err);
    if (version != VERSION)
        return cfk__fail_at(err, CFK_E_NOTSUP, sizeof magic,
                            "topk: a sketch of version %u; this library reads %d",
                            version, VERSION);
    if (size < HEAD_SIZE + SUM_SIZE)
        return corrupt(r, "the sketch is cut short", err);
    cfk__reader_init(&end, (const uint8_t *)data + size - SUM_SIZE, SUM_SIZE);
    cfk__read_u64le(&end, &sum);
    if (sum != cfk__siphash24(sum_key, data, size - SUM_SIZE))
        return corrupt(r, "the checksum is wrong", err);
    r->end -= SUM_SIZE;
    return CFK_OK;
}

static int check_head(const struct cfk__reader *r, const struct head *h, size_t most,
                      struct cfk_error *err)
{
    int64_t half_life = (int64_t)h->times[0];
    bool started = (h->flags & FLAG_STARTED) != 0;
    uint64_t room = cfk__reader_left(r);
    uint64_t cells = (uint64_t)h->cells * (half_life != 0 ? 8 : 4);

    if (h->flags > FLAG_STARTED || (started && half_life == 0))
        return corrupt(r, "unknown flags", err);
    if (h->counters == 0 || h->used > h->counters)
        return corrupt(r, "more counters are used than there are", err);
    if (h->counters > most)
        return cfk__fail(err, CFK_E_LIMIT,
                         "topk: a sketch of %lu counters; %zu is the most",
                         (unsigned long)h->counters, most);
    if (h->cells < 2 || (h->cells & (h->cells - 1)) != 0)
        return corrupt(r, "the number of cells is no power of two", err);
    if (h->max_key_bytes == 0 || h->max_key_bytes > CFK__KEY_MOST)
        return corrupt(r, "the limit of keys is out of range", err);
    if (h->seed[0] == 0 && h->seed[1] == 0)
        return corrupt(r, "there is no seed", err);
    if (half_life < 0 || (int64_t)h->times[2] < (int64_t)h->times[1])
        return corrupt(r, "times are out of order", err);
    if (!started && (h->times[1] != 0 || h->times[2] != 0))
        return corrupt(r, "times without an event", err);
    if (!started && half_life != 0 && h->total != 0)
        return corrupt(r, "weights without an event", err);
    if (room < cells || (room - cells) / COUNTER_SIZE < h->used)
        return corrupt(r, "the sketch is cut short", err);
    return CFK_OK;
}

static bool right_amount(const cfk_topk *top, uint64_t amount)
{
    return !cfk__topk_decays(top) || amount <= cfk__topk_amount(MOST_AMOUNT);
}

/* Whether a <= b, but for rounding. */
static bool at_most(const cfk_topk *top, uint64_t a, uint64_t b)
{
    if (cfk__topk_decays(top))
        return cfk__topk_real(a) <= cfk__topk_real(b) * (1 + SLACK);
    return a <= b;
}

static int read_counter(cfk_topk *top, struct cfk__reader *r, struct cfk_error *err)
{
    struct cfk__topk_counter *counter = &top->counters[top->used];
    struct cfk__span key;
    uint64_t hash;
    uint32_t len;

    if (!cfk__read_u64le(r, &counter->count) || !cfk__read_u64le(r, &counter->error) ||
        !cfk__read_u64le(r, &counter->noise) || !cfk__read_u32le(r, &len) ||
        len > top->max_key_bytes || !cfk__read_span(r, len, &key))
        return corrupt(r, "a counter is cut short", err);
    if (!right_amount(top, counter->count) || counter->error > counter->count ||
        counter->noise > counter->error)
        return corrupt(r, "a counter's bounds are out of order", err);
    hash = cfk__keyed_hash_fast(&top->hasher, key.data, len);
    if (cfk__topk_find(top, cfk__topk_table_hash(top, hash, key.data, len), key.data,
                       len) != CFK__TABLE_NONE)
        return corrupt(r, "a key has two counters", err);
    if (cfk__key_store(&counter->key, key.data, len, &top->alloc) != CFK_OK)
        return cfk__fail(err, CFK_E_NOMEM, "topk: no memory for a key of %lu bytes",
                         (unsigned long)len);
    counter->hash = hash;
    cfk__topk_enter(top, top->used++);
    return CFK_OK;
}

/* Every error and cell is at most M. */
static int read_cells(cfk_topk *top, struct cfk__reader *r, struct cfk_error *err)
{
    uint64_t most = cfk__topk_most_error(top);

    for (uint32_t i = 0; i < top->used; i++)
        if (!at_most(top, top->counters[i].error, most))
            return corrupt(r, "a counter's error is too great", err);
    if (!at_most(top, top->noise, most) || !at_most(top, top->offset, most))
        return corrupt(r, "the error is too great", err);
    for (size_t i = 0; i < cfk__topk_cell_count(top); i++) {
        uint64_t cell;

        if (cfk__topk_decays(top)) {
            cfk__read_u64le(r, &top->wide[i]);
            cell = top->wide[i];
        } else {
            cfk__read_u32le(r, &top->narrow[i]);
            cell = top->narrow[i];
        }
        if (!right_amount(top, cell) || !at_most(top, cell, most))
            return corrupt(r, "a cell is too great", err);
    }
    return CFK_OK;
}

/* The excess of counts over M, and k times M, are together at most the total. */
static bool sums_are_right(const cfk_topk *top)
{
    bool decayed = cfk__topk_decays(top);
    uint64_t most = cfk__topk_most_error(top);
    uint64_t sum = 0;

    if (!decayed && top->total == UINT64_MAX)
        return true; /* or more */
    if (decayed)
        sum = cfk__topk_amount(cfk__topk_real(most) * top->counter_count);
    else if (most > top->total / top->counter_count)
        return false;
    else
        sum = most * top->counter_count;
    for (uint32_t i = 0; i < top->used; i++)
        if (top->counters[i].count > most)
            sum = cfk__topk_sum(decayed, sum,
                                cfk__topk_less(decayed, top->counters[i].count, most));
    return at_most(top, sum, top->total);
}

static int read_all(cfk_topk *top, const struct head *h, struct cfk__reader *r,
                    struct cfk_error *err)
{
    int rc = CFK_OK;

    top->total = h->total;
    top->offset = h->offset;
    top->noise = h->noise;
    top->started = (h->flags & FLAG_STARTED) != 0;
    top->landmark = (int64_t)h->times[1];
    top->latest = (int64_t)h->times[2];
    top->factor_time = top->landmark;
    top->factor = 1;
    if (!right_amount(top, h->total) || !right_amount(top, h->offset) ||
        !right_amount(top, h->noise))
        return corrupt(r, "the total is out of range", err);
    while (rc == CFK_OK && top->used < h->used)
        rc = read_counter(top, r, err);
    if (rc != CFK_OK)
        return rc;
    if (cfk__reader_left(r) != cfk__topk_cell_count(top) * cell_size(top))
        return corrupt(r, "the sketch has another length than it should", err);
    rc = read_cells(top, r, err);
    if (rc == CFK_OK && !sums_are_right(top))
        rc = corrupt(r, "the counters are above the total", err);
    return rc;
}

int cfk_topk_load(const void *data, size_t data_size,
                  const struct cfk_topk_load_options *opts, cfk_topk **out,
                  struct cfk_error *err)
{
    struct cfk_topk_load_options o;
    struct cfk_topk_options new_opts = { .size = sizeof new_opts };
    struct cfk__reader r;
    struct head head;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = read_frame(&r, data, data_size, err);
    if (rc != CFK_OK)
        return rc;
    if (!read_fields(&r, &head))
        return corrupt(&r, "the sketch is cut short", err);
    rc = check_head(&r, &head,
                    o.max_counters != 0 ? o.max_counters : DEFAULT_MOST_COUNTERS, err);
    if (rc != CFK_OK)
        return rc;
    new_opts.counters = head.counters;
    new_opts.cells = head.cells;
    new_opts.max_key_bytes = head.max_key_bytes;
    new_opts.seed[0] = head.seed[0];
    new_opts.seed[1] = head.seed[1];
    new_opts.alloc = o.alloc;
    new_opts.half_life_ns = (int64_t)head.times[0];
    rc = cfk_topk_new(&new_opts, out, err);
    if (rc == CFK_OK)
        rc = read_all(*out, &head, &r, err);
    if (rc != CFK_OK) {
        cfk_topk_free(*out);
        *out = NULL;
    }
    return rc;
}
