/* SPDX-License-Identifier: MIT */
/* What a new process is given. */
#ifndef CFK_UPGRADE_LAUNCH_H
#define CFK_UPGRADE_LAUNCH_H

#include "upgrade/handle.h"

/* Descriptors of ours that become the new process's, behind those of the handle. */
struct cfk__their_ends {
    int channel;
    int ready_fd; /* -1: none */
};

/*
 * Run argv with all that the handle has; child->channel is our end. Sets pid,
 * process and notify of child. The codes of cfk_upgrade_start().
 */
int cfk__launch(cfk_upgrade *u, struct cfk__child *child,
                const struct cfk__their_ends *theirs, const char *const *argv,
                const char *const *env, struct cfk_error *err);

#endif
