/* SPDX-License-Identifier: MIT */
/*
 * Both forms of a limiter side by side with hostile times and costs, and a cell of any
 * value: the forms agree unless the clock leaps, nothing passes above the burst, peeking
 * tells the truth, and waiting as long as told is enough.
 */
#include "cfkit/limit.h"
#include "fuzz.h"
#include "fuzz_input.h"

#include <string.h>

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

/* One question to one form; its verdict. */
static int ask(cfk_limit *limit, uint64_t cost, uint64_t burst, int64_t now,
               int64_t *retry)
{
    int64_t told;
    uint64_t left;
    int peeked = cfk_limit_peek(limit, "key", 3, cost, now, &told, &left, NULL);
    int verdict = cfk_limit_allow(limit, "key", 3, cost, now, retry, NULL);

    must(verdict == CFK_LIMIT_PASS || verdict == CFK_LIMIT_DENY);
    must(peeked == verdict && told == *retry && *retry >= 0);
    must((left >= cost) == (verdict == CFK_LIMIT_PASS));
    must((*retry == 0) == (verdict == CFK_LIMIT_PASS));
    must((*retry == CFK_LIMIT_NEVER) == (cost > burst));
    if (verdict == CFK_LIMIT_DENY && cost <= burst && now < 0) { /* far from the end */
        must(*retry <= INT64_MAX / 4 * 3);
        must(cfk_limit_allow(limit, "key", 3, cost, now + *retry, NULL, NULL) ==
             CFK_LIMIT_PASS);
    }
    return verdict;
}

/* All times seen, to know when the clock has leapt too far for both forms to agree. */
struct times {
    int64_t first;
    int64_t last;
};

static bool leapt(struct times *times, int64_t now, uint64_t events)
{
    if (now < times->first)
        times->first = now;
    if (now > times->last)
        times->last = now;
    return (uint64_t)times->last - (uint64_t)times->first >= (UINT64_C(1) << 60) / events;
}

static void one_operation(cfk_limit *hashed, cfk_limit *exact, struct input *in,
                          const struct cfk_limit_options *opts, struct times *times,
                          int64_t *now)
{
    uint64_t burst = opts->burst != 0 ? opts->burst : opts->events;
    uint8_t op = take(in);
    uint64_t cost = op >= 240 ? take_u64(in) : op / 16 % 8;
    int64_t retry[2];
    int verdict;

    *now = next_time(in, op, *now);
    verdict = ask(hashed, cost, burst, *now, &retry[0]);
    if (ask(exact, cost, burst, *now, &retry[1]) != verdict || retry[0] != retry[1])
        must(leapt(times, *now, opts->events));
    if (verdict == CFK_LIMIT_DENY && cost <= burst && *now < 0)
        *now += retry[0];
    (void)leapt(times, *now, opts->events);
}

/* A cell's value, as if somebody had written anything into it. */
static void try_cell(struct input *in, const struct cfk_limit_options *opts)
{
    struct cfk_limit_rule rule;
    uint64_t cell = take_u64(in);
    int64_t now = (int64_t)take_u64(in);
    uint64_t passed = 0;
    uint64_t next;

    if (cfk_limit_rule_init(&rule, opts->events, opts->period_ns, opts->burst, NULL) !=
        CFK_OK)
        return;
    for (int i = 0; i < 100; i++) {
        if (cfk_limit_cell_next(&rule, cell, 1, now, &next, NULL) == CFK_LIMIT_PASS)
            passed++;
        else
            must(cfk_limit_cell_next(&rule, next, 1, now, &next, NULL) == CFK_LIMIT_DENY);
        cell = next;
    }
    must(passed <= rule.burst);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct cfk_limit_options opts = { .size = sizeof opts, .seed = { 1, 2 } };
    cfk_limit *hashed;
    cfk_limit *exact;
    struct times times;
    int64_t now;

    opts.events = take_u64(&in) >> take(&in) % 64;
    opts.period_ns = (int64_t)(take_u64(&in) >> take(&in) % 64);
    opts.burst = take_u64(&in) >> take(&in) % 64;
    opts.buckets = 1;
    if (cfk_limit_new(&opts, &hashed, NULL) != CFK_OK)
        return 0;
    opts.buckets = 0;
    opts.max_keys = 1;
    must(cfk_limit_new(&opts, &exact, NULL) == CFK_OK);
    try_cell(&in, &opts);
    now = (int64_t)take_u64(&in);
    times = (struct times){ now, now };
    while (in.size > 0)
        one_operation(hashed, exact, &in, &opts, &times, &now);
    cfk_limit_free(hashed);
    cfk_limit_free(exact);
    return 0;
}
