/* SPDX-License-Identifier: MIT */
#ifndef CFKIT_DELTA_H
#define CFKIT_DELTA_H

#include <cfkit/base.h>

#endif
