/* SPDX-License-Identifier: MIT */
/* Making shares: a random master key, its polynomial, the tree over all of its shares. */
#include "split/set.h"
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/options.h"
#include "base/secret.h"
#include "cfkit/split.h"
#include "split/lock.h"
#include "split/shamir.h"
#include "split/stream.h"

#include <string.h>

enum { DEFAULT_THRESHOLD = 2, DEFAULT_COUNT = 3 };

typedef char name_text[CFK_SPLIT_MAX_NAME + 1];

/* In secret memory, in one piece. */
struct keys {
    uint8_t master[CFK__MASTER_SIZE];
    struct cfk__share_work work;
    union {
        uint8_t ys[CFK_SPLIT_MAX_SHARES][CFK__MASTER_SIZE]; /* while the tree grows */
        char text[CFK_SPLIT_MAX_SHARE_TEXT];
    };
    uint8_t coefficients[]; /* threshold - 1 times the size of master */
};

struct cfk_split {
    struct cfk_alloc alloc;
    uint32_t threshold;
    uint32_t count;
    uint16_t generation;
    bool sealed;
    uint8_t set_id[CFK__SET_ID_SIZE];
    name_text label;
    name_text *holders; /* count of them, or NULL */
    struct cfk__merkle tree;
    struct keys *keys;
};

static int copy_name(const char *what, const char *name, char *out, struct cfk_error *err)
{
    size_t size = name != NULL ? strlen(name) : 0;

    if (!cfk__share_name_ok(name, size))
        return cfk__fail(
            err, CFK_E_INVALID,
            "split: a %s of %zu bytes, not UTF-8 of at most %d without control "
            "characters or outer blanks",
            what, size, CFK_SPLIT_MAX_NAME);
    if (size > 0)
        memcpy(out, name, size);
    out[size] = '\0';
    return CFK_OK;
}

static int check_counts(struct cfk_split_options *o, struct cfk_error *err)
{
    if (o->threshold == 0)
        o->threshold = DEFAULT_THRESHOLD;
    if (o->count == 0)
        o->count = o->threshold > DEFAULT_COUNT ? o->threshold : DEFAULT_COUNT;
    if (o->threshold >= 2 && o->threshold <= o->count && o->count <= CFK_SPLIT_MAX_SHARES)
        return CFK_OK;
    return cfk__fail(err, CFK_E_INVALID,
                     "split: %u of %u shares, not at least 2 of at most 255",
                     (unsigned)o->threshold, (unsigned)o->count);
}

static int copy_names(cfk_split *set, const struct cfk_split_options *o,
                      struct cfk_error *err)
{
    int rc = copy_name("label", o->label, set->label, err);

    if (rc != CFK_OK || o->holders == NULL)
        return rc;
    set->holders = cfk__calloc(&set->alloc, set->count, sizeof *set->holders);
    if (set->holders == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for %u names",
                         (unsigned)set->count);
    for (uint32_t i = 0; i < set->count && rc == CFK_OK; i++)
        rc = copy_name("holder's name", o->holders[i], set->holders[i], err);
    return rc;
}

static int make_keys(cfk_split *set, struct cfk_error *err)
{
    size_t size = (set->threshold - 1) * (size_t)CFK__MASTER_SIZE;
    void *secret;
    int rc = cfk__secret_new(sizeof *set->keys + size, &secret, err);

    set->keys = secret;
    if (rc == CFK_OK)
        rc = cfk__random(set->set_id, sizeof set->set_id, err);
    if (rc == CFK_OK)
        rc = cfk__random(set->keys->master, sizeof set->keys->master, err);
    if (rc == CFK_OK)
        rc = cfk__random(set->keys->coefficients, size, err);
    return rc;
}

int cfk_split_new(const struct cfk_split_options *opts, cfk_split **out,
                  struct cfk_error *err)
{
    struct cfk_split_options o;
    cfk_split *set;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = check_counts(&o, err);
    if (rc != CFK_OK)
        return rc;
    set = cfk__calloc(o.alloc, 1, sizeof *set);
    if (set == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for a set");
    set->alloc = *cfk__alloc_or_default(o.alloc);
    set->threshold = o.threshold;
    set->count = o.count;
    set->generation = 1;
    rc = copy_names(set, &o, err);
    if (rc == CFK_OK)
        rc = make_keys(set, err);
    if (rc != CFK_OK) {
        cfk_split_free(set);
        return rc;
    }
    *out = set;
    return CFK_OK;
}

void cfk_split_free(cfk_split *set)
{
    struct cfk_alloc alloc;

    if (set == NULL)
        return;
    alloc = set->alloc;
    cfk__secret_free(set->keys);
    cfk__free(&alloc, set->holders);
    cfk__free(&alloc, set);
}

const uint8_t *cfk_split_set_id(const cfk_split *set)
{
    return set->set_id;
}

/* What all shares have in common; the payload is there. */
static int fill_common(cfk_split *set, struct cfk__hash_ctx *hash, struct cfk_error *err)
{
    struct cfk__share *share = &set->keys->work.share;

    memcpy(share->set_id, set->set_id, sizeof share->set_id);
    share->generation = set->generation;
    share->threshold = (uint8_t)set->threshold;
    share->count = (uint8_t)set->count;
    memcpy(share->label, set->label, sizeof set->label);
    return cfk__share_hash_common(hash, share, err);
}

static void fill_ys(const cfk_split *set, uint8_t x, size_t count, uint8_t *ys)
{
    struct cfk__shamir p = { set->keys->master, set->keys->coefficients,
                             set->threshold - 1, CFK__MASTER_SIZE };

    cfk__shamir_evaluate(&p, x, count, CFK__MASTER_SIZE, ys, CFK__MASTER_SIZE);
}

/* All 255 shares that there could be go into the tree. */
static int hash_tree(cfk_split *set, struct cfk__hash_ctx *hash, struct cfk_error *err)
{
    struct keys *keys = set->keys;
    int rc = CFK_OK;

    fill_ys(set, 1, CFK_SPLIT_MAX_SHARES, keys->ys[0]);
    for (unsigned x = 1; x < CFK__MERKLE_LEAVES && rc == CFK_OK; x++)
        rc = cfk__share_leaf(hash, keys->work.share.common, (uint8_t)x, keys->ys[x - 1],
                             set->tree.nodes[CFK__MERKLE_LEAVES + x], err);
    cfk__wipe(keys->ys, sizeof keys->ys);
    if (rc == CFK_OK)
        rc = cfk__merkle_build(hash, &set->tree, err);
    return rc;
}

static int build_tree(cfk_split *set, struct cfk_error *err)
{
    struct cfk__share *share = &set->keys->work.share;
    struct cfk__hash_ctx *hash = NULL;
    int rc = cfk__hash_new(CFK__SHA256, &hash, err);

    if (rc == CFK_OK)
        rc = fill_common(set, hash, err);
    if (rc == CFK_OK)
        rc = hash_tree(set, hash, err);
    cfk__hash_free(hash);
    memcpy(share->root, set->tree.nodes[1], sizeof share->root);
    return rc;
}

static int not_sealed_yet(const cfk_split *set, struct cfk_error *err)
{
    if (!set->sealed)
        return CFK_OK;
    return cfk__fail(err, CFK_E_STATE, "split: the set was sealed already");
}

static int seal_inside(cfk_split *set, const void *secret, size_t size,
                       struct cfk_error *err)
{
    struct cfk__share *share = &set->keys->work.share;
    uint8_t *chunk = share->payload + CFK__PAYLOAD_PREFIX;
    struct cfk__payload payload = { 0 };
    struct cfk__place place = { .kind = CFK__INSIDE_SHARES };
    uint8_t context[CFK__PAYLOAD_CONTEXT];
    uint8_t key[32];
    int rc = cfk__payload_key(set->keys->master, key, err);

    memcpy(place.set_id, set->set_id, sizeof place.set_id);
    if (rc == CFK_OK)
        rc = cfk__payload_begin_seal(
            &payload, key,
            (struct cfk__span){ context, cfk__place_context(&place, context) },
            share->payload, err);
    cfk__wipe(key, sizeof key);
    if (size > 0)
        memcpy(chunk, secret, size);
    if (rc == CFK_OK)
        rc = cfk__payload_seal(&payload, chunk, size, chunk, err);
    cfk__payload_end(&payload);
    share->payload_size = (uint16_t)(CFK__PAYLOAD_PREFIX + size + CFK__PAYLOAD_TAG);
    return rc;
}

int cfk_split_seal(cfk_split *set, const void *secret, size_t size, struct cfk_error *err)
{
    int rc = not_sealed_yet(set, err);

    if (rc != CFK_OK)
        return rc;
    if (size > CFK_SPLIT_MAX_INSIDE)
        return cfk__fail(err, CFK_E_LIMIT,
                         "split: %zu bytes do not fit into shares, which take %d; a lock "
                         "file does",
                         size, CFK_SPLIT_MAX_INSIDE);
    rc = seal_inside(set, secret, size, err);
    if (rc == CFK_OK)
        rc = build_tree(set, err);
    if (rc != CFK_OK)
        set->keys->work.share.payload_size = 0;
    set->sealed = rc == CFK_OK;
    return rc;
}

int cfk_split_share(cfk_split *set, uint32_t index, const char **text, size_t *len,
                    struct cfk_error *err)
{
    struct cfk__share *share = &set->keys->work.share;
    int rc;

    *text = NULL;
    *len = 0;
    if (index >= set->count)
        return cfk__fail(err, CFK_E_INVALID, "split: no share %u of %u", (unsigned)index,
                         (unsigned)set->count);
    if (!set->sealed)
        return cfk__fail(err, CFK_E_STATE, "split: nothing was sealed yet");
    share->x = (uint8_t)(index + 1);
    fill_ys(set, share->x, 1, share->y);
    cfk__merkle_prove(&set->tree, share->x, share->proof);
    memset(share->holder, 0, sizeof share->holder);
    if (set->holders != NULL)
        memcpy(share->holder, set->holders[index], sizeof share->holder);
    rc = cfk__share_write(&set->keys->work, set->keys->text, len, err);
    if (rc == CFK_OK)
        *text = set->keys->text;
    return rc;
}

int cfk_split_sealer_new(cfk_split *set, cfk_split_sealer **out, struct cfk_error *err)
{
    struct cfk__place place = { .kind = CFK_LOCK_SHARES };
    int rc;

    *out = NULL;
    rc = not_sealed_yet(set, err);
    if (rc == CFK_OK)
        rc = cfk__random(place.lock_id, sizeof place.lock_id, err);
    if (rc == CFK_OK)
        rc = build_tree(set, err);
    if (rc != CFK_OK)
        return rc;
    memcpy(place.set_id, set->set_id, sizeof place.set_id);
    rc = cfk__sealer_new(set->keys->master, &place, &set->alloc, out, err);
    set->sealed = rc == CFK_OK;
    return rc;
}

int cfk__split_anew(const struct cfk_split_options *opts, const struct cfk__share *like,
                    const uint8_t *master, cfk_split **out, struct cfk_error *err)
{
    struct cfk__share *share;
    cfk_split *set;
    int rc;

    if (like->generation == UINT16_MAX)
        return cfk__fail(err, CFK_E_LIMIT, "split: these shares were changed too often");
    rc = cfk_split_new(opts, &set, err);
    if (rc != CFK_OK)
        return rc;
    share = &set->keys->work.share;
    memcpy(set->keys->master, master, CFK__MASTER_SIZE);
    memcpy(set->set_id, like->set_id, sizeof set->set_id);
    set->generation = (uint16_t)(like->generation + 1);
    memcpy(share->payload, like->payload, like->payload_size);
    share->payload_size = like->payload_size;
    rc = build_tree(set, err);
    if (rc != CFK_OK) {
        cfk_split_free(set);
        return rc;
    }
    set->sealed = true;
    *out = set;
    return CFK_OK;
}
