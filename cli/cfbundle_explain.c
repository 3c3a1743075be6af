/* SPDX-License-Identifier: MIT */
#include "cfbundle_explain.h"

#include "cfbundle_json.h"
#include "common/cli.h"

#include <stdio.h>
#include <string.h>

enum {
    DAY = 86400,
    OTHERS_MAX = 20, /* chains and paths that are told of */
};

/* Names in certificates are not ours: what is not plain text is shown as \xHH. */
static void say(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == '\177')
            fprintf(stderr, "\\x%02x", (unsigned)(unsigned char)*p);
        else
            fputc(*p, stderr);
    }
}

static void explain_cert(const struct cfk_bundle_cert *cert, size_t number, int64_t now)
{
    char date[CFBUNDLE_DATE_SIZE];
    long long days = (cert->not_after - now) / DAY;

    fprintf(stderr, "  %zu. ", number);
    say(cert->subject);
    fprintf(stderr, "\n     %s", cert->key);
    if (strcmp(cert->key, "RSA") == 0)
        fprintf(stderr, " %u", (unsigned)cert->key_bits);
    fprintf(stderr, ", %s, ", cert->signature);
    if (cert->from == CFK_BUNDLE_ROOT)
        fputs("trusted root, ", stderr);
    if (cert->from == CFK_BUNDLE_FETCHED)
        fputs("fetched, ", stderr);
    fprintf(stderr, "expires %s (%lld days)\n", cfbundle_date(cert->not_after, date),
            days);
}

static void explain_best(cfk_bundle_result *result,
                         const struct cfk_bundle_chain_info *best, int64_t now)
{
    char date[CFBUNDLE_DATE_SIZE];

    if (cfk_bundle_chain_count(result) == 1)
        fputs("The only chain:\n", stderr);
    else
        fprintf(stderr, "The best of %zu chains:\n", cfk_bundle_chain_count(result));
    for (size_t i = 0; i < best->length; i++) {
        struct cfk_bundle_cert cert = { .size = sizeof cert };

        if (cfk_bundle_chain_cert(result, 0, i, &cert, NULL) == CFK_OK)
            explain_cert(&cert, i + 1, now);
    }
    fprintf(stderr,
            "It is valid until %s. Its weakest step, certificate %u, has %u bits.\n",
            cfbundle_date(best->valid_until, date), (unsigned)best->weakest_step + 1,
            (unsigned)best->security_bits);
}

static void explain_platforms(cfk_bundle_result *result,
                              const cfk_bundle_platforms *platforms,
                              const struct cfk_bundle_chain_info *best)
{
    size_t count = cfk_bundle_platforms_count(platforms);
    size_t trusted = 0;
    const char *before = "Not by: ";

    for (size_t i = 0; i < count; i++)
        trusted += (size_t)cfk_bundle_chain_trusted(result, 0, i);
    fprintf(stderr, "Trusted by %zu of %zu platforms, weight %llu of %llu.\n", trusted,
            count, (unsigned long long)best->ubiquity,
            (unsigned long long)best->ubiquity_max);
    for (size_t i = 0; i < count; i++) {
        struct cfk_bundle_platform platform = { .size = sizeof platform };

        if (cfk_bundle_chain_trusted(result, 0, i) ||
            cfk_bundle_platforms_get(platforms, i, &platform, NULL) != CFK_OK)
            continue;
        fputs(before, stderr);
        say(platform.name);
        before = ", ";
    }
    if (trusted < count)
        fputs(".\n", stderr);
}

/* What another chain lacks, and what it has more of. */
static void explain_other(cfk_bundle_result *result, size_t number,
                          const struct cfk_bundle_chain_info *best)
{
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };
    struct cfk_bundle_cert root = { .size = sizeof root };
    char date[CFBUNDLE_DATE_SIZE];

    cfk_bundle_chain(result, number, &chain, NULL);
    if (cfk_bundle_chain_cert(result, number, chain.length - 1, &root, NULL) != CFK_OK)
        return;
    fprintf(stderr, "Chain %zu, to ", number + 1);
    say(root.subject);
    fprintf(stderr, ": %u certificates", (unsigned)chain.length);
    if (chain.length != best->length)
        fprintf(stderr, ", %u %s",
                (unsigned)(chain.length > best->length ? chain.length - best->length
                                                       : best->length - chain.length),
                chain.length > best->length ? "more" : "fewer");
    if (chain.ubiquity != best->ubiquity)
        fprintf(stderr, "; %s ubiquitous, weight %llu",
                chain.ubiquity < best->ubiquity ? "less" : "more",
                (unsigned long long)chain.ubiquity);
    if (chain.security_bits != best->security_bits)
        fprintf(stderr, "; %s, %u bits",
                chain.security_bits < best->security_bits ? "weaker" : "stronger",
                (unsigned)chain.security_bits);
    if (chain.valid_until != best->valid_until)
        fprintf(stderr, "; ends %s, %s",
                chain.valid_until < best->valid_until ? "earlier" : "later",
                cfbundle_date(chain.valid_until, date));
    if ((chain.warnings & ~best->warnings & CFK_BUNDLE_WARN_SHORT) != 0)
        fputs("; ends before the certificate itself", stderr);
    fputs(".\n", stderr);
}

static void explain_rejected(cfk_bundle_result *result, size_t number)
{
    struct cfk_error why = { 0 };

    cfk_bundle_rejected_explain(result, number, &why);
    fprintf(stderr, "Rejected, %s: ", cfk_error_name(why.code));
    say(cfbundle_words(why.message));
    fputs(".\n", stderr);
}

void cfbundle_explain(const struct cfbundle_found *found)
{
    struct cfk_bundle_chain_info best = { .size = sizeof best };
    cfk_bundle_result *result = found->result;
    size_t chains = cfk_bundle_chain_count(result);
    size_t rejected = cfk_bundle_rejected_count(result);

    if (cfk_bundle_chain(result, 0, &best, NULL) == CFK_OK) {
        explain_best(result, &best, found->time);
        if (found->platforms != NULL)
            explain_platforms(result, found->platforms, &best);
    }
    for (size_t i = 1; i < chains && i < OTHERS_MAX; i++)
        explain_other(result, i, &best);
    for (size_t i = 0; i < rejected && i < OTHERS_MAX; i++)
        explain_rejected(result, i);
    if (chains > OTHERS_MAX || rejected > OTHERS_MAX)
        fputs("There are more; --json has all of them.\n", stderr);
}

/* "A <- B <- C" of a chain or path, on stderr with -v. */
static void show_path(cfk_bundle_result *result, size_t path, size_t length,
                      cfbundle_cert_fn describe, const char *words)
{
    cli_detail("%s", words);
    for (size_t i = 0; i < length; i++) {
        struct cfk_bundle_cert cert = { .size = sizeof cert };

        if (describe(result, path, i, &cert, NULL) == CFK_OK)
            cli_detail("  %zu %s (%s)", i + 1, cert.subject, cert.key);
    }
}

void cfbundle_show(cfk_bundle_result *result)
{
    char words[160];

    for (size_t i = 0; cli_verbose() && i < cfk_bundle_chain_count(result); i++) {
        struct cfk_bundle_chain_info chain = { .size = sizeof chain };

        cfk_bundle_chain(result, i, &chain, NULL);
        snprintf(words, sizeof words, "chain %zu, %u certificates:", i + 1,
                 (unsigned)chain.length);
        show_path(result, i, chain.length, cfk_bundle_chain_cert, words);
    }
    for (size_t i = 0; cli_verbose() && i < cfk_bundle_rejected_count(result); i++) {
        struct cfk_bundle_rejected_info path = { .size = sizeof path };

        cfk_bundle_rejected(result, i, &path, NULL);
        snprintf(words, sizeof words,
                 "rejected, %s at certificate %u:", cfk_error_name(path.reason),
                 (unsigned)path.step + 1);
        show_path(result, i, path.length, cfk_bundle_rejected_cert, words);
    }
}
