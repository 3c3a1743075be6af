/* SPDX-License-Identifier: MIT */
#include "cfcache.h"

#include <stdio.h>
#include <stdlib.h>

static int no_memory(struct cfk_error *err)
{
    err->code = CFK_E_NOMEM;
    snprintf(err->message, sizeof err->message, "no memory for the requests");
    return err->code;
}

static int new_names(struct trace *t, struct cfk_error *err)
{
    struct cfk_cache_options opts = {
        .size = sizeof opts,
        .capacity = FIRST_ENTRIES,
        .max_key_bytes = MOST_KEY,
        .policy = CFK_CACHE_FIFO,
    };

    return cfk_cache_new(&opts, &t->names, err);
}

static int number_of(struct trace *t, const struct access *a, uint32_t *number,
                     struct cfk_error *err)
{
    size_t count = cfk_cache_count(t->names);
    uint64_t known = count;
    int rc = CFK_OK;

    if (count == cfk_cache_capacity(t->names))
        rc = cfk_cache_resize(t->names, 2 * count, 0, 0, err);
    if (rc == CFK_OK)
        rc = cfk_cache_get_or_set(t->names, a->key, a->key_len, &known, CFK_CACHE_NEVER,
                                  0, err);
    if (rc < 0)
        return rc;
    if (rc == CFK_CACHE_MISS)
        t->distinct_size += a->size;
    *number = (uint32_t)known;
    return CFK_OK;
}

/* False where there is no memory; then *array is as it was. */
static bool enlarge(void *array, size_t count, size_t size)
{
    void **pointer = array;
    void *larger = count <= SIZE_MAX / size ? realloc(*pointer, count * size) : NULL;

    if (larger == NULL)
        return false;
    *pointer = larger;
    return true;
}

static int grow(struct trace *t, const struct request *r, struct cfk_error *err)
{
    size_t capacity = t->capacity > 0 ? 2 * t->capacity : FIRST_ENTRIES;

    if (!enlarge(&t->numbers, capacity, sizeof *t->numbers) ||
        (r->stream.fields[TIME] != 0 &&
         !enlarge(&t->times, capacity, 2 * sizeof *t->times)) ||
        (is_sized(r) && !enlarge(&t->sizes, capacity, sizeof *t->sizes)))
        return no_memory(err);
    t->capacity = capacity;
    return CFK_OK;
}

int trace_add(struct trace *t, const struct request *r, const struct access *a,
              struct cfk_error *err)
{
    int rc = CFK_OK;

    if (t->names == NULL)
        rc = new_names(t, err);
    if (rc == CFK_OK && t->count == t->capacity)
        rc = grow(t, r, err);
    if (rc == CFK_OK)
        rc = number_of(t, a, &t->numbers[t->count], err);
    if (rc != CFK_OK)
        return rc;
    if (t->times != NULL) {
        t->times[2 * t->count] = a->now;
        t->times[2 * t->count + 1] = a->expire;
    }
    if (t->sizes != NULL)
        t->sizes[t->count] = a->size;
    t->count++;
    return CFK_OK;
}

int trace_replay(const struct trace *t, struct trial *trial, struct cfk_error *err)
{
    int rc = CFK_OK;

    for (uint64_t i = 0; i < t->count && rc == CFK_OK; i++) {
        struct access a = {
            .key = (const char *)&t->numbers[i],
            .key_len = sizeof t->numbers[i],
            .now = t->times != NULL ? t->times[2 * i] : 0,
            .expire = t->times != NULL ? t->times[2 * i + 1] : CFK_CACHE_NEVER,
            .size = t->sizes != NULL ? t->sizes[i] : 1,
        };

        rc = trial_add(trial, &a, err);
    }
    return rc;
}

void trace_end(struct trace *t)
{
    cfk_cache_free(t->names);
    free(t->numbers);
    free(t->times);
    free(t->sizes);
}
