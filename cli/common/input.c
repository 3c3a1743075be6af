/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* explicit_bzero, madvise */

#include "common/input.h"

#include "common/cli.h"
#include "common/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAP_FROM = 256 * 1024, /* smaller files are read: quicker, and safe from truncation */
    FIRST_CHUNK = 64 * 1024,
};

static int fail(struct cfk_error *err, int code, int sys_errno, const char *path,
                const char *what)
{
    if (err != NULL) {
        *err = (struct cfk_error){ .code = code, .sys_errno = sys_errno };
        snprintf(err->message, sizeof err->message, "%s: %s",
                 strcmp(path, "-") == 0 ? "standard input" : path,
                 sys_errno != 0 ? strerror(sys_errno) : what);
    }
    return code;
}

static int fail_limit(struct cfk_error *err, const char *path, uint64_t limit)
{
    char what[64];

    snprintf(what, sizeof what, "larger than the limit of %" PRIu64 " bytes", limit);
    return fail(err, CFK_E_LIMIT, 0, path, what);
}

/* A page of the map is gone: the file was cut short by somebody else. */
static void on_bus_error(int signal_number)
{
    static const char words[] = "error: a file became shorter while it was read\n";

    (void)signal_number;
    if (write(STDERR_FILENO, words, sizeof words - 1) < 0)
        _exit(CLI_TROUBLE);
    cli_output_remove_temporaries();
    _exit(CLI_TROUBLE);
}

static int map_file(struct cli_input *in, int fd, const char *path, size_t size,
                    struct cfk_error *err)
{
    struct sigaction action = { .sa_handler = on_bus_error };
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (map == MAP_FAILED)
        return fail(err, CFK_E_IO, errno, path, NULL);
    sigaction(SIGBUS, &action, NULL);
    in->map = map;
    in->data = map;
    in->size = size;
    return CFK_OK;
}

static void release(uint8_t *data, size_t size, bool secret)
{
    if (secret && data != NULL)
        explicit_bzero(data, size);
    free(data);
}

/* Secrets move to a new block by hand, because realloc would leave them behind. */
static uint8_t *grow(uint8_t *data, size_t used, size_t capacity, bool secret)
{
    uint8_t *larger;

    if (!secret)
        return realloc(data, capacity);
    larger = malloc(capacity);
    if (larger == NULL)
        return NULL;
    if (used > 0)
        memcpy(larger, data, used);
    release(data, used, true);
    return larger;
}

static int read_all(struct cli_input *in, int fd, const char *path, size_t expected,
                    uint64_t limit, struct cfk_error *err)
{
    size_t capacity = expected + 1 > FIRST_CHUNK ? expected + 1 : FIRST_CHUNK;
    uint8_t *data = malloc(capacity);
    size_t used = 0;

    while (data != NULL) {
        ssize_t got = read(fd, data + used, capacity - used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int why = errno;

            release(data, used, in->secret);
            return fail(err, CFK_E_IO, why, path, NULL);
        }
        if (got == 0) {
            in->data = data;
            in->size = used;
            return CFK_OK;
        }
        used += (size_t)got;
        if (used > limit) {
            release(data, used, in->secret);
            return fail_limit(err, path, limit);
        }
        if (used == capacity) {
            uint8_t *larger = grow(data, used, capacity * 2, in->secret);

            if (larger == NULL)
                release(data, used, in->secret);
            data = larger;
            capacity *= 2;
        }
    }
    return fail(err, CFK_E_NOMEM, 0, path, "no memory to read it");
}

static int read_open_file(struct cli_input *in, int fd, const char *path, uint64_t limit,
                          unsigned flags, struct cfk_error *err)
{
    struct stat st;
    bool regular;
    bool mapped;

    if (fstat(fd, &st) != 0)
        return fail(err, CFK_E_IO, errno, path, NULL);
    regular = S_ISREG(st.st_mode);
    if (S_ISDIR(st.st_mode))
        return fail(err, CFK_E_INVALID, EISDIR, path, NULL);
    if ((flags & CLI_INPUT_BINARY) != 0 && isatty(fd))
        return fail(err, CFK_E_INVALID, 0, path,
                    "a terminal; this wants a file or a pipe");
    mapped = regular && st.st_size >= MAP_FROM && !in->secret &&
             (uint64_t)st.st_size <= SIZE_MAX && lseek(fd, 0, SEEK_CUR) == 0;
    if (regular && (uint64_t)st.st_size > limit &&
        !(mapped && (flags & CLI_INPUT_LARGE) != 0))
        return fail_limit(err, path, limit);
    if (mapped)
        return map_file(in, fd, path, (size_t)st.st_size, err);
    return read_all(in, fd, path, regular ? (size_t)st.st_size : 0, limit, err);
}

int cli_input_open(struct cli_input *in, const char *path, uint64_t limit, unsigned flags,
                   struct cfk_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    *in = (struct cli_input){ .secret = (flags & CLI_INPUT_SECRET) != 0 };
    if (fd < 0)
        return fail(err, CFK_E_IO, errno, path, NULL);
    rc = read_open_file(in, fd, path, limit, flags, err);
    if (!standard)
        close(fd);
    return rc;
}

void cli_input_close(struct cli_input *in)
{
    uint8_t *heap;

    if (in->map != NULL) {
        munmap(in->map, in->size);
    } else {
        memcpy(&heap, &in->data, sizeof heap); /* ours: const is for the reader */
        release(heap, in->size, in->secret);
    }
    *in = (struct cli_input){ .map = NULL };
}
