/* SPDX-License-Identifier: MIT */
/*
 * Two sketches become one as mergeable summaries do (Agarwal and others, 2012).
 * A key's count in a sketch where it has no counter is at most its lesser cell
 * there, which counts as its error. Of all keys the k heaviest stay, and the
 * cells of the others are raised to their counts.
 *
 * M of the result is M of both together, or the heaviest count that was left out
 * if that is more. Counts exceed the sum of both M by no more than they did
 * before, and what is left out takes as much from each of the k that stay: so
 * k times M, and the excess over it, stay within the total.
 */
#include "structures/topk.h"

#include "base/error.h"

/* A key of either sketch, as it will be in the result. */
struct joint {
    const struct cfk__key *key;
    uint64_t hash;
    uint64_t count;
    uint64_t error;
    uint64_t noise;
};

struct merge {
    const cfk_topk *a;
    const cfk_topk *b;
    double scale_a; /* of decayed amounts, to come to one landmark */
    double scale_b;
    bool decayed;
    uint64_t most_a; /* M of each, scaled */
    uint64_t most_b;
    struct joint *joints; /* room for all counters of both */
    uint32_t joint_count;
};

static uint64_t scaled(const struct merge *m, uint64_t amount, double factor)
{
    return m->decayed ? cfk__topk_amount(cfk__topk_real(amount) * factor) : amount;
}

/* What a key without a counter in top may weigh there. */
static uint64_t cell_of(const struct merge *m, const cfk_topk *top, uint64_t hash)
{
    uint64_t cell = cfk__topk_cell_value(m->decayed, top, cfk__topk_cells_of(top, hash));

    if (!m->decayed && cell == CFK__TOPK_CELL_MOST)
        return top == m->a ? m->most_a : m->most_b;
    return scaled(m, cell, top == m->a ? m->scale_a : m->scale_b);
}

/* Add a's counter and what b knows of its key. */
static void join(struct merge *m, const cfk_topk *a, const cfk_topk *b, uint32_t index,
                 uint32_t index_b)
{
    double scale_a = a == m->a ? m->scale_a : m->scale_b;
    double scale_b = a == m->a ? m->scale_b : m->scale_a;
    const struct cfk__topk_counter *counter = &a->counters[index];
    struct joint joint = { .key = &counter->key, .hash = counter->hash };
    uint64_t count_b;
    uint64_t error_b;
    uint64_t noise_b;

    if (index_b != CFK__TABLE_NONE) {
        count_b = scaled(m, b->counters[index_b].count, scale_b);
        error_b = scaled(m, b->counters[index_b].error, scale_b);
        noise_b = scaled(m, b->counters[index_b].noise, scale_b);
    } else {
        uint64_t noise = scaled(m, b->noise, scale_b);

        count_b = error_b = cell_of(m, b, counter->hash);
        noise_b = count_b < noise ? count_b : noise;
    }
    joint.count = cfk__topk_sum(m->decayed, scaled(m, counter->count, scale_a), count_b);
    joint.error = cfk__topk_sum(m->decayed, scaled(m, counter->error, scale_a), error_b);
    joint.noise = cfk__topk_sum(m->decayed, scaled(m, counter->noise, scale_a), noise_b);
    m->joints[m->joint_count++] = joint;
}

static uint32_t find_like(const cfk_topk *top, const struct cfk__topk_counter *counter)
{
    const uint8_t *key = cfk__key_data(&counter->key);

    return cfk__topk_find(top,
                          cfk__topk_table_hash(top, counter->hash, key, counter->key.len),
                          key, counter->key.len);
}

static void join_all(struct merge *m)
{
    for (uint32_t i = 0; i < m->a->used; i++)
        join(m, m->a, m->b, i, find_like(m->b, &m->a->counters[i]));
    for (uint32_t i = 0; i < m->b->used; i++)
        if (find_like(m->a, &m->b->counters[i]) == CFK__TABLE_NONE)
            join(m, m->b, m->a, i, CFK__TABLE_NONE);
}

/* Cells of both, added; a narrow one that overflows says M. */
static void add_cells(const struct merge *m, cfk_topk *out)
{
    for (size_t i = 0; i < cfk__topk_cell_count(out); i++) {
        uint64_t sum = cfk__topk_sum(
            m->decayed, scaled(m, cfk__topk_cell(m->decayed, m->a, i), m->scale_a),
            scaled(m, cfk__topk_cell(m->decayed, m->b, i), m->scale_b));

        if (m->decayed)
            out->wide[i] = sum;
        else
            out->narrow[i] =
                sum < CFK__TOPK_CELL_MOST ? (uint32_t)sum : CFK__TOPK_CELL_MOST;
    }
}

/*
 * The count of the k-th heaviest of more than k joints, and how many of that
 * count are among the k; heap has room for k.
 */
static uint64_t last_count(const struct merge *m, struct cfk__topk_candidate *heap,
                           uint32_t k, uint32_t *equal)
{
    uint64_t last;

    for (uint32_t i = 0; i < k; i++)
        heap[i] = (struct cfk__topk_candidate){ m->joints[i].count, i };
    cfk__topk_heapify(heap, k, true);
    for (uint32_t i = k; i < m->joint_count; i++) {
        if (m->joints[i].count > heap[0].count) {
            heap[0] = (struct cfk__topk_candidate){ m->joints[i].count, i };
            cfk__topk_sift_down(heap, k, 0, true);
        }
    }
    last = heap[0].count;
    *equal = 0;
    for (uint32_t i = 0; i < k; i++)
        *equal += heap[i].count == last;
    return last;
}

static int keep(cfk_topk *out, const struct joint *joint, struct cfk_error *err)
{
    struct cfk__topk_counter *counter = &out->counters[out->used];

    if (cfk__key_store(&counter->key, cfk__key_data(joint->key), joint->key->len,
                       &out->alloc) != CFK_OK)
        return cfk__fail(err, CFK_E_NOMEM, "topk: no memory for a key of %lu bytes",
                         (unsigned long)joint->key->len);
    counter->count = joint->count;
    counter->error = joint->error;
    counter->noise = joint->noise;
    counter->hash = joint->hash;
    cfk__topk_enter(out, out->used++);
    return CFK_OK;
}

static void leave_out(const struct merge *m, cfk_topk *out, const struct joint *joint)
{
    cfk__topk_raise_cells(m->decayed, out, cfk__topk_cells_of(out, joint->hash),
                          joint->count);
    if (out->offset < joint->count)
        out->offset = joint->count;
    out->evictions++;
}

/* The k heaviest joints into out, the others into its cells. */
static int settle(struct merge *m, cfk_topk *out, struct cfk__topk_candidate *heap,
                  struct cfk_error *err)
{
    uint32_t equal = m->joint_count; /* where all can stay */
    uint64_t last = 0;
    int rc = CFK_OK;

    if (m->joint_count > out->counter_count)
        last = last_count(m, heap, out->counter_count, &equal);
    for (uint32_t i = 0; i < m->joint_count && rc == CFK_OK; i++) {
        const struct joint *joint = &m->joints[i];

        if (joint->count > last || (joint->count == last && equal > 0)) {
            equal -= joint->count == last;
            rc = keep(out, joint, err);
        } else {
            leave_out(m, out, joint);
        }
    }
    return rc;
}

/* The later landmark for both. */
static void align(struct merge *m, cfk_topk *out)
{
    const cfk_topk *a = m->a;
    const cfk_topk *b = m->b;

    m->scale_a = 1;
    m->scale_b = 1;
    if (!a->started && !b->started)
        return;
    out->started = true;
    out->landmark = !b->started || (a->started && a->landmark > b->landmark)
                        ? a->landmark
                        : b->landmark;
    out->latest =
        !b->started || (a->started && a->latest > b->latest) ? a->latest : b->latest;
    out->factor_time = out->landmark;
    out->factor = 1;
    if (a->started)
        m->scale_a = cfk__topk_decay(m->a->half_life, a->landmark, out->landmark);
    if (b->started)
        m->scale_b = cfk__topk_decay(m->a->half_life, b->landmark, out->landmark);
}

static int merge_into(cfk_topk *out, struct merge *m, struct cfk_error *err)
{
    const struct cfk_alloc *alloc = &out->alloc;
    size_t both = (size_t)m->a->used + m->b->used;
    struct cfk__topk_candidate *heap =
        cfk__calloc(alloc, out->counter_count, sizeof *heap);
    int rc;

    m->joints = cfk__calloc(alloc, both, sizeof *m->joints);
    if (heap == NULL || m->joints == NULL) {
        rc = cfk__fail(err, CFK_E_NOMEM, "topk: no memory to merge %zu counters", both);
    } else {
        align(m, out);
        m->most_a = scaled(m, cfk__topk_most_error(m->a), m->scale_a);
        m->most_b = scaled(m, cfk__topk_most_error(m->b), m->scale_b);
        out->offset = cfk__topk_sum(m->decayed, m->most_a, m->most_b);
        out->total = cfk__topk_sum(m->decayed, scaled(m, m->a->total, m->scale_a),
                                   scaled(m, m->b->total, m->scale_b));
        out->noise = cfk__topk_sum(m->decayed, scaled(m, m->a->noise, m->scale_a),
                                   scaled(m, m->b->noise, m->scale_b));
        out->evictions = m->a->evictions + m->b->evictions;
        out->sweeps = m->a->sweeps + m->b->sweeps;
        join_all(m);
        add_cells(m, out);
        rc = settle(m, out, heap, err);
    }
    cfk__free(alloc, m->joints);
    cfk__free(alloc, heap);
    return rc;
}

static int check_alike(const cfk_topk *a, const cfk_topk *b, struct cfk_error *err)
{
    if (a == b)
        return cfk__fail(err, CFK_E_INVALID,
                         "topk: a sketch cannot be merged into itself");
    if (a->counter_count != b->counter_count)
        return cfk__fail(
            err, CFK_E_INVALID, "topk: sketches of %lu and %lu counters cannot be merged",
            (unsigned long)a->counter_count, (unsigned long)b->counter_count);
    if (a->row_mask != b->row_mask)
        return cfk__fail(err, CFK_E_INVALID,
                         "topk: sketches of %zu and %zu cells cannot be merged",
                         cfk__topk_cell_count(a), cfk__topk_cell_count(b));
    if (a->half_life != b->half_life)
        return cfk__fail(err, CFK_E_INVALID,
                         "topk: sketches with half-lives of %lld and %lld ns cannot be "
                         "merged",
                         (long long)a->half_life, (long long)b->half_life);
    if (a->hasher.seed[0] != b->hasher.seed[0] || a->hasher.seed[1] != b->hasher.seed[1])
        return cfk__fail(err, CFK_E_INVALID,
                         "topk: sketches with different seeds cannot be merged");
    for (uint32_t i = 0; i < b->used; i++)
        if (b->counters[i].key.len > a->max_key_bytes)
            return cfk__fail(err, CFK_E_INVALID,
                             "topk: a key of %lu bytes to be merged; %lu is the most",
                             (unsigned long)b->counters[i].key.len,
                             (unsigned long)a->max_key_bytes);
    return CFK_OK;
}

int cfk_topk_merge(cfk_topk *top, const cfk_topk *from, struct cfk_error *err)
{
    struct merge m = { .a = top, .b = from, .decayed = cfk__topk_decays(top) };
    cfk_topk *out;
    int rc = check_alike(top, from, err);

    if (rc == CFK_OK)
        rc = cfk__topk_like(top, &out, err);
    if (rc != CFK_OK)
        return rc;
    out->hasher = top->hasher;
    cfk__topk_choose_ways(out);
    rc = merge_into(out, &m, err);
    if (rc == CFK_OK) {
        cfk_topk before = *top;

        *top = *out;
        *out = before;
    }
    cfk_topk_free(out);
    return rc;
}
