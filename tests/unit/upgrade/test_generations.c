/* SPDX-License-Identifier: MIT */
/* Upgrades while former processes drain: as many of these as the options allow. */
#include "helper.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The process that reports that it serves, as this generation. */
static int serving(const char *line, unsigned generation)
{
    unsigned number = 0;
    int pid = 0;

    ck_assert_msg(sscanf(line, "%u %d", &number, &pid) == 2, "%s", line);
    ck_assert_uint_eq(number, generation);
    return pid;
}

/* The first generation is this process; it hands over to the second one. */
static int second(struct subject *s, const char *allowed)
{
    subject_serving(s, NULL);
    ck_assert_int_eq(subject_start(s, "generation", allowed), CFK_OK);
    subject_expect(s, CFK_UPGRADE_EVENT_READY, 0);
    return serving(subject_line(s), 2);
}

/* Process pid starts the next one and hands over: both say so, in either order. */
static int next(struct subject *s, int pid, unsigned generation)
{
    const char *line;
    int new_pid;

    ck_assert_int_eq(kill(pid, SIGUSR1), 0);
    subject_expect_line(s, "start ok");
    line = subject_line(s);
    if (strcmp(line, "handed over") == 0)
        return serving(subject_line(s), generation);
    new_pid = serving(line, generation);
    subject_expect_line(s, "handed over");
    return new_pid;
}

static void refuses(struct subject *s, int pid)
{
    ck_assert_int_eq(kill(pid, SIGUSR1), 0);
    subject_expect_line(s, "start parent-alive");
}

START_TEST(as_many_former_processes_as_are_allowed)
{
    struct subject s;
    int pids[6];

    pids[2] = second(&s, "2");
    pids[3] = next(&s, pids[2], 3);
    pids[4] = next(&s, pids[3], 4);
    refuses(&s, pids[4]); /* 1, 2 and 3 are there */
    ck_assert_int_eq(kill(pids[2], SIGKILL), 0);
    subject_expect(&s, CFK_UPGRADE_EVENT_EXITED, CFK_E_KILLED);
    pids[5] = next(&s, pids[4], 5);
    refuses(&s, pids[5]); /* 1, 3 and 4 */
    for (int i = 3; i <= 5; i++)
        kill(pids[i], SIGKILL);
    subject_free(&s);
}
END_TEST

START_TEST(none_unless_allowed)
{
    struct subject s;
    int pid = second(&s, "0");

    refuses(&s, pid);
    kill(pid, SIGKILL);
    subject_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *tests[] = {
        as_many_former_processes_as_are_allowed,
        none_unless_allowed,
        NULL,
    };
    Suite *suite = suite_create("upgrade/generations");

    suite_add_tcase(suite, unit_case("generations", tests));
    return suite;
}
