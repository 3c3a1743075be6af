/* SPDX-License-Identifier: MIT */
#ifndef CFKIT_EWMA_H
#define CFKIT_EWMA_H

#include <cfkit/base.h>

#endif
