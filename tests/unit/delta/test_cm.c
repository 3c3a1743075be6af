/* SPDX-License-Identifier: MIT */
/* Context mixing: the coder's bits, and a model that is the same everywhere. */
#include "delta/cm.h"

#include "delta/cm_coder.h"
#include "gen.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { BITS = 20000 };

/* Some bits and their probabilities, from sure to surprising. */
static void make_bits(struct gen *g, unsigned *bits, uint32_t *p)
{
    for (size_t i = 0; i < BITS; i++) {
        p[i] = (uint32_t)gen_below(g, 65535) + 1;
        if (i % 3 == 0)
            p[i] = i % 2 == 0 ? 65535 : 1;
        bits[i] = gen_below(g, 65536) < p[i];
        if (i % 501 == 0)
            bits[i] ^= 1;
    }
}

START_TEST(the_coder_gives_back_its_bits_byte_by_byte)
{
    static unsigned bits[BITS];
    static uint32_t p[BITS];
    static uint8_t out[2 * BITS];
    struct cfk__cm_encoder e;
    struct cfk__cm_decoder d;
    struct cfk__reader in;
    struct cfk__writer w;
    struct gen g;
    size_t size;
    size_t fed = 0;
    enum cfk__cm_end end;

    gen_seed(&g, 5);
    make_bits(&g, bits, p);
    cfk__writer_init(&w, out, sizeof out);
    cfk__cm_encoder_init(&e, &w);
    for (size_t i = 0; i < BITS; i++)
        cfk__cm_encode(&e, bits[i], p[i]);
    cfk__cm_encoder_finish(&e);
    ck_assert(cfk__writer_ok(&w));
    size = cfk__writer_size(&w);
    cfk__cm_decoder_init(&d);
    cfk__reader_init(&in, out, 0);
    for (size_t i = 0; i < BITS; i++) {
        unsigned bit;

        while (!cfk__cm_decode(&d, &in, p[i], &bit)) {
            ck_assert_uint_lt(fed, size);
            cfk__reader_init(&in, out + fed++, 1);
        }
        ck_assert_uint_eq(bit, bits[i]);
    }
    while ((end = cfk__cm_decoder_finish(&d, &in)) == CFK__CM_END_MORE) {
        ck_assert_uint_lt(fed, size);
        cfk__reader_init(&in, out + fed++, 1);
    }
    ck_assert_int_eq(end, CFK__CM_END);
    ck_assert_uint_eq(fed, size);
}
END_TEST

START_TEST(nothing_takes_no_bytes)
{
    struct cfk__cm_encoder e;
    struct cfk__cm_decoder d;
    struct cfk__reader in;
    struct cfk__writer w;
    uint8_t out[4];

    cfk__writer_init(&w, out, sizeof out);
    cfk__cm_encoder_init(&e, &w);
    cfk__cm_encoder_finish(&e);
    ck_assert_uint_eq(cfk__writer_size(&w), 0);
    cfk__cm_decoder_init(&d);
    cfk__reader_init(&in, out, 0);
    ck_assert_int_eq(cfk__cm_decoder_finish(&d, &in), CFK__CM_END);
    out[0] = 0;
    cfk__reader_init(&in, out, 1);
    ck_assert_int_eq(cfk__cm_decoder_finish(&d, &in), CFK__CM_END_WRONG);
}
END_TEST

/* FNV-1a: enough to notice a change. */
static uint64_t fingerprint(const uint8_t *data, size_t size)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        h = (h ^ data[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* The same bytes from every compiler, on every machine. */
START_TEST(a_body_is_the_same_everywhere)
{
    enum { SIZE = 30000, ROOM = SIZE + 4096 };
    static uint8_t old[SIZE];
    static uint8_t new[ROOM];
    static uint8_t out[ROOM];
    struct gen g;
    size_t new_size;
    size_t size;

    gen_seed(&g, 2026);
    gen_text(&g, (char *)old, SIZE);
    new_size = gen_edit(&g, old, SIZE, 60, new, ROOM);
    ck_assert_int_eq(cfk__cm_encode_body(NULL, (struct cfk__span){ old, SIZE },
                                         (struct cfk__span){ new, new_size }, out,
                                         sizeof out, &size, NULL),
                     CFK_OK);
    ck_assert_uint_eq(size, 697);
    ck_assert_uint_eq(fingerprint(out, size), UINT64_C(0x4b419cb768074fce));
}
END_TEST

START_TEST(too_little_room_is_told)
{
    static const uint8_t data[] = "all of this is new to an empty old version";
    uint8_t out[8];
    size_t size = 1;

    ck_assert_int_eq(cfk__cm_encode_body(NULL, (struct cfk__span){ NULL, 0 },
                                         (struct cfk__span){ data, sizeof data }, out,
                                         sizeof out, &size, NULL),
                     CFK_E_SPACE);
    ck_assert_uint_eq(size, 0);
}
END_TEST

/* No size makes more than the positions of the model: refused, nothing allocated. */
START_TEST(positions_have_a_limit)
{
    struct cfk_error err;
    struct cfk__cm_body *body;
    const struct cfk__span old = { (const uint8_t *)"x", CFK__CM_TOTAL_MAX };

    if (SIZE_MAX <= UINT32_MAX)
        return;
    unit_expect_error(cfk__cm_body_new(NULL, old, 1, &body, &err), CFK_E_LIMIT, &err,
                      "more than");
    ck_assert_ptr_null(body);
    ck_assert_uint_eq(cfk__cm_memory(CFK__CM_TOTAL_MAX, 1), UINT64_MAX);
    ck_assert_uint_lt(cfk__cm_memory(100, 100), 4 << 20);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        the_coder_gives_back_its_bits_byte_by_byte,
        nothing_takes_no_bytes,
        a_body_is_the_same_everywhere,
        too_little_room_is_told,
        positions_have_a_limit,
        NULL,
    };
    Suite *suite = suite_create("delta/cm");

    suite_add_tcase(suite, unit_case("cm", tests));
    return suite;
}
