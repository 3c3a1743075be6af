/* SPDX-License-Identifier: MIT */
/*
 * A build from outside: records of a byte (what it is used as; 16: it is a CRL),
 * two bytes of length, and a certificate; the first is the leaf, and its byte
 * has the profile and whether a policy is required. Signatures
 * hold where their last bit equals the last bit of the issuer's key, so that
 * deep graphs are in reach. What is promised of a chain must hold for each.
 */
#include "bundle/search.h"
#include "fuzz.h"

#include <stdlib.h>

enum {
    NOW = 1795161600,
    CERTS_MAX = 40,
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

static void expect_chain(const struct cfk__path *chain)
{
    const struct cfk__cert *top = chain->certs[chain->length - 1];

    if (!chain->rooted || chain->length > 12)
        abort();
    if (chain->length > 1 && (top->from & CFK_BUNDLE_ROOT) == 0)
        abort();
    for (uint32_t i = 0; i + 1 < chain->length; i++) {
        if (chain->certs[i]->issuer != chain->certs[i + 1]->subject ||
            last_bits(chain->certs[i], chain->certs[i + 1], NULL) != CFK_OK)
            abort();
        for (uint32_t n = 0; n < i; n++)
            if (chain->certs[n]->subject == chain->certs[i]->subject &&
                chain->certs[n]->key == chain->certs[i]->key)
                abort();
    }
}

static void expect_result(cfk_bundle_result *result)
{
    size_t chains = cfk_bundle_chain_count(result);
    struct cfk_error why = { 0 };
    char *text;
    size_t size;

    if ((cfk_bundle_reason(result, &why) == CFK_OK) != (chains > 0))
        abort();
    if (chains == 0 && why.message[0] == '\0')
        abort();
    for (size_t i = 0; i < chains; i++)
        expect_chain(&result->chains.items[i]);
    for (size_t i = 0; i < cfk_bundle_rejected_count(result); i++) {
        const struct cfk__path *path = &result->rejected.items[i];

        if (path->length == 0 || path->step >= path->length || path->reason == CFK_OK)
            abort();
    }
    if (chains > 0) {
        if (cfk_bundle_write_pem(result, 0, 0, NULL, &text, &size, NULL) != CFK_OK)
            abort();
        cfk_free(NULL, text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t uses[] = { CFK_BUNDLE_INPUT, CFK_BUNDLE_POOL, CFK_BUNDLE_ROOT };
    struct cfk_bundle_options opts = { .size = sizeof opts, .max_expansions = 500 };
    struct cfk__span leaf = { 0 };
    cfk_bundle_result *result;
    cfk_bundle_pool *pool;
    struct cfk__reader r;
    uint16_t length;
    uint8_t use;

    if (cfk_bundle_pool_new(NULL, &pool, NULL) != CFK_OK)
        abort();
    cfk__reader_init(&r, data, size);
    for (unsigned n = 0; n < CERTS_MAX; n++) {
        struct cfk__span der;

        if (!cfk__read_u8(&r, &use) || !cfk__read_u16be(&r, &length) ||
            !cfk__read_span(&r, length, &der))
            break;
        if (n == 0) {
            leaf = der;
            opts.profile = use / 4 % 4;
            opts.flags = (use & 32) != 0 ? CFK_BUNDLE_REQUIRE_POLICY : 0;
        } else if ((use & 16) != 0) {
            cfk_bundle_pool_add_crl(pool, der.data, der.size, NULL, NULL);
        } else {
            cfk_bundle_pool_add_der(pool, der.data, der.size, uses[use % 3], NULL);
        }
        opts.eku = use / 64;
    }
    if (cfk__bundle_build(pool, leaf.data, leaf.size, NOW, &opts, last_bits, &result,
                          NULL) == CFK_OK) {
        expect_result(result);
        cfk_bundle_result_free(result);
    }
    cfk_bundle_pool_free(pool);
    return 0;
}
