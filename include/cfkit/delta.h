/* SPDX-License-Identifier: MIT */
/*
 * libcfkit: delta compression. A patch holds what it takes to make a new
 * version of a page or file out of an older one, the reference.
 *
 * A usage loop of a server that keeps the last version of a page:
 *
 *     cfk_delta_ref_new(old, old_size, NULL, &ref, &err);
 *     cfk_delta_encode(ref, page, page_size, NULL, &patch, &patch_size, &err);
 *     ... send it; the other side has the same reference and calls ...
 *     cfk_delta_decode(ref, patch, patch_size, NULL, &page, &page_size, &err);
 *
 * Patches are standard: one zstd frame (RFC 8878) with the reference as raw
 * dictionary, bare or behind the header of RFC 9842. zstd --patch-from reads
 * and writes them; browsers read dcz. Or they are VCDIFF (RFC 3284), which xdelta3
 * reads and, without secondary compression, writes. The same input and options give the
 * same bytes (over 2 GiB: with the same version of libzstd).
 *
 * The length of a patch tells how much of the new version is in the reference.
 * Where a stranger can choose part of the input, that leaks the rest bit by bit
 * (as with any compression): do not mix secrets and strangers' text in one patch.
 */
#ifndef CFKIT_DELTA_H
#define CFKIT_DELTA_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Formats of patches. They keep their values; decoding recognises them. */
enum {
    CFK_DELTA_DCZ = 1,   /* RFC 9842: SHA-256 of the reference, then a zstd frame */
    CFK_DELTA_ZSTD = 2,  /* a zstd frame alone: 40 bytes less, names no reference */
    CFK_DELTA_CFD = 3,   /* our own, for the smallest patch: cfd(5); checks both sides */
    CFK_DELTA_VCDIFF = 4 /* RFC 3284, for xdelta3 and its kin; names no reference */
};

enum {
    CFK_DELTA_DIGEST_SIZE = 32, /* SHA-256 */
    CFK_DELTA_LEVEL_MIN = 1,    /* fastest */
    CFK_DELTA_LEVEL_MAX = 9,    /* smallest */
    CFK_DELTA_LEVEL_DEFAULT = 5
};

/*
 * "dcz", "zstd", "cfd" or "vcdiff", or NULL for a number that is no format.
 * Static. Since 0.1.
 */
CFK_API const char *cfk_delta_format_name(uint32_t format);

/*
 * A reference made ready for encoding and decoding. Any number of threads may use
 * one at the same time, if its allocator serves threads: what is costly is added when it
 * is first wanted. That is the SHA-256, for dcz and cfd, the sketch, and for encoding an
 * index: of at most 44 bytes a byte and 8 KiB, 250 MiB up to 64 MiB, and 2 bytes a byte
 * and 12 MiB beyond.
 */
typedef struct cfk_delta_ref cfk_delta_ref;

struct cfk_delta_ref_options {
    size_t size;                   /* sizeof(struct cfk_delta_ref_options) */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
    uint32_t copy;                 /* 1: keep a copy of the bytes; 0: use the caller's */
    uint32_t reserved;
};

/*
 * Make a reference of the old version in *out; release it with
 * cfk_delta_ref_free(). data may be empty: patches then hold everything.
 *
 *   data  is not copied unless the options say so: it must stay as it is
 *         until the reference is freed.
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM. O(1), or O(size) with a
 * copy. Since 0.1.
 */
CFK_API int cfk_delta_ref_new(const void *data, size_t size,
                              const struct cfk_delta_ref_options *opts,
                              cfk_delta_ref **out, struct cfk_error *err);

/* ref may be NULL. No other thread may be using it. Since 0.1. */
CFK_API void cfk_delta_ref_free(cfk_delta_ref *ref);

/* Bytes of the old version; 0 for NULL. Since 0.1. */
CFK_API uint64_t cfk_delta_ref_size(const cfk_delta_ref *ref);

/*
 * The SHA-256 of the old version: CFK_DELTA_DIGEST_SIZE bytes that live as
 * long as the reference; NULL for NULL, and where there is no memory for it. The first
 * call is O(size), unless a dcz or cfd patch was made or read before. Since 0.1.
 */
CFK_API const uint8_t *cfk_delta_ref_digest(const cfk_delta_ref *ref);

struct cfk_delta_encode_options {
    size_t size;                   /* sizeof(struct cfk_delta_encode_options) */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
    uint32_t format;               /* CFK_DELTA_*; 0 means CFK_DELTA_DCZ */
    uint32_t level;                /* 1 to 9; 0 means CFK_DELTA_LEVEL_DEFAULT */
    uint32_t no_checksum; /* 1: 4 bytes less, and damage may go unnoticed; not for cfd */
    uint32_t no_verify;   /* 1: do not decode the patch to compare it with data */
};

/*
 * Most bytes that a patch for a new version of new_size bytes takes, in any
 * format and against any reference; 0 where no buffer can be that large.
 * Since 0.1.
 */
CFK_API size_t cfk_delta_bound(size_t new_size);

/*
 * Make the patch that turns the reference into data. It is decoded and compared
 * with data before it is handed out, unless the options say otherwise.
 * Release *patch with cfk_free() and the allocator of the options.
 *
 *   data  may be empty, and may be the reference's own bytes or overlap them.
 *
 * Returns CFK_OK, CFK_E_NOMEM, CFK_E_NOTSUP (options of a newer version),
 * CFK_E_INVALID (an option out of range, or data that changed meanwhile) or
 * CFK_E_LIMIT: every byte of data must be able to reach every byte of the
 * reference, and that needs a window of
 *   - dcz: at most 8 MiB or 1.25 times the reference, whichever is more, and
 *     128 MiB in any case; more than that a browser need not accept;
 *   - zstd and cfd: at most 2 GiB (1 GiB on 32-bit machines), reference and data
 *     together at most 3 GiB (1.5 GiB).
 * vcdiff has neither limit. Each 8 MiB of data copy from at most 2 GiB of the reference,
 * those around where they are from.
 * The first call for a reference indexes it, and the first at levels 7 to 9 in a
 * second way that takes more time (0.3 us a byte) and pays where many pages follow.
 * Memory while it runs: 2 * size and 30 MiB at most; levels 7 to 9, up to 16 MiB of
 * old and new version together: 8 * size more. Over 2 GiB together: libzstd's, up to
 * 700 MiB. vcdiff: at most 16 times the reference, 450 MiB, and 10 times data, 80 MiB.
 * Since 0.1.
 */
CFK_API int cfk_delta_encode(const cfk_delta_ref *ref, const void *data, size_t size,
                             const struct cfk_delta_encode_options *opts, void **patch,
                             size_t *patch_size, struct cfk_error *err);

/*
 * The same into the caller's buffer, which must not overlap data or reference.
 * The patch is the same bytes whatever the capacity. CFK_E_SPACE when it does
 * not fit; cfk_delta_bound() always does, and saves a copy. Since 0.1.
 */
CFK_API int cfk_delta_encode_to(const cfk_delta_ref *ref, const void *data, size_t size,
                                const struct cfk_delta_encode_options *opts, void *patch,
                                size_t capacity, size_t *patch_size,
                                struct cfk_error *err);

struct cfk_delta_decode_options {
    size_t size;                   /* sizeof(struct cfk_delta_decode_options) */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
    uint64_t max_output;           /* bytes of the new version; 0 means 1 GiB */
    uint64_t max_window; /* bytes a cfk_delta_decoder may keep; 0 means 128 MiB */
};

/*
 * Make the new version out of the reference and a patch, whose format is
 * recognised. Release *out with cfk_free() and the allocator of the options.
 *
 * Returns
 *   CFK_OK
 *   CFK_E_REFERENCE  a dcz or cfd patch was made against another reference; found
 *                    before anything is decoded
 *   CFK_E_CORRUPT    the patch is damaged, incomplete, or followed by other bytes,
 *                    and offset tells where; as a zstd or vcdiff patch does not name
 *                    its reference, this is also what a wrong one leads to there
 *   CFK_E_LIMIT      the new version has more than max_output bytes; found
 *                    before memory is taken for it
 *   CFK_E_NOTSUP     none of the formats, or it wants a trained dictionary, or it is
 *                    vcdiff with secondary compression or a code table of its own,
 *                    or the options are of a newer version
 *   CFK_E_INVALID, CFK_E_NOMEM
 * A zstd or vcdiff patch without checksum (encoders add one unless told not to; see
 * cfk_delta_info()) may decode to wrong bytes where patch or reference are
 * wrong. Nothing in vcdiff says where it ends: that the last of several windows is
 * missing shows in patches of cfk_delta_encode() alone. Since 0.1.
 */
CFK_API int cfk_delta_decode(const cfk_delta_ref *ref, const void *patch,
                             size_t patch_size,
                             const struct cfk_delta_decode_options *opts, void **out,
                             size_t *out_size, struct cfk_error *err);

/*
 * The same into the caller's buffer, which must not overlap the reference or
 * the patch. Also CFK_E_SPACE, and then the buffer holds nothing of use, as after
 * any other failure. Since 0.1.
 */
CFK_API int cfk_delta_decode_to(const cfk_delta_ref *ref, const void *patch,
                                size_t patch_size,
                                const struct cfk_delta_decode_options *opts, void *out,
                                size_t capacity, size_t *out_size, struct cfk_error *err);

/*
 * Decoding in pieces, to a pipe say: takes the patch as it comes and gives the
 * new version as it grows. Keeps no more of it than the window of the frame, see
 * cfk_delta_info(). One decoder decodes one patch and serves one thread at a time.
 */
typedef struct cfk_delta_decoder cfk_delta_decoder;

/*
 * A decoder in *out; release it with cfk_delta_decoder_free(). ref must outlive
 * it. Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM. Since 0.1.
 */
CFK_API int cfk_delta_decoder_new(const cfk_delta_ref *ref,
                                  const struct cfk_delta_decode_options *opts,
                                  cfk_delta_decoder **out, struct cfk_error *err);

/*
 * Take some of the patch and give some of the new version.
 *
 *   used      of the size bytes at patch so many were taken: all of them,
 *             unless the room at out ran out.
 *   out       room for capacity bytes, at least one; not within the reference.
 *   out_size  so many were written. capacity of them: there may be more, so
 *             call again, with size 0 where the patch is at its end.
 *
 * Returns the codes of cfk_delta_decode(); CFK_E_LIMIT also for a window over
 * max_window, before memory is taken for it, and CFK_E_NOTSUP for vcdiff that copies
 * from windows given before. CFK_E_STATE after a failure. What
 * came out before a failure is not to be trusted; a wrong reference of a dcz patch
 * fails before anything comes out. Since 0.1.
 */
CFK_API int cfk_delta_decoder_update(cfk_delta_decoder *decoder, const void *patch,
                                     size_t size, size_t *used, void *out,
                                     size_t capacity, size_t *out_size,
                                     struct cfk_error *err);

/*
 * Say that the patch is at its end and all output was taken. CFK_OK when the
 * new version is whole and its checksum, if there is one, right;
 * CFK_E_CORRUPT when something is missing; CFK_E_STATE after a failure.
 * Since 0.1.
 */
CFK_API int cfk_delta_decoder_finish(cfk_delta_decoder *decoder, struct cfk_error *err);

/* decoder may be NULL. Since 0.1. */
CFK_API void cfk_delta_decoder_free(cfk_delta_decoder *decoder);

/* What a patch tells of itself without its reference. */
struct cfk_delta_patch_info {
    size_t size;             /* sizeof(struct cfk_delta_patch_info), set by the caller */
    uint64_t patch_size;     /* bytes */
    uint64_t new_size;       /* bytes of the new version, if new_size_known */
    uint64_t window;         /* bytes of the new version that copies reach back */
    uint64_t memory;         /* bytes a cfk_delta_decoder needs, about */
    uint32_t format;         /* CFK_DELTA_* */
    uint32_t new_size_known; /* 0 or 1, as all below */
    uint32_t has_checksum;
    uint32_t has_reference;   /* the digest of the reference is in the patch */
    uint8_t reference[32];    /* the digest, else zero */
    uint32_t reference_bytes; /* so many of it are known: 32, in cfd 4, else 0 */
    uint32_t reserved;
};

/*
 * Look into a whole patch; its blocks are counted, not decoded. Fills the first
 * info->size bytes of *info. Returns CFK_OK, CFK_E_CORRUPT, CFK_E_NOTSUP or
 * CFK_E_INVALID, as cfk_delta_decode() does. O(patch_size / 128 KiB) at least,
 * O(patch_size) at most. Since 0.1.
 */
CFK_API int cfk_delta_info(const void *patch, size_t patch_size,
                           struct cfk_delta_patch_info *info, struct cfk_error *err);

/*
 * What content looks like, in 72 bytes: two versions of a page have most of the
 * values in common, strangers none. Sketches of all builds and machines are alike,
 * so they can be kept and sent.
 */
enum { CFK_DELTA_SKETCH_VALUES = 16 };

struct cfk_delta_sketch {
    uint64_t data_size; /* bytes of the content */
    uint32_t values[CFK_DELTA_SKETCH_VALUES];
};

/*
 * Sketch data into *out. Returns CFK_OK, CFK_E_NOTSUP or CFK_E_INVALID.
 * O(size), above 1 GB/s. Since 0.1.
 */
CFK_API int cfk_delta_sketch_compute(const void *data, size_t size,
                                     struct cfk_delta_sketch *out, struct cfk_error *err);

/*
 * The sketch of a reference into *out: computed by the first call and kept. Returns
 * CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM. Since 0.1.
 */
CFK_API int cfk_delta_ref_sketch(const cfk_delta_ref *ref, struct cfk_delta_sketch *out,
                                 struct cfk_error *err);

/*
 * How similar, from 0 to CFK_DELTA_SKETCH_VALUES. Content of less than about 300
 * bytes may have nothing to compare: 0. Since 0.1.
 */
CFK_API uint32_t cfk_delta_sketch_compare(const struct cfk_delta_sketch *a,
                                          const struct cfk_delta_sketch *b);

/*
 * Versions of pages that may serve as references: finds the best of them for a
 * new version, by sketch and by trying, and forgets what was used longest ago. A
 * page is known by its SHA-256, which is what a browser sends (RFC 9842,
 * Available-Dictionary). One store serves one thread at a time.
 */
typedef struct cfk_delta_store cfk_delta_store;

struct cfk_delta_store_options {
    size_t size;                   /* sizeof(struct cfk_delta_store_options) */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
    uint64_t max_bytes;            /* of all pages together; 0 means 64 MiB */
    uint32_t max_pages;            /* 0 means 4096; at most 2^24 */
    uint32_t reserved;
};

/*
 * An empty store in *out; release it with cfk_delta_store_free(). Returns
 * CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM. Takes about 350 bytes for
 * each of max_pages, whether used or not. Since 0.1.
 */
CFK_API int cfk_delta_store_new(const struct cfk_delta_store_options *opts,
                                cfk_delta_store **out, struct cfk_error *err);

/* store may be NULL; its references go with it. Since 0.1. */
CFK_API void cfk_delta_store_free(cfk_delta_store *store);

/*
 * Add a copy of a page, forgetting others until there is room. A page that is
 * there already counts as used now.
 *
 *   ref  the page's reference, if not NULL: valid until the page is forgotten, so
 *        at most until the next add or remove.
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP, CFK_E_NOMEM, or CFK_E_LIMIT for a
 * page over max_bytes; after a failure nothing was forgotten. O(size). Since 0.1.
 */
CFK_API int cfk_delta_store_add(cfk_delta_store *store, const void *data, size_t size,
                                const cfk_delta_ref **ref, struct cfk_error *err);

/*
 * The reference with this SHA-256 (CFK_DELTA_DIGEST_SIZE bytes), which counts as
 * used now, or NULL. Valid as in cfk_delta_store_add(). O(1). Since 0.1.
 */
CFK_API const cfk_delta_ref *cfk_delta_store_get(cfk_delta_store *store,
                                                 const void *digest);

/* Forget a page. Returns CFK_OK, CFK_E_NOTFOUND or CFK_E_INVALID. Since 0.1. */
CFK_API int cfk_delta_store_remove(cfk_delta_store *store, const void *digest,
                                   struct cfk_error *err);

/* Pages, and bytes of all of them; 0 for NULL. Since 0.1. */
CFK_API uint64_t cfk_delta_store_count(const cfk_delta_store *store);
CFK_API uint64_t cfk_delta_store_bytes(const cfk_delta_store *store);

struct cfk_delta_pick_options {
    size_t size;                   /* sizeof(struct cfk_delta_pick_options) */
    const struct cfk_alloc *alloc; /* for patches on trial; NULL means malloc and free */
    uint32_t tries;                /* candidates to make a patch with; 0 means 4 */
    uint32_t no_tries;             /* 1: none, sketches alone decide */
};

/* A candidate. */
struct cfk_delta_pick {
    const cfk_delta_ref *ref; /* valid as in cfk_delta_store_add() */
    uint64_t patch_size;      /* of a quick patch, or about; 0: it was not tried */
    uint32_t similarity;      /* as cfk_delta_sketch_compare() */
    uint32_t reserved;
};

/*
 * The best references for a new version, best first, in picks; *count is how
 * many, at most capacity. As many as the options say, and no more than capacity,
 * are tried and stand first, in the order of the patches they make: patches are made
 * with the fastest encoder by those that may be the best, and estimated of the rest. The
 * others follow by similarity, and where that is equal by size; of more pages than 64
 * (or capacity) with a value in common, those that were added last are seen
 * where the store has over 1,024 slots in use. Nothing
 * counts as used: cfk_delta_store_get() the one that is.
 *
 * Returns CFK_OK (*count is 0 for an empty store), CFK_E_INVALID, CFK_E_NOTSUP or
 * CFK_E_NOMEM. O(size) and at most 1,024 pages (or 16 * capacity), of those with a value
 * in common, and what the tries take. Since 0.1.
 */
CFK_API int cfk_delta_store_pick(const cfk_delta_store *store, const void *data,
                                 size_t size, const struct cfk_delta_pick_options *opts,
                                 struct cfk_delta_pick *picks, size_t capacity,
                                 size_t *count, struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
