/* SPDX-License-Identifier: MIT */
/* The order of descriptors, which is that in which a new process finds them. */
#include "base/error.h"
#include "upgrade/handle.h"

#include <string.h>

int cfk_upgrade_move(cfk_upgrade *u, size_t from, size_t to, struct cfk_error *err)
{
    struct cfk__fd_entry *items = u->fds.items;
    struct cfk__fd_entry entry;
    int rc = cfk__check_open(u, err);

    if (rc != CFK_OK)
        return rc;
    if (from >= u->fds.count || to >= u->fds.count)
        return cfk__fail(err, CFK_E_NOTFOUND, "upgrade: %zu descriptors, no number %zu",
                         u->fds.count, from > to ? from : to);
    entry = items[from];
    if (from < to)
        memmove(items + from, items + from + 1, (to - from) * sizeof *items);
    else
        memmove(items + to + 1, items + to, (from - to) * sizeof *items);
    items[to] = entry;
    u->fds.cursor = 0;
    return CFK_OK;
}
