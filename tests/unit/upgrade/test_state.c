/* SPDX-License-Identifier: MIT */
/* State that goes from one process to the next; and what else a New may say to it. */
#define _GNU_SOURCE /* memfd_create */

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
#include <unistd.h>

/* As the helper reports it. */
static const char *described(uint32_t version, const uint8_t *data, size_t size)
{
    static char line[100];
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i += i < 4096 ? 1 : 4096)
        sum = sum * 31 + data[i];
    snprintf(line, sizeof line, "state version %u size %zu sum %08x", version, size, sum);
    return line;
}

START_TEST(state_of_any_size_arrives)
{
    static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 3000000 };
    uint8_t *data = malloc(3000000);
    struct subject s;
    struct gen g;

    gen_seed(&g, 5);
    gen_bytes(&g, data, 3000000);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t version = (uint32_t)(i * 1000000007u);
        int pid;

        subject_serving(&s, NULL);
        ck_assert_int_eq(cfk_upgrade_state_set(s.u, 1, "old", 3, &s.err), CFK_OK);
        ck_assert_int_eq(cfk_upgrade_state_set(s.u, version, data, sizes[i], &s.err),
                         CFK_OK);
        ck_assert_int_eq(subject_start(&s, "library", "state"), CFK_OK);
        subject_line(&s);
        subject_expect_line(&s, described(version, data, sizes[i]));
        pid = subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid;
        subject_expect_line(&s, "committed count 1");
        subject_expect_line(&s, described(version, data, sizes[i]));
        subject_free(&s);
        kill(pid, SIGKILL);
    }
    free(data);
}
END_TEST

START_TEST(no_state_is_told_from_an_empty_one)
{
    const void *data;
    uint32_t version;
    struct subject s;
    size_t size;

    subject_serving(&s, NULL);
    unit_expect_error(cfk_upgrade_state_get(s.u, &version, &data, &size, &s.err),
                      CFK_E_NOTFOUND, &s.err, "no state");
    cfk_upgrade_state_drop(s.u);
    ck_assert_int_eq(subject_start(&s, "library", "state"), CFK_OK);
    subject_line(&s);
    subject_expect_line(&s, "state not-found");
    subject_free(&s);
}
END_TEST

START_TEST(state_is_built_in_place)
{
    enum { SIZE = 1 << 20 };
    struct subject s;
    int fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char *data;

    subject_serving(&s, NULL);
    ck_assert_int_eq(ftruncate(fd, SIZE), 0);
    data = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    memset(data, 'x', SIZE);
    unit_expect_error(cfk_upgrade_state_set_fd(s.u, 9, fd, &s.err), CFK_E_BUSY, &s.err,
                      "mapped for writing");
    munmap(data, SIZE);
    ck_assert_int_eq(cfk_upgrade_state_set_fd(s.u, 9, fd, &s.err), CFK_OK);
    ck_assert_int_lt(write(fd, "y", 1), 0); /* nobody changes it any more */
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(cfk_upgrade_state_set_fd(s.u, 9, fd, &s.err), CFK_OK);
    close(fd);
    ck_assert_int_eq(subject_start(&s, "library", "state"), CFK_OK);
    subject_line(&s);
    data = malloc(SIZE);
    memset(data, 'x', SIZE);
    subject_expect_line(&s, described(9, (uint8_t *)data, SIZE));
    free(data);
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(cfk_upgrade_state_set_fd(s.u, 9, fd, &s.err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_upgrade_state_set_fd(s.u, 9, 12345, &s.err), CFK_E_INVALID);
    close(fd);
    subject_free(&s);
}
END_TEST

/* 1 GB, where there is room for it; the file is sparse, so it costs little. */
START_TEST(a_gigabyte_arrives)
{
    const size_t size = (size_t)1 << 30;
    struct subject s;
    int fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char line[100];

    if (skip_under_valgrind("memory is short"))
        return;
    subject_serving(&s, NULL);
    ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
    ck_assert_int_eq(pwrite(fd, "\1", 1, (off_t)(size - 4096)), 1);
    ck_assert_int_eq(cfk_upgrade_state_set_fd(s.u, 1, fd, &s.err), CFK_OK);
    close(fd);
    ck_assert_int_eq(subject_start(&s, "library", "state"), CFK_OK);
    subject_line(&s);
    snprintf(line, sizeof line, "state version 1 size %zu sum 00000001", size);
    subject_expect_line(&s, line);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_free(&s);
}
END_TEST

/* What is known only once the old process has stopped accepting. */
START_TEST(the_latest_state_goes_with_the_commit)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags = CFK_UPGRADE_CONFIRM };
    struct subject s;

    subject_serving(&s, &opts);
    ck_assert_int_eq(cfk_upgrade_state_set(s.u, 1, "early", 5, &s.err), CFK_OK);
    ck_assert_int_eq(subject_start(&s, "library", "state"), CFK_OK);
    subject_line(&s);
    subject_expect_line(&s, described(1, (const uint8_t *)"early", 5));
    subject_expect(&s, CFK_UPGRADE_EVENT_PREPARE, 0);
    ck_assert_int_eq(cfk_upgrade_state_set(s.u, 2, "latest", 6, &s.err), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_confirm(s.u, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_expect_line(&s, "committed count 1");
    subject_expect_line(&s, described(2, (const uint8_t *)"latest", 6));
    ck_assert_int_eq(cfk_upgrade_state_set(s.u, 2, "x", 1, &s.err), CFK_E_STOPPED);
    ck_assert_int_eq(cfk_upgrade_state_set_fd(s.u, 2, 0, &s.err), CFK_E_STOPPED);
    subject_free(&s);
}
END_TEST

/* Scenario 31. */
START_TEST(a_state_can_be_rejected)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .probation_ns = 3600000000000 };
    struct cfk_upgrade_event event;
    struct subject s;
    unsigned fds;

    subject_serving(&s, &opts);
    ck_assert_int_eq(cfk_upgrade_reject(s.u, 1, &s.err), CFK_E_STATE);
    ck_assert_int_eq(cfk_upgrade_state_set(s.u, 99, "odd", 3, &s.err), CFK_OK);
    fds = open_fds();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(subject_start(&s, "library", "reject"), CFK_OK);
        event = subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_REJECTED);
        ck_assert_int_eq(event.status, 42);
        subject_line(&s);
        ck_assert_uint_eq(open_fds(), fds);
    }
    /* Also after it has taken over, as long as the old one can come back. */
    ck_assert_int_eq(subject_start(&s, "library", "reject-late"), CFK_OK);
    subject_line(&s);
    event = subject_event(&s);
    if (event.type == CFK_UPGRADE_EVENT_PROBATION)
        event = subject_event(&s);
    ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_FAILED);
    ck_assert_int_eq(event.reason, CFK_E_REJECTED);
    ck_assert_int_eq(event.status, 7);
    subject_expect(&s, CFK_UPGRADE_EVENT_RESUME, 0);
    subject_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        state_of_any_size_arrives,
        no_state_is_told_from_an_empty_one,
        state_is_built_in_place,
        a_gigabyte_arrives,
        the_latest_state_goes_with_the_commit,
        a_state_can_be_rejected,
        NULL,
    };
    Suite *suite = suite_create("upgrade/state");

    suite_add_tcase(suite, unit_case("state", tests));
    return suite;
}
