/* SPDX-License-Identifier: MIT */
#ifndef CFKIT_SPLIT_H
#define CFKIT_SPLIT_H

#include <cfkit/base.h>

#endif
