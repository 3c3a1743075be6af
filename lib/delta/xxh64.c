/* SPDX-License-Identifier: MIT */
#include "delta/xxh64.h"

#include "delta/load.h"

static const uint64_t P1 = UINT64_C(0x9e3779b185ebca87);
static const uint64_t P2 = UINT64_C(0xc2b2ae3d27d4eb4f);
static const uint64_t P3 = UINT64_C(0x165667b19e3779f9);
static const uint64_t P4 = UINT64_C(0x85ebca77c2b2ae63);
static const uint64_t P5 = UINT64_C(0x27d4eb2f165667c5);

static uint64_t rotl(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t lane(uint64_t acc, uint64_t input)
{
    return rotl(acc + input * P2, 31) * P1;
}

static uint64_t merge(uint64_t acc, uint64_t value)
{
    return (acc ^ lane(0, value)) * P1 + P4;
}

/* The stripes of 32 bytes, as many as there are. */
static uint64_t stripes(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *p = *at;
    uint64_t a = P1 + P2;
    uint64_t b = P2;
    uint64_t c = 0;
    uint64_t d = 0 - P1;
    uint64_t acc;

    for (; end - p >= 32; p += 32) {
        a = lane(a, cfk__load64le(p));
        b = lane(b, cfk__load64le(p + 8));
        c = lane(c, cfk__load64le(p + 16));
        d = lane(d, cfk__load64le(p + 24));
    }
    *at = p;
    acc = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18);
    return merge(merge(merge(merge(acc, a), b), c), d);
}

uint64_t cfk__xxh64(const void *data, size_t size)
{
    const uint8_t *p = data;
    const uint8_t *end;
    uint64_t acc = P5;

    if (size == 0)
        p = (const uint8_t *)"";
    end = p + size;
    if (size >= 32)
        acc = stripes(&p, end);
    acc += size;
    for (; end - p >= 8; p += 8)
        acc = rotl(acc ^ lane(0, cfk__load64le(p)), 27) * P1 + P4;
    if (end - p >= 4) {
        acc = rotl(acc ^ (uint64_t)cfk__load32le(p) * P1, 23) * P2 + P3;
        p += 4;
    }
    for (; p < end; p++)
        acc = rotl(acc ^ *p * P5, 11) * P1;
    acc = (acc ^ acc >> 33) * P2;
    acc = (acc ^ acc >> 29) * P3;
    return acc ^ acc >> 32;
}
