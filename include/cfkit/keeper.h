/* SPDX-License-Identifier: MIT */
/*
 * Delegations: people hand what opens their locks to a server for a time, for a
 * number of uses and for certain askers, and the server opens locks with it
 * while they are away. What they handed over is in memory alone, masked by a
 * key in locked memory, and gone after its last use or its time.
 *
 *     cfk_keeper_new(NULL, &keeper, &err);
 *
 *     cfk_lock_give_passphrase(lock, "alice", words, size, &err);
 *     terms.person = "alice", terms.uses = 3, terms.seconds = 3600;
 *     terms.askers = askers, terms.asker_count = 1, terms.unlabelled = 1;
 *     cfk_keeper_delegate(keeper, lock, &terms, now, &err);
 *
 *     request.asker = "deploy";
 *     cfk_keeper_open(keeper, another, &request, now, &err);
 *     cfk_lock_opener(another, &opener, &err);
 *     cfk_keeper_free(keeper);
 *
 * There is no thread and no clock in here: now is nanoseconds of a clock that
 * does not stop while the machine sleeps (CLOCK_BOOTTIME), passed in by the
 * caller. A keeper takes the latest time that it was told; one that is earlier
 * brings nothing back.
 */
#ifndef CFKIT_KEEPER_H
#define CFKIT_KEEPER_H

#include <cfkit/base.h>
#include <cfkit/identity.h>
#include <cfkit/lock.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CFK_KEEPER_MAX_NAME = 64,   /* bytes of a slot, an asker or a label */
    CFK_KEEPER_MAX_NAMES = 255, /* askers or labels of one delegation or request */

    /* what happened, for a log */
    CFK_KEEPER_DELEGATED = 1,
    CFK_KEEPER_REPLACED = 2, /* by a new one in its slot */
    CFK_KEEPER_OPENED = 3,   /* a lock, or not: see the code */
    CFK_KEEPER_USED = 4,     /* by an opening that succeeded */
    CFK_KEEPER_EXPIRED = 5,
    CFK_KEEPER_REVOKED = 6
};

/* The time of something that never comes. */
#define CFK_KEEPER_NEVER INT64_MAX

/* One thread at a time. In a forked child it opens nothing. */
typedef struct cfk_keeper cfk_keeper;

struct cfk_keeper_event {
    size_t size;        /* sizeof(struct cfk_keeper_event) */
    int32_t what;       /* CFK_KEEPER_DELEGATED ... */
    int32_t code;       /* CFK_OK, or why an opening failed */
    const char *person; /* whose delegation it is; NULL for an opening */
    const char *slot;   /* of it; NULL for an opening */
    const char *asker;  /* of an opening and a use, else NULL */
    const uint8_t *id;  /* 16 bytes of the lock; NULL: any lock of that identity */
    uint64_t uses;      /* that the delegation has left */
    int64_t now;        /* the latest time that the keeper was told */
};

/* Called from within the function that it tells of; it may not call the keeper. */
typedef void cfk_keeper_audit(void *ctx, const struct cfk_keeper_event *event);

struct cfk_keeper_options {
    size_t size;              /* sizeof(struct cfk_keeper_options) */
    uint32_t max_delegations; /* at a time; 0 means 1024 */
    cfk_keeper_audit *audit;  /* or NULL */
    void *audit_ctx;
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * A keeper without delegations in *out; release it with cfk_keeper_free().
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP, CFK_E_NOMEM (also for want of
 * locked memory) or CFK_E_RANDOM. Since 0.1.
 */
CFK_API int cfk_keeper_new(const struct cfk_keeper_options *opts, cfk_keeper **out,
                           struct cfk_error *err);

/* Wipe and release all of it; keeper may be NULL. Since 0.1. */
CFK_API void cfk_keeper_free(cfk_keeper *keeper);

/*
 * What a delegation is good for. Everything has to be said: there is no
 * default by which anybody could open anything. Strings are copied.
 */
struct cfk_keeper_terms {
    size_t size;        /* sizeof(struct cfk_keeper_terms) */
    const char *person; /* who delegates, as locks name them */
    const char *slot;   /* a person may have one delegation in each; NULL means "" */
    uint64_t uses;      /* how many locks may be opened with it, from 1 */
    uint64_t seconds;   /* how long it lasts, from 1 to 2^31 - 1 */

    /* Who may have a lock opened: these, or (anyone 1, and no list) whoever asks. */
    const char *const *askers;
    size_t asker_count;
    uint32_t anyone;

    /* Which locks: all labels of a lock have to be among these; with any_label 1 one. */
    uint32_t any_label;
    const char *const *labels;
    size_t label_count;
    uint32_t unlabelled; /* 1: locks without a label, too */

    uint32_t reserved; /* 0 */
};

/*
 * Take what terms->person has just given to a lock (cfk_lock_give_passphrase()
 * or cfk_lock_give_identity()): their shares of this lock in its present
 * generation, nothing else. The delegation before it in the same slot is
 * replaced. The lock keeps what it was given.
 *
 *   CFK_OK
 *   CFK_E_INVALID  terms that cannot be: no use, no second, nobody who may ask,
 *                  no lock that it is for, a bad name
 *   CFK_E_STATE    the person has not given this lock anything
 *   CFK_E_LIMIT    more delegations than the keeper takes, or names than there may be
 *   CFK_E_NOTSUP, CFK_E_NOMEM
 *
 * Since 0.1.
 */
CFK_API int cfk_keeper_delegate(cfk_keeper *keeper, const cfk_lock *lock,
                                const struct cfk_keeper_terms *terms, int64_t now,
                                struct cfk_error *err);

/*
 * Take the identity of a person itself, for every lock that names them with
 * it, also for those not made yet. The identity may be released. Codes as
 * above but for CFK_E_STATE. Since 0.1.
 */
CFK_API int cfk_keeper_delegate_identity(cfk_keeper *keeper, const cfk_identity *identity,
                                         const struct cfk_keeper_terms *terms,
                                         int64_t now, struct cfk_error *err);

/* Who asks for a lock to be opened, and what the caller knows about it. */
struct cfk_keeper_request {
    size_t size;       /* sizeof(struct cfk_keeper_request) */
    const char *asker; /* as the caller has authenticated them */
    const char *const *labels;
    size_t label_count; /* 0: the lock has none */
};

/*
 * Open a lock that was read, by the delegations that the request matches and
 * by people who gave it something themselves, who cost nothing. As few
 * delegations as can be are taken; of several of one person, shares of this lock
 * before an identity, then the one that ends first. Only when the lock is open
 * does each that was taken lose one use; the last use wipes it. On failure
 * nothing is spent. The lock never keeps what delegations brought into it, but
 * its key, once it is open. What follows is cfk_lock_opener(), and
 * cfk_lock_free() as soon as possible.
 *
 *   CFK_OK            also where it was open before; then nothing is spent
 *   CFK_E_NEED_MORE   not enough delegations match; see cfk_keeper_helpers()
 *   CFK_E_CORRUPT     enough match, but the lock is damaged or forged
 *   CFK_E_STATE       nothing to open: a lock in the making, or one for shares
 *   CFK_E_INVALID     a request without an asker or with a bad label
 *   CFK_E_NOTSUP, CFK_E_LIMIT, CFK_E_NOMEM
 *
 * An X25519 for each identity that is taken; a few hashes else. Nothing is
 * allocated by the keeper. Since 0.1.
 */
CFK_API int cfk_keeper_open(cfk_keeper *keeper, cfk_lock *lock,
                            const struct cfk_keeper_request *request, int64_t now,
                            struct cfk_error *err);

/*
 * Who could still delegate so that a request would come nearer to being met:
 * their names, which live as long as the lock, in room for as many pointers as
 * its policy has people. Returns how many: 0 if cfk_keeper_open() has enough
 * people, or if the request or the lock cannot be. Since 0.1.
 */
CFK_API size_t cfk_keeper_helpers(cfk_keeper *keeper, const cfk_lock *lock,
                                  const struct cfk_keeper_request *request, int64_t now,
                                  const char **names);

/* When the next delegation ends, for the caller's timer, or CFK_KEEPER_NEVER. Since 0.1.
 */
CFK_API int64_t cfk_keeper_next_expiry(const cfk_keeper *keeper);

/* Wipe what has ended. Returns how many delegations are left. Since 0.1. */
CFK_API uint32_t cfk_keeper_expire(cfk_keeper *keeper, int64_t now);

struct cfk_keeper_info {
    size_t size;        /* sizeof(struct cfk_keeper_info), set by the caller */
    const char *person; /* strings live until the keeper changes */
    const char *slot;
    uint64_t uses;     /* that are left */
    int64_t expiry;    /* nanoseconds */
    uint32_t identity; /* 1: an identity, not shares of one lock */
    uint32_t anyone;   /* whoever asks */
    uint8_t id[16];    /* the lock whose shares they are, or zeros */
};

/*
 * Fill *info about delegation index, 0 to one less than cfk_keeper_expire()
 * said, in the order in which they end. CFK_OK, CFK_E_NOTFOUND or CFK_E_INVALID
 * (its size is not set). Since 0.1.
 */
CFK_API int cfk_keeper_get(const cfk_keeper *keeper, uint32_t index,
                           struct cfk_keeper_info *info, struct cfk_error *err);

/*
 * Wipe the delegation of a person in a slot, or with slot NULL all of theirs, or
 * with person NULL everybody's. Returns how many there were. Since 0.1.
 */
CFK_API uint32_t cfk_keeper_revoke(cfk_keeper *keeper, const char *person,
                                   const char *slot);

#ifdef __cplusplus
}
#endif

#endif
