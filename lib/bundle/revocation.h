/* SPDX-License-Identifier: MIT */
/*
 * Whether certificates of a path are revoked: RFC 5280, 6.3.3, over the CRLs of
 * the pool. A CRL counts where its key belongs to a certificate of the path
 * above, or to one that such a certificate issued for it, so that the trust
 * anchor is the same.
 */
#ifndef CFK_BUNDLE_REVOCATION_H
#define CFK_BUNDLE_REVOCATION_H

#include "bundle/search.h"

/*
 * CFK_OK; CFK_E_REVOKED, or CFK_E_REVOCATION where no CRL tells and one must,
 * with path->step to blame; CFK_E_LIMIT, which is noted; CFK_E_NOMEM.
 */
int cfk__revocation_check(struct cfk__search *s, struct cfk__path *path);

/* Whether one of a CRL's point names is one of a certificate's (revocation_name.c). */
struct cfk__point_names {
    struct cfk__reader list;   /* GeneralNames */
    struct cfk__span relative; /* nameRelativeToCRLIssuer, contents; or none */
    struct cfk__span issuer;   /* whom it is relative to; or the one name there is */
};

/* The names in a DistributionPointName. */
struct cfk__point_names cfk__point_names_of(struct cfk__span point,
                                            struct cfk__span issuer);

/* CFK_OK with *out, or CFK_E_NOMEM. a and b are scratch. */
int cfk__point_names_meet(struct cfk__point_names mine, struct cfk__point_names theirs,
                          struct cfk__buffer *a, struct cfk__buffer *b, bool *out);

#endif
