/* SPDX-License-Identifier: MIT */
/* Binary bodies between files of Windows and macOS. */
#include "checked.h"
#include "common.h"
#include "delta/bin.h"
#include "delta/bin_fields.h"
#include "foreign.h"
#include "unit.h"

#include <string.h>

typedef size_t make_fn(uint64_t seed, unsigned functions, unsigned extra, uint8_t *out);

static make_fn *const makers[] = { foreign_pe, foreign_macho };
enum { MAKERS = sizeof makers / sizeof makers[0] };

static uint8_t old_program[FOREIGN_MAX];
static uint8_t new_program[FOREIGN_MAX];

static size_t count_of(const struct cfk__bin_fields *f, size_t size, unsigned kind)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += f->kinds[i] == kind;
    return count;
}

START_TEST(loads_count_from_where_the_file_is_loaded)
{
    static const enum cfk__bin_format formats[] = { CFK__BIN_PE, CFK__BIN_MACHO };
    static const unsigned loads[] = { 6, 3 };
    static const unsigned code[] = { 1, 0 }; /* the load that runs */

    for (size_t i = 0; i < MAKERS; i++) {
        size_t size = makers[i](1, 50, 999, old_program);
        struct cfk__span file = { old_program, size };
        struct cfk__bin_image image;
        uint64_t address;

        cfk__bin_image_read(&image, file);
        ck_assert_uint_eq(image.format, formats[i]);
        ck_assert_uint_eq(image.count, loads[i]);
        ck_assert_uint_eq(image.base & 0xfffffff, 0);
        for (unsigned l = 0; l < loads[i]; l++)
            ck_assert_int_eq(image.loads[l].runs, l == code[i]);
        ck_assert(cfk__bin_image_address(&image, 16, &address));
        ck_assert_uint_eq(address, 16);
        ck_assert(cfk__bin_image_runs(&image, 0x1000));
        ck_assert_uint_lt(image.end, 1 << 20);
        ck_assert(cfk__bin_executable(file));
        for (size_t cut = 0; cut < cfk__bin_image_head(file); cut++) {
            cfk__bin_image_read(&image, (struct cfk__span){ old_program, cut });
            ck_assert_uint_eq(image.count, 0);
        }
    }
}
END_TEST

START_TEST(fields_of_windows_are_found)
{
    size_t size = foreign_pe(3, 50, 999, old_program);
    struct cfk__span file = { old_program, size };
    struct cfk__bin_fields f;
    struct cfk__bin_image image;

    cfk__bin_image_read(&image, file);
    ck_assert_int_eq(cfk__bin_fields_find(&f, NULL, &image, file), CFK_OK);
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_POINTER), 50);
    ck_assert_uint_gt(count_of(&f, size, CFK__BIN_TABLE), 50 * FOREIGN_CASES / 2);
    /* .pdata 3; handler and data; FuncInfo 3; its tables 5; and the block of .reloc */
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_OFFSET), 50 * (3 + 2 + 3 + 5) + 1);
    ck_assert_uint_gt(count_of(&f, size, CFK__BIN_CALL), 100);
    ck_assert_uint_gt(count_of(&f, size, CFK__BIN_OPERAND), 100);
    cfk_free(NULL, f.kinds);
}
END_TEST

START_TEST(fields_of_macos_are_found)
{
    size_t size = foreign_macho(3, 50, 999, old_program);
    struct cfk__span file = { old_program, size };
    struct cfk__bin_fields f;
    struct cfk__bin_image image;

    cfk__bin_image_read(&image, file);
    ck_assert_int_eq(cfk__bin_fields_find(&f, NULL, &image, file), CFK_OK);
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_POINTER), 50 + 50); /* data, symbols */
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_NAME), 50);
    ck_assert_uint_gt(count_of(&f, size, CFK__BIN_TABLE), 50 * FOREIGN_CASES / 2);
    /* The personality, two entries of the index, two words of each function. */
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_OFFSET), 1 + 2 + 2 * 50);
    ck_assert_uint_eq(count_of(&f, size, CFK__BIN_FRAME), 1);
    ck_assert_uint_gt(count_of(&f, size, CFK__BIN_CALL), 100);
    ck_assert_uint_gt(count_of(&f, size, CFK__BIN_OPERAND), 100);
    ck_assert_uint_ne(f.names, 0);
    cfk_free(NULL, f.kinds);
}
END_TEST

/* Pointers that are chained have the distance of the next one in their upper half. */
START_TEST(chained_pointers_are_found)
{
    size_t size = foreign_macho(4, 20, 999, old_program);
    struct cfk__span file = { old_program, size };
    struct cfk__bin_fields f;
    struct cfk__bin_image image;
    size_t data;

    cfk__bin_image_read(&image, file);
    data = (size_t)image.loads[1].offset;
    old_program[data + 4] = 0; /* an offset instead of an address, */
    old_program[data + 6] = 0x10;
    old_program[data + 8 + 7] = 0x80; /* and what is bound to another file */
    ck_assert_int_eq(cfk__bin_fields_find(&f, NULL, &image, file), CFK_OK);
    ck_assert_uint_eq(f.kinds[data], CFK__BIN_POINTER);
    ck_assert_uint_eq(f.kinds[data + 8], CFK__BIN_NONE);
    ck_assert_uint_eq(f.kinds[data + 16], CFK__BIN_POINTER);
    cfk_free(NULL, f.kinds);
}
END_TEST

/* Any header over any sections: within bounds, which sanitizers and valgrind see. */
START_TEST(damaged_files_are_read_safely)
{
    struct gen g;

    gen_seed(&g, 4);
    for (int round = 0; round < (CHECKED ? 300 : 4000); round++) {
        make_fn *make = makers[round % MAKERS];
        size_t size = make(2, 12, 999, old_program);
        struct cfk__span file = { old_program, size };
        struct cfk__bin_fields fields;
        struct cfk__bin_image image;

        for (unsigned i = 1 + (unsigned)gen_below(&g, 4); i > 0; i--) {
            size_t at = gen_below(&g, gen_below(&g, 3) == 0 ? size : 900);
            static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };

            old_program[at] = values[gen_below(&g, sizeof values)];
        }
        if (gen_below(&g, 8) == 0)
            file.size = gen_below(&g, size);
        cfk__bin_image_read(&image, file);
        ck_assert_int_eq(cfk__bin_fields_find(&fields, NULL, &image, file), CFK_OK);
        cfk_free(NULL, fields.kinds);
    }
}
END_TEST

/* A function more moves all others and changes every table. */
START_TEST(an_inserted_function_takes_little)
{
    for (size_t i = 0; i < MAKERS; i++) {
        size_t old_size = makers[i](5, 900, 9999, old_program);
        size_t new_size = makers[i](5, 900, 400, new_program);
        cfk_delta_ref *ref = make_ref(old_program, old_size);
        size_t frame = round_trip(ref, new_program, new_size, CFK_DELTA_ZSTD, 5);
        size_t binary = round_trip(ref, new_program, new_size, CFK_DELTA_CFD, 5);

        ck_assert_msg(binary < frame / 8, "%zu bytes of %zu", binary, frame);
        cfk_delta_ref_free(ref);
    }
}
END_TEST

/* From one format to the other, and to files that have changed everywhere. */
START_TEST(any_change_comes_back)
{
    for (size_t i = 0; i < MAKERS; i++) {
        size_t old_size = makers[i](6, 100, 9999, old_program);
        cfk_delta_ref *ref = make_ref(old_program, old_size);
        struct gen g;
        size_t size;

        for (uint64_t seed = 1; seed <= (CHECKED ? 1 : 2); seed++) {
            gen_seed(&g, seed);
            size = gen_edit(&g, old_program, old_size, 1u << 4 * seed, new_program,
                            FOREIGN_MAX);
            round_trip(ref, new_program, size, CFK_DELTA_CFD, 5);
            size = makers[(i + seed) % MAKERS](seed, 100, 9999, new_program);
            round_trip(ref, new_program, size, CFK_DELTA_CFD, 3);
        }
        cfk_delta_ref_free(ref);
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *tests[] = {
        loads_count_from_where_the_file_is_loaded,
        fields_of_windows_are_found,
        fields_of_macos_are_found,
        chained_pointers_are_found,
        damaged_files_are_read_safely,
        an_inserted_function_takes_little,
        any_change_comes_back,
        NULL,
    };
    Suite *suite = suite_create("delta/bin_formats");

    suite_add_tcase(suite, unit_case("bin_formats", tests));
    return suite;
}
