/* SPDX-License-Identifier: MIT */
/*
 * Shares in words, for paper and voice: SLIP-39, as hardware wallets use it. A
 * secret of 16 to 64 bytes becomes shares of 20 to 59 words of one list of 1024
 * English words, in groups: so many groups open it, and in each of them so many
 * members.
 *
 *     struct cfk_words_group two_of_three = { 2, 3 };
 *     opts.groups = &two_of_three;                     one group, 2 of 3
 *     cfk_words_split(secret, size, &opts, &words, &err);
 *     cfk_words_text(words, 0, 0);                     ... 0, 2: a share for each
 *     cfk_words_free(words);
 *
 *     cfk_words_join_new(NULL, &join, &err);
 *     cfk_words_join_add(join, text, len, &err);       for each share there is
 *     cfk_words_join_open(join, NULL, 0, &secret, &size, &err);
 *     cfk_words_join_free(join);
 *
 * What SLIP-39 cannot do that shares of cfkit/split.h can: tell a forged share
 * from a true one by itself (a mistyped word is told), or notice a wrong
 * passphrase (each gives some secret, and that is meant: it can be denied).
 * Shares and secrets are kept in locked memory; what these functions hand out
 * as a pointer belongs to the handle.
 */
#ifndef CFKIT_WORDS_H
#define CFKIT_WORDS_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CFK_WORDS_MIN_SECRET = 16, /* bytes; an even number */
    CFK_WORDS_MAX_SECRET = 64,
    CFK_WORDS_MAX_GROUPS = 16,
    CFK_WORDS_MAX_MEMBERS = 16,      /* of a group */
    CFK_WORDS_MAX_PASSPHRASE = 4096, /* bytes */
    CFK_WORDS_MAX_TEXT = 4096,       /* bytes of a share that is read */
    CFK_WORDS_PASSPHRASE_MAX = 24    /* words of one that is made */
};

/* Shares in the making. One thread at a time. */
typedef struct cfk_words cfk_words;

/* Shares that come together. One thread at a time. */
typedef struct cfk_words_join cfk_words_join;

struct cfk_words_group {
    uint32_t threshold; /* members that it takes, 1 to count; 1 only of 1 */
    uint32_t count;     /* members, up to 16 */
};

struct cfk_words_options {
    size_t size;                          /* sizeof(struct cfk_words_options) */
    const struct cfk_words_group *groups; /* NULL means one group, 2 of 3 */
    uint32_t group_count;                 /* of groups, up to 16 */
    uint32_t group_threshold;             /* groups that it takes; 0 means all */
    uint32_t iterations;                  /* of PBKDF2, 10000 times a power of 2 up to
                                             2^15; 0 means 20000 */
    uint32_t bound_id;                    /* 1: the passphrase is bound to the set's
                                             number, as before 2023: some wallets want it */
    const void *passphrase;               /* printable ASCII; NULL means none */
    size_t passphrase_size;
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Split a secret of size bytes into *out; release it with cfk_words_free().
 * Returns CFK_OK, CFK_E_INVALID (sizes, thresholds, counts, a passphrase other
 * than as said above), CFK_E_NOTSUP, CFK_E_NOMEM or CFK_E_RANDOM. Takes about
 * 2 us per iteration. Since 0.1.
 */
CFK_API int cfk_words_split(const void *secret, size_t size,
                            const struct cfk_words_options *opts, cfk_words **out,
                            struct cfk_error *err);

/* Wipe and release; words may be NULL. Since 0.1. */
CFK_API void cfk_words_free(cfk_words *words);

/*
 * The words of a member of a group, both from 0, with spaces between them and a
 * NUL behind, or NULL where there is no such share. As secret as the secret;
 * it lives as long as the handle. Since 0.1.
 */
CFK_API const char *cfk_words_text(const cfk_words *words, uint32_t group,
                                   uint32_t member);

/* What a share says about itself. */
struct cfk_words_info {
    size_t size;              /* sizeof(struct cfk_words_info), set by the caller */
    uint32_t id;              /* of the set, 15 bits */
    uint32_t bound_id;        /* as in the options */
    uint32_t iterations;      /* as in the options */
    uint32_t group;           /* which, from 1 */
    uint32_t group_threshold; /* as in the options */
    uint32_t group_count;
    uint32_t member; /* which of the group, from 1 */
    uint32_t threshold;
    uint32_t secret_size; /* bytes */
    uint32_t word;        /* on CFK_E_SHARE the word that was mistyped, from 1, or 0 */
};

/*
 * Judge a share by itself. Words may be in any case, with any white space
 * between them, and cut after four letters or more. *info is set as far as the
 * share can be read; NULL is accepted.
 *
 *   CFK_OK         the words check: at most one in 10^9 mistakes goes unnoticed,
 *                  and none that hurts three words or fewer
 *   CFK_E_SHARE    mistyped; info->word, the message, and err->offset tell where,
 *                  if it is a single word
 *   CFK_E_CORRUPT  not a share in words, or one that cannot be
 *   CFK_E_LIMIT    longer than any share
 *   CFK_E_INVALID  info->size is not set
 *
 * About 0.2 ms, or 1 ms where a mistyped word is to be found. Since 0.1.
 */
CFK_API int cfk_words_check(const char *text, size_t len, struct cfk_words_info *info,
                            struct cfk_error *err);

struct cfk_words_join_options {
    size_t size;                   /* sizeof(struct cfk_words_join_options) */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/* Begin with no share. CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM. Since 0.1. */
CFK_API int cfk_words_join_new(const struct cfk_words_join_options *opts,
                               cfk_words_join **out, struct cfk_error *err);

/* Wipe and release; join may be NULL. Since 0.1. */
CFK_API void cfk_words_join_free(cfk_words_join *join);

/*
 * Add a share, which is copied. One that is refused leaves the join as it was.
 *
 *   CFK_E_OTHER_SET  it is of another set than the first
 *   CFK_E_SHARE      mistyped, see cfk_words_check(), or at odds with another
 *                    share of its group
 *   CFK_E_EXISTS     it is there already
 *   CFK_E_CORRUPT, CFK_E_LIMIT, CFK_E_NOMEM
 *
 * Since 0.1.
 */
CFK_API int cfk_words_join_add(cfk_words_join *join, const char *text, size_t len,
                               struct cfk_error *err);

/* 1 if enough shares of enough groups are there, else 0. Since 0.1. */
CFK_API int cfk_words_join_ready(const cfk_words_join *join);

/*
 * Open the secret: *secret_size bytes at *secret, which belong to the join and
 * live until it is opened again or released. Another passphrase than the one of
 * the split gives another secret without notice; none is the same as an empty
 * one. Returns
 *
 *   CFK_OK
 *   CFK_E_NEED_MORE  the message says of which groups
 *   CFK_E_SHARE      shares that do not go together; if there is one more than
 *                    needed, the message names the odd one
 *   CFK_E_LIMIT      a passphrase of over 4096 bytes
 *   CFK_E_NOMEM
 *
 * Takes about 2 us per iteration. Since 0.1.
 */
CFK_API int cfk_words_join_open(cfk_words_join *join, const void *passphrase,
                                size_t passphrase_size, const void **secret,
                                size_t *secret_size, struct cfk_error *err);

/*
 * Make a passphrase of count random words of the list, 1 to 24, with spaces
 * between them and a NUL behind, in text: size bytes, at least 9 for each word.
 * A word has 10 bits, so that six withstand guessing under Argon2id. Returns
 * CFK_OK, CFK_E_INVALID, CFK_E_SPACE or CFK_E_RANDOM. Since 0.1.
 */
CFK_API int cfk_words_passphrase(uint32_t count, char *text, size_t size,
                                 struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
