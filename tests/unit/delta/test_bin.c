/* SPDX-License-Identifier: MIT */
/* Binary bodies of cfd patches: layout, fields, alignment, round trips, damage. */
#include "checked.h"
#include "common.h"
#include "delta/bin.h"
#include "delta/bin_align.h"
#include "delta/bin_fields.h"
#include "delta/bin_map.h"
#include "fault.h"
#include "program.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static uint8_t old_program[PROGRAM_MAX];
static uint8_t new_program[PROGRAM_MAX];

START_TEST(loads_of_a_program_are_found)
{
    size_t size = program_make(1, 100, 1000, old_program);
    struct cfk__bin_image image;
    uint64_t address;

    cfk__bin_image_read(&image, (struct cfk__span){ old_program, size });
    ck_assert_uint_eq(image.count, 2);
    ck_assert(image.loads[0].runs);
    ck_assert(!image.loads[1].runs);
    ck_assert(cfk__bin_image_address(&image, 100, &address));
    ck_assert_uint_eq(address, 100);
    ck_assert(cfk__bin_image_address(&image, image.loads[1].offset + 8, &address));
    ck_assert_uint_eq(address, image.loads[1].address + 8);
    ck_assert(!cfk__bin_image_address(&image, size, &address));
    ck_assert(cfk__bin_image_runs(&image, 100));
    ck_assert(!cfk__bin_image_runs(&image, image.loads[1].address));
    ck_assert_ptr_null(cfk__bin_image_load(&image, UINT64_MAX));
    ck_assert_ptr_null(cfk__bin_image_load(&image, image.loads[0].memory_size));
}
END_TEST

START_TEST(other_files_have_no_loads)
{
    size_t size = program_make(1, 10, 1000, old_program);
    struct cfk__bin_image image;

    for (size_t cut = 0; cut < 64 + 2 * 56; cut++) {
        cfk__bin_image_read(&image, (struct cfk__span){ old_program, cut });
        ck_assert_uint_eq(image.count, 0);
    }
    for (size_t i = 0; i < 6; i++) {
        old_program[i] ^= 4;
        cfk__bin_image_read(&image, (struct cfk__span){ old_program, size });
        ck_assert_uint_eq(image.count, 0);
        old_program[i] ^= 4;
    }
    memset(old_program + 32, 255, 8);
    cfk__bin_image_read(&image, (struct cfk__span){ old_program, size });
    ck_assert_uint_eq(image.count, 0);
}
END_TEST

/* Any header over any sections: within bounds, which sanitizers and valgrind see. */
START_TEST(damaged_headers_are_read_safely)
{
    size_t size = program_make(2, 30, 1000, old_program);
    struct gen g;

    gen_seed(&g, 4);
    for (int round = 0; round < (CHECKED ? 200 : 3000); round++) {
        struct cfk__span file = { old_program, size };
        struct cfk__bin_fields fields;
        struct cfk__bin_image image;
        uint8_t kept;
        size_t at =
            gen_below(&g, 2) == 0 ? gen_below(&g, 176) : size - 1 - gen_below(&g, 576);

        kept = old_program[at];
        old_program[at] = (uint8_t)gen_u64(&g);
        cfk__bin_image_read(&image, file);
        ck_assert_int_eq(cfk__bin_fields_find(&fields, NULL, &image, file), CFK_OK);
        cfk_free(NULL, fields.kinds);
        if (round % 8 != 0)
            old_program[at] = kept;
        if (round % 64 == 0)
            size = program_make(2, 30, 1000, old_program);
    }
}
END_TEST

static size_t count_of(const struct cfk__bin_fields *f, size_t size, unsigned kind)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += f->kinds[i] == kind;
    return count;
}

START_TEST(fields_of_all_tables_are_found)
{
    size_t size = program_make(3, 50, 1000, old_program);
    struct cfk__span file = { old_program, size };
    struct cfk__bin_fields f;
    struct cfk__bin_image image;

    cfk__bin_image_read(&image, file);
    ck_assert_int_eq(cfk__bin_fields_find(&f, NULL, &image, file), CFK_OK);
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_SYMBOL), 50);
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_NAME), 50);
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_RELOCATED), 50);
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_ADDEND), 50);
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_POINTER), 50);
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_FRAME), 50);
    ck_assert_uint_ge(count_of(&f, size, CFK__BIN_FRAME_INDEX), 100);
    ck_assert_uint_gt(count_of(&f, size, CFK__BIN_CALL), 100);
    ck_assert_uint_gt(count_of(&f, size, CFK__BIN_OPERAND), 100);
    ck_assert_uint_ne(f.frame_index, 0);
    ck_assert_uint_ne(f.names, 0);
    cfk_free(NULL, f.kinds);
}
END_TEST

/* Pieces are in order and in bounds, and no two share a byte of the new version. */
static void check_pieces(const struct cfk__bin_pieces *p, size_t old_size,
                         size_t new_size)
{
    size_t end = 0;

    for (size_t i = 0; i < p->count; i++) {
        ck_assert_uint_ge(p->list[i].at, end);
        ck_assert_uint_ge(p->list[i].size, CFK__BIN_PIECE_MIN);
        end = (size_t)p->list[i].at + p->list[i].size;
        ck_assert_uint_le(end, new_size);
        ck_assert_uint_le((size_t)p->list[i].from + p->list[i].size, old_size);
    }
}

START_TEST(alignment_finds_what_was_moved)
{
    static uint8_t old[20000];
    static uint8_t new[20000];
    struct cfk__bin_pieces p = { .alloc = NULL };
    struct gen g;

    gen_seed(&g, 8);
    gen_bytes(&g, old, sizeof old);
    memcpy(new, old + 12000, 8000);
    memcpy(new + 8000, old, 12000);
    for (size_t i = 25; i < sizeof new; i += 50)
        new[i] ^= 1;
    ck_assert_int_eq(cfk__bin_align((struct cfk__span){ old, sizeof old },
                                    (struct cfk__span){ new, sizeof new }, 16, 1, &p),
                     CFK_OK);
    check_pieces(&p, sizeof old, sizeof new);
    ck_assert_uint_eq(p.count, 2);
    ck_assert_uint_eq(p.list[0].from, 12000);
    ck_assert_uint_eq(p.list[0].size, 8000);
    ck_assert_uint_eq(p.list[1].from, 0);
    cfk__bin_pieces_free(&p);
}
END_TEST

START_TEST(alignment_of_anything_is_sound)
{
    static uint8_t old[6000];
    static uint8_t new[9000];

    for (uint64_t seed = 1; seed < (CHECKED ? 20 : 200); seed++) {
        struct cfk__bin_pieces p = { .alloc = NULL };
        size_t old_size;
        size_t new_size;
        struct gen g;

        gen_seed(&g, seed);
        old_size = gen_below(&g, sizeof old);
        gen_bytes(&g, old, old_size);
        if (seed % 3 == 0)
            for (size_t i = 0; i < old_size; i++)
                old[i] &= 1;
        new_size =
            gen_edit(&g, old, old_size, (unsigned)gen_below(&g, 40), new, sizeof new);
        ck_assert_int_eq(cfk__bin_align((struct cfk__span){ old, old_size },
                                        (struct cfk__span){ new, new_size },
                                        (uint32_t)gen_below(&g, 20), 1 + seed % 4, &p),
                         CFK_OK);
        check_pieces(&p, old_size, new_size);
        cfk__bin_pieces_free(&p);
    }
}
END_TEST

static size_t cfd_size(const uint8_t *old, size_t old_size, const uint8_t *new,
                       size_t new_size, uint32_t level)
{
    cfk_delta_ref *ref = make_ref(old, old_size);
    size_t size = round_trip(ref, new, new_size, CFK_DELTA_CFD, level);

    cfk_delta_ref_free(ref);
    return size;
}

/* A function more moves all others and changes every table. */
START_TEST(an_inserted_function_takes_little)
{
    size_t old_size = program_make(5, 1500, 9999, old_program);
    size_t new_size = program_make(5, 1500, 400, new_program);
    cfk_delta_ref *ref = make_ref(old_program, old_size);
    size_t frame = round_trip(ref, new_program, new_size, CFK_DELTA_ZSTD, 5);

    cfk_delta_ref_free(ref);
    for (uint32_t level = 1; level <= 9; level += 4) {
        size_t size = cfd_size(old_program, old_size, new_program, new_size, level);

        ck_assert_uint_lt(size, frame / 8);
    }
}
END_TEST

START_TEST(programs_that_change_everywhere_round_trip)
{
    size_t old_size = program_make(6, 200, 9999, old_program);

    for (uint64_t seed = 1; seed <= (CHECKED ? 1 : 2); seed++) {
        struct gen g;
        size_t size;

        gen_seed(&g, seed);
        size =
            gen_edit(&g, old_program, old_size, 1u << 4 * seed, new_program, PROGRAM_MAX);
        cfd_size(old_program, old_size, new_program, size, 3);
        size = program_make(seed, 200, 9999, new_program);
        cfd_size(old_program, old_size, new_program, size, 5);
    }
}
END_TEST

START_TEST(data_that_is_no_program_round_trips)
{
    static uint8_t old[5000];
    static uint8_t new[8000];

    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct cfk_alloc *alloc = NULL;
        uint8_t body[16384];
        size_t body_size;
        struct cfk__bin_body *decoder;
        struct cfk__reader in;
        struct gen g;
        size_t old_size;
        size_t new_size;

        gen_seed(&g, seed);
        old_size = gen_below(&g, sizeof old);
        gen_bytes(&g, old, old_size);
        new_size = gen_edit(&g, old, old_size, 20, new, sizeof new);
        ck_assert_int_eq(cfk__bin_encode_body(alloc, (struct cfk__span){ old, old_size },
                                              (struct cfk__span){ new, new_size }, 16,
                                              body, sizeof body, &body_size),
                         CFK_OK);
        ck_assert_int_eq(cfk__bin_body_new(alloc, (struct cfk__span){ old, old_size },
                                           new_size, &decoder),
                         CFK_OK);
        cfk__reader_init(&in, body, body_size);
        ck_assert_int_eq(cfk__bin_body_take(decoder, &in, SIZE_MAX), CFK__CM_WHOLE);
        ck_assert_uint_eq(cfk__bin_body_known(decoder).size, new_size);
        if (new_size > 0)
            ck_assert_mem_eq(cfk__bin_body_known(decoder).data, new, new_size);
        cfk__bin_body_free(decoder);
        ck_assert_int_eq(cfk__bin_encode_body(alloc, (struct cfk__span){ old, old_size },
                                              (struct cfk__span){ new, new_size }, 16,
                                              body, body_size - 1, &body_size),
                         CFK_E_SPACE);
    }
}
END_TEST

/* The patch of a small program, whose body is binary. */
static void make_patch(cfk_delta_ref **ref, size_t *new_size, void **patch, size_t *size)
{
    struct cfk_delta_encode_options o = { .size = sizeof o, .format = CFK_DELTA_CFD };
    size_t old_size = program_make(7, 60, 9999, old_program);

    *new_size = program_make(7, 60, 20, new_program);
    *ref = make_ref(old_program, old_size);
    ck_assert_int_eq(
        cfk_delta_encode(*ref, new_program, *new_size, &o, patch, size, NULL), CFK_OK);
    ck_assert_int_eq(((uint8_t *)*patch)[1] >> 6, 3);
}

START_TEST(pieces_of_any_size_give_the_same)
{
    static const size_t pieces[] = { 1, 7, 100, 100000 };
    static uint8_t out[PROGRAM_MAX];
    cfk_delta_ref *ref;
    size_t new_size;
    size_t size;
    size_t made;
    void *patch;

    make_patch(&ref, &new_size, &patch, &size);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            ck_assert_int_eq(stream_decode(ref, patch, size, NULL, pieces[i], pieces[j],
                                           out, sizeof out, &made, NULL),
                             CFK_OK);
            ck_assert_uint_eq(made, new_size);
            ck_assert_mem_eq(out, new_program, new_size);
        }
    cfk_free(NULL, patch);
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(damage_gives_no_wrong_bytes)
{
    cfk_delta_ref *ref;
    size_t new_size;
    size_t size;
    void *patch;
    uint8_t *bytes;

    make_patch(&ref, &new_size, &patch, &size);
    bytes = patch;
    for (size_t cut = 1; cut < size; cut += CHECKED ? 50 : 3)
        ck_assert_int_eq(decode_code(ref, patch, cut, NULL, NULL), CFK_E_CORRUPT);
    for (size_t bit = 0; bit < size * 8; bit += CHECKED ? 97 : 7) {
        void *out;
        size_t made;

        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (cfk_delta_decode(ref, patch, size, NULL, &out, &made, NULL) == CFK_OK) {
            ck_assert_uint_eq(made, new_size);
            ck_assert_mem_eq(out, new_program, new_size);
        }
        cfk_free(NULL, out);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cfk_free(NULL, patch);
    cfk_delta_ref_free(ref);
}
END_TEST

/* Programs are told by their first bytes; other data by its control characters. */
START_TEST(what_pieces_are_tried_on)
{
    static uint8_t text[8192];
    size_t size = program_make(8, 20, 9999, old_program);

    ck_assert(cfk__bin_executable((struct cfk__span){ old_program, size }));
    ck_assert(!cfk__bin_executable((struct cfk__span){ old_program, 3 }));
    ck_assert(!cfk__bin_executable((struct cfk__span){ old_program + 1, size - 1 }));
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 60 == 59 ? '\n' : (uint8_t)('a' + i % 26);
    ck_assert(!cfk__bin_suits((struct cfk__span){ text, sizeof text }));
    ck_assert(!cfk__bin_suits((struct cfk__span){ text, 0 }));
    for (size_t i = 0; i < sizeof text; i += 20)
        text[i] = 0;
    ck_assert(cfk__bin_suits((struct cfk__span){ text, sizeof text }));
}
END_TEST

START_TEST(info_tells_the_memory_of_a_binary_body)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };
    cfk_delta_ref *ref;
    size_t new_size;
    size_t size;
    void *patch;

    make_patch(&ref, &new_size, &patch, &size);
    ck_assert_int_eq(cfk_delta_info(patch, size, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.new_size, new_size);
    ck_assert_uint_eq(info.window, new_size);
    ck_assert_uint_eq(info.memory, cfk__bin_memory(new_size, new_size));
    ck_assert_uint_gt(info.memory, 16u << 20);
    cfk_free(NULL, patch);
    cfk_delta_ref_free(ref);
}
END_TEST

/* Inputs on which looking at every candidate to its end would take for ever. */
START_TEST(adversarial_inputs_end)
{
    static uint8_t old[1 << 18];
    static uint8_t new[1 << 18];
    struct gen g;

    gen_seed(&g, 12);
    for (int kind = 0; kind < 4; kind++) {
        struct cfk__bin_pieces p = { .alloc = NULL };

        for (size_t i = 0; i < sizeof old; i++) {
            old[i] = kind == 0   ? 0
                     : kind == 1 ? (uint8_t)(i % 3)
                     : kind == 2 ? i % 97 == 0
                                 : gen_below(&g, 40) == 0;
            new[i] = kind == 0   ? i % 11 == 0
                     : kind == 3 ? gen_below(&g, 30) == 0
                                 : old[i] ^ (i % 5 == 0);
        }
        ck_assert_int_eq(cfk__bin_align((struct cfk__span){ old, sizeof old },
                                        (struct cfk__span){ new, sizeof new }, 64, 1, &p),
                         CFK_OK);
        check_pieces(&p, sizeof old, sizeof new);
        cfk__bin_pieces_free(&p);
    }
}
END_TEST

static int encode_and_decode(void *ctx, const struct cfk_alloc *alloc)
{
    cfk_delta_ref *ref = ctx;
    struct cfk_delta_encode_options e = { .size = sizeof e,
                                          .alloc = alloc,
                                          .format = CFK_DELTA_CFD };
    struct cfk_delta_decode_options d = { .size = sizeof d, .alloc = alloc };
    size_t new_size = program_make(9, 20, 8, new_program);
    void *patch;
    void *out = NULL;
    size_t patch_size;
    size_t size;
    int rc = cfk_delta_encode(ref, new_program, new_size, &e, &patch, &patch_size, NULL);

    if (rc == CFK_OK)
        rc = cfk_delta_decode(ref, patch, patch_size, &d, &out, &size, NULL);
    cfk_free(alloc, patch);
    cfk_free(alloc, out);
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    cfk_delta_ref *ref = make_ref(old_program, program_make(9, 20, 9999, old_program));

    fault_sweep(encode_and_decode, ref, 20);
    cfk_delta_ref_free(ref);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        loads_of_a_program_are_found,
        other_files_have_no_loads,
        damaged_headers_are_read_safely,
        fields_of_all_tables_are_found,
        alignment_finds_what_was_moved,
        alignment_of_anything_is_sound,
        an_inserted_function_takes_little,
        programs_that_change_everywhere_round_trip,
        data_that_is_no_program_round_trips,
        pieces_of_any_size_give_the_same,
        damage_gives_no_wrong_bytes,
        what_pieces_are_tried_on,
        info_tells_the_memory_of_a_binary_body,
        adversarial_inputs_end,
        every_allocation_may_fail,
        NULL,
    };
    Suite *suite = suite_create("delta/bin");

    suite_add_tcase(suite, unit_case("bin", tests));
    return suite;
}
