/* SPDX-License-Identifier: MIT */
/* Limits, in a build without the structures. */
#include "cfkit/limit.h"

#include "base/error.h"

#include <string.h>

static int absent(struct cfk_error *err)
{
    return cfk__fail_absent(err, "structures");
}

int cfk_limit_new(const struct cfk_limit_options *opts, cfk_limit **out,
                  struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_limit_free(cfk_limit *limit)
{
    (void)limit;
}

int cfk_limit_allow(cfk_limit *limit, const void *key, size_t key_len, uint64_t cost,
                    int64_t now_ns, int64_t *retry_ns, struct cfk_error *err)
{
    (void)limit, (void)key, (void)key_len, (void)cost, (void)now_ns, (void)retry_ns;
    return absent(err);
}

void cfk_limit_reset(cfk_limit *limit)
{
    (void)limit;
}

int cfk_limit_peek(const cfk_limit *limit, const void *key, size_t key_len, uint64_t cost,
                   int64_t now_ns, int64_t *retry_ns, uint64_t *left,
                   struct cfk_error *err)
{
    (void)limit, (void)key, (void)key_len, (void)cost, (void)now_ns, (void)retry_ns;
    (void)left;
    return absent(err);
}

int cfk_limit_get_stats(const cfk_limit *limit, int64_t now_ns,
                        struct cfk_limit_stats *stats, struct cfk_error *err)
{
    (void)limit, (void)now_ns, (void)stats;
    return absent(err);
}

int cfk_limit_rule_init(struct cfk_limit_rule *rule, uint64_t events, int64_t period_ns,
                        uint64_t burst, struct cfk_error *err)
{
    (void)events, (void)period_ns, (void)burst;
    memset(rule, 0, sizeof *rule);
    return absent(err);
}

int cfk_limit_cell_next(const struct cfk_limit_rule *rule, uint64_t cell, uint64_t cost,
                        int64_t now_ns, uint64_t *next, int64_t *retry_ns)
{
    (void)rule, (void)cost, (void)now_ns, (void)retry_ns;
    *next = cell;
    return absent(NULL);
}

int cfk_limit_cell_take(const struct cfk_limit_rule *rule, uint64_t *cell, uint64_t cost,
                        int64_t now_ns, int64_t *retry_ns)
{
    (void)rule, (void)cell, (void)cost, (void)now_ns, (void)retry_ns;
    return absent(NULL);
}

int cfk_rrl_new(const struct cfk_rrl_options *opts, cfk_rrl **out, struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_rrl_free(cfk_rrl *rrl)
{
    (void)rrl;
}

int cfk_rrl_check(cfk_rrl *rrl, const void *address, size_t address_len, int kind,
                  const void *name, size_t name_len, uint16_t type, int64_t now_ns,
                  struct cfk_error *err)
{
    (void)rrl, (void)address, (void)address_len, (void)kind, (void)name, (void)name_len;
    (void)type, (void)now_ns;
    return absent(err);
}

int cfk_rrl_get_stats(const cfk_rrl *rrl, struct cfk_rrl_stats *stats,
                      struct cfk_error *err)
{
    (void)rrl, (void)stats;
    return absent(err);
}
