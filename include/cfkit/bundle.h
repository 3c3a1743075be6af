/* SPDX-License-Identifier: MIT */
/*
 * libcfkit bundle: find every chain from a certificate to trusted roots, rank
 * the chains, and hand out the best as a bundle that a server can send.
 *
 *     cfk_bundle_pool_new(NULL, &pool, &err);
 *     cfk_bundle_pool_add(pool, roots, roots_size, CFK_BUNDLE_ROOT, NULL, &err);
 *     cfk_bundle_pool_add(pool, more, more_size, CFK_BUNDLE_POOL, NULL, &err);
 *     cfk_bundle_build(pool, leaf, leaf_size, time(NULL), NULL, &result, &err);
 *     if (cfk_bundle_reason(result, &err) == CFK_OK)
 *         cfk_bundle_write_pem(result, 0, 0, NULL, &text, &text_size, &err);
 *
 * A chain is accepted when, at the given time and for the given purpose, every
 * step of it holds: signature, validity (of the root too), basic constraints
 * with path length, name constraints, key usage, extended key usage, no
 * signature with SHA-1 or an older hash, no RSA key under 1,024 bits, and no
 * critical extension that is not understood. Where an issuer or the caller asks
 * for a certificate policy, one must be valid down the whole chain (RFC 5280,
 * 6.1, by the graph of RFC 9618). Where the pool has CRLs, they must tell that
 * no certificate of the chain is revoked (RFC 5280, 6.3): complete ones, with
 * their deltas, for a distribution point, for some reasons, or indirect ones.
 *
 * Name constraints of roots count as well. They hold for the subject, for mail
 * addresses in it, and for alternative names that are DNS, IP, mail, URI or
 * directory names; a constraint on any other form, or a malformed one, fails
 * every name of that form. Self-issued intermediates are exempt (RFC 5280).
 *
 * The clock is an argument: the library reads none.
 */
#ifndef CFKIT_BUNDLE_H
#define CFKIT_BUNDLE_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Certificates to build chains from: trusted roots and intermediates, indexed
 * as they come. A pool remembers the signatures that were checked while
 * building from it, so the next build is quicker. One pool, and the results
 * built from it, serve one thread at a time.
 */
typedef struct cfk_bundle_pool cfk_bundle_pool;

/* What cfk_bundle_build() found. Release it before its pool. */
typedef struct cfk_bundle_result cfk_bundle_result;

/* Where a certificate came from, and so what it may be used as. */
enum {
    CFK_BUNDLE_INPUT = 1,  /* came with the leaf: an intermediate */
    CFK_BUNDLE_POOL = 2,   /* an intermediate */
    CFK_BUNDLE_ROOT = 4,   /* a trust anchor: chains end in it */
    CFK_BUNDLE_FETCHED = 8 /* an intermediate that was fetched, see bundle_fetch.h */
};

struct cfk_bundle_pool_options {
    size_t size;                   /* sizeof(struct cfk_bundle_pool_options) */
    size_t max_certs;              /* distinct certificates; 0 means 100,000 */
    size_t max_cert_size;          /* bytes of one; 0 means 256 KiB */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
    size_t max_crls;               /* 0 means 10,000 */
    size_t max_crl_size;           /* bytes of one; 0 means 64 MiB */
};

/*
 * Create an empty pool in *out; release it with cfk_bundle_pool_free().
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP, CFK_E_NOMEM or CFK_E_RANDOM
 * (its tables hash under a random key). Since 0.1.
 */
CFK_API int cfk_bundle_pool_new(const struct cfk_bundle_pool_options *opts,
                                cfk_bundle_pool **out, struct cfk_error *err);

/* Release a pool and all it holds. NULL is accepted. Since 0.1. */
CFK_API void cfk_bundle_pool_free(cfk_bundle_pool *pool);

/*
 * Add one certificate in DER, which is copied. One that is there already is
 * not added again, but may be used as both from then on.
 *
 *   from  one of CFK_BUNDLE_INPUT, _POOL, _ROOT, _FETCHED.
 *
 * Returns CFK_OK, CFK_E_CORRUPT (not a certificate; err->offset says where),
 * CFK_E_LIMIT (a limit of the pool), CFK_E_INVALID or CFK_E_NOMEM; after a
 * failure the pool is as it was. O(size). Since 0.1.
 */
CFK_API int cfk_bundle_pool_add_der(cfk_bundle_pool *pool, const void *der, size_t size,
                                    uint32_t from, struct cfk_error *err);

/* What became of each certificate of an input. */
struct cfk_bundle_report {
    size_t size;    /* sizeof(struct cfk_bundle_report) */
    uint64_t found; /* out: certificates in the input */
    uint64_t bad;   /* out: of these, not usable and left out */

    /*
     * Called for each certificate with its number from 0, the byte of the
     * input where it begins, and NULL or why it was left out. May be NULL.
     */
    void (*each)(void *ctx, uint64_t index, uint64_t offset, const struct cfk_error *why);
    void *ctx;

    /* out: cfk_bundle_pool_add_input() took another than the first for the leaf */
    uint32_t reordered;
    uint32_t reserved;
};

/*
 * Add every certificate of an input: PEM text (labels CERTIFICATE, X509
 * CERTIFICATE, PKCS7 and CMS), or in DER one certificate or a PKCS #7 bag of
 * them (SignedData of RFC 2315 or 5652, also in BER, with open lengths around
 * certificates that are DER; its signatures are not looked at).
 * Anything else in the text, private keys included, is skipped unread. A bad
 * certificate or bag is left out, counted and reported; the others are added
 * all the same. PKCS #12 is reported as CFK_E_NOTSUP: cfk_bundle_pkcs12_certs() takes
 * certificates out of it.
 *
 *   from    one of CFK_BUNDLE_INPUT, _POOL, _ROOT, _FETCHED.
 *   report  NULL: bad certificates are left out silently.
 *
 * Returns CFK_OK (also when there is no certificate), CFK_E_LIMIT (the pool is
 * full), CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM; what was added before
 * stays. O(size). Since 0.1.
 */
CFK_API int cfk_bundle_pool_add(cfk_bundle_pool *pool, const void *data, size_t size,
                                uint32_t from, struct cfk_bundle_report *report,
                                struct cfk_error *err);

/*
 * Take the file of a server, which may be all that cfk_bundle_pool_add() takes:
 * the leaf goes to *leaf (release with cfk_free() and the allocator of the
 * pool), the others join the pool as CFK_BUNDLE_INPUT. The leaf is the first
 * certificate; the last one where each names the one before it as its issuer;
 * and in a bag, which has no order, the first that is the issuer of no other.
 *
 * Returns CFK_OK, CFK_E_NOTFOUND (no certificate in it), CFK_E_CORRUPT (the
 * first one is damaged), CFK_E_LIMIT, CFK_E_INVALID, CFK_E_NOTSUP (PKCS #12) or
 * CFK_E_NOMEM. O(size). Since 0.1.
 */
CFK_API int cfk_bundle_pool_add_input(cfk_bundle_pool *pool, const void *data,
                                      size_t size, struct cfk_bundle_report *report,
                                      void **leaf, size_t *leaf_size,
                                      struct cfk_error *err);

/*
 * Add every CRL of an input: PEM text (labels X509 CRL and CRL) or one in DER.
 * Bad ones are left out and reported, as cfk_bundle_pool_add() does. From the
 * first CRL on, every certificate of a chain but its root must be told good by
 * one, unless CFK_BUNDLE_CRL_IF_PRESENT is asked for.
 *
 * Returns CFK_OK (also when there is no CRL), CFK_E_LIMIT (max_crls are
 * there), CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM; what was added before
 * stays. O(size). Since 0.1.
 */
CFK_API int cfk_bundle_pool_add_crl(cfk_bundle_pool *pool, const void *data, size_t size,
                                    struct cfk_bundle_report *report,
                                    struct cfk_error *err);

/*
 * What an input looks like by its outside, for messages where it holds nothing of what
 * is wanted: "a private key", "a CRL", "HTML or XML", "nothing at all"... A constant.
 * O(size) at most. Since 0.1.
 */
CFK_API const char *cfk_bundle_input_kind(const void *data, size_t size);

/* CRLs in the pool. Since 0.1. */
CFK_API size_t cfk_bundle_pool_crl_count(const cfk_bundle_pool *pool);

/* Distinct certificates that came from any of these (flags). O(n). Since 0.1. */
CFK_API size_t cfk_bundle_pool_count(const cfk_bundle_pool *pool, uint32_t from);

/* What the leaf is to be used for. */
enum {
    CFK_BUNDLE_EKU_SERVER_AUTH = 0,
    CFK_BUNDLE_EKU_CLIENT_AUTH = 1,
    CFK_BUNDLE_EKU_EMAIL_PROTECTION = 2,
    CFK_BUNDLE_EKU_ANY = 3 /* extended key usage is not looked at */
};

/*
 * How strictly certificates are looked at. Every profile checks what RFC 5280,
 * section 6, asks of a path.
 *
 *   DEFAULT  what clients in the field do: roots too are checked for their
 *            dates, their uses and their constraints
 *   LENIENT  a root is a name and a key alone (RFC 5280, 6.1.1 d), whatever
 *            its certificate says: for clients that trust expired roots
 *   RFC5280  DEFAULT, and what section 4 says of the certificates themselves:
 *            serial numbers, key identifiers, criticality, dates, DNS names...
 *   WEBPKI   also the CA/Browser Forum's Baseline Requirements, section 7.1:
 *            keys, signature algorithms, key purposes, common names, roots,
 *            and no wildcard directly below a public suffix. Where these let be
 *            what RFC 5280 forbids (uncritical name constraints), so does this.
 */
enum {
    CFK_BUNDLE_PROFILE_DEFAULT = 0,
    CFK_BUNDLE_PROFILE_LENIENT = 1,
    CFK_BUNDLE_PROFILE_RFC5280 = 2,
    CFK_BUNDLE_PROFILE_WEBPKI = 3
};

enum {
    CFK_BUNDLE_ALLOW_SHA1 = 1,      /* take signatures made with SHA-1 */
    CFK_BUNDLE_REQUIRE_POLICY = 2,  /* a policy must be valid for the whole path */
    CFK_BUNDLE_NO_MAPPING = 4,      /* policies are not mapped to others */
    CFK_BUNDLE_NO_ANY_POLICY = 8,   /* anyPolicy stands for no other */
    CFK_BUNDLE_CRL_IF_PRESENT = 16, /* no CRL about a certificate is no fault */

    /*
     * The chain is the leaf and what came as CFK_BUNDLE_INPUT, in the order it came,
     * and the root where the pool has it: no other is looked for. If it is not
     * valid, but each certificate is signed by the next, it is listed all the same, with
     * CFK_BUNDLE_WARN_INVALID.
     */
    CFK_BUNDLE_FORCE = 32
};

struct cfk_bundle_fetch_options; /* bundle_fetch.h */

struct cfk_bundle_options {
    size_t size;         /* sizeof(struct cfk_bundle_options) */
    const char *host;    /* DNS name or IP address that the leaf must be for; NULL: any */
    uint32_t eku;        /* CFK_BUNDLE_EKU_* */
    uint32_t flags;      /* CFK_BUNDLE_ALLOW_* */
    uint32_t max_length; /* certificates in a chain, leaf and root included; 0 means 12 */
    uint32_t max_failures;         /* wrong signatures that end the search; 0 means 256 */
    uint32_t max_expansions;       /* steps of the search; 0 means 10,000 */
    uint32_t max_chains;           /* chains listed; 0 means 1,000 */
    uint32_t max_rejected;         /* rejected paths listed; 0 means 1,000 */
    const struct cfk_alloc *alloc; /* of the result; NULL means malloc and free */
    uint32_t max_comparisons;      /* of names with name constraints; 0 means 1,000,000 */
    uint32_t profile;              /* CFK_BUNDLE_PROFILE_* */

    /*
     * OIDs of the policies that will do, "2.23.140.1.2.1,2.23.140.1.2.2", where
     * one is required by a flag above or by an issuer (RFC 5280, 6.1.1 c);
     * NULL: any.
     */
    const char *policies;
    uint32_t max_signatures; /* that may be needed once there is a chain; 0 means 24 */
    const struct cfk_bundle_fetch_options *fetch; /* NULL: nothing is fetched */
};

/*
 * Find the chains from the certificate in leaf (DER, copied) to the roots of
 * the pool at time (UNIX seconds), and rank them: fewest certificates first,
 * then the other defaults of cfk_bundle_rank(). The order is the same
 * everywhere. A leaf that is a root itself makes a chain of one.
 *
 * A result is made whether or not there is a chain: cfk_bundle_reason() tells.
 * Shorter chains are found first, so a budget that is met costs the longest.
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK, CFK_E_CORRUPT (the leaf is no certificate), CFK_E_LIMIT (it is
 * larger than the pool allows), CFK_E_INVALID (host is neither a name nor an
 * address, unknown eku or flags), CFK_E_NOTSUP or CFK_E_NOMEM; on failure *out is NULL.
 * At most max_expansions steps; a signature is checked once for each pair of
 * a certificate and an issuer's key. Since 0.1.
 */
CFK_API int cfk_bundle_build(cfk_bundle_pool *pool, const void *leaf, size_t leaf_size,
                             int64_t time, const struct cfk_bundle_options *opts,
                             cfk_bundle_result **out, struct cfk_error *err);

/* Release a result. NULL is accepted. Since 0.1. */
CFK_API void cfk_bundle_result_free(cfk_bundle_result *result);

/*
 * The verdict. CFK_OK: there is a chain. Otherwise why there is none, with the
 * certificate and the cause in err: CFK_E_UNKNOWN_ISSUER, CFK_E_EXPIRED,
 * CFK_E_NOT_YET_VALID, CFK_E_SIGNATURE, CFK_E_NOT_CA, CFK_E_PATH_LENGTH,
 * CFK_E_USAGE, CFK_E_NAME, CFK_E_NAME_CONSTRAINT, CFK_E_CRITICAL, CFK_E_WEAK,
 * CFK_E_POLICY, CFK_E_PROFILE, CFK_E_REVOKED, CFK_E_REVOCATION (no CRL tells),
 * CFK_E_PLATFORM (see cfk_bundle_rank()),
 * or CFK_E_LIMIT when a budget was met before a chain was found, so that there may be one
 * all the same. Of several causes it is the most specific one on the longest path. Of a
 * chain with CFK_BUNDLE_WARN_INVALID, CFK_OK is returned, and err has why it is not
 * valid. Since 0.1.
 */
CFK_API int cfk_bundle_reason(const cfk_bundle_result *result, struct cfk_error *err);

/* Number of chains; they are numbered from 0, the best. Since 0.1. */
CFK_API size_t cfk_bundle_chain_count(const cfk_bundle_result *result);

/* What speaks against a chain that is valid. */
enum {
    CFK_BUNDLE_WARN_SHA1 = 1,     /* a signature below the root is made with SHA-1 */
    CFK_BUNDLE_WARN_WEAK_KEY = 2, /* an RSA key under 2,048 bits */
    CFK_BUNDLE_WARN_SHORT = 4,    /* an issuer expires before the leaf */
    CFK_BUNDLE_WARN_EXPIRING = 8, /* a certificate expires within 30 days */
    CFK_BUNDLE_WARN_UBIQUITY =
        16,                      /* a platform that weighs something does not trust it */
    CFK_BUNDLE_WARN_INVALID = 32 /* taken by CFK_BUNDLE_FORCE, though it is not valid */
};

struct cfk_bundle_chain_info {
    size_t size;         /* sizeof(struct cfk_bundle_chain_info) */
    uint32_t length;     /* certificates, leaf and root included */
    uint32_t warnings;   /* CFK_BUNDLE_WARN_* */
    int64_t valid_from;  /* latest notBefore */
    int64_t valid_until; /* earliest notAfter */

    /* Sums of weights; 0 where cfk_bundle_rank() was given no platforms. */
    uint64_t ubiquity;     /* of the platforms that trust the chain */
    uint64_t ubiquity_max; /* of all of them */

    /*
     * The work in bits that breaks the weakest step (NIST SP 800-57 part 1, 5.6.1; FIPS
     * 140-3 IG D.B): the keys, and the hashes of the signatures but the
     * root's own. And the certificate with that key or signature.
     */
    uint32_t security_bits;
    uint32_t weakest_step;
};

/*
 * Facts of a chain into *out, whose size the caller sets. CFK_OK, or
 * CFK_E_INVALID for a number that is out of range. Since 0.1.
 */
CFK_API int cfk_bundle_chain(const cfk_bundle_result *result, size_t chain,
                             struct cfk_bundle_chain_info *out, struct cfk_error *err);

/* Facts of a certificate. Pointers live as long as the result. */
struct cfk_bundle_cert {
    size_t size; /* sizeof(struct cfk_bundle_cert) */
    const void *der;
    size_t der_size;
    const char *subject; /* RFC 4514: "CN=example.com,O=Example,C=US" */
    const char *issuer;
    const char *key;       /* "RSA", "P-256", "Ed25519"... */
    const char *signature; /* "sha256WithRSAEncryption"..., or the OID in digits */
    int64_t not_before;    /* UNIX seconds */
    int64_t not_after;
    uint32_t key_bits; /* 0 where not known */
    uint32_t from;     /* CFK_BUNDLE_*, as used here; 0 for the leaf */
    uint8_t sha256[32];
};

/*
 * Facts of certificate index (0 is the leaf) of a chain into *out, whose size
 * the caller sets. CFK_OK, CFK_E_INVALID or CFK_E_NOMEM. Since 0.1.
 */
CFK_API int cfk_bundle_chain_cert(cfk_bundle_result *result, size_t chain, size_t index,
                                  struct cfk_bundle_cert *out, struct cfk_error *err);

/* The same for the leaf, also where there is no chain. Since 0.1. */
CFK_API int cfk_bundle_leaf(cfk_bundle_result *result, struct cfk_bundle_cert *out,
                            struct cfk_error *err);

/* Number of rejected paths that are listed, in the order they were met. Since 0.1. */
CFK_API size_t cfk_bundle_rejected_count(const cfk_bundle_result *result);

struct cfk_bundle_rejected_info {
    size_t size;     /* sizeof(struct cfk_bundle_rejected_info) */
    int32_t reason;  /* CFK_E_*, as of cfk_bundle_reason() */
    uint32_t step;   /* index of the certificate that is to blame */
    uint32_t length; /* certificates of the path as far as it went */

    /*
     * With CFK_E_PROFILE the rule that is broken, such as "aki-missing": these
     * are stable and listed in cfk_bundle(3). Else NULL.
     */
    const char *rule;
};

/*
 * A rejected path into *out, whose size the caller sets. CFK_E_UNKNOWN_ISSUER
 * blames the certificate whose issuer is missing, CFK_E_SIGNATURE the one whose
 * signature is not by the key of the next, CFK_E_NAME_CONSTRAINT the one whose
 * name is ruled out by the last. CFK_OK or CFK_E_INVALID. Since 0.1.
 */
CFK_API int cfk_bundle_rejected(const cfk_bundle_result *result, size_t path,
                                struct cfk_bundle_rejected_info *out,
                                struct cfk_error *err);

/*
 * Why a path was rejected, in words in err, as cfk_bundle_reason() has them.
 * Returns the reason; CFK_E_INVALID or CFK_E_NOMEM where there is none. Since 0.1.
 */
CFK_API int cfk_bundle_rejected_explain(cfk_bundle_result *result, size_t path,
                                        struct cfk_error *err);

/* Facts of a certificate of a rejected path, as cfk_bundle_chain_cert(). Since 0.1. */
CFK_API int cfk_bundle_rejected_cert(cfk_bundle_result *result, size_t path, size_t index,
                                     struct cfk_bundle_cert *out, struct cfk_error *err);

/* Budgets that were met: what is listed may not be all there is. */
enum {
    CFK_BUNDLE_MET_LENGTH = 1, /* a longer path was not followed */
    CFK_BUNDLE_MET_FAILURES = 2,
    CFK_BUNDLE_MET_EXPANSIONS = 4,
    CFK_BUNDLE_MET_CHAINS = 8,
    CFK_BUNDLE_MET_REJECTED = 16,
    CFK_BUNDLE_MET_COMPARISONS = 32, /* names, policies or CRLs were not compared */
    CFK_BUNDLE_MET_SIGNATURES = 64, /* there is a chain, and others were not looked for */
    CFK_BUNDLE_MET_FETCHES = 128    /* issuers that could have been fetched were not */
};

struct cfk_bundle_counters {
    size_t size;         /* sizeof(struct cfk_bundle_counters) */
    uint64_t signatures; /* verified in this build */
    uint64_t remembered; /* needed, but known from an earlier check */
    uint64_t failures;   /* signatures that did not hold */
    uint64_t expansions; /* steps of the search */
    uint32_t met;        /* CFK_BUNDLE_MET_* */
    uint32_t fetches;    /* URLs asked for */
    uint64_t fetched_bytes;
};

/* What the build took into *out, whose size the caller sets. Since 0.1. */
CFK_API int cfk_bundle_result_counters(const cfk_bundle_result *result,
                                       struct cfk_bundle_counters *out,
                                       struct cfk_error *err);

enum {
    CFK_BUNDLE_WITH_ROOT = 1 /* the root at the end too; servers need not send it */
};

/*
 * A chain as PEM text, leaf first, the root left out unless flags ask for it
 * (a leaf that is its own root is never left out). *out has a NUL behind it
 * and goes to cfk_free() with alloc. CFK_OK, CFK_E_INVALID or CFK_E_NOMEM.
 * Since 0.1.
 */
CFK_API int cfk_bundle_write_pem(const cfk_bundle_result *result, size_t chain,
                                 uint32_t flags, const struct cfk_alloc *alloc,
                                 char **out, size_t *out_size, struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#include <cfkit/bundle_fetch.h>
#include <cfkit/bundle_index.h>
#include <cfkit/bundle_key.h>
#include <cfkit/bundle_rank.h>

#endif
