/* SPDX-License-Identifier: MIT */
/* Sockets by name and address, and the hygiene of UNIX paths. */
#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "helper.h"
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int listening(struct subject *s, const char *name, const char *address,
                     const char *options)
{
    int fd = -1;
    int rc = cfk_upgrade_listen(s->u, name, address, options, &fd, &s->err);

    ck_assert_msg(rc == CFK_OK, "%s", s->err.message);
    ck_assert_int_gt(fd, 2);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    return fd;
}

static int option_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;

    ck_assert_int_eq(getsockopt(fd, level, option, &value, &size), 0);
    return value;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage storage;
    struct sockaddr_in sin;
    socklen_t size = sizeof storage;

    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&storage, &size), 0);
    memcpy(&sin, &storage, sizeof sin); /* the port is at the same place in IPv6 */
    return ntohs(sin.sin_port);
}

static const char *unix_address(const char *path)
{
    static char address[160];

    snprintf(address, sizeof address, "unix:%s", path);
    return address;
}

START_TEST(tcp_and_udp_sockets_are_made)
{
    struct subject s;
    char address[64];
    int tcp;
    int any;

    subject_new(&s, NULL);
    tcp =
        listening(&s, "tcp", "tcp:127.0.0.1:0", "backlog=5,nodelay,notsent_lowat=16384");
    ck_assert_int_eq(option_of(tcp, SOL_SOCKET, SO_ACCEPTCONN), 1);
    ck_assert_int_ne(option_of(tcp, IPPROTO_TCP, TCP_NODELAY), 0);
    ck_assert_int_eq(option_of(tcp, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 16384);
    ck_assert_uint_ne(port_of(tcp), 0);
    ck_assert_int_eq(
        option_of(listening(&s, "udp", "udp:localhost:0", NULL), SOL_SOCKET, SO_TYPE),
        SOCK_DGRAM);
    any = listening(&s, NULL, "tcp:*:0", NULL);
    ck_assert_int_eq(option_of(any, SOL_SOCKET, SO_ACCEPTCONN), 1);
    snprintf(address, sizeof address, "tcp:127.0.0.1:%u", port_of(tcp));
    unit_expect_error(cfk_upgrade_listen(s.u, "x", address, NULL, NULL, &s.err),
                      CFK_E_EXISTS, &s.err, address);
    ck_assert_uint_eq(cfk_upgrade_count(s.u), 4);
    subject_free(&s);
}
END_TEST

START_TEST(a_reuseport_group_keeps_its_order)
{
    struct subject s;
    char address[64];
    int fd;

    subject_new(&s, NULL);
    fd = listening(&s, "group", "udp:127.0.0.1:0", "reuseport");
    snprintf(address, sizeof address, "udp:127.0.0.1:%u", port_of(fd));
    for (int i = 1; i < 8; i++)
        listening(&s, "group", address, "reuseport");
    ck_assert_uint_eq(cfk_upgrade_count(s.u), 9);
    subject_free(&s);
}
END_TEST

START_TEST(bad_sockets_are_refused)
{
    struct subject s;

    subject_new(&s, NULL);
    unit_expect_error(cfk_upgrade_listen(s.u, "x", "nowhere", NULL, NULL, &s.err),
                      CFK_E_INVALID, &s.err, "'nowhere' is no address");
    unit_expect_error(cfk_upgrade_listen(s.u, "x", "tcp:*:0", "bad", NULL, &s.err),
                      CFK_E_INVALID, &s.err, "option 'bad'");
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "a:b", "tcp:*:0", NULL, NULL, &s.err),
                     CFK_E_INVALID);
    unit_expect_error(cfk_upgrade_listen(s.u, "x", "tcp:127.0.0.1:0", "congestion=nosuch",
                                         NULL, &s.err),
                      CFK_E_IO, &s.err, "congestion");
    unit_expect_error(cfk_upgrade_listen(s.u, "x", "tcp:192.0.2.1:1", NULL, NULL, &s.err),
                      CFK_E_IO, &s.err, "tcp:192.0.2.1:1: bind");
    unit_expect_error(
        cfk_upgrade_listen(s.u, "x", "unix:/nonexistent/x", NULL, NULL, &s.err), CFK_E_IO,
        &s.err, "/nonexistent/x");
    ck_assert_uint_eq(cfk_upgrade_count(s.u), 1);
    subject_free(&s);
}
END_TEST

START_TEST(unix_sockets_have_mode_and_type)
{
    struct subject s;
    struct stat st;
    int fd;

    subject_new(&s, NULL);
    umask(0);
    listening(&s, "a", unix_address(scratch_path("a")), "mode=0640");
    ck_assert_int_eq(stat(scratch_path("a"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0640);
    fd = listening(&s, "b", unix_address(scratch_path("b")), "type=seqpacket");
    ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_TYPE), SOCK_SEQPACKET);
    fd = listening(&s, "c", unix_address(scratch_path("c")), "type=dgram");
    ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
    cfk_upgrade_stop(s.u, 0, NULL);
    subject_free(&s);
}
END_TEST

START_TEST(an_abandoned_path_is_replaced_and_no_other)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    struct subject s;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    subject_new(&s, NULL);
    snprintf(un.sun_path, sizeof un.sun_path, "%s", scratch_path("s"));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    listen(fd, 1);
    unit_expect_error(
        cfk_upgrade_listen(s.u, "s", unix_address(un.sun_path), NULL, NULL, &s.err),
        CFK_E_EXISTS, &s.err, "in use");
    close(fd);
    listening(&s, "s", unix_address(un.sun_path), NULL);
    fd = open(scratch_path("file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    ck_assert_int_eq(cfk_upgrade_listen(s.u, "f", unix_address(scratch_path("file")),
                                        NULL, NULL, &s.err),
                     CFK_E_EXISTS);
    subject_free(&s);
    ck_assert_int_eq(access(un.sun_path, F_OK), 0); /* free() leaves paths */
}
END_TEST

START_TEST(stop_removes_the_path_that_is_ours)
{
    struct subject s;
    const char *path = scratch_path("own");
    const char *other = scratch_path("other");
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    subject_new(&s, NULL);
    listening(&s, "own", unix_address(path), NULL);
    listening(&s, "other", unix_address(other), NULL);
    /* Somebody else has taken the second path meanwhile. */
    ck_assert_int_eq(unlink(other), 0);
    snprintf(un.sun_path, sizeof un.sun_path, "%s", other);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, 0, &s.err), CFK_OK);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(access(other, F_OK), 0);
    subject_expect(&s, CFK_UPGRADE_EVENT_STOPPED, 0);
    subject_free(&s);
    close(fd);
}
END_TEST

START_TEST(stop_after_an_upgrade_leaves_the_path)
{
    struct subject s;
    const char *path = scratch_path("web");

    subject_new(&s, NULL);
    listening(&s, "web", unix_address(path), NULL);
    cfk_upgrade_ready(s.u, NULL);
    subject_expect(&s, CFK_UPGRADE_EVENT_COMMITTED, 0);
    ck_assert_int_eq(subject_start(&s, "library", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    ck_assert_int_eq(cfk_upgrade_stop(s.u, 0, &s.err), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_STOPPED, 0);
    ck_assert_ptr_nonnull(ask_unix(path));
    subject_free(&s);
}
END_TEST

START_TEST(a_path_that_the_new_process_does_not_use_is_removed)
{
    struct subject s;
    const char *path = scratch_path("web");

    subject_new(&s, NULL);
    listening(&s, "web", unix_address(path), NULL);
    cfk_upgrade_ready(s.u, NULL);
    subject_expect(&s, CFK_UPGRADE_EVENT_COMMITTED, 0);
    ck_assert_int_eq(subject_start(&s, "library", "unused"), CFK_OK);
    subject_line(&s);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    subject_expect_line(&s, "committed count 1");
    ck_assert(vanishes(path));
    subject_free(&s);
}
END_TEST

START_TEST(queued_datagrams_are_not_lost)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    struct subject s;
    char text[16] = "";
    int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int fd;

    subject_serving(&s, NULL);
    fd = listening(&s, "udp", "udp:127.0.0.1:0", NULL);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)port_of(fd));
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(
            sendto(sender, &i, sizeof i, 0, (struct sockaddr *)&to, sizeof to), sizeof i);
    ck_assert_int_eq(subject_start(&s, "notify", ""), CFK_OK);
    subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(recv(fd, text, sizeof text, MSG_DONTWAIT), sizeof i);
    subject_free(&s);
    close(sender);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        tcp_and_udp_sockets_are_made,
        a_reuseport_group_keeps_its_order,
        bad_sockets_are_refused,
        unix_sockets_have_mode_and_type,
        an_abandoned_path_is_replaced_and_no_other,
        stop_removes_the_path_that_is_ours,
        stop_after_an_upgrade_leaves_the_path,
        a_path_that_the_new_process_does_not_use_is_removed,
        queued_datagrams_are_not_lost,
        NULL,
    };
    Suite *suite = suite_create("upgrade/socket");

    suite_add_tcase(suite, unit_case("socket", tests));
    return suite;
}
