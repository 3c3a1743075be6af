/* SPDX-License-Identifier: MIT */
/*
 * The pool: certificates, and what they share. Equal names and equal public
 * keys are numbered once, so that chains are followed by comparing numbers.
 */
#ifndef CFK_BUNDLE_POOL_H
#define CFK_BUNDLE_POOL_H

#include "bundle/arena.h"
#include "bundle/crl.h"
#include "bundle/edges.h"
#include "bundle/index.h"
#include "bundle/intern.h"
#include "bundle/recent.h"
#include "bundle/x509.h"
#include "cfkit/bundle.h"

#define CFK__NONE CFK__TABLE_NONE

/* What an intermediate may have come from. */
#define CFK__INTERMEDIATE (CFK_BUNDLE_INPUT | CFK_BUNDLE_POOL | CFK_BUNDLE_FETCHED)

/* What people ask about a certificate, made when first asked for. */
struct cfk__facts {
    const char *subject;
    const char *issuer;
    const char *signature;
    uint8_t sha256[CFK__SHA256_SIZE];
};

struct cfk__cert {
    struct cfk__x509 x;
    uint32_t number;  /* in the pool; CFK__NONE for a leaf that is not in it */
    uint64_t hash;    /* of such a leaf */
    uint32_t subject; /* number of the name; CFK__NONE: no other has it */
    uint32_t issuer;
    uint32_t key;
    uint32_t from;      /* CFK_BUNDLE_* */
    bool damaged;       /* it looks like a damaged copy of another (twins.c) */
    uint32_t same_name; /* next certificate with this subject; CFK__NONE ends */
    struct cfk__index_part part;
    struct cfk__facts *facts;
    uint32_t misses;              /* keys that did not make its signature */
    struct cfk__ec_keys *signers; /* the only keys that could, once there were misses */
    uint64_t signers_stamp;
    uint64_t checked[2]; /* stamp of the build that made verdict: as issuer, as root */
    int verdict[2];
};

/* A name and who bears it. The rest is scratch of a build (reach.c). */
struct cfk__name {
    uint32_t first; /* certificates with this subject, in the order they came */
    uint32_t last;
    uint32_t compared; /* last when they were compared for damaged copies (twins.c) */
    bool loaded;       /* the index, where there is one, has no more of them */
    uint64_t stamp;
    uint32_t distance[2];
    uint32_t next_name;
    uint32_t first_edge;
};

enum { CFK__RECENT_NAMES = 256 };

/* A name in DER whose number was asked for lately; its bytes live as long as the pool. */
struct cfk__recent_name {
    struct cfk__span der;
    uint32_t number;
};

struct cfk_bundle_pool {
    struct cfk_alloc alloc;
    size_t max_certs;
    size_t max_cert_size;
    struct cfk__arena arena;
    struct cfk__intern ders;
    struct cfk__intern names;
    struct cfk__intern keys;
    struct cfk__cert **certs; /* by number of their DER; capacity of ders */
    uint32_t certs_capacity;
    struct cfk__name *name_info; /* by number of the name */
    uint32_t name_capacity;
    struct cfk__recent_name recent_names[CFK__RECENT_NAMES];
    struct cfk__edges edges; /* signatures checked so far */
    size_t max_crls;
    size_t max_crl_size;
    struct cfk__crl **crls;
    uint32_t crl_count;
    uint32_t crl_capacity;
    struct cfk__edges crl_edges; /* the same for CRLs, by their place in crls */
    struct cfk__buffer scratch;  /* a name in comparable form, a certificate in DER */
    uint64_t stamp;              /* of the build under way */
    struct cfk__index index;     /* size 0: none */
    struct cfk__recent recent;   /* leaves that are not in the pool */
};

/* The number of a Name in the pool, CFK__NONE where no certificate has it. */
int cfk__pool_find_name(cfk_bundle_pool *pool, struct cfk__span name, uint32_t *out,
                        struct cfk_error *err);

/* The same, and added where it is not there. */
int cfk__pool_number_name(cfk_bundle_pool *pool, struct cfk__span name, uint32_t *out,
                          struct cfk_error *err);

/* A report that the caller gave, which may be NULL: at the start, and for one entry. */
int cfk__pool_start_report(struct cfk_bundle_report *report, struct cfk_error *err);
void cfk__pool_tell(struct cfk_bundle_report *report, uint64_t index, uint64_t offset,
                    const struct cfk_error *why);

/* What adding certificates is made of: CFK_E_INVALID, CFK_E_LIMIT; a copy of one. */
int cfk__pool_check_from(uint32_t from, struct cfk_error *err);
bool cfk__pool_is_full(const cfk_bundle_pool *pool);
int cfk__pool_check_size(const cfk_bundle_pool *pool, size_t size, struct cfk_error *err);
int cfk__pool_add(cfk_bundle_pool *pool, struct cfk__span der, uint32_t from,
                  struct cfk_error *err);

/* The same, but its bytes stay where they are, and it counts already; its number. */
int cfk__pool_place(cfk_bundle_pool *pool, struct cfk__span der, uint32_t from,
                    uint32_t *number, struct cfk_error *err);

/* A leaf in DER as a certificate beside the pool; der stays the caller's. */
int cfk__pool_adopt(cfk_bundle_pool *pool, struct cfk__cert *leaf, const void *der,
                    size_t size, struct cfk_error *err);

/* Find the numbers of a leaf beside the pool anew, after certificates were added. */
int cfk__pool_locate(cfk_bundle_pool *pool, struct cfk__cert *leaf,
                     struct cfk_error *err);

/* The facts of a certificate, made in arena the first time. */
int cfk__cert_facts(struct cfk__arena *arena, struct cfk__cert *cert,
                    const struct cfk__facts **out, struct cfk_error *err);

#endif
