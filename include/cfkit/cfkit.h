/* SPDX-License-Identifier: MIT */
/* Everything that libcfkit offers. */
#ifndef CFKIT_CFKIT_H
#define CFKIT_CFKIT_H

#include <cfkit/base.h>
#include <cfkit/bundle.h>
#include <cfkit/cache.h>
#include <cfkit/delta.h>
#include <cfkit/drain.h>
#include <cfkit/ewma.h>
#include <cfkit/identity.h>
#include <cfkit/keeper.h>
#include <cfkit/limit.h>
#include <cfkit/lock.h>
#include <cfkit/policy.h>
#include <cfkit/pool.h>
#include <cfkit/ring.h>
#include <cfkit/sd.h>
#include <cfkit/split.h>
#include <cfkit/topk.h>
#include <cfkit/upgrade.h>
#include <cfkit/words.h>

#endif
