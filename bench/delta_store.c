/* SPDX-License-Identifier: MIT */
/*
 * Choosing the reference, on $CFKIT_DATA/delta/web: the old versions are in a store,
 * and for every new one a base is picked, by sketch alone and by trying four. What the
 * choice costs in bytes stands beside the page's own old version and the best of all.
 */
#include "cfkit/delta.h"
#include "harness.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES_MAX = 256, PICKS = 4, MANY = 10000 };

struct page {
    uint8_t *data;
    size_t size;
};

struct work {
    struct page old[PAGES_MAX];
    struct page new[PAGES_MAX];
    const cfk_delta_ref *refs[PAGES_MAX];
    const cfk_delta_ref *chosen[PAGES_MAX];
    size_t count;
    uint64_t new_bytes;
    cfk_delta_store *store;
    uint32_t tries;
};

static struct page read_page(const char *folder, const char *pair, const char *name)
{
    struct page page = { 0 };
    char path[4096];
    FILE *file;
    long end;

    snprintf(path, sizeof path, "%s/%s/%s", folder, pair, name);
    file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        abort();
    end = ftell(file);
    rewind(file);
    page.size = (size_t)end;
    page.data = malloc(page.size + 1);
    if (page.data == NULL || fread(page.data, 1, page.size, file) != page.size)
        abort();
    fclose(file);
    return page;
}

static bool load(struct work *w, const char *root)
{
    char folder[2048];
    struct dirent *entry;
    DIR *dir;

    snprintf(folder, sizeof folder, "%s/delta/web", root);
    dir = opendir(folder);
    if (dir == NULL || cfk_delta_store_new(NULL, &w->store, NULL) != CFK_OK)
        return false;
    while (w->count < PAGES_MAX && (entry = readdir(dir)) != NULL) {
        size_t i = w->count;

        if (entry->d_name[0] == '.')
            continue;
        w->old[i] = read_page(folder, entry->d_name, "old");
        w->new[i] = read_page(folder, entry->d_name, "new");
        if (cfk_delta_store_add(w->store, w->old[i].data, w->old[i].size, &w->refs[i],
                                NULL) != CFK_OK)
            abort();
        w->new_bytes += w->new[i].size;
        w->count++;
    }
    closedir(dir);
    return w->count > 0;
}

static bool run_sketch(void *ctx)
{
    struct work *w = ctx;
    struct cfk_delta_sketch sketch;
    bool ok = true;

    for (size_t i = 0; i < w->count; i++)
        ok = cfk_delta_sketch_compute(w->new[i].data, w->new[i].size, &sketch, NULL) ==
                 CFK_OK &&
             ok;
    return ok;
}

static bool run_pick(void *ctx)
{
    struct work *w = ctx;
    struct cfk_delta_pick_options opts = { .size = sizeof opts,
                                           .tries = w->tries,
                                           .no_tries = w->tries == 0 };
    bool ok = true;

    for (size_t i = 0; i < w->count; i++) {
        struct cfk_delta_pick picks[PICKS];
        size_t count;

        ok = cfk_delta_store_pick(w->store, w->new[i].data, w->new[i].size, &opts, picks,
                                  PICKS, &count, NULL) == CFK_OK &&
             count > 0 && ok;
        w->chosen[i] = picks[0].ref;
    }
    return ok;
}

/* Bytes of the patches against what was chosen, with the encoder of the trials. */
static double patches(const struct work *w, const cfk_delta_ref *const *refs, bool best)
{
    struct cfk_delta_encode_options opts = {
        .size = sizeof opts, .format = CFK_DELTA_ZSTD, .level = 1, .no_verify = 1
    };
    size_t total = 0;

    for (size_t i = 0; i < w->count; i++) {
        size_t least = SIZE_MAX;

        for (size_t j = best ? 0 : i; j < (best ? w->count : i + 1); j++) {
            void *patch;
            size_t size;

            if (cfk_delta_encode(refs[j], w->new[i].data, w->new[i].size, &opts, &patch,
                                 &size, NULL) != CFK_OK)
                abort();
            cfk_free(NULL, patch);
            least = size < least ? size : least;
        }
        total += least;
    }
    return (double)total;
}

static bool run_lookup(void *ctx)
{
    struct cfk_delta_pick_options opts = { .size = sizeof opts, .no_tries = 1 };
    struct cfk_delta_pick picks[PICKS];
    struct work *w = ctx;
    size_t count;
    bool ok = true;

    for (int i = 0; i < 1000; i++) /* few bytes: next to nothing to sketch */
        ok = cfk_delta_store_pick(w->store, w->new[0].data, w->new[0].size, &opts, picks,
                                  PICKS, &count, NULL) == CFK_OK &&
             ok;
    return ok && count == PICKS;
}

/* Pages of about 256 bytes that have nothing in common, or 2 KB that are nearly alike. */
static void bench_lookup(uint32_t pages, bool alike, const char *name)
{
    enum { WORDS = 512, STRANGE = 64 };
    struct cfk_delta_store_options opts = { .size = sizeof opts, .max_pages = pages };
    struct work *w = calloc(1, sizeof *w);
    uint32_t query[WORDS];
    size_t words = alike ? WORDS : STRANGE;
    struct bench_row row = { "cfkit", name, 1000, 0, run_lookup, NULL, w };

    if (w == NULL || cfk_delta_store_new(&opts, &w->store, NULL) != CFK_OK)
        abort();
    for (uint32_t i = 0; i < pages; i++) {
        size_t size = (words - i % 16) * sizeof query[0];

        for (uint32_t k = 0; k < words; k++)
            query[k] = (alike && k != i % words ? k : i * (uint32_t)words + k + WORDS) *
                       UINT32_C(2654435761);
        if (cfk_delta_store_add(w->store, query, size, NULL, NULL) != CFK_OK)
            abort();
    }
    w->new[0] = (struct page){ (uint8_t *)query, words * sizeof query[0] };
    bench_run(&row);
    cfk_delta_store_free(w->store);
    free(w);
}

static void bench_pick(struct work *w, uint32_t tries, const char *name)
{
    struct bench_row row = { "cfkit", name, w->count, w->new_bytes, run_pick, NULL, w };

    if (!bench_wanted(name, "cfkit"))
        return;
    w->tries = tries;
    if (!run_pick(w))
        abort();
    bench_fact("cfkit", name, "patch bytes", patches(w, w->chosen, false));
    bench_run(&row);
}

int main(int argc, char **argv)
{
    static struct work w;
    struct bench_row sketch = { "cfkit", "sketch", 0, 0, run_sketch, NULL, &w };
    const char *root = getenv("CFKIT_DATA");

    bench_start(argc, argv, "delta store: a unit is a page");
    if (root == NULL || !load(&w, root)) {
        printf("CFKIT_DATA is not set or has no delta/web\n");
        return EXIT_FAILURE;
    }
    sketch.units = w.count;
    sketch.bytes = w.new_bytes;
    bench_run(&sketch);
    bench_pick(&w, 0, "pick by sketch");
    bench_pick(&w, PICKS, "pick, four tried");
    if (bench_wanted("pick", "own old version"))
        bench_fact("own old version", "pick", "patch bytes", patches(&w, w.refs, false));
    if (bench_wanted("pick", "best of all"))
        bench_fact("best of all", "pick", "patch bytes", patches(&w, w.refs, true));
    bench_lookup(100, false, "lookup among 100");
    bench_lookup(100, true, "lookup among 100 alike");
    bench_lookup(MANY, false, "lookup among 10000");
    bench_lookup(MANY, true, "lookup among 10000 alike");
    for (size_t i = 0; i < w.count; i++) {
        free(w.old[i].data);
        free(w.new[i].data);
    }
    cfk_delta_store_free(w.store);
    return bench_finish();
}
