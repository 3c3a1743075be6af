/* SPDX-License-Identifier: MIT */
/* What is made before the first server starts. */
#ifndef CFUPGRADE_SETUP_H
#define CFUPGRADE_SETUP_H

#include "cfupgrade_holder.h"

/* Each returns CLI_YES, or the exit status, after the word about it. */

/* Open what --listen names; there must be a socket then, given or inherited. */
int cfupgrade_open_sockets(struct holder *h);

/* Open the control socket, if there is to be one. */
int cfupgrade_open_control(struct holder *h);

/* Whether the environment of the server can be made: {fdN} may name no socket. */
int cfupgrade_check_env(const struct holder *h);

#endif
