/* SPDX-License-Identifier: MIT */
#include "bundle/profile.h"

#include "bundle/name_constraints.h"
#include "cfkit/bundle.h"

enum {
    SERIAL_MAX = 20,
    LEAST_RSA_BITS = 2048,
    EMPTY_NAME = 2, /* bytes of an empty SEQUENCE */
};

/* What a rule is looked at with. */
struct subject {
    const struct cfk__x509 *x;
    enum cfk__part part;
    bool is_ca; /* an issuer, or a leaf that is a CA */
    bool servers;
};

struct known_rule {
    struct cfk__rule rule;
    uint32_t from; /* the mildest profile that has it */
    uint32_t to;   /* the strictest */
    bool (*broken)(const struct subject *s);
};

static bool has(const struct subject *s, uint32_t extension)
{
    return (s->x->extensions & extension) != 0;
}

static bool is_critical(const struct subject *s, uint32_t extension)
{
    return (s->x->critical & extension) != 0;
}

/* A name and key of its own: the one kind that needs no authority key identifier. */
static bool own_root(const struct subject *s)
{
    return s->part == CFK__PART_ROOT && cfk__x509_self_issued(s->x);
}

static bool server_leaf(const struct subject *s)
{
    return s->part == CFK__PART_LEAF && s->servers && !s->is_ca;
}

static bool serial_not_positive(const struct subject *s)
{
    struct cfk__span serial = s->x->serial;

    if ((serial.data[0] & 0x80) != 0)
        return true;
    if (own_root(s)) /* zero is common there, and nobody looks a root up by it */
        return false;
    for (size_t i = 0; i < serial.size; i++)
        if (serial.data[i] != 0)
            return false;
    return true;
}

static bool serial_too_long(const struct subject *s)
{
    struct cfk__span serial = s->x->serial;

    return serial.size - (serial.data[0] == 0) > SERIAL_MAX;
}

static bool old_version(const struct subject *s)
{
    return s->x->version != 3;
}

static bool algorithm_mismatch(const struct subject *s)
{
    return s->x->signature.mismatch;
}

static bool validity_order(const struct subject *s)
{
    return s->x->not_before > s->x->not_after;
}

static bool validity_encoding(const struct subject *s)
{
    return s->x->long_time;
}

static bool empty_issuer(const struct subject *s)
{
    return s->x->issuer.size <= EMPTY_NAME;
}

static bool empty_subject(const struct subject *s)
{
    return s->is_ca && s->x->subject.size <= EMPTY_NAME;
}

static bool unique_ids(const struct subject *s)
{
    return s->x->unique_ids;
}

static bool critical_aki(const struct subject *s)
{
    return is_critical(s, CFK__EXT_AUTHORITY_KEY_ID);
}

static bool critical_ski(const struct subject *s)
{
    return is_critical(s, CFK__EXT_SUBJECT_KEY_ID);
}

/* A root under another issuer's name may be self-signed all the same: search.c asks. */
static bool missing_aki(const struct subject *s)
{
    return s->part != CFK__PART_ROOT && s->x->authority_key_id.size == 0;
}

static bool missing_ski(const struct subject *s)
{
    return s->is_ca && !has(s, CFK__EXT_SUBJECT_KEY_ID);
}

static bool malformed_aia(const struct subject *s)
{
    return (s->x->malformed & CFK__EXT_AUTHORITY_INFO) != 0;
}

static bool malformed_crl_points(const struct subject *s)
{
    return (s->x->malformed & CFK__EXT_CRL_POINTS) != 0;
}

static bool empty_key_usage(const struct subject *s)
{
    return has(s, CFK__EXT_KEY_USAGE) && s->x->key_usage == 0;
}

static bool missing_basic(const struct subject *s)
{
    return s->part != CFK__PART_LEAF && !has(s, CFK__EXT_BASIC_CONSTRAINTS);
}

static bool mild_basic(const struct subject *s)
{
    return s->is_ca && has(s, CFK__EXT_BASIC_CONSTRAINTS) &&
           !is_critical(s, CFK__EXT_BASIC_CONSTRAINTS);
}

static bool mild_policy_constraints(const struct subject *s)
{
    return has(s, CFK__EXT_POLICY_CONSTRAINTS) &&
           !is_critical(s, CFK__EXT_POLICY_CONSTRAINTS);
}

static bool mild_inhibit_any(const struct subject *s)
{
    return has(s, CFK__EXT_INHIBIT_ANY_POLICY) &&
           !is_critical(s, CFK__EXT_INHIBIT_ANY_POLICY);
}

static bool mild_name_constraints(const struct subject *s)
{
    return has(s, CFK__EXT_NAME_CONSTRAINTS) &&
           !is_critical(s, CFK__EXT_NAME_CONSTRAINTS);
}

static bool name_constraints_form(const struct subject *s)
{
    return has(s, CFK__EXT_NAME_CONSTRAINTS) &&
           cfk__names_have_dotted_dns(s->x->name_constraints);
}

static bool name_constraints_in_leaf(const struct subject *s)
{
    return !s->is_ca && has(s, CFK__EXT_NAME_CONSTRAINTS);
}

static bool cert_sign_in_leaf(const struct subject *s)
{
    return !s->x->is_ca && (s->x->key_usage & CFK__KU_CERT_SIGN) != 0;
}

static bool path_length_in_leaf(const struct subject *s)
{
    return s->x->path_length >= 0 && !s->x->is_ca;
}

static bool mild_san(const struct subject *s)
{
    return s->x->subject.size <= EMPTY_NAME && !is_critical(s, CFK__EXT_SUBJECT_ALT_NAME);
}

static bool critical_san(const struct subject *s)
{
    return s->part == CFK__PART_LEAF && s->x->subject.size > EMPTY_NAME &&
           is_critical(s, CFK__EXT_SUBJECT_ALT_NAME);
}

static bool dns_name_form(const struct subject *s)
{
    struct cfk__reader r;
    struct cfk__der name;

    cfk__reader_init(&r, s->x->san.data, s->x->san.size);
    while (s->part == CFK__PART_LEAF && cfk__der_next(&r, &name))
        if (name.tag == CFK__DER_CONTEXT(2) && !cfk__profile_is_dns(name.value))
            return true;
    return false;
}

static bool empty_san(const struct subject *s)
{
    return has(s, CFK__EXT_SUBJECT_ALT_NAME) && s->x->san.size == 0;
}

static bool missing_san(const struct subject *s)
{
    return server_leaf(s) && !has(s, CFK__EXT_SUBJECT_ALT_NAME);
}

static bool common_name(const struct subject *s)
{
    return server_leaf(s) && !cfk__profile_common_name(s->x);
}

/* A CA may be a server too, but then it is a CA in all its parts. */
static bool half_a_ca(const struct subject *s)
{
    return s->part == CFK__PART_LEAF && s->x->is_ca && s->x->has_key_usage &&
           (s->x->key_usage & CFK__KU_CERT_SIGN) == 0;
}

static bool root_purpose(const struct subject *s)
{
    return own_root(s) && has(s, CFK__EXT_EXT_KEY_USAGE);
}

static bool root_aki(const struct subject *s)
{
    return own_root(s) && has(s, CFK__EXT_AUTHORITY_KEY_ID) &&
           (s->x->authority_cert || s->x->authority_key_id.size == 0 ||
            !cfk__span_equal(s->x->authority_key_id, s->x->subject_key_id));
}

static bool foreign_purpose(const struct subject *s)
{
    return server_leaf(s) &&
           (s->x->eku & ~(uint32_t)(CFK__EKU_SERVER_AUTH | CFK__EKU_CLIENT_AUTH)) != 0;
}

static bool critical_purpose(const struct subject *s)
{
    return server_leaf(s) && is_critical(s, CFK__EXT_EXT_KEY_USAGE);
}

static bool key_kind(const struct subject *s)
{
    const struct cfk__x509_key *key = &s->x->key;

    if (key->rsa)
        return false;
    return !key->nist_curve;
}

static bool key_size(const struct subject *s)
{
    const struct cfk__x509_key *key = &s->x->key;

    return key->rsa && (key->bits < LEAST_RSA_BITS || key->bits % 8 != 0);
}

static bool key_exponent(const struct subject *s)
{
    return s->x->key.rsa && s->x->key.bad_exponent;
}

/* RSA or ECDSA with SHA-2; the salt of PSS as long as the digest. */
static bool signature_kind(const struct subject *s)
{
    const struct cfk__x509_signature *sig = &s->x->signature;

    if (s->part == CFK__PART_ROOT)
        return false;
    if (!sig->verifiable || sig->scheme.id == CFK__ED25519 ||
        sig->scheme.hash == CFK__SHA1)
        return true;
    return sig->scheme.id == CFK__RSA_PSS &&
           sig->scheme.salt_size != cfk__hash_size(sig->scheme.hash);
}

#define RFC CFK_BUNDLE_PROFILE_RFC5280
#define BR  CFK_BUNDLE_PROFILE_WEBPKI

/* In the order in which they are told. */
static const struct known_rule rules[] = {
    { { "serial-not-positive", "has a serial number that is zero or negative" },
      RFC,
      BR,
      serial_not_positive },
    { { "serial-too-long", "has a serial number of more than 20 bytes" },
      RFC,
      BR,
      serial_too_long },
    { { "old-version", "is not of version 3" }, BR, BR, old_version },
    { { "algorithm-mismatch", "names two different signature algorithms" },
      RFC,
      BR,
      algorithm_mismatch },
    { { "validity-order", "ends before it begins" }, RFC, BR, validity_order },
    { { "validity-encoding", "has a GeneralizedTime for a date before 2050" },
      RFC,
      BR,
      validity_encoding },
    { { "empty-issuer", "has an empty issuer" }, RFC, BR, empty_issuer },
    { { "empty-subject", "is a CA with an empty subject" }, RFC, BR, empty_subject },
    { { "unique-id", "has a unique identifier" }, RFC, BR, unique_ids },
    { { "key-kind", "has a key that is neither RSA nor on P-256, P-384 or P-521" },
      BR,
      BR,
      key_kind },
    { { "key-size", "has an RSA key of under 2048 bits or not of whole bytes" },
      BR,
      BR,
      key_size },
    { { "key-exponent", "has an RSA key with an even or too small exponent" },
      BR,
      BR,
      key_exponent },
    { { "signature-kind", "is signed with an algorithm that is not allowed" },
      BR,
      BR,
      signature_kind },
    { { "aki-critical", "has a critical authority key identifier" },
      RFC,
      BR,
      critical_aki },
    { { "ski-critical", "has a critical subject key identifier" },
      RFC,
      BR,
      critical_ski },
    { { "aki-missing", "has no authority key identifier" }, RFC, BR, missing_aki },
    { { "ski-missing", "is a CA without a subject key identifier" },
      RFC,
      BR,
      missing_ski },
    { { "aia-malformed", "has malformed authority information" },
      RFC,
      BR,
      malformed_aia },
    { { "crl-points-malformed", "has malformed CRL distribution points" },
      RFC,
      BR,
      malformed_crl_points },
    { { "key-usage-empty", "has a key usage without any use" },
      RFC,
      BR,
      empty_key_usage },
    { { "basic-constraints-missing", "is a CA without basic constraints" },
      RFC,
      BR,
      missing_basic },
    { { "basic-constraints-not-critical", "is a CA with uncritical basic constraints" },
      RFC,
      BR,
      mild_basic },
    { { "policy-constraints-not-critical", "has uncritical policy constraints" },
      RFC,
      BR,
      mild_policy_constraints },
    { { "inhibit-any-policy-not-critical", "has an uncritical inhibitAnyPolicy" },
      RFC,
      BR,
      mild_inhibit_any },
    { { "name-constraints-not-critical", "has uncritical name constraints" },
      RFC,
      RFC,
      mild_name_constraints }, /* BR 7.1.2.10.8 lets them be */
    { { "name-constraints-form", "has a DNS name constraint that begins with a dot" },
      RFC,
      BR,
      name_constraints_form },
    { { "name-constraints-in-leaf", "has name constraints and is no CA" },
      RFC,
      BR,
      name_constraints_in_leaf },
    { { "cert-sign-in-leaf", "may sign certificates by key usage and is no CA" },
      RFC,
      BR,
      cert_sign_in_leaf },
    { { "path-length-in-leaf", "has a path length and is no CA" },
      RFC,
      BR,
      path_length_in_leaf },
    { { "san-empty", "has an empty subject alternative name" }, RFC, BR, empty_san },
    { { "san-not-critical", "has no subject and no critical alternative name" },
      RFC,
      BR,
      mild_san },
    { { "dns-name-form", "has a DNS name that is none" }, RFC, BR, dns_name_form },
    { { "san-critical", "has a subject and a critical alternative name" },
      BR,
      BR,
      critical_san },
    { { "san-missing", "has no subject alternative name" }, BR, BR, missing_san },
    { { "common-name", "has a common name that is not one of its alternative names" },
      BR,
      BR,
      common_name },
    { { "ca-without-cert-sign", "is a CA that may not sign certificates" },
      BR,
      BR,
      half_a_ca },
    { { "root-with-purpose", "is a root with an extended key usage" },
      BR,
      BR,
      root_purpose },
    { { "root-aki", "is a root whose authority key identifier is not its own" },
      BR,
      BR,
      root_aki },
    { { "purpose-critical", "has a critical extended key usage" },
      BR,
      BR,
      critical_purpose },
    { { "purpose-foreign", "is for other uses than TLS too (extended key usage)" },
      BR,
      BR,
      foreign_purpose },
};

const struct cfk__rule *cfk__profile_check(const struct cfk__profile *profile,
                                           const struct cfk__x509 *x, enum cfk__part part)
{
    struct subject s = {
        .x = x,
        .part = part,
        .is_ca = part != CFK__PART_LEAF || x->is_ca,
        .servers = profile->servers,
    };

    if (profile->id < CFK_BUNDLE_PROFILE_RFC5280)
        return NULL;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (profile->id >= rules[i].from && profile->id <= rules[i].to &&
            rules[i].broken(&s))
            return &rules[i].rule;
    return NULL;
}
