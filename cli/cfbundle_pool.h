/* SPDX-License-Identifier: MIT */
/* What cfbundle builds from: files and folders, read into a pool. */
#ifndef CFBUNDLE_POOL_H
#define CFBUNDLE_POOL_H

#include "cfbundle_key.h"
#include "cfkit/bundle.h"
#include "common/input.h"

#include <stdbool.h>

enum {
    CFBUNDLE_SOURCES = 64,
    CFBUNDLE_CRLS = 256,
};

/* A file or folder with certificates; from is CFK_BUNDLE_ROOT or _POOL. */
struct cfbundle_source {
    const char *path;
    uint32_t from;
};

struct cfbundle_sources {
    struct cfbundle_source certs[CFBUNDLE_SOURCES];
    size_t count;
    bool roots_given;        /* else the system's are used */
    const char *index;       /* NULL: none */
    struct cli_input mapped; /* what the pool has from it, until that is released */
    bool reordered; /* out: the chain in the file of the certificate is out of order */
    const char *crls[CFBUNDLE_CRLS];
    size_t crl_count;
};

/* False when there are too many. */
bool cfbundle_add_source(struct cfbundle_sources *sources, const char *path,
                         uint32_t from);
bool cfbundle_add_crl(struct cfbundle_sources *sources, const char *path);

/* Read certificates and CRLs into pool. */
int cfbundle_load_sources(struct cfbundle_sources *sources, cfk_bundle_pool *pool,
                          struct cfk_error *err);

/*
 * The same, behind the certificate's own file, whose passphrase key asks for where it has
 * one: the leaf to *leaf.
 */
int cfbundle_load(struct cfbundle_sources *sources, const char *cert,
                  struct cfbundle_key *key, cfk_bundle_pool *pool, void **leaf,
                  size_t *leaf_size, struct cfk_error *err);

#endif
