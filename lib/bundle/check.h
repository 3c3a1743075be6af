/* SPDX-License-Identifier: MIT */
/* What must hold for one certificate, whatever chain it stands in. */
#ifndef CFK_BUNDLE_CHECK_H
#define CFK_BUNDLE_CHECK_H

#include "bundle/host.h"
#include "bundle/pool.h"

struct cfk__wanted {
    int64_t time;
    uint32_t eku; /* CFK__EKU_*; 0: any */
    bool allow_sha1;
    bool has_host;
    struct cfk__host host;
};

/* CFK_OK or the CFK_E_* reason. */
int cfk__check_leaf(const struct cfk__x509 *x, const struct cfk__wanted *wanted);
int cfk__check_issuer(const struct cfk__x509 *x, const struct cfk__wanted *wanted,
                      bool is_root);

/*
 * Fill err with what is wrong with certificate number step (0: the leaf) of a
 * path for this reason. Returns reason.
 */
int cfk__check_explain(const struct cfk__cert *cert, const struct cfk__facts *facts,
                       uint32_t step, int reason, const struct cfk__wanted *wanted,
                       struct cfk_error *err);

#endif
