/* SPDX-License-Identifier: MIT */
#ifndef CFKIT_UPGRADE_H
#define CFKIT_UPGRADE_H

#include <cfkit/base.h>

#endif
