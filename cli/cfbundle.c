/* SPDX-License-Identifier: MIT */
/* cfbundle: the best chain from a certificate to a trusted root. */
#include "cfbundle_build.h"
#include "cfbundle_explain.h"
#include "cfbundle_fetch.h"
#include "cfbundle_index.h"
#include "cfbundle_json.h"
#include "cfbundle_key.h"
#include "cfbundle_pool.h"
#include "cfbundle_rank.h"
#include "common/cli.h"
#include "common/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    OPT_ROOTS = CLI_OPT_OWN,
    OPT_INTERMEDIATES,
    OPT_INDEX,
    OPT_TIME,
    OPT_HOST,
    OPT_EKU,
    OPT_PROFILE,
    OPT_CRL,
    OPT_CRL_IF_PRESENT,
    OPT_MAX_DEPTH,
    OPT_WITH_ROOT,
    OPT_ALL,
    OPT_PLATFORMS,
    OPT_ORDER,
    OPT_FLAVOR,
    OPT_PREFER,
    OPT_AVOID,
    OPT_REQUIRE,
    OPT_EXPLAIN,
    OPT_KEY,
    OPT_PASS_FD,
    OPT_ALLOW_SHA1,
    OPT_POLICY,
    OPT_EXPLICIT_POLICY,
    OPT_INHIBIT_MAPPING,
    OPT_INHIBIT_ANY_POLICY,
    OPT_LIMIT,
    OPT_FETCH,
    OPT_FETCH_PRIVATE,
    OPT_FETCH_TIMEOUT,
    OPT_FETCH_MAX_TIME,
    OPT_KEEP,

    MAX_INTERMEDIATES = 253,
};

#define FETCH_TIME_MAX UINT64_C(3600000000000) /* nanoseconds */

static const char help[] =
    "Usage: cfbundle [OPTION]... CERT\n"
    "       cfbundle index [--no-signatures] -o INDEX [OPTION]...\n"
    "Find every chain from the first certificate in CERT (PEM, DER, PKCS #7 or #12; -\n"
    "is standard input) to a trusted root, and print the best as PEM, the root left\n"
    "out. Further certificates in CERT may be used as intermediates. Better are fewer\n"
    "certificates, then a root that more platforms trust, stronger steps, and what\n"
    "stays valid longer.\n"
    "\n"
    "      --roots FILE|DIR          trusted roots, instead of the system's; repeatable\n"
    "      --intermediates FILE|DIR  more certificates to build from; repeatable\n"
    "      --index INDEX             both, from a file that 'cfbundle index' wrote\n"
    "      --time TIME               judge at this time (RFC 3339 or UNIX seconds), not "
    "now\n"
    "      --key KEY                 the certificate must be that of this private key\n"
    "      --pass-fd N               passphrase of KEY or CERT from descriptor N\n"
    "      --host NAME               the certificate must be for this name or address\n"
    "      --eku PURPOSE             serverAuth (default), clientAuth, emailProtection, "
    "any\n"
    "      --profile NAME            webpki, rfc5280: judge the form of certificates "
    "too;\n"
    "                                lenient: take a root for its name and key alone\n"
    "      --crl FILE                certificates must be good by these CRLs (PEM or "
    "DER);\n"
    "                                repeatable\n"
    "      --crl-if-present          what no CRL tells about is good\n"
    "      --allow-sha1              take signatures with SHA-1\n"
    "      --policy OID              a certificate policy that will do where one is "
    "asked\n"
    "                                for; repeatable\n"
    "      --explicit-policy         one must be valid down the whole chain\n"
    "      --inhibit-mapping         policies are not mapped to others\n"
    "      --inhibit-any-policy      anyPolicy stands for no other\n"
    "      --max-depth N             at most N intermediates (default 10)\n"
    "      --limit NAME=N            search no further than this; see cfbundle(1)\n"
    "      --fetch                   get missing issuers from where certificates say\n"
    "                                they are; otherwise no network is used\n"
    "      --fetch-private           hosts that are not on the public internet, too\n"
    "      --fetch-timeout TIME      for one URL (default 10s)\n"
    "      --fetch-max-time TIME     for all of them (default 30s)\n"
    "      --keep DIR                keep what was fetched and is in a chain, use it "
    "again\n"
    "      --order LIST              rank by these, of shortest,ubiquity,security,"
    "longest\n"
    "      --flavor NAME             as cfssl does: optimal, ubiquitous, or force, "
    "which\n"
    "                                keeps the chain of CERT, valid or not\n"
    "      --prefer-anchor SHA256    chains to this root come first; repeatable\n"
    "      --avoid-anchor SHA256     chains to this root come last; repeatable\n"
    "      --require-platform NAME   only a chain that it trusts will do; repeatable\n"
    "      --platforms FILE          who trusts which root, instead of what is "
    "installed\n"
    "      --explain                 say why this chain, what expires when, who does\n"
    "                                not trust it, and what the others lack\n"
    "      --with-root               print the root too\n"
    "      --all                     print every chain, best first, each under a # line\n"
    "  -o, --output FILE             write the PEM to FILE\n"
    "  -f, --force                   replace FILE if it exists\n"
    "      --json                    print one object: chains, rejected paths and why\n"
    "  -q, --quiet                   no warnings\n"
    "  -v, --verbose                 say what was found and what was rejected\n"
    "      --color WHEN              auto, always or never\n"
    "      --no-progress             no progress on a terminal\n"
    "  -h, --help                    print this\n"
    "  -V, --version                 print the version\n"
    "\n"
    "Exit status: 0 a chain was found, 1 there is none (the message says why), 2 "
    "trouble.\n"
    "\n"
    "Example: the bundle that a server for example.com should send\n"
    "  cfbundle --host example.com --intermediates /etc/ssl/intermediates "
    "example.com.pem > bundle.pem\n";

static const struct option longs[] = {
    { "roots", required_argument, NULL, OPT_ROOTS },
    { "intermediates", required_argument, NULL, OPT_INTERMEDIATES },
    { "index", required_argument, NULL, OPT_INDEX },
    { "time", required_argument, NULL, OPT_TIME },
    { "key", required_argument, NULL, OPT_KEY },
    { "pass-fd", required_argument, NULL, OPT_PASS_FD },
    { "host", required_argument, NULL, OPT_HOST },
    { "eku", required_argument, NULL, OPT_EKU },
    { "profile", required_argument, NULL, OPT_PROFILE },
    { "crl", required_argument, NULL, OPT_CRL },
    { "crl-if-present", no_argument, NULL, OPT_CRL_IF_PRESENT },
    { "max-depth", required_argument, NULL, OPT_MAX_DEPTH },
    { "with-root", no_argument, NULL, OPT_WITH_ROOT },
    { "all", no_argument, NULL, OPT_ALL },
    { "platforms", required_argument, NULL, OPT_PLATFORMS },
    { "order", required_argument, NULL, OPT_ORDER },
    { "flavor", required_argument, NULL, OPT_FLAVOR },
    { "prefer-anchor", required_argument, NULL, OPT_PREFER },
    { "avoid-anchor", required_argument, NULL, OPT_AVOID },
    { "require-platform", required_argument, NULL, OPT_REQUIRE },
    { "explain", no_argument, NULL, OPT_EXPLAIN },
    { "allow-sha1", no_argument, NULL, OPT_ALLOW_SHA1 },
    { "policy", required_argument, NULL, OPT_POLICY },
    { "explicit-policy", no_argument, NULL, OPT_EXPLICIT_POLICY },
    { "inhibit-mapping", no_argument, NULL, OPT_INHIBIT_MAPPING },
    { "inhibit-any-policy", no_argument, NULL, OPT_INHIBIT_ANY_POLICY },
    { "limit", required_argument, NULL, OPT_LIMIT },
    { "fetch", no_argument, NULL, OPT_FETCH },
    { "fetch-private", no_argument, NULL, OPT_FETCH_PRIVATE },
    { "fetch-timeout", required_argument, NULL, OPT_FETCH_TIMEOUT },
    { "fetch-max-time", required_argument, NULL, OPT_FETCH_MAX_TIME },
    { "keep", required_argument, NULL, OPT_KEEP },
    { "output", required_argument, NULL, 'o' },
    { "force", no_argument, NULL, 'f' },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cfbundle", help, "o:f" CLI_COMMON_SHORTS, longs };

struct request {
    struct cfbundle_sources sources;
    const char *cert;
    const char *output;
    unsigned output_flags;
    uint32_t pem_flags;
    bool all;
    bool explain;
    int64_t time;
    struct cfbundle_build build;
    struct cfbundle_fetching fetch;
    struct cfbundle_ranking ranking;
    struct cfbundle_key key;
};

static void warn(void *ctx, const char *code, const char *words)
{
    (void)ctx;
    if (strcmp(code, "not-ubiquitous") == 0) /* no root is everywhere */
        cli_detail("%s", words);
    else
        cli_warn("%s", words);
}

/* The best chain, or each under a line that says which it is. */
static int write_chains(const struct request *req, const cfk_bundle_result *result,
                        struct cfk_error *err)
{
    size_t count = req->all ? cfk_bundle_chain_count(result) : 1;
    struct cli_output out = { 0 };
    int rc = cli_output_open(&out, req->output, req->output_flags, err);

    for (size_t i = 0; i < count && rc == CFK_OK; i++) {
        char title[64];
        char *text = NULL;
        size_t size;

        snprintf(title, sizeof title, "# chain %zu of %zu\n", i + 1, count);
        rc = cfk_bundle_write_pem(result, i, req->pem_flags, NULL, &text, &size, err);
        if (rc == CFK_OK && req->all)
            rc = cli_output_write(&out, title, strlen(title), err);
        if (rc == CFK_OK)
            rc = cli_output_write(&out, text, size, err);
        cfk_free(NULL, text);
    }
    if (rc == CFK_OK)
        rc = cli_output_commit(&out, err);
    cli_output_abort(&out);
    return rc;
}

static int answer_json(const struct request *req, struct cfbundle_found *found,
                       struct cfk_error *err)
{
    int reason = cfk_bundle_reason(found->result, NULL);
    char *text = NULL;
    size_t size;
    int status;

    if (reason == CFK_OK && cfk_bundle_write_pem(found->result, 0, req->pem_flags, NULL,
                                                 &text, &size, err) != CFK_OK)
        return cli_fail(err);
    found->pem = text;
    status = cfbundle_print_json(found);
    cfk_free(NULL, text);
    if (status != CLI_YES || reason == CFK_OK)
        return status;
    fprintf(stderr, "cfbundle: error: %s\n", cfbundle_words(found->why.message));
    return reason == CFK_E_LIMIT ? CLI_TROUBLE : CLI_NO;
}

static int answer(struct request *req, cfk_bundle_result *result, struct cfk_error *err)
{
    struct cfbundle_found found = { .result = result,
                                    .platforms = req->ranking.platforms,
                                    .time = req->time,
                                    .reordered = req->sources.reordered };
    int reason = cfk_bundle_reason(result, &found.why);
    int status;

    cfbundle_show(result);
    if (req->explain)
        cfbundle_explain(&found);
    cfbundle_warnings(&found, warn, NULL);
    if (cfbundle_fetch_end(&req->fetch, result, err) != CFK_OK)
        return cli_fail(err);
    if (reason == CFK_OK && (!cli_json() || req->output != NULL) &&
        write_chains(req, result, err) != CFK_OK)
        return cli_fail(err);
    if (cli_json())
        return answer_json(req, &found, err);
    if (reason == CFK_OK)
        return CLI_YES;
    status = cli_fail(&found.why);
    if (reason == CFK_E_UNKNOWN_ISSUER && !req->fetch.wanted)
        cfbundle_fetch_hint(result);
    return status;
}

static int run(struct request *req)
{
    cfk_bundle_pool *pool = NULL;
    cfk_bundle_result *result = NULL;
    struct cfk_error err = { 0 };
    void *leaf = NULL;
    size_t leaf_size = 0;
    int status;
    int rc = cfk_bundle_pool_new(NULL, &pool, &err);

    if (rc == CFK_OK && req->fetch.wanted)
        rc = cfbundle_fetch_begin(&req->fetch, &err);
    if (rc == CFK_OK)
        rc = cfbundle_load(&req->sources, req->cert, &req->key, pool, &leaf, &leaf_size,
                           &err);
    if (rc == CFK_OK)
        rc = cfbundle_check_key(&req->key, leaf, leaf_size, &err);
    cfbundle_key_wipe(&req->key);
    if (rc == CFK_OK)
        rc = cfk_bundle_build(pool, leaf, leaf_size, req->time, &req->build.options,
                              &result, &err);
    if (rc == CFK_OK)
        rc = cfbundle_rank(&req->ranking, result,
                           req->all || req->explain || cli_json() || cli_verbose(), &err);
    status = rc == CFK_OK ? answer(req, result, &err) : cli_fail(&err);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    cli_input_close(&req->sources.mapped);
    cfbundle_rank_free(&req->ranking);
    cfbundle_fetch_free(&req->fetch);
    cfk_free(NULL, leaf);
    return status;
}

/* The options of ranking. CLI_YES, or what main() returns. */
static int parse_ranking(int option, struct cfbundle_ranking *ranking)
{
    switch (option) {
    case OPT_PLATFORMS: ranking->path = optarg; break;
    case OPT_ORDER:
        if (!cfbundle_order(ranking, optarg))
            return cli_usage("--order wants shortest, ubiquity, security, longest, or a "
                             "list of these, not '%s'",
                             optarg);
        break;
    case OPT_FLAVOR:
        if (!cfbundle_flavor(ranking, optarg))
            return cli_usage("--flavor wants optimal, ubiquitous or force, not '%s'",
                             optarg);
        break;
    case OPT_PREFER:
    case OPT_AVOID:
        if (!(option == OPT_PREFER ? cfbundle_prefer : cfbundle_avoid)(ranking, optarg))
            return cli_usage(
                "an anchor is named by its SHA-256, 64 digits, at most %d of "
                "them; not '%s'",
                CFBUNDLE_ANCHORS, optarg);
        break;
    case OPT_REQUIRE:
        if (!cfbundle_require(ranking, optarg))
            return cli_usage("at most %d times --require-platform", CFBUNDLE_REQUIRED);
        break;
    default: return cli_usage(NULL);
    }
    return CLI_YES;
}

/* Options of how chains are judged; those of ranking if it is none of them. */
static int parse_build(int option, struct request *req)
{
    struct cfk_bundle_options *o = &req->build.options;
    uint64_t number;

    switch (option) {
    case OPT_HOST: o->host = optarg; break;
    case OPT_EKU:
        if (!cfbundle_eku(&req->build, optarg))
            return cli_usage("--eku wants serverAuth, clientAuth, emailProtection or "
                             "any, not '%s'",
                             optarg);
        break;
    case OPT_PROFILE:
        if (!cfbundle_profile(&req->build, optarg))
            return cli_usage("--profile wants webpki, rfc5280 or lenient, not '%s'",
                             optarg);
        break;
    case OPT_CRL_IF_PRESENT: o->flags |= CFK_BUNDLE_CRL_IF_PRESENT; break;
    case OPT_ALLOW_SHA1: o->flags |= CFK_BUNDLE_ALLOW_SHA1; break;
    case OPT_EXPLICIT_POLICY: o->flags |= CFK_BUNDLE_REQUIRE_POLICY; break;
    case OPT_INHIBIT_MAPPING: o->flags |= CFK_BUNDLE_NO_MAPPING; break;
    case OPT_INHIBIT_ANY_POLICY: o->flags |= CFK_BUNDLE_NO_ANY_POLICY; break;
    case OPT_POLICY:
        if (!cfbundle_policy(&req->build, optarg))
            return cli_usage("too many of --policy");
        break;
    case OPT_MAX_DEPTH:
        if (!cli_parse_u64(optarg, 0, MAX_INTERMEDIATES, &number))
            return cli_usage("--max-depth wants a number up to %d, not '%s'",
                             MAX_INTERMEDIATES, optarg);
        o->max_length = (uint32_t)number + 2;
        break;
    case OPT_LIMIT:
        if (!cfbundle_limit(&req->build, optarg))
            return cli_usage("--limit wants NAME=N with N from 1 and a name that is in "
                             "cfbundle(1), not '%s'",
                             optarg);
        break;
    default: return parse_ranking(option, &req->ranking);
    }
    return CLI_YES;
}

/* Options of fetching; those of judging if it is none of them. */
static int parse_fetch(int option, struct request *req)
{
    struct cfbundle_fetching *f = &req->fetch;

    switch (option) {
    case OPT_FETCH: f->wanted = true; return CLI_YES;
    case OPT_FETCH_PRIVATE: f->any_address = true; break;
    case OPT_KEEP: f->keep = optarg; break;
    case OPT_FETCH_TIMEOUT:
    case OPT_FETCH_MAX_TIME: {
        uint64_t *time = option == OPT_FETCH_TIMEOUT ? &f->timeout_ns : &f->max_time_ns;

        if (!cli_parse_duration(optarg, time) || *time == 0 || *time > FETCH_TIME_MAX)
            return cli_usage("a fetch may take up to an hour, such as 500ms or 10s, not "
                             "'%s'",
                             optarg);
        break;
    }
    default: return parse_build(option, req);
    }
    f->tuned = true;
    return CLI_YES;
}

/* Options that make no sense together. CLI_YES, or what main() returns. */
static int check_together(struct request *req)
{
    struct cfk_bundle_rank_options *rank = &req->ranking.options;

    if (rank->flavor != 0 && rank->order[0] != 0)
        return cli_usage("--flavor is an order, so --order cannot be another");
    if (req->ranking.forced && (rank->order[0] != 0 || rank->prefer_count > 0 ||
                                rank->avoid_count > 0 || req->all || req->fetch.wanted))
        return cli_usage("--flavor force takes the chain of CERT as it is: --order, "
                         "--prefer-anchor, --avoid-anchor, --all and --fetch choose "
                         "between chains");
    if (req->fetch.tuned && !req->fetch.wanted)
        return cli_usage("--fetch-private, --fetch-timeout, --fetch-max-time and --keep "
                         "are for --fetch");
    if (req->ranking.forced)
        req->build.options.flags |= CFK_BUNDLE_FORCE;
    if (req->all || rank->require_count > 0)
        req->fetch.options.flags |= CFK_BUNDLE_FETCH_ALL;
    if (req->fetch.wanted)
        req->build.options.fetch = &req->fetch.options;
    if (req->fetch.keep != NULL && access(req->fetch.keep, F_OK) == 0 &&
        !cfbundle_add_source(&req->sources, req->fetch.keep, CFK_BUNDLE_POOL))
        return cli_usage("at most %d times --roots and --intermediates",
                         CFBUNDLE_SOURCES);
    return CLI_YES;
}

static int parse(int argc, char **argv, struct request *req)
{
    int c;

    while ((c = cli_option(argc, argv)) != -1)
        switch (c) {
        case OPT_ROOTS:
        case OPT_INTERMEDIATES:
            if (!cfbundle_add_source(&req->sources, optarg,
                                     c == OPT_ROOTS ? CFK_BUNDLE_ROOT : CFK_BUNDLE_POOL))
                return cli_usage("at most %d times --roots and --intermediates",
                                 CFBUNDLE_SOURCES);
            break;
        case OPT_INDEX: req->sources.index = optarg; break;
        case OPT_TIME:
            if (!cli_parse_time(optarg, &req->time))
                return cli_usage("--time wants RFC 3339 or UNIX seconds, not '%s'",
                                 optarg);
            break;
        case OPT_KEY: req->key.path = optarg; break;
        case OPT_PASS_FD:
            if (!cli_passphrase_fd(&req->key.passphrases, optarg))
                return cli_usage("--pass-fd wants an open descriptor, not '%s'", optarg);
            break;
        case OPT_CRL:
            if (!cfbundle_add_crl(&req->sources, optarg))
                return cli_usage("at most %d times --crl", CFBUNDLE_CRLS);
            break;
        case OPT_WITH_ROOT: req->pem_flags |= CFK_BUNDLE_WITH_ROOT; break;
        case OPT_ALL: req->all = true; break;
        case OPT_EXPLAIN: req->explain = true; break;
        case 'o': req->output = optarg; break;
        case 'f': req->output_flags |= CLI_OUTPUT_REPLACE; break;
        default:
            if (parse_fetch(c, req) != CLI_YES)
                return CLI_TROUBLE;
        }
    if (optind + 1 != argc)
        return cli_usage(optind == argc ? "which certificate?"
                                        : "one certificate at a time");
    req->cert = argv[optind];
    return cfbundle_key_usable(&req->key, req->cert) ? check_together(req) : CLI_TROUBLE;
}

int main(int argc, char **argv)
{
    static struct request req;
    int status;

    if (argc > 1 && strcmp(argv[1], "index") == 0)
        return cfbundle_index(argc - 1, argv + 1);
    cli_start(&tool);
    req.time = (int64_t)time(NULL);
    req.build.options.size = sizeof req.build.options;
    req.build.fetch = &req.fetch.options;
    cfbundle_fetch_init(&req.fetch);
    status = parse(argc, argv, &req);
    if (status != CLI_YES)
        return status;
    return cli_finish(run(&req));
}
