/* SPDX-License-Identifier: MIT */
/* Locks for people where split is configured out. */
#include "base/error.h"
#include "cfkit/lock.h"

int cfk_lock_kind(const void *head, size_t size)
{
    (void)head;
    (void)size;
    return 0;
}

int cfk_lock_new(const char *policy, size_t len, const struct cfk_lock_options *opts,
                 cfk_lock **out, struct cfk_error *err)
{
    (void)policy;
    (void)len;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_read(const void *head, size_t size, const struct cfk_lock_options *opts,
                  cfk_lock **out, struct cfk_error *err)
{
    (void)head;
    (void)size;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_lock_free(cfk_lock *lock)
{
    (void)lock;
}

int cfk_lock_show(const cfk_lock *lock, struct cfk_lock_info *info, struct cfk_error *err)
{
    (void)lock;
    (void)info;
    return cfk__fail_absent(err, "split");
}

const cfk_policy *cfk_lock_policy(const cfk_lock *lock)
{
    (void)lock;
    return NULL;
}

int cfk_lock_show_person(const cfk_lock *lock, size_t index,
                         struct cfk_lock_person *person, struct cfk_error *err)
{
    (void)lock;
    (void)index;
    (void)person;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_give_identity(cfk_lock *lock, const char *name, const cfk_identity *identity,
                           struct cfk_error *err)
{
    (void)lock;
    (void)name;
    (void)identity;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_give_passphrase(cfk_lock *lock, const char *name, const void *passphrase,
                             size_t size, struct cfk_error *err)
{
    (void)lock;
    (void)name;
    (void)passphrase;
    (void)size;
    return cfk__fail_absent(err, "split");
}

size_t cfk_lock_given(const cfk_lock *lock, const char **names)
{
    (void)lock;
    (void)names;
    return 0;
}

size_t cfk_lock_missing(const cfk_lock *lock, const char **names)
{
    (void)lock;
    (void)names;
    return 0;
}

int cfk_lock_open(cfk_lock *lock, struct cfk_error *err)
{
    (void)lock;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_opener(cfk_lock *lock, cfk_split_opener **out, struct cfk_error *err)
{
    (void)lock;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_set_policy(cfk_lock *lock, const char *policy, size_t len,
                        struct cfk_error *err)
{
    (void)lock;
    (void)policy;
    (void)len;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_set_public(cfk_lock *lock, const char *name, const char *public_text,
                        struct cfk_error *err)
{
    (void)lock;
    (void)name;
    (void)public_text;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_set_passphrase(cfk_lock *lock, const char *name, const void *passphrase,
                            size_t size, struct cfk_error *err)
{
    (void)lock;
    (void)name;
    (void)passphrase;
    (void)size;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_seal(cfk_lock *lock, cfk_split_sealer **out, struct cfk_error *err)
{
    (void)lock;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_change(cfk_lock *lock, struct cfk_error *err)
{
    (void)lock;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_head(const cfk_lock *lock, const void **head, size_t *size,
                  struct cfk_error *err)
{
    (void)lock;
    *head = NULL;
    *size = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_lock_piece(const cfk_lock *lock, uint32_t index, uint64_t *offset,
                   const void **data, size_t *size)
{
    (void)lock;
    (void)index;
    (void)offset;
    (void)data;
    (void)size;
    return 0;
}
