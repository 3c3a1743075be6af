/* SPDX-License-Identifier: MIT */
/* For tools that hold secrets: nobody else may look into the process. */
#ifndef PRIVATE_H
#define PRIVATE_H

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#if defined(__has_feature)
#define CLI_HAS_FEATURE(feature) __has_feature(feature)
#else
#define CLI_HAS_FEATURE(feature) 0
#endif

/*
 * No core dump, no tracing by the same user, no file that others may read. A
 * sanitizer that looks for leaks has to trace.
 */
static inline void cli_keep_private(void)
{
    static const struct rlimit none = { 0, 0 };

#if !defined(__SANITIZE_ADDRESS__) && !CLI_HAS_FEATURE(address_sanitizer)
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    setrlimit(RLIMIT_CORE, &none);
    umask(077);
}

#endif
