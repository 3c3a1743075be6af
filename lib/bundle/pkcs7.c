/* SPDX-License-Identifier: MIT */
#include "bundle/pkcs7.h"

#include "base/error.h"

#define PKCS7_ARC "\x2a\x86\x48\x86\xf7\x0d\x01\x07"

enum cfk__der_kind cfk__der_kind(struct cfk__span der)
{
    struct cfk__reader r;
    struct cfk__reader inner;
    struct cfk__span value;
    int32_t version;

    cfk__reader_init(&r, der.data, der.size);
    if (!cfk__der_enter(&r, CFK__DER_SEQUENCE, &inner))
        return CFK__DER_IS_OTHER;
    if (cfk__der_value(&inner, CFK__DER_OID, &value))
        return CFK__DER_IS_PKCS7;
    if (!cfk__der_int(&inner, &version))
        return CFK__DER_IS_OTHER;
    if (version == 3 && cfk__der_enter(&inner, CFK__DER_SEQUENCE, &inner) &&
        cfk__der_value(&inner, CFK__DER_OID, &value))
        return CFK__DER_IS_PKCS12;
    return CFK__DER_IS_KEY;
}

static int bad(struct cfk_error *err, const struct cfk__reader *r,
               const struct cfk__span der, const char *what)
{
    return cfk__fail_at(err, CFK_E_CORRUPT, (uint64_t)(r->pos - der.data),
                        "bundle: PKCS #7: %s", what);
}

int cfk__pkcs7_open(struct cfk__span der, struct cfk__reader *certs,
                    struct cfk_error *err)
{
    struct cfk__reader outer;
    struct cfk__reader content;
    struct cfk__reader signed_data;
    struct cfk__reader part;
    struct cfk__span type;
    int32_t version;

    cfk__reader_init(&outer, der.data, der.size);
    if (!cfk__der_enter(&outer, CFK__DER_SEQUENCE, &content) ||
        !cfk__der_value(&content, CFK__DER_OID, &type))
        return bad(err, &outer, der, "no ContentInfo in DER");
    if (cfk__reader_left(&outer) != 0)
        return bad(err, &outer, der, "bytes behind its end");
    if (!CFK__SPAN_IS(type, PKCS7_ARC "\x02"))
        return bad(err, &content, der, "not signed-data, which alone has certificates");
    if (!cfk__der_enter(&content, CFK__DER_CONSTRUCTED(0), &part) ||
        cfk__reader_left(&content) != 0 ||
        !cfk__der_enter(&part, CFK__DER_SEQUENCE, &signed_data) ||
        cfk__reader_left(&part) != 0)
        return bad(err, &content, der, "no SignedData");
    if (!cfk__der_int(&signed_data, &version) ||
        !cfk__der_enter(&signed_data, CFK__DER_SET, &part) ||
        !cfk__der_enter(&signed_data, CFK__DER_SEQUENCE, &part))
        return bad(err, &signed_data, der, "a malformed SignedData");
    if (!cfk__der_enter(&signed_data, CFK__DER_CONSTRUCTED(0), certs))
        cfk__reader_init(certs, signed_data.pos, 0); /* it has none */
    return CFK_OK;
}
