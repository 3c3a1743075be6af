/* SPDX-License-Identifier: MIT */
/* What cfsplit, cfjoin and cflock share: messages, reading, secrets on their way. */
#ifndef SPLIT_COMMON_H
#define SPLIT_COMMON_H

#include "common/cli.h"
#include "common/output.h"

enum {
    SPLIT_BLOCK = 65536,
    SPLIT_HELD_BACK = 64 << 20, /* plaintext that waits for the end of a lock file */
    SPLIT_ID_TEXT = 33,         /* of the longest id in hexadecimal, with its NUL */
};

/* A failure of our own: what happened to path, or for CFK_E_IO what errno says. */
int split_fail(struct cfk_error *err, int code, const char *path, const char *what);

/* Put the name of the file before what the library says about it. Returns the code. */
int split_blame(struct cfk_error *err, const char *path);

/* An id of up to 16 bytes in hexadecimal. */
const char *split_id_text(const uint8_t *id, size_t size, char text[SPLIT_ID_TEXT]);

/* What a guess of a passphrase costs. False where text is no such number. */
#define SPLIT_MEMORY_WANTED "--memory wants a size from 8K, not '%s'"
#define SPLIT_PASSES_WANTED "--passes wants a number from 1 to 16, not '%s'"
bool split_parse_memory(const char *text, uint32_t *kib);
bool split_parse_passes(const char *text, uint32_t *passes);

/* A file, or standard input for "-". CFK_OK or CFK_E_IO. */
int split_open_file(const char *path, int *fd, struct cfk_error *err);
void split_close(int fd);

/* Up to capacity bytes; fewer mean the end. CFK_OK or CFK_E_IO. */
int split_read(int fd, const char *path, void *data, size_t capacity, size_t *size,
               struct cfk_error *err);

/* Bytes that wait in memory, up to a limit; they are wiped when let go. */
struct split_held {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
};

int split_hold(struct split_held *held, const void *data, size_t size,
               struct cfk_error *err);
void split_let_go(struct split_held *held);

/* Where plaintext goes: to out, or with out NULL to what is held. */
struct split_sink {
    struct cli_output *out;
    struct split_held held;
    uint64_t size; /* that went there */
};

/* What has been read of a file, and the rest of it. */
struct split_source {
    const char *path;
    int fd;
    const void *first; /* first_size bytes that were read already */
    size_t first_size;
};

/* All of the plaintext to the sink. What the opener returns, CFK_E_IO, CFK_E_LIMIT. */
int split_unseal(const struct split_source *source, cfk_split_opener *opener,
                 struct split_sink *sink, struct cfk_error *err);

/* All that the sealer makes of the source to out; *size is that of the plaintext. */
int split_seal(const struct split_source *source, cfk_split_sealer *sealer,
               struct cli_output *out, uint64_t *size, struct cfk_error *err);

/* From one to the other, from which no plaintext is left behind. */
int split_reseal(const struct split_source *source, cfk_split_opener *opener,
                 cfk_split_sealer *sealer, struct cli_output *out, struct cfk_error *err);

/* Write all of it to a path that is a file, or at once to a terminal or pipe. */
int split_write_whole(const char *path, unsigned flags, const void *data, size_t size,
                      struct cfk_error *err);

#endif
