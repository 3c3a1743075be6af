/* SPDX-License-Identifier: MIT */
/*
 * A CRL from outside. What is read lies within the input, each entry is read
 * as it was checked, and its names and distribution points can be compared
 * with those of any certificate: here, with themselves.
 */
#include "bundle/crl.h"
#include "bundle/revocation.h"
#include "bundle/x509_name.h"
#include "fuzz.h"

#include <stdlib.h>

static const uint8_t *first;
static const uint8_t *end;

static void expect_inside(struct cfk__span span)
{
    if (span.size > 0 && (span.data < first || span.size > (size_t)(end - span.data)))
        abort();
}

static void try_entries(const struct cfk__crl *crl)
{
    struct cfk__crl_entry entry;
    struct cfk__reader r;

    cfk__reader_init(&r, crl->entries.data, crl->entries.size);
    while (cfk__reader_left(&r) > 0) {
        if (!cfk__crl_next(&r, &entry))
            abort();
        expect_inside(entry.serial);
        expect_inside(entry.issuer);
    }
}

/* A list of names meets itself, unless no name in it can be read. */
static void try_names(const struct cfk__crl *crl)
{
    struct cfk__buffer a = { .alloc = NULL };
    struct cfk__buffer b = { .alloc = NULL };
    bool met;

    if (crl->scope.names.size > 0)
        cfk__point_names_meet(cfk__point_names_of(crl->scope.names, crl->issuer),
                              cfk__point_names_of(crl->scope.names, crl->issuer), &a, &b,
                              &met);
    cfk__buffer_free(&a);
    cfk__buffer_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk__crl_point point;
    struct cfk__reader points;
    struct cfk_error err;
    struct cfk__crl crl;

    first = data;
    end = data + size;
    cfk__reader_init(&points, data, size); /* as contents of cRLDistributionPoints */
    while (cfk__crl_next_point(&points, &point)) {
        expect_inside(point.names);
        expect_inside(point.issuers);
    }
    if (cfk__crl_parse(&crl, data, size, &err) != CFK_OK) {
        if (err.code != CFK_E_CORRUPT || err.offset > size)
            abort();
        return 0;
    }
    expect_inside(crl.tbs);
    expect_inside(crl.issuer);
    expect_inside(crl.number);
    expect_inside(crl.base);
    expect_inside(crl.scope.whole);
    expect_inside(crl.scope.names);
    expect_inside(crl.signature.bytes);
    try_entries(&crl);
    try_names(&crl);
    return 0;
}
