/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* O_TMPFILE, linkat by descriptor */

#include "common/output.h"

#include "common/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_TRIES = 100 };

/* The outputs that have a named temporary now, for the signal handler. */
static struct cli_output *volatile named;

void cli_output_remove_temporaries(void)
{
    for (const struct cli_output *out = named; out != NULL; out = out->next)
        if (out->temp != NULL)
            unlink(out->temp);
}

/* Signals wait while the list or a name in it changes. */
static void block_signals(sigset_t *before)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, before);
}

static void enlist(struct cli_output *out)
{
    out->next = named;
    named = out;
}

/* Forget the temporary's name, after it was unlinked or renamed. */
static void drop_name(struct cli_output *out)
{
    struct cli_output *volatile *link = &named;

    while (*link != NULL && *link != out)
        link = &(*link)->next;
    if (*link == out)
        *link = out->next;
    out->next = NULL;
    free(out->temp);
    out->temp = NULL;
}

static void on_signal(int signal_number)
{
    cli_output_remove_temporaries();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void watch_signals(void)
{
    static const int fatal[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ };
    struct sigaction action = { .sa_handler = on_signal };
    struct sigaction old;

    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        if (sigaction(fatal[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(fatal[i], &action, NULL);
}

static int fail(const struct cli_output *out, struct cfk_error *err, int code,
                int sys_errno, const char *what)
{
    if (err != NULL) {
        *err = (struct cfk_error){ .code = code, .sys_errno = sys_errno };
        snprintf(err->message, sizeof err->message, "%s: %s",
                 out->path == NULL ? "standard output" : out->path,
                 what != NULL ? what : strerror(sys_errno));
    }
    return code;
}

static mode_t wanted_mode(const struct cli_output *out)
{
    mode_t mask;

    if ((out->flags & CLI_OUTPUT_SECRET) != 0)
        return 0600;
    mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* The folder of target, on the heap. */
static char *folder_of(const char *target)
{
    const char *slash = strrchr(target, '/');

    if (slash == NULL)
        return strdup(".");
    return strndup(target, slash == target ? 1 : (size_t)(slash - target));
}

/* A name beside target that no two tools share, on the heap. */
static char *temporary_name(const char *target, int attempt)
{
    const char *slash = strrchr(target, '/');
    int folder = slash == NULL ? 0 : (int)(slash - target + 1);
    size_t size = strlen(target) + 64;
    char *name = malloc(size);

    if (name != NULL)
        snprintf(name, size, "%.*s.%s.%ld-%d.tmp", folder, target, target + folder,
                 (long)getpid(), attempt);
    return name;
}

/*
 * Put a name that nobody has into out->temp: that of a new file, or a second
 * one of the unnamed temporary that is open.
 */
static int take_name(struct cli_output *out, struct cfk_error *err)
{
    char unnamed[64];
    int rc;

    snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", out->fd);
    for (int attempt = 0; attempt < MAX_TRIES; attempt++) {
        out->temp = temporary_name(out->target, attempt);
        if (out->temp == NULL)
            return fail(out, err, CFK_E_NOMEM, 0, "no memory");
        if (out->fd >= 0)
            rc = linkat(AT_FDCWD, unnamed, AT_FDCWD, out->temp, AT_SYMLINK_FOLLOW);
        else
            rc = out->fd = open(out->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (rc >= 0) {
            enlist(out);
            return CFK_OK;
        }
        free(out->temp);
        out->temp = NULL;
        if (errno != EEXIST)
            break;
    }
    return fail(out, err, CFK_E_IO, errno, NULL);
}

static int open_named(struct cli_output *out, struct cfk_error *err)
{
    sigset_t before;
    int rc;

    watch_signals();
    block_signals(&before);
    rc = take_name(out, err);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static int open_temporary(struct cli_output *out, struct cfk_error *err)
{
    char *folder = folder_of(out->target);

    if (folder == NULL)
        return fail(out, err, CFK_E_NOMEM, 0, "no memory");
    out->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    free(folder);
    if (out->fd >= 0)
        return CFK_OK;
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
        return open_named(out, err);
    return fail(out, err, CFK_E_IO, errno, NULL);
}

/* A device, a pipe: written where it is. */
static int open_straight(struct cli_output *out, struct cfk_error *err)
{
    out->fd = open(out->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (out->fd < 0)
        return fail(out, err, CFK_E_IO, errno, NULL);
    return CFK_OK;
}

static int open_file(struct cli_output *out, struct cfk_error *err)
{
    struct stat st;
    bool there = stat(out->path, &st) == 0;
    int rc;

    if (there && S_ISDIR(st.st_mode))
        return fail(out, err, CFK_E_INVALID, EISDIR, NULL);
    if (there && !S_ISREG(st.st_mode))
        return open_straight(out, err);
    if (there && (out->flags & CLI_OUTPUT_REPLACE) == 0)
        return fail(out, err, CFK_E_EXISTS, 0, "exists already; -f replaces it");
    /* What a link points to is replaced, not the link. */
    out->target = there ? realpath(out->path, NULL) : strdup(out->path);
    if (out->target == NULL)
        return fail(out, err, CFK_E_IO, errno, NULL);
    rc = open_temporary(out, err);
    if (rc != CFK_OK)
        return rc;
    if (fchmod(out->fd, there && (out->flags & CLI_OUTPUT_SECRET) == 0
                            ? st.st_mode & 0777
                            : wanted_mode(out)) != 0)
        return fail(out, err, CFK_E_IO, errno, NULL);
    return CFK_OK;
}

int cli_output_open(struct cli_output *out, const char *path, unsigned flags,
                    struct cfk_error *err)
{
    int rc;

    *out = (struct cli_output){ .path = path, .fd = -1, .flags = flags };
    if (path != NULL && strcmp(path, "-") != 0) {
        rc = open_file(out, err);
        if (rc != CFK_OK)
            cli_output_abort(out);
        return rc;
    }
    if (path == NULL && (flags & CLI_OUTPUT_BINARY) != 0 && cli_stdout_is_terminal())
        return fail(
            out, err, CFK_E_INVALID, 0,
            "a terminal, and this is binary; name a file with -o, or -o - to insist");
    out->path = NULL;
    out->fd = STDOUT_FILENO;
    return CFK_OK;
}

int cli_output_write(struct cli_output *out, const void *data, size_t size,
                     struct cfk_error *err)
{
    const uint8_t *p = data;

    while (size > 0) {
        ssize_t done = write(out->fd, p, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail(out, err, CFK_E_IO, errno, NULL);
        p += done;
        size -= (size_t)done;
    }
    return CFK_OK;
}

static int publish_over(struct cli_output *out, struct cfk_error *err)
{
    int rc = out->temp != NULL ? CFK_OK : take_name(out, err);

    if (rc != CFK_OK)
        return rc;
    if (rename(out->temp, out->target) != 0)
        return fail(out, err, CFK_E_IO, errno, NULL);
    drop_name(out);
    return CFK_OK;
}

static int publish_new(struct cli_output *out, struct cfk_error *err)
{
    char unnamed[64];
    int rc;

    snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", out->fd);
    if (out->temp == NULL)
        rc = linkat(AT_FDCWD, unnamed, AT_FDCWD, out->target, AT_SYMLINK_FOLLOW);
    else
        rc = renameat2(AT_FDCWD, out->temp, AT_FDCWD, out->target, RENAME_NOREPLACE);
    if (rc != 0 && out->temp != NULL && (errno == EINVAL || errno == ENOSYS))
        rc = link(out->temp, out->target); /* and the other name goes */
    if (rc != 0 && errno == EEXIST)
        return fail(out, err, CFK_E_EXISTS, 0, "exists already; -f replaces it");
    if (rc != 0)
        return fail(out, err, CFK_E_IO, errno, NULL);
    return CFK_OK;
}

/* The name is there already: a folder that cannot be synced is no failure. */
static void sync_folder(const char *target)
{
    char *folder = folder_of(target);
    int fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    free(folder);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static int commit_file(struct cli_output *out, struct cfk_error *err)
{
    sigset_t before;
    int rc;

    if (fsync(out->fd) != 0)
        return fail(out, err, CFK_E_IO, errno, NULL);
    block_signals(&before);
    rc = (out->flags & CLI_OUTPUT_REPLACE) != 0 ? publish_over(out, err)
                                                : publish_new(out, err);
    if (rc == CFK_OK)
        sync_folder(out->target);
    cli_output_abort(out);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int cli_output_commit(struct cli_output *out, struct cfk_error *err)
{
    int fd = out->fd;

    if (out->target != NULL)
        return commit_file(out, err);
    out->fd = -1;
    if (fd != STDOUT_FILENO && fd >= 0 && close(fd) != 0)
        return fail(out, err, CFK_E_IO, errno, NULL);
    return CFK_OK;
}

void cli_output_abort(struct cli_output *out)
{
    sigset_t before;

    block_signals(&before);
    if (out->temp != NULL) {
        unlink(out->temp);
        drop_name(out);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (out->fd >= 0 && out->fd != STDOUT_FILENO)
        close(out->fd);
    free(out->target);
    out->target = NULL;
    out->fd = -1;
}

int cli_output_whole(const char *path, unsigned flags, const void *data, size_t size,
                     struct cfk_error *err)
{
    struct cli_output out;
    int rc = cli_output_open(&out, path, flags, err);

    if (rc == CFK_OK)
        rc = cli_output_write(&out, data, size, err);
    if (rc == CFK_OK)
        rc = cli_output_commit(&out, err);
    cli_output_abort(&out);
    return rc;
}
