/* SPDX-License-Identifier: MIT */
/*
 * Ranking of chains: by their length, by the platforms that trust them, by
 * their security and their validity, in any order. cfk_bundle_build() ranks
 * by itself, without platforms.
 */
#ifndef CFKIT_BUNDLE_RANK_H
#define CFKIT_BUNDLE_RANK_H

#include <cfkit/bundle.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Which platforms trust which roots, and how much each of them counts. It does
 * not change, so it may serve several results and threads at a time.
 */
typedef struct cfk_bundle_platforms cfk_bundle_platforms;

struct cfk_bundle_platforms_options {
    size_t size;                   /* sizeof(struct cfk_bundle_platforms_options) */
    size_t max_size;               /* bytes of YAML; 0 means 4 MiB */
    size_t max_platforms;          /* 0 means 1,000 */
    size_t max_roots;              /* in all stores, and stores, and platforms in them;
                                      0 means 100,000 */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Read platforms from YAML in the format of cfbundle-platforms(5) into *out;
 * release it with cfk_bundle_platforms_free().
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK, CFK_E_CORRUPT (err->offset and the message say where),
 * CFK_E_LIMIT, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM. libyaml, which
 * splits the text, takes its memory from malloc. O(size), and a sort of the
 * roots. Since 0.1.
 */
CFK_API int cfk_bundle_platforms_parse(const void *yaml, size_t size,
                                       const struct cfk_bundle_platforms_options *opts,
                                       cfk_bundle_platforms **out, struct cfk_error *err);

/* Release platforms, after the results that they rank. NULL is accepted. Since 0.1. */
CFK_API void cfk_bundle_platforms_free(cfk_bundle_platforms *platforms);

/* Number of platforms; they are numbered from 0, in the order of the file. Since 0.1. */
CFK_API size_t cfk_bundle_platforms_count(const cfk_bundle_platforms *platforms);

struct cfk_bundle_platform {
    size_t size;       /* sizeof(struct cfk_bundle_platform) */
    const char *name;  /* "android-7.0"; lives as long as the platforms */
    const char *label; /* for people */
    uint32_t weight;
};

/* One platform into *out, whose size the caller sets. CFK_OK, CFK_E_INVALID. Since 0.1.
 */
CFK_API int cfk_bundle_platforms_get(const cfk_bundle_platforms *platforms, size_t index,
                                     struct cfk_bundle_platform *out,
                                     struct cfk_error *err);

/* What makes a chain better than another. */
enum {
    CFK_BUNDLE_BY_LENGTH = 1,   /* fewer certificates */
    CFK_BUNDLE_BY_UBIQUITY = 2, /* trusted by platforms that together weigh more */
    CFK_BUNDLE_BY_SECURITY = 3, /* a stronger weakest step */
    CFK_BUNDLE_BY_VALIDITY = 4  /* valid for longer */
};

/* The orders of cfssl's bundler, the tool that people come from. */
enum {
    CFK_BUNDLE_FLAVOR_NONE = 0,
    CFK_BUNDLE_FLAVOR_OPTIMAL = 1, /* length, validity, security */

    /*
     * Platforms, then signatures with SHA-2 alone, length, how common the
     * hashes and then the keys are (RSA, P-256 and P-384, P-521, others), validity,
     * security.
     */
    CFK_BUNDLE_FLAVOR_UBIQUITOUS = 2
};

struct cfk_bundle_rank_options {
    size_t size;                           /* sizeof(struct cfk_bundle_rank_options) */
    const cfk_bundle_platforms *platforms; /* NULL: ubiquity is 0; outlives the result */

    /*
     * CFK_BUNDLE_BY_*, the first one that tells two chains apart decides; 0
     * ends it. Those that are missing follow as length, ubiquity, security,
     * validity, but security so only up to 112 bits, which nobody breaks. As soon as
     * length and ubiquity are equal, and at the latest before validity, a chain that ends
     * before its leaf does is worse than one that does not.
     */
    uint32_t order[4];
    uint32_t flavor; /* CFK_BUNDLE_FLAVOR_*; not together with order */

    /* SHA-256 of roots, 32 bytes each, one after another: before and behind all others.
     */
    const uint8_t *prefer;
    size_t prefer_count;
    const uint8_t *avoid;
    size_t avoid_count;

    /* Names of platforms: chains that all of these trust come first of all. */
    const char *const *require;
    size_t require_count;
};

/*
 * Rank the chains of a result anew. Chains that are equal in everything are in the order
 * of the SHA-256 of their certificates. Where no chain is trusted by all
 * platforms that are required, cfk_bundle_reason() says CFK_E_PLATFORM from
 * then on, until the next ranking.
 *
 *   opts  NULL means every default, as cfk_bundle_build() ranks.
 *
 * Returns CFK_OK, CFK_E_INVALID (an order or flavor that there is none of; a
 * platform that is not known), CFK_E_NOTSUP or CFK_E_NOMEM; after a failure
 * the order is as it was, but perhaps without platforms. O(n log n). Since 0.1.
 */
CFK_API int cfk_bundle_rank(cfk_bundle_result *result,
                            const struct cfk_bundle_rank_options *opts,
                            struct cfk_error *err);

/*
 * Whether a platform, by its number, trusts a chain: it holds the root, takes
 * every algorithm in it, and takes the root also if it has expired. False
 * where either number is out of range or there are no platforms. Since 0.1.
 */
CFK_API int cfk_bundle_chain_trusted(const cfk_bundle_result *result, size_t chain,
                                     size_t platform);

#ifdef __cplusplus
}
#endif

#endif
