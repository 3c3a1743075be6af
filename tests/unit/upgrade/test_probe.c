/* SPDX-License-Identifier: MIT */
/* Who accepts a connection on a socket that several processes share? */
#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "cfkit/upgrade.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 3000, BACKLOG = 64 };

static int listen_inet(int family, const void *host)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0)
        return -1;
    if (family == AF_INET) {
        memcpy(&in.sin_addr, host, sizeof in.sin_addr);
        rc = bind(fd, (const struct sockaddr *)&in, sizeof in);
    } else {
        memcpy(&in6.sin6_addr, host, sizeof in6.sin6_addr);
        rc = bind(fd, (const struct sockaddr *)&in6, sizeof in6);
    }
    if (rc != 0 || listen(fd, BACKLOG) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int listen_unix(int type, const char *name)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    int len = snprintf(un.sun_path, sizeof un.sun_path, "%s-%d", name, (int)getpid());

    if (un.sun_path[0] == '@')
        un.sun_path[0] = '\0';
    else
        unlink(un.sun_path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&un,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                                      (size_t)len + (un.sun_path[0] != '\0'))),
                     0);
    ck_assert_int_eq(listen(fd, BACKLOG), 0);
    return fd;
}

/* A process that accepts, and keeps what it accepts for a while, as a server would. */
static void accept_for_ever(int listener)
{
    int kept[16];

    memset(kept, -1, sizeof kept);
    for (size_t n = 0;; n = (n + 1) % 16) {
        if (kept[n] >= 0)
            close(kept[n]);
        kept[n] = accept(listener, NULL, NULL);
    }
}

static pid_t begin_server(int listener, unsigned generations_below)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    if (generations_below > 0) {
        begin_server(listener, generations_below - 1);
        for (;;)
            pause();
    }
    accept_for_ever(listener);
    return -1;
}

/* A whole group, so that grandchildren go with it. */
static pid_t begin(int listener, unsigned generations_below)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid > 0) {
        setpgid(pid, pid);
        return pid;
    }
    setpgid(0, 0);
    if (generations_below > 0)
        begin_server(listener, generations_below - 1);
    else
        accept_for_ever(listener);
    for (;;)
        pause();
}

static void end(pid_t pid)
{
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void pause_ms(long ms)
{
    const struct timespec t = { .tv_nsec = ms * 1000000 };

    nanosleep(&t, NULL);
}

static int probe_until(int listener, pid_t pid, int tries)
{
    struct cfk_error err = { .code = CFK_OK };
    int connection = -1;
    int rc = CFK_E_AGAIN;

    while (rc == CFK_E_AGAIN && tries-- > 0) {
        rc = cfk_upgrade_probe(listener, pid, &connection, &err);
        if (rc == CFK_E_AGAIN) {
            ck_assert_int_eq(err.code, CFK_E_AGAIN);
            pause_ms(2);
        }
    }
    if (rc == CFK_OK)
        ck_assert_int_eq(connection, -1);
    else if (connection >= 0)
        close(connection);
    ck_assert_msg(rc == CFK_OK || rc == CFK_E_AGAIN, "%s", err.message);
    return rc;
}

/* Nobody accepts; then somebody else does; then the one that is asked about, too. */
static void try_listener(int listener)
{
    pid_t other;
    pid_t one;

    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(probe_until(listener, getpid(), 5), CFK_E_AGAIN);
    other = begin(listener, 0);
    one = fork();
    ck_assert_int_ge(one, 0);
    if (one == 0)
        for (;;)
            pause();
    ck_assert_int_eq(probe_until(listener, one, 20), CFK_E_AGAIN);
    ck_assert_int_eq(probe_until(listener, other, TRIES), CFK_OK);
    kill(one, SIGKILL);
    waitpid(one, NULL, 0);
    one = begin(listener, 0);
    ck_assert_int_eq(probe_until(listener, one, TRIES), CFK_OK);
    end(one);
    end(other);
    close(listener);
}

START_TEST(tcp_over_ipv4)
{
    const struct in_addr any = { INADDR_ANY };
    const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };

    try_listener(listen_inet(AF_INET, &loopback));
    try_listener(listen_inet(AF_INET, &any));
}
END_TEST

START_TEST(tcp_over_ipv6)
{
    int fd = listen_inet(AF_INET6, &in6addr_loopback);

    if (fd < 0) {
        unit_skip("no IPv6 here");
        return;
    }
    try_listener(fd);
    try_listener(listen_inet(AF_INET6, &in6addr_any));
}
END_TEST

START_TEST(unix_sockets)
{
    char path[64];

    try_listener(listen_unix(SOCK_STREAM, "@cfk-probe"));
    try_listener(listen_unix(SOCK_SEQPACKET, "@cfk-probe-packets"));
    try_listener(listen_unix(SOCK_STREAM, "/tmp/cfk-probe"));
    snprintf(path, sizeof path, "/tmp/cfk-probe-%d", (int)getpid());
    unlink(path);
}
END_TEST

START_TEST(a_worker_of_the_process_counts)
{
    int listener = listen_unix(SOCK_STREAM, "@cfk-probe-workers");
    pid_t pid = begin(listener, 3);

    ck_assert_int_eq(probe_until(listener, pid, TRIES), CFK_OK);
    end(pid);
    close(listener);
}
END_TEST

START_TEST(a_full_queue_is_no_failure)
{
    int listener = listen_unix(SOCK_STREAM, "@cfk-probe-full");
    int connections[8];
    struct cfk_error err;
    int rc = CFK_E_AGAIN;

    ck_assert_int_eq(listen(listener, 0), 0);
    for (size_t i = 0; i < 8; i++)
        connections[i] = -1;
    for (size_t i = 0; i < 8 && rc == CFK_E_AGAIN; i++)
        rc = cfk_upgrade_probe(listener, 1, &connections[i], &err);
    unit_expect_error(rc, CFK_E_AGAIN, &err, "queue is full");
    ck_assert_int_eq(connections[7], -1);
    for (size_t i = 0; i < 8; i++)
        if (connections[i] >= 0)
            close(connections[i]);
    close(listener);
}
END_TEST

START_TEST(what_takes_no_connections_is_refused)
{
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int bad[] = { -1, udp, tcp, file };
    int listener = listen_unix(SOCK_STREAM, "@cfk-probe-pid");
    int connection = -1;
    struct cfk_error err;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        unit_expect_error(cfk_upgrade_probe(bad[i], 1, &connection, &err), CFK_E_INVALID,
                          &err, "takes connections");
    unit_expect_error(cfk_upgrade_probe(listener, 0, &connection, &err), CFK_E_INVALID,
                      &err, "0 is no process");
    ck_assert_int_eq(connection, -1);
    close(listener);
    close(file);
    close(tcp);
    close(udp);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        tcp_over_ipv4,
        tcp_over_ipv6,
        unix_sockets,
        a_worker_of_the_process_counts,
        a_full_queue_is_no_failure,
        what_takes_no_connections_is_refused,
        NULL,
    };
    Suite *suite = suite_create("upgrade/probe");

    suite_add_tcase(suite, unit_case("probe", tests));
    return suite;
}
