/* SPDX-License-Identifier: MIT */
/*
 * Upgrades under load, by a server that upgrades itself: nothing fails, whoever
 * dies when. A few of each here; bench/upgrade_load does a thousand.
 */
#include "chain.h"
#include "gen.h"
#include "helper.h"
#include "load.h"
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *server[] = { NULL, "--helper", "web", NULL, NULL };

static struct chain begin(const char *argument)
{
    struct chain c;

    server[0] = helper_program();
    server[3] = argument;
    ck_assert_int_eq(chain_begin(&c, server), 0);
    return c;
}

static void end(struct chain *c)
{
    chain_end(c);
    ck_assert_uint_eq(chain_reap(), 0);
}

static void expect_nothing_failed(const struct load_counts *n)
{
    printf("%llu requests: %llu refused, %llu reset, %llu cut, %llu late, %llu other; "
           "%llu kept, %llu stale\n",
           (unsigned long long)n->requests, (unsigned long long)n->refused,
           (unsigned long long)n->reset, (unsigned long long)n->cut,
           (unsigned long long)n->timeout, (unsigned long long)n->other,
           (unsigned long long)n->kept, (unsigned long long)n->stale);
    ck_assert_uint_gt(n->requests, 0);
    ck_assert_uint_eq(load_failed(n), 0);
    ck_assert_uint_eq(n->stale, 0);
}

/* Blind clients that keep connections alive, and new connections. */
START_TEST(no_request_fails)
{
    struct chain c = begin("0 0");
    const struct load_options options = { c.to, 300, 16, 20 };
    struct load *load = load_start(&options);
    struct load_counts counts;

    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(chain_upgrade(&c), 0);
    counts = load_stop(load);
    ck_assert_uint_eq(c.generation, 10);
    ck_assert_uint_gt(counts.kept, 0);
    expect_nothing_failed(&counts);
    end(&c);
}
END_TEST

START_TEST(no_request_fails_with_a_probation)
{
    struct chain c = begin("20 0");
    const struct load_options options = { c.to, 300, 16, 20 };
    struct load *load = load_start(&options);
    struct load_counts counts;

    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(chain_upgrade(&c), 0);
    counts = load_stop(load);
    expect_nothing_failed(&counts);
    end(&c);
}
END_TEST

/* New ones that take over and die: the old one pauses and resumes each time. */
START_TEST(no_request_fails_when_each_new_process_dies_in_its_probation)
{
    struct chain c = begin("60000 2");
    const struct load_options options = { c.to, 300, 8, 20 };
    struct load *load = load_start(&options);
    struct load_counts counts;
    int first = c.serving;

    for (int i = 0; i < 20; i++) {
        enum chain_word word;

        ck_assert_int_eq(chain_start(&c), 0);
        do {
            word = chain_hear(&c, 60000);
            ck_assert_int_ne(word, CHAIN_SILENCE);
            ck_assert_int_ne(word, CHAIN_REPLACED);
        } while (word != CHAIN_FAILED);
        c.serving = first;
    }
    counts = load_stop(load);
    expect_nothing_failed(&counts);
    end(&c);
}
END_TEST

/* Scenarios 10 and 11. What the dead one had accepted is lost, but nobody is refused. */
START_TEST(the_old_process_may_die_at_any_moment)
{
    struct chain c = begin("0 0");
    const struct load_options options = { c.to, 300, 0, 0 };
    struct load *load = load_start(&options);
    struct load_counts counts;
    struct gen g;

    gen_seed(&g, 9);
    for (int i = 0; i < 25; i++)
        ck_assert_int_eq(chain_kill_old(&c, gen_below(&g, 2000000)), 0);
    ck_assert_int_eq(chain_upgrade(&c), 0);
    counts = load_stop(load);
    ck_assert_uint_eq(counts.refused, 0);
    ck_assert_uint_eq(counts.timeout, 0);
    end(&c);
}
END_TEST

/* Scenario 3 at random instants. */
START_TEST(the_new_process_may_die_at_any_moment)
{
    struct chain c = begin("60000 0");
    const struct load_options options = { c.to, 300, 0, 0 };
    struct load *load = load_start(&options);
    struct load_counts counts;
    struct gen g;

    gen_seed(&g, 10);
    for (int i = 0; i < 25; i++)
        ck_assert_int_eq(chain_kill_new(&c, gen_below(&g, 2000000)), 0);
    counts = load_stop(load);
    ck_assert_uint_eq(counts.refused, 0);
    ck_assert_uint_eq(counts.timeout, 0);
    end(&c);
}
END_TEST

/* Scenario 12. */
START_TEST(an_old_process_that_is_stopped_does_no_harm)
{
    struct chain c = begin("0 0");
    const struct load_options options = { c.to, 100, 0, 0 };
    struct load_counts counts;
    struct load *load;
    int old = c.serving;

    ck_assert_int_eq(chain_upgrade(&c), 0);
    kill(old, SIGSTOP); /* if it has not ended yet */
    load = load_start(&options);
    poll(NULL, 0, 300);
    counts = load_stop(load);
    expect_nothing_failed(&counts);
    kill(old, SIGCONT);
    end(&c);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        no_request_fails,
        no_request_fails_with_a_probation,
        no_request_fails_when_each_new_process_dies_in_its_probation,
        the_old_process_may_die_at_any_moment,
        the_new_process_may_die_at_any_moment,
        an_old_process_that_is_stopped_does_no_harm,
        NULL,
    };
    Suite *suite = suite_create("upgrade/load");

    suite_add_tcase(suite, unit_case("load", tests));
    return suite;
}
