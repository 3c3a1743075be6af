/* SPDX-License-Identifier: MIT */
/* Certificates for tests: real DER, with a key and a signature that only we understand.
 */
#ifndef MAKE_H
#define MAKE_H

#include "bundle/search.h"

#define MAKE_NOW INT64_C(1795161600) /* 2026-11-20 08:00 */

/* What a certificate says. Zero is a leaf "CN=" that is valid in 2026. */
struct make {
    const char *subject;
    const char *issuer;
    uint8_t key;            /* 0..255: the public key is one of 256 */
    uint8_t signed_by;      /* the key that signed it */
    uint8_t serial;         /* to tell twins apart */
    const char *from;       /* UTCTime or GeneralizedTime; NULL: "200101000000Z" */
    const char *until;      /* NULL: "491231235959Z" */
    bool ca;                /* basicConstraints CA:TRUE */
    int path_length;        /* with ca: one more than pathLenConstraint; 0: none */
    const char *ext;        /* further extensions, DER in hexadecimal, or NULL */
    const char *number;     /* contents of the serial number in hexadecimal, or NULL */
    const char *spki;       /* the SubjectPublicKeyInfo in hexadecimal, or NULL */
    bool v1;                /* of version 1, without extensions */
    const char *subject2;   /* a whole Name in hexadecimal instead of subject */
    const char *algorithm2; /* of the signed part, where it is another one */
    const char *algorithm;  /* body of the AlgorithmIdentifier in hexadecimal; NULL:
                               ecdsa-sha256 */
};

/* Append tag and length, then contents, to text, which has size bytes; all in hex. */
void make_wrap(char *text, size_t size, unsigned tag, const char *contents);

/*
 * Append an extension to text, which has size bytes and holds the hexadecimal
 * of others: id-ce arc, such as 17 for subjectAltName, and its value.
 */
void make_ext(char *text, size_t size, unsigned arc, bool critical, const char *value);

/* The DER of it in out, at most 2 KiB. Its size. */
size_t make_cert(const struct make *m, uint8_t out[2048]);

/* Add it to a pool, or a failed test. */
void make_add(cfk_bundle_pool *pool, const struct make *m, uint32_t from);

/* A cfk__verify_fn that holds where signed_by is the issuer's key. */
int make_verify(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                struct cfk_error *err);

/* cfk__bundle_build() with make_verify at MAKE_NOW. */
int make_build(cfk_bundle_pool *pool, const struct make *leaf,
               const struct cfk_bundle_options *opts, cfk_bundle_result **out,
               struct cfk_error *err);

#endif
