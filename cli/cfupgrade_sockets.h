/* SPDX-License-Identifier: MIT */
/*
 * The sockets of --listen: opening them, and changing the set of them. A new set comes
 * with an upgrade: what is added is bound before the new server starts, what is left out
 * is closed when it serves, and a failure brings the former set back.
 */
#ifndef CFUPGRADE_SOCKETS_H
#define CFUPGRADE_SOCKETS_H

#include "cfkit/cfkit.h"

#include <stdbool.h>

struct cfupgrade_socket {
    char *spec; /* as given to --listen; owned */
    char *name; /* owned */
    int fd;     /* the handle's */
};

struct cfupgrade_sockets {
    struct cfupgrade_socket *items; /* in the order of --listen */
    size_t count;
    bool changing;                   /* what follows is good */
    struct cfupgrade_socket *former; /* the set that an upgrade is to replace */
    size_t former_count;
    int *order; /* all descriptors of the handle, as they were; -1 at the end */
};

/*
 * Open a first set; s is zeroed before. In a handle that was handed over by
 * cfk_upgrade_thaw() they are open: adopt. CFK_OK, or the code of the failure, of which
 * err tells.
 */
int cfupgrade_sockets_open(struct cfupgrade_sockets *s, cfk_upgrade *u,
                           const char *const *specs, size_t count, struct cfk_error *err);
int cfupgrade_sockets_adopt(struct cfupgrade_sockets *s, const cfk_upgrade *u,
                            const char *const *specs, const int *fds, size_t count,
                            struct cfk_error *err);

/* Make this the set, until one of the two below is called. On failure nothing changes. */
int cfupgrade_sockets_change(struct cfupgrade_sockets *s, cfk_upgrade *u,
                             const char *const *specs, size_t count,
                             struct cfk_error *err);
void cfupgrade_sockets_keep(struct cfupgrade_sockets *s);
void cfupgrade_sockets_restore(struct cfupgrade_sockets *s, cfk_upgrade *u);

void cfupgrade_sockets_free(struct cfupgrade_sockets *s);

#endif
