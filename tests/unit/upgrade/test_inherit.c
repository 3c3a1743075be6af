/* SPDX-License-Identifier: MIT */
/* What a process makes of what it is given. */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */

#include "fault.h"
#include "helper.h"
#include "unit.h"
#include "upgrade/protocol.h"
#include "upgrade/system.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Passed in the order given; -1 is the report, which goes last. */
static int high_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 100);

    close(fd);
    return high;
}

START_TEST(sockets_of_a_service_manager_are_adopted)
{
    const int fds[] = { high_fd(), high_fd(), -1 };
    const char *const env[] = { "LISTEN_FDS=3", "LISTEN_PID=self",
                                "LISTEN_FDNAMES=web:admin:report", NULL };

    ck_assert_str_eq(run_helper("adopt", fds, 3, env),
                     "handle generation 1 parent 0 count 3 web=3c admin=4c report=5c\n"
                     "environment \n"
                     "ready ok\n");
}
END_TEST

START_TEST(sockets_without_names_are_unknown)
{
    const int fds[] = { high_fd(), -1 };
    const char *const env[] = { "LISTEN_FDS=2", "LISTEN_PID=self", NULL };
    const char *report = run_helper("adopt", fds, 2, env);

    ck_assert_ptr_nonnull(strstr(report, "count 2 unknown=3c unknown=4c\n"));
}
END_TEST

START_TEST(sockets_of_another_process_are_left_alone)
{
    const int fds[] = { high_fd(), -1 };
    const char *const env[] = { "LISTEN_FDS=2", "LISTEN_PID=1",
                                "LISTEN_FDNAMES=web:report", NULL };

    ck_assert_str_eq(run_helper("adopt", fds, 2, env),
                     "handle generation 1 parent 0 count 0\n"
                     "environment \n"
                     "ready ok\n");
}
END_TEST

START_TEST(nonsense_in_the_environment_is_told)
{
    static const struct {
        const char *count;
        const char *names;
        const char *want;
    } bad[] = {
        { "LISTEN_FDS=9", "LISTEN_FDNAMES=report:b:c:d:e:f:g:h:i", "is not open" },
        { "LISTEN_FDS=2", "LISTEN_FDNAMES=report", "does not hold 2 good names" },
        { "LISTEN_FDS=2", "LISTEN_FDNAMES=a:report:c", "does not hold 2 good names" },
        { "LISTEN_FDS=70000", "LISTEN_FDNAMES=a:report", "over 65536" },
        { "LISTEN_FDS=2x", "LISTEN_FDNAMES=a:report", "'2x', no number" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const int fds[] = { -1, -1, -1, -1, -1, -1, -1, -1 };
        const char *const env[] = { bad[i].count, "LISTEN_PID=self", bad[i].names, NULL };
        const char *report = run_helper("adopt", fds, 8, env);

        ck_assert_msg(strstr(report, bad[i].want) != NULL, "%s: %s", bad[i].count,
                      report);
    }
}
END_TEST

START_TEST(a_variable_that_is_stale_is_a_first_start)
{
    static const char *const stale[] = {
        "CFK_UPGRADE=1:3:00112233445566778899aabbccddeeff",   /* another kind */
        "CFK_UPGRADE=1:4:00112233445566778899aabbccddeeff",   /* a socket, not ours */
        "CFK_UPGRADE=1:999:00112233445566778899aabbccddeeff", /* closed */
        "CFK_UPGRADE=2:4:00112233445566778899aabbccddeeff",   /* another version */
        "CFK_UPGRADE=nonsense",
    };
    int pair[2];
    int high;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    high = fcntl(pair[0], F_DUPFD_CLOEXEC, 100);
    for (size_t i = 0; i < sizeof stale / sizeof stale[0]; i++) {
        const int fds[] = { high_fd(), high, -1 };
        const char *const env[] = { stale[i], "LISTEN_FDS=3", "LISTEN_PID=1",
                                    "LISTEN_FDNAMES=a:b:report", NULL };
        char word[16] = "";

        ck_assert_int_eq(send(pair[1], "not for you", 11, 0), 11);
        ck_assert_ptr_nonnull(strstr(run_helper("adopt", fds, 3, env),
                                     "handle generation 1 parent 0 count 0\n"
                                     "environment \n"));
        /* What waits in a socket that is not ours was not touched. */
        ck_assert_int_eq(recv(high, word, sizeof word, MSG_DONTWAIT), 11);
        close(fds[0]);
    }
}
END_TEST

START_TEST(a_service_manager_hears_that_we_are_ready)
{
    const int fds[] = { -1 };
    char notify[160];
    const char *const env[] = { "LISTEN_FDS=1", "LISTEN_PID=self", notify, NULL };
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    char text[64] = "";
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const char *report;

    snprintf(un.sun_path, sizeof un.sun_path, "%s", scratch_path("notify"));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    snprintf(notify, sizeof notify, "NOTIFY_SOCKET=%s", un.sun_path);
    report = run_helper("adopt", fds, 1, env);
    ck_assert_ptr_nonnull(strstr(report, "environment \nready ok\n"));
    ck_assert_int_eq(recv(fd, text, sizeof text, MSG_DONTWAIT), 7);
    ck_assert_str_eq(text, "READY=1");
    close(fd);
    report = run_helper("adopt", fds, 1, env);
    ck_assert_ptr_nonnull(strstr(report, "ready io\n"));
}
END_TEST

START_TEST(the_environment_can_be_left_as_it_is)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags = CFK_UPGRADE_KEEP_ENV };
    cfk_upgrade *u;

    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", "1", 1);
    ck_assert_int_eq(cfk_upgrade_new(&opts, &u, NULL), CFK_OK);
    ck_assert_ptr_nonnull(getenv("LISTEN_FDS"));
    cfk_upgrade_free(u);
    ck_assert_int_eq(cfk_upgrade_new(NULL, &u, NULL), CFK_OK);
    ck_assert_ptr_null(getenv("LISTEN_FDS"));
    ck_assert_ptr_null(getenv("LISTEN_PID"));
    cfk_upgrade_free(u);
}
END_TEST

/* A hand-over to this process: HELLO about count descriptors waits in a channel. */
static void hand_over(uint32_t count, int description, int pair[2])
{
    struct cfk__message hello = {
        .type = CFK__MESSAGE_HELLO, .generation = 5, .first = 3, .count = count
    };
    struct cfk__handover handover = { .fd = -1 };
    char text[CFK__HANDOVER_TEXT];
    uint8_t data[CFK__MESSAGE_MAX];
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { .bytes = { 0 } };
    struct iovec iov = { data, cfk__message_encode(&hello, data) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    ck_assert_int_eq(cfk__channel_new(pair), 0);
    if (description >= 0) {
        struct cmsghdr *cmsg;

        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof control.bytes;
        cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof description);
        memcpy(CMSG_DATA(cmsg), &description, sizeof description);
    }
    ck_assert_int_gt(sendmsg(pair[0], &msg, 0), 0);
    handover.fd = pair[1];
    cfk__handover_print(&handover, text);
    setenv("CFK_UPGRADE", text, 1);
}

static int adopt_nothing(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts, .alloc = alloc };
    cfk_upgrade *u;
    int pair[2];
    int rc;

    hand_over(0, *(int *)ctx, pair);
    rc = cfk_upgrade_new(&opts, &u, NULL);
    if (rc == CFK_OK) {
        ck_assert_uint_eq(cfk_upgrade_generation(u), 5);
        ck_assert_int_eq(cfk_upgrade_has_parent(u), 1);
        cfk_upgrade_free(u);
    } else {
        close(pair[1]);
    }
    close(pair[0]);
    return rc;
}

START_TEST(a_hand_over_survives_every_allocation_failure)
{
    int sealed = cfk__sealed_new("CFKT\1\0\0\0\0\0\0\0", 12);

    fault_sweep(adopt_nothing, &sealed, 2);
    close(sealed);
}
END_TEST

static void expect_refusal(uint32_t count, int description, int code, const char *words)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts, .max_fds = 10 };
    struct cfk_error err = { .code = 0 };
    cfk_upgrade *u;
    int pair[2];
    int rc;

    hand_over(count, description, pair);
    rc = cfk_upgrade_new(&opts, &u, &err);
    unit_expect_error(rc, code, &err, words);
    close(pair[0]);
    close(pair[1]);
}

START_TEST(a_broken_hand_over_is_told)
{
    int sealed = cfk__sealed_new("CFKT\1\0\0\0\0\0\0\0", 12);
    int longer = cfk__sealed_new(strcpy((char[5000]){ 0 }, "CFKT"), 5000);
    int plain = open("/dev/null", O_RDONLY | O_CLOEXEC);

    expect_refusal(0, -1, CFK_E_PROTOCOL, "without a description");
    expect_refusal(0, plain, CFK_E_PROTOCOL, "not sealed");
    expect_refusal(0, longer, CFK_E_PROTOCOL, "too long");
    expect_refusal(1, sealed, CFK_E_PROTOCOL, "no description of 1");
    expect_refusal(11, sealed, CFK_E_LIMIT, "more than 10");
    close(sealed);
    close(longer);
    close(plain);
}
END_TEST

/* The old process says anything but COMMIT: there is no taking over. */
START_TEST(nonsense_from_the_old_process_is_told)
{
    int sealed = cfk__sealed_new("CFKT\1\0\0\0\0\0\0\0", 12);
    struct cfk_upgrade_event event;
    struct cfk_error err;
    cfk_upgrade *u;
    int pair[2];

    hand_over(0, sealed, pair);
    ck_assert_int_eq(cfk_upgrade_new(NULL, &u, &err), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_ready(u, &err), CFK_OK);
    ck_assert_int_eq(send(pair[0], "nonsense", 8, 0), 8);
    unit_expect_error(cfk_upgrade_process(u, &event, &err), CFK_E_PROTOCOL, &err,
                      "nonsense");
    ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_NONE);
    ck_assert_int_eq(cfk_upgrade_has_parent(u), 0);
    ck_assert_int_eq(
        cfk_upgrade_start(u, (const char *const[]){ "true", NULL }, NULL, &err),
        CFK_E_STATE);
    cfk_upgrade_free(u);
    close(pair[0]);
    close(sealed);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        sockets_of_a_service_manager_are_adopted,
        sockets_without_names_are_unknown,
        sockets_of_another_process_are_left_alone,
        nonsense_in_the_environment_is_told,
        a_variable_that_is_stale_is_a_first_start,
        a_service_manager_hears_that_we_are_ready,
        the_environment_can_be_left_as_it_is,
        a_hand_over_survives_every_allocation_failure,
        a_broken_hand_over_is_told,
        nonsense_from_the_old_process_is_told,
        NULL,
    };
    Suite *suite = suite_create("upgrade/inherit");

    suite_add_tcase(suite, unit_case("inherit", tests));
    return suite;
}
