/* SPDX-License-Identifier: MIT */
/* URLs of issuers: which may be fetched, and how all of them look to people. */
#include "base/alloc.h"
#include "base/error.h"
#include "bundle/fetch.h"
#include "bundle/x509.h"

#include <string.h>

enum { URL_MAX = 2048 };

static bool is_plain(uint8_t c)
{
    return c > ' ' && c < 0x7f;
}

/* Whether url begins with a scheme, in whatever case, and "://". */
static bool has_scheme(struct cfk__span url, const char *scheme)
{
    size_t size = strlen(scheme);

    if (url.size < size + 3 || memcmp(url.data + size, "://", 3) != 0)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((url.data[i] | 0x20) != scheme[i])
            return false;
    return true;
}

const char *cfk__fetch_refusal(struct cfk__span url, bool https)
{
    bool secure = has_scheme(url, "https");
    size_t at = secure ? strlen("https://") : strlen("http://");
    size_t host = at;

    if (url.size > URL_MAX)
        return "a URL of more than 2048 characters";
    for (size_t i = 0; i < url.size; i++)
        if (!is_plain(url.data[i]) || strchr("\"<>\\^`{|}", url.data[i]) != NULL)
            return "a URL with characters that none has";
    if (secure && !https)
        return "https is not asked for, only http";
    if (!secure && !has_scheme(url, "http"))
        return "neither an http nor an https URL";
    for (; at < url.size && strchr("/?#", url.data[at]) == NULL; at++)
        if (url.data[at] == '@')
            return "a URL with a user name";
    if (at == host || url.data[host] == ':')
        return "a URL without a host";
    return NULL;
}

bool cfk__fetch_url_text(struct cfk__span url, struct cfk__buffer *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t size = url.size < URL_MAX ? url.size : URL_MAX;

    for (size_t i = 0; i < size; i++) {
        uint8_t c = url.data[i];
        char hex[3] = { '%', digits[c >> 4], digits[c & 15] };

        if (cfk__buffer_append(out, is_plain(c) ? (const char *)&c : hex,
                               is_plain(c) ? 1 : 3) != CFK_OK)
            return false;
    }
    return cfk__buffer_append(out, "", 1) == CFK_OK;
}

int cfk_bundle_issuer_url(const void *der, size_t size, size_t index, const char **url,
                          size_t *url_size, struct cfk_error *err)
{
    struct cfk__reader list;
    struct cfk__span found;
    struct cfk__x509 x;
    size_t count = 0;
    int rc = cfk__x509_parse(&x, der, size, err);

    if (rc != CFK_OK)
        return rc;
    cfk__reader_init(&list, x.authority_info.data, x.authority_info.size);
    while (cfk__x509_issuer_url(&list, &found))
        if (count++ == index) {
            *url = (const char *)found.data;
            *url_size = found.size;
            return CFK_OK;
        }
    return cfk__fail(err, CFK_E_NOTFOUND, "bundle: the certificate has %zu issuer URLs",
                     count);
}
