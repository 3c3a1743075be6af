/* SPDX-License-Identifier: MIT */
/* Reporting: one line that fills the caller's error and returns its code. */
#ifndef CFK_BASE_ERROR_H
#define CFK_BASE_ERROR_H

#include "cfkit/base.h"

#if defined(__GNUC__)
#define CFK__PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define CFK__PRINTF(text, first)
#endif

/* Fill err, which may be NULL, and return code. */
int cfk__fail(struct cfk_error *err, int code, const char *format, ...) CFK__PRINTF(3, 4);

/* The same for a fault at a byte of the input. */
int cfk__fail_at(struct cfk_error *err, int code, uint64_t offset, const char *format,
                 ...) CFK__PRINTF(4, 5);

/* The same for a failed system call: ": " and the system's words are added. */
int cfk__fail_errno(struct cfk_error *err, int code, int sys_errno, const char *format,
                    ...) CFK__PRINTF(4, 5);

/* What every function of a component that is configured out returns. */
int cfk__fail_absent(struct cfk_error *err, const char *component);

#endif
