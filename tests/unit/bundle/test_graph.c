/* SPDX-License-Identifier: MIT */
/*
 * The search against a model: on small random graphs of CAs, every chain is
 * found that plain recursion finds, and no other.
 */
#include "checked.h"
#include "gen.h"
#include "make.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CERTS_MAX = 14,
    CHAINS_MAX = 4096,
    LENGTH = 6,
};

struct graph {
    struct make certs[CERTS_MAX]; /* roots first */
    unsigned roots;
    unsigned count;
    struct make leaf;
    char chains[CHAINS_MAX][LENGTH + 1]; /* what the model finds: 'a' + number of each */
    unsigned chain_count;
};

static const char *const names[] = { "A", "B", "C", "D", "E" };

/* Few names and keys, so that twins, namesakes, cross-signatures and loops abound. */
static void random_cert(struct gen *g, struct make *m, unsigned serial)
{
    *m = (struct make){
        .subject = names[gen_below(g, 5)],
        .issuer = names[gen_below(g, 5)],
        .key = (uint8_t)(1 + gen_below(g, 6)),
        .signed_by = (uint8_t)(1 + gen_below(g, 6)),
        .serial = (uint8_t)serial,
        .until = gen_below(g, 8) == 0 ? "260101000000Z" : NULL,
        .ca = gen_below(g, 8) != 0,
        .path_length = gen_below(g, 4) == 0 ? (int)(1 + gen_below(g, 3)) : 0,
    };
}

/* Keys are mostly what the names say, so that signatures mostly hold. */
static void make_graph(struct graph *graph, uint64_t seed)
{
    struct gen g;

    gen_seed(&g, seed);
    memset(graph, 0, sizeof *graph);
    graph->roots = 1 + (unsigned)gen_below(&g, 3);
    graph->count = graph->roots + (unsigned)gen_below(&g, CERTS_MAX - 3);
    for (unsigned i = 0; i < graph->count; i++) {
        struct make *m = &graph->certs[i];

        random_cert(&g, m, i);
        if (gen_below(&g, 6) != 0)
            m->key = (uint8_t)(1 + m->subject[0] - 'A');
        if (gen_below(&g, 6) != 0)
            m->signed_by = (uint8_t)(1 + m->issuer[0] - 'A');
    }
    random_cert(&g, &graph->leaf, 200);
    graph->leaf.subject = "leaf";
    graph->leaf.key = 77;
    graph->leaf.until = NULL;
    graph->leaf.signed_by = (uint8_t)(1 + graph->leaf.issuer[0] - 'A');
}

/* Roots need not say that they are CAs. */
static bool usable(const struct make *m, unsigned cas_below, bool is_root)
{
    if (m->until != NULL || (!m->ca && !is_root))
        return false;
    return !m->ca || m->path_length == 0 || cas_below <= (unsigned)m->path_length - 1;
}

/* Extend a chain whose last certificate is last; path holds it so far. */
static void enumerate(struct graph *graph, const struct make *last, char *path,
                      unsigned length, unsigned cas)
{
    for (unsigned i = 0; i < graph->count && length < LENGTH; i++) {
        const struct make *m = &graph->certs[i];
        bool repeated = false;

        if (strcmp(m->subject, last->issuer) != 0 || m->key != last->signed_by ||
            !usable(m, cas, i < graph->roots))
            continue;
        for (unsigned n = 1; n < length; n++) {
            const struct make *seen = &graph->certs[path[n] - 'a'];

            repeated = repeated ||
                       (strcmp(seen->subject, m->subject) == 0 && seen->key == m->key);
        }
        if (repeated)
            continue;
        path[length] = (char)('a' + i);
        path[length + 1] = '\0';
        if (i < graph->roots) {
            ck_assert_uint_lt(graph->chain_count, CHAINS_MAX);
            strcpy(graph->chains[graph->chain_count++], path);
        } else {
            enumerate(graph, m, path, length + 1,
                      cas + (strcmp(m->subject, m->issuer) != 0));
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* What the library found, in the model's letters; serials tell certificates apart. */
static unsigned collect(cfk_bundle_result *result, char chains[][LENGTH + 1])
{
    unsigned last = 0;

    for (size_t i = 0; i < cfk_bundle_chain_count(result); i++) {
        const struct cfk__path *path = &result->chains.items[i];

        ck_assert_uint_le(path->length, LENGTH);
        ck_assert_uint_ge(path->length, last); /* shortest first */
        last = path->length;
        memset(chains[i], 0, LENGTH + 1);
        chains[i][0] = 'L';
        for (unsigned n = 1; n < path->length; n++)
            chains[i][n] = (char)('a' + path->certs[n]->x.serial.data[0]);
    }
    return (unsigned)cfk_bundle_chain_count(result);
}

static void compare(struct graph *graph, uint64_t seed, bool *has_chain)
{
    static char found[CHAINS_MAX][LENGTH + 1];
    struct cfk_bundle_options opts = { .size = sizeof opts, .max_length = LENGTH };
    struct cfk_error err = { 0 };
    char path[LENGTH + 2] = "L";
    cfk_bundle_pool *pool;
    cfk_bundle_result *result;
    unsigned count;
    int reason;

    opts.max_chains = CHAINS_MAX;
    enumerate(graph, &graph->leaf, path, 1, 0);
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    for (unsigned i = 0; i < graph->count; i++)
        make_add(pool, &graph->certs[i],
                 i < graph->roots ? CFK_BUNDLE_ROOT : CFK_BUNDLE_POOL);
    ck_assert_int_eq(make_build(pool, &graph->leaf, &opts, &result, NULL), CFK_OK);
    count = collect(result, found);
    ck_assert_msg(count == graph->chain_count, "seed %llu: %u chains, not %u",
                  (unsigned long long)seed, count, graph->chain_count);
    qsort(found, count, sizeof *found, by_text);
    qsort(graph->chains, count, sizeof *graph->chains, by_text);
    ck_assert_msg(memcmp(found, graph->chains, count * sizeof *found) == 0, "seed %llu",
                  (unsigned long long)seed);
    reason = cfk_bundle_reason(result, &err);
    ck_assert((reason == CFK_OK) == (count > 0));
    ck_assert(count > 0 || err.message[0] != '\0');
    *has_chain = count > 0;
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}

START_TEST(all_chains_and_no_others_are_found)
{
    static struct graph graph;
    const unsigned graphs = CHECKED ? 100 : 1000;
    unsigned with = 0;
    bool has_chain;

    for (uint64_t seed = 1; seed <= graphs; seed++) {
        make_graph(&graph, seed);
        compare(&graph, seed, &has_chain);
        with += has_chain;
    }
    ck_assert_uint_gt(with, graphs * 15 / 100); /* neither all yes nor all no */
    ck_assert_uint_lt(with, graphs * 85 / 100);
}
END_TEST

/* A complete mesh of CAs without a root: names alone tell, no signature is checked. */
START_TEST(a_mesh_without_an_exit_costs_nothing)
{
    struct cfk_bundle_counters n = { .size = sizeof n };
    struct make root = { .subject = "root", .issuer = "root", .key = 1, .signed_by = 1 };
    struct make leaf = { .subject = "leaf", .issuer = "m0", .signed_by = 100 };
    cfk_bundle_pool *pool;
    cfk_bundle_result *result;

    root.ca = true;
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    for (unsigned i = 0; i < 20; i++)
        for (unsigned j = 0; j < 20; j++) {
            char subject[8];
            char issuer[8];
            struct make m = { .subject = subject, .issuer = issuer, .ca = true };

            snprintf(subject, sizeof subject, "m%u", i);
            snprintf(issuer, sizeof issuer, "m%u", j);
            m.key = (uint8_t)(100 + i);
            m.signed_by = (uint8_t)(100 + j);
            if (i != j)
                make_add(pool, &m, CFK_BUNDLE_POOL);
        }
    ck_assert_int_eq(make_build(pool, &leaf, NULL, &result, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_UNKNOWN_ISSUER);
    cfk_bundle_result_counters(result, &n, NULL);
    ck_assert_uint_eq(n.expansions, 0);
    ck_assert_uint_le(n.signatures, LENGTH * 2); /* to believe the reason */
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        all_chains_and_no_others_are_found,
        a_mesh_without_an_exit_costs_nothing,
        NULL,
    };
    Suite *suite = suite_create("bundle/graph");
    TCase *tc = unit_case("graph", tests);

    tcase_set_timeout(tc, 1200); /* seconds are enough, but not under valgrind */
    suite_add_tcase(suite, tc);
    return suite;
}
