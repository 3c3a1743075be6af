/* SPDX-License-Identifier: MIT */
/*
 * Both forms of a limiter side by side with hostile times and costs: they agree,
 * nothing passes above the burst, and waiting as long as told is enough.
 */
#include "cfkit/limit.h"
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t take(struct input *in)
{
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->data++;
}

static uint64_t take_u64(struct input *in)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | take(in);
    return value;
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static int64_t next_time(struct input *in, uint8_t op, int64_t now)
{
    switch (op % 8) {
    case 0: return (int64_t)take_u64(in);
    case 1: return INT64_MAX;
    case 2: return INT64_MIN;
    case 3: return now > INT64_MIN + 256 ? now - take(in) : now;
    default: return now < INT64_MAX - 65536 ? now + take(in) * 100 : now;
    }
}

static void one_operation(cfk_limit *hashed, cfk_limit *exact, struct input *in,
                          uint64_t burst, int64_t *now)
{
    uint8_t op = take(in);
    uint64_t cost = op >= 240 ? take_u64(in) : op / 16 % 8;
    int64_t retry[2];
    int verdict;

    *now = next_time(in, op, *now);
    verdict = cfk_limit_allow(hashed, "key", 3, cost, *now, &retry[0], NULL);
    must(verdict == CFK_LIMIT_PASS || verdict == CFK_LIMIT_DENY);
    must(cfk_limit_allow(exact, "key", 3, cost, *now, &retry[1], NULL) == verdict);
    must(retry[0] == retry[1] && retry[0] >= 0);
    must((retry[0] == 0) == (verdict == CFK_LIMIT_PASS));
    must((retry[0] == CFK_LIMIT_NEVER) == (cost > burst));
    must(cost != 0 || verdict == CFK_LIMIT_PASS);
    if (verdict == CFK_LIMIT_DENY && cost <= burst &&
        *now < 0) { /* far from the end of time */
        must(retry[0] <= INT64_MAX / 2);
        *now += retry[0];
        must(cfk_limit_allow(hashed, "key", 3, cost, *now, NULL, NULL) == CFK_LIMIT_PASS);
        must(cfk_limit_allow(exact, "key", 3, cost, *now, NULL, NULL) == CFK_LIMIT_PASS);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct cfk_limit_options opts = { .size = sizeof opts, .seed = { 1, 2 } };
    cfk_limit *hashed;
    cfk_limit *exact;
    uint64_t burst;
    int64_t now;

    opts.events = take_u64(&in) >> take(&in) % 64;
    opts.period_ns = (int64_t)(take_u64(&in) >> take(&in) % 64);
    opts.burst = take_u64(&in) >> take(&in) % 64;
    burst = opts.burst != 0 ? opts.burst : opts.events;
    opts.buckets = 1;
    if (cfk_limit_new(&opts, &hashed, NULL) != CFK_OK)
        return 0;
    opts.buckets = 0;
    opts.max_keys = 1;
    must(cfk_limit_new(&opts, &exact, NULL) == CFK_OK);
    now = (int64_t)take_u64(&in);
    while (in.size > 0)
        one_operation(hashed, exact, &in, burst, &now);
    cfk_limit_free(hashed);
    cfk_limit_free(exact);
    return 0;
}
