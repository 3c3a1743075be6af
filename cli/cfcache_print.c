/* SPDX-License-Identifier: MIT */
#include "cfcache.h"

#include <stdio.h>

static double ratio_of(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static int print_json(const struct subject *s, const struct trial *t)
{
    json_t *row =
        json_pack("{ss sI sI sI sf}", "policy", s->policy->name, "capacity",
                  (json_int_t)s->capacity, "requests", (json_int_t)t->requests, "hits",
                  (json_int_t)s->hits, "hit_ratio", ratio_of(s->hits, t->requests));

    if (row != NULL && s->sized) {
        json_object_set_new(row, "bytes", json_integer((json_int_t)t->bytes));
        json_object_set_new(row, "hit_bytes", json_integer((json_int_t)s->hit_bytes));
        json_object_set_new(row, "byte_hit_ratio",
                            json_real(ratio_of(s->hit_bytes, t->bytes)));
    }
    return cli_print_json(row);
}

static int print_row(const struct request *r, const struct trial *t,
                     const struct subject *s)
{
    if (cli_json())
        return print_json(s, t);
    if (r->tsv) {
        printf("%s\t%llu\t%llu\t%llu\n", s->policy->name, (unsigned long long)s->capacity,
               (unsigned long long)t->requests, (unsigned long long)s->hits);
        return CLI_YES;
    }
    printf("%-8s %12llu %12llu %12llu %8.2f%%", s->policy->name,
           (unsigned long long)s->capacity, (unsigned long long)t->requests,
           (unsigned long long)s->hits, 100 * ratio_of(s->hits, t->requests));
    if (s->sized)
        printf(" %8.2f%%", 100 * ratio_of(s->hit_bytes, t->bytes));
    putchar('\n');
    return CLI_YES;
}

/* Every capacity at which there are more hits, as if it had been asked for. */
static int print_curve(const struct request *r, const struct trial *t)
{
    static const struct policy lru = { "lru", CFK_CACHE_LRU };
    struct cfk_cache_point point = { 0, 0 };
    int status = CLI_YES;

    while (status == CLI_YES && cfk_cache_curve_next(t->curve, &point) == 1) {
        struct subject s = { .policy = &lru,
                             .capacity = point.capacity,
                             .hits = point.hits };

        status = print_row(r, t, &s);
    }
    return status;
}

int print_trial(const struct request *r, const struct trial *t)
{
    int status = CLI_YES;

    if (!r->tsv && !cli_json())
        printf("%-8s %12s %12s %12s %9s%s\n", "policy",
               is_sized(r) ? "bytes" : "capacity", "requests", "hits", "ratio",
               is_sized(r) ? "  of bytes" : "");
    for (size_t i = 0; i < t->count && status == CLI_YES; i++)
        status = print_row(r, t, &t->subjects[i]);
    if (status == CLI_YES && t->curve != NULL)
        status = print_curve(r, t);
    return status;
}
