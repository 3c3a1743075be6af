/* SPDX-License-Identifier: MIT */
/* A process that holds the sockets for servers that come and go. */
#define _GNU_SOURCE /* setitimer */

#include "gen.h"
#include "helper.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct cfk_upgrade_options holder_options(void)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags = CFK_UPGRADE_HOLDER };

    return opts;
}

START_TEST(servers_follow_each_other)
{
    struct cfk_upgrade_options opts = holder_options();
    struct cfk_upgrade_event event;
    struct subject s;
    int former = 0;

    subject_new(&s, &opts);
    ck_assert_uint_eq(cfk_upgrade_generation(s.u), 0);
    for (uint32_t i = 1; i <= 20; i++) {
        ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
        event = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
        ck_assert_uint_eq(event.generation, i);
        ck_assert_uint_eq(cfk_upgrade_generation(s.u), i);
        ck_assert_int_ne(event.pid, former);
        if (former != 0) {
            int next = event.pid;

            event = subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED);
            ck_assert_int_eq(event.pid, former);
            ck_assert_int_eq(event.status, SIGTERM);
            ck_assert_uint_eq(event.forced, 0);
            former = next;
        } else {
            former = event.pid;
        }
    }
    subject_free(&s);
    ck_assert(runs(former));
    kill(former, SIGKILL);
}
END_TEST

START_TEST(the_server_goes_on_when_the_next_fails)
{
    struct cfk_upgrade_options opts = holder_options();
    struct cfk_upgrade_event event;
    struct subject s;
    unsigned fds;
    int pid;

    subject_new(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    pid = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid;
    fds = open_fds();
    ck_assert_int_eq(subject_start(&s, "exit", "6"), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_int_eq(event.status, 6);
    ck_assert_int_eq(subject_start(&s, "nonsense", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_PROTOCOL);
    subject_expect_quiet(&s);
    ck_assert_uint_eq(open_fds(), fds);
    ck_assert_uint_eq(cfk_upgrade_generation(s.u), 1);
    ck_assert(runs(pid));
    kill(pid, SIGKILL);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_EXITED, CFK_E_KILLED);
    ck_assert_int_eq(event.pid, pid);
    ck_assert_int_eq(event.status, SIGKILL);
    subject_free(&s);
}
END_TEST

START_TEST(a_server_that_does_not_stop_is_killed)
{
    struct cfk_upgrade_options opts = holder_options();
    struct cfk_upgrade_event event;
    struct subject s;

    opts.drain_ns = 50000000;
    subject_new(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "term-is-slow", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED);
    ck_assert_uint_eq(event.forced, 1);
    ck_assert_int_eq(event.status, SIGKILL);
    subject_free(&s);
}
END_TEST

START_TEST(the_stop_signal_is_a_choice)
{
    struct cfk_upgrade_options opts = holder_options();
    struct subject s;

    opts.stop_signal = SIGUSR2;
    subject_new(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, 0, &s.err), CFK_OK);
    ck_assert_int_eq(subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED).status,
                     SIGUSR2);
    subject_expect(&s, CFK_UPGRADE_EVENT_STOPPED, 0);
    subject_free(&s);
}
END_TEST

START_TEST(stop_during_an_upgrade_ends_both)
{
    struct cfk_upgrade_options opts = holder_options();
    struct subject s;

    subject_new(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "term-is-slow", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, 0, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_STOPPED);
    subject_expect_quiet(&s);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, CFK_UPGRADE_NOW, &s.err), CFK_OK);
    ck_assert_uint_eq(subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED).forced,
                      1);
    subject_expect(&s, CFK_UPGRADE_EVENT_STOPPED, 0);
    ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
    subject_free(&s);
}
END_TEST

START_TEST(stop_without_a_server_is_over_at_once)
{
    struct cfk_upgrade_options opts = holder_options();
    struct subject s;

    subject_new(&s, &opts);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, 0, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_STOPPED, 0);
    subject_free(&s);
}
END_TEST

START_TEST(a_server_with_the_library_runs_under_a_holder)
{
    struct cfk_upgrade_options opts = holder_options();
    char name[64];
    struct subject s;
    int pid;

    snprintf(name, sizeof name, "unix:@cfk-holder-%d", (int)getpid());
    subject_new(&s, &opts);
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "web", name, NULL, NULL, &s.err), CFK_OK);
    for (int i = 1; i <= 3; i++) {
        char line[64];

        ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
        snprintf(line, sizeof line,
                 "handle generation %d parent 1 count 2 report=3c web=4c", i);
        subject_expect_line(&s, line);
        pid = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid;
        subject_expect_line(&s, "committed count 2");
        snprintf(line, sizeof line, "generation %d pid %d", i, pid);
        if (i > 1)
            subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED);
        ck_assert_str_eq(ask_unix(name + 5), line);
    }
    cfk_upgrade_free(s.u);
    subject_expect_line(&s, "parent gone");
    ck_assert_ptr_nonnull(ask_unix(name + 5));
    kill(pid, SIGKILL);
    close(s.report);
}
END_TEST

START_TEST(two_hundred_upgrades_leave_nothing_behind)
{
    struct cfk_upgrade_options opts = holder_options();
    struct subject s;
    unsigned fds = 0;

    subject_new(&s, &opts);
    for (int i = 0; i < 200; i++) {
        ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
        subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
        if (i > 0)
            subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED);
        if (i == 0)
            fds = open_fds();
        ck_assert_uint_eq(open_fds(), fds);
    }
    ck_assert_int_eq(cfk_upgrade_stop(s.u, 0, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED);
    subject_expect(&s, CFK_UPGRADE_EVENT_STOPPED, 0);
    ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
    subject_free(&s);
}
END_TEST

/* The process that was started last, of those that are children of this one. */
static int newest_child(void)
{
    char path[64];
    FILE *file;
    int newest = 0;
    int pid;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "r");
    while (file != NULL && fscanf(file, "%d", &pid) == 1)
        newest = pid;
    if (file != NULL)
        fclose(file);
    return newest;
}

START_TEST(a_new_server_killed_at_any_moment_leaves_one_that_serves)
{
    struct cfk_upgrade_options opts = holder_options();
    struct cfk_upgrade_event event;
    struct subject s;
    struct gen g;
    int serving;
    int victim;

    gen_seed(&g, 10);
    subject_new(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    serving = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid;
    for (int i = 0; i < 100; i++) {
        struct timespec pause = { 0, (long)gen_below(&g, 1500000) };

        ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
        victim = newest_child();
        ck_assert_int_eq(cfk_upgrade_owns_pid(s.u, victim), 1);
        nanosleep(&pause, NULL);
        kill(victim, SIGKILL);
        event = subject_event(&s);
        ck_assert_int_eq(event.pid, victim);
        if (event.type == CFK_UPGRADE_EVENT_FAILED) {
            ck_assert_int_eq(event.reason, CFK_E_KILLED);
            ck_assert(runs(serving));
            continue;
        }
        /* It was told to be dead only after it had been ready: never a silent loss. */
        ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_READY);
        for (int both = 0; both < 2; both++) {
            event = subject_event(&s);
            ck_assert(event.type == CFK_UPGRADE_EVENT_EXITED ||
                      event.type == CFK_UPGRADE_EVENT_DRAINED);
        }
        ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
        serving = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid;
    }
    subject_free(&s);
}
END_TEST

static void do_nothing(int sig)
{
    (void)sig;
}

START_TEST(a_storm_of_signals_disturbs_nothing)
{
    struct cfk_upgrade_options opts = holder_options();
    struct itimerval storm = { { 0, 300 }, { 0, 300 } };
    struct sigaction action = { .sa_handler = do_nothing };
    struct subject s;

    sigaction(SIGALRM, &action, NULL);
    subject_new(&s, &opts);
    setitimer(ITIMER_REAL, &storm, NULL);
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(subject_start(&s, i % 2 == 0 ? "notify" : "exit", "1"), CFK_OK);
        if (i % 2 != 0) {
            subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
            continue;
        }
        subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
        if (i > 0)
            subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED);
    }
    storm = (struct itimerval){ { 0, 0 }, { 0, 0 } };
    setitimer(ITIMER_REAL, &storm, NULL);
    subject_free(&s);
}
END_TEST

START_TEST(closed_standard_streams_stay_closed)
{
    struct cfk_upgrade_options opts = holder_options();
    struct subject s;

    close(0);
    subject_new(&s, &opts);
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "web", "unix:@", NULL, NULL, &s.err),
                     CFK_E_INVALID);
    ck_assert_int_eq(
        cfk_upgrade_listen(s.u, "web", "tcp:127.0.0.1:0", NULL, NULL, &s.err), CFK_OK);
    ck_assert_int_eq(subject_start(&s, "look", ""), CFK_OK);
    subject_expect_line(&s, "fds 1 2 3 4 5");
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        servers_follow_each_other,
        the_server_goes_on_when_the_next_fails,
        a_server_that_does_not_stop_is_killed,
        the_stop_signal_is_a_choice,
        stop_during_an_upgrade_ends_both,
        stop_without_a_server_is_over_at_once,
        a_server_with_the_library_runs_under_a_holder,
        two_hundred_upgrades_leave_nothing_behind,
        a_new_server_killed_at_any_moment_leaves_one_that_serves,
        a_storm_of_signals_disturbs_nothing,
        closed_standard_streams_stay_closed,
        NULL,
    };
    Suite *suite = suite_create("upgrade/holder");

    suite_add_tcase(suite, unit_case("holder", tests));
    return suite;
}
