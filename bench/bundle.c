/* SPDX-License-Identifier: MIT */
/*
 * Pools and chains over the real certificates of the test data: CFKIT_DATA
 * must be set. The peer is libcrypto, where it was found.
 */
#include "cfkit/bundle.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBCRYPTO
#include <openssl/pem.h>
#include <openssl/x509.h>
#endif

enum { POOL_CERTS = 4312, REPEATS = 1000 };

struct text {
    char *data;
    size_t size;
};

static struct text read_text(const char *name)
{
    struct text text = { NULL, 0 };
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/bundle/%s", getenv("CFKIT_DATA"), name);
    file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    text.data = malloc((size_t)16 << 20);
    if (text.data != NULL)
        text.size = fread(text.data, 1, (size_t)16 << 20, file);
    fclose(file);
    return text;
}

/* A real leaf, the time to judge it at, and how many chains it has. */
struct leaf {
    const char *name;
    int64_t time;
    size_t chains;
    struct text pem;
};

static struct text pool_text;
static struct text roots_text;

struct ours {
    cfk_bundle_pool *pool;
    const struct leaf *leaf;
    void *der;
    size_t der_size;
    size_t found;
};

static cfk_bundle_pool *load_pool(void)
{
    cfk_bundle_pool *pool;

    if (cfk_bundle_pool_new(NULL, &pool, NULL) != CFK_OK ||
        cfk_bundle_pool_add(pool, pool_text.data, pool_text.size, CFK_BUNDLE_POOL, NULL,
                            NULL) != CFK_OK)
        exit(2);
    return pool;
}

static bool run_load(void *ctx)
{
    struct ours *o = ctx;
    cfk_bundle_pool *pool = load_pool();

    o->found = cfk_bundle_pool_count(pool, CFK_BUNDLE_POOL);
    cfk_bundle_pool_free(pool);
    return o->found == POOL_CERTS;
}

static bool run_build(void *ctx)
{
    struct ours *o = ctx;
    cfk_bundle_result *result;

    if (cfk_bundle_build(o->pool, o->der, o->der_size, o->leaf->time, NULL, &result,
                         NULL) != CFK_OK)
        return false;
    o->found = cfk_bundle_chain_count(result);
    cfk_bundle_result_free(result);
    return o->found == o->leaf->chains;
}

/* The same where every signature has to be checked: the pool is new each time. */
static bool run_first(void *ctx)
{
    struct ours *o = ctx;
    cfk_bundle_pool *kept = o->pool;
    bool ok;

    o->pool = load_pool();
    ok = cfk_bundle_pool_add(o->pool, roots_text.data, roots_text.size, CFK_BUNDLE_ROOT,
                             NULL, NULL) == CFK_OK &&
         run_build(o);
    cfk_bundle_pool_free(o->pool);
    o->pool = kept;
    return ok;
}

static struct {
    void *data;
    size_t size;
} pool_index;

/* An index, its signatures checked. */
static void make_index(cfk_bundle_pool *pool)
{
    if (cfk_bundle_index_verify(pool, UINT64_MAX, NULL, NULL) != CFK_OK ||
        cfk_bundle_index_write(pool, NULL, &pool_index.data, &pool_index.size, NULL) !=
            CFK_OK)
        exit(2);
}

static cfk_bundle_pool *open_index(void)
{
    cfk_bundle_pool *pool;

    if (cfk_bundle_pool_new(NULL, &pool, NULL) != CFK_OK ||
        cfk_bundle_pool_add_index(pool, pool_index.data, pool_index.size, NULL) != CFK_OK)
        exit(2);
    return pool;
}

static bool run_open(void *ctx)
{
    cfk_bundle_pool *pool = open_index();
    size_t count = cfk_bundle_pool_count(pool, CFK_BUNDLE_POOL | CFK_BUNDLE_ROOT);

    (void)ctx;
    cfk_bundle_pool_free(pool);
    return count == POOL_CERTS + 626;
}

/* A pool that has seen nothing: it reads what it needs, and checks the leaf. */
static bool run_indexed(void *ctx)
{
    struct ours *o = ctx;
    cfk_bundle_pool *kept = o->pool;
    bool ok;

    o->pool = open_index();
    ok = run_build(o);
    cfk_bundle_pool_free(o->pool);
    o->pool = kept;
    return ok;
}

/* The same leaf again and again: nothing is left to check. */
static bool run_repeat(void *ctx)
{
    struct ours *o = ctx;
    cfk_bundle_pool *kept = o->pool;
    bool ok = true;

    o->pool = open_index();
    for (int i = 0; i < REPEATS && ok; i++)
        ok = run_build(o);
    cfk_bundle_pool_free(o->pool);
    o->pool = kept;
    return ok;
}

#ifdef HAVE_LIBCRYPTO
static STACK_OF(X509) * read_stack(const struct text *text)
{
    BIO *bio = BIO_new_mem_buf(text->data, (int)text->size);
    STACK_OF(X509) *stack = sk_X509_new_null();
    X509 *x;

    while ((x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        sk_X509_push(stack, x);
    BIO_free(bio);
    return stack;
}

static bool run_peer_load(void *ctx)
{
    STACK_OF(X509) *stack = read_stack(&pool_text);
    int count = sk_X509_num(stack);

    (void)ctx;
    sk_X509_pop_free(stack, X509_free);
    return count == POOL_CERTS;
}

struct peer {
    X509_STORE *store;
    STACK_OF(X509) * pool;
    STACK_OF(X509) * leaf;
    int64_t time;
};

static bool run_peer_verify(void *ctx)
{
    struct peer *p = ctx;
    X509_STORE_CTX *store_ctx = X509_STORE_CTX_new();
    bool ok;

    X509_STORE_CTX_init(store_ctx, p->store, sk_X509_value(p->leaf, 0), p->pool);
    X509_STORE_CTX_set_time(store_ctx, 0, (time_t)p->time);
    ok = X509_verify_cert(store_ctx) == 1;
    X509_STORE_CTX_free(store_ctx);
    return ok;
}
#endif

static void bench_leaf(struct ours *o, const struct leaf *leaf)
{
    char work[128];
    struct bench_row row = { .subject = "cfkit", .work = work, .units = 1 };

    o->leaf = leaf;
    if (cfk_bundle_pool_add_input(o->pool, leaf->pem.data, leaf->pem.size, NULL, &o->der,
                                  &o->der_size, NULL) != CFK_OK)
        exit(2);
    row.ctx = o;
    row.run = run_indexed;
    snprintf(work, sizeof work, "open+build/%s", leaf->name);
    bench_run(&row);
    row.run = run_repeat;
    row.units = REPEATS;
    snprintf(work, sizeof work, "repeat/%s", leaf->name);
    bench_run(&row);
    row.units = 1;
    row.run = run_first;
    snprintf(work, sizeof work, "load+build/%s", leaf->name);
    bench_run(&row);
    cfk_free(NULL, o->der);
}

#ifdef HAVE_LIBCRYPTO
static void bench_peer(const struct leaf *leaves, size_t count)
{
    struct peer p = { .store = X509_STORE_new(), .pool = read_stack(&pool_text) };
    STACK_OF(X509) *roots = read_stack(&roots_text);
    struct bench_row load = { .subject = "libcrypto",
                              .work = "load",
                              .units = POOL_CERTS };

    load.bytes = pool_text.size;
    load.run = run_peer_load;
    bench_run(&load);
    for (int i = 0; i < sk_X509_num(roots); i++)
        X509_STORE_add_cert(p.store, sk_X509_value(roots, i));
    for (size_t i = 0; i < count; i++) {
        char work[128];
        struct bench_row row = { .subject = "libcrypto", .work = work, .units = 1 };

        p.leaf = read_stack(&leaves[i].pem);
        p.time = leaves[i].time;
        snprintf(work, sizeof work, "one chain/%s", leaves[i].name);
        row.run = run_peer_verify;
        row.ctx = &p;
        bench_run(&row);
        sk_X509_pop_free(p.leaf, X509_free);
    }
    sk_X509_pop_free(roots, X509_free);
    sk_X509_pop_free(p.pool, X509_free);
    X509_STORE_free(p.store);
}
#endif

int main(int argc, char **argv)
{
    struct leaf leaves[] = {
        { "e8-224c5db8", 1771596902, 3, { NULL, 0 } },
        { "amazon-rsa-2048-m02-c799dafc", 1710374400, 7, { NULL, 0 } },
        { "we1-da9fca34", 1773435591, 5, { NULL, 0 } },
    };
    size_t count = sizeof leaves / sizeof *leaves;
    struct ours o = { .found = 0 };
    struct bench_row load = { .subject = "cfkit", .work = "load", .units = POOL_CERTS };

    if (getenv("CFKIT_DATA") == NULL) {
        fprintf(stderr, "CFKIT_DATA is not set\n");
        return 2;
    }
    bench_start(argc, argv, "bundle: 4,312 intermediates, 627 roots");
    pool_text = read_text("pool-tls.pem");
    roots_text = read_text("roots-union.pem");
    for (size_t i = 0; i < count; i++) {
        char name[128];

        snprintf(name, sizeof name, "scenarios/%s/leaf.pem", leaves[i].name);
        leaves[i].pem = read_text(name);
    }
    load.bytes = pool_text.size;
    load.ctx = &o;
    load.run = run_load;
    bench_run(&load);
    o.pool = load_pool();
    cfk_bundle_pool_add(o.pool, roots_text.data, roots_text.size, CFK_BUNDLE_ROOT, NULL,
                        NULL);
    make_index(o.pool);
    load.run = run_open;
    load.work = "open index";
    load.units = 1;
    load.bytes = 0;
    bench_run(&load);
    for (size_t i = 0; i < count; i++)
        bench_leaf(&o, &leaves[i]);
    cfk_free(NULL, pool_index.data);
    cfk_bundle_pool_free(o.pool);
#ifdef HAVE_LIBCRYPTO
    bench_peer(leaves, count);
#endif
    for (size_t i = 0; i < count; i++)
        free(leaves[i].pem.data);
    free(pool_text.data);
    free(roots_text.data);
    return bench_finish();
}
