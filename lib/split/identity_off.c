/* SPDX-License-Identifier: MIT */
/* Identities where split is configured out. */
#include "base/error.h"
#include "cfkit/identity.h"

int cfk_identity_new(const struct cfk_identity_options *opts, cfk_identity **out,
                     struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_identity_free(cfk_identity *identity)
{
    (void)identity;
}

const char *cfk_identity_public(const cfk_identity *identity)
{
    (void)identity;
    return "";
}

int cfk_identity_save(const cfk_identity *identity, const void *passphrase,
                      size_t passphrase_size, const struct cfk_identity_options *opts,
                      char **text, size_t *len, struct cfk_error *err)
{
    (void)identity;
    (void)passphrase;
    (void)passphrase_size;
    (void)opts;
    *text = NULL;
    *len = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_identity_load(const char *text, size_t len, const void *passphrase,
                      size_t passphrase_size, const struct cfk_identity_options *opts,
                      cfk_identity **out, struct cfk_error *err)
{
    (void)text;
    (void)len;
    (void)passphrase;
    (void)passphrase_size;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

int cfk_identity_show(const char *text, size_t len, struct cfk_identity_info *info,
                      struct cfk_error *err)
{
    (void)text;
    (void)len;
    (void)info;
    return cfk__fail_absent(err, "split");
}

int cfk_identity_check_public(const char *text, size_t len, struct cfk_error *err)
{
    (void)text;
    (void)len;
    return cfk__fail_absent(err, "split");
}
