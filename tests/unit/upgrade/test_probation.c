/* SPDX-License-Identifier: MIT */
/* A new process that serves, and whether it stays: until then the old one can resume. */
#define _GNU_SOURCE /* accept4 */

#include "helper.h"
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t SHORT_NS = 30000000;
static const uint64_t LONG_NS = 3600000000000;

static const char *own_name(void)
{
    static char name[64];

    snprintf(name, sizeof name, "unix:@cfk-probation-%d", (int)getpid());
    return name;
}

static struct cfk_upgrade_options with_probation(uint64_t ns)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts, .probation_ns = ns };

    return opts;
}

/* A handle that serves at own_name(), or holds that socket. */
static void begin(struct subject *s, uint64_t ns, uint32_t flags)
{
    struct cfk_upgrade_options opts = with_probation(ns);

    opts.flags = flags;
    subject_new(s, &opts);
    ck_assert_int_eq(cfk_upgrade_listen(s->u, "web", own_name(), NULL, NULL, &s->err),
                     CFK_OK);
    if ((flags & CFK_UPGRADE_HOLDER) != 0)
        return;
    ck_assert_int_eq(cfk_upgrade_ready(s->u, &s->err), CFK_OK);
    subject_expect(s, CFK_UPGRADE_EVENT_COMMITTED, 0);
}

START_TEST(the_old_process_drains_once_the_probation_is_over)
{
    struct cfk_upgrade_status status;
    struct cfk_upgrade_event event;
    struct subject s;

    begin(&s, SHORT_NS, 0);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    subject_line(&s);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_PROBATION, 0);
    ck_assert_uint_eq(event.generation, 2);
    subject_expect_line(&s, "committed count 2");
    ck_assert_ptr_nonnull(ask_unix(own_name() + 5)); /* the new one serves */
    cfk_upgrade_get_status(s.u, &status);
    ck_assert_uint_eq(status.state, CFK_UPGRADE_SERVING);
    ck_assert_uint_eq(status.succeeded, 0);
    ck_assert_uint_eq(cfk_upgrade_count(s.u), 2); /* and this one could */
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    cfk_upgrade_get_status(s.u, &status);
    ck_assert_uint_eq(status.state, CFK_UPGRADE_DRAINING);
    ck_assert_uint_eq(status.succeeded, 1);
    subject_free(&s);
}
END_TEST

START_TEST(the_old_process_resumes_when_the_new_one_dies_in_its_probation)
{
    struct cfk_upgrade_event event;
    struct cfk_upgrade_entry web;
    struct subject s;
    char name[64];
    int client;

    begin(&s, LONG_NS, 0);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(subject_start(&s, "library", "die"), CFK_OK);
        subject_line(&s);
        event = subject_event(&s);
        subject_expect_line(&s, "committed count 2");
        if (event.type == CFK_UPGRADE_EVENT_FAILED) {
            ck_assert_int_eq(event.reason, CFK_E_EXITED); /* on a very slow machine */
            continue;
        }
        ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_PROBATION);
        event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_PROBATION);
        ck_assert_int_eq(event.cause, CFK_E_EXITED);
        ck_assert_int_eq(event.status, 3);
        event = subject_expect(&s, CFK_UPGRADE_EVENT_RESUME, 0);
        ck_assert_uint_eq(event.generation, 1);
        subject_expect_quiet(&s);
    }
    /* Its sockets are all there and work. */
    ck_assert_int_eq(cfk_upgrade_get(s.u, 1, &web, &s.err), CFK_OK);
    ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
    snprintf(name, sizeof name, "%s", own_name() + 5);
    client = fork();
    if (client == 0)
        _exit(ask_unix(name) == NULL);
    close(accept4(web.fd, NULL, NULL, SOCK_CLOEXEC));
    ck_assert_int_eq(waitpid(client, NULL, 0), client);
    subject_free(&s);
}
END_TEST

START_TEST(a_kill_in_the_probation_names_the_signal)
{
    struct cfk_upgrade_event event;
    struct subject s;

    begin(&s, LONG_NS, 0);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_PROBATION, 0);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_E_BUSY);
    kill(event.pid, SIGKILL);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_PROBATION);
    ck_assert_int_eq(event.cause, CFK_E_KILLED);
    ck_assert_int_eq(event.status, SIGKILL);
    subject_expect(&s, CFK_UPGRADE_EVENT_RESUME, 0);
    subject_free(&s);
}
END_TEST

START_TEST(an_upgrade_can_be_taken_back_in_the_probation)
{
    struct subject s;

    begin(&s, LONG_NS, 0);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_PROBATION, 0);
    ck_assert_int_eq(cfk_upgrade_cancel(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_STOPPED);
    subject_expect(&s, CFK_UPGRADE_EVENT_RESUME, 0);
    subject_free(&s);
}
END_TEST

START_TEST(a_path_the_new_process_does_not_want_outlives_its_probation)
{
    struct cfk_upgrade_options opts = with_probation(LONG_NS);
    const char *path = scratch_path("web");
    char address[160];
    struct subject s;
    int pid;

    snprintf(address, sizeof address, "unix:%s", path);
    subject_serving(&s, &opts);
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "web", address, NULL, NULL, &s.err), CFK_OK);
    /* One does not ask for it, another one asks and stops in an orderly way. */
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(subject_start(&s, "library", i == 0 ? "unused" : "stop"),
                         CFK_OK);
        subject_line(&s);
        pid = subject_expect(&s, CFK_UPGRADE_EVENT_PROBATION, 0).pid;
        subject_expect_line(&s, i == 0 ? "committed count 1" : "committed count 2");
        kill(pid, SIGTERM);
        subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_PROBATION);
        subject_expect(&s, CFK_UPGRADE_EVENT_RESUME, 0);
        ck_assert_int_eq(access(path, F_OK), 0);
    }
    cfk_upgrade_stop(s.u, 0, &s.err);
    ck_assert_int_ne(access(path, F_OK), 0);
    subject_free(&s);
}
END_TEST

START_TEST(the_new_process_goes_on_when_the_old_one_leaves_in_the_probation)
{
    struct subject s;
    int pid;

    begin(&s, LONG_NS, 0);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    subject_line(&s);
    pid = subject_expect(&s, CFK_UPGRADE_EVENT_PROBATION, 0).pid;
    subject_expect_line(&s, "committed count 2");
    cfk_upgrade_free(s.u);
    subject_expect_line(&s, "parent gone");
    ck_assert_ptr_nonnull(ask_unix(own_name() + 5));
    kill(pid, SIGKILL);
    close(s.report);
}
END_TEST

START_TEST(stop_in_the_probation_ends_both)
{
    struct subject s;

    begin(&s, LONG_NS, 0);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_PROBATION, 0);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, 0, &s.err), CFK_OK);
    ck_assert_int_eq(subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED).status,
                     SIGTERM);
    subject_expect(&s, CFK_UPGRADE_EVENT_STOPPED, 0);
    ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
    subject_free(&s);
}
END_TEST

START_TEST(under_a_holder_the_former_server_serves_on_until_the_probation_is_over)
{
    struct cfk_upgrade_event event;
    struct cfk_upgrade_child child;
    struct subject s;
    int former;

    begin(&s, SHORT_NS, CFK_UPGRADE_HOLDER);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    former = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid;
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_PROBATION, 0);
    ck_assert(runs(former));
    ck_assert_int_eq(cfk_upgrade_get_child(s.u, 0, &child, &s.err), CFK_OK);
    ck_assert_int_eq(child.pid, event.pid);
    ck_assert_uint_eq(child.generation, 2);
    ck_assert_uint_eq(child.state, CFK_UPGRADE_PROBATION);
    ck_assert_int_eq(cfk_upgrade_get_child(s.u, 1, &child, &s.err), CFK_OK);
    ck_assert_int_eq(child.pid, former);
    ck_assert_uint_eq(child.state, CFK_UPGRADE_SERVING);
    ck_assert_int_eq(cfk_upgrade_get_child(s.u, 2, &child, &s.err), CFK_E_NOTFOUND);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    ck_assert_int_eq(subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED).pid,
                     former);
    subject_free(&s);
}
END_TEST

/* Scenarios 13 and 14; bench/upgrade does the same a thousand times and more. */
START_TEST(ready_and_then_dead_is_never_a_success)
{
    struct cfk_upgrade_status status;
    struct cfk_upgrade_event event;
    struct subject s;
    int former;

    begin(&s, LONG_NS, CFK_UPGRADE_HOLDER);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    former = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid;
    for (int i = 0; i < 100; i++) {
        const char *mode = i % 2 == 0 ? "notify-exit" : "notify-sleep-exit";

        ck_assert_int_eq(subject_start(&s, mode, "1"), CFK_OK);
        event = subject_event(&s);
        if (event.type == CFK_UPGRADE_EVENT_PROBATION)
            event = subject_event(&s);
        ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_FAILED);
        ck_assert(event.reason == CFK_E_PROBATION || event.reason == CFK_E_EXITED);
        ck_assert_int_eq(event.status, 1);
        ck_assert(runs(former));
    }
    cfk_upgrade_get_status(s.u, &status);
    ck_assert_uint_eq(status.started, 101);
    ck_assert_uint_eq(status.succeeded, 1);
    ck_assert_uint_eq(status.failed, 100);
    ck_assert_uint_eq(status.forced, 0);
    ck_assert_uint_eq(status.generation, 1);
    subject_free(&s);
    kill(former, SIGKILL);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        the_old_process_drains_once_the_probation_is_over,
        the_old_process_resumes_when_the_new_one_dies_in_its_probation,
        a_kill_in_the_probation_names_the_signal,
        an_upgrade_can_be_taken_back_in_the_probation,
        a_path_the_new_process_does_not_want_outlives_its_probation,
        the_new_process_goes_on_when_the_old_one_leaves_in_the_probation,
        stop_in_the_probation_ends_both,
        under_a_holder_the_former_server_serves_on_until_the_probation_is_over,
        ready_and_then_dead_is_never_a_success,
        NULL,
    };
    Suite *suite = suite_create("upgrade/probation");

    suite_add_tcase(suite, unit_case("probation", tests));
    return suite;
}
