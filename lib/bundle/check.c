/* SPDX-License-Identifier: MIT */
#include "bundle/check.h"

#include "base/error.h"
#include "bundle/x509_time.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_SHOWN = 80, /* bytes of a name in a message */
    LEAST_RSA_BITS = 1024,
};

static int check_validity(const struct cfk__x509 *x, int64_t time)
{
    if (time < x->not_before)
        return CFK_E_NOT_YET_VALID;
    return time > x->not_after ? CFK_E_EXPIRED : CFK_OK;
}

/* The purpose is allowed where none is named, ours is, or any is. */
static bool allows_purpose(const struct cfk__x509 *x, uint32_t eku)
{
    return eku == 0 || !x->has_eku || (x->eku & (eku | CFK__EKU_ANY)) != 0;
}

static bool weak_hash(const struct cfk__x509 *x)
{
    return x->signature.name != NULL && x->signature.scheme.hash == CFK__SHA1;
}

static bool weak_key(const struct cfk__x509 *x)
{
    return x->key.rsa && x->key.bits < LEAST_RSA_BITS;
}

/* Policies that cannot be read: nobody knows what they rule out. */
static bool bad_policies(const struct cfk__x509 *x)
{
    return (x->malformed & (CFK__EXT_POLICIES | CFK__EXT_POLICY_MAPPINGS |
                            CFK__EXT_POLICY_CONSTRAINTS | CFK__EXT_INHIBIT_ANY_POLICY)) !=
           0;
}

bool cfk__check_must_sign_itself(const struct cfk__x509 *x,
                                 const struct cfk__wanted *wanted)
{
    return wanted->profile.id >= CFK_BUNDLE_PROFILE_RFC5280 &&
           x->authority_key_id.size == 0 && !cfk__x509_self_issued(x);
}

const struct cfk__rule *cfk__check_rule(const struct cfk__x509 *x, enum cfk__part part,
                                        const struct cfk__wanted *wanted)
{
    static const struct cfk__rule not_itself = {
        "aki-missing", "has no authority key identifier and did not sign itself"
    };
    const struct cfk__rule *rule = cfk__profile_check(&wanted->profile, x, part);

    return rule != NULL ? rule : &not_itself;
}

int cfk__check_leaf(const struct cfk__x509 *x, const struct cfk__wanted *wanted)
{
    int rc = check_validity(x, wanted->time);

    if (rc != CFK_OK)
        return rc;
    if (x->unknown_critical.size > 0)
        return CFK_E_CRITICAL;
    if (!allows_purpose(x, wanted->eku))
        return CFK_E_USAGE;
    if (wanted->has_host &&
        !cfk__host_matches(&wanted->host, x,
                           wanted->profile.id == CFK_BUNDLE_PROFILE_WEBPKI))
        return CFK_E_NAME;
    if (weak_key(x) || (weak_hash(x) && !wanted->allow_sha1))
        return CFK_E_WEAK;
    if (bad_policies(x))
        return CFK_E_POLICY;
    if (cfk__profile_check(&wanted->profile, x, CFK__PART_LEAF) != NULL)
        return CFK_E_PROFILE;
    return CFK_OK;
}

/* Roots from before version 3 say nothing about themselves and are taken as they are. */
static bool may_issue(const struct cfk__x509 *x, bool is_root)
{
    return x->has_basic ? x->is_ca : is_root;
}

int cfk__check_issuer(const struct cfk__x509 *x, const struct cfk__wanted *wanted,
                      bool is_root)
{
    int rc;

    if (is_root && wanted->profile.id == CFK_BUNDLE_PROFILE_LENIENT)
        return weak_key(x) ? CFK_E_WEAK : CFK_OK;
    rc = check_validity(x, wanted->time);
    if (rc != CFK_OK)
        return rc;
    if (!may_issue(x, is_root))
        return CFK_E_NOT_CA;
    if (x->has_key_usage && (x->key_usage & CFK__KU_CERT_SIGN) == 0)
        return CFK_E_USAGE;
    if (!allows_purpose(x, wanted->eku))
        return CFK_E_USAGE;
    if (x->unknown_critical.size > 0)
        return CFK_E_CRITICAL;
    if (weak_key(x) || (!is_root && weak_hash(x) && !wanted->allow_sha1))
        return CFK_E_WEAK; /* who signed a root does not matter */
    if (!is_root && bad_policies(x))
        return CFK_E_POLICY;
    if (cfk__profile_check(&wanted->profile, x,
                           is_root ? CFK__PART_ROOT : CFK__PART_ISSUER) != NULL)
        return CFK_E_PROFILE;
    return CFK_OK;
}

int cfk__check_issuer_once(const cfk_bundle_pool *pool, struct cfk__cert *cert,
                           const struct cfk__wanted *wanted, bool is_root)
{
    if (cert->checked[is_root] != pool->stamp) {
        cert->verdict[is_root] = cfk__check_issuer(&cert->x, wanted, is_root);
        cert->checked[is_root] = pool->stamp;
    }
    return cert->verdict[is_root];
}

/* How much of a name fits in a message, without breaking a character. */
static int shown_bytes(const char *text)
{
    size_t size = strlen(text);

    if (size <= NAME_SHOWN)
        return (int)size;
    for (size = NAME_SHOWN; size > 0 && (text[size] & 0xc0) == 0x80;)
        size--;
    return (int)size;
}

static int explain_critical(const struct cfk__x509 *x, const char *who,
                            struct cfk_error *err)
{
    char oid[CFK__OID_TEXT];

    if (CFK__SPAN_IS(x->unknown_critical, "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03"))
        return cfk__fail(err, CFK_E_CRITICAL,
                         "bundle: %s is a precertificate, made to be logged, not used",
                         who);
    return cfk__fail(err, CFK_E_CRITICAL,
                     "bundle: %s has the critical extension %s, which is not known", who,
                     cfk__oid_text(x->unknown_critical, oid));
}

static int explain_profile(const struct cfk__x509 *x, const char *who,
                           enum cfk__part part, const struct cfk__wanted *wanted,
                           struct cfk_error *err)
{
    static const char *const names[] = {
        [CFK_BUNDLE_PROFILE_RFC5280] = "rfc5280",
        [CFK_BUNDLE_PROFILE_WEBPKI] = "webpki",
    };

    return cfk__fail(err, CFK_E_PROFILE, "bundle: %s %s: not by the %s profile", who,
                     cfk__check_rule(x, part, wanted)->words, names[wanted->profile.id]);
}

static int explain_policy(const struct cfk__x509 *x, const char *who,
                          struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_POLICY,
                     bad_policies(x) ? "bundle: %s has malformed policy extensions"
                                     : "bundle: %s is under none of the policies that "
                                       "are asked for",
                     who);
}

static int explain_usage(const struct cfk__x509 *x, const char *who, uint32_t step,
                         struct cfk_error *err)
{
    bool key_usage =
        step > 0 && x->has_key_usage && (x->key_usage & CFK__KU_CERT_SIGN) == 0;

    return cfk__fail(err, CFK_E_USAGE, "bundle: %s %s", who,
                     key_usage ? "may not sign certificates (key usage)"
                               : "is not for this purpose (extended key usage)");
}

static int explain_weak(const struct cfk__x509 *x, const struct cfk__facts *facts,
                        const char *who, struct cfk_error *err)
{
    if (weak_key(x))
        return cfk__fail(err, CFK_E_WEAK, "bundle: %s has an RSA key of only %u bits",
                         who, (unsigned)x->key.bits);
    return cfk__fail(err, CFK_E_WEAK, "bundle: %s is signed with %s, which is too weak",
                     who, facts->signature);
}

static int explain_signature(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                             const struct cfk__facts *facts, const char *who,
                             struct cfk_error *err)
{
    const struct cfk__x509_signature *s = &cert->x.signature;
    struct cfk_error why = { 0 };
    const char *words = why.message + strlen("crypto: ");

    if (s->mismatch)
        return cfk__fail(err, CFK_E_SIGNATURE,
                         "bundle: %s names two different signature algorithms", who);
    if (!s->verifiable)
        return cfk__fail(err, CFK_E_SIGNATURE,
                         "bundle: %s is signed with %s, which is not supported", who,
                         facts->signature);
    if (issuer != NULL && !issuer->x.key.nist_curve) /* those take milliseconds again */
        cfk__signature_verify(&s->scheme, issuer->x.key.spki, cert->x.tbs, s->bytes,
                              &why);
    if (why.code == CFK_E_CORRUPT || why.code == CFK_E_NOTSUP)
        return cfk__fail(err, CFK_E_SIGNATURE,
                         "bundle: the signature of %s cannot be checked with the key of "
                         "its issuer: %s",
                         who, words);
    return cfk__fail(err, CFK_E_SIGNATURE,
                     "bundle: the signature of %s is not by the key of its issuer (%s)",
                     who, facts->signature);
}

int cfk__check_explain(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                       const struct cfk__facts *facts, uint32_t step, enum cfk__part part,
                       int reason, const struct cfk__wanted *wanted,
                       struct cfk_error *err)
{
    char date[CFK__DATE_SIZE];
    const char *subject = facts->subject[0] != '\0' ? facts->subject : "no subject";
    char who[NAME_SHOWN + 40];

    snprintf(who, sizeof who, "certificate %u (%.*s)", (unsigned)step + 1,
             shown_bytes(subject), subject);
    switch (reason) {
    case CFK_E_EXPIRED:
        return cfk__fail(err, reason, "bundle: %s expired on %s", who,
                         cfk__x509_date(cert->x.not_after, date));
    case CFK_E_NOT_YET_VALID:
        return cfk__fail(err, reason, "bundle: %s is not valid before %s", who,
                         cfk__x509_date(cert->x.not_before, date));
    case CFK_E_NOT_CA:
        return cfk__fail(err, reason, "bundle: %s is no certificate authority", who);
    case CFK_E_PATH_LENGTH:
        return cfk__fail(err, reason, "bundle: %s allows no more than %d CAs below it",
                         who, (int)cert->x.path_length);
    case CFK_E_NAME:
        return cfk__fail(err, reason, "bundle: %s is not for %s", who,
                         wanted->host.address_size > 0 ? "this address"
                                                       : wanted->host.name);
    case CFK_E_SIGNATURE: return explain_signature(cert, issuer, facts, who, err);
    case CFK_E_WEAK: return explain_weak(&cert->x, facts, who, err);
    case CFK_E_USAGE: return explain_usage(&cert->x, who, step, err);
    case CFK_E_CRITICAL: return explain_critical(&cert->x, who, err);
    case CFK_E_PROFILE: return explain_profile(&cert->x, who, part, wanted, err);
    case CFK_E_POLICY: return explain_policy(&cert->x, who, err);
    case CFK_E_REVOKED: return cfk__fail(err, reason, "bundle: %s is revoked", who);
    case CFK_E_REVOCATION:
        return cfk__fail(err, reason, "bundle: no valid CRL tells whether %s is revoked",
                         who);
    default:
        if (cfk__x509_self_issued(&cert->x))
            return cfk__fail(err, CFK_E_UNKNOWN_ISSUER,
                             "bundle: %s is issued by itself, and no trusted root", who);
        return cfk__fail(err, CFK_E_UNKNOWN_ISSUER, "bundle: no issuer of %s: %.*s", who,
                         shown_bytes(facts->issuer), facts->issuer);
    }
}
