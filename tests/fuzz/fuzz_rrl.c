/* SPDX-License-Identifier: MIT */
/*
 * Response rate limiting with hostile times, addresses and names: every verdict is one of
 * the four, no account gets more than a second's credit at one time, and the counts add
 * up.
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
    default: return now < INT64_MAX / 2 ? now + take(in) * INT64_C(10000000) : now;
    }
}

static int one_check(cfk_rrl *rrl, struct input *in, int64_t *now)
{
    uint8_t op = take(in);
    uint8_t address[16] = { 10, 0, take(in) };
    uint8_t name_len = op & 0x40 ? take(in) : op / 8 % 8;
    uint8_t name[255];
    int kind = op % 5;

    *now = next_time(in, op, *now);
    memset(name, op, sizeof name);
    return cfk_rrl_check(rrl, address, op & 0x80 ? 16 : 4, kind, name, name_len, op % 2,
                         *now, NULL);
}

/* The rate of this kind, one time, one account: at most a second's credit. */
static void flood(cfk_rrl *rrl, int64_t now, uint32_t rate)
{
    uint32_t sent = 0;

    for (uint32_t i = 0; i < rate + 5; i++)
        sent += cfk_rrl_check(rrl, "flod", 4, CFK_RRL_ANSWER, "", 0, 1, now, NULL) ==
                CFK_RRL_SEND;
    must(sent <= rate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct cfk_rrl_options opts = { .size = sizeof opts, .seed = { 1, 2 } };
    struct cfk_rrl_stats stats = { .size = sizeof stats };
    uint64_t checks = 0;
    cfk_rrl *rrl;
    int64_t now;

    for (int kind = 0; kind < CFK_RRL_KINDS; kind++)
        opts.rates[kind] = take(&in);
    opts.all_rate = take(&in) * 64u;
    opts.window_s = take(&in);
    opts.slip = take(&in) % 12;
    opts.ipv4_prefix = take(&in) % 34;
    opts.ipv6_prefix = take(&in) % 130;
    opts.accounts = take(&in);
    if (cfk_rrl_new(&opts, &rrl, NULL) != CFK_OK)
        return 0;
    now = (int64_t)take_u64(&in);
    while (in.size > 0) {
        int verdict = one_check(rrl, &in, &now);

        must(verdict >= CFK_RRL_DROP && verdict <= CFK_RRL_LEAK);
        checks++;
    }
    must(cfk_rrl_get_stats(rrl, &stats, NULL) == CFK_OK);
    must(stats.sent + stats.slipped + stats.leaked + stats.dropped == checks);
    if (opts.rates[CFK_RRL_ANSWER] > 0)
        flood(rrl, now, opts.rates[CFK_RRL_ANSWER]);
    cfk_rrl_free(rrl);
    return 0;
}
