/* SPDX-License-Identifier: MIT */
/*
 * What an upgrade has to survive. The scenarios have numbers; those of the
 * library, and the tests that prove them (files of this folder):
 *
 *      1, 2, 3   start: a_new_process_that_ends_changes_nothing
 *      4         start: ..._that_hangs_is_killed_in_time, a_stopped_...
 *      5         start: a_program_that_cannot_be_run_is_told_at_once
 *      6, 7, 8   start: calls_out_of_order_are_refused
 *      9         handle: no_upgrade_while_the_former_process_drains;
 *                generations: as_many_former_processes_as_are_allowed
 *     10, 11     handle: the_new_process_survives_the_death_...; load: at any moment
 *     12         load: an_old_process_that_is_stopped_does_no_harm
 *     13, 14     probation: ready_and_then_dead_is_never_a_success, ..._resumes_...
 *     15         here: ready_and_timeout_at_once_have_one_winner
 *     16         start: nonsense_on_the_channel_ends_the_attempt; protocol; fuzz
 *     17         here: a_process_that_never_reads_is_no_deadlock
 *     18         handle: ready_may_be_said_twice
 *     19, 57     holder: stop_during_an_upgrade_ends_both; handle: stop_ends_everything
 *     20         handle: a_thousand_descriptors_...; bench/upgrade: 10,000
 *     21, 22     handle: high_descriptors_and_any_order_arrive, every_permutation_...
 *     23         start: no_room_for_descriptors_changes_nothing
 *     24         holder: closed_standard_streams_stay_closed
 *     25         socket: paths; probation: a_path_the_new_process_does_not_want_...
 *     26, 27, 29 kinds
 *     28         socket: the_system_chooses_a_port_once
 *     30         handle: names_and_order_are_kept; kinds
 *     31         state
 *     32, 33, 34 inherit
 *     35         start: the_new_process_has_exactly_its_descriptors
 *     36, 49     threads; start: a_forked_copy_is_inert
 *     37         start: a_program_that_cannot_be_run_...; here: a_replaced_program_runs
 *     38         readiness: new_processes_may_start_where_the_handle_was_made; here
 *     39         here: privileges_may_be_gone
 *     40         holder: a_storm_of_signals_disturbs_nothing
 *     41         start: the_embedder_may_reap_or_ignore_its_children, other_children_...
 *     42, 43     start: the_new_process_has_exactly_its_descriptors; here: sigpipe
 *     44         holder: two_hundred_upgrades_leave_nothing_behind; bench: 10,000
 *     46         here: only_monotonic_time_counts
 *     47         here: a_stranger_with_the_same_pid_is_not_hit
 *     54         sd
 *     55         holder: a_server_that_does_not_stop_is_killed; here: forced is counted
 *     56         here: slow_requests_finish_on_the_old_process
 *     58         readiness: descriptors_come_and_go_with_an_upgrade
 *     59         handle, here: every allocation failure
 *     60         the runs of tests/run.sh --full
 *
 * 45, 48 and 50 to 53 are of the tool: tests/cli/cfupgrade*.sh.
 */
#define _GNU_SOURCE /* pipe2 */

#include "chain.h"
#include "fault.h"
#include "gen.h"
#include "helper.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct cfk_upgrade_options holder(void)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags = CFK_UPGRADE_HOLDER };

    return opts;
}

/* All that a helper has reported, until nobody has the pipe any more. */
static void read_all(const struct subject *s, char *out, size_t size)
{
    size_t len = 0;
    ssize_t got;

    while (len < size - 1 && (got = read(s->report, out + len, size - 1 - len)) > 0)
        len += (size_t)got;
    out[len] = '\0';
}

START_TEST(ready_and_timeout_at_once_have_one_winner)
{
    unsigned ready = 0;
    struct gen g;

    gen_seed(&g, 15);
    for (int i = 0; i < 60; i++) {
        struct cfk_upgrade_options opts = holder();
        struct cfk_upgrade_event event;
        struct subject s;
        char text[1024];

        opts.timeout_ns = 200000 + gen_below(&g, 1000000);
        subject_new(&s, &opts);
        ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
        event = subject_event(&s);
        if (event.type == CFK_UPGRADE_EVENT_READY) {
            ready++;
            ck_assert(runs(event.pid));
            subject_line(&s);
            subject_expect_line(&s, "committed count 1");
            kill(event.pid, SIGKILL);
            cfk_upgrade_free(s.u);
            ck_assert_int_eq(waitpid(event.pid, NULL, 0), event.pid);
        } else {
            ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_FAILED);
            ck_assert_int_eq(event.reason, CFK_E_TIMEOUT);
            ck_assert(!runs(event.pid));
            cfk_upgrade_free(s.u);
            read_all(&s, text, sizeof text);
            ck_assert_ptr_null(strstr(text, "parent gone"));
            ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
        }
        close(s.report);
    }
    printf("%u of 60 were ready in time\n", ready);
}
END_TEST

/* Names of some 250 KiB, and a process that looks at none of them. */
START_TEST(a_process_that_never_reads_is_no_deadlock)
{
    struct cfk_upgrade_options opts = holder();
    struct subject s;
    char name[256];

    subject_new(&s, &opts);
    memset(name, 'n', 255);
    name[255] = '\0';
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(cfk_upgrade_add_fd(s.u, name, s.report, &s.err), CFK_OK);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    subject_expect_quiet(&s);
    ck_assert_int_eq(cfk_upgrade_cancel(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_STOPPED);
    subject_free(&s);
}
END_TEST

static void write_script(const char *path, int status)
{
    char text[64];
    int len = snprintf(text, sizeof text, "#!/bin/sh\nexit %d\n", status);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

    ck_assert_int_eq(write(fd, text, (size_t)len), len);
    close(fd);
}

static void expect_status(struct subject *s, const char *program, int status)
{
    const char *argv[] = { program, NULL };

    ck_assert_int_eq(cfk_upgrade_start(s->u, argv, NULL, &s->err), CFK_OK);
    ck_assert_int_eq(subject_expect(s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED).status,
                     status);
}

/* Scenario 37. */
START_TEST(a_replaced_program_runs)
{
    const char *program = scratch_path("program");
    const char *next = scratch_path("next");
    const char *argv[] = { program, NULL };
    struct subject s;

    subject_serving(&s, NULL);
    write_script(program, 1);
    expect_status(&s, program, 1);
    write_script(next, 2);
    ck_assert_int_eq(rename(next, program), 0);
    expect_status(&s, program, 2);
    write_script(next, 3);
    ck_assert_int_eq(unlink(program), 0);
    ck_assert_int_eq(cfk_upgrade_start(s.u, argv, NULL, &s.err), CFK_E_EXEC);
    ck_assert_int_eq(s.err.sys_errno, ENOENT);
    ck_assert_int_eq(symlink(next, program), 0);
    expect_status(&s, program, 3);
    subject_free(&s);
}
END_TEST

/* Scenario 38: what is relative fails aloud where the directory is gone. */
START_TEST(a_deleted_directory_is_told)
{
    const char *folder = scratch_path("folder");
    const char *relative[] = { "./program", NULL };
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags = CFK_UPGRADE_START_DIR };
    struct subject s;

    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(chdir(folder), 0);
    subject_serving(&s, &opts);
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_int_eq(cfk_upgrade_start(s.u, relative, NULL, &s.err), CFK_E_EXEC);
    ck_assert_int_eq(s.err.sys_errno, ENOENT);
    ck_assert_int_eq(subject_start(&s, "exit", "4"), CFK_OK); /* by its whole path */
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_int_eq(chdir("/"), 0);
    subject_free(&s);
}
END_TEST

/* In a process of its own: a port below 1024, then another user, then no execve(). */
static int without_privileges(void)
{
    struct sock_filter no_exec[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { 4, no_exec };
    const char *argv[] = { "/bin/sh", "-c", "exit $LISTEN_FDS", NULL };
    struct cfk_upgrade_event event;
    char address[64];
    struct subject s;
    int rc = CFK_E_EXISTS;

    subject_serving(&s, NULL);
    for (int port = 1023; port > 900 && rc == CFK_E_EXISTS; port--) {
        snprintf(address, sizeof address, "tcp:127.0.0.1:%d", port);
        rc = cfk_upgrade_listen(s.u, "web", address, NULL, NULL, &s.err);
    }
    if (rc != CFK_OK || setgid(65534) != 0 || setuid(65534) != 0)
        return 77;
    if (cfk_upgrade_start(s.u, argv, NULL, &s.err) != CFK_OK)
        return 1;
    event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    if (event.status != 2)
        return 2;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        return 77;
    if (cfk_upgrade_start(s.u, argv, NULL, &s.err) != CFK_E_EXEC ||
        s.err.sys_errno != EPERM || cfk_upgrade_count(s.u) != 2)
        return 3;
    subject_free(&s);
    return 0;
}

/* Scenario 39. */
START_TEST(privileges_may_be_gone)
{
    int status;
    pid_t pid;

    if (skip_under_valgrind("system calls are not filtered"))
        return;
    if (geteuid() != 0) {
        unit_skip("no privileges to drop");
        return;
    }
    pid = fork();
    if (pid == 0)
        _exit(without_privileges());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "killed by %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == 77)
        unit_skip("no low port, or privileges cannot be dropped here");
    else
        ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* Scenario 43: talking to one that is gone raises nothing, by default killing us. */
START_TEST(sigpipe_is_never_raised)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags = CFK_UPGRADE_CONFIRM };
    struct cfk_upgrade_event event;
    struct subject s;

    signal(SIGPIPE, SIG_DFL);
    subject_serving(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "library", "unused"), CFK_OK);
    event = subject_expect(&s, CFK_UPGRADE_EVENT_PREPARE, 0);
    kill(event.pid, SIGKILL);
    while (runs(event.pid))
        poll(NULL, 0, 1);
    ck_assert_int_eq(cfk_upgrade_confirm(s.u, &s.err), CFK_OK); /* COMMIT to a dead one */
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_KILLED);
    subject_free(&s);
}
END_TEST

/* Scenario 46: each timer that we have is of the clock that cannot be set. */
START_TEST(only_monotonic_time_counts)
{
    struct cfk_upgrade_options opts = holder();
    struct subject s;
    unsigned timers = 0;

    subject_new(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    for (int fd = 3; fd < 100; fd++) {
        char path[64];
        char line[128];
        FILE *file;

        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
        file = fopen(path, "r");
        while (file != NULL && fgets(line, sizeof line, file) != NULL)
            if (strncmp(line, "clockid:", 8) == 0) {
                ck_assert_int_eq(atoi(line + 8), 1);
                timers++;
            }
        if (file != NULL)
            fclose(file);
    }
    ck_assert_uint_gt(timers, 0);
    subject_free(&s);
}
END_TEST

/* Start processes until one has this pid; 0 when none gets it. */
static pid_t stranger_with(pid_t wanted)
{
    for (int i = 0; i < 1000; i++) {
        int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
        char text[16];
        int len = snprintf(text, sizeof text, "%d", (int)wanted - 1);
        ssize_t wrote = fd < 0 ? -1 : write(fd, text, (size_t)len);
        pid_t pid;

        if (fd >= 0)
            close(fd);
        if (wrote < 0)
            return 0;
        pid = fork();
        if (pid == 0)
            _exit(pause());
        if (pid == wanted)
            return pid;
        kill(pid, SIGKILL);
    }
    return 0;
}

/* Scenario 47. */
START_TEST(a_stranger_with_the_same_pid_is_not_hit)
{
    struct cfk_upgrade_child child;
    struct subject s;
    pid_t stranger;

    signal(SIGCHLD, SIG_IGN); /* reaped by the kernel: the pid is free at once */
    subject_serving(&s, NULL);
    ck_assert_int_eq(subject_start(&s, "exit", "0"), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_get_child(s.u, 0, &child, &s.err), CFK_OK);
    while (kill(child.pid, 0) == 0)
        poll(NULL, 0, 1);
    stranger = stranger_with(child.pid);
    if (stranger == 0)
        unit_skip("pids cannot be chosen here");
    ck_assert_int_eq(cfk_upgrade_cancel(s.u, &s.err), CFK_OK); /* SIGKILL to it */
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_STOPPED);
    subject_free(&s);
    if (stranger == 0)
        return;
    ck_assert(runs(stranger));
    kill(stranger, SIGKILL);
}
END_TEST

/* Scenario 55. */
START_TEST(those_killed_at_the_deadline_are_counted)
{
    struct cfk_upgrade_options opts = holder();
    struct cfk_upgrade_status status;
    struct subject s;

    opts.drain_ns = 30000000;
    subject_new(&s, &opts);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(subject_start(&s, "term-is-slow", ""), CFK_OK);
        subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
        if (i > 0)
            ck_assert_uint_eq(
                subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED).forced, 1);
    }
    cfk_upgrade_get_status(s.u, &status);
    ck_assert_uint_eq(status.forced, 2);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, CFK_UPGRADE_NOW, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED);
    subject_expect(&s, CFK_UPGRADE_EVENT_STOPPED, 0);
    subject_free(&s);
}
END_TEST

/* Scenario 56: half a request before the upgrade, the other half long after. */
START_TEST(slow_requests_finish_on_the_old_process)
{
    const char *argv[] = { helper_program(), "--helper", "web", "0 0", NULL };
    enum { CLIENTS = 8 };
    int clients[CLIENTS];
    struct chain c;
    char expected[64];
    char text[256];

    ck_assert_int_eq(chain_begin(&c, argv), 0);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(clients[i], (struct sockaddr *)&c.to, sizeof c.to), 0);
        ck_assert_int_eq(send(clients[i], "GET / HT", 8, MSG_NOSIGNAL), 8);
    }
    snprintf(expected, sizeof expected, "generation %u pid %d", c.generation, c.serving);
    ck_assert_int_eq(chain_upgrade(&c), 0);
    poll(NULL, 0, 600); /* beyond the linger time */
    for (int i = 0; i < CLIENTS; i++) {
        ssize_t got;

        ck_assert_int_eq(send(clients[i], "TP/1.1\r\n\r\n", 10, MSG_NOSIGNAL), 10);
        got = recv(clients[i], text, sizeof text - 1, 0);
        ck_assert_int_gt(got, 0);
        text[got] = '\0';
        ck_assert_ptr_nonnull(strstr(text, expected));
        ck_assert_ptr_nonnull(strstr(text, "Connection: close"));
        ck_assert_int_eq(recv(clients[i], text, sizeof text, 0), 0);
        close(clients[i]);
    }
    chain_end(&c);
}
END_TEST

static int everything_at_once(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_upgrade_options opts = {
        .size = sizeof opts,
        .alloc = alloc,
        .flags = CFK_UPGRADE_READY_FD | CFK_UPGRADE_START_DIR | CFK_UPGRADE_CONFIRM,
        .probation_ns = 1,
    };
    const char *argv[] = { ctx, "--helper", "exit", "0", NULL };
    cfk_upgrade *u;
    int rc;

    setenv("NOTIFY_SOCKET", "@cfk-nobody", 1);
    rc = cfk_upgrade_new(&opts, &u, NULL);
    if (rc != CFK_OK)
        return rc;
    rc = cfk_upgrade_state_set(u, 1, "state", 5, NULL);
    for (int i = 0; i < 10 && rc == CFK_OK; i++)
        rc = cfk_upgrade_add_fd(u, "fd", 2, NULL);
    for (int i = 0; i < 9 && rc == CFK_OK; i++)
        rc = cfk_upgrade_remove(u, "fd", 0, NULL);
    cfk_upgrade_ready(u, NULL); /* nobody hears it */
    if (rc == CFK_OK && cfk_upgrade_start(u, argv, NULL, NULL) == CFK_E_NOMEM)
        rc = CFK_E_NOMEM;
    cfk_upgrade_free(u);
    return rc;
}

/* Scenario 59. */
START_TEST(every_allocation_failure_leaves_all_intact)
{
    char *program = strdup(helper_program());
    unsigned fds = open_fds();

    fault_sweep(everything_at_once, program, 10);
    ck_assert_uint_eq(open_fds(), fds);
    ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
    free(program);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        ready_and_timeout_at_once_have_one_winner,
        a_process_that_never_reads_is_no_deadlock,
        a_replaced_program_runs,
        a_deleted_directory_is_told,
        privileges_may_be_gone,
        sigpipe_is_never_raised,
        only_monotonic_time_counts,
        a_stranger_with_the_same_pid_is_not_hit,
        those_killed_at_the_deadline_are_counted,
        slow_requests_finish_on_the_old_process,
        every_allocation_failure_leaves_all_intact,
        NULL,
    };
    Suite *suite = suite_create("upgrade/scenarios");

    suite_add_tcase(suite, unit_case("scenarios", tests));
    return suite;
}
