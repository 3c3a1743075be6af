/* SPDX-License-Identifier: MIT */
/* Which addresses cfbundle --fetch connects to. */
#include "cfbundle_address.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static bool is_public(const char *text)
{
    struct sockaddr_in in4 = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

    if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
        return cfbundle_address_is_public((struct sockaddr *)&in4, sizeof in4);
    ck_assert_msg(inet_pton(AF_INET6, text, &in6.sin6_addr) == 1, "%s", text);
    return cfbundle_address_is_public((struct sockaddr *)&in6, sizeof in6);
}

START_TEST(each_special_network_is_refused_from_end_to_end)
{
    static const char *const refused[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.255",
        "224.0.0.0",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.1.2.3",
        "::ffff:0:0",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff:ffff::",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "3fff:fff:ffff::",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
        "1fff::1",
        "2001:db8:ffff::1",
        "::ffff:169.254.169.254",
    };
    static const char *const allowed[] = {
        "1.1.1.1",      "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",  "126.255.255.255", "128.0.0.0",       "169.253.255.255",
        "169.255.0.0",  "172.15.255.255",  "172.32.0.0",      "191.255.255.255",
        "192.0.1.0",    "192.0.3.0",       "192.88.98.1",     "192.167.255.255",
        "192.169.0.0",  "198.17.255.255",  "198.20.0.0",      "198.51.99.255",
        "203.0.114.0",  "223.255.255.255", "2606:4700::1111", "2001:200::1",
        "2001:db7::1",  "2001:db9::1",     "2003::1",         "3ffe::1",
        "3fff:1000::1", "2000::1",         "::ffff:1.1.1.1",  "64:ff9b::808:808",
    };

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ck_assert_msg(!is_public(refused[i]), "%s", refused[i]);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        ck_assert_msg(is_public(allowed[i]), "%s", allowed[i]);
}
END_TEST

START_TEST(other_families_and_short_addresses_are_refused)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    struct sockaddr_in in4 = { .sin_family = AF_INET };

    ck_assert_int_eq(inet_pton(AF_INET, "1.1.1.1", &in4.sin_addr), 1);
    ck_assert(cfbundle_address_is_public((struct sockaddr *)&in4, sizeof in4));
    ck_assert(!cfbundle_address_is_public((struct sockaddr *)&in4, sizeof in4 - 1));
    ck_assert(!cfbundle_address_is_public((struct sockaddr *)&local, sizeof local));
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        each_special_network_is_refused_from_end_to_end,
        other_families_and_short_addresses_are_refused,
        NULL,
    };
    Suite *suite = suite_create("cli/address");

    suite_add_tcase(suite, unit_case("address", tests));
    return suite;
}
