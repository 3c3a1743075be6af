/* SPDX-License-Identifier: MIT */
/*
 * A build that fetches: records of a byte (what it is used as; 4: an answer), two
 * bytes of length, and a certificate, or whatever comes from a network; the first is
 * the leaf, whose byte has the options. Every URL gets the next answer.
 * Signatures hold where their last bit equals the last bit of the issuer's key. No
 * more is asked for than allowed, only URLs of the right form, none of them twice.
 */
#include "bundle/search.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    NOW = 1795161600,
    RECORDS_MAX = 40,
    COUNT_MAX = 6,
};

struct web {
    struct cfk__span answers[RECORDS_MAX];
    size_t count;
    size_t asked;
};

static int last_bits(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                     struct cfk_error *err)
{
    struct cfk__span signature = cert->x.signature.bytes;
    struct cfk__span key = issuer->x.key.spki;

    (void)err;
    if (signature.size == 0 ||
        ((signature.data[signature.size - 1] ^ key.data[key.size - 1]) & 1) != 0)
        return CFK_E_SIGNATURE;
    return CFK_OK;
}

static int get(void *ctx, const char *url, cfk_bundle_answer *answer,
               struct cfk_error *err)
{
    struct web *web = ctx;
    struct cfk__span body;

    if (web->asked >= COUNT_MAX || strncasecmp(url, "http", 4) != 0 ||
        strpbrk(url, "\r\n \t\\") != NULL)
        abort();
    if (web->asked >= web->count)
        return web->asked++ % 2 == 0 ? CFK_E_IO : CFK_E_TIMEOUT;
    body = web->answers[web->asked++];
    for (size_t at = 0; at < body.size; at += 64) {
        size_t size = body.size - at < 64 ? body.size - at : 64;

        if (cfk_bundle_answer_add(answer, body.data + at, size, err) != CFK_OK)
            return CFK_OK; /* wrong, and to be seen through */
    }
    return CFK_OK;
}

static void expect_list(const cfk_bundle_result *result, size_t asked)
{
    size_t count = cfk_bundle_fetched_count(result);
    size_t told = 0;

    for (size_t i = 0; i < count; i++) {
        struct cfk_bundle_fetched_info one = { .size = sizeof one };
        struct cfk_bundle_fetched_info other = { .size = sizeof other };

        if (cfk_bundle_fetched(result, i, &one, NULL) != CFK_OK ||
            (one.code == CFK_OK) != (one.message[0] == '\0'))
            abort();
        told += one.asked;
        for (size_t n = 0; n < i; n++)
            if (cfk_bundle_fetched(result, n, &other, NULL) != CFK_OK ||
                (one.asked && other.asked && strcmp(one.url, other.url) == 0))
                abort();
    }
    if (told != asked)
        abort();
}

static void expect_chains(const cfk_bundle_result *result)
{
    for (uint32_t i = 0; i < result->chains.count; i++) {
        const struct cfk__path *chain = &result->chains.items[i];

        for (uint32_t n = 0; n + 1 < chain->length; n++)
            if (chain->certs[n]->issuer != chain->certs[n + 1]->subject ||
                last_bits(chain->certs[n], chain->certs[n + 1], NULL) != CFK_OK)
                abort();
        if (!chain->forced &&
            (!chain->rooted ||
             (chain->certs[chain->length - 1] != &result->leaf &&
              (chain->certs[chain->length - 1]->from & CFK_BUNDLE_ROOT) == 0)))
            abort();
    }
}

static void build(cfk_bundle_pool *pool, struct cfk__span leaf, struct web *web,
                  uint8_t options)
{
    struct cfk_bundle_fetch_options fetch = { .size = sizeof fetch };
    struct cfk_bundle_options opts = { .size = sizeof opts, .max_expansions = 500 };
    cfk_bundle_result *result;

    fetch.get = get;
    fetch.ctx = web;
    fetch.flags = options & 3;
    fetch.max_count = COUNT_MAX;
    fetch.max_depth = 1 + options / 4 % 4;
    fetch.max_size = 4096;
    opts.fetch = &fetch;
    opts.eku = CFK_BUNDLE_EKU_ANY;
    opts.flags = (options & 64) != 0 ? CFK_BUNDLE_FORCE : 0;
    if (cfk__bundle_build(pool, leaf.data, leaf.size, NOW, &opts, last_bits, &result,
                          NULL) != CFK_OK)
        return;
    if ((cfk_bundle_reason(result, NULL) == CFK_OK) != (result->chains.count > 0))
        abort();
    expect_list(result, web->asked);
    expect_chains(result);
    cfk_bundle_result_free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t uses[] = { CFK_BUNDLE_INPUT, CFK_BUNDLE_POOL, CFK_BUNDLE_ROOT };
    struct cfk__span leaf = { 0 };
    struct web web = { .count = 0 };
    cfk_bundle_pool *pool;
    struct cfk__reader r;
    uint8_t options = 0;
    uint16_t length;
    uint8_t use;

    if (cfk_bundle_pool_new(NULL, &pool, NULL) != CFK_OK)
        abort();
    cfk__reader_init(&r, data, size);
    for (unsigned n = 0; n < RECORDS_MAX; n++) {
        struct cfk__span body;

        if (!cfk__read_u8(&r, &use) || !cfk__read_u16be(&r, &length) ||
            !cfk__read_span(&r, length, &body))
            break;
        if (n == 0) {
            leaf = body;
            options = use;
        } else if ((use & 4) != 0) {
            web.answers[web.count++] = body;
        } else {
            cfk_bundle_pool_add_der(pool, body.data, body.size, uses[use % 3], NULL);
        }
    }
    build(pool, leaf, &web, options);
    cfk_bundle_pool_free(pool);
    return 0;
}
