/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "split_common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *title_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

int split_fail(struct cfk_error *err, int code, const char *path, const char *what)
{
    int cause = errno;

    *err = (struct cfk_error){ .code = code, .sys_errno = code == CFK_E_IO ? cause : 0 };
    snprintf(err->message, sizeof err->message, "%.120s: %.100s", title_of(path),
             code == CFK_E_IO ? strerror(cause) : what);
    return code;
}

int split_blame(struct cfk_error *err, const char *path)
{
    struct cfk_error said = *err;
    const char *words = said.message;

    if (strncmp(words, "split: ", 7) == 0)
        words += 7;
    snprintf(err->message, sizeof err->message, "%.80s: %.140s", title_of(path), words);
    return err->code;
}

const char *split_id_text(const uint8_t *id, size_t size, char text[SPLIT_ID_TEXT])
{
    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", id[i]);
    return text;
}

bool split_parse_memory(const char *text, uint32_t *kib)
{
    uint64_t bytes;

    if (!cli_parse_size(text, &bytes) || bytes < 8192 || bytes / 1024 > UINT32_MAX)
        return false;
    *kib = (uint32_t)(bytes / 1024);
    return true;
}

bool split_parse_passes(const char *text, uint32_t *passes)
{
    uint64_t number;

    if (!cli_parse_u64(text, 1, 16, &number))
        return false;
    *passes = (uint32_t)number;
    return true;
}

int split_open_file(const char *path, int *fd, struct cfk_error *err)
{
    *fd = STDIN_FILENO;
    if (strcmp(path, "-") == 0)
        return CFK_OK;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return *fd < 0 ? split_fail(err, CFK_E_IO, path, NULL) : CFK_OK;
}

void split_close(int fd)
{
    if (fd > STDERR_FILENO)
        close(fd);
}

int split_read(int fd, const char *path, void *data, size_t capacity, size_t *size,
               struct cfk_error *err)
{
    *size = 0;
    while (*size < capacity) {
        ssize_t got = read(fd, (char *)data + *size, capacity - *size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return split_fail(err, CFK_E_IO, path, NULL);
        if (got == 0)
            break;
        *size += (size_t)got;
    }
    return CFK_OK;
}

/* --- what is held back --- */

/* Room for size more; realloc would leave a copy behind. */
static int grow(struct split_held *held, size_t size, struct cfk_error *err)
{
    size_t capacity = held->capacity > 0 ? held->capacity : SPLIT_BLOCK;
    uint8_t *grown;

    while (capacity - held->size < size)
        capacity *= 2;
    grown = malloc(capacity);
    if (grown == NULL)
        return split_fail(err, CFK_E_NOMEM, "plaintext", "no memory");
    if (held->size > 0) {
        memcpy(grown, held->data, held->size);
        explicit_bzero(held->data, held->size);
    }
    free(held->data);
    held->data = grown;
    held->capacity = capacity;
    return CFK_OK;
}

int split_hold(struct split_held *held, const void *data, size_t size,
               struct cfk_error *err)
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

void split_let_go(struct split_held *held)
{
    if (held->data != NULL)
        explicit_bzero(held->data, held->capacity);
    free(held->data);
    *held = (struct split_held){ .limit = held->limit };
}

/* --- streams --- */

typedef int take_plain(void *ctx, const void *data, size_t size, struct cfk_error *err);

static int unseal_piece(cfk_split_opener *opener, const void *data, size_t size,
                        take_plain *take, void *ctx, const char *path,
                        struct cfk_error *err)
{
    const uint8_t *p = data;
    const void *plain;
    size_t plain_size;
    size_t used;
    int rc = CFK_OK;

    while (size > 0 && rc == CFK_OK) {
        rc = cfk_split_opener_update(opener, p, size, &used, &plain, &plain_size, err);
        if (rc != CFK_OK)
            return split_blame(err, path);
        p += used;
        size -= used;
        rc = take(ctx, plain, plain_size, err);
    }
    return rc;
}

static int unseal_all(const struct split_source *source, cfk_split_opener *opener,
                      take_plain *take, void *ctx, struct cfk_error *err)
{
    static uint8_t block[SPLIT_BLOCK];
    const void *plain;
    size_t size;
    int rc = unseal_piece(opener, source->first, source->first_size, take, ctx,
                          source->path, err);

    do {
        if (rc == CFK_OK)
            rc = split_read(source->fd, source->path, block, sizeof block, &size, err);
        if (rc == CFK_OK)
            rc = unseal_piece(opener, block, size, take, ctx, source->path, err);
    } while (rc == CFK_OK && size == sizeof block);
    if (rc != CFK_OK)
        return rc;
    rc = cfk_split_opener_finish(opener, &plain, &size, err);
    if (rc != CFK_OK)
        return split_blame(err, source->path);
    return take(ctx, plain, size, err);
}

static int take_to_sink(void *ctx, const void *data, size_t size, struct cfk_error *err)
{
    struct split_sink *sink = ctx;

    sink->size += size;
    if (sink->out != NULL)
        return cli_output_write(sink->out, data, size, err);
    return split_hold(&sink->held, data, size, err);
}

int split_unseal(const struct split_source *source, cfk_split_opener *opener,
                 struct split_sink *sink, struct cfk_error *err)
{
    return unseal_all(source, opener, take_to_sink, sink, err);
}

static int seal_piece(cfk_split_sealer *sealer, const void *data, size_t size,
                      struct cli_output *out, struct cfk_error *err)
{
    const uint8_t *p = data;
    const void *sealed;
    size_t sealed_size;
    size_t used;
    int rc = CFK_OK;

    while (size > 0 && rc == CFK_OK) {
        rc = cfk_split_sealer_update(sealer, p, size, &used, &sealed, &sealed_size, err);
        if (rc == CFK_OK)
            rc = cli_output_write(out, sealed, sealed_size, err);
        p += used;
        size -= used;
    }
    return rc;
}

static int seal_end(cfk_split_sealer *sealer, struct cli_output *out,
                    struct cfk_error *err)
{
    const void *sealed;
    size_t size;
    int rc = cfk_split_sealer_finish(sealer, &sealed, &size, err);

    return rc == CFK_OK ? cli_output_write(out, sealed, size, err) : rc;
}

int split_seal(const struct split_source *source, cfk_split_sealer *sealer,
               struct cli_output *out, uint64_t *size, struct cfk_error *err)
{
    static uint8_t block[SPLIT_BLOCK];
    size_t got = sizeof block;
    int rc = seal_piece(sealer, source->first, source->first_size, out, err);

    *size = source->first_size;
    while (rc == CFK_OK && got == sizeof block) {
        rc = split_read(source->fd, source->path, block, sizeof block, &got, err);
        *size += got;
        if (rc == CFK_OK)
            rc = seal_piece(sealer, block, got, out, err);
    }
    explicit_bzero(block, sizeof block);
    return rc == CFK_OK ? seal_end(sealer, out, err) : rc;
}

struct reseal {
    cfk_split_sealer *sealer;
    struct cli_output *out;
};

static int take_again(void *ctx, const void *data, size_t size, struct cfk_error *err)
{
    const struct reseal *reseal = ctx;

    return seal_piece(reseal->sealer, data, size, reseal->out, err);
}

int split_reseal(const struct split_source *source, cfk_split_opener *opener,
                 cfk_split_sealer *sealer, struct cli_output *out, struct cfk_error *err)
{
    struct reseal reseal = { sealer, out };
    int rc = unseal_all(source, opener, take_again, &reseal, err);

    return rc == CFK_OK ? seal_end(sealer, out, err) : rc;
}

/* Text goes to a terminal; anything else only if that was said. */
static bool is_text(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((data[i] < 0x20 && data[i] != '\n' && data[i] != '\t') || data[i] == 0x7f)
            return false;
    return true;
}

int split_write_whole(const char *path, unsigned flags, const void *data, size_t size,
                      struct cfk_error *err)
{
    return cli_output_whole(path, flags | (is_text(data, size) ? 0 : CLI_OUTPUT_BINARY),
                            data, size, err);
}
