/* SPDX-License-Identifier: MIT */
/*
 * Patches of every format and body, changed at random: what is still taken for a patch
 * makes the right new version. CFKIT_MUTATIONS is how many; few without it.
 */
#include "checked.h"
#include "common.h"
#include "gen.h"
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 12000, WEIGHTS = 16, CHANGES_MAX = 4, GROWTH = 64 };

/* What is mutated: of 16 mutations so many are of this kind. */
static const struct kind {
    const char *name;
    uint32_t format;
    uint32_t level;
    size_t old_size;
    unsigned edits;
    unsigned weight;
} kinds[] = {
    { "dcz", CFK_DELTA_DCZ, 5, 3000, 20, 4 },
    { "zstd", CFK_DELTA_ZSTD, 5, 3000, 20, 4 },
    { "vcdiff", CFK_DELTA_VCDIFF, 5, 3000, 20, 4 },
    { "cfd with a frame", CFK_DELTA_CFD, 1, 70000, 20, 1 },
    { "cfd with a model", CFK_DELTA_CFD, 5, 300, 4, 2 },
    { "cfd without a body", CFK_DELTA_CFD, 5, 300, 0, 1 },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct counts {
    unsigned long made;
    unsigned long right;     /* decoded to the new version after all */
    unsigned long unchecked; /* to something else, and said to have no checksum */
};

static void make_kind(struct sample *s, const struct kind *k)
{
    struct cfk_delta_encode_options opts = { .size = sizeof opts,
                                             .format = k->format,
                                             .level = k->level };

    sample_make(s, k->old_size, k->edits, k->format);
    cfk_free(NULL, s->patch);
    ck_assert_int_eq(cfk_delta_encode(s->ref, s->new, s->new_size, &opts, &s->patch,
                                      &s->patch_size, NULL),
                     CFK_OK);
}

/* One change in place; the size may become another one. */
static size_t change(struct gen *g, uint8_t *patch, size_t size, size_t capacity)
{
    size_t at = size > 0 ? gen_below(g, size) : 0;
    size_t most = size - at < 16 ? size - at : 16;
    size_t count = gen_below(g, most + 1);

    switch (gen_below(g, 8)) {
    case 0: return at; /* cut */
    case 1:            /* take out */
        memmove(patch + at, patch + at + count, size - at - count);
        return size - count;
    case 2: /* put in */
        if (count > capacity - size)
            return size;
        memmove(patch + at + count, patch + at, size - at);
        gen_bytes(g, patch + at, count);
        return size + count;
    case 3: gen_bytes(g, patch + at, count); return size;
    case 4: memset(patch + at, (int)(gen_below(g, 2) * 255), count); return size;
    case 5: /* from elsewhere */
        memmove(patch + at, patch + gen_below(g, size - count + 1), count);
        return size;
    default:
        if (at < size)
            patch[at] ^= (uint8_t)(1u << gen_below(g, 8));
        return size;
    }
}

static bool says_unchecked(const uint8_t *patch, size_t size)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };

    return cfk_delta_info(patch, size, &info, NULL) == CFK_OK && !info.has_checksum;
}

static void judge(const struct sample *s, const char *name, const uint8_t *patch,
                  size_t size, bool decoded, const void *out, size_t out_size,
                  struct counts *c)
{
    if (!decoded)
        return;
    if (out_size == s->new_size && memcmp(out, s->new, out_size) == 0)
        c->right++;
    else if (says_unchecked(patch, size))
        c->unchecked++;
    else
        ck_abort_msg("%s: mutation %lu is taken for another version", name, c->made);
}

static void mutate(struct gen *g, const struct sample *s, const char *name, uint8_t *room,
                   uint8_t *out, struct counts *c)
{
    struct cfk_delta_decode_options opts = { .size = sizeof opts,
                                             .max_output = 2 * s->new_size };
    size_t size = s->patch_size;
    size_t changes = 1 + gen_below(g, CHANGES_MAX);
    size_t out_size;
    int rc;

    memcpy(room, s->patch, size);
    for (size_t i = 0; i < changes; i++)
        size = change(g, room, size, s->patch_size + GROWTH);
    c->made++;
    if (gen_below(g, 4) == 0) {
        rc = stream_decode(s->ref, room, size, &opts, 1 + gen_below(g, 100),
                           1 + gen_below(g, 2000), out, 2 * s->new_size, &out_size, NULL);
    } else {
        rc = cfk_delta_decode_to(s->ref, room, size, &opts, out, 2 * s->new_size,
                                 &out_size, NULL);
    }
    judge(s, name, room, size, rc == CFK_OK, out, out_size, c);
}

static unsigned long wanted(void)
{
    const char *text = getenv("CFKIT_MUTATIONS");

    if (text != NULL)
        return strtoul(text, NULL, 10);
    return CHECKED ? FEW / 20 : FEW;
}

START_TEST(no_mutation_is_taken_for_another_version)
{
    unsigned long all = wanted();
    struct gen g;

    gen_seed(&g, 2026);
    for (size_t k = 0; k < KINDS; k++) {
        unsigned long count = all / WEIGHTS * kinds[k].weight;
        struct counts c = { 0, 0, 0 };
        struct sample s;
        uint8_t *room;
        uint8_t *out;

        make_kind(&s, &kinds[k]);
        room = malloc(s.patch_size + GROWTH);
        out = malloc(2 * s.new_size);
        while (c.made < count)
            mutate(&g, &s, kinds[k].name, room, out, &c);
        printf("%s: %lu mutations, %lu without effect, %lu without a checksum\n",
               kinds[k].name, c.made, c.right, c.unchecked);
        ck_assert_uint_le(c.unchecked, c.made / 100 + 1);
        free(out);
        free(room);
        sample_free(&s);
    }
}
END_TEST

/* A change of the old version: never the same. */
static size_t change_old(struct gen *g, uint8_t *old, size_t size)
{
    switch (gen_below(g, 4)) {
    case 0: return gen_below(g, size);
    case 1: old[size] = (uint8_t)gen_below(g, 256); return size + 1;
    case 2: old[gen_below(g, size)] ^= (uint8_t)(1u << gen_below(g, 8)); return size;
    default:
        old[gen_below(g, size)] ^= 0x55;
        return size - gen_below(g, size < 16 ? size : 16);
    }
}

/* dcz and cfd name it; the others fail, or did not need what is different. */
static void check_wrong(const struct sample *s, const struct kind *kind,
                        const cfk_delta_ref *wrong)
{
    struct cfk_error err = { 0 };
    size_t size;
    void *out;
    int rc = cfk_delta_decode(wrong, s->patch, s->patch_size, NULL, &out, &size, &err);

    if (kind->format == CFK_DELTA_DCZ || kind->format == CFK_DELTA_CFD) {
        ck_assert_int_eq(rc, CFK_E_REFERENCE);
        ck_assert_ptr_nonnull(strstr(err.message, "another reference"));
    } else if (rc == CFK_OK) {
        ck_assert_uint_eq(size, s->new_size);
        ck_assert_int_eq(memcmp(out, s->new, size), 0);
    } else {
        ck_assert_int_eq(rc, CFK_E_CORRUPT);
    }
    cfk_free(NULL, out);
}

START_TEST(a_wrong_reference_is_named)
{
    unsigned long all = wanted() / 20;
    struct gen g;

    gen_seed(&g, 2027);
    for (size_t k = 0; k < KINDS; k++) {
        struct sample s;
        uint8_t *old;

        make_kind(&s, &kinds[k]);
        old = malloc(s.old_size + 1);
        for (unsigned long i = 0; i < all / WEIGHTS * kinds[k].weight; i++) {
            cfk_delta_ref *wrong;
            size_t size;

            memcpy(old, s.old, s.old_size);
            size = change_old(&g, old, s.old_size);
            wrong = make_ref(old, size);
            check_wrong(&s, &kinds[k], wrong);
            cfk_delta_ref_free(wrong);
        }
        free(old);
        sample_free(&s);
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        no_mutation_is_taken_for_another_version,
        a_wrong_reference_is_named,
        NULL,
    };
    Suite *suite = suite_create("delta/mutations");
    TCase *tcase = unit_case("mutations", tests);

    if (getenv("CFKIT_MUTATIONS") != NULL)
        tcase_set_timeout(tcase, 3600);
    suite_add_tcase(suite, tcase);
    return suite;
}
