/* SPDX-License-Identifier: MIT */
/* Descriptors of every kind arrive as what they are, in their order. */
#define _GNU_SOURCE /* pipe2, AF_VSOCK */

#include "helper.h"
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void add(struct subject *s, const char *name, int fd)
{
    if (fd < 0) {
        unit_skip("no %s here", name);
        return;
    }
    ck_assert_int_eq(cfk_upgrade_add_fd(s->u, name, fd, &s->err), CFK_OK);
    close(fd);
}

/* The new process has the same files behind its descriptors, in the same order. */
static void expect_same(struct subject *s)
{
    char own[900];
    int pid;

    describe_all(s->u, own, sizeof own);
    ck_assert_int_eq(subject_start(s, "kinds", ""), CFK_OK);
    subject_expect_line(s, own);
    pid = subject_expect(s, CFK_UPGRADE_EVENT_READY, 0).pid;
    subject_free(s);
    kill(pid, SIGKILL);
}

/* Scenario 26. */
START_TEST(every_kind_arrives)
{
    struct subject s;
    sigset_t none;
    int ends[2];
    int pair[2];

    sigemptyset(&none);
    subject_serving(&s, NULL);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    add(&s, "pipe-in", ends[0]);
    add(&s, "pipe-out", ends[1]);
    add(&s, "pair", pair[0]);
    add(&s, "pair", pair[1]);
    add(&s, "event", eventfd(5, EFD_CLOEXEC));
    add(&s, "timer", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    add(&s, "signal", signalfd(-1, &none, SFD_CLOEXEC));
    add(&s, "inotify", inotify_init1(IN_CLOEXEC));
    add(&s, "memory", memfd_create("m", MFD_CLOEXEC));
    add(&s, "folder", open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    add(&s, "path", open("/dev/null", O_PATH | O_CLOEXEC));
    add(&s, "udp6", socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    add(&s, "raw", socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
    add(&s, "sctp", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP));
    add(&s, "vsock", socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
    expect_same(&s);
}
END_TEST

START_TEST(every_address_arrives)
{
    static const char *const options[] = { "type=stream", "type=seqpacket",
                                           "type=dgram" };
    struct subject s;
    char address[160];

    subject_serving(&s, NULL);
    for (int i = 0; i < 3; i++) {
        snprintf(address, sizeof address, "unix:@cfk-kinds-%d-%d", (int)getpid(), i);
        ck_assert_int_eq(
            cfk_upgrade_listen(s.u, "abstract", address, options[i], NULL, &s.err),
            CFK_OK);
        snprintf(address, sizeof address, "unix:%s", scratch_path(options[i]));
        ck_assert_int_eq(
            cfk_upgrade_listen(s.u, "path", address, options[i], NULL, &s.err), CFK_OK);
    }
    ck_assert_int_eq(
        cfk_upgrade_listen(s.u, "udp", "udp:127.0.0.1:0", NULL, NULL, &s.err), CFK_OK);
    ck_assert_int_eq(
        cfk_upgrade_listen(s.u, "any", "tcp:*:0", "fastopen=5,backlog=7", NULL, &s.err),
        CFK_OK);
    expect_same(&s);
}
END_TEST

/* Scenario 29. */
START_TEST(a_group_of_sockets_at_one_address_arrives_in_order)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    struct subject s;
    char address[64];
    int fd;

    subject_serving(&s, NULL);
    ck_assert_int_eq(
        cfk_upgrade_listen(s.u, "web", "tcp:127.0.0.1:0", "reuseport", &fd, &s.err),
        CFK_OK);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    snprintf(address, sizeof address, "tcp:127.0.0.1:%d", ntohs(at.sin_port));
    for (int i = 1; i < 8; i++)
        ck_assert_int_eq(
            cfk_upgrade_listen(s.u, "web", address, "reuseport", NULL, &s.err), CFK_OK);
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "other", address, NULL, NULL, &s.err),
                     CFK_E_EXISTS);
    expect_same(&s);
}
END_TEST

/* Scenario 27. */
START_TEST(a_connection_goes_on_in_mid_stream)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    struct subject s;
    char text[8] = "";
    int listener;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int server;

    subject_serving(&s, NULL);
    ck_assert_int_eq(
        cfk_upgrade_listen(s.u, "web", "tcp:127.0.0.1:0", NULL, &listener, &s.err),
        CFK_OK);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&at, size), 0);
    server = accept(listener, NULL, NULL);
    ck_assert_int_ge(server, 0);
    ck_assert_int_eq(send(client, "helLO", 5, 0), 5);
    ck_assert_int_eq(recv(server, text, 3, MSG_WAITALL), 3);
    ck_assert_int_eq(send(server, text, 3, 0), 3);
    ck_assert_int_eq(cfk_upgrade_add_fd(s.u, "conn", server, &s.err), CFK_OK);
    close(server);
    ck_assert_int_eq(subject_start(&s, "kinds", "conn"), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_free(&s);
    ck_assert_int_eq(recv(client, text, 5, MSG_WAITALL), 5);
    ck_assert_str_eq(text, "helLO");
    close(client);
    close(listener);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        every_kind_arrives,
        every_address_arrives,
        a_group_of_sockets_at_one_address_arrives_in_order,
        a_connection_goes_on_in_mid_stream,
        NULL,
    };
    Suite *suite = suite_create("upgrade/kinds");

    suite_add_tcase(suite, unit_case("kinds", tests));
    return suite;
}
