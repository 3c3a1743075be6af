/* SPDX-License-Identifier: MIT */
#include "bundle/search.h"

#include <string.h>

/* Strengths in bits: NIST SP 800-57 part 1 (5.6.1), FIPS 140-3 IG D.B for RSA above 3072.
 */
static const struct {
    uint32_t size;
    uint32_t bits;
} rsa_strengths[] = {
    { 8192, 200 }, { 6144, 176 }, { 4096, 152 },
    { 3072, 128 }, { 2048, 112 }, { 1024, 80 },
};

static uint32_t key_bits(const struct cfk__x509_key *key)
{
    uint32_t half = key->bits / 2;

    if (!key->rsa)
        return half < 256 ? half : 256;
    for (size_t i = 0; i < sizeof rsa_strengths / sizeof *rsa_strengths; i++)
        if (key->bits >= rsa_strengths[i].size)
            return rsa_strengths[i].bits;
    return 0;
}

/* Against collisions, which is what certificates are forged with. */
static uint32_t hash_bits(const struct cfk__x509_signature *signature)
{
    static const uint32_t bits[] = {
        [CFK__SHA1] =
            60, /* Leurent and Peyrin 2020: 2^63.4 for a chosen prefix, less now */
        [CFK__SHA256] = 128,
        [CFK__SHA384] = 192,
        [CFK__SHA512] = 256,
    };

    return signature->verifiable ? bits[signature->scheme.hash] : 0;
}

static void weaken(struct cfk__rating *rating, uint32_t bits, uint32_t step)
{
    if (bits < rating->security) {
        rating->security = bits;
        rating->weakest = step;
    }
}

static uint8_t lesser(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

/* How common cfssl holds hashes and keys to be; what it does not know is 0. */
static uint8_t hash_mark(const struct cfk__x509_signature *signature)
{
    if (!signature->verifiable || signature->scheme.id == CFK__ED25519 ||
        signature->scheme.id == CFK__RSA_PSS)
        return 0;
    return signature->scheme.hash == CFK__SHA1 ? 100 : 70;
}

static uint8_t key_mark(const struct cfk__x509_key *key)
{
    if (key->rsa)
        return 100;
    if (strcmp(key->name, "P-256") == 0 || strcmp(key->name, "P-384") == 0)
        return 70;
    return strcmp(key->name, "P-521") == 0 ? 30 : 0;
}

void cfk__strength(const struct cfk__path *chain, struct cfk__rating *rating)
{
    rating->security = UINT32_MAX;
    rating->weakest = 0;
    rating->sha1 = rating->ecdsa = false;
    rating->common_hash = rating->common_key = 100;
    for (uint32_t i = 0; i < chain->length; i++) {
        const struct cfk__x509 *x = &chain->certs[i]->x;
        bool is_root = chain->rooted && i + 1 == chain->length;

        weaken(rating, key_bits(&x->key), i);
        rating->common_key = lesser(rating->common_key, key_mark(&x->key));
        rating->ecdsa = rating->ecdsa || strncmp(x->key.name, "P-", 2) == 0;
        if (is_root)
            continue;
        weaken(rating, hash_bits(&x->signature), i);
        rating->common_hash = lesser(rating->common_hash, hash_mark(&x->signature));
        rating->sha1 = rating->sha1 ||
                       (x->signature.verifiable && x->signature.scheme.hash == CFK__SHA1);
        rating->ecdsa = rating->ecdsa || x->signature.scheme.id == CFK__ECDSA;
    }
}
