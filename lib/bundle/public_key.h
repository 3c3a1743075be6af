/* SPDX-License-Identifier: MIT */
/* Public keys as what they are, whatever they are written as, to be compared whole. */
#ifndef CFK_BUNDLE_PUBLIC_KEY_H
#define CFK_BUNDLE_PUBLIC_KEY_H

#include "base/private_key.h"
#include "bundle/x509.h"

enum cfk__key_kind {
    CFK__KEY_RSA,
    CFK__KEY_RSA_PSS, /* id-RSASSA-PSS: for these signatures alone */
    CFK__KEY_EC,
    CFK__KEY_ED25519,
};

struct cfk__public_key {
    enum cfk__key_kind kind;
    struct cfk__span n; /* RSA: without leading zeros, in the bytes it was read from */
    struct cfk__span e;
    enum cfk__curve curve;
    uint8_t point[CFK__EC_POINT_MAX]; /* EC: as SEC 1, 2.3.3; Ed25519: 32 bytes */
    size_t point_size;
};

#define CFK__OID_RSA     "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define CFK__OID_RSA_PSS "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
#define CFK__OID_EC      "\x2a\x86\x48\xce\x3d\x02\x01"
#define CFK__OID_ED25519 "\x2b\x65\x70"

/* The curve of an OID; false for one that is not read. */
bool cfk__curve_of(struct cfk__span oid, enum cfk__curve *curve);

/*
 * The key in the bits of a SubjectPublicKeyInfo, of a kind, and a curve, that
 * out says already. False when they are not of that form.
 */
bool cfk__public_key_read(struct cfk__span bits, struct cfk__public_key *out);

/*
 * A whole SubjectPublicKeyInfo. CFK_OK; CFK_E_CORRUPT; CFK_E_NOTSUP for a curve by
 * explicit parameters; CFK_E_KEY for one of a kind of which no private key is read.
 */
int cfk__public_key_of(struct cfk__span spki, struct cfk__public_key *out,
                       struct cfk_error *err);

/* Compressed points too: over x and the sign of y. */
bool cfk__public_key_equal(const struct cfk__public_key *a,
                           const struct cfk__public_key *b);

/* "RSA, 2048 bits", "P-256": kind and size. */
#define CFK__PUBLIC_KEY_TEXT 40
const char *cfk__public_key_text(const struct cfk__public_key *key,
                                 char text[CFK__PUBLIC_KEY_TEXT]);

/* A positive INTEGER in its shortest form, without the zero before it. */
bool cfk__der_positive(struct cfk__reader *r, struct cfk__span *number);

#endif
