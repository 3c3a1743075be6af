/* SPDX-License-Identifier: MIT */
/*
 * libcfkit bundle: whether a private key is that of a certificate.
 *
 * The whole public key counts: modulus and exponent, curve and both
 * coordinates. The key's own file gives the private part alone, from which the
 * public one is computed; a public part that the file has besides must agree.
 *
 * Private bytes are decoded and decrypted in memory that is locked, kept out
 * of core dumps and wiped. The caller's own copies of them are the caller's.
 */
#ifndef CFKIT_BUNDLE_KEY_H
#define CFKIT_BUNDLE_KEY_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cfk_bundle_key_options {
    size_t size;                   /* sizeof(struct cfk_bundle_key_options) */
    const void *passphrase;        /* of an encrypted key; NULL: none is given */
    size_t passphrase_size;        /* bytes */
    uint32_t max_iterations;       /* of what hashes the passphrase; 0 means 10,000,000 */
    const struct cfk_alloc *alloc; /* of what is handed out; NULL means malloc and free */
};

/*
 * Whether the first private key in key is that of the certificate cert, in DER.
 *
 *   key   PEM, among anything else (PRIVATE KEY, ENCRYPTED PRIVATE KEY, RSA
 *         PRIVATE KEY, EC PRIVATE KEY, also encrypted with DEK-Info), or DER:
 *         PKCS #8 (RFC 5208, 5958), encrypted by PBES2 (RFC 8018) with PBKDF2
 *         and AES or triple DES in CBC mode; PKCS #1 (RFC 8017); SEC 1 (RFC
 *         5915); PKCS #12 (see below). RSA up to 16,384 bits, P-256, P-384 and P-521 by
 * name, Ed25519. opts  NULL means every default: no passphrase.
 *
 * Returns CFK_OK where it is; CFK_E_KEY where it is another, with the kind and
 * size of both in err; CFK_E_NOTFOUND (no private key in it), CFK_E_PASSPHRASE (it
 * is encrypted: none was given, or it is wrong), CFK_E_CORRUPT (a malformed key, one
 * whose numbers contradict each other, no certificate), CFK_E_NOTSUP (a kind,
 * a curve or an encryption that is not read), CFK_E_LIMIT (over 64 KiB, too many
 * iterations), CFK_E_INVALID, CFK_E_RANDOM or CFK_E_NOMEM. About the time of
 * one signature, and that of the passphrase's hashing. Since 0.1.
 */
CFK_API int cfk_bundle_key_check(const void *key, size_t key_size, const void *cert,
                                 size_t cert_size,
                                 const struct cfk_bundle_key_options *opts,
                                 struct cfk_error *err);

/*
 * 1 if the first private key in key is encrypted, so that a passphrase has to be
 * asked for, else 0, also where there is none. O(size). Since 0.1.
 */
CFK_API int cfk_bundle_key_encrypted(const void *key, size_t key_size);

/*
 * 1 if these bytes look like PKCS #12 (RFC 7292), which servers of Microsoft and Java
 * keep certificates and keys in, else 0. Since 0.1.
 */
CFK_API int cfk_bundle_is_pkcs12(const void *data, size_t size);

/*
 * The certificates of a PKCS #12 file as a PKCS #7 bag in *out, which goes to
 * cfk_bundle_pool_add_input() or cfk_bundle_pool_add(), and then to cfk_free() with
 * the allocator of opts. The file is DER, of up to 1 MiB; its MAC is checked with
 * SHA-1, SHA-256, SHA-384 or SHA-512; bags are opened that PBES2 or triple DES with
 * SHA-1 (RFC 7292, appendix C) encrypts.
 *
 * Returns CFK_OK, CFK_E_NOTFOUND (no certificate in it), CFK_E_PASSPHRASE (none
 * was given, or it is wrong), CFK_E_CORRUPT, CFK_E_NOTSUP (RC2, or another
 * encryption that is not read), CFK_E_LIMIT, CFK_E_INVALID or CFK_E_NOMEM; after
 * a failure *out is NULL. Since 0.1.
 */
CFK_API int cfk_bundle_pkcs12_certs(const void *data, size_t size,
                                    const struct cfk_bundle_key_options *opts, void **out,
                                    size_t *out_size, struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
