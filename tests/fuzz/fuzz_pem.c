/* SPDX-License-Identifier: MIT */
/*
 * A PEM text from outside, read twice: the same certificates are found, what
 * is reported adds up, and a certificate that was taken is taken again when it
 * is written and read.
 */
#include "bundle/pem.h"
#include "cfkit/bundle.h"
#include "fuzz.h"

#include <stdlib.h>

static void write_and_read(struct cfk__span body)
{
    struct cfk__buffer der = { .alloc = NULL };
    struct cfk__buffer again = { .alloc = NULL };
    struct cfk__pem_block block;
    struct cfk__reader r;
    struct cfk__writer w;
    char *text;
    size_t bad;

    if (cfk__base64_decode(body, &der, &bad) != CFK_OK) {
        if (bad > body.size)
            abort();
        cfk__buffer_free(&der);
        return;
    }
    text = malloc(cfk__pem_size(der.size));
    if (text == NULL)
        abort();
    cfk__writer_init(&w, text, cfk__pem_size(der.size));
    cfk__pem_write(&w, der.data, der.size);
    cfk__reader_init(&r, text, cfk__writer_size(&w));
    if (!cfk__writer_ok(&w) || !cfk__pem_next(&r, &block) || !block.ended ||
        cfk__base64_decode(block.body, &again, &bad) != CFK_OK || again.size != der.size)
        abort();
    free(text);
    cfk__buffer_free(&der);
    cfk__buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_bundle_report report = { .size = sizeof report };
    cfk_bundle_pool *pool;
    struct cfk__pem_block block;
    struct cfk__reader r;
    uint64_t blocks = 0;
    size_t leaf_size;
    void *leaf;

    cfk__reader_init(&r, data, size);
    while (cfk__pem_next(&r, &block))
        if (cfk__pem_is_certificate(&block)) {
            blocks++;
            write_and_read(block.body);
        }
    if (cfk_bundle_pool_new(NULL, &pool, NULL) != CFK_OK)
        abort();
    if (cfk_bundle_pool_add(pool, data, size, CFK_BUNDLE_ROOT, &report, NULL) != CFK_OK)
        abort();
    if (size > 0 && data[0] != 0x30 && report.found != blocks)
        abort();
    if (report.bad > report.found ||
        cfk_bundle_pool_count(pool, CFK_BUNDLE_ROOT) > report.found - report.bad)
        abort();
    cfk_bundle_pool_add_input(pool, data, size, NULL, &leaf, &leaf_size, NULL);
    cfk_free(NULL, leaf);
    cfk_bundle_pool_free(pool);
    return 0;
}
