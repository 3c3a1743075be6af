/* SPDX-License-Identifier: MIT */
/* The words in which a holder tells the program that follows it all that it knows. */
#ifndef CFUPGRADE_STATE_H
#define CFUPGRADE_STATE_H

#include "cfupgrade_holder.h"

/* What of it are descriptors: frozen handles. */
struct cfupgrade_frozen {
    int upgrade;
    int control; /* -1: there is no control socket */
};

/* A file in memory that stays open over execve(); -1 with errno. */
int cfupgrade_state_write(const struct holder *h, const struct cfupgrade_frozen *frozen);

/*
 * The reverse, into a holder that is new but for its options. specs and fds, on the heap,
 * are the sockets, for cfupgrade_sockets_adopt(); specs point into *text, which is on the
 * heap, too. False: nothing that was written here.
 */
bool cfupgrade_state_read(struct holder *h, int fd, struct cfupgrade_frozen *frozen,
                          char **text, const char ***specs, int **fds, size_t *count);

#endif
