/* SPDX-License-Identifier: MIT */
/* What a server of cfupgrade finds when it starts: sockets and environment. */
#ifndef CFUPGRADE_SETUP_H
#define CFUPGRADE_SETUP_H

#include "cfupgrade_options.h"

/* Each returns CLI_YES, or the exit status, after the word about it. */

/* Open what --listen names; there must be a socket then, given or inherited. */
int cfupgrade_open_sockets(cfk_upgrade *u, const struct cfupgrade_options *options);

/* The server gets our environment: what --env gives goes into it. */
int cfupgrade_set_env(const cfk_upgrade *u, const struct cfupgrade_options *options);

#endif
