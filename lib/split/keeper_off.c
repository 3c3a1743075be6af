/* SPDX-License-Identifier: MIT */
/* Delegations where split is configured out. */
#include "base/error.h"
#include "cfkit/keeper.h"

int cfk_keeper_new(const struct cfk_keeper_options *opts, cfk_keeper **out,
                   struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_keeper_free(cfk_keeper *keeper)
{
    (void)keeper;
}

int cfk_keeper_delegate(cfk_keeper *keeper, const cfk_lock *lock,
                        const struct cfk_keeper_terms *terms, int64_t now,
                        struct cfk_error *err)
{
    (void)keeper;
    (void)lock;
    (void)terms;
    (void)now;
    return cfk__fail_absent(err, "split");
}

int cfk_keeper_delegate_identity(cfk_keeper *keeper, const cfk_identity *identity,
                                 const struct cfk_keeper_terms *terms, int64_t now,
                                 struct cfk_error *err)
{
    (void)keeper;
    (void)identity;
    (void)terms;
    (void)now;
    return cfk__fail_absent(err, "split");
}

int cfk_keeper_open(cfk_keeper *keeper, cfk_lock *lock,
                    const struct cfk_keeper_request *request, int64_t now,
                    struct cfk_error *err)
{
    (void)keeper;
    (void)lock;
    (void)request;
    (void)now;
    return cfk__fail_absent(err, "split");
}

size_t cfk_keeper_helpers(cfk_keeper *keeper, const cfk_lock *lock,
                          const struct cfk_keeper_request *request, int64_t now,
                          const char **names)
{
    (void)keeper;
    (void)lock;
    (void)request;
    (void)now;
    (void)names;
    return 0;
}

int64_t cfk_keeper_next_expiry(const cfk_keeper *keeper)
{
    (void)keeper;
    return CFK_KEEPER_NEVER;
}

uint32_t cfk_keeper_expire(cfk_keeper *keeper, int64_t now)
{
    (void)keeper;
    (void)now;
    return 0;
}

int cfk_keeper_get(const cfk_keeper *keeper, uint32_t index, struct cfk_keeper_info *info,
                   struct cfk_error *err)
{
    (void)keeper;
    (void)index;
    (void)info;
    return cfk__fail_absent(err, "split");
}

uint32_t cfk_keeper_revoke(cfk_keeper *keeper, const char *person, const char *slot)
{
    (void)keeper;
    (void)person;
    (void)slot;
    return 0;
}
