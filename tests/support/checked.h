/* SPDX-License-Identifier: MIT */
/* Whether every access is checked, by a sanitizer or valgrind: for tests to do less then.
 */
#ifndef CHECKED_H
#define CHECKED_H

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED 1
#endif
#endif
#ifndef CHECKED
#define CHECKED RUNNING_ON_VALGRIND
#endif

#endif
