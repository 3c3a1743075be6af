/* SPDX-License-Identifier: MIT */
#ifndef CFKIT_CACHE_H
#define CFKIT_CACHE_H

#include <cfkit/base.h>

#endif
