/* SPDX-License-Identifier: MIT */
#include "cfbundle_address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct network {
    uint8_t address[16];
    uint8_t bits;
};

/* IPv4 networks that are nobody's or only ours. */
static const struct network special4[] = {
    { { 0 }, 8 },            /* this network */
    { { 10 }, 8 },           /* private, RFC 1918 */
    { { 100, 64 }, 10 },     /* of carriers, RFC 6598 */
    { { 127 }, 8 },          /* this host */
    { { 169, 254 }, 16 },    /* of a link, RFC 3927; metadata of clouds */
    { { 172, 16 }, 12 },     /* private */
    { { 192, 0, 0 }, 24 },   /* of the IETF, RFC 6890 */
    { { 192, 0, 2 }, 24 },   /* documentation, RFC 5737 */
    { { 192, 88, 99 }, 24 }, /* 6to4 relays, RFC 7526 */
    { { 192, 168 }, 16 },    /* private */
    { { 198, 18 }, 15 },     /* benchmarks, RFC 2544 */
    { { 198, 51, 100 }, 24 },
    { { 203, 0, 113 }, 24 },
    { { 224 }, 3 }, /* groups, reserved, broadcast */
};

/* Within 2000::/3, outside of which no IPv6 address is public. */
static const struct network special6[] = {
    { { 0x20, 0x01, 0x00 }, 23 },       /* of the IETF, Teredo among them */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation, RFC 3849 */
    { { 0x20, 0x02 }, 16 },             /* 6to4, RFC 7526 */
    { { 0x3f, 0xff }, 20 },             /* documentation, RFC 9637 */
};

static bool is_in(const uint8_t *address, const struct network *network)
{
    unsigned whole = network->bits / 8;
    unsigned rest = network->bits % 8;

    if (memcmp(address, network->address, whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ network->address[whole]) >> (8 - rest) == 0;
}

static bool is_special(const uint8_t *address, const struct network *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_in(address, &list[i]))
            return true;
    return false;
}

static bool is_public4(const uint8_t address[4])
{
    return !is_special(address, special4, sizeof special4 / sizeof *special4);
}

static bool is_public6(const uint8_t address[16])
{
    static const struct network global = { { 0x20 }, 3 };
    static const struct network mapped = { { [10] = 0xff, [11] = 0xff }, 96 };
    static const struct network nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };

    if (is_in(address, &mapped) || is_in(address, &nat64))
        return is_public4(address + 12);
    return is_in(address, &global) &&
           !is_special(address, special6, sizeof special6 / sizeof *special6);
}

bool cfbundle_address_is_public(const struct sockaddr *address, socklen_t size)
{
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;

    if (address->sa_family == AF_INET && size >= sizeof in4) {
        memcpy(&in4, address, sizeof in4);
        return is_public4((const uint8_t *)&in4.sin_addr);
    }
    if (address->sa_family == AF_INET6 && size >= sizeof in6) {
        memcpy(&in6, address, sizeof in6);
        return is_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}
