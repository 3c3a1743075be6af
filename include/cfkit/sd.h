/* SPDX-License-Identifier: MIT */
/*
 * The service manager's side of a server, systemd's protocols in own code:
 * what sockets it passes, what one tells it, and its watchdog. For programs
 * without a cfk_upgrade handle; one that has a handle uses
 * cfk_upgrade_new(), which adopts the sockets itself, and cfk_upgrade_tell().
 *
 * These functions have no state. They read the environment, which is the whole
 * process's, and change it only where that is said.
 */
#ifndef CFKIT_SD_H
#define CFKIT_SD_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first descriptor that is passed. */
enum { CFK_SD_FIRST_FD = 3 };

/* Flags of cfk_sd_listen_fds(). */
enum {
    CFK_SD_UNSET = 1 /* remove LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES */
};

/*
 * The sockets that were passed to this process (LISTEN_FDS where LISTEN_PID is
 * ours): *count descriptors from CFK_SD_FIRST_FD on, which become
 * close-on-exec, and their names in *names (NULL where count is 0), one block
 * to be released with cfk_free(alloc, *names).
 * Returns CFK_OK, CFK_E_INVALID (unknown flags), CFK_E_CORRUPT (what is named
 * is not open, or makes no sense), CFK_E_LIMIT (over 65536) or CFK_E_NOMEM.
 * O(descriptors). Since 0.1.
 */
CFK_API int cfk_sd_listen_fds(const struct cfk_alloc *alloc, uint32_t flags,
                              const char ***names, size_t *count, struct cfk_error *err);

/*
 * Tell the service manager something: state is lines of NAME=VALUE, such as
 * "READY=1", "STOPPING=1", "STATUS=words", "EXTEND_TIMEOUT_USEC=n",
 * "WATCHDOG=1" or "MAINPID=n".
 *
 *   socket  an absolute path, or '@' and an abstract name; NULL means the
 *           environment variable NOTIFY_SOCKET.
 *   fds     fd_count descriptors, at most 253, that go with it (FDSTORE=1).
 *
 * Returns CFK_OK, CFK_E_NOTFOUND (socket is NULL and there is no such
 * variable: nobody wants to know), CFK_E_INVALID or CFK_E_IO. Since 0.1.
 */
CFK_API int cfk_sd_notify(const char *socket, const char *state, const int *fds,
                          size_t fd_count, struct cfk_error *err);

/*
 * "RELOADING=1" with the time of it, as Type=notify-reload wants it: now_ns is
 * CLOCK_MONOTONIC. READY=1 is to follow. Returns as cfk_sd_notify(). Since 0.1.
 */
CFK_API int cfk_sd_reloading(const char *socket, uint64_t now_ns, struct cfk_error *err);

/* Flags of cfk_sd_store(). */
enum {
    CFK_SD_NO_POLL = 1 /* FDPOLL=0: keep it even when the other end has closed */
};

/*
 * Let the service manager keep descriptors over a restart of the service; it
 * passes them again, under this name, behind the sockets.
 *
 *   name  1 to 255 bytes without ':' and control characters.
 *
 * Returns as cfk_sd_notify(). Since 0.1.
 */
CFK_API int cfk_sd_store(const char *socket, const char *name, const int *fds,
                         size_t fd_count, uint32_t flags, struct cfk_error *err);

/* The reverse: all that is kept under this name is let go. Since 0.1. */
CFK_API int cfk_sd_unstore(const char *socket, const char *name, struct cfk_error *err);

/*
 * How often this process has to say "WATCHDOG=1" or is taken to hang: say it
 * twice in that time.
 * Returns CFK_OK, CFK_E_NOTFOUND (no watchdog, or for another process) or
 * CFK_E_CORRUPT (WATCHDOG_USEC is no time). Since 0.1.
 */
CFK_API int cfk_sd_watchdog(uint64_t *interval_ns, struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
