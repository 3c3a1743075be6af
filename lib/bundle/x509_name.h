/* SPDX-License-Identifier: MIT */
/* Names of certificates: a form to compare, and text for people. */
#ifndef CFK_BUNDLE_X509_NAME_H
#define CFK_BUNDLE_X509_NAME_H

#include "bundle/der.h"

/*
 * Append the comparable form of a Name (whole, with tag and length) to out:
 * two names are equal (RFC 5280, 7.1) when these bytes are. Text is compared
 * as UTF-8 whatever its string type, ASCII letters without case, blanks
 * trimmed and runs of them as one; anything else byte by byte. CFK_OK,
 * CFK_E_CORRUPT (no Name), CFK_E_LIMIT or CFK_E_NOMEM as out says.
 */
int cfk__name_canonical(struct cfk__span name, struct cfk__buffer *out);

/*
 * Append the Name in the manner of RFC 4514, last part first, to out, with no
 * NUL: "CN=example.com,O=Example,C=US". Safe to print: control characters and
 * what is not UTF-8 appear as \XX.
 */
int cfk__name_text(struct cfk__span name, struct cfk__buffer *out);

#endif
