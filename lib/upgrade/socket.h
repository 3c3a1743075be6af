/* SPDX-License-Identifier: MIT */
/* Sockets made from addresses, and the paths of UNIX sockets. */
#ifndef CFK_UPGRADE_SOCKET_H
#define CFK_UPGRADE_SOCKET_H

#include "upgrade/address.h"
#include "upgrade/fds.h"

/*
 * A bound, and but for datagrams listening, socket: close-on-exec, above 2,
 * blocking. *id is set for a UNIX socket with a path. CFK_OK, CFK_E_EXISTS
 * (in use) or CFK_E_IO.
 */
int cfk__socket_open(const struct cfk__address *address,
                     const struct cfk__socket_options *options, int *fd,
                     struct cfk__path_id *id, struct cfk_error *err);

/* Whether fd is a socket of that type: SOCK_STREAM, ... */
bool cfk__socket_has_type(int fd, int type);

/* Remove path if it is still the socket of that inode. */
void cfk__path_remove(const char *path, const struct cfk__path_id *id);

/* A close-on-exec duplicate above 2, or -1 with errno. */
int cfk__fd_duplicate(int fd);

#endif
