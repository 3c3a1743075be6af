/* SPDX-License-Identifier: MIT */
/* cfdelta: patches between two versions of a file. */
#include "cfdelta_json.h"
#include "cfdelta_pick.h"
#include "common/cli.h"
#include "common/input.h"
#include "common/output.h"
#include "common/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_FORMAT = CLI_OPT_OWN, OPT_MAX_OUTPUT };

static const char help[] =
    "Usage: cfdelta encode [-1..-9] [--format dcz|zstd|cfd|vcdiff] OLD NEW [-o PATCH]\n"
    "       cfdelta decode [--max-output N] OLD PATCH [-o NEW]\n"
    "       cfdelta info [--json] PATCH\n"
    "       cfdelta verify [--max-output N] OLD PATCH\n"
    "       cfdelta pick [--json] NEW CANDIDATE...\n"
    "\n"
    "Makes a patch that holds what NEW has and OLD has not, and makes NEW out of OLD\n"
    "and the patch. One of the files may be - for standard input.\n"
    "\n"
    "  encode   every patch is decoded and compared with NEW before it is written\n"
    "  decode   the format is recognised from the patch\n"
    "  info     what a patch tells of itself without OLD\n"
    "  verify   decode, and keep nothing: exit 0 when PATCH is whole and fits OLD\n"
    "  pick     rank the candidates as OLD for NEW, best first: bytes of a quick patch\n"
    "           (-: not tried), similarity of 16, name; the four most alike are tried\n"
    "\n"
    "  -1 .. -9              fastest to smallest (default -5)\n"
    "      --format FORMAT   dcz (the default): RFC 9842, names OLD by its SHA-256, for\n"
    "                        browsers and zstd --patch-from; at most 8 MiB or 1.25 "
    "times\n"
    "                        OLD, and 128 MiB. zstd: the bare frame, up to 2 GiB; 40\n"
    "                        bytes less, but a wrong OLD looks like a damaged patch.\n"
    "                        cfd: our own, smallest and slower, checks both files.\n"
    "                        vcdiff: RFC 3284, for xdelta3 and its kin, and any size\n"
    "      --max-output N    refuse to make a NEW of more than N bytes (K, M, G; "
    "default\n"
    "                        4G)\n"
    "  -o, --output FILE     write there instead of to standard output\n"
    "  -f, --force           replace FILE if it exists\n"
    "      --json            facts as JSON; for encode and decode with -o FILE only\n"
    "  -q, --quiet           no hints, warnings and notes\n"
    "  -v, --verbose         say more\n"
    "      --color WHEN      always, auto or never\n"
    "      --no-progress     no progress on a terminal\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n"
    "\n"
    "Exit status: 0 done; 1 the patch was made against another OLD; 2 trouble: a "
    "damaged\n"
    "patch, a limit, a file that cannot be read or written, or wrong usage.\n"
    "\n"
    "Example:\n"
    "  seq 1000 >old; seq 3 1002 >new\n"
    "  cfdelta encode old new -o patch && cfdelta decode old patch | cmp - new\n";

static const struct option longs[] = {
    { "format", required_argument, NULL, OPT_FORMAT },
    { "max-output", required_argument, NULL, OPT_MAX_OUTPUT },
    { "output", required_argument, NULL, 'o' },
    { "force", no_argument, NULL, 'f' },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = {
    "cfdelta",
    help,
    "123456789o:f" CLI_COMMON_SHORTS,
    longs,
};

/* Most bytes taken from a pipe, and the default of --max-output. */
static const uint64_t four_gib = UINT64_C(1) << 32;

/* As much as libzstd takes: a patch of ours may need all of it. */
static const uint64_t window_max = UINT64_C(1) << 31;

enum { PIECE_SIZE = 1 << 20 };

struct job {
    const char *output; /* NULL: standard output */
    unsigned output_flags;
    uint32_t format;
    uint32_t level;
    uint64_t max_output;
    const char *files[2];
    char **words; /* all files, for pick */
    int word_count;
};

/* What both directions begin with: two inputs, the first of them made a reference. */
struct inputs {
    struct cli_input old;
    struct cli_input other;
    cfk_delta_ref *ref;
};

static int open_inputs(struct inputs *in, const struct job *job, struct cfk_error *err)
{
    int rc;

    *in = (struct inputs){ 0 };
    rc = cli_input_open(&in->old, job->files[0], four_gib, CLI_INPUT_LARGE, err);
    if (rc == CFK_OK)
        rc = cli_input_open(&in->other, job->files[1], four_gib,
                            CLI_INPUT_BINARY | CLI_INPUT_LARGE, err);
    if (rc == CFK_OK)
        rc = cfk_delta_ref_new(in->old.data, in->old.size, NULL, &in->ref, err);
    return rc;
}

static void close_inputs(struct inputs *in)
{
    cfk_delta_ref_free(in->ref);
    cli_input_close(&in->other);
    cli_input_close(&in->old);
}

/* How much smaller a patch is than what it stands for; 0 for an empty new version. */
static double ratio(uint64_t patch_size, uint64_t new_size)
{
    return new_size > 0 ? (double)patch_size / (double)new_size : 0;
}

static int print_encoded(const struct job *job, const struct inputs *in,
                         const void *patch, size_t patch_size)
{
    if (!cli_json()) {
        cli_detail("%zu bytes for %zu (%.2f %%), %s, level %" PRIu32, patch_size,
                   in->other.size, 100 * ratio(patch_size, in->other.size),
                   cfk_delta_format_name(job->format), job->level);
        return CLI_YES;
    }
    return cli_print_json(json_pack(
        "{ss si so so so sf}", "format", cfk_delta_format_name(job->format), "level",
        (int)job->level, "old", json_file(in->old.data, in->old.size), "new",
        json_file(in->other.data, in->other.size), "patch", json_file(patch, patch_size),
        "ratio", ratio(patch_size, in->other.size)));
}

static int encode(const struct job *job)
{
    struct cfk_delta_encode_options opts = {
        .size = sizeof opts,
        .format = job->format,
        .level = job->level,
    };
    struct cli_output out = { 0 };
    struct cfk_error err = { 0 };
    struct inputs in;
    void *patch = NULL;
    size_t patch_size;
    int status;
    int rc = open_inputs(&in, job, &err);

    if (rc == CFK_OK)
        rc = cli_output_open(&out, job->output, job->output_flags, &err);
    if (rc == CFK_OK)
        rc = cfk_delta_encode(in.ref, in.other.data, in.other.size, &opts, &patch,
                              &patch_size, &err);
    if (rc == CFK_OK)
        rc = cli_output_write(&out, patch, patch_size, &err);
    if (rc == CFK_OK)
        rc = cli_output_commit(&out, &err);
    status = rc == CFK_OK ? print_encoded(job, &in, patch, patch_size) : cli_fail(&err);
    if (rc == CFK_E_LIMIT && job->format == CFK_DELTA_DCZ)
        cli_hint("--format zstd has room for 2 GiB, vcdiff for more");
    cli_output_abort(&out);
    cfk_free(NULL, patch);
    close_inputs(&in);
    return status;
}

/* The whole patch through a decoder; out NULL: to nowhere. *size is that of NEW. */
static int decode_pieces(cfk_delta_decoder *decoder, const struct cli_input *patch,
                         uint8_t *piece, struct cli_output *out, uint64_t *size,
                         struct cfk_error *err)
{
    struct cli_progress progress;
    size_t at = 0;
    size_t given = 0;
    int rc = CFK_OK;

    *size = 0;
    cli_progress_start(&progress, out == NULL ? "verifying" : "decoding", patch->size);
    while (rc == CFK_OK && (at < patch->size || given == PIECE_SIZE)) {
        size_t used;

        rc = cfk_delta_decoder_update(decoder, patch->data + at, patch->size - at, &used,
                                      piece, PIECE_SIZE, &given, err);
        if (rc == CFK_OK && out != NULL)
            rc = cli_output_write(out, piece, given, err);
        at += used;
        *size += given;
        cli_progress_update(&progress, at);
    }
    cli_progress_end(&progress);
    return rc == CFK_OK ? cfk_delta_decoder_finish(decoder, err) : rc;
}

/*
 * Whether a vcdiff patch may copy from all of NEW that was made before, which a
 * decoder in pieces does not keep.
 */
static bool copies_from_output(const struct cli_input *patch)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };

    return cfk_delta_info(patch->data, patch->size, &info, NULL) == CFK_OK &&
           info.format == CFK_DELTA_VCDIFF && info.window == info.new_size;
}

static int decode_whole(const struct inputs *in,
                        const struct cfk_delta_decode_options *opts,
                        struct cli_output *out, uint64_t *size, struct cfk_error *err)
{
    void *data;
    size_t data_size;
    int rc = cfk_delta_decode(in->ref, in->other.data, in->other.size, opts, &data,
                              &data_size, err);

    if (rc == CFK_OK && out != NULL)
        rc = cli_output_write(out, data, data_size, err);
    cfk_free(NULL, data);
    *size = data_size;
    return rc;
}

static int decode_to(const struct job *job, const struct inputs *in,
                     struct cli_output *out, uint64_t *size, struct cfk_error *err)
{
    struct cfk_delta_decode_options opts = {
        .size = sizeof opts,
        .max_output = job->max_output,
        .max_window = window_max,
    };
    cfk_delta_decoder *decoder;
    uint8_t *piece;
    int rc;

    if (copies_from_output(&in->other))
        return decode_whole(in, &opts, out, size, err);
    piece = malloc(PIECE_SIZE);
    if (piece == NULL) {
        *err = (struct cfk_error){ CFK_E_NOMEM, .message = "no memory for a buffer" };
        return CFK_E_NOMEM;
    }
    rc = cfk_delta_decoder_new(in->ref, &opts, &decoder, err);
    if (rc == CFK_OK)
        rc = decode_pieces(decoder, &in->other, piece, out, size, err);
    cfk_delta_decoder_free(decoder);
    free(piece);
    return rc;
}

static int print_decoded(const struct inputs *in, uint64_t size)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };
    struct cfk_error err = { 0 };

    if (cfk_delta_info(in->other.data, in->other.size, &info, &err) != CFK_OK)
        return cli_fail(&err);
    if (!info.has_checksum)
        cli_warn("the patch has no checksum: damage to it%s would not show",
                 info.has_reference ? "" : " or a wrong OLD");
    if (!cli_json()) {
        cli_detail("%" PRIu64 " bytes out of a patch of %zu, %s", size, in->other.size,
                   cfk_delta_format_name(info.format));
        return CLI_YES;
    }
    return cli_print_json(json_pack(
        "{ss so s{so} so sb}", "format", cfk_delta_format_name(info.format), "old",
        json_file(in->old.data, in->old.size), "new", "size", json_size(size), "patch",
        json_file(in->other.data, in->other.size), "checksum", (int)info.has_checksum));
}

/*
 * What goes straight to a pipe cannot be taken back, so the patch is decoded to
 * nowhere first.
 */
static int decode(const struct job *job)
{
    struct cli_output out = { 0 };
    struct cfk_error err = { 0 };
    struct inputs in;
    uint64_t size;
    int status;
    int rc = open_inputs(&in, job, &err);

    if (rc == CFK_OK)
        rc = cli_output_open(&out, job->output, job->output_flags, &err);
    if (rc == CFK_OK && out.target == NULL)
        rc = decode_to(job, &in, NULL, &size, &err);
    if (rc == CFK_OK)
        rc = decode_to(job, &in, &out, &size, &err);
    if (rc == CFK_OK)
        rc = cli_output_commit(&out, &err);
    status = rc == CFK_OK ? print_decoded(&in, size) : cli_fail(&err);
    cli_output_abort(&out);
    close_inputs(&in);
    return status;
}

static int verify(const struct job *job)
{
    struct cfk_error err = { 0 };
    struct inputs in;
    uint64_t size;
    int status;
    int rc = open_inputs(&in, job, &err);

    if (rc == CFK_OK)
        rc = decode_to(job, &in, NULL, &size, &err);
    status = rc == CFK_OK ? print_decoded(&in, size) : cli_fail(&err);
    close_inputs(&in);
    return status;
}

static int print_info(const struct cfk_delta_patch_info *info)
{
    printf("format     %s\n", cfk_delta_format_name(info->format));
    printf("patch      %" PRIu64 " bytes\n", info->patch_size);
    if (info->new_size_known)
        printf("new        %" PRIu64 " bytes\n", info->new_size);
    else
        printf("new        of unknown size\n");
    if (info->has_reference) {
        printf("reference  ");
        for (size_t i = 0; i < sizeof info->reference; i++)
            printf("%02x", info->reference[i]);
        printf("\n");
    } else if (info->reference_bytes > 0) {
        printf("reference  ");
        for (size_t i = 0; i < info->reference_bytes; i++)
            printf("%02x", info->reference[i]);
        printf("...\n");
    } else {
        printf("reference  not named\n");
    }
    printf("window     %" PRIu64 " bytes\n", info->window);
    printf("memory     about %" PRIu64 " bytes\n", info->memory);
    printf("checksum   %s\n", info->has_checksum ? "yes" : "no");
    return CLI_YES;
}

static int info(const struct job *job)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };
    struct cfk_error err = { 0 };
    struct cli_input patch;
    int status;
    int rc = cli_input_open(&patch, job->files[0], four_gib,
                            CLI_INPUT_BINARY | CLI_INPUT_LARGE, &err);

    if (rc != CFK_OK)
        return cli_fail(&err);
    rc = cfk_delta_info(patch.data, patch.size, &info, &err);
    if (rc != CFK_OK)
        status = cli_fail(&err);
    else if (!cli_json())
        status = print_info(&info);
    else
        status = cli_print_json(json_pack(
            "{ss so so so so so so sb}", "format", cfk_delta_format_name(info.format),
            "patch_size", json_size(info.patch_size), "new_size",
            info.new_size_known ? json_size(info.new_size) : json_null(),
            "reference_sha256",
            info.has_reference ? json_digest(info.reference) : json_null(),
            "reference_prefix", json_prefix(info.reference, info.reference_bytes),
            "window", json_size(info.window), "memory", json_size(info.memory),
            "checksum", (int)info.has_checksum));
    cli_input_close(&patch);
    return status;
}

static int pick(const struct job *job)
{
    return pick_candidates(job->words[0], (size_t)job->word_count - 1, job->words + 1);
}

enum { MANY = -1 }; /* two files or more */

/* The verbs, how many files each takes, and the options it alone understands. */
static const struct verb {
    const char *name;
    int (*run)(const struct job *job);
    int files;
    bool encodes;
    bool decodes;
    bool writes;
} verbs[] = {
    { "encode", encode, 2, true, false, true },
    { "decode", decode, 2, false, true, true },
    { "info", info, 1, false, false, false },
    { "verify", verify, 2, false, true, false },
    { "pick", pick, MANY, false, false, false },
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static int run(struct job *job, int count, char **words)
{
    const struct verb *verb = count > 0 ? find_verb(words[0]) : NULL;

    if (count == 0)
        return cli_usage("what to do? encode, decode, info, verify or pick");
    if (verb == NULL)
        return cli_usage("'%s' is none of encode, decode, info, verify and pick",
                         words[0]);
    if (verb->files == MANY && count < 3)
        return cli_usage("%s takes NEW and at least one candidate", verb->name);
    if (verb->files != MANY && count - 1 != verb->files)
        return cli_usage("%s takes %s, not %d", verb->name,
                         verb->files == 1 ? "one file" : "two files", count - 1);
    if (!verb->encodes && (job->level != 0 || job->format != 0))
        return cli_usage("%s takes neither a level nor a format", verb->name);
    if (!verb->decodes && job->max_output != 0)
        return cli_usage("%s takes no --max-output", verb->name);
    if (!verb->writes && (job->output != NULL || job->output_flags != CLI_OUTPUT_BINARY))
        return cli_usage("%s writes no file", verb->name);
    if (verb->writes && cli_json() &&
        (job->output == NULL || strcmp(job->output, "-") == 0))
        return cli_usage("--json needs -o FILE: standard output has the %s",
                         verb->encodes ? "patch" : "new version");
    job->words = words + 1;
    job->word_count = count - 1;
    for (int i = 0; i < verb->files; i++)
        job->files[i] = words[1 + i];
    if (verb->files == 2 && strcmp(words[1], "-") == 0 && strcmp(words[2], "-") == 0)
        return cli_usage("only one of the files can be standard input");
    if (job->level == 0)
        job->level = CFK_DELTA_LEVEL_DEFAULT;
    if (job->format == 0)
        job->format = CFK_DELTA_DCZ;
    if (job->max_output == 0)
        job->max_output = four_gib;
    return verb->run(job);
}

static bool parse_format(const char *name, uint32_t *format)
{
    for (uint32_t f = CFK_DELTA_DCZ; f <= CFK_DELTA_VCDIFF; f++) {
        const char *known = cfk_delta_format_name(f);

        if (known != NULL && strcmp(name, known) == 0) {
            *format = f;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct job job = { .output_flags = CLI_OUTPUT_BINARY };
    int c;

    cli_start(&tool);
    while ((c = cli_option(argc, argv)) != -1) {
        switch (c) {
        case 'o': job.output = optarg; break;
        case 'f': job.output_flags |= CLI_OUTPUT_REPLACE; break;
        case OPT_FORMAT:
            if (!parse_format(optarg, &job.format))
                return cli_usage("--format wants dcz, zstd, cfd or vcdiff, not '%s'",
                                 optarg);
            break;
        case OPT_MAX_OUTPUT:
            if (!cli_parse_size(optarg, &job.max_output) || job.max_output == 0)
                return cli_usage("--max-output wants a number of bytes, not '%s'",
                                 optarg);
            break;
        default:
            if (c < '1' || c > '9')
                return cli_usage(NULL);
            job.level = (uint32_t)(c - '0');
        }
    }
    return cli_finish(run(&job, argc - optind, argv + optind));
}
