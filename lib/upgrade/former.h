/* SPDX-License-Identifier: MIT */
/* Former processes that still drain, by descriptors that tell when they have ended. */
#ifndef CFK_UPGRADE_FORMER_H
#define CFK_UPGRADE_FORMER_H

#include <stdbool.h>

enum { CFK__FORMER_MAX = 15 };

struct cfk__former {
    int count;
    int process[CFK__FORMER_MAX];
};

/* Take over count of them; those after the first that is -1 are ignored. */
void cfk__former_adopt(struct cfk__former *former, const int *processes, int count);

/* How many still run; the others are let go. */
int cfk__former_running(struct cfk__former *former);

void cfk__former_clear(struct cfk__former *former);

/*
 * Copy to out, which has room for CFK__FORMER_MAX, those of former and, where channel is
 * not -1, the process at its other end, whose descriptor is opened in *opened (else
 * -1). Returns how many, or -1 with errno: too many, or the system cannot tell.
 */
int cfk__former_list(const struct cfk__former *former, int channel, int *out,
                     int *opened);

#endif
