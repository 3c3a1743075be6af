/* SPDX-License-Identifier: MIT */
/*
 * Lock files that named people open together, as a policy says: each with an
 * identity (its public text is all that a lock is made with) or a passphrase.
 *
 *     cfk_lock_new("2 of (alice, bob, carol)", 24, NULL, &lock, &err);
 *     cfk_lock_set_public(lock, "alice", "age1...", &err);
 *     ...                                              for each person
 *     cfk_lock_seal(lock, &sealer, &err);
 *     cfk_lock_head(lock, &head, &size);               the file is this, and then
 *     cfk_split_sealer_update(sealer, ...);            what the sealer gives
 *
 *     cfk_lock_read(head, size, NULL, &lock, &err);    of the file's beginning
 *     cfk_lock_give_identity(lock, NULL, alice, &err);
 *     cfk_lock_give_passphrase(lock, "bob", words, words_size, &err);
 *     cfk_lock_open(lock, &err);                       CFK_E_NEED_MORE until enough
 *     cfk_lock_opener(lock, &opener, &err);            takes what is behind the head
 *
 * People come and go by a change of the head alone, which stands in the file
 * twice, so that a crash in the midst of a change loses nothing. What a change
 * cannot do is take knowledge back: who has a copy of an older head can open
 * the payload as that head says, with the people it names, for as long as the
 * payload stays under its key. cfk_lock_seal() of an opened lock gives it a
 * new key; the payload then has to be sealed again.
 *
 * Keys and shares are kept in locked memory; passphrases are not kept. The
 * format: cfl(5).
 */
#ifndef CFKIT_LOCK_H
#define CFKIT_LOCK_H

#include <cfkit/base.h>
#include <cfkit/identity.h>
#include <cfkit/policy.h>
#include <cfkit/split.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CFK_LOCK_HEAD = 65536, /* bytes before the payload of a lock for people */

    /* kinds of locks */
    CFK_LOCK_SHARES = 1, /* opened by the shares of a set, see cfkit/split.h */
    CFK_LOCK_PEOPLE = 2,

    /* by what a person opens */
    CFK_LOCK_IDENTITY = 1,
    CFK_LOCK_PASSPHRASE = 2
};

/* One thread at a time. */
typedef struct cfk_lock cfk_lock;

/* What was tried or done with a lock, for a log. */
enum {
    CFK_LOCK_GAVE = 1, /* a person gave an identity or a passphrase */
    CFK_LOCK_OPENED = 2,
    CFK_LOCK_SEALED = 3, /* under a new key */
    CFK_LOCK_CHANGED = 4
};

struct cfk_lock_event {
    size_t size;        /* sizeof(struct cfk_lock_event) */
    int32_t what;       /* CFK_LOCK_GAVE ... */
    int32_t code;       /* CFK_OK or why it failed */
    const char *person; /* who gave, as the lock or the caller names them, or NULL */
};

/* Called from within the function that it tells of; lock may be looked at only. */
typedef void cfk_lock_audit(void *ctx, const cfk_lock *lock,
                            const struct cfk_lock_event *event);

struct cfk_lock_options {
    size_t size; /* sizeof(struct cfk_lock_options) */

    /* 1: one person alone may meet the policy, and two may have one key */
    uint32_t allow_single;

    /* What a guess of a passphrase costs that is set here. About 0.25 s by default. */
    uint32_t memory_kib; /* at least 8 for each lane; 0 means 65536, 64 MiB */
    uint32_t passes;     /* 0 means 3 */
    uint32_t lanes;      /* 0 means 1; worked off by one thread */

    /* The most that one passphrase may ask for; and all that are tried together. */
    uint32_t max_memory_kib; /* 0 means 1048576, 1 GiB; times passes, 4 of that */
    uint32_t max_passes;     /* 0 means 16; of lanes there are at most 16 */

    cfk_lock_audit *audit; /* or NULL */
    void *audit_ctx;
    const struct cfk_alloc *alloc; /* NULL means malloc and free; not for Argon2id */
};

/*
 * What kind of lock file begins with size bytes of head (those it has, or the
 * first CFK_LOCK_HEAD): CFK_LOCK_SHARES, CFK_LOCK_PEOPLE, or 0 where it is no
 * lock. Nothing else of it is judged. Since 0.1.
 */
CFK_API int cfk_lock_kind(const void *head, size_t size);

/*
 * Begin a lock for a policy (see cfkit/policy.h) in *out; release it with
 * cfk_lock_free(). Its people have no keys yet. Returns CFK_OK, what
 * cfk_policy_parse() returns, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM (also
 * for want of locked memory). Since 0.1.
 */
CFK_API int cfk_lock_new(const char *policy, size_t len,
                         const struct cfk_lock_options *opts, cfk_lock **out,
                         struct cfk_error *err);

/*
 * Read the head of a lock file, the first CFK_LOCK_HEAD bytes of it or all
 * there are, into *out; release it with cfk_lock_free(). Of the two copies of
 * the head the newer is taken that is not damaged; cfk_lock_show() tells of
 * damage. Whether the head is authentic shows when enough people open it.
 *
 *   CFK_OK
 *   CFK_E_CORRUPT  not a lock file, or both copies are damaged
 *   CFK_E_NOTSUP   of a newer version
 *   CFK_E_LIMIT    a passphrase would cost more than the limits
 *   CFK_E_INVALID, CFK_E_NOMEM
 *
 * Since 0.1.
 */
CFK_API int cfk_lock_read(const void *head, size_t size,
                          const struct cfk_lock_options *opts, cfk_lock **out,
                          struct cfk_error *err);

/* Wipe and release; lock may be NULL. Sealers and openers live on. Since 0.1. */
CFK_API void cfk_lock_free(cfk_lock *lock);

struct cfk_lock_info {
    size_t size;          /* sizeof(struct cfk_lock_info), set by the caller */
    uint32_t kind;        /* CFK_LOCK_SHARES or CFK_LOCK_PEOPLE */
    uint32_t generation;  /* from 1, one more for each change; 0: no head yet */
    uint32_t is_open;     /* its key is known */
    uint32_t damaged;     /* 1: one copy of the head is damaged, the other was read */
    uint32_t interrupted; /* 1: one copy is from before the last change */
    uint32_t head_size;   /* where the payload begins */
    uint32_t used;        /* bytes that a copy of the head takes of its 32768 */
    uint8_t id[16];       /* the lock's number */
    uint8_t set_id[8];    /* of the shares that open it, else zeros */
};

/* Fill *info. CFK_OK or CFK_E_INVALID. Since 0.1. */
CFK_API int cfk_lock_show(const cfk_lock *lock, struct cfk_lock_info *info,
                          struct cfk_error *err);

/*
 * Who opens it; NULL for a lock that shares open. After cfk_lock_set_policy()
 * it is still the old one until the change is made. It lives until then, or
 * as long as the lock. Since 0.1.
 */
CFK_API const cfk_policy *cfk_lock_policy(const cfk_lock *lock);

struct cfk_lock_person {
    size_t size;         /* sizeof(struct cfk_lock_person), set by the caller */
    uint32_t kind;       /* CFK_LOCK_IDENTITY, CFK_LOCK_PASSPHRASE; 0: no key is set */
    uint32_t has_given;  /* 1: their identity or passphrase was given */
    uint32_t memory_kib; /* of a passphrase: what a guess costs */
    uint32_t passes;
    uint32_t lanes;
    char public_text[CFK_IDENTITY_PUBLIC_SIZE]; /* of an identity, else empty */
};

/*
 * Fill *person for number index of the policy's people. CFK_OK or CFK_E_INVALID
 * (there is none, or the size is not set). Since 0.1.
 */
CFK_API int cfk_lock_show_person(const cfk_lock *lock, size_t index,
                                 struct cfk_lock_person *person, struct cfk_error *err);

/*
 * Give a person's key: of the one named, or with name NULL of everybody who
 * has this public key in the lock. A person who is wrong changes nothing.
 *
 *   CFK_OK
 *   CFK_E_PASSPHRASE  wrong passphrase or identity, or nobody of that name opens
 *                     the lock so: one code and message for all of these, which
 *                     may be shown to strangers
 *   CFK_E_CORRUPT     the key is right, and what the lock holds for that person
 *                     is damaged or forged; the message names them
 *   CFK_E_LIMIT       the passphrases tried so far together cost more than the
 *                     limits, or this one is longer than 4096 bytes
 *   CFK_E_STATE       nothing to open: a lock in the making, or one for shares
 *   CFK_E_NOMEM
 *
 * A passphrase costs an Argon2id and two X25519, an identity one X25519. Since 0.1.
 */
CFK_API int cfk_lock_give_identity(cfk_lock *lock, const char *name,
                                   const cfk_identity *identity, struct cfk_error *err);
CFK_API int cfk_lock_give_passphrase(cfk_lock *lock, const char *name,
                                     const void *passphrase, size_t size,
                                     struct cfk_error *err);

/*
 * The people who gave, and those who are still missing: names of a smallest
 * set, see cfk_policy_missing(), in room for cfk_policy_people() pointers.
 * Returns their number; 0 missing: cfk_lock_open() will do. Since 0.1.
 */
CFK_API size_t cfk_lock_given(const cfk_lock *lock, const char **names);
CFK_API size_t cfk_lock_missing(const cfk_lock *lock, const char **names);

/*
 * Find the key from what was given and check the whole head under it: that
 * nobody was taken out or put in, and that the policy is the one it was made
 * with. Returns CFK_OK, CFK_E_NEED_MORE, CFK_E_CORRUPT (the head is forged),
 * CFK_E_STATE or CFK_E_NOMEM. Since 0.1.
 */
CFK_API int cfk_lock_open(cfk_lock *lock, struct cfk_error *err);

/*
 * An opener for the payload of an open lock, see cfk_split_opener_update(); it
 * takes the file from byte CFK_LOCK_HEAD on, and the offset of its errors is
 * that in the file. CFK_OK, CFK_E_STATE (not open) or CFK_E_NOMEM. Since 0.1.
 */
CFK_API int cfk_lock_opener(cfk_lock *lock, cfk_split_opener **out,
                            struct cfk_error *err);

/*
 * Plan another policy; people of both keep their keys, new ones need one.
 * Nothing changes before cfk_lock_change() or cfk_lock_seal(). Returns what
 * cfk_policy_parse() returns, or CFK_E_STATE for a lock that shares open. Since 0.1.
 */
CFK_API int cfk_lock_set_policy(cfk_lock *lock, const char *policy, size_t len,
                                struct cfk_error *err);

/*
 * Plan the key of a person of the policy that is planned, in place of the one
 * there may be: the public text of an identity, or a passphrase, which is
 * worked into a key at once and not kept.
 *
 *   CFK_OK
 *   CFK_E_NOTFOUND  the policy has no such person
 *   CFK_E_CORRUPT   not a public text, or mistyped
 *   CFK_E_INVALID   an empty passphrase, or costs that Argon2id does not know
 *   CFK_E_LIMIT     a passphrase of over 4096 bytes, or costs over the limits
 *   CFK_E_STATE     a lock that shares open
 *   CFK_E_NOMEM, CFK_E_RANDOM
 *
 * Since 0.1.
 */
CFK_API int cfk_lock_set_public(cfk_lock *lock, const char *name, const char *public_text,
                                struct cfk_error *err);
CFK_API int cfk_lock_set_passphrase(cfk_lock *lock, const char *name,
                                    const void *passphrase, size_t size,
                                    struct cfk_error *err);

/*
 * Take a new key for the lock and share it as planned: a new lock gets its
 * first one so, and an open one is revoked for everybody who is not in its
 * plan, once its payload, taken from an opener made before, went through the
 * sealer and no copy of the old file is left. *out gives the payload alone,
 * which stands behind the head. Returns
 *
 *   CFK_OK
 *   CFK_E_STATE    a person has no key yet; or the lock was read and is not open
 *   CFK_E_INVALID  two people have the same key
 *   CFK_E_LIMIT    the head has no room for so many people and shares, or those
 *                  whom it takes have passphrases that together cost too much
 *   CFK_E_NOMEM, CFK_E_RANDOM
 *
 * Since 0.1.
 */
CFK_API int cfk_lock_seal(cfk_lock *lock, cfk_split_sealer **out, struct cfk_error *err);

/*
 * Make the planned change: the key of an open lock is shared anew, under the
 * next generation. The payload stays as it is. Codes as for cfk_lock_seal(),
 * and CFK_E_LIMIT after 2^32 - 1 changes. Since 0.1.
 */
CFK_API int cfk_lock_change(cfk_lock *lock, struct cfk_error *err);

/*
 * The whole head, *size bytes that belong to the lock, for a file that is
 * written from its beginning. CFK_OK or CFK_E_STATE: nothing was sealed. Since 0.1.
 */
CFK_API int cfk_lock_head(const cfk_lock *lock, const void **head, size_t *size,
                          struct cfk_error *err);

/*
 * The same for a file whose head is replaced in place: piece 0, then piece 1,
 * each to be written at *offset and synced before the next. Whenever the
 * writing ends, one good copy of the head is in the file. Returns 1, or 0 where
 * there is no such piece. Since 0.1.
 */
CFK_API int cfk_lock_piece(const cfk_lock *lock, uint32_t index, uint64_t *offset,
                           const void **data, size_t *size);

#ifdef __cplusplus
}
#endif

#endif
