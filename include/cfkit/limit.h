/* SPDX-License-Identifier: MIT */
#ifndef CFKIT_LIMIT_H
#define CFKIT_LIMIT_H

#include <cfkit/base.h>

#endif
