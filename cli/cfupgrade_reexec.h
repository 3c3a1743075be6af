/* SPDX-License-Identifier: MIT */
/*
 * SIGUSR2: cfupgrade replaces its own program, by execve(), while it holds sockets and
 * servers. What it knows goes through a file in memory that CFUPGRADE_STATE names. The
 * new program is first run aside to see whether it can read that: only then is there no
 * way back.
 */
#ifndef CFUPGRADE_REEXEC_H
#define CFUPGRADE_REEXEC_H

#include "cfupgrade_holder.h"

/* Remember how this program was run, for later. */
void cfupgrade_reexec_init(struct holder *h, char **argv);

/* Run the program anew. Returns only where that fails, after the word about it. */
void cfupgrade_reexec(struct holder *h);

/* What the environment says of a former program. */
enum cfupgrade_state {
    CFUPGRADE_NO_STATE, /* nothing: a first start */
    CFUPGRADE_RESUME,
    CFUPGRADE_CHECK, /* see whether it could be resumed, and exit */
};

/* Also removes it from the environment. *fd is where the state is. */
enum cfupgrade_state cfupgrade_state(int *fd);

/* Take over what the former program left at fd. CLI_YES, or the exit status. */
int cfupgrade_resume(struct holder *h, int fd);

#endif
