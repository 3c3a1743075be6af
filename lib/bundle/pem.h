/* SPDX-License-Identifier: MIT */
/*
 * PEM (RFC 7468) as it is found: anything between the blocks, CR LF or LF, no
 * newline at the end, blocks without an end.
 */
#ifndef CFK_BUNDLE_PEM_H
#define CFK_BUNDLE_PEM_H

#include "base/bytes.h"

struct cfk__pem_block {
    uint64_t offset;        /* of its BEGIN line in the text */
    struct cfk__span label; /* "CERTIFICATE" */
    struct cfk__span body;  /* base64 and line ends, perhaps headers */
    bool ended;             /* there is an END line with the same label */
};

/* The next block; false at the end of the text. */
bool cfk__pem_next(struct cfk__reader *text, struct cfk__pem_block *block);

/* Whether a block says that it is a certificate. */
bool cfk__pem_is_certificate(const struct cfk__pem_block *block);

/*
 * Take headers, "Name: value" up to an empty line (RFC 1421, 4.6), off the start of
 * a body. *encrypted where Proc-Type says so; the value of DEK-Info, or nothing.
 */
struct cfk__span cfk__pem_skip_headers(struct cfk__span *body, bool *encrypted);

/*
 * Append what base64 text stands for to out; blanks and line ends are skipped.
 * CFK_OK, CFK_E_CORRUPT with *bad the byte to blame, CFK_E_LIMIT, CFK_E_NOMEM.
 */
int cfk__base64_decode(struct cfk__span text, struct cfk__buffer *out, size_t *bad);

/* Bytes of the PEM form of size bytes, and that form at out, which has the room. */
size_t cfk__pem_size(size_t size);
void cfk__pem_write(struct cfk__writer *out, const void *der, size_t size);

#endif
