/* SPDX-License-Identifier: MIT */
/* The queue between two threads: alone against a model, then with two threads. */
#include "structures/ring.h"

#include "checked.h"
#include "gen.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>

static cfk_spsc *queue_of(size_t capacity)
{
    struct cfk_ring_options opts = { .size = sizeof opts,
                                     .capacity = capacity,
                                     .item_size = sizeof(uint64_t) };
    cfk_spsc *queue;

    ck_assert_int_eq(cfk_spsc_new(&opts, &queue, NULL), CFK_OK);
    return queue;
}

/* Items are numbers in their order, so that pushed and popped say all. */
static void run_alone(cfk_spsc *queue, size_t capacity, struct gen *g, int steps)
{
    uint64_t pushed = 0;
    uint64_t popped = 0;
    uint64_t items[64];

    for (int step = 0; step < steps; step++) {
        size_t count = gen_below(g, gen_below(g, 4) == 0 ? 64 : 3);
        uint64_t room = capacity - (pushed - popped);
        int64_t done;

        if (gen_below(g, 2) == 0) {
            for (size_t i = 0; i < count; i++)
                items[i] = pushed + i;
            done = cfk_spsc_push(queue, items, count);
            ck_assert_int_eq(done, (int64_t)(count < room ? count : room));
            pushed += (uint64_t)done;
        } else {
            done = cfk_spsc_pop(queue, items, count);
            ck_assert_int_eq(
                done, (int64_t)(count < pushed - popped ? count : pushed - popped));
            for (int64_t i = 0; i < done; i++)
                ck_assert_uint_eq(items[i], popped++);
        }
        ck_assert_uint_eq(cfk_spsc_count(queue), pushed - popped);
    }
}

START_TEST(it_equals_a_model_at_any_capacity)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct gen g;
        size_t capacity;
        cfk_spsc *queue;

        gen_seed(&g, seed);
        capacity = 1 + gen_below(&g, 40);
        queue = queue_of(capacity);
        ck_assert_uint_eq(cfk_spsc_capacity(queue), capacity);
        run_alone(queue, capacity, &g, 500);
        cfk_spsc_free(queue);
    }
}
END_TEST

START_TEST(indices_may_pass_two_to_the_sixty_fourth)
{
    for (size_t capacity = 1; capacity <= 9; capacity++) {
        for (uint64_t before = 0; before < 20; before++) {
            cfk_spsc *queue = queue_of(capacity);
            struct gen g;

            gen_seed(&g, before);
            cfk__spsc_begin_at(queue, 0 - before);
            run_alone(queue, capacity, &g, 60);
            cfk_spsc_free(queue);
        }
    }
}
END_TEST

START_TEST(what_is_in_a_closed_queue_can_be_had)
{
    cfk_spsc *queue = queue_of(4);
    uint64_t items[4] = { 1, 2, 3, 4 };

    ck_assert_int_eq(cfk_spsc_pop(queue, items, 4), 0);
    ck_assert_int_eq(cfk_spsc_push(queue, items, 3), 3);
    cfk_spsc_close(queue);
    ck_assert_int_eq(cfk_spsc_push(queue, items, 1), CFK_E_STATE);
    ck_assert_int_eq(cfk_spsc_pop(queue, items, 2), 2);
    ck_assert_int_eq(cfk_spsc_pop(queue, items, 2), 1);
    ck_assert_uint_eq(items[0], 3);
    ck_assert_int_eq(cfk_spsc_pop(queue, items, 2), CFK_E_STATE);
    cfk_spsc_close(queue);
    cfk_spsc_free(queue);
}
END_TEST

#define ITEMS ((uint64_t)(CHECKED ? 20000 : 200000))

struct flow {
    cfk_spsc *queue;
    uint64_t batch;
    uint64_t sent; /* the pushing thread's */
};

/* Push numbers until the other side is gone, or all are pushed. */
static void *push_numbers(void *ctx)
{
    struct flow *flow = ctx;
    uint64_t items[32];

    while (flow->sent < ITEMS) {
        int64_t done;

        for (uint64_t i = 0; i < flow->batch; i++)
            items[i] = flow->sent + i;
        done = cfk_spsc_push(flow->queue, items, flow->batch);
        if (done < 0)
            return NULL;
        if (done == 0)
            sched_yield();
        flow->sent += (uint64_t)done;
    }
    cfk_spsc_close(flow->queue);
    return NULL;
}

static void run_together(size_t capacity, uint64_t batch, size_t max, uint64_t begin)
{
    struct flow flow = { .queue = queue_of(capacity), .batch = batch };
    uint64_t items[32];
    uint64_t next = 0;
    int64_t done;
    pthread_t thread;

    cfk__spsc_begin_at(flow.queue, begin);
    ck_assert_int_eq(pthread_create(&thread, NULL, push_numbers, &flow), 0);
    do {
        done = cfk_spsc_pop(flow.queue, items, max);
        for (int64_t i = 0; i < done; i++)
            if (items[i] != next++)
                ck_abort_msg("item %llu came as %llu", (unsigned long long)next - 1,
                             (unsigned long long)items[i]);
        if (done == 0)
            sched_yield();
        ck_assert_uint_le(cfk_spsc_count(flow.queue), capacity);
    } while (done >= 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(done, CFK_E_STATE);
    ck_assert_uint_eq(next, flow.sent);
    ck_assert_uint_ge(next, ITEMS);
    cfk_spsc_free(flow.queue);
}

START_TEST(two_threads_lose_nothing_and_keep_the_order)
{
    run_together(1, 1, 1, 0);
    run_together(1000, 1, 1, 0);
    run_together(100, 7, 32, 0 - (uint64_t)ITEMS / 2);
    run_together(64, 32, 5, 0);
}
END_TEST

START_TEST(a_thread_learns_that_the_other_is_gone)
{
    struct flow flow = { .queue = queue_of(10), .batch = 1 };
    uint64_t item;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, push_numbers, &flow), 0);
    for (int taken = 0; taken < 100;) {
        if (cfk_spsc_pop(flow.queue, &item, 1) == 1)
            taken++;
        else
            sched_yield();
    }
    cfk_spsc_close(flow.queue);
    pthread_join(thread, NULL);
    ck_assert_uint_lt(flow.sent, ITEMS);
    cfk_spsc_free(flow.queue);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        it_equals_a_model_at_any_capacity,
        indices_may_pass_two_to_the_sixty_fourth,
        what_is_in_a_closed_queue_can_be_had,
        two_threads_lose_nothing_and_keep_the_order,
        a_thread_learns_that_the_other_is_gone,
        NULL,
    };
    Suite *suite = suite_create("structures/spsc");

    suite_add_tcase(suite, unit_case("spsc", tests));
    return suite;
}
