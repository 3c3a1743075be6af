/* SPDX-License-Identifier: MIT */
/* Letting go of connections: by count, by time, and from several threads. */
#include "cfkit/drain.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>

static const uint64_t MS = 1000000;

static cfk_drain *make(uint64_t linger_ns, uint64_t deadline_ns)
{
    struct cfk_drain_options opts = { .size = sizeof opts,
                                      .linger_ns = linger_ns,
                                      .deadline_ns = deadline_ns };
    cfk_drain *d;

    ck_assert_int_eq(cfk_drain_new(&opts, &d, NULL), CFK_OK);
    return d;
}

static bool readable(const cfk_drain *d)
{
    struct pollfd p = { .fd = cfk_drain_fd(d), .events = POLLIN };

    return poll(&p, 1, 0) == 1;
}

START_TEST(a_drain_lingers_then_closes_then_expires)
{
    cfk_drain *d = make(0, 0); /* 200 ms, 30 s */
    uint64_t t = 5000 * MS;

    cfk_drain_enter(d);
    ck_assert_int_eq(cfk_drain_should_close(d), 0);
    ck_assert_int_eq(cfk_drain_state(d, t), CFK_DRAIN_RUNNING);
    ck_assert_uint_eq(cfk_drain_timeout_ns(d, t), UINT64_MAX);
    ck_assert_int_eq(cfk_drain_begin(d, t, NULL), CFK_OK);
    ck_assert_int_eq(cfk_drain_should_close(d), 1);
    ck_assert_int_eq(cfk_drain_state(d, t), CFK_DRAIN_LINGERING);
    ck_assert_uint_eq(cfk_drain_timeout_ns(d, t), 200 * MS);
    ck_assert_int_eq(cfk_drain_state(d, t + 200 * MS - 1), CFK_DRAIN_LINGERING);
    ck_assert_uint_eq(cfk_drain_timeout_ns(d, t + 200 * MS - 1), 1);
    ck_assert_int_eq(cfk_drain_begin(d, t + 100 * MS, NULL), CFK_OK); /* no second one */
    ck_assert_int_eq(cfk_drain_state(d, t + 200 * MS), CFK_DRAIN_CLOSING);
    ck_assert_uint_eq(cfk_drain_timeout_ns(d, t + 200 * MS), 29800 * MS);
    ck_assert_int_eq(cfk_drain_state(d, t + 30000 * MS - 1), CFK_DRAIN_CLOSING);
    ck_assert_int_eq(cfk_drain_state(d, t + 30000 * MS), CFK_DRAIN_EXPIRED);
    ck_assert_uint_eq(cfk_drain_timeout_ns(d, t + 30000 * MS), 0);
    ck_assert_uint_eq(cfk_drain_count(d), 1);
    ck_assert(!readable(d));
    cfk_drain_leave(d);
    ck_assert(readable(d));
    ck_assert_int_eq(cfk_drain_state(d, t), CFK_DRAIN_DONE);
    cfk_drain_free(d);
}
END_TEST

START_TEST(a_drain_without_connections_is_over_at_once)
{
    cfk_drain *d = make(1, 2);

    ck_assert(!readable(d));
    cfk_drain_enter(d);
    cfk_drain_leave(d);
    ck_assert(!readable(d)); /* no drain yet */
    ck_assert_int_eq(cfk_drain_begin(d, 0, NULL), CFK_OK);
    ck_assert(readable(d));
    ck_assert_int_eq(cfk_drain_state(d, 0), CFK_DRAIN_DONE);
    ck_assert_uint_eq(cfk_drain_timeout_ns(d, 0), 0);
    cfk_drain_free(d);
    cfk_drain_free(NULL);
}
END_TEST

START_TEST(a_drain_can_be_taken_back)
{
    cfk_drain *d = make(MS, 2 * MS);

    ck_assert_int_eq(cfk_drain_begin(d, 7, NULL), CFK_OK);
    ck_assert(readable(d));
    cfk_drain_resume(d);
    ck_assert(!readable(d));
    ck_assert_int_eq(cfk_drain_state(d, 10 * MS), CFK_DRAIN_RUNNING);
    cfk_drain_enter(d);
    ck_assert_int_eq(cfk_drain_begin(d, 20 * MS, NULL), CFK_OK);
    ck_assert_int_eq(cfk_drain_state(d, 20 * MS), CFK_DRAIN_LINGERING);
    cfk_drain_free(d);
}
END_TEST

START_TEST(limits_of_time)
{
    cfk_drain *d = make(10, 4);
    struct cfk_error err;

    cfk_drain_enter(d);
    unit_expect_error(cfk_drain_begin(d, UINT64_MAX - 5, &err), CFK_E_INVALID, &err,
                      "beyond all time");
    ck_assert_int_eq(cfk_drain_state(d, 0), CFK_DRAIN_RUNNING);
    ck_assert_int_eq(cfk_drain_begin(d, UINT64_MAX - 6, &err), CFK_OK);
    /* A linger time beyond the deadline ends with it; a clock that goes back waits. */
    ck_assert_uint_eq(cfk_drain_timeout_ns(d, UINT64_MAX - 6), 4);
    ck_assert_int_eq(cfk_drain_state(d, 3), CFK_DRAIN_LINGERING);
    ck_assert_int_eq(cfk_drain_state(d, UINT64_MAX - 2), CFK_DRAIN_EXPIRED);
    cfk_drain_free(d);
    d = make(1, UINT64_MAX);
    ck_assert_int_eq(cfk_drain_begin(d, 0, &err), CFK_E_INVALID);
    cfk_drain_free(d);
}
END_TEST

/* The count decides, whatever the order of what happens. */
START_TEST(a_model_agrees)
{
    struct gen g;

    gen_seed(&g, 77);
    for (int round = 0; round < 200; round++) {
        uint64_t linger = 1 + gen_below(&g, 50);
        uint64_t deadline = linger + 1 + gen_below(&g, 100);
        uint64_t now = gen_below(&g, 1000);
        uint64_t begun = UINT64_MAX;
        uint64_t count = 0;
        cfk_drain *d = make(linger, deadline);

        for (int step = 0; step < 200; step++) {
            int expected = CFK_DRAIN_RUNNING;

            switch (gen_below(&g, 8)) {
            case 0:
                cfk_drain_begin(d, now, NULL);
                begun = begun == UINT64_MAX ? now : begun;
                break;
            case 1:
                cfk_drain_resume(d);
                begun = UINT64_MAX;
                break;
            case 2:
            case 3:
                cfk_drain_enter(d);
                count++;
                break;
            case 4:
            case 5:
                if (count > 0) {
                    cfk_drain_leave(d);
                    count--;
                }
                break;
            default: now += gen_below(&g, 20); break;
            }
            if (begun != UINT64_MAX)
                expected = count == 0                ? CFK_DRAIN_DONE
                           : now - begun >= deadline ? CFK_DRAIN_EXPIRED
                           : now - begun >= linger   ? CFK_DRAIN_CLOSING
                                                     : CFK_DRAIN_LINGERING;
            ck_assert_int_eq(cfk_drain_state(d, now), expected);
            ck_assert_uint_eq(cfk_drain_count(d), count);
            if (expected == CFK_DRAIN_DONE)
                ck_assert(readable(d));
        }
        cfk_drain_free(d);
    }
}
END_TEST

enum { THREADS = 4, CONNECTIONS = 2000 };

static void *serve(void *ctx)
{
    cfk_drain *d = ctx;

    for (int i = 0; i < CONNECTIONS; i++) {
        cfk_drain_enter(d);
        cfk_drain_should_close(d);
        cfk_drain_leave(d);
    }
    return NULL;
}

START_TEST(threads_share_a_drain)
{
    for (int round = 0; round < 20; round++) {
        cfk_drain *d = make(MS, 1000000 * MS);
        pthread_t threads[THREADS];

        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, serve, d), 0);
        ck_assert_int_eq(cfk_drain_begin(d, 1, NULL), CFK_OK);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        ck_assert_int_eq(cfk_drain_state(d, 1), CFK_DRAIN_DONE);
        ck_assert(readable(d)); /* whoever was last has said so */
        cfk_drain_free(d);
    }
}
END_TEST

static int make_and_free(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_drain_options opts = { .size = sizeof opts, .alloc = alloc };
    cfk_drain *d;
    int rc = cfk_drain_new(&opts, &d, NULL);

    (void)ctx;
    cfk_drain_free(d);
    return rc;
}

START_TEST(making_one_survives_allocation_failures)
{
    struct cfk_drain_options opts = { .size = 0 };
    cfk_drain *d;

    fault_sweep(make_and_free, NULL, 1);
    ck_assert_int_eq(cfk_drain_new(&opts, &d, NULL), CFK_E_INVALID);
    ck_assert_ptr_null(d);
    ck_assert_int_eq(cfk_drain_new(NULL, &d, NULL), CFK_OK);
    cfk_drain_free(d);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_drain_lingers_then_closes_then_expires,
        a_drain_without_connections_is_over_at_once,
        a_drain_can_be_taken_back,
        limits_of_time,
        a_model_agrees,
        threads_share_a_drain,
        making_one_survives_allocation_failures,
        NULL,
    };
    Suite *suite = suite_create("upgrade/drain");

    suite_add_tcase(suite, unit_case("drain", tests));
    return suite;
}
