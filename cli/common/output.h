/* SPDX-License-Identifier: MIT */
/*
 * Outputs that appear whole or not at all. A regular file is written to an
 * unnamed temporary in its directory (a named one where the file system has
 * none), synced, then linked to its name, which never clobbers, or renamed
 * over it if that was asked for. A symbolic link stays, its target changes. Standard
 * output, devices and pipes are written straight. Signals that end the tool leave nothing
 * behind.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cfkit/base.h"

#include <stdbool.h>

enum {
    CLI_OUTPUT_REPLACE = 1, /* -f: take the place of a file that exists */
    CLI_OUTPUT_SECRET = 2,  /* mode 0600 whatever the umask says */
    CLI_OUTPUT_BINARY = 4,  /* refuse a terminal, unless path is "-" said by the user */
};

/* Zero it to begin with; cli_output_abort() is right in every state. */
struct cli_output {
    const char *path;                 /* as the user named it */
    char *target;                     /* where it goes; NULL when written straight */
    char *temp;                       /* name of the temporary; NULL when it has none */
    struct cli_output *volatile next; /* in the list of those with a named temporary */
    int fd;
    unsigned flags;
};

/*
 * path NULL or "-" is standard output. CFK_OK, CFK_E_EXISTS (the target is
 * there and CLI_OUTPUT_REPLACE is not set), CFK_E_INVALID (a terminal),
 * CFK_E_IO or CFK_E_NOMEM.
 */
int cli_output_open(struct cli_output *out, const char *path, unsigned flags,
                    struct cfk_error *err);
int cli_output_write(struct cli_output *out, const void *data, size_t size,
                     struct cfk_error *err);

/* Sync and publish. After a failure nothing has changed; abort still releases. */
int cli_output_commit(struct cli_output *out, struct cfk_error *err);
void cli_output_abort(struct cli_output *out);

/* For handlers of signals that end the tool: remove named temporaries. */
void cli_output_remove_temporaries(void);

/* Open, write, commit. */
int cli_output_whole(const char *path, unsigned flags, const void *data, size_t size,
                     struct cfk_error *err);

#endif
