/* SPDX-License-Identifier: MIT */
#include "cfkit/ring.h"
#include "checked.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <stdbool.h>
#include <string.h>

static cfk_ring *ring_of(size_t capacity, size_t item_size)
{
    struct cfk_ring_options opts = { .size = sizeof opts,
                                     .capacity = capacity,
                                     .item_size = item_size };
    cfk_ring *ring;

    ck_assert_int_eq(cfk_ring_new(&opts, &ring, NULL), CFK_OK);
    return ring;
}

START_TEST(a_push_takes_the_place_of_the_oldest)
{
    cfk_ring *ring = ring_of(3, sizeof(int));
    int lost = -1;
    int item;

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(cfk_ring_push(ring, &i, &lost), 0);
    ck_assert_int_eq(lost, -1);
    for (int i = 3; i < 8; i++) {
        ck_assert_int_eq(cfk_ring_push(ring, &i, &lost), 1);
        ck_assert_int_eq(lost, i - 3);
    }
    item = 8;
    ck_assert_int_eq(cfk_ring_push(ring, &item, NULL), 1);
    ck_assert_int_eq(cfk_ring_offer(ring, &item), 0);
    ck_assert_int_eq(cfk_ring_pop_newest(ring, &item), 1);
    ck_assert_int_eq(item, 8);
    ck_assert_int_eq(cfk_ring_pop(ring, &item), 1);
    ck_assert_int_eq(item, 6);
    ck_assert_int_eq(cfk_ring_offer(ring, &item), 1);
    ck_assert_int_eq(*(const int *)cfk_ring_at(ring, 0), 7);
    ck_assert_int_eq(*(const int *)cfk_ring_at(ring, 1), 6);
    ck_assert_ptr_null(cfk_ring_at(ring, 2));
    ck_assert_ptr_null(cfk_ring_at(ring, SIZE_MAX));
    cfk_ring_clear(ring);
    ck_assert_uint_eq(cfk_ring_count(ring), 0);
    ck_assert_int_eq(cfk_ring_pop(ring, &item), 0);
    ck_assert_int_eq(cfk_ring_pop_newest(ring, NULL), 0);
    cfk_ring_free(ring);
}
END_TEST

START_TEST(a_ring_of_one_holds_one)
{
    cfk_ring *ring = ring_of(1, 1);
    char item = 'a';
    char lost = 0;

    ck_assert_int_eq(cfk_ring_offer(ring, &item), 1);
    ck_assert_int_eq(cfk_ring_offer(ring, &item), 0);
    item = 'b';
    ck_assert_int_eq(cfk_ring_push(ring, &item, &lost), 1);
    ck_assert_int_eq(lost, 'a');
    ck_assert_int_eq(cfk_ring_pop(ring, &item), 1);
    ck_assert_int_eq(item, 'b');
    ck_assert_int_eq(cfk_ring_pop(ring, &item), 0);
    ck_assert_uint_eq(cfk_ring_push_many(ring, "xyz", 3), 2);
    ck_assert_int_eq(cfk_ring_pop_newest(ring, &item), 1);
    ck_assert_int_eq(item, 'z');
    cfk_ring_free(ring);
}
END_TEST

/* What a ring is: a list, oldest first. Items are numbers that only grow. */
struct model {
    uint32_t items[64];
    size_t count;
    size_t capacity;
    uint32_t next;
};

static uint32_t model_remove(struct model *m, size_t place)
{
    uint32_t item = m->items[place];

    m->count--;
    memmove(&m->items[place], &m->items[place + 1], (m->count - place) * sizeof item);
    return item;
}

static bool model_push(struct model *m, uint32_t *evicted)
{
    bool full = m->count == m->capacity;

    if (full)
        *evicted = model_remove(m, 0);
    m->items[m->count++] = m->next++;
    return full;
}

static void expect_same(const cfk_ring *ring, const struct model *m)
{
    ck_assert_uint_eq(cfk_ring_count(ring), m->count);
    for (size_t i = 0; i < m->count; i++)
        if (memcmp(cfk_ring_at(ring, i), &m->items[i], sizeof m->items[i]) != 0)
            ck_abort_msg("item %zu of %zu is wrong", i, m->count);
    ck_assert_ptr_null(cfk_ring_at(ring, m->count));
}

static void push_many(cfk_ring *ring, struct model *m, size_t count, bool lossy)
{
    uint32_t items[128];
    uint32_t evicted;
    size_t done = 0;

    for (size_t i = 0; i < count; i++)
        items[i] = m->next + (uint32_t)i;
    if (lossy) {
        for (size_t i = 0; i < count; i++)
            done += model_push(m, &evicted);
        ck_assert_uint_eq(cfk_ring_push_many(ring, items, count), done);
        return;
    }
    while (done < count && m->count < m->capacity) {
        model_push(m, &evicted);
        done++;
    }
    ck_assert_uint_eq(cfk_ring_offer_many(ring, items, count), done);
}

static void pop_many(cfk_ring *ring, struct model *m, size_t max)
{
    uint32_t items[128];
    size_t wanted = max < m->count ? max : m->count;

    ck_assert_uint_eq(cfk_ring_pop_many(ring, items, max), wanted);
    for (size_t i = 0; i < wanted; i++)
        ck_assert_uint_eq(items[i], model_remove(m, 0));
}

enum { CLEAR = 8, OPERATIONS };

static void operate(cfk_ring *ring, struct model *m, unsigned operation, size_t many)
{
    uint32_t wanted = 0;
    uint32_t got = 0;

    switch (operation) {
    case 0: {
        uint32_t item = m->next;
        bool full = model_push(m, &wanted);

        ck_assert_int_eq(cfk_ring_push(ring, &item, &got), full);
        break;
    }
    case 1:
        got = wanted = m->next;
        ck_assert_int_eq(cfk_ring_offer(ring, &got), m->count < m->capacity);
        if (m->count < m->capacity)
            model_push(m, &wanted);
        break;
    case 2:
        ck_assert_int_eq(cfk_ring_pop(ring, &got), m->count > 0);
        if (m->count > 0)
            wanted = model_remove(m, 0);
        break;
    case 3:
        ck_assert_int_eq(cfk_ring_pop_newest(ring, &got), m->count > 0);
        if (m->count > 0)
            wanted = model_remove(m, m->count - 1);
        break;
    case 4: push_many(ring, m, many, true); break;
    case 5: push_many(ring, m, many, false); break;
    case 6: pop_many(ring, m, many); break;
    case 7:
        ck_assert_uint_eq(cfk_ring_pop_many(ring, NULL, 1), m->count > 0);
        if (m->count > 0)
            model_remove(m, 0);
        break;
    default: cfk_ring_clear(ring); m->count = 0;
    }
    ck_assert_uint_eq(got, wanted);
    expect_same(ring, m);
}

START_TEST(every_short_sequence_equals_the_model)
{
    enum { STEPS = 4, ALL = OPERATIONS * OPERATIONS * OPERATIONS * OPERATIONS };

    for (size_t capacity = 1; capacity <= 3; capacity++) {
        for (unsigned sequence = 0; sequence < ALL; sequence += CHECKED ? 7 : 1) {
            struct model m = { .capacity = capacity };
            cfk_ring *ring = ring_of(capacity, sizeof m.next);
            unsigned rest = sequence;

            for (int step = 0; step < STEPS; step++, rest /= OPERATIONS)
                operate(ring, &m, rest % OPERATIONS, 2);
            cfk_ring_free(ring);
        }
    }
}
END_TEST

START_TEST(long_sequences_equal_the_model)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct model m = { .next = 1 };
        cfk_ring *ring;
        struct gen g;

        gen_seed(&g, seed);
        m.capacity = 1 + gen_below(&g, 40);
        ring = ring_of(m.capacity, sizeof m.next);
        for (int step = 0; step < 500; step++)
            operate(ring, &m,
                    (unsigned)gen_below(&g, gen_below(&g, 20) > 0 ? CLEAR : OPERATIONS),
                    gen_below(&g, 64));
        cfk_ring_free(ring);
    }
}
END_TEST

START_TEST(items_have_any_size)
{
    static const size_t sizes[] = { 1, 3, 7, 8, 24, 1000 };

    for (int s = 0; s < 6; s++) {
        cfk_ring *ring = ring_of(5, sizes[s]);
        uint8_t item[1000];

        for (int i = 0; i < 20; i++) {
            memset(item, i, sizeof item);
            cfk_ring_push(ring, item, NULL);
        }
        for (int i = 15; i < 20; i++) {
            memset(item, 0xff, sizeof item);
            ck_assert_int_eq(cfk_ring_pop(ring, item), 1);
            ck_assert_uint_eq(item[0], (uint8_t)i);
            ck_assert_uint_eq(item[sizes[s] - 1], (uint8_t)i);
            ck_assert(sizes[s] == 1000 || item[sizes[s]] == 0xff);
        }
        cfk_ring_free(ring);
    }
}
END_TEST

START_TEST(options_have_limits)
{
    struct cfk_ring_options opts = { .size = sizeof opts };
    struct cfk_error err = { 0 };
    cfk_ring *ring = (cfk_ring *)&opts;
    cfk_spsc *queue = (cfk_spsc *)&opts;

    opts.capacity = ((size_t)1 << 30) + 1;
    unit_expect_error(cfk_ring_new(&opts, &ring, &err), CFK_E_INVALID, &err, "items");
    ck_assert_ptr_null(ring);
    unit_expect_error(cfk_spsc_new(&opts, &queue, &err), CFK_E_INVALID, &err, "items");
    ck_assert_ptr_null(queue);
    opts.capacity = SIZE_MAX;
    unit_expect_error(cfk_ring_new(&opts, &ring, &err), CFK_E_INVALID, &err, "items");
    opts.capacity = 1;
    opts.item_size = ((size_t)1 << 30) + 1;
    unit_expect_error(cfk_ring_new(&opts, &ring, &err), CFK_E_INVALID, &err, "bytes");
    opts.size = 0;
    unit_expect_error(cfk_ring_new(&opts, &ring, &err), CFK_E_INVALID, &err, "size");
    ck_assert_int_eq(cfk_ring_new(NULL, &ring, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_ring_capacity(ring), 1024);
    cfk_ring_free(ring);
    ck_assert_int_eq(cfk_spsc_new(NULL, &queue, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_spsc_capacity(queue), 1024);
    cfk_spsc_free(queue);
    cfk_ring_free(NULL);
    cfk_spsc_free(NULL);
}
END_TEST

static int use(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_ring_options opts = { .size = sizeof opts, .alloc = alloc };
    struct cfk_error err = { 0 };
    cfk_spsc *queue = NULL;
    cfk_ring *ring = NULL;
    int rc = *(bool *)ctx ? cfk_spsc_new(&opts, &queue, &err)
                          : cfk_ring_new(&opts, &ring, &err);

    if (rc != CFK_OK)
        unit_expect_error(rc, CFK_E_NOMEM, &err, "no memory");
    cfk_spsc_free(queue);
    cfk_ring_free(ring);
    return rc;
}

START_TEST(failed_allocations_leave_nothing)
{
    bool spsc = false;

    fault_sweep(use, &spsc, 2);
    spsc = true;
    fault_sweep(use, &spsc, 2);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_push_takes_the_place_of_the_oldest,
        a_ring_of_one_holds_one,
        every_short_sequence_equals_the_model,
        long_sequences_equal_the_model,
        items_have_any_size,
        options_have_limits,
        failed_allocations_leave_nothing,
        NULL,
    };
    Suite *suite = suite_create("structures/ring");

    suite_add_tcase(suite, unit_case("ring", tests));
    return suite;
}
