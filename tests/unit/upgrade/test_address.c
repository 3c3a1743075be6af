/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "upgrade/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

static struct cfk__address parsed(const char *text)
{
    struct cfk__address a;
    struct cfk_error err;
    int rc = cfk__address_parse(text, &a, &err);

    ck_assert_msg(rc == CFK_OK, "%s: %s", text, err.message);
    return a;
}

START_TEST(ipv4_addresses)
{
    struct cfk__address a = parsed("tcp:192.0.2.1:8080");
    struct sockaddr_in sin;

    memcpy(&sin, &a.to, sizeof sin);
    ck_assert_int_eq(a.domain, AF_INET);
    ck_assert_int_eq(a.type, SOCK_STREAM);
    ck_assert_uint_eq(ntohl(sin.sin_addr.s_addr), 0xc0000201);
    ck_assert_uint_eq(ntohs(sin.sin_port), 8080);
    ck_assert_uint_eq(a.size, sizeof sin);
    a = parsed("udp:localhost:0");
    memcpy(&sin, &a.to, sizeof sin);
    ck_assert_int_eq(a.type, SOCK_DGRAM);
    ck_assert_uint_eq(ntohl(sin.sin_addr.s_addr), INADDR_LOOPBACK);
    ck_assert(!a.any);
}
END_TEST

START_TEST(ipv6_addresses)
{
    struct cfk__address a = parsed("tcp:[2001:db8::1]:443");
    struct sockaddr_in6 sin6;

    memcpy(&sin6, &a.to, sizeof sin6);
    ck_assert_int_eq(a.domain, AF_INET6);
    ck_assert_uint_eq(sin6.sin6_addr.s6_addr[0], 0x20);
    ck_assert_uint_eq(ntohs(sin6.sin6_port), 443);
    ck_assert(parsed("udp:*:53").any);
    ck_assert_int_eq(parsed("udp:*:53").domain, AF_INET6);
    ck_assert(!parsed("tcp:[::]:1").any);
}
END_TEST

START_TEST(unix_addresses)
{
    struct cfk__address a = parsed("unix:/run/x.sock");

    ck_assert_int_eq(a.domain, AF_UNIX);
    ck_assert_str_eq(cfk__address_path(&a), "/run/x.sock");
    ck_assert_uint_eq(a.size, offsetof(struct sockaddr_un, sun_path) + 12);
    a = parsed("unix:@name");
    ck_assert_ptr_null(cfk__address_path(&a));
    ck_assert_uint_eq(a.size, offsetof(struct sockaddr_un, sun_path) + 5);
    ck_assert_mem_eq(a.to.un.sun_path, "\0name", 5);
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
    static const char *const bad[] = {
        "",
        "8080",
        "tcp",
        "tcp:",
        "tcp:80",
        "tcp::80",
        "tcp:host.example:80",
        "tcp:1.2.3:80",
        "tcp:1.2.3.4",
        "tcp:1.2.3.4:",
        "tcp:1.2.3.4:65536",
        "tcp:1.2.3.4:-1",
        "tcp:1.2.3.4:http",
        "tcp:::1:80",
        "tcp:[::1:80",
        "tcp:[::1]80",
        "tcp:[]:80",
        "tcp:[1.2.3.4]:80",
        "tcp:[2001:db8:0000:0000:0000:0000:0000:00000000000000000001]:1",
        "sctp:1.2.3.4:80",
        "unix:",
        "unix:@",
        "TCP:1.2.3.4:80",
    };
    struct cfk__address a;
    struct cfk_error err;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(cfk__address_parse(bad[i], &a, &err) == CFK_E_INVALID, "%s",
                      bad[i]);
    unit_expect_error(err.code, CFK_E_INVALID, &err, "'TCP:1.2.3.4:80' is no address");
    ck_assert_int_eq(cfk__address_parse("tcp:1.2.3.4:65535", &a, &err), CFK_OK);
}
END_TEST

START_TEST(unix_paths_have_a_limit)
{
    char text[5 + 109] = "unix:";
    struct cfk__address a;
    struct cfk_error err;
    int rc;

    memset(text + 5, 'p', 107);
    ck_assert_int_eq(cfk__address_parse(text, &a, &err), CFK_OK);
    memset(text + 5, 'p', 108);
    rc = cfk__address_parse(text, &a, &err);
    unit_expect_error(rc, CFK_E_INVALID, &err, "108 bytes, at most 107");
}
END_TEST

static int parse_options(const char *address, const char *options,
                         struct cfk__socket_options *o)
{
    struct cfk__address a = parsed(address);

    return cfk__socket_options_parse(options, &a, o, NULL);
}

START_TEST(options_are_read)
{
    static const char tcp[] = "tcp:*:1";
    struct cfk__socket_options o;
    int level;
    int name;

    ck_assert_int_eq(parse_options(tcp, NULL, &o), CFK_OK);
    ck_assert_int_eq(o.backlog, -1);
    ck_assert_int_eq(
        parse_options(tcp, "backlog=64,reuseport,v6only,nodelay,congestion=reno", &o),
        CFK_OK);
    ck_assert_int_eq(o.backlog, 64);
    ck_assert_int_eq(o.ints[CFK__OPT_REUSEPORT], 1);
    ck_assert_int_eq(o.ints[CFK__OPT_V6ONLY], 1);
    ck_assert_int_eq(o.ints[CFK__OPT_FASTOPEN], -1);
    ck_assert_str_eq(o.congestion, "reno");
    ck_assert_int_eq(parse_options(tcp,
                                   "defer_accept=3,fastopen=5,notsent_lowat=16384,"
                                   "sndbuf=1,rcvbuf=2147483647",
                                   &o),
                     CFK_OK);
    ck_assert_int_eq(o.ints[CFK__OPT_NOTSENT_LOWAT], 16384);
    ck_assert_int_eq(o.ints[CFK__OPT_RCVBUF], 2147483647);
    cfk__int_option(CFK__OPT_FASTOPEN, &level, &name);
    ck_assert_int_eq(level, IPPROTO_TCP);
    ck_assert_int_eq(name, TCP_FASTOPEN);
}
END_TEST

START_TEST(unix_options_are_read)
{
    struct cfk__address a = parsed("unix:@x");
    struct cfk__socket_options o;

    ck_assert_int_eq(
        cfk__socket_options_parse("mode=0660,owner=10:20,type=seqpacket", &a, &o, NULL),
        CFK_OK);
    ck_assert(o.has_mode && o.has_owner);
    ck_assert_uint_eq(o.mode, 0660);
    ck_assert_uint_eq(o.uid, 10);
    ck_assert_uint_eq(o.gid, 20);
    ck_assert_int_eq(a.type, SOCK_SEQPACKET);
    ck_assert_int_eq(cfk__socket_options_parse("owner=10", &a, &o, NULL), CFK_OK);
    ck_assert(o.gid == (gid_t)-1);
    ck_assert_int_eq(cfk__socket_options_parse("type=dgram", &a, &o, NULL), CFK_OK);
    ck_assert_int_eq(a.type, SOCK_DGRAM);
}
END_TEST

START_TEST(wrong_options_are_refused)
{
    static const struct {
        const char *address;
        const char *options;
    } bad[] = {
        { "tcp:*:1", "backlog" },          { "tcp:*:1", "backlog=" },
        { "tcp:*:1", "backlog=x" },        { "tcp:*:1", "backlog=2147483648" },
        { "tcp:*:1", "reuseport=1" },      { "tcp:*:1", "nosuch" },
        { "tcp:*:1", "nodelay,,nodelay" }, { "tcp:*:1", "mode=0600" },
        { "tcp:*:1", "congestion=" },      { "tcp:*:1", "congestion=abcdefghijklmnop" },
        { "tcp:*:1", "congestion" },       { "udp:*:1", "backlog=1" },
        { "udp:*:1", "nodelay" },          { "unix:@x", "reuseport" },
        { "unix:@x", "mode=8" },           { "unix:@x", "mode=1000" },
        { "unix:@x", "owner=root" },       { "unix:@x", "owner" },
        { "unix:@x", "owner=1:" },         { "unix:@x", "owner=4294967295" },
        { "unix:@x", "type=raw" },         { "unix:@x", "type" },
    };
    struct cfk__socket_options o;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(parse_options(bad[i].address, bad[i].options, &o) == CFK_E_INVALID,
                      "%s,%s", bad[i].address, bad[i].options);
}
END_TEST

START_TEST(names_come_from_addresses)
{
    char name[16];

    cfk__address_name("tcp:[::1]:80", name, sizeof name);
    ck_assert_str_eq(name, "tcp----1--80");
    cfk__address_name("unix:/run/a-long.sock", name, sizeof name);
    ck_assert_str_eq(name, "unix-/run/a-lon");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        ipv4_addresses,
        ipv6_addresses,
        unix_addresses,
        what_is_no_address_is_refused,
        unix_paths_have_a_limit,
        options_are_read,
        unix_options_are_read,
        wrong_options_are_refused,
        names_come_from_addresses,
        NULL,
    };
    Suite *suite = suite_create("upgrade/address");

    suite_add_tcase(suite, unit_case("address", tests));
    return suite;
}
