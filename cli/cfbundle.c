/* SPDX-License-Identifier: MIT */
/* cfbundle: the best chain from a certificate to a trusted root. */
#include "cfbundle_explain.h"
#include "cfbundle_index.h"
#include "cfbundle_json.h"
#include "cfbundle_pool.h"
#include "cfbundle_rank.h"
#include "common/cli.h"
#include "common/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

    MAX_INTERMEDIATES = 253,
};

static const char help[] =
    "Usage: cfbundle [OPTION]... CERT\n"
    "       cfbundle index [--no-signatures] -o INDEX [OPTION]...\n"
    "Find every chain from the first certificate in CERT (PEM, DER or PKCS #7; - is\n"
    "standard input) to a trusted root, and print the best as PEM: the certificate,\n"
    "then its intermediates, the root left out. Further certificates in CERT may be\n"
    "used as intermediates. Better are fewer certificates, then a root that more\n"
    "platforms trust, stronger steps, and what stays valid longer.\n"
    "\n"
    "      --roots FILE|DIR          trusted roots, instead of the system's; repeatable\n"
    "      --intermediates FILE|DIR  more certificates to build from; repeatable\n"
    "      --index INDEX             both, from a file that 'cfbundle index' wrote\n"
    "      --time TIME               judge at this time (RFC 3339 or UNIX seconds), not "
    "now\n"
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
    "      --max-depth N             at most N intermediates (default 10)\n"
    "      --order LIST              rank by these, of shortest,ubiquity,security,"
    "longest\n"
    "      --flavor NAME             rank as cfssl does: optimal or ubiquitous\n"
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
    struct cfk_bundle_options build;
    struct cfbundle_ranking ranking;
};

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

static void show(cfk_bundle_result *result)
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

static void warn(const cfk_bundle_result *result)
{
    struct cfk_bundle_chain_info best = { .size = sizeof best };

    cfk_bundle_chain(result, 0, &best, NULL);
    for (size_t i = 0; i < CFBUNDLE_WARNINGS; i++)
        if ((best.warnings & cfbundle_warnings[i].bit) != 0) /* no root is everywhere */
            (cfbundle_warnings[i].bit == CFK_BUNDLE_WARN_UBIQUITY
                 ? cli_detail
                 : cli_warn)("the best chain: %s", cfbundle_warnings[i].words);
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

static int answer_json(const struct request *req, cfk_bundle_result *result,
                       const struct cfk_error *why, struct cfk_error *err)
{
    char *text = NULL;
    size_t size;
    int status;

    if (why->code == CFK_OK && cfk_bundle_write_pem(result, 0, req->pem_flags, NULL,
                                                    &text, &size, err) != CFK_OK)
        return cli_fail(err);
    status = cfbundle_print_json(result, req->ranking.platforms, text, why);
    cfk_free(NULL, text);
    if (status != CLI_YES || why->code == CFK_OK)
        return status;
    fprintf(stderr, "cfbundle: error: %s\n", why->message);
    return why->code == CFK_E_LIMIT ? CLI_TROUBLE : CLI_NO;
}

static int answer(const struct request *req, cfk_bundle_result *result,
                  struct cfk_error *err)
{
    struct cfk_error why = { 0 };
    int reason = cfk_bundle_reason(result, &why);

    show(result);
    if (req->explain)
        cfbundle_explain(result, req->ranking.platforms, req->time);
    if (reason == CFK_OK) {
        warn(result);
        if ((!cli_json() || req->output != NULL) &&
            write_chains(req, result, err) != CFK_OK)
            return cli_fail(err);
    }
    if (cli_json())
        return answer_json(req, result, &why, err);
    return reason == CFK_OK ? CLI_YES : cli_fail(&why);
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

    if (rc == CFK_OK)
        rc = cfbundle_load(&req->sources, req->cert, pool, &leaf, &leaf_size, &err);
    if (rc == CFK_OK)
        rc = cfk_bundle_build(pool, leaf, leaf_size, req->time, &req->build, &result,
                              &err);
    if (rc == CFK_OK)
        rc = cfbundle_rank(&req->ranking, result,
                           req->all || req->explain || cli_json() || cli_verbose(), &err);
    status = rc == CFK_OK ? answer(req, result, &err) : cli_fail(&err);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    cli_input_close(&req->sources.mapped);
    cfbundle_rank_free(&req->ranking);
    cfk_free(NULL, leaf);
    return status;
}

static bool parse_eku(const char *text, uint32_t *eku)
{
    static const char *const names[] = {
        [CFK_BUNDLE_EKU_SERVER_AUTH] = "serverAuth",
        [CFK_BUNDLE_EKU_CLIENT_AUTH] = "clientAuth",
        [CFK_BUNDLE_EKU_EMAIL_PROTECTION] = "emailProtection",
        [CFK_BUNDLE_EKU_ANY] = "any",
    };

    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *eku = i;
            return true;
        }
    return false;
}

static bool parse_profile(const char *text, uint32_t *profile)
{
    static const char *const names[] = {
        [CFK_BUNDLE_PROFILE_DEFAULT] = "default",
        [CFK_BUNDLE_PROFILE_LENIENT] = "lenient",
        [CFK_BUNDLE_PROFILE_RFC5280] = "rfc5280",
        [CFK_BUNDLE_PROFILE_WEBPKI] = "webpki",
    };

    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *profile = i;
            return true;
        }
    return false;
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
            return cli_usage("--flavor wants optimal or ubiquitous, not '%s'", optarg);
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

static int parse(int argc, char **argv, struct request *req)
{
    uint64_t number;
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
        case OPT_HOST: req->build.host = optarg; break;
        case OPT_EKU:
            if (!parse_eku(optarg, &req->build.eku))
                return cli_usage("--eku wants serverAuth, clientAuth, emailProtection or "
                                 "any, not '%s'",
                                 optarg);
            break;
        case OPT_PROFILE:
            if (!parse_profile(optarg, &req->build.profile))
                return cli_usage("--profile wants webpki, rfc5280 or lenient, not '%s'",
                                 optarg);
            break;
        case OPT_CRL:
            if (!cfbundle_add_crl(&req->sources, optarg))
                return cli_usage("at most %d times --crl", CFBUNDLE_CRLS);
            break;
        case OPT_CRL_IF_PRESENT: req->build.flags |= CFK_BUNDLE_CRL_IF_PRESENT; break;
        case OPT_MAX_DEPTH:
            if (!cli_parse_u64(optarg, 0, MAX_INTERMEDIATES, &number))
                return cli_usage("--max-depth wants a number up to %d, not '%s'",
                                 MAX_INTERMEDIATES, optarg);
            req->build.max_length = (uint32_t)number + 2;
            break;
        case OPT_WITH_ROOT: req->pem_flags |= CFK_BUNDLE_WITH_ROOT; break;
        case OPT_ALL: req->all = true; break;
        case OPT_EXPLAIN: req->explain = true; break;
        case 'o': req->output = optarg; break;
        case 'f': req->output_flags |= CLI_OUTPUT_REPLACE; break;
        default:
            if (parse_ranking(c, &req->ranking) != CLI_YES)
                return CLI_TROUBLE;
        }
    if (req->ranking.options.flavor != 0 && req->ranking.options.order[0] != 0)
        return cli_usage("--flavor is an order, so --order cannot be another");
    if (optind + 1 != argc)
        return cli_usage(optind == argc ? "which certificate?"
                                        : "one certificate at a time");
    req->cert = argv[optind];
    return CLI_YES;
}

int main(int argc, char **argv)
{
    static struct request req;
    int status;

    if (argc > 1 && strcmp(argv[1], "index") == 0)
        return cfbundle_index(argc - 1, argv + 1);
    cli_start(&tool);
    req.time = (int64_t)time(NULL);
    req.build.size = sizeof req.build;
    status = parse(argc, argv, &req);
    if (status != CLI_YES)
        return status;
    return cli_finish(run(&req));
}
