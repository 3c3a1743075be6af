/* SPDX-License-Identifier: MIT */
/* What a level tries for a cfd patch, and up to which size. */
#include "checked.h"
#include "common.h"
#include "delta/cfd.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* The head of an ELF file of one load segment. */
static void put_head(char *data)
{
    memset(data, 0, 64 + 56);
    memcpy(data, "\177ELF\2\1\1", 7);
    data[32] = 64;
    data[54] = 56;
    data[56] = 1;
    data[64] = 1;
}

/* The body that a level makes of two versions of these sizes, which differ in a byte. */
static unsigned body_of(bool program, size_t old_size, size_t new_size, uint32_t level)
{
    struct cfk_delta_encode_options opts = {
        .size = sizeof opts, .format = CFK_DELTA_CFD, .level = level, .no_verify = 1
    };
    size_t most = old_size > new_size ? old_size : new_size;
    char *data = malloc(2 * most);
    char *changed = data + most;
    cfk_delta_ref *ref;
    uint8_t *patch;
    size_t size;
    unsigned body;

    for (size_t i = 0; i < most; i++)
        data[i] = "abcdefg\n"[(i * i >> 7) % 8];
    if (program)
        put_head(data);
    ref = make_ref(data, old_size);
    memcpy(changed, data, most);
    changed[new_size / 2] = '#';
    ck_assert_int_eq(
        cfk_delta_encode(ref, changed, new_size, &opts, (void **)&patch, &size, NULL),
        CFK_OK);
    body = patch[1] >> 6;
    free(patch);
    free(data);
    cfk_delta_ref_free(ref);
    return body;
}

START_TEST(a_level_tries_bodies_up_to_its_size)
{
    static const size_t binary = (size_t)8 << 20;

    ck_assert_uint_eq(body_of(false, 65536, 65536, 1), CFK__CFD_MIXED);
    ck_assert_uint_eq(body_of(false, 65536, 65537, 1), CFK__CFD_ZSTD);
    ck_assert_uint_eq(body_of(false, 65536, 65537, 2), CFK__CFD_MIXED);
    if (CHECKED)
        return;
    ck_assert_uint_eq(body_of(true, binary, binary, 1), CFK__CFD_BINARY);
    ck_assert_uint_eq(body_of(true, binary, binary + 1, 1), CFK__CFD_ZSTD);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = { a_level_tries_bodies_up_to_its_size, NULL };
    Suite *suite = suite_create("delta/cfd_levels");

    suite_add_tcase(suite, unit_case("levels", tests));
    return suite;
}
