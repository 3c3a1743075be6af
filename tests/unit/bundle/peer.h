/* SPDX-License-Identifier: MIT */
/* mbedTLS's own reader of certificates beside ours, where it is there. */
#ifndef BUNDLE_PEER_H
#define BUNDLE_PEER_H

#include "bundle/x509.h"

/*
 * NULL where mbedTLS does not read these bytes, or reads the same as x, which was
 * read from them; else what differs. *read counts those that it does read.
 */
const char *peer_differs(const struct cfk__x509 *x, unsigned *read);

#endif
