/* SPDX-License-Identifier: MIT */
/*
 * Patches for the pairs under $CFKIT_DATA/delta (and under $CFKIT_PAIRS, another folder
 * of categories: what is fetched and not kept), category by category, beside zstd's own
 * prefix interface and its prepared dictionaries: bytes, time to encode and to decode.
 * The time of the median page is a fact of its own, for most of a total is in a few
 * large files.
 */
#define ZSTD_STATIC_LINKING_ONLY /* dictionaries by reference, raw and attached */

#include "cfkit/delta.h"
#include "harness.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { PAIRS_MAX = 256, TRIES = 5 };

struct bytes {
    uint8_t *data;
    size_t size;
};

struct pair {
    struct bytes old;
    struct bytes new;
    cfk_delta_ref *ref;
    ZSTD_CDict *prepared; /* of zstd, for the subject at hand */
    struct bytes patch;   /* room for any, and the size of the last */
    struct bytes back;
};

struct subject {
    const char *name;
    uint32_t level;  /* ours, or */
    int zstd_level;  /* zstd's */
    uint32_t verify; /* ours, as users have it */
    uint32_t cold;   /* ours, with a reference that is made for each page */
    uint32_t format; /* ours; 0: the bare zstd frame */
    bool prepared;   /* zstd's, with a dictionary made before */
};

struct category {
    const char *name;
    struct pair pairs[PAIRS_MAX];
    size_t count;
    uint64_t new_bytes;
    const struct subject *subject;
    size_t first; /* the pairs first .. end - 1 are worked on */
    size_t end;
};

static void *need(void *block)
{
    if (block == NULL)
        abort();
    return block;
}

static bool read_file(const char *folder, const char *pair, const char *name,
                      struct bytes *out)
{
    char path[4096];
    FILE *file;
    long end;

    snprintf(path, sizeof path, "%s/%s/%s", folder, pair, name);
    file = fopen(path, "rb");
    if (file == NULL)
        return false;
    fseek(file, 0, SEEK_END);
    end = ftell(file);
    rewind(file);
    out->size = (size_t)end;
    out->data = need(malloc(out->size + 1));
    if (fread(out->data, 1, out->size, file) != out->size)
        abort();
    fclose(file);
    return true;
}

static void load(struct category *c, const char *parent)
{
    char folder[2048];
    struct dirent *entry;
    DIR *dir;

    snprintf(folder, sizeof folder, "%s/%s", parent, c->name);
    dir = opendir(folder);
    while (dir != NULL && c->count < PAIRS_MAX && (entry = readdir(dir)) != NULL) {
        struct pair *p = &c->pairs[c->count];

        if (entry->d_name[0] == '.' || !read_file(folder, entry->d_name, "old", &p->old))
            continue;
        if (!read_file(folder, entry->d_name, "new", &p->new) ||
            cfk_delta_ref_new(p->old.data, p->old.size, NULL, &p->ref, NULL) != CFK_OK)
            abort();
        p->patch.data = need(malloc(cfk_delta_bound(p->new.size)));
        p->back.data = need(malloc(p->new.size + 1));
        c->new_bytes += p->new.size;
        c->count++;
    }
    if (dir != NULL)
        closedir(dir);
}

static void unload(struct category *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct pair *p = &c->pairs[i];

        cfk_delta_ref_free(p->ref);
        free(p->old.data);
        free(p->new.data);
        free(p->patch.data);
        free(p->back.data);
    }
    memset(c, 0, sizeof *c);
}

static bool encode_ours(struct pair *p, const struct subject *s)
{
    struct cfk_delta_encode_options opts = {
        .size = sizeof opts,
        .format = s->format != 0 ? s->format : CFK_DELTA_ZSTD,
        .level = s->level,
        .no_verify = !s->verify,
    };

    if (s->cold) {
        cfk_delta_ref_free(p->ref);
        if (cfk_delta_ref_new(p->old.data, p->old.size, NULL, &p->ref, NULL) != CFK_OK)
            return false;
    }
    return cfk_delta_encode_to(p->ref, p->new.data, p->new.size, &opts, p->patch.data,
                               cfk_delta_bound(p->new.size), &p->patch.size,
                               NULL) == CFK_OK;
}

static bool encode_zstd(struct pair *p, int level)
{
    ZSTD_CCtx *ctx = need(ZSTD_createCCtx());

    ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_refPrefix(ctx, p->old.data, p->old.size);
    p->patch.size = ZSTD_compress2(ctx, p->patch.data, cfk_delta_bound(p->new.size),
                                   p->new.data, p->new.size);
    ZSTD_freeCCtx(ctx);
    return !ZSTD_isError(p->patch.size);
}

/* As zstd prepares a reference: raw content, by reference, attached at any size. */
static void prepare(struct category *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct pair *p = &c->pairs[i];
        ZSTD_compressionParameters params = ZSTD_getCParams(
            c->subject->zstd_level, ZSTD_CONTENTSIZE_UNKNOWN, p->old.size);

        p->prepared = need(ZSTD_createCDict_advanced(p->old.data, p->old.size,
                                                     ZSTD_dlm_byRef, ZSTD_dct_rawContent,
                                                     params, ZSTD_defaultCMem));
    }
}

static void unprepare(struct category *c)
{
    for (size_t i = 0; i < c->count; i++) {
        ZSTD_freeCDict(c->pairs[i].prepared);
        c->pairs[i].prepared = NULL;
    }
}

static bool encode_prepared(struct pair *p)
{
    ZSTD_CCtx *ctx = need(ZSTD_createCCtx());

    ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(ctx, ZSTD_c_forceAttachDict, ZSTD_dictForceAttach);
    ZSTD_CCtx_refCDict(ctx, p->prepared);
    p->patch.size = ZSTD_compress2(ctx, p->patch.data, cfk_delta_bound(p->new.size),
                                   p->new.data, p->new.size);
    ZSTD_freeCCtx(ctx);
    return !ZSTD_isError(p->patch.size);
}

static bool encode_one(struct pair *p, const struct subject *s)
{
    if (s->level > 0)
        return encode_ours(p, s);
    return s->prepared ? encode_prepared(p) : encode_zstd(p, s->zstd_level);
}

static bool run_encode(void *ctx)
{
    struct category *c = ctx;
    bool ok = true;

    for (size_t i = c->first; i < c->end; i++)
        ok = encode_one(&c->pairs[i], c->subject) && ok;
    return ok;
}

static bool run_decode(void *ctx)
{
    struct category *c = ctx;
    bool ok = true;

    for (size_t i = c->first; i < c->end; i++) {
        struct pair *p = &c->pairs[i];

        ok = cfk_delta_decode_to(p->ref, p->patch.data, p->patch.size, NULL, p->back.data,
                                 p->new.size, &p->back.size, NULL) == CFK_OK &&
             ok;
    }
    return ok;
}

static bool check_decoded(void *ctx)
{
    struct category *c = ctx;

    for (size_t i = c->first; i < c->end; i++) {
        struct pair *p = &c->pairs[i];

        if (p->back.size != p->new.size ||
            memcmp(p->back.data, p->new.data, p->new.size) != 0)
            return false;
        memset(p->back.data, 0, p->back.size); /* the next run must fill it again */
    }
    return true;
}

static bool check_encoded(void *ctx)
{
    return run_decode(ctx) && check_decoded(ctx);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Microseconds of the median page and of one in twenty, each at its best of some tries.
 */
static void page_times(struct category *c, double *median, double *p95)
{
    uint64_t best[PAIRS_MAX];

    for (size_t i = 0; i < c->count; i++) {
        best[i] = UINT64_MAX;
        c->first = i;
        c->end = i + 1;
        for (int try = 0; try < TRIES; try++) {
            uint64_t start = bench_now_ns();
            uint64_t ns;

            run_encode(c);
            ns = bench_now_ns() - start;
            if (ns < best[i])
                best[i] = ns;
        }
    }
    c->first = 0;
    c->end = c->count;
    qsort(best, c->count, sizeof best[0], by_value);
    *median = (double)best[c->count / 2] / 1e3;
    *p95 = (double)best[c->count * 95 / 100] / 1e3;
}

static void bench_subject(struct category *c, const struct subject *s)
{
    char encode[64];
    char decode[64];
    struct bench_row row = { s->name,    encode,        c->count, c->new_bytes,
                             run_encode, check_encoded, c };
    uint64_t bytes = 0;

    snprintf(encode, sizeof encode, "%s/encode", c->name);
    snprintf(decode, sizeof decode, "%s/decode", c->name);
    if (!bench_wanted(encode, s->name) && !bench_wanted(decode, s->name))
        return;
    c->subject = s;
    c->first = 0;
    c->end = c->count;
    if (s->prepared)
        prepare(c);
    if (!run_encode(c))
        abort();
    for (size_t i = 0; i < c->count; i++)
        bytes += c->pairs[i].patch.size;
    bench_fact(s->name, encode, "patch bytes", (double)bytes);
    if (c->count > 2) {
        double median;
        double p95;

        page_times(c, &median, &p95);
        bench_fact(s->name, encode, "us of the median page", median);
        bench_fact(s->name, encode, "us of the 95th of 100", p95);
    }
    bench_run(&row);
    row.work = decode;
    row.run = run_decode;
    row.check = check_decoded;
    bench_run(&row);
    if (s->prepared)
        unprepare(c);
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "web", "webbig", "json",   "js", "jsbig",
                                         "tar", "exe",    "exebig", "db", "edge" };
    static const struct subject subjects[] = {
        { "cfkit -1", 1, 0, 0, 0, 0, false },
        { "cfkit -2", 2, 0, 0, 0, 0, false },
        { "cfkit -5", 5, 0, 0, 0, 0, false },
        { "cfkit -5 +verify", 5, 0, 1, 0, 0, false },
        { "cfkit -5 +ref", 5, 0, 0, 1, 0, false },
        { "cfkit -7", 7, 0, 0, 0, 0, false },
        { "cfkit -9", 9, 0, 0, 0, 0, false },
        { "zstd -3", 0, 3, 0, 0, 0, false },
        { "zstd -3 prepared", 0, 3, 0, 0, 0, true },
        { "zstd -9 prepared", 0, 9, 0, 0, 0, true },
        { "cfkit cfd -5", 5, 0, 0, 0, CFK_DELTA_CFD, false },
        { "cfkit cfd -9", 9, 0, 0, 0, CFK_DELTA_CFD, false },
        { "zstd -9", 0, 9, 0, 0, 0, false },
        { "zstd -19", 0, 19, 0, 0, 0, false },
    };
    static struct category c;
    const char *root = getenv("CFKIT_DATA");
    const char *more = getenv("CFKIT_PAIRS");
    char folder[2048];

    bench_start(argc, argv, "delta: a unit is a pair of files");
    if (root == NULL && more == NULL) {
        printf("Neither CFKIT_DATA nor CFKIT_PAIRS is set: no pairs\n");
        return EXIT_FAILURE;
    }
    snprintf(folder, sizeof folder, "%s/delta", root != NULL ? root : "");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        c.name = names[i];
        if (root != NULL)
            load(&c, folder);
        if (more != NULL)
            load(&c, more);
        for (size_t j = 0; c.count > 0 && j < sizeof subjects / sizeof subjects[0]; j++)
            bench_subject(&c, &subjects[j]);
        unload(&c);
    }
    return bench_finish();
}
