/* SPDX-License-Identifier: MIT */
/*
 * Response rate limiting. An account is the time at which it has its full credit again;
 * what it is short of then is its debt, in nanoseconds: a second of debt is a balance
 * of 0, and window + 1 seconds are the least balance. Accounts lie in sets of four, a
 * cache line each. Without its tag an account is 0, free for anybody.
 */
#include "cfkit/limit.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/siphash.h"
#include "structures/key.h"

#include <stdbool.h>

enum {
    WAYS = 4,
    ALL = CFK_RRL_KINDS, /* the account of all responses to a network */
    RATES,
    MOST_NAME = 255,
    ADDRESS = 16,
    DEFAULT_ACCOUNTS = 16384,
};
static const uint64_t SECOND_NS = 1000000000;
static const uint32_t MOST_RATE = 10000;
static const uint32_t MOST_WINDOW = 3600;
static const uint32_t MOST_SLIP = 10;
static const size_t MOST_ACCOUNTS = (size_t)1 << 26;

struct account {
    uint64_t full_at; /* nanoseconds since the least int64_t */
    uint32_t tag;
    uint32_t slipping; /* responses held back since one slipped */
};

struct cfk_rrl {
    struct cfk_alloc alloc;
    uint64_t seed[2];
    uint64_t costs[RATES]; /* of a response in nanoseconds, rounded down; 0: no limit */
    uint64_t deepest;      /* debt */
    uint32_t slip;
    uint32_t ipv4_prefix;
    uint32_t ipv6_prefix;
    struct account *accounts;
    uint32_t set_mask;
    struct cfk_rrl_stats stats;
};

/* ---- making ---- */

static int set_rate(cfk_rrl *rrl, int kind, uint32_t rate, struct cfk_error *err)
{
    if (rate > MOST_RATE && rate != CFK_RRL_NONE)
        return cfk__fail(err, CFK_E_INVALID, "rrl: a rate of %lu; %lu is the most",
                         (unsigned long)rate, (unsigned long)MOST_RATE);
    if (rate != 0 && rate != CFK_RRL_NONE)
        rrl->costs[kind] = SECOND_NS / rate;
    return CFK_OK;
}

static int set_rates(cfk_rrl *rrl, const struct cfk_rrl_options *o, struct cfk_error *err)
{
    int rc = set_rate(rrl, ALL, o->all_rate, err);

    for (int kind = 0; kind < CFK_RRL_KINDS && rc == CFK_OK; kind++)
        rc = set_rate(rrl, kind, o->rates[o->rates[kind] != 0 ? kind : CFK_RRL_ANSWER],
                      err);
    return rc;
}

/* A number of the options, or its default. */
static int take(uint32_t *out, uint32_t asked, uint32_t normal, uint32_t most,
                const char *what, struct cfk_error *err)
{
    if (asked > most)
        return cfk__fail(err, CFK_E_INVALID, "rrl: %s of %lu; %lu is the most", what,
                         (unsigned long)asked, (unsigned long)most);
    *out = asked != 0 ? asked : normal;
    return CFK_OK;
}

static int set_numbers(cfk_rrl *rrl, const struct cfk_rrl_options *o,
                       struct cfk_error *err)
{
    uint32_t window = 0;
    int rc = take(&window, o->window_s, 15, MOST_WINDOW, "a window", err);

    if (rc != CFK_OK)
        return rc;
    rrl->deepest = (window + 1) * SECOND_NS;
    if (o->slip != CFK_RRL_NONE)
        rc = take(&rrl->slip, o->slip, 2, MOST_SLIP, "a slip", err);
    if (rc == CFK_OK)
        rc = take(&rrl->ipv4_prefix, o->ipv4_prefix, 24, 32, "an IPv4 prefix", err);
    if (rc == CFK_OK)
        rc = take(&rrl->ipv6_prefix, o->ipv6_prefix, 56, 128, "an IPv6 prefix", err);
    return rc;
}

static int make_accounts(cfk_rrl *rrl, const struct cfk_rrl_options *o,
                         struct cfk_error *err)
{
    size_t wanted = o->accounts != 0 ? o->accounts : DEFAULT_ACCOUNTS;
    size_t count = WAYS;

    if (wanted > MOST_ACCOUNTS)
        return cfk__fail(err, CFK_E_INVALID, "rrl: %zu accounts; %zu is the most", wanted,
                         MOST_ACCOUNTS);
    while (count < wanted)
        count *= 2;
    rrl->accounts = cfk__calloc(&rrl->alloc, count, sizeof *rrl->accounts);
    if (rrl->accounts == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "rrl: no memory for %zu accounts", count);
    rrl->set_mask = (uint32_t)(count / WAYS - 1);
    return cfk__key_seed(rrl->seed, o->seed, err);
}

int cfk_rrl_new(const struct cfk_rrl_options *opts, cfk_rrl **out, struct cfk_error *err)
{
    struct cfk_rrl_options o;
    cfk_rrl *rrl;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    rrl = cfk__calloc(o.alloc, 1, sizeof *rrl);
    if (rrl == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "rrl: no memory for a limiter");
    rrl->alloc = *cfk__alloc_or_default(o.alloc);
    rc = set_rates(rrl, &o, err);
    if (rc == CFK_OK)
        rc = set_numbers(rrl, &o, err);
    if (rc == CFK_OK)
        rc = make_accounts(rrl, &o, err);
    if (rc != CFK_OK) {
        cfk_rrl_free(rrl);
        return rc;
    }
    *out = rrl;
    return CFK_OK;
}

void cfk_rrl_free(cfk_rrl *rrl)
{
    struct cfk_alloc alloc;

    if (rrl == NULL)
        return;
    alloc = rrl->alloc;
    cfk__free(&alloc, rrl->accounts);
    cfk__free(&alloc, rrl);
}

/* ---- whose account ---- */

/* Kind, type, family, the network's bits, the name in lower case. */
struct identity {
    uint8_t bytes[4 + ADDRESS + MOST_NAME];
    size_t len;         /* in all */
    size_t network_len; /* up to the end of the network */
};

static void put_network(const cfk_rrl *rrl, struct identity *id, const uint8_t *address,
                        size_t len)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    uint32_t bits;

    if (len == ADDRESS && memcmp(address, mapped, sizeof mapped) == 0) {
        address += sizeof mapped;
        len -= sizeof mapped;
    }
    bits = len == ADDRESS ? rrl->ipv6_prefix : rrl->ipv4_prefix;
    id->bytes[3] = (uint8_t)len;
    for (uint32_t i = 0; i < len; i++) {
        uint32_t kept = bits < 8 ? bits : 8;

        id->bytes[4 + i] = (uint8_t)(address[i] & (0xff00u >> kept & 0xffu));
        bits -= kept;
    }
    id->network_len = 4 + len;
}

static void put_kind(struct identity *id, int kind, const uint8_t *name, size_t name_len,
                     uint16_t type)
{
    if (kind != CFK_RRL_ANSWER)
        type = 0;
    if (kind >= CFK_RRL_ERROR)
        name_len = 0;
    id->bytes[0] = (uint8_t)kind;
    id->bytes[1] = (uint8_t)(type >> 8);
    id->bytes[2] = (uint8_t)type;
    for (size_t i = 0; i < name_len; i++)
        id->bytes[id->network_len + i] =
            name[i] >= 'A' && name[i] <= 'Z' ? (uint8_t)(name[i] | 0x20) : name[i];
    id->len = id->network_len + name_len;
}

static uint64_t debt_of(const cfk_rrl *rrl, const struct account *account, uint64_t now)
{
    uint64_t debt = account->full_at > now ? account->full_at - now : 0;

    return debt < rrl->deepest ? debt : rrl->deepest; /* above: the clock went back */
}

/*
 * The account itself, or the one that it takes over. Where that is not at its full
 * credit its debt stays, so that a crowd of networks never gets more than it should.
 */
static struct account *account_of(cfk_rrl *rrl, const struct identity *id, uint64_t now)
{
    uint64_t hash = cfk__siphash13(rrl->seed, id->bytes, id->len);
    struct account *set = &rrl->accounts[(size_t)(hash & rrl->set_mask) * WAYS];
    uint32_t tag = (uint32_t)(hash >> 32);
    struct account *least = set;

    for (int i = 0; i < WAYS; i++) {
        if (set[i].tag == tag)
            return &set[i];
        if (debt_of(rrl, &set[i], now) < debt_of(rrl, least, now))
            least = &set[i];
    }
    if (debt_of(rrl, least, now) > 0)
        rrl->stats.inherited++;
    else
        least->slipping = 0;
    least->tag = tag;
    return least;
}

/* ---- deciding ---- */

/* Debit an account; whether its balance allows the response. */
static bool debit(const cfk_rrl *rrl, struct account *account, uint64_t cost,
                  uint64_t now)
{
    uint64_t debt = debt_of(rrl, account, now) + cost;

    if (debt > rrl->deepest)
        debt = rrl->deepest;
    account->full_at = now + debt;
    return debt <= SECOND_NS;
}

static bool slips(const cfk_rrl *rrl, struct account *account)
{
    bool now = account->slipping == 0;

    if (rrl->slip == 0)
        return false;
    account->slipping = account->slipping + 1 < rrl->slip ? account->slipping + 1 : 0;
    return now;
}

static int verdict_of(cfk_rrl *rrl, struct identity *id, int kind, uint64_t now)
{
    struct account *account;

    if (rrl->costs[kind] == 0)
        return CFK_RRL_SEND;
    account = account_of(rrl, id, now);
    if (debit(rrl, account, rrl->costs[kind], now))
        return CFK_RRL_SEND;
    if (kind == ALL || !slips(rrl, account))
        return CFK_RRL_DROP;
    return kind == CFK_RRL_ERROR ? CFK_RRL_LEAK : CFK_RRL_SLIP;
}

static int count(struct cfk_rrl_stats *stats, int verdict)
{
    stats->sent += verdict == CFK_RRL_SEND;
    stats->slipped += verdict == CFK_RRL_SLIP;
    stats->leaked += verdict == CFK_RRL_LEAK;
    stats->dropped += verdict == CFK_RRL_DROP;
    return verdict;
}

int cfk_rrl_check(cfk_rrl *rrl, const void *address, size_t address_len, int kind,
                  const void *name, size_t name_len, uint16_t type, int64_t now_ns,
                  struct cfk_error *err)
{
    uint64_t now = (uint64_t)now_ns ^ UINT64_C(1) << 63;
    uint64_t last = UINT64_MAX - rrl->deepest;
    struct identity id;
    int verdict;

    if (address_len != 4 && address_len != ADDRESS)
        return cfk__fail(err, CFK_E_INVALID,
                         "rrl: an address of %zu bytes; 4 or 16 are right", address_len);
    if (kind < 0 || kind >= CFK_RRL_KINDS)
        return cfk__fail(err, CFK_E_INVALID, "rrl: there is no kind %d of responses",
                         kind);
    if (name_len > MOST_NAME)
        return cfk__fail(err, CFK_E_INVALID, "rrl: a name of %zu bytes; %d is the most",
                         name_len, MOST_NAME);
    if (now > last)
        now = last;
    put_network(rrl, &id, address, address_len);
    put_kind(&id, ALL, NULL, 0, 0);
    verdict = verdict_of(rrl, &id, ALL, now);
    if (verdict == CFK_RRL_SEND) {
        put_kind(&id, kind, name, name_len, type);
        verdict = verdict_of(rrl, &id, kind, now);
    }
    return count(&rrl->stats, verdict);
}

int cfk_rrl_get_stats(const cfk_rrl *rrl, struct cfk_rrl_stats *stats,
                      struct cfk_error *err)
{
    size_t size = stats->size;

    if (size < sizeof size)
        return cfk__fail(err, CFK_E_INVALID, "rrl: size of the stats is not set");
    memcpy(stats, &rrl->stats, size < sizeof *stats ? size : sizeof *stats);
    stats->size = size;
    return CFK_OK;
}
