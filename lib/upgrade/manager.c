/* SPDX-License-Identifier: MIT */
/* What the service manager is told of an upgrade. */
#include "base/error.h"
#include "cfkit/sd.h"
#include "upgrade/handle.h"
#include "upgrade/system.h"

#include <stdio.h>

int cfk_upgrade_tell(cfk_upgrade *u, const char *state, struct cfk_error *err)
{
    if (u->notify == NULL)
        return cfk__fail(err, CFK_E_NOTFOUND,
                         "upgrade: this process has no service manager to tell");
    return cfk__notify_send(u->notify, state, NULL, 0, err);
}

static bool tells(const cfk_upgrade *u)
{
    return u->notify != NULL && !cfk__is_holder(u);
}

/* Nothing here may stop an upgrade: a manager that cannot be told is not. */
void cfk__tell_begun(const cfk_upgrade *u)
{
    if (tells(u))
        cfk_sd_reloading(u->notify, cfk__monotonic_ns(), NULL);
}

void cfk__tell_passed(const cfk_upgrade *u, pid_t pid)
{
    char state[48];

    snprintf(state, sizeof state, "MAINPID=%d\nREADY=1", (int)pid);
    if (tells(u))
        cfk__notify_send(u->notify, state, NULL, 0, NULL);
}

void cfk__tell_failed(const cfk_upgrade *u)
{
    if (tells(u))
        cfk__notify_send(u->notify, "READY=1", NULL, 0, NULL);
}
