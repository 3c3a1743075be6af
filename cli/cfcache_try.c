/* SPDX-License-Identifier: MIT */
#include "cfcache.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t amount_of(const struct capacity *c, uint64_t whole)
{
    double share = c->percent * (double)whole / 100;

    if (c->percent <= 0)
        return c->amount;
    return share >= 1 ? (uint64_t)share : 1;
}

/* Bytes are limited by weight; entries then grow as there are more. */
static int new_cache(struct subject *s, struct cfk_error *err)
{
    struct cfk_cache_options opts = {
        .size = sizeof opts,
        .capacity = s->sized ? FIRST_ENTRIES : (size_t)s->capacity,
        .max_key_bytes = MOST_KEY,
        .policy = s->policy->policy,
        .max_weight = s->sized ? s->capacity : 0,
    };

    return cfk_cache_new(&opts, &s->cache, err);
}

static int new_curve(struct trial *t, struct cfk_error *err)
{
    struct cfk_cache_curve_options opts = { .size = sizeof opts,
                                            .max_key_bytes = MOST_KEY };

    return cfk_cache_curve_new(&opts, &t->curve, err);
}

int trial_begin(struct trial *t, const struct request *r, uint64_t whole,
                struct cfk_error *err)
{
    int rc = r->curve ? new_curve(t, err) : CFK_OK;

    t->subjects = calloc(r->policy_count * r->capacity_count + 1, sizeof *t->subjects);
    if (t->subjects == NULL) {
        err->code = CFK_E_NOMEM;
        snprintf(err->message, sizeof err->message, "no memory for the caches");
        return err->code;
    }
    for (size_t i = 0; i < r->policy_count; i++) {
        for (size_t j = 0; j < r->capacity_count && rc == CFK_OK; j++) {
            struct subject *s = &t->subjects[t->count++];

            s->policy = r->policies[i];
            s->capacity = amount_of(&r->capacities[j], whole);
            s->sized = is_sized(r);
            rc = new_cache(s, err);
        }
    }
    return rc;
}

/* What is missing is fetched, and kept where it is not larger than the whole cache. */
static int fetch(struct subject *s, const struct access *a, struct cfk_error *err)
{
    size_t entries = cfk_cache_capacity(s->cache);

    if (s->sized && a->size > s->capacity)
        return CFK_OK;
    if (s->sized && cfk_cache_count(s->cache) == entries && entries < MOST_CAPACITY) {
        int rc = cfk_cache_resize(s->cache, 2 * entries, s->capacity, a->now, err);

        if (rc != CFK_OK)
            return rc;
    }
    return cfk_cache_set_weighed(s->cache, a->key, a->key_len, 0, a->size, a->expire,
                                 a->now, err);
}

int trial_add(struct trial *t, const struct access *a, struct cfk_error *err)
{
    int rc = CFK_OK;

    for (size_t i = 0; i < t->count && rc == CFK_OK; i++) {
        struct subject *s = &t->subjects[i];

        if (cfk_cache_get(s->cache, a->key, a->key_len, a->now, 0, NULL, NULL) ==
            CFK_CACHE_HIT) {
            s->hits++;
            s->hit_bytes += a->size;
        } else {
            rc = fetch(s, a, err);
        }
    }
    if (rc == CFK_OK && t->curve != NULL)
        rc = cfk_cache_curve_add(t->curve, a->key, a->key_len, err);
    t->requests++;
    t->bytes += a->size;
    return rc;
}

void trial_end(struct trial *t)
{
    for (size_t i = 0; i < t->count; i++)
        cfk_cache_free(t->subjects[i].cache);
    free(t->subjects);
    cfk_cache_curve_free(t->curve);
}
