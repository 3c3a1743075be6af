/* SPDX-License-Identifier: MIT */
/* For tools that hold secrets: nobody else may look into the process. */
#ifndef PRIVATE_H
#define PRIVATE_H

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* No core dump, no tracing by the same user, no file that others may read. */
static inline void cli_keep_private(void)
{
    static const struct rlimit none = { 0, 0 };

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    umask(077);
}

#endif
