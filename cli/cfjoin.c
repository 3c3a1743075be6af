/* SPDX-License-Identifier: MIT */
/* cfjoin: a secret from enough of its shares. */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "common/cli.h"
#include "common/input.h"
#include "common/output.h"
#include "common/passphrase.h"
#include "common/private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_RAW = CLI_OPT_OWN,
    OPT_PASSPHRASE,
    OPT_PASS_FD,
    BLOCK = 65536,
    HELD_BACK = 64 << 20, /* plaintext that waits for the end of a lock file */
    RAW_LIMIT = 256 << 20,
};

static const char help[] =
    "Usage: cfjoin [OPTION]... SHARE... [FILE.cfl]\n"
    "Open a secret with enough of the shares that cfsplit wrote, and with the lock\n"
    "file where there is one. Shares and the lock file come in any order. A share\n"
    "that is mistyped, forged or of another set is named.\n"
    "\n"
    "  -o, --output FILE   write the secret there, readable by you alone (stdout)\n"
    "  -f, --force         replace FILE if it exists\n"
    "      --passphrase    shares in words: ask for their passphrase\n"
    "      --pass-fd N     the same from descriptor N, one line\n"
    "      --raw           the shares are plain Shamir bytes, unchecked\n"
    "      --json          say what was done as JSON; needs -o FILE\n"
    "  -q, --quiet         no words but errors\n"
    "  -v, --verbose       more words\n"
    "      --color WHEN    always, auto or never\n"
    "      --no-progress   no progress on the terminal\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n"
    "\n"
    "Nothing is written before all of it is authentic. To standard output that is up\n"
    "to 64 MiB; -o takes any size. Exit status: 0 done, 1 too few or wrong shares,\n"
    "2 damage or trouble.\n"
    "\n"
    "Example:\n"
    "  cfjoin alice.secret.cfs bob.secret.cfs\n";

static const struct option longs[] = {
    { "output", required_argument, NULL, 'o' },
    { "force", no_argument, NULL, 'f' },
    { "raw", no_argument, NULL, OPT_RAW },
    { "passphrase", no_argument, NULL, OPT_PASSPHRASE },
    { "pass-fd", required_argument, NULL, OPT_PASS_FD },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cfjoin", help, "o:f" CLI_COMMON_SHORTS, longs };

/* A file that begins like this is a lock file, any other a share. */
static const uint8_t lock_magic[] = { 0x89, 'C', 'F', 'L' };

struct job {
    const char *output;
    unsigned flags;
    bool raw;
    bool has_passphrase;
    struct cli_passphrase_source source;
    cfk_split_quorum *quorum;
    bool has_share;        /* in the quorum */
    cfk_words_join *words; /* the shares are in words; else NULL */
    const char *lock;      /* path of the lock file, or NULL */
    int lock_fd;
    char *head; /* its first bytes, which were read to see what it is */
    size_t head_size;
    uint64_t size; /* bytes of the secret */
};

static uint8_t block[BLOCK];

static int fail(struct cfk_error *err, int code, const char *path, const char *what)
{
    int cause = errno;

    *err = (struct cfk_error){ .code = code, .sys_errno = code == CFK_E_IO ? cause : 0 };
    snprintf(err->message, sizeof err->message, "%s: %s",
             strcmp(path, "-") == 0 ? "standard input" : path,
             code == CFK_E_IO ? strerror(cause) : what);
    return code;
}

/* Put the name of the file before what the library says about it. */
static int blame(struct cfk_error *err, const char *path)
{
    struct cfk_error said = *err;
    const char *words = said.message;

    if (strncmp(words, "split: ", 7) == 0)
        words += 7;
    snprintf(err->message, sizeof err->message, "%.80s: %.140s",
             strcmp(path, "-") == 0 ? "standard input" : path, words);
    return err->code;
}

/* Up to capacity bytes; fewer mean the end. */
static int read_some(int fd, const char *path, void *data, size_t capacity, size_t *size,
                     struct cfk_error *err)
{
    *size = 0;
    while (*size < capacity) {
        ssize_t got = read(fd, (char *)data + *size, capacity - *size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(err, CFK_E_IO, path, NULL);
        if (got == 0)
            break;
        *size += (size_t)got;
    }
    return CFK_OK;
}

/* --- shares --- */

static int keep_lock(struct job *job, const char *path, int fd, char *head, size_t size,
                     struct cfk_error *err)
{
    if (job->lock != NULL)
        return fail(err, CFK_E_INVALID, path, "a second lock file");
    job->lock = path;
    job->lock_fd = fd;
    job->head = head;
    job->head_size = size;
    return CFK_OK;
}

/* What is in words, or was mistyped so that it hardly is, is not another share. */
static bool is_in_words(const char *text, size_t size)
{
    int rc = cfk_words_check(text, size, NULL, NULL);

    return rc == CFK_OK || rc == CFK_E_SHARE;
}

static int add_words(struct job *job, const char *path, const char *text, size_t size,
                     struct cfk_error *err)
{
    int rc = CFK_OK;

    if (job->has_share)
        return fail(err, CFK_E_OTHER_SET, path, "a share in words beside other shares");
    if (job->words == NULL)
        rc = cfk_words_join_new(NULL, &job->words, err);
    return rc == CFK_OK ? cfk_words_join_add(job->words, text, size, err) : rc;
}

static int add_other(struct job *job, const char *path, const char *text, size_t size,
                     struct cfk_error *err)
{
    if (job->words != NULL)
        return fail(err, CFK_E_OTHER_SET, path, "another share beside shares in words");
    job->has_share = true;
    return cfk_split_quorum_add(job->quorum, text, size, err);
}

static int add_share(struct job *job, const char *path, const char *text, size_t size,
                     struct cfk_error *err)
{
    int rc = is_in_words(text, size) ? add_words(job, path, text, size, err)
                                     : add_other(job, path, text, size, err);

    if (rc == CFK_OK)
        return CFK_OK;
    if (strncmp(err->message, "split: ", 7) == 0)
        blame(err, path);
    if (rc != CFK_E_EXISTS)
        return rc;
    cli_warn("%s", err->message);
    return CFK_OK;
}

/* A share is added; a lock file stays open until all shares are there. */
static int take(struct job *job, const char *path, struct cfk_error *err)
{
    size_t capacity = CFK_SPLIT_MAX_SHARE_TEXT + 1;
    char *text = malloc(capacity);
    size_t size = 0;
    int fd = STDIN_FILENO;
    int rc;

    if (text == NULL)
        return fail(err, CFK_E_NOMEM, path, "no memory");
    if (strcmp(path, "-") != 0)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    rc = fd < 0 ? fail(err, CFK_E_IO, path, NULL)
                : read_some(fd, path, text, capacity, &size, err);
    if (rc == CFK_OK && size >= sizeof lock_magic &&
        memcmp(text, lock_magic, sizeof lock_magic) == 0) {
        rc = keep_lock(job, path, fd, text, size, err);
        if (rc == CFK_OK)
            return CFK_OK;
    } else if (rc == CFK_OK) {
        rc = add_share(job, path, text, size, err);
    }
    explicit_bzero(text, capacity);
    free(text);
    if (fd > STDERR_FILENO)
        close(fd);
    return rc;
}

/* --- plaintext --- */

/* What waits for the end: an output that cannot take it back gets it at once. */
struct held {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
};

/* Room for size more; realloc would leave a copy behind. */
static int grow(struct held *held, size_t size, struct cfk_error *err)
{
    size_t capacity = held->capacity > 0 ? held->capacity : BLOCK;
    uint8_t *grown;

    while (capacity - held->size < size)
        capacity *= 2;
    grown = malloc(capacity);
    if (grown == NULL)
        return fail(err, CFK_E_NOMEM, "plaintext", "no memory");
    if (held->size > 0) {
        memcpy(grown, held->data, held->size);
        explicit_bzero(held->data, held->size);
    }
    free(held->data);
    held->data = grown;
    held->capacity = capacity;
    return CFK_OK;
}

static int hold(struct held *held, const void *data, size_t size, struct cfk_error *err)
{
    int rc = CFK_OK;

    if (size > held->limit - held->size) {
        *err = (struct cfk_error){ .code = CFK_E_LIMIT };
        snprintf(
            err->message, sizeof err->message,
            "over %zu MiB would have to wait in memory until all is authentic; write "
            "to a file with -o",
            held->limit >> 20);
        return CFK_E_LIMIT;
    }
    if (size > held->capacity - held->size)
        rc = grow(held, size, err);
    if (rc != CFK_OK || size == 0)
        return rc;
    memcpy(held->data + held->size, data, size);
    held->size += size;
    return CFK_OK;
}

static void let_go(struct held *held)
{
    if (held->data != NULL)
        explicit_bzero(held->data, held->capacity);
    free(held->data);
}

/* Text goes to a terminal; anything else only if that was said. */
static bool is_text(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((data[i] < 0x20 && data[i] != '\n' && data[i] != '\t') || data[i] == 0x7f)
            return false;
    return true;
}

static int write_whole(struct job *job, const void *data, size_t size,
                       struct cfk_error *err)
{
    unsigned flags = job->flags | (is_text(data, size) ? 0 : CLI_OUTPUT_BINARY);

    job->size = size;
    return cli_output_whole(job->output, flags, data, size, err);
}

/* --- lock files --- */

/* Where plaintext goes: to out, or with out NULL to what is held. */
struct sink {
    struct cli_output *out;
    struct held held;
};

static int drain(struct sink *sink, const void *data, size_t size, struct cfk_error *err)
{
    if (sink->out != NULL)
        return cli_output_write(sink->out, data, size, err);
    return hold(&sink->held, data, size, err);
}

static int open_piece(struct job *job, cfk_split_opener *opener, const void *data,
                      size_t size, struct sink *sink, struct cfk_error *err)
{
    const uint8_t *p = data;
    const void *plain;
    size_t plain_size;
    size_t used;
    int rc = CFK_OK;

    while (size > 0 && rc == CFK_OK) {
        rc = cfk_split_opener_update(opener, p, size, &used, &plain, &plain_size, err);
        if (rc != CFK_OK)
            return blame(err, job->lock);
        p += used;
        size -= used;
        job->size += plain_size;
        rc = drain(sink, plain, plain_size, err);
    }
    return rc;
}

static int open_all(struct job *job, cfk_split_opener *opener, struct sink *sink,
                    struct cfk_error *err)
{
    const void *plain;
    size_t size;
    int rc = open_piece(job, opener, job->head, job->head_size, sink, err);

    do {
        if (rc == CFK_OK)
            rc = read_some(job->lock_fd, job->lock, block, BLOCK, &size, err);
        if (rc == CFK_OK)
            rc = open_piece(job, opener, block, size, sink, err);
    } while (rc == CFK_OK && size == BLOCK);
    if (rc != CFK_OK)
        return rc;
    rc = cfk_split_opener_finish(opener, &plain, &size, err);
    if (rc != CFK_OK)
        return blame(err, job->lock);
    job->size += size;
    return drain(sink, plain, size, err);
}

static int open_lock(struct job *job, struct cfk_error *err)
{
    cfk_split_opener *opener;
    struct cli_output out = { .fd = -1 };
    struct sink sink = { NULL, { .limit = HELD_BACK } };
    int rc = cfk_split_opener_new(job->quorum, &opener, err);

    if (rc == CFK_OK && job->output != NULL)
        rc = cli_output_open(&out, job->output, job->flags, err);
    if (out.target != NULL) /* a file that can still be taken back */
        sink.out = &out;
    if (rc == CFK_OK)
        rc = open_all(job, opener, &sink, err);
    if (rc == CFK_OK && sink.out != NULL)
        rc = cli_output_commit(&out, err);
    else if (rc == CFK_OK)
        rc = write_whole(job, sink.held.data, sink.held.size, err);
    cli_output_abort(&out);
    cfk_split_opener_free(opener);
    let_go(&sink.held);
    return rc;
}

static int open_shares(struct job *job, struct cfk_error *err)
{
    const void *secret;
    size_t size;
    int rc = cfk_split_quorum_open(job->quorum, &secret, &size, err);

    if (rc == CFK_OK)
        rc = write_whole(job, secret, size, err);
    return rc;
}

static int open_words(struct job *job, struct cfk_error *err)
{
    static struct cli_passphrase passphrase;
    const void *secret;
    size_t size;
    int rc = CFK_OK;

    if (job->lock != NULL)
        return fail(err, CFK_E_OTHER_SET, job->lock,
                    "a lock file beside shares in words");
    if (job->has_passphrase && cfk_words_join_ready(job->words))
        rc = cli_passphrase_ask(&job->source, "Passphrase of the shares", false,
                                &passphrase, err);
    if (rc == CFK_OK)
        rc = cfk_words_join_open(job->words, passphrase.bytes, passphrase.size, &secret,
                                 &size, err);
    cli_passphrase_wipe(&passphrase);
    return rc == CFK_OK ? write_whole(job, secret, size, err) : rc;
}

static int open_any(struct job *job, struct cfk_error *err)
{
    if (job->words != NULL)
        return open_words(job, err);
    if (job->has_passphrase)
        return fail(err, CFK_E_INVALID, "passphrase", "only shares in words have one");
    return job->lock != NULL ? open_lock(job, err) : open_shares(job, err);
}

static int join_sealed(struct job *job, char *const *paths, int count,
                       struct cfk_error *err)
{
    int rc = cfk_split_quorum_new(NULL, &job->quorum, err);

    for (int i = 0; i < count && rc == CFK_OK; i++)
        rc = take(job, paths[i], err);
    if (rc == CFK_OK)
        rc = open_any(job, err);
    cfk_words_join_free(job->words);
    cfk_split_quorum_free(job->quorum);
    if (job->lock != NULL && job->lock_fd > STDERR_FILENO)
        close(job->lock_fd);
    free(job->head);
    explicit_bzero(block, sizeof block);
    return rc;
}

/* --- raw shares: the bytes, then x --- */

static int add_raw(const char *path, struct held *shares, size_t *size, uint8_t *x,
                   struct cfk_error *err)
{
    struct cli_input in;
    int rc = cli_input_open(&in, path, RAW_LIMIT, CLI_INPUT_SECRET, err);

    if (rc != CFK_OK)
        return rc;
    if (in.size < 1 || (*size != SIZE_MAX && in.size - 1 != *size)) {
        rc = fail(err, CFK_E_CORRUPT, path,
                  "a raw share of another length than the first");
    } else {
        *size = in.size - 1;
        *x = in.data[*size];
        rc = hold(shares, in.data, *size, err);
    }
    cli_input_close(&in);
    return rc;
}

static int join_raw(struct job *job, char *const *paths, int count, struct cfk_error *err)
{
    uint8_t xs[CFK_SPLIT_MAX_SHARES];
    struct held shares = { .limit = (size_t)RAW_LIMIT * CFK_SPLIT_MAX_SHARES };
    size_t size = SIZE_MAX;
    uint8_t *secret = NULL;
    int rc = CFK_OK;

    if (count > CFK_SPLIT_MAX_SHARES)
        return fail(err, CFK_E_INVALID, "raw shares", "more than 255");
    for (int i = 0; i < count && rc == CFK_OK; i++)
        rc = add_raw(paths[i], &shares, &size, &xs[i], err);
    if (rc == CFK_OK) {
        secret = malloc(size + 1);
        rc = secret == NULL ? fail(err, CFK_E_NOMEM, paths[0], "no memory")
                            : cfk_split_shamir_join(xs, shares.data, (uint32_t)count,
                                                    size, secret, err);
    }
    if (rc == CFK_OK)
        rc = write_whole(job, secret, size, err);
    if (secret != NULL)
        explicit_bzero(secret, size);
    free(secret);
    let_go(&shares);
    return rc;
}

static int run(struct job *job, char *const *paths, int count)
{
    struct cfk_error err = { 0 };
    int rc = job->raw ? join_raw(job, paths, count, &err)
                      : join_sealed(job, paths, count, &err);

    if (rc != CFK_OK)
        return cli_fail(&err);
    if (!cli_json()) {
        cli_detail("opened %" PRIu64 " bytes", job->size);
        return CLI_YES;
    }
    return cli_print_json(json_pack("{so sI sb}", "output",
                                    cli_json_text(job->output, strlen(job->output)),
                                    "size", (json_int_t)job->size, "raw", (int)job->raw));
}

int main(int argc, char **argv)
{
    static struct job job = { .flags = CLI_OUTPUT_SECRET };
    int c;

    cli_start(&tool);
    cli_keep_private();
    while ((c = cli_option(argc, argv)) != -1)
        switch (c) {
        case 'o': job.output = optarg; break;
        case 'f': job.flags |= CLI_OUTPUT_REPLACE; break;
        case OPT_RAW: job.raw = true; break;
        case OPT_PASSPHRASE: job.has_passphrase = true; break;
        case OPT_PASS_FD:
            job.has_passphrase = true;
            if (!cli_passphrase_fd(&job.source, optarg))
                return cli_usage("--pass-fd wants an open descriptor, not '%s'", optarg);
            break;
        default: return cli_usage(NULL);
        }
    if (optind == argc)
        return cli_usage("name the shares");
    if (job.raw && job.has_passphrase)
        return cli_usage("raw shares have no passphrase");
    if (cli_json() && (job.output == NULL || strcmp(job.output, "-") == 0))
        return cli_usage("--json wants -o FILE: the secret cannot share its place");
    return cli_finish(run(&job, argv + optind, argc - optind));
}
