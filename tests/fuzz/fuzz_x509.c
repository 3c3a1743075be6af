/* SPDX-License-Identifier: MIT */
/*
 * A certificate from outside. What is read lies within the input, and names
 * become text that is UTF-8 without control characters.
 */
#include "bundle/host.h"
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

static void try_name(struct cfk__span name)
{
    struct cfk__buffer out = { .alloc = NULL };

    if (cfk__name_text(name, &out) == CFK_OK)
        for (size_t i = 0; i < out.size; i++)
            if (out.data[i] < 0x20 || out.data[i] == 0x7f)
                abort();
    out.size = 0;
    cfk__name_canonical(name, &out);
    cfk__buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk__host name;
    struct cfk__host address;
    struct cfk_error err;
    struct cfk__x509 x;

    first = data;
    end = data + size;
    if (cfk__x509_parse(&x, data, size, &err) != CFK_OK) {
        if (err.code != CFK_E_CORRUPT || err.offset > size)
            abort();
        return 0;
    }
    expect_inside(x.tbs);
    expect_inside(x.issuer);
    expect_inside(x.subject);
    expect_inside(x.serial);
    expect_inside(x.key.spki);
    expect_inside(x.signature.bytes);
    expect_inside(x.san);
    expect_inside(x.subject_key_id);
    expect_inside(x.authority_key_id);
    expect_inside(x.unknown_critical);
    try_name(x.issuer);
    try_name(x.subject);
    if (!cfk__host_parse("www.example.test", &name) ||
        !cfk__host_parse("192.0.2.1", &address))
        abort();
    cfk__host_matches(&name, &x, true);
    cfk__host_matches(&address, &x, false);
    return 0;
}
