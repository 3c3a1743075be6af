/* SPDX-License-Identifier: MIT */
/*
 * An index that somebody made up: two bytes of length and a leaf, then the
 * index. Its size and checksums are made right, so that everything behind them is
 * reached. What it says is used, and written again, which must give the same pool.
 */
#include "../unit/bundle/index_seal.h"
#include "bundle/search.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { NOW = 1795161600 };

/* Signatures hold where last bits are equal: real ones take milliseconds. */
static int last_bits(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                     struct cfk_error *err)
{
    struct cfk__span signature = cert->x.signature.bytes;
    struct cfk__span key = issuer->x.key.spki;

    (void)err;
    return signature.size > 0 &&
                   ((signature.data[signature.size - 1] ^ key.data[key.size - 1]) & 1) ==
                       0
               ? CFK_OK
               : CFK_E_SIGNATURE;
}

static cfk_bundle_pool *new_pool(void)
{
    struct cfk_bundle_pool_options opts = { .size = sizeof opts, .max_certs = 1000 };
    cfk_bundle_pool *pool;

    if (cfk_bundle_pool_new(&opts, &pool, NULL) != CFK_OK)
        abort();
    return pool;
}

/* Written again it is an index of the same certificates. */
static void write_again(cfk_bundle_pool *pool)
{
    size_t count = cfk_bundle_pool_count(pool, 7);
    cfk_bundle_pool *other;
    void *data;
    size_t size;

    if (cfk_bundle_index_write(pool, NULL, &data, &size, NULL) != CFK_OK)
        return; /* damaged where nobody had looked yet */
    other = new_pool();
    if (cfk_bundle_pool_add_index(other, data, size, NULL) != CFK_OK)
        abort();
    if (cfk_bundle_pool_count(other, 7) != cfk_bundle_pool_count(pool, 7) ||
        cfk__index_load_all(other, NULL) != CFK_OK ||
        cfk_bundle_pool_count(pool, 7) > count)
        abort();
    cfk_bundle_pool_free(other);
    cfk_free(NULL, data);
}

static void use(struct cfk__span leaf, const uint8_t *data, size_t size)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .max_expansions = 500 };
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };
    int rc = cfk_bundle_pool_add_index(pool, data, size, &err);

    if (rc != CFK_OK && err.message[0] == '\0')
        abort();
    if (rc == CFK_OK) {
        if (cfk__bundle_build(pool, leaf.data, leaf.size, NOW, &opts, last_bits, &result,
                              NULL) == CFK_OK)
            cfk_bundle_result_free(result);
        write_again(pool);
    }
    cfk_bundle_pool_free(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk__span leaf;
    struct cfk__reader r;
    uint16_t length;
    uint8_t *index;
    size_t left;

    cfk__reader_init(&r, data, size);
    if (!cfk__read_u16be(&r, &length) || !cfk__read_span(&r, length, &leaf))
        return 0;
    left = cfk__reader_left(&r);
    index = malloc(left + 1);
    if (index == NULL)
        return 0;
    memcpy(index, r.pos, left);
    if (left >= CFK__INDEX_HEADER) {
        memcpy(index, CFK__INDEX_MAGIC, 8);
        index_set_u32(index + 16, (uint32_t)left);
        index_set_u32(index + 20, 0);
        index_seal(index, left);
    }
    use(leaf, index, left);
    free(index);
    return 0;
}
