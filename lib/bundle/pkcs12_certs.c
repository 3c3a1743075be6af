/* SPDX-License-Identifier: MIT */
/* The certificates of PKCS #12 as a bag that the rest of the library reads. */
#include "base/alloc.h"
#include "base/error.h"
#include "bundle/key_file.h"
#include "bundle/pkcs12.h"
#include "bundle/pkcs7.h"

enum { BEFORE = 64 }; /* room for all that stands around the certificates */

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for the certificates");
}

/* A cfk__bag_fn that appends each certificate. */
static int take_cert(void *ctx, enum cfk__bag_kind kind, struct cfk__span value,
                     struct cfk_error *err)
{
    struct cfk__buffer *certs = ctx;

    if (kind != CFK__BAG_CERT)
        return CFK_OK;
    return cfk__buffer_append(certs, value.data, value.size) == CFK_OK ? CFK_OK
                                                                       : no_memory(err);
}

/* Bytes of tag and length before size bytes. */
static size_t head_size(size_t size)
{
    size_t n = 2;

    for (size_t rest = size >= 0x80 ? size : 0; rest > 0; rest >>= 8)
        n++;
    return n;
}

static void put_head(struct cfk__writer *w, uint8_t tag, size_t size)
{
    size_t more = head_size(size) - 2;

    cfk__write_u8(w, tag);
    cfk__write_u8(w, (uint8_t)(more > 0 ? 0x80 | more : size));
    while (more-- > 0)
        cfk__write_u8(w, (uint8_t)(size >> 8 * more));
}

/* SignedData without signers (RFC 5652, 5.1), as bags of certificates are. */
static void write_bag(struct cfk__writer *w, struct cfk__span certs)
{
    static const char type[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
    static const char before[] = "\x02\x01\x01\x31\x00\x30\x0b\x06\x09\x2a\x86\x48\x86"
                                 "\xf7\x0d\x01\x07\x01";
    size_t data = sizeof before - 1 + head_size(certs.size) + certs.size + 2;
    size_t content = head_size(data) + data;

    put_head(w, CFK__DER_SEQUENCE, sizeof type - 1 + head_size(content) + content);
    cfk__write(w, type, sizeof type - 1);
    put_head(w, CFK__DER_CONSTRUCTED(0), content);
    put_head(w, CFK__DER_SEQUENCE, data);
    cfk__write(w, before, sizeof before - 1);
    put_head(w, CFK__DER_CONSTRUCTED(0), certs.size);
    cfk__write(w, certs.data, certs.size);
    put_head(w, CFK__DER_SET, 0);
}

static int make_bag(struct cfk__span certs, const struct cfk_alloc *alloc, void **out,
                    size_t *out_size, struct cfk_error *err)
{
    struct cfk__writer w;
    uint8_t *bag;

    if (certs.size == 0)
        return cfk__fail(err, CFK_E_NOTFOUND, "bundle: no certificate in the PKCS #12");
    bag = cfk__malloc(alloc, certs.size + BEFORE);
    if (bag == NULL)
        return no_memory(err);
    cfk__writer_init(&w, bag, certs.size + BEFORE);
    write_bag(&w, certs);
    *out = bag;
    *out_size = cfk__writer_size(&w);
    return CFK_OK;
}

int cfk_bundle_is_pkcs12(const void *data, size_t size)
{
    return cfk__der_kind((struct cfk__span){ data, size }) == CFK__DER_IS_PKCS12;
}

int cfk_bundle_pkcs12_certs(const void *data, size_t size,
                            const struct cfk_bundle_key_options *opts, void **out,
                            size_t *out_size, struct cfk_error *err)
{
    struct cfk__buffer certs = { .alloc = NULL };
    struct cfk_bundle_key_options o;
    struct cfk__passphrase pass;
    int rc = cfk__key_options(opts, &o, &pass, err);

    *out = NULL;
    if (rc != CFK_OK)
        return rc;
    certs.alloc = o.alloc;
    rc =
        cfk__pkcs12_walk((struct cfk__span){ data, size }, &pass, take_cert, &certs, err);
    if (rc == CFK_OK)
        rc = make_bag((struct cfk__span){ certs.data, certs.size }, o.alloc, out,
                      out_size, err);
    cfk__buffer_free(&certs);
    return rc;
}
