/* SPDX-License-Identifier: MIT */
/* Upgrades of a serving process: what becomes of the new one, and of the old. */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */

#include "helper.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing has changed: the handle serves, holds what it held, and may try again. */
static void expect_intact(struct subject *s, unsigned fds)
{
    subject_expect_quiet(s);
    ck_assert_uint_eq(open_fds(), fds);
    ck_assert_uint_eq(cfk_upgrade_count(s->u), 1);
    ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
    ck_assert_int_eq(errno, ECHILD);
    ck_assert_int_eq(subject_start(s, "exit", "0"), CFK_OK);
    subject_expect(s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_uint_eq(open_fds(), fds);
}

START_TEST(a_new_process_that_ends_changes_nothing)
{
    struct cfk_upgrade_event event;
    struct subject s;
    unsigned fds;

    subject_serving(&s, NULL);
    fds = open_fds();
    ck_assert_int_eq(subject_start(&s, "exit", "0"), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_int_eq(event.status, 0);
    ck_assert_uint_eq(event.generation, 2);
    ck_assert_int_gt(event.pid, 0);
    ck_assert_int_eq(subject_start(&s, "exit", "7"), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_int_eq(event.status, 7);
    ck_assert_int_eq(subject_start(&s, "kill", ""), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_KILLED);
    ck_assert_int_eq(event.status, SIGKILL);
    expect_intact(&s, fds);
    subject_free(&s);
}
END_TEST

START_TEST(a_new_process_that_hangs_is_killed_in_time)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts, .timeout_ns = 50000000 };
    struct cfk_upgrade_event event;
    struct subject s;
    unsigned fds;

    subject_serving(&s, &opts);
    fds = open_fds();
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_TIMEOUT);
    ck_assert(!runs(event.pid));
    expect_intact(&s, fds);
    subject_free(&s);
}
END_TEST

START_TEST(a_stopped_new_process_is_killed_in_time)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts, .timeout_ns = 1500000000 };
    struct cfk_upgrade_event event;
    struct subject s;
    int pid;

    subject_serving(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "address", ""), CFK_OK);
    subject_line(&s);
    for (pid = 2; !cfk_upgrade_owns_pid(s.u, pid) && pid < 4194304; pid++)
        continue;
    kill(pid, SIGSTOP);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_TIMEOUT);
    ck_assert_int_eq(event.pid, pid);
    ck_assert(!cfk_upgrade_owns_pid(s.u, pid));
    subject_free(&s);
}
END_TEST

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void expect_exec_failure(struct subject *s, const char *program, int want)
{
    const char *argv[] = { program, NULL };
    unsigned fds = open_fds();

    ck_assert_int_eq(cfk_upgrade_start(s->u, argv, NULL, &s->err), CFK_E_EXEC);
    ck_assert_msg(s->err.sys_errno == want, "%s", s->err.message);
    ck_assert_ptr_nonnull(strstr(s->err.message, "cannot run "));
    ck_assert_uint_eq(open_fds(), fds);
    ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
    subject_expect_quiet(s);
}

START_TEST(a_program_that_cannot_be_run_is_told_at_once)
{
    const char *plain = scratch_path("plain");
    const char *busy = scratch_path("busy");
    struct subject s;
    char *huge;
    int fd;

    if (skip_under_valgrind("a program is not run by the kernel"))
        return;
    subject_serving(&s, NULL);
    expect_exec_failure(&s, "/nonexistent/program", ENOENT);
    expect_exec_failure(&s, "no-such-program-anywhere", ENOENT);
    expect_exec_failure(&s, "/", EACCES);
    write_file(plain, "no program\n", 0755);
    expect_exec_failure(&s, plain, ENOEXEC);
    write_file(busy, "#!/bin/sh\n", 0755);
    fd = open(busy, O_WRONLY | O_CLOEXEC);
    expect_exec_failure(&s, busy, ETXTBSY);
    close(fd);
    huge = malloc(200000);
    memset(huge, 'x', 199999);
    huge[199999] = '\0';
    {
        const char *argv[] = { helper_program(), huge, NULL };

        ck_assert_int_eq(cfk_upgrade_start(s.u, argv, NULL, &s.err), CFK_E_EXEC);
        ck_assert_int_eq(s.err.sys_errno, E2BIG);
    }
    free(huge);
    subject_free(&s);
}
END_TEST

START_TEST(programs_are_found_in_the_path)
{
    const char *argv[] = { "sh", "-c", "exit 5", NULL };
    struct subject s;

    subject_serving(&s, NULL);
    setenv("PATH", "/nonexistent:/usr/bin:/bin", 1);
    ck_assert_int_eq(cfk_upgrade_start(s.u, argv, NULL, &s.err), CFK_OK);
    ck_assert_int_eq(subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED).status,
                     5);
    unsetenv("PATH");
    ck_assert_int_eq(cfk_upgrade_start(s.u, argv, NULL, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    subject_free(&s);
}
END_TEST

START_TEST(calls_out_of_order_are_refused)
{
    const char *none[] = { NULL };
    struct subject s;

    subject_new(&s, NULL);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_E_STATE);
    ck_assert_int_eq(cfk_upgrade_cancel(s.u, &s.err), CFK_E_STATE);
    ck_assert_int_eq(cfk_upgrade_ready(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_COMMITTED, 0);
    ck_assert_int_eq(cfk_upgrade_ready(s.u, &s.err), CFK_OK);
    subject_expect_quiet(&s);
    ck_assert_int_eq(cfk_upgrade_start(s.u, none, NULL, &s.err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_upgrade_start(s.u, NULL, NULL, &s.err), CFK_E_INVALID);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    unit_expect_error(subject_start(&s, "notify", ""), CFK_E_BUSY, &s.err, "starting");
    ck_assert_int_eq(cfk_upgrade_cancel(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_STOPPED);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    unit_expect_error(subject_start(&s, "notify", ""), CFK_E_STOPPED, &s.err,
                      "handed over");
    ck_assert_int_eq(cfk_upgrade_ready(s.u, &s.err), CFK_E_STOPPED);
    ck_assert_uint_eq(cfk_upgrade_count(s.u), 0);
    subject_free(&s);
}
END_TEST

START_TEST(a_server_without_the_library_takes_over)
{
    struct cfk_upgrade_event event;
    struct subject s;

    subject_serving(&s, NULL);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    ck_assert_uint_eq(event.generation, 2);
    cfk_upgrade_free(s.u);
    ck_assert(runs(event.pid));
    kill(event.pid, SIGKILL);
    close(s.report);
}
END_TEST

START_TEST(a_descendant_may_say_that_it_is_ready)
{
    struct subject s;

    subject_serving(&s, NULL);
    ck_assert_int_eq(subject_start(&s, "notify-from-child", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_free(&s);
}
END_TEST

START_TEST(a_stranger_may_not_say_that_it_is_ready)
{
    struct subject s;
    const char *address;

    subject_serving(&s, NULL);
    ck_assert_int_eq(subject_start(&s, "address", ""), CFK_OK);
    address = subject_line(&s);
    ck_assert_int_eq(cfk_upgrade_notify(address, "READY=1", &s.err), CFK_OK);
    subject_expect_quiet(&s);
    ck_assert_int_eq(cfk_upgrade_cancel(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_STOPPED);
    subject_free(&s);
}
END_TEST

START_TEST(time_alone_can_mean_ready)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .ready_delay_ns = INT64_C(30000000000) };
    struct subject s;

    subject_serving(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "exit", "3"), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    subject_free(&s);
    opts.ready_delay_ns = 20000000;
    subject_serving(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_free(&s);
}
END_TEST

START_TEST(nonsense_on_the_channel_ends_the_attempt)
{
    static const char *const nonsense[] = {
        "00",                                       /* short */
        "",                                         /* 4096 times 'A' */
        "43464b55020200000000000000",               /* long for what it says */
        "43464b550202000000000000",                 /* version 2 */
        "43464b550102000000000001",                 /* payload that is not there */
        "43464b550109000000000000",                 /* unknown type */
        "43464b5501030000080000000000000000000000", /* COMMIT: not its to say */
        "43464b550105000000000000",                 /* PASSED: nor this */
        "43464b550104000000000000",                 /* SERVING before COMMIT */
    };
    struct subject s;
    unsigned fds;

    subject_serving(&s, NULL);
    fds = open_fds();
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        ck_assert_int_eq(subject_start(&s, "nonsense", nonsense[i]), CFK_OK);
        subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_PROTOCOL);
    }
    expect_intact(&s, fds);
    subject_free(&s);
}
END_TEST

START_TEST(ready_and_dead_is_no_success)
{
    struct subject s;

    subject_serving(&s, NULL);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(subject_start(&s, "library", "exit"), CFK_OK);
        subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
        subject_line(&s);
    }
    subject_free(&s);
}
END_TEST

START_TEST(the_new_process_has_exactly_its_descriptors)
{
    struct subject s;
    char line[64];
    int stray = open("/dev/null", O_RDONLY); /* not close-on-exec, on purpose */
    int extra;

    setenv("WATCHDOG_USEC", "1", 1);
    setenv("LISTEN_FDS", "9", 1);
    setenv("LISTEN_PID", "1", 1);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    subject_serving(&s, NULL);
    extra = fcntl(stray, F_DUPFD, 300);
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, "null", stray, &s.err), CFK_OK);
    ck_assert_int_eq(subject_start(&s, "look", ""), CFK_OK);
    /* 0 to 2 as they are here, the pipe, the other, and the channel */
    snprintf(line, sizeof line, "fds%s%s%s 3 4 5", fcntl(0, F_GETFD) < 0 ? "" : " 0",
             fcntl(1, F_GETFD) < 0 ? "" : " 1", fcntl(2, F_GETFD) < 0 ? "" : " 2");
    subject_expect_line(&s, line);
    subject_expect_line(&s, "pid mine");
    subject_expect_line(&s, "names report:null");
    subject_expect_line(&s, "notify @");
    subject_expect_line(&s, "watchdog none");
    subject_expect_line(&s, "own none");
    subject_expect_line(&s, "odd signals 0");
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    close(extra);
    close(stray);
    subject_free(&s);
}
END_TEST

START_TEST(the_environment_may_be_given)
{
    const char *argv[] = { helper_program(), "--helper", "look", NULL };
    const char *env[] = { "OWN=yes", "LISTEN_PID=1", "NOTIFY_SOCKET=/no", NULL };
    struct subject s;

    subject_serving(&s, NULL);
    ck_assert_int_eq(cfk_upgrade_start(s.u, argv, env, &s.err), CFK_OK);
    subject_line(&s);
    subject_expect_line(&s, "pid mine");
    subject_expect_line(&s, "names report");
    subject_expect_line(&s, "notify @");
    subject_expect_line(&s, "watchdog none");
    subject_expect_line(&s, "own yes");
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_free(&s);
}
END_TEST

START_TEST(no_room_for_descriptors_changes_nothing)
{
    struct rlimit limit;
    struct subject s;
    unsigned fds;
    int rc;

    if (skip_under_valgrind("limits are not the kernel's"))
        return;
    subject_serving(&s, NULL);
    fds = open_fds();
    getrlimit(RLIMIT_NOFILE, &limit);
    for (rlim_t most = 1; most < 64; most++) {
        struct rlimit low = { most, limit.rlim_max };

        setrlimit(RLIMIT_NOFILE, &low);
        rc = subject_start(&s, "exit", "0");
        setrlimit(RLIMIT_NOFILE, &limit);
        if (rc == CFK_OK) {
            subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
            break;
        }
        ck_assert_msg((rc == CFK_E_IO || rc == CFK_E_EXEC) && s.err.sys_errno == EMFILE,
                      "%s", s.err.message);
        ck_assert_uint_eq(open_fds(), fds);
    }
    ck_assert_int_eq(rc, CFK_OK);
    subject_free(&s);
}
END_TEST

static void do_nothing(int sig)
{
    (void)sig;
}

START_TEST(the_embedder_may_reap_or_ignore_its_children)
{
    struct cfk_upgrade_event event;
    struct subject s;

    subject_serving(&s, NULL);
    signal(SIGCHLD, do_nothing);
    ck_assert_int_eq(subject_start(&s, "exit", "4"), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_int_eq(event.status, 4);
    ck_assert_int_eq(subject_start(&s, "exit", "4"), CFK_OK);
    ck_assert_int_gt(waitpid(-1, NULL, 0), 0);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_int_eq(event.status, -1);
    signal(SIGCHLD, SIG_IGN);
    ck_assert_int_eq(subject_start(&s, "exit", "4"), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_int_eq(event.status, -1);
    subject_free(&s);
}
END_TEST

START_TEST(other_children_are_left_to_the_embedder)
{
    struct subject s;
    pid_t other;
    int status;

    subject_serving(&s, NULL);
    other = fork();
    if (other == 0)
        _exit(9);
    ck_assert_int_eq(subject_start(&s, "exit", "0"), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_int_eq(WEXITSTATUS(status), 9);
    subject_free(&s);
}
END_TEST

START_TEST(freeing_kills_what_is_not_ready)
{
    struct subject s;
    unsigned before = open_fds();

    subject_serving(&s, NULL);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    subject_free(&s);
    ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
    ck_assert_uint_eq(open_fds(), before);
    cfk_upgrade_free(NULL);
}
END_TEST

START_TEST(a_forked_copy_is_inert)
{
    struct subject s;
    int status;
    pid_t pid;

    subject_serving(&s, NULL);
    ck_assert_int_eq(subject_start(&s, "address", ""), CFK_OK);
    subject_line(&s);
    pid = fork();
    if (pid == 0) {
        struct cfk_upgrade_event event;

        if (subject_start(&s, "exit", "0") != CFK_E_STATE ||
            cfk_upgrade_stop(s.u, 0, NULL) != CFK_E_INVALID ||
            cfk_upgrade_cancel(s.u, NULL) != CFK_E_STATE ||
            cfk_upgrade_process(s.u, &event, NULL) != CFK_OK || event.type != 0)
            _exit(1);
        cfk_upgrade_free(s.u);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    subject_expect_quiet(&s);
    ck_assert_int_eq(cfk_upgrade_cancel(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_STOPPED);
    subject_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_new_process_that_ends_changes_nothing,
        a_new_process_that_hangs_is_killed_in_time,
        a_stopped_new_process_is_killed_in_time,
        a_program_that_cannot_be_run_is_told_at_once,
        programs_are_found_in_the_path,
        calls_out_of_order_are_refused,
        a_server_without_the_library_takes_over,
        a_descendant_may_say_that_it_is_ready,
        a_stranger_may_not_say_that_it_is_ready,
        time_alone_can_mean_ready,
        nonsense_on_the_channel_ends_the_attempt,
        ready_and_dead_is_no_success,
        the_new_process_has_exactly_its_descriptors,
        the_environment_may_be_given,
        no_room_for_descriptors_changes_nothing,
        the_embedder_may_reap_or_ignore_its_children,
        other_children_are_left_to_the_embedder,
        freeing_kills_what_is_not_ready,
        a_forked_copy_is_inert,
        NULL,
    };
    Suite *suite = suite_create("upgrade/start");

    suite_add_tcase(suite, unit_case("start", tests));
    return suite;
}
