/* SPDX-License-Identifier: MIT */
#include "cfbundle_warnings.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    SOON = 30 * 86400, /* as CFK_BUNDLE_WARN_EXPIRING has it */
    NAMED_MAX = 8,     /* platforms that are named */
    WORDS_SIZE = 600,
};

/* Bit number i of CFK_BUNDLE_WARN_*. */
const char *const cfbundle_warning_codes[CFBUNDLE_WARNINGS] = {
    "sha1", "weak-key", "ends-before-leaf", "expiring", "not-ubiquitous", "invalid",
};

struct telling {
    const struct cfbundle_found *found;
    void (*tell)(void *ctx, const char *code, const char *words);
    void *ctx;
};

const char *cfbundle_date(int64_t when, char text[CFBUNDLE_DATE_SIZE])
{
    time_t seconds = (time_t)when;
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, CFBUNDLE_DATE_SIZE, "%Y-%m-%d", &tm) == 0)
        snprintf(text, CFBUNDLE_DATE_SIZE, "?");
    return text;
}

const char *cfbundle_words(const char *message)
{
    return strncmp(message, "bundle: ", 8) == 0 ? message + 8 : message;
}

static const char *code_of(uint32_t bit)
{
    size_t i = 0;

    while (bit >> i > 1)
        i++;
    return cfbundle_warning_codes[i];
}

static void tell_cert(const struct telling *t, uint32_t bit, size_t index,
                      const struct cfk_bundle_cert *cert, const char *words)
{
    char text[WORDS_SIZE];

    snprintf(text, sizeof text, "certificate %zu (%.200s) %s", index + 1, cert->subject,
             words);
    t->tell(t->ctx, code_of(bit), text);
}

/* What one certificate of the best chain adds to these warnings. */
static void warn_of_cert(const struct telling *t, uint32_t bits, size_t index,
                         size_t length, int64_t leaf_until)
{
    struct cfk_bundle_cert cert = { .size = sizeof cert };
    char date[CFBUNDLE_DATE_SIZE];
    char words[200];

    if (cfk_bundle_chain_cert(t->found->result, 0, index, &cert, NULL) != CFK_OK)
        return;
    cfbundle_date(cert.not_after, date);
    snprintf(words, sizeof words, "is signed with %s", cert.signature);
    if ((bits & CFK_BUNDLE_WARN_SHA1) != 0 && index + 1 < length &&
        (strstr(cert.signature, "SHA1") != NULL ||
         strstr(cert.signature, "sha1") != NULL))
        tell_cert(t, CFK_BUNDLE_WARN_SHA1, index, &cert, words);
    snprintf(words, sizeof words, "has an RSA key of only %u bits",
             (unsigned)cert.key_bits);
    if ((bits & CFK_BUNDLE_WARN_WEAK_KEY) != 0 && strcmp(cert.key, "RSA") == 0 &&
        cert.key_bits < 2048)
        tell_cert(t, CFK_BUNDLE_WARN_WEAK_KEY, index, &cert, words);
    snprintf(words, sizeof words, "expires on %s, before the certificate that it is for",
             date);
    if (cert.not_after < leaf_until)
        tell_cert(t, CFK_BUNDLE_WARN_SHORT, index, &cert, words);
    snprintf(words, sizeof words, "expires on %s, within 30 days", date);
    if ((bits & CFK_BUNDLE_WARN_EXPIRING) != 0 && t->found->time > cert.not_after - SOON)
        tell_cert(t, CFK_BUNDLE_WARN_EXPIRING, index, &cert, words);
}

static void warn_of_platforms(const struct telling *t)
{
    size_t count = cfk_bundle_platforms_count(t->found->platforms);
    char text[WORDS_SIZE] = "not trusted by ";
    size_t used = strlen(text);
    size_t missing = 0;

    for (size_t i = 0; i < count; i++) {
        struct cfk_bundle_platform platform = { .size = sizeof platform };

        if (cfk_bundle_chain_trusted(t->found->result, 0, i) ||
            cfk_bundle_platforms_get(t->found->platforms, i, &platform, NULL) != CFK_OK)
            continue;
        if (missing++ < NAMED_MAX)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%.40s",
                                     missing > 1 ? ", " : "", platform.name);
    }
    if (missing > NAMED_MAX)
        snprintf(text + used, sizeof text - used, " and %zu more", missing - NAMED_MAX);
    t->tell(t->ctx, code_of(CFK_BUNDLE_WARN_UBIQUITY), text);
}

void cfbundle_warnings(const struct cfbundle_found *found,
                       void (*tell)(void *ctx, const char *code, const char *words),
                       void *ctx)
{
    struct telling t = { found, tell, ctx };
    struct cfk_bundle_chain_info best = { .size = sizeof best };
    struct cfk_bundle_cert leaf = { .size = sizeof leaf };
    char text[WORDS_SIZE];

    if (found->reordered)
        tell(ctx, "reordered",
             "the chain in the input is out of order; servers send the certificate "
             "first, then its issuer, and so on");
    if (cfk_bundle_chain(found->result, 0, &best, NULL) != CFK_OK ||
        cfk_bundle_leaf(found->result, &leaf, NULL) != CFK_OK)
        return;
    if ((best.warnings & CFK_BUNDLE_WARN_INVALID) != 0) {
        snprintf(text, sizeof text, "the chain is taken as it is, but not valid: %s",
                 cfbundle_words(found->why.message));
        tell(ctx, code_of(CFK_BUNDLE_WARN_INVALID), text);
    }
    for (size_t i = 0; i < best.length; i++)
        warn_of_cert(&t, best.warnings, i, best.length, leaf.not_after);
    if ((best.warnings & CFK_BUNDLE_WARN_UBIQUITY) != 0 && found->platforms != NULL)
        warn_of_platforms(&t);
}
