/* SPDX-License-Identifier: MIT */
/* What an input looks like, for messages to people who gave the wrong one. */
#include "bundle/pem.h"
#include "bundle/pkcs7.h"
#include "cfkit/bundle.h"

#include <string.h>

static const char CERTIFICATE[] = "a certificate";
static const char REQUEST[] = "a certificate request";
static const char PRIVATE_KEY[] = "a private key";
static const char PUBLIC_KEY[] = "a public key";

static bool ends_with(struct cfk__span label, const char *end)
{
    size_t size = strlen(end);

    return label.size >= size && memcmp(label.data + label.size - size, end, size) == 0;
}

static const char *kind_of_block(const struct cfk__pem_block *block)
{
    static const struct {
        const char *label;
        const char *kind;
    } kinds[] = {
        { "CERTIFICATE REQUEST", REQUEST },
        { "CRL", "a CRL" },
        { "PRIVATE KEY", PRIVATE_KEY },
        { "PUBLIC KEY", PUBLIC_KEY },
        { "PKCS7", "a PKCS #7 bag" },
        { "CMS", "a PKCS #7 bag" },
        { "PARAMETERS", "parameters of a key" },
    };

    if (cfk__pem_is_certificate(block))
        return CERTIFICATE;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (ends_with(block->label, kinds[i].label))
            return kinds[i].kind;
    return "PEM of another kind";
}

/* What an outer SEQUENCE has in its first one, inner; outer is behind that. */
static const char *kind_of_signed(struct cfk__reader *outer, struct cfk__reader *inner)
{
    struct cfk__der part;
    struct cfk__reader name;
    int32_t version;

    if (cfk__der_peek(inner, CFK__DER_OID) && cfk__der_peek(outer, CFK__DER_BIT_STRING))
        return PUBLIC_KEY;
    if (cfk__der_peek(inner, CFK__DER_CONSTRUCTED(0)))
        return CERTIFICATE;
    if (cfk__der_peek(inner, CFK__DER_INTEGER) && !cfk__der_int(inner, &version))
        return CERTIFICATE; /* of version 1, a long serial number */
    if (!cfk__der_enter(inner, CFK__DER_SEQUENCE, &name))
        return NULL;
    if (cfk__der_peek(&name, CFK__DER_SET) || cfk__reader_left(&name) == 0)
        return REQUEST;
    if (!cfk__der_next(inner, &part))
        return NULL;
    return cfk__der_peek(inner, CFK__DER_UTC_TIME) ||
                   cfk__der_peek(inner, CFK__DER_GENERALIZED_TIME)
               ? "a CRL"
               : CERTIFICATE;
}

static const char *kind_of_der(struct cfk__span der)
{
    struct cfk__reader r;
    struct cfk__reader outer;
    struct cfk__reader inner;
    struct cfk__der first;

    switch (cfk__der_kind(der)) {
    case CFK__DER_IS_PKCS7: return "a PKCS #7 bag";
    case CFK__DER_IS_PKCS12: return "PKCS #12";
    case CFK__DER_IS_KEY: return PRIVATE_KEY;
    default: break;
    }
    cfk__reader_init(&r, der.data, der.size);
    if (!cfk__der_enter(&r, CFK__DER_SEQUENCE, &outer))
        return der.data[1] >= 0x80 ? "damaged DER" : NULL; /* else text, which may be */
    if (cfk__der_enter(&outer, CFK__DER_SEQUENCE, &inner))
        return kind_of_signed(&outer, &inner);
    if (cfk__der_next(&outer, &first) && first.tag == 0x0a)
        return "an OCSP response";
    return NULL;
}

static const char *kind_of_text(struct cfk__span text)
{
    size_t at = 0;

    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (at < text.size && strchr(" \t\r\n", text.data[at]) != NULL &&
           text.data[at] != '\0')
        at++;
    if (at == text.size)
        return "nothing at all";
    if (text.data[at] == '<')
        return "HTML or XML";
    if (text.data[at] == '{' || text.data[at] == '[')
        return "JSON";
    if (text.size - at > 4 && memcmp(text.data + at, "ssh-", 4) == 0)
        return "an SSH key";
    for (; at < text.size; at++)
        if ((text.data[at] < ' ' && strchr("\t\r\n", text.data[at]) == NULL) ||
            text.data[at] == '\0')
            return "data of a kind that is not known";
    return "text without any PEM";
}

const char *cfk_bundle_input_kind(const void *data, size_t size)
{
    struct cfk__span input = { data, size };
    struct cfk__pem_block block;
    struct cfk__reader r;
    const char *kind = NULL;

    if (size > 1 && input.data[0] == CFK__DER_SEQUENCE)
        kind = kind_of_der(input);
    if (kind != NULL)
        return kind;
    cfk__reader_init(&r, data, size);
    while (cfk__pem_next(&r, &block)) {
        if (kind == NULL || cfk__pem_is_certificate(&block))
            kind = kind_of_block(&block);
    }
    return kind != NULL ? kind : kind_of_text(input);
}
