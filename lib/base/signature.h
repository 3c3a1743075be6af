/* SPDX-License-Identifier: MIT */
/*
 * What signature.c, which parses keys and signatures once for every back end,
 * asks of the back end: arithmetic over numbers that were checked already.
 */
#ifndef CFK_BASE_SIGNATURE_H
#define CFK_BASE_SIGNATURE_H

#include "base/crypto.h"

enum {
    CFK__RSA_MIN_BITS = 512,
    CFK__RSA_MAX_BITS = 8192, /* what mbedTLS can do */
};

enum cfk__curve {
    CFK__P256,
    CFK__P384,
    CFK__P521,
};

/* Big-endian without leading zeros; n and e are odd, e is 3 to 64 bits. */
struct cfk__rsa_key {
    struct cfk__span n;
    struct cfk__span e;
};

/* point is 04 x y, of the right length, perhaps not on the curve. */
struct cfk__ec_key {
    enum cfk__curve curve;
    struct cfk__span point;
};

/* r and s are big-endian without leading zeros; der holds just these two. */
struct cfk__ecdsa_signature {
    struct cfk__span r;
    struct cfk__span s;
    struct cfk__span der;
};

/*
 * The back end's part. CFK_OK, CFK_E_SIGNATURE, CFK_E_NOMEM, CFK_E_CORRUPT
 * (the point is not on the curve), CFK_E_NOTSUP. An RSA signature has the
 * length of n, an Ed25519 key 32 bytes and its signature 64.
 */
int cfk__backend_rsa_verify(const struct cfk__signature_scheme *scheme,
                            const struct cfk__rsa_key *key, const uint8_t *digest,
                            struct cfk__span signature, struct cfk_error *err);
int cfk__backend_ecdsa_verify(const struct cfk__ec_key *key, struct cfk__span digest,
                              const struct cfk__ecdsa_signature *signature,
                              struct cfk_error *err);
/*
 * The keys of cfk__signature_keys(), as points of point_size bytes. CFK_OK,
 * CFK_E_NOTSUP, CFK_E_NOMEM.
 */
int cfk__backend_ecdsa_keys(enum cfk__curve curve, struct cfk__span digest,
                            const struct cfk__ecdsa_signature *signature,
                            struct cfk__ec_keys *out, struct cfk_error *err);
int cfk__backend_ed25519_verify(struct cfk__span key, struct cfk__span message,
                                struct cfk__span signature, struct cfk_error *err);

#endif
