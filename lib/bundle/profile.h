/* SPDX-License-Identifier: MIT */
/*
 * Rules on the form of a certificate beyond what path validation needs: RFC
 * 5280, section 4, and the CA/Browser Forum's Baseline Requirements (BR),
 * section 7.1. They see one certificate at a time, in the part that it plays.
 */
#ifndef CFK_BUNDLE_PROFILE_H
#define CFK_BUNDLE_PROFILE_H

#include "bundle/x509.h"

enum cfk__part {
    CFK__PART_LEAF,
    CFK__PART_ISSUER,
    CFK__PART_ROOT,
};

struct cfk__rule {
    const char *code;  /* "missing-aki": stable, for programs */
    const char *words; /* what is wrong with it, after "certificate 2 (CN=..)" */
};

struct cfk__profile {
    uint32_t id;  /* CFK_BUNDLE_PROFILE_* */
    bool servers; /* the leaf is to be a TLS server's */
};

/* The first rule that is broken, NULL where none is. */
const struct cfk__rule *cfk__profile_check(const struct cfk__profile *profile,
                                           const struct cfk__x509 *x,
                                           enum cfk__part part);

/* Whether a dNSName is in preferred name syntax, perhaps below "*." (profile_name.c). */
bool cfk__profile_is_dns(struct cfk__span name);

/* BR 7.1.4.3: whether a common name that looks like a host is one of the SAN's. */
bool cfk__profile_common_name(const struct cfk__x509 *x);

/*
 * Whether names directly under this one belong to different people: a registry
 * or a hosting service (public_suffix.c). A short list, not Mozilla's whole one.
 */
bool cfk__is_public_suffix(const char *name);

#endif
