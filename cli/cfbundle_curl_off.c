/* SPDX-License-Identifier: MIT */
/* Where there is no libcurl to build with. */
#include "cfbundle_curl.h"

#include <stdio.h>

int cfbundle_curl_open(struct cfbundle_curl **out, struct cfk_error *err)
{
    *out = NULL;
    snprintf(err->message, sizeof err->message,
             "this cfbundle was built without libcurl, which --fetch needs");
    return err->code = CFK_E_NOTSUP;
}

int cfbundle_curl_get(struct cfbundle_curl *curl, struct cfbundle_get *get,
                      struct cfk_error *err)
{
    (void)get;
    return cfbundle_curl_open(&curl, err);
}

void cfbundle_curl_close(struct cfbundle_curl *curl)
{
    (void)curl;
}
