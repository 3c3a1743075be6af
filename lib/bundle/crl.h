/* SPDX-License-Identifier: MIT */
/*
 * A certificate revocation list (RFC 5280, 5) as views into its DER, which
 * must outlive it. Its entries are checked for their form when it is read, and
 * read where they lie when one is looked up.
 */
#ifndef CFK_BUNDLE_CRL_H
#define CFK_BUNDLE_CRL_H

#include "bundle/x509.h"

/* ReasonFlags as cfk__der_flags() gives them: all of them, and none. */
#define CFK__REASONS_ALL 0x7f80

/* issuingDistributionPoint: what a CRL is about. */
struct cfk__crl_scope {
    struct cfk__span whole; /* the extension's value; size 0: there is none */
    struct cfk__span names; /* DistributionPointName; size 0: none */
    uint16_t reasons;
    bool users;      /* onlyContainsUserCerts */
    bool cas;        /* onlyContainsCACerts */
    bool attributes; /* onlyContainsAttributeCerts */
    bool indirect;
};

struct cfk__crl {
    struct cfk__span der;
    struct cfk__span tbs;
    struct cfk__span issuer; /* a whole Name */
    struct cfk__x509_signature signature;
    int64_t this_update;
    int64_t next_update;      /* INT64_MAX: none is given */
    struct cfk__span entries; /* contents of revokedCertificates */
    struct cfk__span number;  /* cRLNumber, contents; size 0: none */
    struct cfk__span base;    /* of a delta, BaseCRLNumber; size 0: it is none */
    struct cfk__crl_scope scope;
    uint8_t version;       /* 1 or 2 */
    bool long_time;        /* a GeneralizedTime before 2050 */
    bool critical_number;  /* cRLNumber is critical, which it must not be */
    bool unknown_critical; /* an extension, of the CRL or of an entry */
    uint32_t issuer_name;  /* number of the issuer in the pool */
};

/* CFK_OK, or CFK_E_CORRUPT with the offset of the part that is wrong. */
int cfk__crl_parse(struct cfk__crl *crl, const void *der, size_t size,
                   struct cfk_error *err);

/* reasonCode of RFC 5280, 5.3.1. */
enum { CFK__CRL_REMOVE = 8 };

struct cfk__crl_entry {
    struct cfk__span serial;
    struct cfk__span issuer; /* certificateIssuer, GeneralNames; size 0: none */
    int reason;
};

/* The next entry of cfk__crl.entries, which were found well-formed. */
bool cfk__crl_next(struct cfk__reader *entries, struct cfk__crl_entry *out);

/* One DistributionPoint of a certificate. */
struct cfk__crl_point {
    struct cfk__span names;   /* DistributionPointName; size 0: none */
    struct cfk__span issuers; /* cRLIssuer, contents of GeneralNames; size 0: none */
    uint16_t reasons;
};

/* The next of cfk__x509.crl_points; false at the end or where one is malformed. */
bool cfk__crl_next_point(struct cfk__reader *points, struct cfk__crl_point *out);

#endif
