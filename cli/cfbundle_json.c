/* SPDX-License-Identifier: MIT */
#include "cfbundle_json.h"

#include "common/cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SCHEMA = 1 };

static json_t *json_time(int64_t when)
{
    time_t seconds = (time_t)when;
    char text[40];
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return json_null();
    return json_string(text);
}

static json_t *json_text(const char *text)
{
    return cli_json_text(text, strlen(text));
}

static json_t *json_cert(const struct cfk_bundle_cert *cert)
{
    const char *from = "leaf";
    char sha256[65];
    char key[64];

    for (size_t i = 0; i < sizeof cert->sha256; i++)
        snprintf(sha256 + 2 * i, 3, "%02x", cert->sha256[i]);
    snprintf(key, sizeof key, "%s", cert->key);
    if (strcmp(key, "RSA") == 0)
        snprintf(key, sizeof key, "RSA-%u", (unsigned)cert->key_bits);
    if (cert->from != 0)
        from = cert->from == CFK_BUNDLE_ROOT      ? "root"
               : cert->from == CFK_BUNDLE_INPUT   ? "input"
               : cert->from == CFK_BUNDLE_FETCHED ? "fetched"
                                                  : "pool";
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:s}", "sha256", sha256,
                     "subject", json_text(cert->subject), "issuer",
                     json_text(cert->issuer), "not_before", json_time(cert->not_before),
                     "not_after", json_time(cert->not_after), "key", key, "signature",
                     json_text(cert->signature), "from", from);
}

/* The certificates of a chain or of a rejected path. NULL: no memory. */
static json_t *json_certs(cfk_bundle_result *result, size_t path, size_t length,
                          cfbundle_cert_fn describe)
{
    json_t *certs = json_array();

    for (size_t i = 0; i < length; i++) {
        struct cfk_bundle_cert cert = { .size = sizeof cert };

        if (describe(result, path, i, &cert, NULL) != CFK_OK ||
            json_array_append_new(certs, json_cert(&cert)) != 0) {
            json_decref(certs);
            return NULL;
        }
    }
    return certs;
}

static json_t *json_warnings(uint32_t bits)
{
    json_t *list = json_array();

    for (size_t i = 0; i < CFBUNDLE_WARNINGS; i++)
        if ((bits >> i & 1) != 0)
            json_array_append_new(list, json_string(cfbundle_warning_codes[i]));
    return list;
}

/* {score, trusted, untrusted}, or null where there are no platforms. */
static json_t *json_ubiquity(const cfk_bundle_result *result,
                             const cfk_bundle_platforms *platforms, size_t chain,
                             uint64_t score)
{
    json_t *lists[2] = { json_array(), json_array() };
    json_t *object;

    for (size_t i = 0; platforms != NULL && i < cfk_bundle_platforms_count(platforms);
         i++) {
        struct cfk_bundle_platform platform = { .size = sizeof platform };

        cfk_bundle_platforms_get(platforms, i, &platform, NULL);
        json_array_append_new(lists[cfk_bundle_chain_trusted(result, chain, i) != 0],
                              json_text(platform.name));
    }
    object = json_pack("{s:I, s:o, s:o}", "score", (json_int_t)score, "trusted", lists[1],
                       "untrusted", lists[0]);
    if (platforms != NULL)
        return object;
    json_decref(object);
    return json_null();
}

static json_t *json_chains(cfk_bundle_result *result,
                           const cfk_bundle_platforms *platforms)
{
    json_t *list = json_array();

    for (size_t i = 0; i < cfk_bundle_chain_count(result); i++) {
        struct cfk_bundle_chain_info chain = { .size = sizeof chain };

        cfk_bundle_chain(result, i, &chain, NULL);
        json_array_append_new(
            list, json_pack("{s:I, s:o, s:I, s:o, s:{s:I, s:I}, s:o, s:o, s:o}", "rank",
                            (json_int_t)i + 1, "certs",
                            json_certs(result, i, chain.length, cfk_bundle_chain_cert),
                            "length", (json_int_t)chain.length, "ubiquity",
                            json_ubiquity(result, platforms, i, chain.ubiquity),
                            "security", "bits", (json_int_t)chain.security_bits,
                            "weakest_step", (json_int_t)chain.weakest_step, "valid_from",
                            json_time(chain.valid_from), "valid_until",
                            json_time(chain.valid_until), "warnings",
                            json_warnings(chain.warnings)));
    }
    return list;
}

static json_t *json_rejected(cfk_bundle_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < cfk_bundle_rejected_count(result); i++) {
        struct cfk_bundle_rejected_info path = { .size = sizeof path };

        cfk_bundle_rejected(result, i, &path, NULL);
        json_array_append_new(
            list, json_pack("{s:o, s:s, s:I, s:s*}", "certs",
                            json_certs(result, i, path.length, cfk_bundle_rejected_cert),
                            "reason", cfk_error_name(path.reason), "step",
                            (json_int_t)path.step, "rule", path.rule));
    }
    return list;
}

static json_t *json_counters(const struct cfk_bundle_counters *n)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } budgets[] = {
        { CFK_BUNDLE_MET_LENGTH, "length" },
        { CFK_BUNDLE_MET_FAILURES, "failures" },
        { CFK_BUNDLE_MET_EXPANSIONS, "expansions" },
        { CFK_BUNDLE_MET_CHAINS, "chains" },
        { CFK_BUNDLE_MET_REJECTED, "rejected" },
        { CFK_BUNDLE_MET_COMPARISONS, "comparisons" },
        { CFK_BUNDLE_MET_SIGNATURES, "signatures" },
        { CFK_BUNDLE_MET_FETCHES, "fetches" },
    };
    json_t *met = json_array();

    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++)
        if ((n->met & budgets[i].bit) != 0)
            json_array_append_new(met, json_string(budgets[i].name));
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "signatures",
                     (json_int_t)n->signatures, "remembered", (json_int_t)n->remembered,
                     "failures", (json_int_t)n->failures, "expansions",
                     (json_int_t)n->expansions, "fetches", (json_int_t)n->fetches,
                     "fetched_bytes", (json_int_t)n->fetched_bytes, "limits_met", met);
}

/* What was asked for on the network, and what came of it. */
static json_t *json_fetched(const cfk_bundle_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < cfk_bundle_fetched_count(result); i++) {
        struct cfk_bundle_fetched_info one = { .size = sizeof one };

        cfk_bundle_fetched(result, i, &one, NULL);
        json_array_append_new(
            list, json_pack("{s:o, s:b, s:s, s:o, s:I, s:I}", "url", json_text(one.url),
                            "asked", (int)one.asked, "code", cfk_error_name(one.code),
                            "message", json_text(one.message), "bytes",
                            (json_int_t)one.bytes, "certs", (json_int_t)one.certs));
    }
    return list;
}

static void add_message(void *ctx, const char *code, const char *words)
{
    (void)code;
    json_array_append_new(ctx, json_text(words));
}

/* Why there is no chain, and the warnings in words. */
static json_t *json_status(const struct cfbundle_found *found, int code)
{
    json_t *messages = json_array();

    if (code != CFK_OK)
        json_array_append_new(messages, json_text(cfbundle_words(found->why.message)));
    cfbundle_warnings(found, add_message, messages);
    return json_pack("{s:s, s:o}", "code", cfk_error_name(code), "messages", messages);
}

int cfbundle_print_json(const struct cfbundle_found *found)
{
    struct cfk_bundle_counters counters = { .size = sizeof counters };
    struct cfk_bundle_cert leaf = { .size = sizeof leaf };
    cfk_bundle_result *result = found->result;
    int code = cfk_bundle_reason(result, NULL);
    struct cfk_error err = { 0 };
    json_t *object;

    if (cfk_bundle_leaf(result, &leaf, &err) != CFK_OK)
        return cli_fail(&err);
    cfk_bundle_result_counters(result, &counters, NULL);
    object = json_pack(
        "{s:i, s:o, s:o, s:s?, s:o, s:o, s:o, s:o}", "schema", SCHEMA, "leaf",
        json_cert(&leaf), "chains", json_chains(result, found->platforms), "bundle",
        found->pem, "rejected", json_rejected(result), "status", json_status(found, code),
        "counters", json_counters(&counters), "fetched", json_fetched(result));
    if (object != NULL && code != CFK_OK)
        json_object_set_new(object, "error",
                            json_pack("{s:s, s:o}", "code", cfk_error_name(code),
                                      "message",
                                      json_text(cfbundle_words(found->why.message))));
    return cli_print_json(object);
}
