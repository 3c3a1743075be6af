/* SPDX-License-Identifier: MIT */
/*
 * A handle over execve(): what is described is what is found again. The other
 * side of the exec is a fork here, which has the same descriptors; the server
 * is not its child, so that only its status is unknown there. The tests of
 * cfupgrade(1) do it with an exec.
 */
#define _GNU_SOURCE /* memfd_create */

#include "fault.h"
#include "gen.h"
#include "helper.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct cfk_upgrade_options holder(void)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags = CFK_UPGRADE_HOLDER };

    return opts;
}

/* A holder with a report pipe, a socket with a path, and a server. Its pid. */
static int begin(struct subject *s)
{
    struct cfk_upgrade_options opts = holder();
    char address[160];

    subject_new(s, &opts);
    snprintf(address, sizeof address, "unix:%s", scratch_path("web"));
    ck_assert_int_eq(cfk_upgrade_listen(s->u, "web", address, NULL, NULL, &s->err),
                     CFK_OK);
    ck_assert_int_eq(subject_start(s, "notify", ""), CFK_OK);
    return subject_expect(s, CFK_UPGRADE_EVENT_READY, 0).pid;
}

static void end(struct subject *s, int server)
{
    cfk_upgrade_stop(s->u, CFK_UPGRADE_NOW, NULL);
    ck_assert_int_eq(subject_expect(s, CFK_UPGRADE_EVENT_DRAINED, CFK_E_KILLED).pid,
                     server);
    subject_expect(s, CFK_UPGRADE_EVENT_STOPPED, 0);
    subject_free(s);
}

/* The forked side ends with the line at which something was wrong. */
#define MUST(condition)                                                                  \
    do {                                                                                 \
        if (!(condition))                                                                \
            _exit(__LINE__ % 256);                                                       \
    } while (0)

static void expect_end(pid_t pid)
{
    int status;

    ck_assert_int_ge(pid, 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_msg(WEXITSTATUS(status) == 0, "the other side failed in line %d",
                  WEXITSTATUS(status));
}

static void look_at(int fd, int server)
{
    struct cfk_upgrade_options opts = holder();
    struct cfk_upgrade_child child;
    struct cfk_upgrade_status status;
    struct cfk_upgrade_entry entry;
    struct cfk_upgrade_event event;
    cfk_upgrade *u;

    MUST(cfk_upgrade_thaw(&opts, fd, &u, NULL) == CFK_OK);
    MUST(fcntl(fd, F_GETFD) < 0);
    MUST(cfk_upgrade_count(u) == 2);
    MUST(cfk_upgrade_get(u, 0, &entry, NULL) == CFK_OK);
    MUST(strcmp(entry.name, "report") == 0);
    MUST((fcntl(entry.fd, F_GETFD) & FD_CLOEXEC) != 0);
    MUST(cfk_upgrade_get(u, 1, &entry, NULL) == CFK_OK);
    MUST(strcmp(entry.name, "web") == 0 && (entry.flags & CFK_UPGRADE_OWNS_PATH) != 0);
    MUST(cfk_upgrade_generation(u) == 1);
    cfk_upgrade_get_status(u, &status);
    MUST(status.started == 1 && status.succeeded == 1);
    MUST(cfk_upgrade_get_child(u, 0, &child, NULL) == CFK_OK);
    MUST(child.pid == server && child.state == CFK_UPGRADE_SERVING);
    MUST(cfk_upgrade_get_child(u, 1, &child, NULL) == CFK_E_NOTFOUND);
    MUST(cfk_upgrade_owns_pid(u, server));
    MUST(cfk_upgrade_process(u, &event, NULL) == CFK_OK);
    MUST(event.type == CFK_UPGRADE_EVENT_NONE);
    /* It is watched, may be stopped, and its path goes. */
    MUST(cfk_upgrade_stop(u, CFK_UPGRADE_NOW, NULL) == CFK_OK);
    MUST(cfk_upgrade_wait(u, 60000000000, &event, NULL) == CFK_OK);
    MUST(event.type == CFK_UPGRADE_EVENT_DRAINED && event.pid == server);
    MUST(cfk_upgrade_wait(u, 60000000000, &event, NULL) == CFK_OK);
    MUST(event.type == CFK_UPGRADE_EVENT_STOPPED);
    MUST(access(scratch_path("web"), F_OK) < 0);
    cfk_upgrade_free(u);
    _exit(0);
}

START_TEST(what_is_frozen_is_found_again)
{
    struct subject s;
    int server = begin(&s);
    int fd;
    pid_t pid;

    ck_assert_int_eq(cfk_upgrade_freeze(s.u, &fd, &s.err), CFK_OK);
    ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
    pid = fork();
    if (pid == 0)
        look_at(fd, server);
    expect_end(pid);
    cfk_upgrade_unfreeze(s.u, fd);
    subject_expect(&s, CFK_UPGRADE_EVENT_EXITED, CFK_E_KILLED);
    subject_free(&s);
}
END_TEST

START_TEST(unfreeze_takes_it_back)
{
    struct cfk_upgrade_entry entry;
    struct subject s;
    int server = begin(&s);
    unsigned open_before = open_fds();
    int fd;

    ck_assert_int_eq(cfk_upgrade_freeze(s.u, &fd, &s.err), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_get(s.u, 1, &entry, &s.err), CFK_OK);
    ck_assert_int_eq(fcntl(entry.fd, F_GETFD), 0);
    cfk_upgrade_unfreeze(s.u, fd);
    ck_assert_int_eq(fcntl(entry.fd, F_GETFD), FD_CLOEXEC);
    ck_assert_uint_eq(open_fds(), open_before);
    end(&s, server);
}
END_TEST

START_TEST(not_while_a_process_starts_nor_after_the_end)
{
    struct cfk_upgrade_options opts = holder();
    struct subject s;
    int fd = -2;

    subject_new(&s, &opts);
    ck_assert_int_eq(subject_start(&s, "hang", ""), CFK_OK);
    unit_expect_error(cfk_upgrade_freeze(s.u, &fd, &s.err), CFK_E_BUSY, &s.err,
                      "is starting");
    cfk_upgrade_stop(s.u, CFK_UPGRADE_NOW, NULL);
    unit_expect_error(cfk_upgrade_freeze(s.u, &fd, &s.err), CFK_E_STOPPED, &s.err,
                      "stopped");
    ck_assert_int_eq(fd, -2);
    subject_free(&s);
}
END_TEST

static int sealed(const void *data, size_t size)
{
    int fd = memfd_create("test", MFD_ALLOW_SEALING);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
    ck_assert_int_eq(
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
        0);
    return fd;
}

/* The bytes of a frozen handle on the heap. */
static uint8_t *content(int fd, size_t *size)
{
    struct stat st;
    uint8_t *data;

    ck_assert_int_eq(fstat(fd, &st), 0);
    *size = (size_t)st.st_size;
    data = malloc(*size + 1);
    ck_assert_ptr_nonnull(data);
    ck_assert_int_eq(pread(fd, data, *size, 0), st.st_size);
    return data;
}

START_TEST(what_is_cut_short_is_refused_and_nothing_closed)
{
    struct cfk_upgrade_options opts = holder();
    struct subject s;
    int server = begin(&s);
    unsigned open_before;
    cfk_upgrade *u;
    uint8_t *data;
    size_t size;
    int fd;

    ck_assert_int_eq(cfk_upgrade_freeze(s.u, &fd, &s.err), CFK_OK);
    data = content(fd, &size);
    open_before = open_fds();
    for (size_t len = 0; len < size; len++) {
        int part = sealed(data, len);

        unit_expect_error(cfk_upgrade_thaw(&opts, part, &u, &s.err), CFK_E_PROTOCOL,
                          &s.err, "describes no handle");
        ck_assert_ptr_null(u);
        close(part);
        ck_assert_uint_eq(open_fds(), open_before);
    }
    data[size] = 0;
    {
        int longer = sealed(data, size + 1);

        ck_assert_int_eq(cfk_upgrade_thaw(&opts, longer, &u, &s.err), CFK_E_PROTOCOL);
        close(longer);
    }
    unit_expect_error(cfk_upgrade_thaw(&opts, -1, &u, &s.err), CFK_E_INVALID, &s.err,
                      "-1 describes no handle");
    unit_expect_error(cfk_upgrade_thaw(&opts, s.report, &u, &s.err), CFK_E_INVALID,
                      &s.err, "describes no handle");
    free(data);
    cfk_upgrade_unfreeze(s.u, fd);
    end(&s, server);
}
END_TEST

/* In a process of its own: a number that was changed may name any descriptor. */
static void thaw_damaged(const uint8_t *data, size_t size, int server, uint64_t seed)
{
    struct cfk_upgrade_options opts = holder();
    static cfk_upgrade *u; /* so that it is not lost, only left */
    uint8_t *copy = malloc(size);
    struct gen g;

    MUST(copy != NULL);
    gen_seed(&g, seed);
    for (int i = 0; i < 2000; i++) {
        int fd;

        memcpy(copy, data, size);
        for (uint64_t n = 0; n <= gen_below(&g, 4); n++)
            copy[gen_below(&g, size)] = (uint8_t)gen_below(&g, 256);
        fd = memfd_create("damaged", MFD_ALLOW_SEALING);
        MUST(fd >= 0 && write(fd, copy, size) == (ssize_t)size);
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        if (cfk_upgrade_thaw(&opts, fd, &u, NULL) == CFK_OK) {
            MUST(runs(server));
            free(copy);
            _exit(0); /* its descriptors are anybody's: it is not freed */
        }
        close(fd);
    }
    free(copy);
    _exit(0);
}

START_TEST(damage_does_no_harm)
{
    struct subject s;
    int server = begin(&s);
    uint8_t *data;
    size_t size;
    int fd;

    ck_assert_int_eq(cfk_upgrade_freeze(s.u, &fd, &s.err), CFK_OK);
    data = content(fd, &size);
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();

        if (pid == 0)
            thaw_damaged(data, size, server, (uint64_t)i);
        expect_end(pid);
    }
    free(data);
    cfk_upgrade_unfreeze(s.u, fd);
    ck_assert(runs(server));
    end(&s, server);
}
END_TEST

static int freeze_it(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_upgrade_options opts = holder();
    cfk_upgrade *u;
    int fd;
    int rc;

    (void)ctx;
    opts.alloc = alloc;
    rc = cfk_upgrade_new(&opts, &u, NULL);
    if (rc != CFK_OK)
        return rc;
    rc = cfk_upgrade_add_fd(u, "a", 0, NULL);
    if (rc == CFK_OK)
        rc = cfk_upgrade_freeze(u, &fd, NULL);
    if (rc == CFK_OK)
        cfk_upgrade_unfreeze(u, fd);
    cfk_upgrade_free(u);
    return rc;
}

static int thaw_it(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_upgrade_options opts = holder();
    cfk_upgrade *u;
    int rc;

    opts.alloc = alloc;
    rc = cfk_upgrade_thaw(&opts, *(int *)ctx, &u, NULL);
    cfk_upgrade_free(u);
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    struct subject s;
    int server;
    int fd;
    pid_t pid;

    fault_sweep(freeze_it, NULL, 2);
    server = begin(&s);
    ck_assert_int_eq(cfk_upgrade_freeze(s.u, &fd, &s.err), CFK_OK);
    pid = fork();
    if (pid == 0) {
        fault_sweep(thaw_it, &fd, 5);
        _exit(0);
    }
    expect_end(pid);
    cfk_upgrade_unfreeze(s.u, fd);
    end(&s, server);
}
END_TEST

static void expect_order(const struct subject *s, const char *order)
{
    for (size_t i = 0; order[i] != '\0'; i++) {
        struct cfk_upgrade_entry entry;

        ck_assert_int_eq(cfk_upgrade_get(s->u, i, &entry, NULL), CFK_OK);
        ck_assert_int_eq(entry.name[0], order[i]);
    }
}

START_TEST(descriptors_are_moved)
{
    struct cfk_upgrade_options opts = holder();
    struct subject s;

    subject_new(&s, &opts); /* "report" */
    for (char name[2] = "a"; name[0] <= 'd'; name[0]++)
        ck_assert_int_eq(cfk_upgrade_add_fd(s.u, name, 0, &s.err), CFK_OK);
    expect_order(&s, "rabcd");
    ck_assert_int_eq(cfk_upgrade_move(s.u, 4, 0, &s.err), CFK_OK);
    expect_order(&s, "drabc");
    ck_assert_int_eq(cfk_upgrade_move(s.u, 0, 4, &s.err), CFK_OK);
    expect_order(&s, "rabcd");
    ck_assert_int_eq(cfk_upgrade_move(s.u, 1, 3, &s.err), CFK_OK);
    expect_order(&s, "rbcad");
    ck_assert_int_eq(cfk_upgrade_move(s.u, 2, 2, &s.err), CFK_OK);
    expect_order(&s, "rbcad");
    unit_expect_error(cfk_upgrade_move(s.u, 5, 0, &s.err), CFK_E_NOTFOUND, &s.err,
                      "no number 5");
    unit_expect_error(cfk_upgrade_move(s.u, 0, 5, &s.err), CFK_E_NOTFOUND, &s.err,
                      "no number 5");
    cfk_upgrade_stop(s.u, 0, NULL);
    ck_assert_int_eq(cfk_upgrade_move(s.u, 0, 0, &s.err), CFK_E_STOPPED);
    subject_free(&s);
}
END_TEST

START_TEST(paths_stay_where_somebody_else_keeps_the_sockets)
{
    struct cfk_upgrade_options opts = holder();
    struct subject s;
    char address[160];

    subject_new(&s, &opts);
    snprintf(address, sizeof address, "unix:%s", scratch_path("kept"));
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "kept", address, NULL, NULL, &s.err),
                     CFK_OK);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, CFK_UPGRADE_KEEP_PATHS, &s.err), CFK_OK);
    ck_assert_int_eq(access(scratch_path("kept"), F_OK), 0);
    subject_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        what_is_frozen_is_found_again,
        unfreeze_takes_it_back,
        not_while_a_process_starts_nor_after_the_end,
        what_is_cut_short_is_refused_and_nothing_closed,
        damage_does_no_harm,
        every_allocation_may_fail,
        descriptors_are_moved,
        paths_stay_where_somebody_else_keeps_the_sockets,
        NULL,
    };
    Suite *suite = suite_create("upgrade/freeze");

    suite_add_tcase(suite, unit_case("freeze", tests));
    return suite;
}
