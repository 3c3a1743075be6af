/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without a fuzzer: over each file of the seed folder, over
 * each of its beginnings (up to 256 of them, evenly spread), and over copies
 * with one byte changed. A crash or a broken promise ends it.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t capacity = 0;

    *size = 0;
    if (file == NULL)
        return NULL;
    do {
        capacity += 65536;
        data = realloc(data, capacity);
        if (data == NULL)
            abort();
        *size += fread(data + *size, 1, capacity - *size, file);
    } while (*size == capacity);
    fclose(file);
    return data;
}

/* On an allocation of exactly size bytes, so that a sanitizer sees one byte too far. */
static void run_exact(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static unsigned long run_around(uint8_t *data, size_t size)
{
    size_t step = size / 256 + 1;
    unsigned long runs = 1;

    run_exact(data, size);
    for (size_t cut = 0; cut < size; cut += step, runs++)
        run_exact(data, cut);
    for (size_t at = 0; at < size; at += step, runs += 2) {
        data[at] ^= 0x01;
        run_exact(data, size);
        data[at] ^= 0x81;
        run_exact(data, size);
        data[at] ^= 0x80;
    }
    return runs;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    unsigned long seeds = 0;
    unsigned long runs = 0;
    struct dirent *entry;

    if (folder == NULL) {
        fprintf(stderr, "usage: fuzz_TARGET SEED-FOLDER\n");
        return 2;
    }
    while ((entry = readdir(folder)) != NULL) {
        char path[4096];
        uint8_t *data;
        size_t size;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        data = read_file(path, &size);
        if (data == NULL)
            continue;
        runs += run_around(data, size);
        seeds++;
        free(data);
    }
    closedir(folder);
    printf("%lu seeds, %lu runs\n", seeds, runs);
    printf("%d passed, %d failed\n", seeds > 0, seeds == 0);
    return seeds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
