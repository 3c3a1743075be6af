/* SPDX-License-Identifier: MIT */
#ifndef CFKIT_BUNDLE_H
#define CFKIT_BUNDLE_H

#include <cfkit/base.h>

#endif
