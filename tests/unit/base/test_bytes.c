/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "fault.h"
#include "unit.h"

#include <string.h>

static struct cfk__reader reader_over(const void *data, size_t size)
{
    struct cfk__reader r;

    cfk__reader_init(&r, data, size);
    return r;
}

START_TEST(integers_are_read_in_both_byte_orders)
{
    static const uint8_t data[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    struct cfk__reader r = reader_over(data, sizeof data);
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    ck_assert(cfk__read_u16be(&r, &u16));
    ck_assert_uint_eq(u16, 0x0102);
    ck_assert(cfk__read_u16le(&r, &u16));
    ck_assert_uint_eq(u16, 0x0403);
    ck_assert(cfk__read_u32be(&r, &u32));
    ck_assert_uint_eq(u32, 0x05060708);
    r = reader_over(data, sizeof data);
    ck_assert(cfk__read_u64be(&r, &u64));
    ck_assert_uint_eq(u64, UINT64_C(0x0102030405060708));
    r = reader_over(data, sizeof data);
    ck_assert(cfk__read_u64le(&r, &u64));
    ck_assert_uint_eq(u64, UINT64_C(0x0807060504030201));
    r = reader_over(data, sizeof data);
    ck_assert(cfk__read_u32le(&r, &u32));
    ck_assert_uint_eq(u32, 0x04030201);
}
END_TEST

START_TEST(a_read_past_the_end_takes_nothing)
{
    static const uint8_t data[] = { 1, 2, 3 };
    struct cfk__reader r = reader_over(data, sizeof data);
    struct cfk__reader sub;
    struct cfk__span span;
    uint8_t copy[4];
    uint32_t u32 = 77;
    uint64_t u64 = 77;

    ck_assert(!cfk__read_u32be(&r, &u32));
    ck_assert(!cfk__read_u32le(&r, &u32));
    ck_assert(!cfk__read_u64be(&r, &u64));
    ck_assert(!cfk__read_u64le(&r, &u64));
    ck_assert(!cfk__read_copy(&r, copy, 4));
    ck_assert(!cfk__read_skip(&r, 4));
    ck_assert(!cfk__read_skip(&r, SIZE_MAX));
    ck_assert(!cfk__read_span(&r, 4, &span));
    ck_assert(!cfk__read_sub(&r, 4, &sub));
    ck_assert_uint_eq(u32, 77);
    ck_assert_uint_eq(u64, 77);
    ck_assert_uint_eq(cfk__reader_offset(&r), 0);
    ck_assert(cfk__read_skip(&r, 3));
    ck_assert_uint_eq(cfk__reader_left(&r), 0);
    ck_assert(!cfk__read_u8(&r, copy));
    ck_assert(cfk__read_skip(&r, 0));
}
END_TEST

START_TEST(an_empty_input_is_no_special_case)
{
    const uint8_t place[4] = { 0 };
    struct cfk__reader r = reader_over(NULL, 0);
    struct cfk__span span;
    uint8_t byte;

    ck_assert_uint_eq(cfk__reader_left(&r), 0);
    ck_assert(!cfk__read_u8(&r, &byte));
    ck_assert(cfk__read_span(&r, 0, &span));
    ck_assert(cfk__read_copy(&r, NULL, 0));

    cfk__reader_init(&r, place + 2, 0); /* its offset in what contains it still counts */
    ck_assert_ptr_eq(r.pos, place + 2);
    ck_assert_uint_eq(cfk__reader_left(&r), 0);
}
END_TEST

START_TEST(a_sub_reader_cannot_leave_its_part)
{
    static const uint8_t data[] = { 1, 2, 3, 4 };
    struct cfk__reader r = reader_over(data, sizeof data);
    struct cfk__reader sub;
    uint16_t value;
    uint8_t byte;

    ck_assert(cfk__read_sub(&r, 1, &sub));
    ck_assert(!cfk__read_u16be(&sub, &value));
    ck_assert(cfk__read_u8(&sub, &byte));
    ck_assert_uint_eq(byte, 1);
    ck_assert(cfk__read_u16be(&r, &value));
    ck_assert_uint_eq(value, 0x0203);
}
END_TEST

START_TEST(varints_round_trip_at_every_length)
{
    for (unsigned bits = 0; bits <= 64; bits++)
        for (int delta = -1; delta <= 1; delta++) {
            uint64_t value = (bits < 64 ? UINT64_C(1) << bits : 0) + (uint64_t)delta;
            uint8_t bytes[10];
            struct cfk__writer w;
            struct cfk__reader r;
            uint64_t back;

            cfk__writer_init(&w, bytes, sizeof bytes);
            cfk__write_varint(&w, value);
            ck_assert(cfk__writer_ok(&w));
            r = reader_over(bytes, cfk__writer_size(&w));
            ck_assert(cfk__read_varint(&r, &back));
            ck_assert_uint_eq(back, value);
            ck_assert_uint_eq(cfk__reader_left(&r), 0);
            r = reader_over(bytes, cfk__writer_size(&w) - 1);
            ck_assert(!cfk__read_varint(&r, &back));
        }
}
END_TEST

START_TEST(varints_that_are_long_or_large_are_refused)
{
    static const struct {
        uint8_t bytes[11];
        size_t size;
    } bad[] = {
        { { 0x80, 0x00 }, 2 },
        { { 0xff, 0x80, 0x00 }, 3 },
        { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 }, 10 },
        { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0x01 }, 11 },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cfk__reader r = reader_over(bad[i].bytes, bad[i].size);
        uint64_t value = 5;

        ck_assert(!cfk__read_varint(&r, &value));
        ck_assert_uint_eq(value, 5);
        ck_assert_uint_eq(cfk__reader_offset(&r), 0);
    }
}
END_TEST

START_TEST(a_writer_drops_and_remembers_what_does_not_fit)
{
    uint8_t bytes[8] = { 0 };
    struct cfk__writer w;

    cfk__writer_init(&w, bytes, 7);
    cfk__write_u32be(&w, 0x01020304);
    cfk__write_u32le(&w, 5);
    ck_assert(!cfk__writer_ok(&w));
    cfk__write_u8(&w, 6);
    ck_assert(!cfk__writer_ok(&w));
    ck_assert_uint_eq(cfk__writer_size(&w), 4);
    ck_assert_uint_eq(bytes[3], 4);
    ck_assert_uint_eq(bytes[4], 0);
    ck_assert_uint_eq(bytes[7], 0);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
    uint8_t bytes[64];
    struct cfk__writer w;
    struct cfk__reader r;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    cfk__writer_init(&w, bytes, sizeof bytes);
    cfk__write_u16be(&w, 0xfedc);
    cfk__write_u16le(&w, 0xfedc);
    cfk__write_u32le(&w, 0xfedcba98);
    cfk__write_u64be(&w, UINT64_C(0xfedcba9876543210));
    cfk__write_u64le(&w, UINT64_C(0xfedcba9876543210));
    cfk__write(&w, NULL, 0);
    ck_assert(cfk__writer_ok(&w));
    r = reader_over(bytes, cfk__writer_size(&w));
    ck_assert(cfk__read_u16be(&r, &u16) && u16 == 0xfedc);
    ck_assert(cfk__read_u16le(&r, &u16) && u16 == 0xfedc);
    ck_assert(cfk__read_u32le(&r, &u32) && u32 == 0xfedcba98);
    ck_assert(cfk__read_u64be(&r, &u64) && u64 == UINT64_C(0xfedcba9876543210));
    ck_assert(cfk__read_u64le(&r, &u64) && u64 == UINT64_C(0xfedcba9876543210));
    ck_assert_uint_eq(cfk__reader_left(&r), 0);
}
END_TEST

START_TEST(a_buffer_grows_to_its_limit_and_not_beyond)
{
    struct cfk__buffer b = { .limit = 1000 };
    uint8_t chunk[100];

    for (int i = 0; i < 10; i++) {
        memset(chunk, i, sizeof chunk);
        ck_assert_int_eq(cfk__buffer_append(&b, chunk, sizeof chunk), CFK_OK);
    }
    ck_assert_uint_eq(b.size, 1000);
    ck_assert_uint_le(b.capacity, 1000);
    ck_assert_int_eq(cfk__buffer_append(&b, chunk, 1), CFK_E_LIMIT);
    ck_assert_int_eq(cfk__buffer_reserve(&b, SIZE_MAX), CFK_E_LIMIT);
    ck_assert_uint_eq(b.size, 1000);
    ck_assert_uint_eq(b.data[999], 9);
    cfk__buffer_free(&b);
}
END_TEST

static int fill_buffer(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk__buffer b = { .alloc = alloc };
    int rc = CFK_OK;

    (void)ctx;
    for (int i = 0; i < 100 && rc == CFK_OK; i++)
        rc = cfk__buffer_append(&b, "0123456789", 10);
    cfk__buffer_free(&b);
    return rc;
}

START_TEST(a_buffer_survives_every_allocation_failure)
{
    fault_sweep(fill_buffer, NULL, 4);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        integers_are_read_in_both_byte_orders,
        a_read_past_the_end_takes_nothing,
        an_empty_input_is_no_special_case,
        a_sub_reader_cannot_leave_its_part,
        varints_round_trip_at_every_length,
        varints_that_are_long_or_large_are_refused,
        a_writer_drops_and_remembers_what_does_not_fit,
        what_is_written_is_read_back,
        a_buffer_grows_to_its_limit_and_not_beyond,
        a_buffer_survives_every_allocation_failure,
        NULL,
    };
    Suite *suite = suite_create("base/bytes");

    suite_add_tcase(suite, unit_case("bytes", tests));
    return suite;
}
