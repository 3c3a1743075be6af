/* SPDX-License-Identifier: MIT */
/* A web in memory: URLs, what they name, and how often they were asked for. */
#ifndef WEB_H
#define WEB_H

#include "make.h"

enum { WEB_PAGES = 64 };

struct web_page {
    const char *url;
    const void *data;
    size_t size;
    int code; /* what getting it returns */
    unsigned asked;
};

struct web {
    struct web_page pages[WEB_PAGES];
    size_t count;
    unsigned asked; /* URLs in all */
    bool stubborn;  /* it adds on after it was told to stop, and says all went well */
    struct cfk_bundle_fetch_options options;
};

/* The callback: a page in pieces of 100 bytes; CFK_E_IO where there is none. */
int web_get(void *ctx, const char *url, cfk_bundle_answer *answer, struct cfk_error *err);

/* Options that ask this web. */
const struct cfk_bundle_fetch_options *web_options(struct web *web);

void web_add(struct web *web, const char *url, const void *data, size_t size);

/* A page that is one certificate, whose DER goes to room. */
void web_add_cert(struct web *web, const char *url, const struct make *m,
                  uint8_t room[2048]);

/* How often this URL was asked for. */
unsigned web_asked(const struct web *web, const char *url);

/* Append authorityInfoAccess with this URL of an issuer to extensions in hexadecimal. */
void web_issuer_ext(char *text, size_t size, const char *url);

/* The same with the hexadecimal of descriptions. */
void web_info_ext(char *text, size_t size, const char *descriptions);

/* Append a description of this method (2 is caIssuers) to hexadecimal. */
void web_description(char *text, size_t size, unsigned method, const char *url,
                     size_t url_size);

#endif
