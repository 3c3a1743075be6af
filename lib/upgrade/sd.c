/* SPDX-License-Identifier: MIT */
/* What a service manager passes to a process and wants to be told. */
#include "cfkit/sd.h"

#include "base/alloc.h"
#include "base/error.h"
#include "cfkit/upgrade.h"
#include "upgrade/inherit.h"
#include "upgrade/notify.h"
#include "upgrade/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FDS = 65536 };

_Static_assert((int)CFK_SD_FIRST_FD == (int)CFK__FIRST_FD, "one place for descriptors");

/* The names of fds in one block, the pointers first; NULL: no memory. */
static const char **copy_names(const struct cfk_alloc *alloc, const struct cfk__fds *fds)
{
    size_t bytes = fds->count * sizeof(char *);
    const char **names;
    char *text;

    for (size_t i = 0; i < fds->count; i++)
        bytes += strlen(fds->items[i].name) + 1;
    names = cfk__malloc(alloc, bytes);
    if (names == NULL)
        return NULL;
    text = (char *)(names + fds->count);
    for (size_t i = 0; i < fds->count; i++) {
        size_t len = strlen(fds->items[i].name) + 1;

        names[i] = memcpy(text, fds->items[i].name, len);
        text += len;
    }
    return names;
}

int cfk_sd_listen_fds(const struct cfk_alloc *alloc, uint32_t flags, const char ***names,
                      size_t *count, struct cfk_error *err)
{
    struct cfk__fds fds = { .alloc = alloc, .limit = MOST_FDS };
    int rc;

    *names = NULL;
    if ((flags & ~(uint32_t)CFK_SD_UNSET) != 0)
        return cfk__fail(err, CFK_E_INVALID, "upgrade: listen_fds with unknown flags");
    rc = cfk__inherit_listen_fds(&fds, err);
    if (rc != CFK_OK)
        return rc;
    if (fds.count > 0)
        *names = copy_names(alloc, &fds);
    if (fds.count > 0 && *names == NULL) {
        cfk__inherit_disown(&fds);
        return cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory for names");
    }
    *count = fds.count;
    cfk__inherit_disown(&fds);
    if ((flags & CFK_SD_UNSET) != 0) {
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDNAMES");
    }
    return CFK_OK;
}

int cfk_sd_notify(const char *socket, const char *state, const int *fds, size_t fd_count,
                  struct cfk_error *err)
{
    const char *address = socket != NULL ? socket : getenv("NOTIFY_SOCKET");

    if (address == NULL)
        return cfk__fail(err, CFK_E_NOTFOUND, "upgrade: NOTIFY_SOCKET is not set");
    return cfk__notify_send(address, state, fds, fd_count, err);
}

int cfk_upgrade_notify(const char *socket, const char *state, struct cfk_error *err)
{
    return cfk_sd_notify(socket, state, NULL, 0, err);
}

int cfk_sd_reloading(const char *socket, uint64_t now_ns, struct cfk_error *err)
{
    char state[64];

    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_ns / 1000);
    return cfk_sd_notify(socket, state, NULL, 0, err);
}

/* "VERB=1", the name, and what is added to it. */
static int notify_about(const char *socket, const char *verb, const char *name,
                        const char *more, const int *fds, size_t count,
                        struct cfk_error *err)
{
    char state[64 + CFK__NAME_MAX];

    if (name == NULL || !cfk__text_is_name(name, strlen(name)))
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: no name for the store: 1 to 255 bytes without ':' and "
                         "control characters");
    snprintf(state, sizeof state, "%s=1\nFDNAME=%s%s", verb, name, more);
    return cfk_sd_notify(socket, state, fds, count, err);
}

int cfk_sd_store(const char *socket, const char *name, const int *fds, size_t fd_count,
                 uint32_t flags, struct cfk_error *err)
{
    if ((flags & ~(uint32_t)CFK_SD_NO_POLL) != 0 || fd_count == 0)
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: store with unknown flags or without a descriptor");
    return notify_about(socket, "FDSTORE", name,
                        (flags & CFK_SD_NO_POLL) != 0 ? "\nFDPOLL=0" : "", fds, fd_count,
                        err);
}

int cfk_sd_unstore(const char *socket, const char *name, struct cfk_error *err)
{
    return notify_about(socket, "FDSTOREREMOVE", name, "", NULL, 0, err);
}

int cfk_sd_watchdog(uint64_t *interval_ns, struct cfk_error *err)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t value;

    if (usec == NULL)
        return cfk__fail(err, CFK_E_NOTFOUND, "upgrade: WATCHDOG_USEC is not set");
    if (pid != NULL && (!cfk__text_number(pid, strlen(pid), 10, INT32_MAX, &value) ||
                        (pid_t)value != getpid()))
        return cfk__fail(err, CFK_E_NOTFOUND,
                         "upgrade: WATCHDOG_PID is of another process");
    if (!cfk__text_number(usec, strlen(usec), 10, UINT64_MAX / 1000, &value) ||
        value == 0)
        return cfk__fail(err, CFK_E_CORRUPT, "upgrade: WATCHDOG_USEC is '%.40s', no time",
                         usec);
    *interval_ns = value * 1000;
    return CFK_OK;
}
