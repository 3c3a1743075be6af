/* SPDX-License-Identifier: MIT */
/*
 * For a process that holds the sockets of servers which know nothing of this
 * library, as cfupgrade(1) does: to see that such a server is ready, and to be
 * replaced itself while they go on.
 */
#ifndef CFKIT_UPGRADE_HOLDER_H
#define CFKIT_UPGRADE_HOLDER_H

#include <cfkit/upgrade.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Whether process pid, or a descendant of it, accepts connections on a socket
 * that it shares with others, for servers that cannot say that they are ready:
 * being connected proves nothing, for the connection may wait for, or be served
 * by, somebody else. Connects to listener and looks who has accepted; never
 * blocks. Call it every now and then until it returns something else than
 * CFK_E_AGAIN. Nothing is sent.
 *
 *   listener    a TCP or UNIX socket that takes connections.
 *   connection  *connection is -1 at first and holds what is open between calls;
 *               the caller closes what is left when it gives up.
 *
 * Returns CFK_OK (it does), CFK_E_AGAIN (it has not yet), CFK_E_INVALID (no such
 * socket or process), or CFK_E_IO: this system does not tell (it takes sock_diag
 * and the right to look at /proc/PID/fd). O(descriptors of the process). Since 0.1.
 */
CFK_API int cfk_upgrade_probe(int listener, int32_t pid, int *connection,
                              struct cfk_error *err);

/*
 * For a holder that replaces its own program while its servers go on: describe
 * the handle in *fd, a file in memory. That file and all that the handle has
 * stay open over execve(); the new program, which is the same process, gives it
 * to cfk_upgrade_thaw(). If the program cannot be run, cfk_upgrade_unfreeze()
 * takes it back. In between the handle is not to be used.
 * Returns CFK_OK, CFK_E_BUSY (a process is starting), CFK_E_STATE (a forked
 * process), CFK_E_STOPPED, CFK_E_NOMEM or CFK_E_IO; then nothing has changed.
 * O(descriptors). Since 0.1.
 */
CFK_API int cfk_upgrade_freeze(cfk_upgrade *u, int *fd, struct cfk_error *err);

/* Close what cfk_upgrade_freeze() made and make all close-on-exec again. Since 0.1. */
CFK_API void cfk_upgrade_unfreeze(cfk_upgrade *u, int fd);

/*
 * Make a handle of fd, which cfk_upgrade_freeze() made before this program was
 * run, instead of cfk_upgrade_new(). Options are those of the new program; what
 * runs keeps its times. On success fd is closed.
 * Returns CFK_OK, CFK_E_INVALID (no such file), CFK_E_PROTOCOL (of another
 * version, or its descriptors are not open), CFK_E_NOMEM, CFK_E_IO or
 * CFK_E_NOTSUP (options), and on failure sets *out to NULL and closes nothing.
 * O(descriptors). Since 0.1.
 */
CFK_API int cfk_upgrade_thaw(const struct cfk_upgrade_options *opts, int fd,
                             cfk_upgrade **out, struct cfk_error *err);

/*
 * Move the descriptor at index from, as cfk_upgrade_get() counts, to index to;
 * those in between close up.
 * Returns CFK_OK, CFK_E_NOTFOUND or CFK_E_STOPPED. O(descriptors). Since 0.1.
 */
CFK_API int cfk_upgrade_move(cfk_upgrade *u, size_t from, size_t to,
                             struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
