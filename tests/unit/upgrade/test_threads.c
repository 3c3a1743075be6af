/* SPDX-License-Identifier: MIT */
/* Threads: several handles at once, one handle under a lock, and forks beside it. */
#define _GNU_SOURCE /* environ */

#include "helper.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int rounds(void)
{
    return getenv("LD_PRELOAD") == NULL ? 20 : 3; /* fewer under valgrind */
}

static char program[4096];

/* Start argv on a holder until it serves; true when it does. */
static bool one_upgrade(cfk_upgrade *u, const char *mode)
{
    const char *argv[] = { program, "--helper", mode, "1", NULL };
    struct cfk_upgrade_event event;

    if (cfk_upgrade_start(u, argv, NULL, NULL) != CFK_OK)
        return false;
    do {
        if (cfk_upgrade_wait(u, 60000000000, &event, NULL) != CFK_OK)
            return false;
    } while (event.type == CFK_UPGRADE_EVENT_DRAINED);
    return event.type == CFK_UPGRADE_EVENT_READY;
}

static void stop(cfk_upgrade *u)
{
    struct cfk_upgrade_event event = { .type = CFK_UPGRADE_EVENT_NONE };

    cfk_upgrade_stop(u, 0, NULL);
    while (event.type != CFK_UPGRADE_EVENT_STOPPED)
        ck_assert_int_eq(cfk_upgrade_wait(u, 60000000000, &event, NULL), CFK_OK);
    cfk_upgrade_free(u);
}

static cfk_upgrade *new_holder(void)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags =
                                            CFK_UPGRADE_HOLDER | CFK_UPGRADE_KEEP_ENV };
    cfk_upgrade *u;

    ck_assert_int_eq(cfk_upgrade_new(&opts, &u, NULL), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_listen(u, "web", "tcp:127.0.0.1:0", NULL, NULL, NULL),
                     CFK_OK);
    return u;
}

static void *upgrade_own(void *ctx)
{
    cfk_upgrade *u = ctx;

    for (int i = 0; i < rounds() / 2; i++)
        if (!one_upgrade(u, "notify"))
            return NULL;
    return u;
}

START_TEST(each_thread_has_its_own_handle)
{
    pthread_t threads[4];
    void *result;

    snprintf(program, sizeof program, "%s", helper_program());
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, upgrade_own, new_holder()), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        ck_assert_ptr_nonnull(result);
        stop(result);
    }
}
END_TEST

struct shared {
    pthread_mutex_t lock;
    cfk_upgrade *u;
    int upgrades;
};

static void *upgrade_shared(void *ctx)
{
    struct shared *s = ctx;
    struct cfk_upgrade_status status;

    for (int i = 0; i < rounds() / 4 + 1; i++) {
        pthread_mutex_lock(&s->lock);
        s->upgrades += one_upgrade(s->u, "notify");
        cfk_upgrade_get_status(s->u, &status);
        cfk_upgrade_owns_pid(s->u, 1);
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

/* Scenario 49: one thread at a time, whichever it is. */
START_TEST(threads_take_turns_with_a_handle)
{
    struct shared s = { .lock = PTHREAD_MUTEX_INITIALIZER };
    pthread_t threads[4];

    snprintf(program, sizeof program, "%s", helper_program());
    s.u = new_holder();
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, upgrade_shared, &s), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(s.upgrades, 4 * (rounds() / 4 + 1));
    stop(s.u);
}
END_TEST

static atomic_bool forking;
static atomic_uint leaks;
static atomic_uint spawned;

/* A program started by another thread at any moment: it counts what it was given. */
static int count_fds_of_child(void)
{
    char *const argv[] = { program, (char[]){ "--helper" }, (char[]){ "count-fds" },
                           NULL };
    int status = 0;
    pid_t pid;

    if (posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0 ||
        waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static void *spawn_others(void *ctx)
{
    int expected = *(const int *)ctx;

    while (atomic_load(&forking)) {
        atomic_fetch_add(&leaks, count_fds_of_child() != expected);
        atomic_fetch_add(&spawned, 1);
    }
    return NULL;
}

/* Scenario 36. */
START_TEST(nothing_leaks_into_the_children_of_other_threads)
{
    pthread_t threads[8];
    cfk_upgrade *u;
    int expected;

    if (skip_under_valgrind("programs have descriptors of its own"))
        return;
    snprintf(program, sizeof program, "%s", helper_program());
    expected = count_fds_of_child();
    ck_assert_int_ge(expected, 0);
    u = new_holder();
    atomic_store(&forking, true);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, spawn_others, &expected), 0);
    for (int i = 0; i < 5 * rounds(); i++)
        ck_assert(one_upgrade(u, "notify"));
    atomic_store(&forking, false);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_gt(atomic_load(&spawned), 0);
    ck_assert_uint_eq(atomic_load(&leaks), 0);
    stop(u);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        each_thread_has_its_own_handle,
        threads_take_turns_with_a_handle,
        nothing_leaks_into_the_children_of_other_threads,
        NULL,
    };
    Suite *suite = suite_create("upgrade/threads");

    suite_add_tcase(suite, unit_case("threads", tests));
    return suite;
}
