/* SPDX-License-Identifier: MIT */
#ifndef CFKIT_TOPK_H
#define CFKIT_TOPK_H

#include <cfkit/base.h>

#endif
