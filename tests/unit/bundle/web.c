/* SPDX-License-Identifier: MIT */
#include "web.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

int web_get(void *ctx, const char *url, cfk_bundle_answer *answer, struct cfk_error *err)
{
    struct web *web = ctx;

    web->asked++;
    for (size_t i = 0; i < web->count; i++) {
        struct web_page *page = &web->pages[i];
        const char *data = page->data;
        int rc = CFK_OK;

        if (strcmp(page->url, url) != 0)
            continue;
        page->asked++;
        for (size_t at = 0; at < page->size && (rc == CFK_OK || web->stubborn); at += 100)
            rc = cfk_bundle_answer_add(
                answer, data + at, page->size - at < 100 ? page->size - at : 100, err);
        if (web->stubborn)
            return CFK_OK;
        return rc == CFK_OK ? page->code : rc;
    }
    snprintf(err->message, sizeof err->message, "404 for %.100s", url);
    return CFK_E_IO;
}

const struct cfk_bundle_fetch_options *web_options(struct web *web)
{
    web->options.size = sizeof web->options;
    web->options.get = web_get;
    web->options.ctx = web;
    return &web->options;
}

void web_add(struct web *web, const char *url, const void *data, size_t size)
{
    ck_assert_uint_lt(web->count, WEB_PAGES);
    web->pages[web->count++] =
        (struct web_page){ .url = url, .data = data, .size = size };
}

void web_add_cert(struct web *web, const char *url, const struct make *m,
                  uint8_t room[2048])
{
    web_add(web, url, room, make_cert(m, room));
}

unsigned web_asked(const struct web *web, const char *url)
{
    for (size_t i = 0; i < web->count; i++)
        if (strcmp(web->pages[i].url, url) == 0)
            return web->pages[i].asked;
    return 0;
}

void web_description(char *text, size_t size, unsigned method, const char *url,
                     size_t url_size)
{
    char inner[6000];
    char hex[5000] = "";

    snprintf(inner, sizeof inner, "06082b060105050730%02x", method);
    for (size_t i = 0; i < url_size; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)(uint8_t)url[i]);
    make_wrap(inner, sizeof inner, 0x86, hex);
    make_wrap(text, size, CFK__DER_SEQUENCE, inner);
}

void web_info_ext(char *text, size_t size, const char *descriptions)
{
    char value[8000] = "";
    char inner[8000] = "06082b06010505070101";

    make_wrap(value, sizeof value, CFK__DER_SEQUENCE, descriptions);
    make_wrap(inner, sizeof inner, CFK__DER_OCTET_STRING, value);
    make_wrap(text, size, CFK__DER_SEQUENCE, inner);
}

void web_issuer_ext(char *text, size_t size, const char *url)
{
    char description[5200] = "";

    web_description(description, sizeof description, 2, url, strlen(url));
    web_info_ext(text, size, description);
}
