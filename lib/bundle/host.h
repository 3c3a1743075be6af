/* SPDX-License-Identifier: MIT */
/*
 * Whether a certificate is for a host (RFC 6125, RFC 9525): by its subject
 * alternative names alone, never by its common name. A wildcard stands for
 * exactly the whole left-most label of a name that has two more.
 */
#ifndef CFK_BUNDLE_HOST_H
#define CFK_BUNDLE_HOST_H

#include "bundle/x509.h"

struct cfk__host {
    char name[256]; /* lower case, without a dot at the end */
    size_t name_size;
    uint8_t address[16];
    size_t address_size; /* 4 or 16; 0: it is a name */
};

/* Read a DNS name (A-labels) or an address, IPv6 with or without brackets. */
bool cfk__host_parse(const char *text, struct cfk__host *out);

/* strict: no wildcard directly below a public suffix (BR 3.2.2.6). */
bool cfk__host_matches(const struct cfk__host *host, const struct cfk__x509 *x,
                       bool strict);

/* An address of 4 or 16 bytes as text: RFC 3986, 3.2.2, and RFC 5952, 4. */
#define CFK__ADDRESS_TEXT 48
const char *cfk__address_text(struct cfk__span address, char text[CFK__ADDRESS_TEXT]);

#endif
