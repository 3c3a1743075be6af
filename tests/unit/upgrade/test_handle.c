/* SPDX-License-Identifier: MIT */
/* Hand-over between two processes that both have a handle; and one alone. */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC, pipe2 */

#include "fault.h"
#include "gen.h"
#include "helper.h"
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* An abstract name that no other test uses at this moment. */
static const char *own_name(void)
{
    static char name[64];

    snprintf(name, sizeof name, "unix:@cfk-test-%d", (int)getpid());
    return name;
}

static void serving_web(struct subject *s)
{
    subject_new(s, NULL);
    ck_assert_int_eq(cfk_upgrade_listen(s->u, "web", own_name(), NULL, NULL, &s->err),
                     CFK_OK);
    ck_assert_int_eq(cfk_upgrade_ready(s->u, &s->err), CFK_OK);
    subject_expect(s, CFK_UPGRADE_EVENT_COMMITTED, 0);
}

START_TEST(a_first_start_has_no_parent)
{
    struct subject s;

    subject_new(&s, NULL);
    ck_assert_int_eq(cfk_upgrade_has_parent(s.u), 0);
    ck_assert_uint_eq(cfk_upgrade_generation(s.u), 1);
    ck_assert_int_ge(cfk_upgrade_fd(s.u), 0);
    subject_expect_quiet(&s);
    ck_assert_int_eq(cfk_upgrade_ready(s.u, &s.err), CFK_OK);
    ck_assert_uint_eq(subject_expect(&s, CFK_UPGRADE_EVENT_COMMITTED, 0).generation, 1);
    subject_free(&s);
}
END_TEST

START_TEST(the_new_process_takes_over)
{
    struct cfk_upgrade_event event;
    struct subject s;
    char line[128];

    serving_web(&s);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    subject_expect_line(&s, "handle generation 2 parent 1 count 2 report=3c web=4c");
    event = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    ck_assert_uint_eq(event.generation, 2);
    subject_expect_line(&s, "committed count 2");
    snprintf(line, sizeof line, "generation 2 pid %d", event.pid);
    ck_assert_str_eq(ask_unix(own_name() + 5), line);
    cfk_upgrade_free(s.u);
    subject_expect_line(&s, "parent gone, drained");
    ck_assert_str_eq(ask_unix(own_name() + 5), line);
    kill(event.pid, SIGKILL);
    close(s.report);
}
END_TEST

START_TEST(ready_may_be_said_twice)
{
    struct subject s;

    serving_web(&s);
    ck_assert_int_eq(subject_start(&s, "library", "again"), CFK_OK);
    subject_line(&s);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_expect_line(&s, "committed count 2");
    subject_expect_quiet(&s);
    subject_free(&s);
}
END_TEST

START_TEST(no_upgrade_while_the_former_process_drains)
{
    struct subject s;

    serving_web(&s);
    ck_assert_int_eq(subject_start(&s, "library", "start"), CFK_OK);
    subject_line(&s);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_expect_line(&s, "committed count 2");
    subject_expect_line(&s, "start parent-alive");
    subject_free(&s);
}
END_TEST

START_TEST(what_the_new_process_does_not_want_is_closed)
{
    struct subject s;

    serving_web(&s);
    ck_assert_int_eq(subject_start(&s, "library", "unused"), CFK_OK);
    subject_line(&s);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_expect_line(&s, "committed count 1");
    ck_assert_ptr_null(ask_unix(own_name() + 5));
    subject_free(&s);
}
END_TEST

/* Run "old" with a listener and the report pipe, wait until its child waits. */
static int start_old(struct subject *s, int *listener, int *new_pid)
{
    static char program[4096];
    const char *argument = "late";
    cfk_upgrade *u;
    int ends[2];
    pid_t pid;

    *s = (struct subject){ .report = -1 };
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    s->report = ends[0];
    ck_assert_int_eq(cfk_upgrade_new(NULL, &u, NULL), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_listen(u, "web", own_name(), NULL, listener, NULL),
                     CFK_OK);
    snprintf(program, sizeof program, "%s", helper_program());
    pid = fork();
    if (pid == 0) {
        const char *argv[] = { program, "--helper", "old", argument, NULL };
        char self[32];
        int web = fcntl(*listener, F_DUPFD, 100);
        int report = fcntl(ends[1], F_DUPFD, 100);

        dup2(web, 3);
        dup2(report, 4);
        close(web);
        close(report);
        snprintf(self, sizeof self, "%d", (int)getpid());
        setenv("LISTEN_PID", self, 1);
        setenv("LISTEN_FDS", "2", 1);
        setenv("LISTEN_FDNAMES", "web:report", 1);
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(98);
    }
    close(ends[1]);
    cfk_upgrade_free(u);
    ck_assert_str_eq(subject_line(s),
                     "handle generation 2 parent 1 count 2 web=3c report=4c");
    ck_assert_str_eq(subject_line(s), "waiting");
    /* The new process is the only child of the old one. */
    {
        char path[64];
        FILE *file;

        snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
        file = fopen(path, "r");
        ck_assert(file != NULL && fscanf(file, "%d", new_pid) == 1);
        fclose(file);
    }
    return pid;
}

START_TEST(the_new_process_survives_the_death_of_the_old_one_before_ready)
{
    struct subject s;
    int listener;
    int new_pid;
    int old = start_old(&s, &listener, &new_pid);
    char line[128];

    kill(old, SIGKILL);
    ck_assert_int_eq(waitpid(old, NULL, 0), old);
    close(listener);
    kill(new_pid, SIGUSR1);
    subject_expect_line(&s, "committed count 2");
    snprintf(line, sizeof line, "generation 2 pid %d", new_pid);
    ck_assert_str_eq(ask_unix(own_name() + 5), line);
    subject_expect_line(&s, "parent gone");
    kill(new_pid, SIGKILL);
    close(s.report);
}
END_TEST

START_TEST(the_new_process_survives_the_death_of_the_old_one_before_commit)
{
    struct subject s;
    int listener;
    int new_pid;
    int old = start_old(&s, &listener, &new_pid);

    kill(new_pid, SIGUSR1); /* READY goes to one who never answers */
    close(listener);
    ck_assert_ptr_nonnull(ask_unix(own_name() + 5)); /* so it has said READY */
    kill(old, SIGKILL);
    ck_assert_int_eq(waitpid(old, NULL, 0), old);
    subject_expect_line(&s, "committed count 2");
    subject_expect_line(&s, "parent gone");
    kill(new_pid, SIGKILL);
    close(s.report);
}
END_TEST

START_TEST(names_and_order_are_kept)
{
    struct cfk_upgrade_entry entry;
    struct subject s;
    char name[256];
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    subject_new(&s, NULL);
    memset(name, 'n', 255);
    name[255] = '\0';
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, name, fd, &s.err), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, "again", fd, &s.err), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, "again", fd, &s.err), CFK_OK);
    ck_assert_uint_eq(cfk_upgrade_count(s.u), 4);
    ck_assert_int_eq(cfk_upgrade_get(s.u, 1, &entry, &s.err), CFK_OK);
    ck_assert_str_eq(entry.name, name);
    ck_assert_int_ne(entry.fd, fd);
    ck_assert_uint_eq(entry.flags, CFK_UPGRADE_CLAIMED);
    unit_expect_error(cfk_upgrade_get(s.u, 4, &entry, &s.err), CFK_E_NOTFOUND, &s.err,
                      "4 descriptors, no number 4");
    close(fd);
    subject_free(&s);
}
END_TEST

START_TEST(what_cannot_be_handed_on_is_refused)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts, .max_fds = 2 };
    struct subject s;
    char name[257];
    int fd = -1;

    subject_new(&s, &opts);
    memset(name, 'n', 256);
    name[256] = '\0';
    unit_expect_error(cfk_upgrade_add_fd(s.u, name, 0, &s.err), CFK_E_INVALID, &s.err,
                      "is no name");
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, NULL, 1, &s.err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, "a:b", 1, &s.err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, "bad", 12345, &s.err), CFK_E_INVALID);
    unit_expect_error(cfk_upgrade_add_fd(s.u, "poll", cfk_upgrade_fd(s.u), &s.err),
                      CFK_E_INVALID, &s.err, "epoll");
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, "pipe", s.report, &s.err), CFK_OK);
    unit_expect_error(cfk_upgrade_add_fd(s.u, "more", s.report, &s.err), CFK_E_LIMIT,
                      &s.err, "more than 2");
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "x", "unix:@x", NULL, NULL, &s.err),
                     CFK_E_LIMIT);
    unit_expect_error(cfk_upgrade_take_fd(s.u, "pipe", &fd, &s.err), CFK_E_NOTFOUND,
                      &s.err, "nothing named pipe");
    ck_assert_int_eq(fd, -1);
    subject_free(&s);
}
END_TEST

START_TEST(options_are_checked)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts, .flags = 32 };
    struct cfk_error err;
    cfk_upgrade *u = (cfk_upgrade *)&opts;

    unit_expect_error(cfk_upgrade_new(&opts, &u, &err), CFK_E_NOTSUP, &err, "flags");
    ck_assert_ptr_null(u);
    opts.flags = 0;
    opts.stop_signal = 65;
    unit_expect_error(cfk_upgrade_new(&opts, &u, &err), CFK_E_INVALID, &err, "signal");
    opts.stop_signal = 0;
    opts.generations = 16;
    unit_expect_error(cfk_upgrade_new(&opts, &u, &err), CFK_E_INVALID, &err,
                      "16 generations, of at most 15");
    opts.generations = 0;
    opts.size = 0;
    ck_assert_int_eq(cfk_upgrade_new(&opts, &u, &err), CFK_E_INVALID);
}
END_TEST

START_TEST(high_descriptors_and_any_order_arrive)
{
    struct subject s;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int low[4];

    subject_serving(&s, NULL);
    /* Descriptors that stand where others are to go, in reverse, and one far up. */
    for (int i = 0; i < 4; i++)
        low[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    for (int i = 3; i >= 0; i--)
        ck_assert_int_eq(cfk_upgrade_add_fd(s.u, "low", low[i], &s.err), CFK_OK);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    subject_expect_line(&s,
                        "handle generation 2 parent 1 count 5 report=3c low=4c low=5c "
                        "low=6c low=7c");
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_free(&s);
}
END_TEST

/* Descriptors are told apart by the position that each has in one file. */
START_TEST(every_permutation_arrives)
{
    enum { COUNT = 12, TRIES = 60 };
    struct gen g;
    char path[128];

    gen_seed(&g, 22);
    snprintf(path, sizeof path, "%s", scratch_path("positions"));
    for (int try = 0; try < TRIES; try++) {
        const char *positions;
        char wanted[256] = "positions";
        int fds[COUNT];
        struct subject s;

        subject_serving(&s, NULL);
        for (int i = 0; i < COUNT; i++) {
            fds[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
            lseek(fds[i], 1000 + i, SEEK_SET);
        }
        /* Free low numbers at random, so that the handle's own land among the places. */
        for (int i = 0; i < COUNT; i++) {
            int at = (int)gen_below(&g, (uint64_t)COUNT);

            if (fds[at] >= 0) {
                char name[16];
                size_t len = strlen(wanted);

                snprintf(name, sizeof name, "f%d", at);
                ck_assert_int_eq(cfk_upgrade_add_fd(s.u, name, fds[at], &s.err), CFK_OK);
                close(fds[at]);
                fds[at] = -1;
                snprintf(wanted + len, sizeof wanted - len, " %d", 1000 + at);
            }
        }
        ck_assert_int_eq(subject_start(&s, "positions", ""), CFK_OK);
        positions = subject_line(&s);
        ck_assert_str_eq(positions, wanted);
        for (int i = 0; i < COUNT; i++)
            if (fds[i] >= 0)
                close(fds[i]);
        subject_free(&s);
    }
}
END_TEST

START_TEST(a_thousand_descriptors_with_long_names_arrive)
{
    struct subject s;
    char name[256];

    subject_serving(&s, NULL);
    memset(name, 'n', 255);
    name[255] = '\0';
    for (int i = 0; i < 1000; i++) {
        snprintf(name, 8, "%07d", i);
        name[7] = 'n';
        if (cfk_upgrade_add_fd(s.u, name, s.report, &s.err) != CFK_OK) {
            unit_skip("%s", s.err.message);
            subject_free(&s);
            return;
        }
    }
    /* LISTEN_FDNAMES would be 256,000 bytes: these names go another way. */
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    ck_assert_ptr_nonnull(strstr(subject_line(&s), "count 1001 report=3c 0000000nnn"));
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_free(&s);
}
END_TEST

static int whole_life(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts, .alloc = alloc };
    const char *argv[] = { ctx, "--helper", "exit", "0", NULL };
    cfk_upgrade *u;
    int rc;

    rc = cfk_upgrade_new(&opts, &u, NULL);
    if (rc != CFK_OK)
        return rc;
    rc = cfk_upgrade_listen(u, "web", own_name(), NULL, NULL, NULL);
    if (rc == CFK_OK)
        rc = cfk_upgrade_add_fd(u, "null", 2, NULL);
    if (rc == CFK_OK)
        rc = cfk_upgrade_ready(u, NULL);
    if (rc == CFK_OK)
        rc = cfk_upgrade_start(u, argv, NULL, NULL);
    cfk_upgrade_free(u);
    return rc;
}

START_TEST(everything_survives_every_allocation_failure)
{
    char *program = strdup(helper_program());
    unsigned fds = open_fds();

    fault_sweep(whole_life, program, 10);
    ck_assert_uint_eq(open_fds(), fds);
    ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
    free(program);
}
END_TEST

START_TEST(stop_ends_everything)
{
    struct subject s;

    serving_web(&s);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, 8, &s.err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, 0, &s.err), CFK_OK);
    ck_assert_ptr_null(ask_unix(own_name() + 5));
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_STOPPED);
    subject_expect(&s, CFK_UPGRADE_EVENT_STOPPED, 0);
    subject_expect_quiet(&s);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_E_STOPPED);
    ck_assert_int_eq(cfk_upgrade_ready(s.u, &s.err), CFK_E_STOPPED);
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, "x", 0, &s.err), CFK_E_STOPPED);
    ck_assert_int_eq(cfk_upgrade_take_fd(s.u, "x", NULL, &s.err), CFK_E_STOPPED);
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "x", "unix:@x", NULL, NULL, &s.err),
                     CFK_E_STOPPED);
    subject_free(&s);
}
END_TEST

START_TEST(notify_tells_what_is_wrong)
{
    struct cfk_error err;

    unsetenv("NOTIFY_SOCKET");
    unit_expect_error(cfk_upgrade_notify(NULL, "READY=1", &err), CFK_E_NOTFOUND, &err,
                      "NOTIFY_SOCKET");
    ck_assert_int_eq(cfk_upgrade_notify("relative", "READY=1", &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_upgrade_notify("@x", "", &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_upgrade_notify("@x", NULL, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_upgrade_notify("@", "A=1", &err), CFK_E_INVALID);
    unit_expect_error(cfk_upgrade_notify("/nonexistent/socket", "READY=1", &err),
                      CFK_E_IO, &err, "/nonexistent/socket");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_first_start_has_no_parent,
        the_new_process_takes_over,
        ready_may_be_said_twice,
        no_upgrade_while_the_former_process_drains,
        what_the_new_process_does_not_want_is_closed,
        the_new_process_survives_the_death_of_the_old_one_before_ready,
        the_new_process_survives_the_death_of_the_old_one_before_commit,
        names_and_order_are_kept,
        what_cannot_be_handed_on_is_refused,
        options_are_checked,
        high_descriptors_and_any_order_arrive,
        every_permutation_arrives,
        a_thousand_descriptors_with_long_names_arrive,
        everything_survives_every_allocation_failure,
        stop_ends_everything,
        notify_tells_what_is_wrong,
        NULL,
    };
    Suite *suite = suite_create("upgrade/handle");

    suite_add_tcase(suite, unit_case("handle", tests));
    return suite;
}
