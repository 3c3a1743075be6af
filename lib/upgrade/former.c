/* SPDX-License-Identifier: MIT */
#include "upgrade/former.h"

#include "upgrade/system.h"

#include <errno.h>
#include <unistd.h>

void cfk__former_adopt(struct cfk__former *former, const int *processes, int count)
{
    former->count = 0;
    while (former->count < count && processes[former->count] >= 0) {
        former->process[former->count] = processes[former->count];
        former->count++;
    }
}

int cfk__former_running(struct cfk__former *former)
{
    int kept = 0;

    for (int i = 0; i < former->count; i++) {
        if (cfk__process_has_ended(former->process[i]))
            close(former->process[i]);
        else
            former->process[kept++] = former->process[i];
    }
    former->count = kept;
    return kept;
}

void cfk__former_clear(struct cfk__former *former)
{
    while (former->count > 0)
        close(former->process[--former->count]);
}

int cfk__former_list(const struct cfk__former *former, int channel, int *out, int *opened)
{
    int count = 0;

    *opened = -1;
    while (count < former->count) {
        out[count] = former->process[count];
        count++;
    }
    if (channel < 0)
        return count;
    if (count == CFK__FORMER_MAX) {
        errno = E2BIG;
        return -1;
    }
    *opened = cfk__process_of_peer(channel);
    if (*opened >= 0)
        out[count++] = *opened;
    else if (errno != ESRCH)
        return -1;
    return count;
}
