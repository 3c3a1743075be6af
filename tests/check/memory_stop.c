/* SPDX-License-Identifier: MIT */
/* Preloaded into a tool: it stands still where it would have ended. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <signal.h>

__attribute__((destructor)) static void stand_still(void)
{
    raise(SIGSTOP);
}
