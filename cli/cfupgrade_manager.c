/* SPDX-License-Identifier: MIT */
#include "cfupgrade_manager.h"

#include "cfupgrade_time.h"
#include "common/cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t watchdog_interval(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t value;
    uint64_t whose = (uint64_t)getpid();

    if (usec == NULL || !cli_parse_u64(usec, 1, UINT64_MAX / 1000, &value) ||
        (pid != NULL &&
         (!cli_parse_u64(pid, 1, INT32_MAX, &whose) || whose != (uint64_t)getpid())))
        return 0;
    return value * 1000 / 2; /* sd_watchdog_enabled(3) advises half of it */
}

void cfupgrade_manager_init(struct cfupgrade_manager *m, bool store)
{
    const char *socket = getenv("NOTIFY_SOCKET");
    const char *room = getenv("FDSTORE"); /* how many it would keep */

    *m = (struct cfupgrade_manager){
        .socket = socket == NULL ? NULL : strdup(socket),
        .watchdog_ns = watchdog_interval(),
    };
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

    if (m->socket != NULL && cfk_upgrade_notify(m->socket, state, &err) != CFK_OK)
        cli_detail("%s", cfk_error_message(&err));
}

void cfupgrade_manager_reloading(const struct cfupgrade_manager *m)
{
    char state[80];

    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
             cfupgrade_monotonic_ns() / 1000);
    tell(m, state);
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

void cfupgrade_manager_alive(struct cfupgrade_manager *m, uint64_t now_ns)
{
    if (m->watchdog_ns == 0 || m->socket == NULL || now_ns < m->next_ns)
        return;
    tell(m, "WATCHDOG=1");
    m->next_ns = now_ns + m->watchdog_ns;
}
