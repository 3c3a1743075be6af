/* SPDX-License-Identifier: MIT */
/* Names of the forms that name constraints know, and whether one is in a subtree. */
#ifndef CFK_BUNDLE_NAME_FORM_H
#define CFK_BUNDLE_NAME_FORM_H

#include "base/bytes.h"

/* A name taken apart. */
struct cfk__name_form {
    struct cfk__span host;  /* of mail and URI; else the whole name */
    struct cfk__span local; /* mail: what stands before '@' */
    bool wildcard;          /* DNS: the first label is '*' */
};

/* False where the text is no such name. */
bool cfk__form_dns(struct cfk__span text, struct cfk__name_form *out);
bool cfk__form_mail(struct cfk__span text, struct cfk__name_form *out);

/* A URI whose authority has a host name; an address is none (RFC 5280, 4.2.1.10). */
bool cfk__form_uri(struct cfk__span text, struct cfk__name_form *out);

enum cfk__form_match {
    CFK__FORM_NO_MATCH,
    CFK__FORM_MATCH,
    CFK__FORM_BAD, /* the constraint is malformed */
};

/*
 * "example.com" is a name and all below it, ".example.com" all below it alone,
 * "" is everything. A wildcard is permitted where all that it stands for is,
 * and excluded where anything is.
 */
enum cfk__form_match cfk__match_dns(const struct cfk__name_form *name,
                                    struct cfk__span base, bool excluded);

/*
 * A mailbox, a host, or ".example.com" for every host below; "" is everything.
 * Mailboxes are the same with the same letters; to be excluded, in any case.
 */
enum cfk__form_match cfk__match_mail(const struct cfk__name_form *name,
                                     struct cfk__span base, bool excluded);

/* A host, or ".example.com" for every host below; "" is everything. */
enum cfk__form_match cfk__match_uri(const struct cfk__name_form *name,
                                    struct cfk__span base);

/* An address and a mask, whose ones come first. */
enum cfk__form_match cfk__match_address(struct cfk__span address, struct cfk__span base);

#endif
