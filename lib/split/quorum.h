/* SPDX-License-Identifier: MIT */
/* Shares that came together, inside. */
#ifndef CFK_SPLIT_QUORUM_H
#define CFK_SPLIT_QUORUM_H

#include "split/lock.h"

/* In secret memory, in one piece. */
struct cfk__quorum_keys {
    uint8_t ys[CFK_SPLIT_MAX_SHARES][CFK__MASTER_SIZE];
    uint8_t master[CFK__MASTER_SIZE];
    struct cfk__share first; /* the share that the others must go with */
    union {
        struct cfk__share_work work;         /* the one being read */
        uint8_t plain[CFK_SPLIT_MAX_INSIDE]; /* until the next is */
    };
};

/* What it takes to make another share; in secret memory. */
struct cfk__quorum_extension {
    struct cfk__share_work work;
    struct cfk__merkle tree;
    char text[CFK_SPLIT_MAX_SHARE_TEXT];
};

/*
 * Shares that go together, but not with those of the quorum; in secret memory.
 * The one who came first may be the wrong one: whose set has more is taken.
 */
struct cfk__quorum_aside {
    uint32_t number; /* of the set, from 0 in the order in which they came */
    uint32_t have;
    uint8_t xs[CFK_SPLIT_MAX_SHARES];
    uint8_t ys[CFK_SPLIT_MAX_SHARES][CFK__MASTER_SIZE];
    struct cfk__share first;
};

enum { CFK__QUORUM_ASIDE = 7, CFK__SHARE_TITLE = 96 };

/* A share that was kept, for the words about it. */
struct cfk__quorum_kept {
    uint32_t number; /* of its set */
    char title[CFK__SHARE_TITLE];
};

struct cfk_split_quorum {
    struct cfk_alloc alloc;
    uint32_t number; /* of the set that is taken */
    uint32_t have;
    uint8_t xs[CFK_SPLIT_MAX_SHARES];
    struct cfk__quorum_keys *keys;
    struct cfk__quorum_aside *aside[CFK__QUORUM_ASIDE];
    uint32_t aside_count;
    struct cfk__quorum_kept *kept; /* in the order in which they came */
    uint32_t kept_count;
    uint32_t kept_capacity;
    struct cfk__quorum_extension *extension; /* NULL until one is wanted */
};

/*
 * Whether a share goes with first; theirs and mine are their titles. CFK_OK,
 * CFK_E_OTHER_SET, CFK_E_GENERATION or CFK_E_SHARE.
 */
int cfk__quorum_kinship(const struct cfk__share *first, const char *theirs,
                        const struct cfk__share *share, const char *mine,
                        struct cfk_error *err);

/*
 * Keep the share of work, which does not go with those of the quorum, aside, and
 * let its set be the one that is taken if it now has more: then CFK_OK. Else
 * CFK_E_NOTFOUND, CFK_E_EXISTS, CFK_E_NOMEM.
 */
int cfk__quorum_keep_aside(cfk_split_quorum *quorum, struct cfk_error *err);

/* Note the share of work as kept, of set number. There is room: _reserve was called. */
void cfk__quorum_note(cfk_split_quorum *quorum, uint32_t number);
int cfk__quorum_reserve(cfk_split_quorum *quorum, struct cfk_error *err);

/* CFK_OK, or what is wrong if another set is complete as well. */
int cfk__quorum_check_aside(const cfk_split_quorum *quorum, struct cfk_error *err);

/*
 * The master key from the first k shares, every one of which was proven; for the caller
 * to wipe. CFK_OK or CFK_E_NEED_MORE.
 */
int cfk__quorum_join(cfk_split_quorum *quorum, struct cfk_error *err);

#endif
