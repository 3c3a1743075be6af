/* SPDX-License-Identifier: MIT */
/* What is inlined, and what may be taken for granted, where instructions count. */
#ifndef CFK_BASE_INLINE_H
#define CFK_BASE_INLINE_H

#if defined(__GNUC__)
#define CFK__NOINLINE      __attribute__((noinline))
#define CFK__ALWAYS_INLINE inline __attribute__((always_inline))
#define CFK__ASSUME(what)                                                                \
    do {                                                                                 \
        if (!(what))                                                                     \
            __builtin_unreachable();                                                     \
    } while (0)
#else
#define CFK__ASSUME(what) (void)0
#define CFK__NOINLINE
#define CFK__ALWAYS_INLINE inline
#endif

#endif
