/* SPDX-License-Identifier: MIT */
/* cflock: what was asked for; a function for each verb, which returns the exit status. */
#ifndef CFLOCK_H
#define CFLOCK_H

#include "split_audit.h"
#include "split_common.h"
#include "split_people.h"

struct lock_job {
    char *const *operands; /* behind the verb */
    int count;
    const char *output;
    const char *policy;
    const char *lock; /* of --lock */
    unsigned flags;
    uint32_t memory_kib;
    uint32_t passes;
    bool allow_single;
    uint32_t threshold;
    uint32_t shares;
    uint32_t number; /* of a new share, or 0 */
    const char *holders[CFK_SPLIT_MAX_SHARES];
    uint32_t holder_count;
    struct cli_passphrase_source source;
    struct split_givers givers;
    struct split_takers takers;
    struct split_audit audit;
};

int cflock_key_new(struct lock_job *job);
int cflock_key_show(struct lock_job *job);
int cflock_key_passwd(struct lock_job *job);
int cflock_show(struct lock_job *job);
int cflock_check(struct lock_job *job);
int cflock_add(struct lock_job *job);
int cflock_remove(struct lock_job *job);
int cflock_policy(struct lock_job *job);
int cflock_rekey(struct lock_job *job);
int cflock_extend(struct lock_job *job);
int cflock_reshare(struct lock_job *job);

#endif
