/* SPDX-License-Identifier: MIT */
/*
 * Name constraints (RFC 5280, 4.2.1.10): which names an issuer may vouch for,
 * read where they lie in its certificate. Names are the subject (where it is
 * not empty), the mail addresses in it, and the subject alternative names; the
 * common name is none, as no host is matched against it.
 *
 * A name or a constraint that cannot be understood is never passed over: where
 * a constraint is laid on a form, a malformed name of that form fails, and any
 * name of that form fails by a malformed constraint or one of a form that is
 * not supported (all but DNS, IP, mail, URI and directory names).
 *
 * What a certificate may cost is known from counts before the first name is
 * compared, so that a bomb of names and constraints is refused at once.
 */
#ifndef CFK_BUNDLE_NAME_CONSTRAINTS_H
#define CFK_BUNDLE_NAME_CONSTRAINTS_H

#include "bundle/x509.h"

/* Zero all but what is named here; release with cfk__names_free(). */
struct cfk__names {
    uint64_t left;           /* comparisons that may still be made */
    struct cfk__buffer name; /* directory names in comparable form; set alloc */
    struct cfk__buffer base;
};

/* A name of a certificate; form is the number of its tag in GeneralName. */
struct cfk__name_found {
    struct cfk__span value;
    uint8_t form;
    bool malformed;
};

/* What is wrong with a name. */
enum cfk__name_fault {
    CFK__NAME_NOT_PERMITTED,
    CFK__NAME_EXCLUDED,
    CFK__NAME_MALFORMED,
    CFK__NAME_BAD_CONSTRAINT,
    CFK__NAME_UNSUPPORTED,
};

struct cfk__name_violation {
    struct cfk__name_found name;
    enum cfk__name_fault fault;
};

/* Whether this is the content of a NameConstraints, each part in its form. */
bool cfk__names_well_formed(struct cfk__span constraints);

/* Whether a constraint on DNS names begins with a dot, as RFC 5280 does not know it. */
bool cfk__names_have_dotted_dns(struct cfk__span constraints);

/*
 * Check the names of a certificate against the content of a NameConstraints.
 * CFK_OK, CFK_E_NAME_CONSTRAINT (violation says why), CFK_E_LIMIT (more
 * comparisons than are left; none was made) or CFK_E_NOMEM. Each constraint and
 * each name that is read counts as one comparison. Long ones count more, both
 * when read and when compared: for each 64 bytes as one more.
 */
int cfk__names_check(struct cfk__names *n, struct cfk__span constraints,
                     const struct cfk__x509 *x, struct cfk__name_violation *violation);

/*
 * Fill err: certificate number step has a name that the constraints of number
 * by, whose subject is issuer, rule out. CFK_E_NAME_CONSTRAINT or CFK_E_NOMEM
 * (name_explain.c).
 */
int cfk__names_explain(struct cfk__names *n, const struct cfk__name_violation *violation,
                       uint32_t step, const char *issuer, uint32_t by,
                       struct cfk_error *err);

void cfk__names_free(struct cfk__names *n);

#endif
