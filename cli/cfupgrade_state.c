/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create, open_memstream */

#include "cfupgrade_state.h"

#include "cfupgrade_command.h"
#include "common/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char VERSION[] = "cfupgrade-state-1";

enum { MOST_STATE = 64 * 1024 * 1024 };

static void put(FILE *out, const char *word)
{
    fwrite(word, 1, strlen(word) + 1, out);
}

static void put_number(FILE *out, uint64_t value)
{
    fprintf(out, "%" PRIu64 "%c", value, '\0');
}

/* A command, or that there is none: how many words, then these. */
static void put_command(FILE *out, const char *const *command)
{
    size_t n = 0;

    while (command != NULL && command[n] != NULL)
        n++;
    put_number(out, n);
    for (size_t i = 0; i < n; i++)
        put(out, command[i]);
}

static void put_all(FILE *out, const struct holder *h,
                    const struct cfupgrade_frozen *frozen)
{
    const uint64_t numbers[] = {
        (uint64_t)frozen->upgrade,
        (uint64_t)(frozen->control + 1),
        h->serving,
        h->served,
        (uint64_t)h->server,
        (uint64_t)h->since,
        h->since_ns,
        h->crashes,
        h->restart_ns,
        h->upgrades,
        h->failures,
        h->restarts,
        h->forced,
        h->manager.store,
        h->manager.watchdog_ns,
        h->last.kind,
        h->last.generation,
        (uint64_t)-h->last.code,
        (uint64_t)h->last.when,
    };

    put(out, VERSION);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        put_number(out, numbers[i]);
    put(out, h->last.message);
    put(out, h->manager.socket == NULL ? "" : h->manager.socket);
    put_command(out, h->current);
    put_command(out, h->previous);
    put_number(out, h->sockets.count);
    for (size_t i = 0; i < h->sockets.count; i++) {
        put(out, h->sockets.items[i].spec);
        put_number(out, (uint64_t)h->sockets.items[i].fd);
    }
}

static int write_file(const char *data, size_t size)
{
    int fd = memfd_create("cfupgrade-state", 0);
    size_t done = 0;

    while (fd >= 0 && done < size) {
        ssize_t n = write(fd, data + done, size - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    return fd;
}

int cfupgrade_state_write(const struct holder *h, const struct cfupgrade_frozen *frozen)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int fd = -1;

    if (out == NULL)
        return -1;
    put_all(out, h, frozen);
    if (fclose(out) == 0)
        fd = write_file(text, size);
    free(text);
    return fd;
}

struct words {
    const char *next;
    const char *end; /* behind the last NUL */
};

static const char *take(struct words *w)
{
    const char *word = w->next;

    if (word == NULL || word >= w->end)
        return NULL;
    w->next += strlen(word) + 1;
    return word;
}

static bool take_number(struct words *w, uint64_t max, uint64_t *out)
{
    const char *word = take(w);

    return word != NULL && cli_parse_u64(word, 0, max, out);
}

/* NULL in *out where there was none. */
static bool take_command(struct words *w, const char ***out)
{
    const char **words;
    uint64_t count;

    *out = NULL;
    if (!take_number(w, (uint64_t)(w->end - w->next), &count))
        return false;
    if (count == 0)
        return true;
    words = calloc(count + 1, sizeof *words);
    for (uint64_t i = 0; words != NULL && i < count; i++) {
        words[i] = take(w);
        if (words[i] == NULL) {
            free(words);
            return false;
        }
    }
    *out = words == NULL ? NULL : cfupgrade_command_copy(words);
    free(words);
    return *out != NULL;
}

static bool take_numbers(struct words *w, struct holder *h,
                         struct cfupgrade_frozen *frozen)
{
    uint64_t n[19];
    static const uint64_t most[19] = {
        INT32_MAX,  INT32_MAX,  1,          1,
        INT32_MAX,  INT64_MAX,  UINT64_MAX, UINT32_MAX,
        UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
        UINT64_MAX, 1,          UINT64_MAX, CFUPGRADE_BY_RESTART,
        UINT32_MAX, 255,        INT64_MAX,
    };

    for (size_t i = 0; i < 19; i++)
        if (!take_number(w, most[i], &n[i]))
            return false;
    frozen->upgrade = (int)n[0];
    frozen->control = (int)n[1] - 1;
    h->serving = n[2] != 0;
    h->served = n[3] != 0;
    h->server = (int32_t)n[4];
    h->since = (time_t)n[5];
    h->since_ns = n[6];
    h->crashes = (unsigned)n[7];
    h->restart_ns = n[8];
    h->upgrades = n[9];
    h->failures = n[10];
    h->restarts = n[11];
    h->forced = n[12];
    h->manager.store = n[13] != 0;
    h->manager.watchdog_ns = n[14];
    h->last.kind = (enum cfupgrade_kind)n[15];
    h->last.generation = (uint32_t)n[16];
    h->last.code = -(int)n[17];
    h->last.when = (time_t)n[18];
    h->kind = h->last.kind;
    return true;
}

static bool take_text(struct words *w, struct holder *h)
{
    const char *message = take(w);
    const char *socket = take(w);

    if (message == NULL || socket == NULL)
        return false;
    snprintf(h->last.message, sizeof h->last.message, "%s", message);
    h->manager.socket = socket[0] == '\0' ? NULL : strdup(socket);
    return take_command(w, &h->current) && take_command(w, &h->previous);
}

static bool take_sockets(struct words *w, const char ***specs, int **fds, size_t *count)
{
    uint64_t n;

    if (!take_number(w, (uint64_t)(w->end - w->next), &n))
        return false;
    *specs = calloc(n + 1, sizeof **specs);
    *fds = calloc(n + 1, sizeof **fds);
    if (*specs == NULL || *fds == NULL)
        return false;
    for (*count = 0; *count < n; ++*count) {
        uint64_t fd;

        (*specs)[*count] = take(w);
        if ((*specs)[*count] == NULL || !take_number(w, INT32_MAX, &fd))
            return false;
        (*fds)[*count] = (int)fd;
    }
    return w->next == w->end;
}

bool cfupgrade_state_read(struct holder *h, int fd, struct cfupgrade_frozen *frozen,
                          char **text, const char ***specs, int **fds, size_t *count)
{
    struct words w;
    struct stat st;
    size_t size;

    *text = NULL;
    *specs = NULL;
    *fds = NULL;
    if (fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > MOST_STATE)
        return false;
    size = (size_t)st.st_size;
    *text = malloc(size);
    if (*text == NULL || pread(fd, *text, size, 0) != st.st_size ||
        (*text)[size - 1] != '\0' || strcmp(*text, VERSION) != 0)
        return false;
    w = (struct words){ *text + sizeof VERSION, *text + size };
    return take_numbers(&w, h, frozen) && take_text(&w, h) &&
           take_sockets(&w, specs, fds, count);
}
