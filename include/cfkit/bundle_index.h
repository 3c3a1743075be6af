/* SPDX-License-Identifier: MIT */
/*
 * libcfkit bundle: a pool as one block of bytes that can be mapped from a file.
 * It is used where it lies: adding it to a pool takes the time of a look at its
 * table, and only the certificates that a search comes by are ever read.
 *
 *     cfk_bundle_index_verify(pool, UINT64_MAX, NULL, &err);
 *     cfk_bundle_index_write(pool, NULL, &data, &size, &err);
 *
 *     cfk_bundle_pool_new(NULL, &other, &err);
 *     cfk_bundle_pool_add_index(other, data, size, &err);
 *
 * The format, byte by byte, is in cfbundle-index(5). Damage is found, where it
 * is met, by checksums; but these are no proof of who wrote it. An index names
 * trusted roots and says which signatures hold, so it must come from where one
 * would take trusted roots from.
 */
#ifndef CFKIT_BUNDLE_INDEX_H
#define CFKIT_BUNDLE_INDEX_H

#include <cfkit/bundle.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Check the signatures between certificates of the pool that nobody has checked
 * yet, so that an index has them: of each certificate by the keys of all that
 * bear the name of its issuer, where these are 64 at most.
 *
 *   most  stop after about so many; what is left is for another call.
 *   done  receives how many were checked: 0 when none was left. May be NULL.
 *
 * Returns CFK_OK, CFK_E_CORRUPT (an index of the pool is damaged), CFK_E_NOTSUP
 * or CFK_E_NOMEM. O(certificates) and the signatures. Since 0.1.
 */
CFK_API int cfk_bundle_index_verify(cfk_bundle_pool *pool, uint64_t most, uint64_t *done,
                                    struct cfk_error *err);

struct cfk_bundle_index_options {
    size_t size;      /* sizeof(struct cfk_bundle_index_options) */
    const void *note; /* bytes that are kept as they are, such as where it is from */
    size_t note_size; /* 1 MiB at most */
    const struct cfk_alloc *alloc; /* of the bytes; NULL means malloc and free */
};

/*
 * Write all certificates of the pool, what they may be used as, and the
 * signatures among them that were checked, into new bytes *out, which go to
 * cfk_free() with alloc. CRLs are not in it. The bytes are the same for the
 * same certificates, added so that those of one name came in the same order.
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK, CFK_E_CORRUPT (an index of the pool is damaged), CFK_E_LIMIT (more
 * than 32 GiB), CFK_E_INVALID (the note is too long, or NULL), CFK_E_NOTSUP or
 * CFK_E_NOMEM; on failure *out is NULL. O(size), and a sort of the names. Since 0.1.
 */
CFK_API int cfk_bundle_index_write(cfk_bundle_pool *pool,
                                   const struct cfk_bundle_index_options *opts,
                                   void **out, size_t *out_size, struct cfk_error *err);

struct cfk_bundle_index_info {
    size_t size;         /* sizeof(struct cfk_bundle_index_info) */
    uint32_t certs;      /* distinct certificates */
    uint32_t roots;      /* of them, trusted roots */
    uint32_t names;      /* distinct subjects */
    uint32_t keys;       /* distinct public keys */
    uint64_t signatures; /* that were checked */
    const void *note;    /* in the bytes of the index */
    size_t note_size;
    uint8_t sha256[32]; /* of its certificates, one behind another as in the file */
};

/*
 * What an index says of itself into *out, whose size the caller sets. Its table
 * is checked, its certificates are not.
 *
 * Returns CFK_OK, CFK_E_CORRUPT (no index, or a damaged one; err->offset says
 * where), CFK_E_NOTSUP (of a later version) or CFK_E_INVALID. O(names). Since 0.1.
 */
CFK_API int cfk_bundle_index_describe(const void *data, size_t size,
                                      struct cfk_bundle_index_info *out,
                                      struct cfk_error *err);

/*
 * Add all certificates of an index, as if each had been added by itself. The
 * bytes stay the caller's, are not copied, and must not change before the pool
 * and its results are released. A pool takes one index; other certificates may
 * be added before and after it. What is damaged is found when it is met: then
 * cfk_bundle_build() and adding certificates fail with CFK_E_CORRUPT.
 *
 * Returns CFK_OK, CFK_E_CORRUPT, CFK_E_LIMIT (more, or larger, certificates than
 * the pool takes), CFK_E_INVALID (there is an index already), CFK_E_NOTSUP (a
 * later version) or CFK_E_NOMEM; after CFK_E_CORRUPT or CFK_E_NOMEM the pool is fit
 * to be released, no more, and that before the bytes are. O(names), in what a checksum of
 * 16 bytes for each takes. Since 0.1.
 */
CFK_API int cfk_bundle_pool_add_index(cfk_bundle_pool *pool, const void *data,
                                      size_t size, struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
