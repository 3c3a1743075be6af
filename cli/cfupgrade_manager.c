/* SPDX-License-Identifier: MIT */
#include "cfupgrade_manager.h"

#include "cfupgrade_time.h"
#include "common/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cfupgrade_manager_init(struct cfupgrade_manager *m, bool store)
{
    const char *socket = getenv("NOTIFY_SOCKET");
    const char *room = getenv("FDSTORE"); /* how many it would keep */
    struct cfk_error err;

    *m = (struct cfupgrade_manager){ .socket = socket == NULL ? NULL : strdup(socket) };
    if (cfk_sd_watchdog(&m->watchdog_ns, &err) == CFK_E_CORRUPT)
        cli_warn("%s", cfk_error_message(&err));
    m->watchdog_ns /= 2;
    m->store = m->socket != NULL && (store || (room != NULL && atoi(room) > 0));
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    unsetenv("FDSTORE");
}

void cfupgrade_manager_free(struct cfupgrade_manager *m)
{
    free(m->socket);
    m->socket = NULL;
}

static void tell(const struct cfupgrade_manager *m, const char *state)
{
    struct cfk_error err;

    if (m->socket != NULL && cfk_sd_notify(m->socket, state, NULL, 0, &err) != CFK_OK)
        cli_detail("%s", cfk_error_message(&err));
}

void cfupgrade_manager_reloading(const struct cfupgrade_manager *m)
{
    struct cfk_error err;

    if (m->socket != NULL &&
        cfk_sd_reloading(m->socket, cfupgrade_monotonic_ns(), &err) != CFK_OK)
        cli_detail("%s", cfk_error_message(&err));
}

void cfupgrade_manager_ready(const struct cfupgrade_manager *m)
{
    tell(m, "READY=1");
}

void cfupgrade_manager_stopping(const struct cfupgrade_manager *m)
{
    tell(m, "STOPPING=1");
}

void cfupgrade_manager_status(const struct cfupgrade_manager *m, const char *format, ...)
{
    static const char prefix[] = "STATUS=";
    char state[256];
    va_list args;

    memcpy(state, prefix, sizeof prefix);
    va_start(args, format);
    vsnprintf(state + sizeof prefix - 1, sizeof state - sizeof prefix + 1, format, args);
    va_end(args);
    tell(m, state);
}

void cfupgrade_manager_extend(const struct cfupgrade_manager *m, const char *line,
                              size_t len)
{
    char state[64];

    snprintf(state, sizeof state, "%.*s", (int)len, line);
    tell(m, state);
}

void cfupgrade_manager_keep(const struct cfupgrade_manager *m, const cfk_upgrade *u)
{
    struct cfk_upgrade_entry entry;
    struct cfk_error err;

    /* What it keeps already it recognises. */
    for (size_t i = 0; m->store && cfk_upgrade_get(u, i, &entry, NULL) == CFK_OK; i++)
        if (cfk_sd_store(m->socket, entry.name, &entry.fd, 1, CFK_SD_NO_POLL, &err) !=
            CFK_OK)
            cli_warn("%s: the service manager does not keep it: %s", entry.name,
                     cfk_error_message(&err));
}

void cfupgrade_manager_forget(const struct cfupgrade_manager *m, const char *name)
{
    struct cfk_error err;

    if (m->store && cfk_sd_unstore(m->socket, name, &err) != CFK_OK)
        cli_detail("%s", cfk_error_message(&err));
}

void cfupgrade_manager_alive(struct cfupgrade_manager *m, uint64_t now_ns)
{
    if (m->watchdog_ns == 0 || m->socket == NULL || now_ns < m->next_ns)
        return;
    tell(m, "WATCHDOG=1");
    m->next_ns = now_ns + m->watchdog_ns;
}
