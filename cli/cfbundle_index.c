/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* realpath */

#include "cfbundle_index.h"

#include "cfbundle_pool.h"
#include "common/cli.h"
#include "common/output.h"
#include "common/progress.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    OPT_ROOTS = CLI_OPT_OWN,
    OPT_INTERMEDIATES,
    OPT_NO_SIGNATURES,

    AT_A_TIME = 64, /* signatures between two looks at the progress */
};

#define MAX_INDEX (UINT64_C(32) << 30)

static const char help[] =
    "Usage: cfbundle index -o INDEX [OPTION]...\n"
    "Write roots and intermediates into one file that --index maps: certificates, a\n"
    "table of their names, and which signatures among them hold. Keep it where only\n"
    "those can write who may choose what is trusted.\n"
    "\n"
    "  -o, --output INDEX            the file to write\n"
    "  -f, --force                   replace it if it exists\n"
    "      --roots FILE|DIR          trusted roots, instead of the system's; repeatable\n"
    "      --intermediates FILE|DIR  more certificates to build from; repeatable\n"
    "      --no-signatures           leave checking signatures to those who use it\n"
    "      --json                    print one object that says what is in it\n"
    "  -q, --quiet                   no warnings\n"
    "  -v, --verbose                 say what was found\n"
    "      --color WHEN              auto, always or never\n"
    "      --no-progress             no progress on a terminal\n"
    "  -h, --help                    print this\n"
    "  -V, --version                 print the version\n"
    "\n"
    "Example: once a day the index, then bundles from it in a millisecond\n"
    "  cfbundle index -f -o pool.cfpool --intermediates /etc/ssl/intermediates\n"
    "  cfbundle --index pool.cfpool example.com.pem\n";

static const struct option longs[] = {
    { "output", required_argument, NULL, 'o' },
    { "force", no_argument, NULL, 'f' },
    { "roots", required_argument, NULL, OPT_ROOTS },
    { "intermediates", required_argument, NULL, OPT_INTERMEDIATES },
    { "no-signatures", no_argument, NULL, OPT_NO_SIGNATURES },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cfbundle", help, "o:f" CLI_COMMON_SHORTS, longs };

struct job {
    struct cfbundle_sources sources;
    const char *output;
    unsigned output_flags;
    bool no_signatures;
};

/* --- where it is from: the paths of its sources, each with a NUL behind it --- */

static int no_memory(struct cfk_error *err)
{
    snprintf(err->message, sizeof err->message, "no memory for an index");
    return err->code = CFK_E_NOMEM;
}

static int write_note(const struct cfbundle_sources *sources, char **note, size_t *size,
                      struct cfk_error *err)
{
    *size = 0;
    *note = malloc(sources->count * PATH_MAX + 1);
    if (*note == NULL)
        return no_memory(err);
    for (size_t i = 0; i < sources->count; i++)
        if (realpath(sources->certs[i].path, *note + *size) != NULL)
            *size += strlen(*note + *size) + 1;
    return CFK_OK;
}

static bool is_newer(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec
               ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
               : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

static void warn_if_stale(const char *path, const struct cli_input *in)
{
    struct cfk_bundle_index_info info = { .size = sizeof info };
    struct stat own;
    struct stat theirs;
    const char *note;

    if (cli_quiet() || stat(path, &own) != 0 ||
        cfk_bundle_index_describe(in->data, in->size, &info, NULL) != CFK_OK)
        return;
    note = info.note;
    while (info.note_size > 0) {
        size_t size = strnlen(note, info.note_size);

        if (size == info.note_size)
            return;
        if (stat(note, &theirs) == 0 && is_newer(&theirs, &own))
            cli_warn("%s is older than %s, which it was made of; make it anew", path,
                     note);
        note += size + 1;
        info.note_size -= size + 1;
    }
}

int cfbundle_index_open(const char *path, cfk_bundle_pool *pool, struct cli_input *in,
                        struct cfk_error *err)
{
    int rc = cli_input_open(in, path, MAX_INDEX, 0, err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk_bundle_pool_add_index(pool, in->data, in->size, err);
    if (rc == CFK_OK)
        warn_if_stale(path, in);
    return rc;
}

/* --- cfbundle index --- */

static int check_signatures(cfk_bundle_pool *pool, struct cfk_error *err)
{
    struct cli_progress progress;
    uint64_t total = 0;
    uint64_t done;
    int rc;

    cli_progress_start(&progress, "signatures", 0);
    do {
        rc = cfk_bundle_index_verify(pool, AT_A_TIME, &done, err);
        total += done;
        cli_progress_update(&progress, total);
    } while (rc == CFK_OK && done > 0);
    cli_progress_end(&progress);
    return rc;
}

static int print(const void *data, size_t size)
{
    struct cfk_bundle_index_info info = { .size = sizeof info };
    char digest[2 * sizeof info.sha256 + 1];

    cfk_bundle_index_describe(data, size, &info, NULL);
    for (size_t i = 0; i < sizeof info.sha256; i++)
        snprintf(digest + 2 * i, 3, "%02x", info.sha256[i]);
    cli_detail("%" PRIu32 " certificates, %" PRIu32 " roots among them, %" PRIu32
               " names, %" PRIu32 " keys, %" PRIu64 " signatures, %zu bytes",
               info.certs, info.roots, info.names, info.keys, info.signatures, size);
    if (!cli_json())
        return CLI_YES;
    return cli_print_json(json_pack(
        "{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "schema", 1, "certs",
        (json_int_t)info.certs, "roots", (json_int_t)info.roots, "names",
        (json_int_t)info.names, "keys", (json_int_t)info.keys, "signatures",
        (json_int_t)info.signatures, "size", (json_int_t)size, "sha256", digest));
}

static int make(const struct job *job, cfk_bundle_pool *pool, struct cfk_error *err)
{
    struct cfk_bundle_index_options opts = { .size = sizeof opts };
    void *data = NULL;
    char *note = NULL;
    size_t size = 0;
    int status = CLI_TROUBLE;
    int rc = write_note(&job->sources, &note, &opts.note_size, err);

    if (rc == CFK_OK && !job->no_signatures)
        rc = check_signatures(pool, err);
    opts.note = note;
    if (rc == CFK_OK)
        rc = cfk_bundle_index_write(pool, &opts, &data, &size, err);
    if (rc == CFK_OK)
        rc = cli_output_whole(job->output, job->output_flags, data, size, err);
    status = rc == CFK_OK ? print(data, size) : cli_fail(err);
    cfk_free(NULL, data);
    free(note);
    return status;
}

static int run(struct job *job)
{
    cfk_bundle_pool *pool = NULL;
    struct cfk_error err = { 0 };
    int status;
    int rc = cfk_bundle_pool_new(NULL, &pool, &err);

    if (rc == CFK_OK)
        rc = cfbundle_load_sources(&job->sources, pool, &err);
    status = rc == CFK_OK ? make(job, pool, &err) : cli_fail(&err);
    cfk_bundle_pool_free(pool);
    return status;
}

static int parse(int argc, char **argv, struct job *job)
{
    int c;

    while ((c = cli_option(argc, argv)) != -1)
        switch (c) {
        case 'o': job->output = optarg; break;
        case 'f': job->output_flags |= CLI_OUTPUT_REPLACE; break;
        case OPT_ROOTS:
        case OPT_INTERMEDIATES:
            if (!cfbundle_add_source(&job->sources, optarg,
                                     c == OPT_ROOTS ? CFK_BUNDLE_ROOT : CFK_BUNDLE_POOL))
                return cli_usage("at most %d times --roots and --intermediates",
                                 CFBUNDLE_SOURCES);
            break;
        case OPT_NO_SIGNATURES: job->no_signatures = true; break;
        default: return cli_usage(NULL);
        }
    if (optind != argc)
        return cli_usage("an index is made of --roots and --intermediates, not of '%s'",
                         argv[optind]);
    if (job->output == NULL)
        return cli_usage("which file is to be written? -o names it");
    if (cli_json() && strcmp(job->output, "-") == 0)
        return cli_usage("--json and the index cannot both go to standard output");
    return CLI_YES;
}

int cfbundle_index(int argc, char **argv)
{
    static struct job job = { .output_flags = CLI_OUTPUT_BINARY };
    int status;

    cli_start(&tool);
    status = parse(argc, argv, &job);
    return status == CLI_YES ? cli_finish(run(&job)) : status;
}
