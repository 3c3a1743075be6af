/* SPDX-License-Identifier: MIT */
/* cflock extend, reshare: what enough shares can do besides opening. */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "cflock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* New shares as files, all or none. */
struct writing {
    const struct lock_job *job;
    const char *name; /* what they are shares of */
    bool made_folder;
    uint32_t count;
    uint32_t published;
    char *paths[CFK_SPLIT_MAX_SHARES];
    struct cli_output outputs[CFK_SPLIT_MAX_SHARES];
};

static int add_share(cfk_split_quorum *quorum, const char *path, struct cfk_error *err)
{
    size_t capacity = CFK_SPLIT_MAX_SHARE_TEXT + 1;
    char *text = malloc(capacity);
    size_t size;
    int fd = -1;
    int rc;

    if (text == NULL)
        return split_fail(err, CFK_E_NOMEM, path, "no memory");
    rc = split_open_file(path, &fd, err);
    if (rc == CFK_OK)
        rc = split_read(fd, path, text, capacity, &size, err);
    if (rc == CFK_OK) {
        rc = cfk_split_quorum_add(quorum, text, size, err);
        rc = rc == CFK_OK ? CFK_OK : split_blame(err, path);
    }
    explicit_bzero(text, capacity);
    free(text);
    split_close(fd);
    return rc;
}

static int gather(const struct lock_job *job, cfk_split_quorum **quorum,
                  struct cfk_error *err)
{
    int rc = cfk_split_quorum_new(NULL, quorum, err);

    for (int i = 0; i < job->count && rc == CFK_OK; i++)
        rc = add_share(*quorum, job->operands[i], err);
    return rc;
}

/* --- files --- */

/* Without ".g2" at its end, which is there since an earlier reshare. */
static size_t without_generation(const char *name, size_t size)
{
    size_t digits = 0;

    while (digits < size && name[size - digits - 1] >= '0' &&
           name[size - digits - 1] <= '9')
        digits++;
    if (digits > 0 && digits + 2 < size && name[size - digits - 1] == 'g' &&
        name[size - digits - 2] == '.')
        return size - digits - 2;
    return size;
}

/* "key.pem" of "shares/alice.key.pem.cfs" where alice holds it, else of any name. */
static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strchr(name, '.');
    size_t size;

    if (dot != NULL && strchr(dot + 1, '.') != NULL)
        name = dot + 1;
    size = strlen(name);
    if (size > 4 && strcmp(name + size - 4, ".cfs") == 0)
        size = without_generation(name, size - 4);
    return strcmp(path, "-") == 0 ? strdup("secret") : strndup(name, size);
}

static int make_folder(struct writing *w, struct cfk_error *err)
{
    if (w->job->output == NULL)
        return CFK_OK;
    w->made_folder = mkdir(w->job->output, 0700) == 0;
    if (w->made_folder || errno == EEXIST)
        return CFK_OK;
    return split_fail(err, CFK_E_IO, w->job->output, NULL);
}

static int write_share(struct writing *w, const char *holder, uint32_t x,
                       uint32_t generation, const char *text, size_t len,
                       struct cfk_error *err)
{
    const char *folder = w->job->output != NULL ? w->job->output : ".";
    size_t size = strlen(folder) + strlen(w->name) + CFK_SPLIT_MAX_NAME + 64;
    char number[64];
    char *path = malloc(size);
    int rc;

    if (path == NULL)
        return split_fail(err, CFK_E_NOMEM, w->name, "no memory");
    snprintf(number, sizeof number, "share%u", x);
    snprintf(path, size, "%s%s%s.%s", strcmp(folder, ".") == 0 ? "" : folder,
             strcmp(folder, ".") == 0 ? "" : "/", holder != NULL ? holder : number,
             w->name);
    if (generation > 1)
        snprintf(path + strlen(path), size - strlen(path), ".g%u", generation);
    strcat(path, ".cfs");
    w->paths[w->count] = path;
    rc = cli_output_open(&w->outputs[w->count++], path, w->job->flags | CLI_OUTPUT_SECRET,
                         err);
    return rc == CFK_OK ? cli_output_write(&w->outputs[w->count - 1], text, len, err)
                        : rc;
}

static int publish(struct writing *w, struct cfk_error *err)
{
    int rc = CFK_OK;

    while (w->published < w->count && rc == CFK_OK) {
        rc = cli_output_commit(&w->outputs[w->published], err);
        if (rc == CFK_OK)
            w->published++;
    }
    return rc;
}

static void clean_up(struct writing *w, bool failed)
{
    for (uint32_t i = 0; i < w->count; i++) {
        cli_output_abort(&w->outputs[i]);
        if (failed && i < w->published)
            unlink(w->paths[i]);
    }
    if (failed && w->made_folder)
        rmdir(w->job->output);
}

/* --- the verbs --- */

static int extend(struct writing *w, cfk_split_quorum *quorum, struct cfk_error *err)
{
    const struct lock_job *job = w->job;
    struct cfk_split_share_info info = { .size = sizeof info };
    uint32_t wanted = job->holder_count > 0 ? job->holder_count : 1;
    int rc = make_folder(w, err);

    for (uint32_t i = 0; i < wanted && rc == CFK_OK; i++) {
        const char *holder = i < job->holder_count ? job->holders[i] : NULL;
        const char *text;
        size_t len;

        rc = cfk_split_quorum_extend(quorum, job->number, holder, &text, &len, err);
        if (rc == CFK_OK)
            rc = cfk_split_share_check(text, len, &info, err);
        if (rc == CFK_OK)
            rc = write_share(w, holder, info.x, info.generation, text, len, err);
        if (rc == CFK_OK) /* so that the next one is another */
            rc = cfk_split_quorum_add(quorum, text, len, err);
    }
    return rc;
}

static int reshare(struct writing *w, cfk_split_quorum *quorum, struct cfk_error *err)
{
    const struct lock_job *job = w->job;
    struct cfk_split_share_info info = { .size = sizeof info };
    struct cfk_split_options options = { .size = sizeof options,
                                         .threshold = job->threshold,
                                         .count = job->shares };
    const char *holders[CFK_SPLIT_MAX_SHARES] = { NULL };
    cfk_split *set = NULL;
    const char *text;
    size_t len;
    uint32_t i = 0;
    int rc = make_folder(w, err);

    memcpy(holders, job->holders, job->holder_count * sizeof *holders);
    options.holders = holders;
    if (options.count == 0)
        options.count = job->holder_count;
    if (rc == CFK_OK)
        rc = cfk_split_quorum_reshare(quorum, &options, &set, err);
    do {
        if (rc == CFK_OK)
            rc = cfk_split_share(set, i, &text, &len, err);
        if (rc == CFK_OK)
            rc = cfk_split_share_check(text, len, &info, err);
        if (rc == CFK_OK)
            rc = write_share(w, holders[i], info.x, info.generation, text, len, err);
    } while (rc == CFK_OK && ++i < info.count);
    cfk_split_free(set);
    return rc;
}

static int answer(const struct writing *w)
{
    json_t *files;

    if (!cli_json()) {
        for (uint32_t i = 0; i < w->count; i++)
            puts(w->paths[i]);
        return CLI_YES;
    }
    files = json_array();
    for (uint32_t i = 0; i < w->count; i++)
        json_array_append_new(files, cli_json_text(w->paths[i], strlen(w->paths[i])));
    return cli_print_json(json_pack("{so}", "shares", files));
}

static int run(struct lock_job *job,
               int (*verb)(struct writing *, cfk_split_quorum *, struct cfk_error *),
               const char *honest)
{
    static struct writing w;
    struct cfk_error err = { 0 };
    cfk_split_quorum *quorum = NULL;
    char *name = name_of(job->operands[0]);
    int status;
    int rc = CFK_OK;

    w.job = job;
    w.name = name;
    if (name == NULL)
        rc = split_fail(&err, CFK_E_NOMEM, job->operands[0], "no memory");
    if (rc == CFK_OK)
        rc = gather(job, &quorum, &err);
    if (rc == CFK_OK)
        rc = verb(&w, quorum, &err);
    if (rc == CFK_OK)
        rc = publish(&w, &err);
    clean_up(&w, rc != CFK_OK);
    cfk_split_quorum_free(quorum);
    status = rc == CFK_OK ? answer(&w) : cli_fail(&err);
    if (rc == CFK_OK)
        cli_hint("%s", honest);
    for (uint32_t i = 0; i < w.count; i++)
        free(w.paths[i]);
    free(name);
    return status;
}

/* Names that can be part of a file's, all different. */
static int check_holders(const struct lock_job *job)
{
    for (uint32_t i = 0; i < job->holder_count; i++) {
        const char *name = job->holders[i];

        if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL ||
            strlen(name) > CFK_SPLIT_MAX_NAME)
            return cli_usage(
                "--holder wants a name that can be part of a file's, not '%s'", name);
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(job->holders[j], name) == 0)
                return cli_usage("there are two holders '%s'", name);
    }
    return CLI_YES;
}

int cflock_extend(struct lock_job *job)
{
    int status = check_holders(job);

    if (status != CLI_YES)
        return status;
    if (job->number != 0 && job->holder_count > 1)
        return cli_usage("--number is for one share");
    return run(job, extend, "it opens the secret as the other shares do");
}

int cflock_reshare(struct lock_job *job)
{
    int status = check_holders(job);

    if (status != CLI_YES)
        return status;
    if (job->shares != 0 && job->holder_count > job->shares)
        return cli_usage("%u holders, but %u shares", job->holder_count, job->shares);
    return run(job, reshare,
               "enough of the old shares still open the secret; destroy them");
}
