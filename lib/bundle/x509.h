/* SPDX-License-Identifier: MIT */
/*
 * A certificate (RFC 5280) as views into its DER: nothing is copied, so the
 * bytes must outlive the view. Reading is strict in form (DER, no duplicate or
 * malformed extension that we understand) and mild in content: what real
 * roots have, such as a negative serial or an unknown algorithm, is kept for
 * the checks to judge.
 */
#ifndef CFK_BUNDLE_X509_H
#define CFK_BUNDLE_X509_H

#include "base/crypto.h"
#include "bundle/der.h"

/* keyUsage, as cfk__der_flags() gives it. */
enum {
    CFK__KU_CERT_SIGN = 0x0400,
    CFK__KU_CRL_SIGN = 0x0200,
};

/* extKeyUsage */
enum {
    CFK__EKU_SERVER_AUTH = 1,
    CFK__EKU_CLIENT_AUTH = 2,
    CFK__EKU_EMAIL_PROTECTION = 4,
    CFK__EKU_ANY = 8,
    CFK__EKU_CODE_SIGNING = 16,
    CFK__EKU_TIME_STAMPING = 32,
    CFK__EKU_OCSP_SIGNING = 64,
    CFK__EKU_PRECERTIFICATE = 128, /* RFC 6962, 3.1 */
};

/* Extensions that are understood, one bit each. */
enum {
    CFK__EXT_SUBJECT_KEY_ID = 0x0001,
    CFK__EXT_KEY_USAGE = 0x0002,
    CFK__EXT_SUBJECT_ALT_NAME = 0x0004,
    CFK__EXT_BASIC_CONSTRAINTS = 0x0008,
    CFK__EXT_NAME_CONSTRAINTS = 0x0010,
    CFK__EXT_CRL_POINTS = 0x0020,
    CFK__EXT_POLICIES = 0x0040,
    CFK__EXT_POLICY_MAPPINGS = 0x0080,
    CFK__EXT_AUTHORITY_KEY_ID = 0x0100,
    CFK__EXT_POLICY_CONSTRAINTS = 0x0200,
    CFK__EXT_EXT_KEY_USAGE = 0x0400,
    CFK__EXT_INHIBIT_ANY_POLICY = 0x0800,
    CFK__EXT_AUTHORITY_INFO = 0x1000,
};

struct cfk__x509_key {
    struct cfk__span spki; /* the whole SubjectPublicKeyInfo */
    const char *name;      /* "RSA", "P-256"; "unknown" */
    uint32_t bits;         /* 0: not known */
    bool rsa;
    bool nist_curve;   /* P-256, P-384 or P-521, by name */
    bool bad_exponent; /* RSA: even, or less than 3 */
};

struct cfk__x509_signature {
    struct cfk__span algorithm; /* its OID */
    struct cfk__span bytes;
    struct cfk__signature_scheme scheme;
    const char *name; /* NULL: an algorithm that we do not know */
    bool verifiable;  /* scheme is set, and both algorithm fields agree */
    bool mismatch;    /* they do not */
};

struct cfk__x509 {
    struct cfk__span der;
    struct cfk__span tbs;
    struct cfk__span serial;
    struct cfk__span issuer; /* a whole Name */
    struct cfk__span subject;
    struct cfk__x509_key key;
    struct cfk__x509_signature signature;
    int64_t not_before;
    int64_t not_after;
    uint8_t version; /* 1, 2, 3 */
    bool unique_ids; /* issuerUniqueID or subjectUniqueID */
    bool long_time;  /* a GeneralizedTime before 2050, where UTCTime would do */

    uint32_t extensions; /* CFK__EXT_* that are there */
    uint32_t critical;   /* of them, critical */
    uint32_t malformed;  /* of them, not as they should be, and let pass */
    bool has_basic;      /* basicConstraints */
    bool is_ca;
    int32_t path_length; /* -1: none given */
    bool has_key_usage;
    uint16_t key_usage;
    bool has_eku;
    uint32_t eku;
    bool has_san;
    struct cfk__span san; /* contents of GeneralNames, each checked for its form */
    struct cfk__span subject_key_id;
    struct cfk__span authority_key_id; /* its keyIdentifier; size 0: none */
    bool authority_cert;               /* it names the issuer's certificate too */
    struct cfk__span name_constraints; /* contents of NameConstraints; size 0: none */
    struct cfk__span policies;         /* contents of certificatePolicies */
    struct cfk__span policy_mappings;  /* contents of policyMappings */
    struct cfk__span crl_points;       /* contents of cRLDistributionPoints */
    struct cfk__span authority_info;   /* contents of authorityInfoAccess; size 0: none */
    int32_t explicit_policy;           /* requireExplicitPolicy; -1: none */
    int32_t inhibit_mapping;           /* inhibitPolicyMapping; -1: none */
    int32_t inhibit_any_policy;        /* -1: none */
    struct cfk__span unknown_critical; /* OID of the first such extension; size 0: none */
};

/*
 * Read a certificate. CFK_OK, or CFK_E_CORRUPT with the offset of the part
 * that is wrong.
 */
int cfk__x509_parse(struct cfk__x509 *x, const void *der, size_t size,
                    struct cfk_error *err);

/* The extensions in r, the contents of Extensions (x509_ext.c). */
int cfk__x509_extensions(struct cfk__x509 *x, struct cfk__reader r,
                         struct cfk_error *err);

/*
 * The next URL of a caIssuers description in list, the contents of
 * authorityInfoAccess; false when there is none.
 */
bool cfk__x509_issuer_url(struct cfk__reader *list, struct cfk__span *url);

/* AlgorithmIdentifier to scheme (x509_alg.c); parameters: what follows the OID. */
void cfk__x509_scheme(struct cfk__x509_signature *s, struct cfk__span parameters);

/* The same for a whole AlgorithmIdentifier; false when it is malformed. */
bool cfk__x509_algorithm(struct cfk__x509_signature *s, struct cfk__span whole);

/* SubjectPublicKeyInfo; false when it is malformed (x509_alg.c). */
bool cfk__x509_key(struct cfk__reader *r, struct cfk__x509_key *key);

/* Policy extensions (x509_policy.c): false when malformed. */
bool cfk__x509_policies(struct cfk__x509 *x, struct cfk__reader r,
                        bool *qualifiers_known);
bool cfk__x509_policy_mappings(struct cfk__x509 *x, struct cfk__reader r);
bool cfk__x509_policy_constraints(struct cfk__x509 *x, struct cfk__reader r);

/* Whether a certificate names itself as its issuer, byte for byte. */
static inline bool cfk__x509_self_issued(const struct cfk__x509 *x)
{
    return cfk__span_equal(x->subject, x->issuer);
}

/* An OID in digits, cut short where it does not fit. */
#define CFK__OID_TEXT 96
const char *cfk__oid_text(struct cfk__span oid, char text[CFK__OID_TEXT]);

#endif
