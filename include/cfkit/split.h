/* SPDX-License-Identifier: MIT */
/*
 * Secrets that no one person can open. A secret is sealed under a random
 * 32-byte key, and the key is shared among n people so that any k of them
 * together open it and fewer learn nothing (Shamir, 1979, over GF(256)).
 *
 *     cfk_split *set;
 *     cfk_split_new(NULL, &set, &err);                2 of 3
 *     cfk_split_seal(set, secret, size, &err);        up to 4 KiB ride in the shares
 *     cfk_split_share(set, 0, &text, &len, &err);     ... to 2: one for each person
 *     cfk_split_free(set);
 *
 *     cfk_split_quorum_new(NULL, &quorum, &err);
 *     cfk_split_quorum_add(quorum, text, len, &err);  for each share there is
 *     cfk_split_quorum_open(quorum, &secret, &size, &err);
 *     cfk_split_quorum_free(quorum);
 *
 * A share is text. It can be judged on its own: whether it was mistyped, and in
 * which row, and whether it is a true share of the set whose fingerprint it
 * carries. A larger secret goes through a sealer into a lock file beside the
 * shares and comes back through an opener. Formats: cfs(5).
 *
 * Keys and plaintext are kept in locked memory that is left out of core dumps
 * and is zero in forked children; it does not come from the caller's
 * allocator. Arithmetic on secrets has no branch or index that depends on
 * them. What these functions hand out as a pointer belongs to the handle and
 * lives until its next call or release.
 */
#ifndef CFKIT_SPLIT_H
#define CFKIT_SPLIT_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Limits, all in bytes but for the first. */
enum {
    CFK_SPLIT_MAX_SHARES = 255,
    CFK_SPLIT_MAX_INSIDE = 4096,     /* of a secret inside shares */
    CFK_SPLIT_MAX_NAME = 64,         /* of a holder's name or a label */
    CFK_SPLIT_MAX_SHARE_TEXT = 16384 /* of a share that is read */
};

/* A set of shares in the making. One thread at a time. */
typedef struct cfk_split cfk_split;

/* Seals a secret of any size in pieces. One thread at a time. */
typedef struct cfk_split_sealer cfk_split_sealer;

/* Shares that come together. One thread at a time. */
typedef struct cfk_split_quorum cfk_split_quorum;

/* Opens a lock file in pieces. One thread at a time. */
typedef struct cfk_split_opener cfk_split_opener;

struct cfk_split_options {
    size_t size;                   /* sizeof(struct cfk_split_options) */
    uint32_t threshold;            /* k, 2 to count; 0 means 2 */
    uint32_t count;                /* n, up to 255; 0 means 3, or k if that is more */
    const char *label;             /* what the secret is; NULL means nothing is said */
    const char *const *holders;    /* n names, each NULL or not; NULL means none */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Make a set with a fresh random key in *out; release it with cfk_split_free().
 * Holder's names and the label are UTF-8 of at most 64 bytes without control
 * characters; they are copied, and they can be read in the shares.
 *
 * Returns CFK_OK, CFK_E_INVALID (a threshold below 2 or above the count, over
 * 255 shares, a bad name), CFK_E_NOTSUP, CFK_E_NOMEM (also for want of locked
 * memory) or CFK_E_RANDOM. O(255 k). Since 0.1.
 */
CFK_API int cfk_split_new(const struct cfk_split_options *opts, cfk_split **out,
                          struct cfk_error *err);

/* Wipe and release; set may be NULL. Sealers made from it live on. Since 0.1. */
CFK_API void cfk_split_free(cfk_split *set);

/*
 * Put a secret of size bytes inside the shares; 0 bytes are a secret, too.
 * Before any share is taken, once, and not together with a sealer. Returns
 * CFK_OK, CFK_E_LIMIT (over 4096 bytes: use a sealer), CFK_E_STATE,
 * CFK_E_NOMEM or CFK_E_RANDOM. Since 0.1.
 */
CFK_API int cfk_split_seal(cfk_split *set, const void *secret, size_t size,
                           struct cfk_error *err);

/*
 * The text of share index, 0 to n - 1, at *text: *len bytes and a NUL, the
 * last of them a newline. It is as secret as the secret. It belongs to the set
 * and lives until the next call. Returns CFK_OK, CFK_E_INVALID (there is no
 * such share), CFK_E_STATE (nothing was sealed yet) or CFK_E_NOMEM. Since 0.1.
 */
CFK_API int cfk_split_share(cfk_split *set, uint32_t index, const char **text,
                            size_t *len, struct cfk_error *err);

/* The 8 bytes that name the set, in every share and lock file. Since 0.1. */
CFK_API const uint8_t *cfk_split_set_id(const cfk_split *set);

/*
 * Begin a lock file under the key of the set; its shares then hold the key
 * alone. Instead of cfk_split_seal(), once for a set; the set may be freed
 * before the sealer. Memory is constant: one chunk of 16 KiB. Returns CFK_OK,
 * CFK_E_STATE, CFK_E_NOMEM or CFK_E_RANDOM. Since 0.1.
 */
CFK_API int cfk_split_sealer_new(cfk_split *set, cfk_split_sealer **out,
                                 struct cfk_error *err);
CFK_API void cfk_split_sealer_free(cfk_split_sealer *sealer);

/*
 * Take the next bytes of the secret, as many as *used says, and give *out_size
 * bytes of the lock file at *out (0: none yet), which live until the next
 * call. Call again with the rest until all are used. Returns CFK_OK,
 * CFK_E_STATE (after finish or a failure), CFK_E_LIMIT (4 PiB) or CFK_E_NOMEM.
 * Since 0.1.
 */
CFK_API int cfk_split_sealer_update(cfk_split_sealer *sealer, const void *data,
                                    size_t size, size_t *used, const void **out,
                                    size_t *out_size, struct cfk_error *err);

/* The last bytes of the lock file. Codes as for update. Since 0.1. */
CFK_API int cfk_split_sealer_finish(cfk_split_sealer *sealer, const void **out,
                                    size_t *out_size, struct cfk_error *err);

/* What a share says about itself. Names are empty where there are none. */
struct cfk_split_share_info {
    size_t size; /* sizeof(struct cfk_split_share_info), set by the caller */
    uint8_t set_id[8];
    uint32_t generation; /* from 1; shares of different ones do not go together */
    uint32_t threshold;  /* k */
    uint32_t count;      /* n */
    uint32_t x;          /* 1 to 255, which of them it is */
    uint32_t has_secret; /* 1: the sealed secret is inside; 0: it is in a lock file */
    uint32_t row;        /* on CFK_E_SHARE: the row that was mistyped, from 1, or 0 */
    char holder[68];
    char label[68];
    uint8_t fingerprint[16]; /* the same in all shares of a set and generation */
};

/*
 * Judge a share by itself; no secret is needed and none is learnt. *info is
 * filled as far as the share can be read; NULL is accepted.
 *
 *   CFK_OK         every row is as it was written, and the share is proven to
 *                  belong to the fingerprint that it carries. Whether that is
 *                  the set's shows when shares come together.
 *   CFK_E_SHARE    mistyped (info->row and the message tell where) or forged
 *   CFK_E_CORRUPT  not a share, or cut short or lengthened
 *   CFK_E_NOTSUP   of another version: the message says whether older or newer
 *   CFK_E_INVALID  info->size is not set
 *   CFK_E_LIMIT    longer than any share
 *   CFK_E_NOMEM
 *
 * Some nine hashes. Since 0.1.
 */
CFK_API int cfk_split_share_check(const char *text, size_t len,
                                  struct cfk_split_share_info *info,
                                  struct cfk_error *err);

struct cfk_split_quorum_options {
    size_t size;                   /* sizeof(struct cfk_split_quorum_options) */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/* Begin with no share. CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM. Since 0.1. */
CFK_API int cfk_split_quorum_new(const struct cfk_split_quorum_options *opts,
                                 cfk_split_quorum **out, struct cfk_error *err);
CFK_API void cfk_split_quorum_free(cfk_split_quorum *quorum);

/*
 * Add a share, which is copied. One that is refused is named in the error by
 * holder and number.
 *
 *   CFK_OK            it goes with the set that has most shares so far
 *   CFK_E_SHARE       mistyped or forged, see cfk_split_share_check(); or it
 *                     has another fingerprint than the others: one is forged
 *   CFK_E_OTHER_SET   it belongs to another set than the others
 *   CFK_E_GENERATION  it is from before or after a change of the shares
 *   CFK_E_EXISTS      it is there already
 *   CFK_E_CORRUPT, CFK_E_NOTSUP, CFK_E_LIMIT, CFK_E_NOMEM
 *
 * A true share that does not go with the others is kept aside, in up to seven
 * other sets: the one who came first may be the wrong one. As soon as another
 * set has more shares, and the one before was not complete, it is taken in its
 * place. So go on after an error; cfk_split_quorum_judge() then tells of each
 * who is odd. Since 0.1.
 */
CFK_API int cfk_split_quorum_add(cfk_split_quorum *quorum, const char *text, size_t len,
                                 struct cfk_error *err);

/*
 * How many shares were kept, also those aside; and what is wrong with number
 * index of them, from 0 in the order in which they came, as it looks now:
 * CFK_OK, CFK_E_SHARE, CFK_E_OTHER_SET, CFK_E_GENERATION, or CFK_E_NOTFOUND (no
 * such share). Since 0.1.
 */
CFK_API uint32_t cfk_split_quorum_kept(const cfk_split_quorum *quorum);
CFK_API int cfk_split_quorum_judge(const cfk_split_quorum *quorum, uint32_t index,
                                   struct cfk_error *err);

/* How many shares are there and how many it takes (0: no share yet). Since 0.1. */
CFK_API uint32_t cfk_split_quorum_have(const cfk_split_quorum *quorum);
CFK_API uint32_t cfk_split_quorum_needed(const cfk_split_quorum *quorum);

/*
 * Open the secret that rides in the shares: *size bytes at *secret, which
 * belong to the quorum and live until it is released or given another share.
 * Returns CFK_OK, CFK_E_NEED_MORE, CFK_E_STATE (the secret is in a lock file:
 * use an opener), CFK_E_CORRUPT (it is not authentic) or CFK_E_NOMEM;
 * CFK_E_OTHER_SET, CFK_E_GENERATION or CFK_E_SHARE where two sets are complete.
 * A few dozen hashes, once for each set of shares. Since 0.1.
 */
CFK_API int cfk_split_quorum_open(cfk_split_quorum *quorum, const void **secret,
                                  size_t *size, struct cfk_error *err);

/*
 * One more share that goes with those that are there, for somebody new: of the
 * same generation and fingerprint. number is from 1 to 255, and to be one that
 * nobody has: two shares of one number count once; 0 picks one at random beyond
 * the first n. holder may be NULL. The text is as that of cfk_split_share(); it
 * belongs to the quorum and lives until the next call.
 *
 *   CFK_OK
 *   CFK_E_NEED_MORE
 *   CFK_E_INVALID    no such number, or a bad name
 *   CFK_E_EXISTS     a share of that number is in the quorum
 *   CFK_E_LIMIT      there is no number left
 *   CFK_E_SHARE      the shares are forged, all of them
 *   CFK_E_NOMEM, CFK_E_RANDOM
 *
 * O(255 k (k + 32)). Since 0.1.
 */
CFK_API int cfk_split_quorum_extend(cfk_split_quorum *quorum, uint32_t number,
                                    const char *holder, const char **text, size_t *len,
                                    struct cfk_error *err);

/*
 * New shares of the same secret, whose generation is one higher, in *out: take
 * them with cfk_split_share(), release it with cfk_split_free(). They do not go
 * together with the ones there are, and open the same lock file. Enough of the
 * old ones still open it, too: destroy them. Zeros in the options mean as
 * before. Returns what cfk_split_new() returns, CFK_E_NEED_MORE or CFK_E_LIMIT
 * (after 65535 generations). Since 0.1.
 */
CFK_API int cfk_split_quorum_reshare(cfk_split_quorum *quorum,
                                     const struct cfk_split_options *opts,
                                     cfk_split **out, struct cfk_error *err);

/*
 * Open a lock file with the key of enough shares; the quorum may be released
 * before the opener. Returns CFK_OK, CFK_E_NEED_MORE or CFK_E_NOMEM. Since 0.1.
 */
CFK_API int cfk_split_opener_new(cfk_split_quorum *quorum, cfk_split_opener **out,
                                 struct cfk_error *err);
CFK_API void cfk_split_opener_free(cfk_split_opener *opener);

/*
 * Take the next bytes of the lock file, as many as *used says, and give
 * *out_size bytes of plaintext at *out (0: none yet), which live until the
 * next call. Call again with the rest until all are used. What comes out is
 * authentic and in its place, but that it is all there only finish can tell.
 *
 * Returns CFK_OK, CFK_E_OTHER_SET (the file is of another set), CFK_E_CORRUPT
 * (damaged or forged; err->offset is where), CFK_E_NOTSUP (a newer version, or
 * not for shares), CFK_E_LIMIT, CFK_E_STATE or CFK_E_NOMEM. Since 0.1.
 */
CFK_API int cfk_split_opener_update(cfk_split_opener *opener, const void *data,
                                    size_t size, size_t *used, const void **out,
                                    size_t *out_size, struct cfk_error *err);

/* The last of the plaintext. CFK_E_CORRUPT where the file was cut short. Since 0.1. */
CFK_API int cfk_split_opener_finish(cfk_split_opener *opener, const void **out,
                                    size_t *out_size, struct cfk_error *err);

/*
 * Random access: which bytes of the lock file hold size bytes of plaintext from
 * offset on. Before that the opener has taken the head of the file: one update
 * with its beginning, of which it uses no more. Returns CFK_OK, CFK_E_STATE (it
 * has not) or CFK_E_LIMIT (over 4 PiB). Since 0.1.
 */
CFK_API int cfk_split_opener_locate(const cfk_split_opener *opener, uint64_t offset,
                                    size_t size, uint64_t *file_offset, size_t *file_size,
                                    struct cfk_error *err);

/*
 * Give size bytes of plaintext from offset on at out, out of data: the
 * data_size bytes of the lock file that were located, fewer only where the file
 * ends. *out_size is less than size only at the end of the plaintext, and that
 * end is authentic, too. Independent of update and finish. Returns CFK_OK,
 * CFK_E_CORRUPT (damaged, cut short, or offset is far behind the end;
 * err->offset is where; out is then wiped), CFK_E_STATE, CFK_E_LIMIT or
 * CFK_E_NOMEM. Since 0.1.
 */
CFK_API int cfk_split_opener_read_at(cfk_split_opener *opener, uint64_t offset,
                                     const void *data, size_t data_size, void *out,
                                     size_t size, size_t *out_size,
                                     struct cfk_error *err);

/*
 * Shamir's scheme as such: size bytes of secret become count shares of size
 * bytes each, one after the other in shares; share i has x = i + 1. Any
 * threshold of them give the secret back. Fewer say nothing about it, whatever
 * the computing power; but nothing tells a wrong share from a right one.
 *
 * threshold is 1 to count, count at most 255. Each byte has a polynomial of
 * its own, so that a long secret may be shared in pieces. Returns CFK_OK,
 * CFK_E_INVALID, CFK_E_NOMEM or CFK_E_RANDOM. O(size threshold count). Since 0.1.
 */
CFK_API int cfk_split_shamir(const void *secret, size_t size, uint32_t threshold,
                             uint32_t count, void *shares, struct cfk_error *err);

/*
 * The same with the caller's random bytes: (threshold - 1) * size of them, the
 * coefficients of x for all bytes, then those of x^2 and so on. They must be
 * uniform, secret and never used twice. random may be NULL where the threshold
 * is 1. Returns CFK_OK or CFK_E_INVALID. O(size threshold count). Since 0.1.
 */
CFK_API int cfk_split_shamir_with(const void *secret, size_t size, uint32_t threshold,
                                  uint32_t count, const void *random, void *shares,
                                  struct cfk_error *err);

/*
 * The secret from count shares of size bytes, one after the other in shares,
 * whose x are in xs, all different and none 0. With fewer than the threshold,
 * or a wrong one among them, the result is meaningless and the code is CFK_OK.
 * secret may not overlap shares. Returns CFK_OK or CFK_E_INVALID.
 * O(size count). Since 0.1.
 */
CFK_API int cfk_split_shamir_join(const uint8_t *xs, const void *shares, uint32_t count,
                                  size_t size, void *secret, struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
