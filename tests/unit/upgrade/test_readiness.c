/* SPDX-License-Identifier: MIT */
/* The ways in which a new process is found to be ready, and what else it says. */
#define _GNU_SOURCE /* pipe2 */

#include "helper.h"
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cfk_upgrade_options with_flags(uint32_t flags)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts, .flags = flags };

    return opts;
}

START_TEST(a_byte_through_ready_fd_means_ready)
{
    struct cfk_upgrade_options opts =
        with_flags(CFK_UPGRADE_HOLDER | CFK_UPGRADE_READY_FD);
    struct subject s;
    unsigned fds;

    subject_new(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "ready-fd", "write"), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    fds = open_fds();
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(subject_start(&s, "ready-fd", i % 2 == 0 ? "close" : "write"),
                         CFK_OK);
        subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
        subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED);
        ck_assert_uint_eq(open_fds(), fds);
    }
    subject_free(&s);
}
END_TEST

START_TEST(an_end_closes_ready_fd_too_and_is_no_success)
{
    struct cfk_upgrade_options opts =
        with_flags(CFK_UPGRADE_HOLDER | CFK_UPGRADE_READY_FD);
    struct subject s;

    subject_new(&s, &opts);
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(subject_start(&s, "ready-fd", "exit"), CFK_OK);
        ck_assert_int_eq(
            subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED).status, 6);
    }
    subject_free(&s);
}
END_TEST

START_TEST(without_the_flag_there_is_no_ready_fd)
{
    struct subject s;

    setenv("READY_FD", "1", 1);
    subject_serving(&s, NULL);
    ck_assert_int_eq(subject_start(&s, "ready-fd", "write"), CFK_OK);
    ck_assert_int_eq(subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED).status,
                     45);
    subject_free(&s);
}
END_TEST

START_TEST(the_caller_may_find_out_that_a_server_is_ready)
{
    struct cfk_upgrade_options opts =
        with_flags(CFK_UPGRADE_HOLDER | CFK_UPGRADE_CONFIRM);
    struct subject s;

    subject_new(&s, &opts);
    ck_assert_int_eq(cfk_upgrade_confirm(s.u, &s.err), CFK_E_STATE);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    subject_expect_quiet(&s);
    ck_assert_int_eq(cfk_upgrade_confirm(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    ck_assert_int_eq(cfk_upgrade_confirm(s.u, &s.err), CFK_E_STATE);
    /* Its own word is reported once and not believed. */
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_PREPARE, 0);
    subject_expect_quiet(&s);
    ck_assert_int_eq(cfk_upgrade_confirm(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED);
    subject_free(&s);
}
END_TEST

START_TEST(a_server_that_is_not_confirmed_in_time_is_killed)
{
    struct cfk_upgrade_options opts = with_flags(CFK_UPGRADE_CONFIRM);
    struct subject s;

    opts.timeout_ns = 400000000;
    subject_serving(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_PREPARE, 0);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_TIMEOUT);
    subject_free(&s);
}
END_TEST

START_TEST(a_server_with_the_library_waits_for_confirmation)
{
    struct cfk_upgrade_options opts = with_flags(CFK_UPGRADE_CONFIRM);
    struct subject s;

    subject_serving(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "library", "unused"), CFK_OK);
    subject_line(&s);
    subject_expect(&s, CFK_UPGRADE_EVENT_PREPARE, 0);
    subject_expect_quiet(&s);
    ck_assert_int_eq(cfk_upgrade_confirm(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_expect_line(&s, "committed count 1");
    subject_free(&s);
}
END_TEST

START_TEST(a_server_with_the_library_may_be_believed_before_it_says_so)
{
    struct cfk_upgrade_options opts =
        with_flags(CFK_UPGRADE_HOLDER | CFK_UPGRADE_CONFIRM);
    struct subject s;
    int pid;

    subject_new(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "library", "late"), CFK_OK);
    subject_line(&s);
    subject_expect_line(&s, "waiting");
    ck_assert_int_eq(cfk_upgrade_confirm(s.u, &s.err), CFK_OK);
    pid = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid;
    kill(pid, SIGUSR1);
    for (int i = 0; i < 3; i++) { /* READY, SERVING; and nothing comes of it */
        struct pollfd p = { cfk_upgrade_fd(s.u), POLLIN, 0 };

        poll(&p, 1, 100);
        subject_expect_quiet(&s);
    }
    subject_expect_line(&s, "committed count 1");
    subject_free(&s);
    kill(pid, SIGKILL);
}
END_TEST

START_TEST(a_holder_hears_what_its_server_tells)
{
    struct cfk_upgrade_options opts = with_flags(CFK_UPGRADE_HOLDER);
    struct cfk_upgrade_event event;
    struct subject s;

    subject_new(&s, &opts);
    ck_assert_str_eq(cfk_upgrade_notification(s.u), "");
    ck_assert_int_eq(subject_start(&s, "say", "STATUS=up READY=1"), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_NOTIFIED, 0);
    ck_assert_uint_eq(event.generation, 1);
    ck_assert_str_eq(cfk_upgrade_notification(s.u), "STATUS=up\nREADY=1");
    ck_assert_int_eq(subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid, event.pid);
    subject_free(&s);
    kill(event.pid, SIGKILL);
}
END_TEST

START_TEST(a_new_process_may_ask_for_more_time)
{
    struct cfk_upgrade_options opts = with_flags(CFK_UPGRADE_HOLDER);
    struct subject s;

    opts.timeout_ns = 2000000000;
    subject_new(&s, &opts);
    /* An hour: so the time that it would have had passes, and it is not killed. */
    ck_assert_int_eq(subject_start(&s, "say", "EXTEND_TIMEOUT_USEC=3600000000"), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_NOTIFIED, 0);
    {
        struct pollfd p = { cfk_upgrade_fd(s.u), POLLIN, 0 };

        ck_assert_int_eq(poll(&p, 1, 2300), 0);
    }
    ck_assert_int_eq(cfk_upgrade_cancel(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_STOPPED);
    subject_free(&s);
}
END_TEST

START_TEST(waiting_ends_with_an_event_or_in_time)
{
    struct cfk_upgrade_options opts = with_flags(CFK_UPGRADE_HOLDER);
    struct cfk_upgrade_event event;
    struct subject s;
    unsigned fds;

    subject_new(&s, &opts);
    fds = open_fds();
    ck_assert_int_eq(cfk_upgrade_wait(s.u, 0, &event, &s.err), CFK_OK);
    ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_NONE);
    ck_assert_int_eq(cfk_upgrade_wait(s.u, 1000000, &event, &s.err), CFK_OK);
    ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_NONE);
    ck_assert_uint_eq(open_fds(), fds);
    ck_assert_int_eq(subject_start(&s, "exit", "0"), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_wait(s.u, 60000000000, &event, &s.err), CFK_OK);
    ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_FAILED);
    subject_free(&s);
}
END_TEST

/* Scenario 38. */
START_TEST(new_processes_may_start_where_the_handle_was_made)
{
    struct cfk_upgrade_options opts = with_flags(CFK_UPGRADE_START_DIR);
    const char *argv[] = { "./tool", NULL };
    const char *script = "#!/bin/sh\nexit 17\n";
    char here[1024];
    struct subject s;
    int fd;

    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    fd = open(scratch_path("tool"), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    ck_assert_int_eq(write(fd, script, strlen(script)), (ssize_t)strlen(script));
    close(fd);
    ck_assert_int_eq(chdir(scratch_path("")), 0);
    subject_serving(&s, &opts);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(cfk_upgrade_start(s.u, argv, NULL, &s.err), CFK_OK);
    ck_assert_int_eq(subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED).status,
                     17);
    subject_free(&s);
    subject_serving(&s, NULL);
    ck_assert_int_eq(cfk_upgrade_start(s.u, argv, NULL, &s.err), CFK_E_EXEC);
    subject_free(&s);
    ck_assert_int_eq(chdir(here), 0);
}
END_TEST

/* Scenario 58. */
START_TEST(descriptors_come_and_go_with_an_upgrade)
{
    struct cfk_upgrade_options opts = with_flags(CFK_UPGRADE_HOLDER);
    const char *path = scratch_path("old");
    char address[160];
    struct subject s;

    snprintf(address, sizeof address, "unix:%s", path);
    subject_new(&s, &opts);
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "old", address, NULL, NULL, &s.err), CFK_OK);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    subject_expect_line(&s, "handle generation 1 parent 1 count 2 report=3c old=4c");
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_line(&s);
    ck_assert_int_eq(cfk_upgrade_remove(s.u, "none", 0, &s.err), CFK_E_NOTFOUND);
    ck_assert_int_eq(cfk_upgrade_remove(s.u, "old", 2, &s.err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_upgrade_remove(s.u, "old", 0, &s.err), CFK_OK);
    ck_assert_int_eq(
        cfk_upgrade_listen(s.u, "new", "tcp:127.0.0.1:0", NULL, NULL, &s.err), CFK_OK);
    ck_assert_int_eq(subject_start(&s, "exit", "1"), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_int_eq(access(path, F_OK), 0); /* the server has it still */
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "old", address, NULL, NULL, &s.err), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_remove(s.u, "old", 0, &s.err), CFK_OK);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    subject_expect_line(&s, "handle generation 2 parent 1 count 2 report=3c new=4c");
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(cfk_upgrade_remove(s.u, "new", CFK_UPGRADE_AT_ONCE, &s.err), CFK_OK);
    ck_assert_uint_eq(cfk_upgrade_count(s.u), 1);
    subject_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_byte_through_ready_fd_means_ready,
        an_end_closes_ready_fd_too_and_is_no_success,
        without_the_flag_there_is_no_ready_fd,
        the_caller_may_find_out_that_a_server_is_ready,
        a_server_that_is_not_confirmed_in_time_is_killed,
        a_server_with_the_library_waits_for_confirmation,
        a_server_with_the_library_may_be_believed_before_it_says_so,
        a_holder_hears_what_its_server_tells,
        a_new_process_may_ask_for_more_time,
        waiting_ends_with_an_event_or_in_time,
        new_processes_may_start_where_the_handle_was_made,
        descriptors_come_and_go_with_an_upgrade,
        NULL,
    };
    Suite *suite = suite_create("upgrade/readiness");

    suite_add_tcase(suite, unit_case("readiness", tests));
    return suite;
}
