/* SPDX-License-Identifier: MIT */
/* Shares coming together: each is judged, named where it is wrong, then joined. */
#include "split/quorum.h"
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/options.h"
#include "base/secret.h"
#include "split/shamir.h"
#include "split/stream.h"

#include <stdio.h>
#include <string.h>

int cfk_split_quorum_new(const struct cfk_split_quorum_options *opts,
                         cfk_split_quorum **out, struct cfk_error *err)
{
    struct cfk_split_quorum_options o;
    cfk_split_quorum *quorum;
    void *secret;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    quorum = cfk__calloc(o.alloc, 1, sizeof *quorum);
    if (quorum == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for a quorum");
    quorum->alloc = *cfk__alloc_or_default(o.alloc);
    rc = cfk__secret_new(sizeof *quorum->keys, &secret, err);
    quorum->keys = secret;
    if (rc != CFK_OK) {
        cfk_split_quorum_free(quorum);
        return rc;
    }
    *out = quorum;
    return CFK_OK;
}

void cfk_split_quorum_free(cfk_split_quorum *quorum)
{
    struct cfk_alloc alloc;

    if (quorum == NULL)
        return;
    alloc = quorum->alloc;
    cfk__secret_free(quorum->extension);
    cfk__secret_free(quorum->keys);
    cfk__free(&alloc, quorum);
}

uint32_t cfk_split_quorum_have(const cfk_split_quorum *quorum)
{
    return quorum->have;
}

uint32_t cfk_split_quorum_needed(const cfk_split_quorum *quorum)
{
    return quorum->have > 0 ? quorum->keys->first.threshold : 0;
}

static const char *set_text(const struct cfk__share *share, char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < sizeof share->set_id; i++)
        used += (size_t)snprintf(text + used, size - used, "%02x", share->set_id[i]);
    return text;
}

/* Does the share go with the first? It was proven to go with its own root. */
static int check_kinship(const struct cfk__share *first, const struct cfk__share *share,
                         struct cfk_error *err)
{
    char mine[96], theirs[96], my_set[17], their_set[17];

    cfk__share_title(share, mine, sizeof mine);
    cfk__share_title(first, theirs, sizeof theirs);
    if (memcmp(share->set_id, first->set_id, sizeof first->set_id) != 0)
        return cfk__fail(err, CFK_E_OTHER_SET,
                         "split: %s is of set %s, not of set %s as %s is", mine,
                         set_text(share, my_set, sizeof my_set),
                         set_text(first, their_set, sizeof their_set), theirs);
    if (share->generation != first->generation)
        return cfk__fail(err, CFK_E_GENERATION,
                         "split: %s is of generation %u, %s of generation %u: the shares "
                         "were changed between them",
                         mine, share->generation, theirs, first->generation);
    if (memcmp(share->root, first->root, sizeof first->root) != 0 ||
        share->threshold != first->threshold || share->count != first->count ||
        memcmp(share->payload_hash, first->payload_hash, sizeof first->payload_hash) != 0)
        return cfk__fail(
            err, CFK_E_SHARE,
            "split: %s has another fingerprint than %s: one of them is forged", mine,
            theirs);
    return CFK_OK;
}

static int check_new(const cfk_split_quorum *quorum, const struct cfk__share *share,
                     struct cfk_error *err)
{
    char title[96];
    int rc;

    if (quorum->have == 0)
        return CFK_OK;
    rc = check_kinship(&quorum->keys->first, share, err);
    if (rc == CFK_OK && memchr(quorum->xs, share->x, quorum->have) != NULL)
        rc = cfk__fail(err, CFK_E_EXISTS, "split: %s is there already",
                       cfk__share_title(share, title, sizeof title));
    return rc;
}

int cfk_split_quorum_add(cfk_split_quorum *quorum, const char *text, size_t len,
                         struct cfk_error *err)
{
    struct cfk__quorum_keys *keys = quorum->keys;
    struct cfk__share *share = &keys->work.share;
    uint32_t row;
    int rc;

    rc = cfk__share_read(text, len, &keys->work, &row, err);
    if (rc == CFK_OK)
        rc = check_new(quorum, share, err);
    if (rc == CFK_OK) {
        if (quorum->have == 0)
            keys->first = *share;
        memcpy(keys->ys[quorum->have], share->y, sizeof share->y);
        quorum->xs[quorum->have++] = share->x;
    }
    cfk__wipe(&keys->work, sizeof keys->work);
    return rc;
}

int cfk__quorum_join(cfk_split_quorum *quorum, struct cfk_error *err)
{
    uint32_t needed = cfk_split_quorum_needed(quorum);
    const uint8_t *ys[CFK_SPLIT_MAX_SHARES];

    if (quorum->have == 0)
        return cfk__fail(err, CFK_E_NEED_MORE, "split: there is no share");
    if (quorum->have < needed)
        return cfk__fail(err, CFK_E_NEED_MORE,
                         "split: %u of the %u shares that it takes: %u more needed",
                         (unsigned)quorum->have, (unsigned)needed,
                         (unsigned)(needed - quorum->have));
    for (uint32_t i = 0; i < needed; i++)
        ys[i] = quorum->keys->ys[i];
    cfk__shamir_interpolate(quorum->xs, ys, needed, CFK__MASTER_SIZE,
                            quorum->keys->master);
    return CFK_OK;
}

static int open_inside(struct cfk__quorum_keys *keys, size_t *size, struct cfk_error *err)
{
    struct cfk__payload payload = { 0 };
    struct cfk__place place = { .kind = CFK__INSIDE_SHARES };
    uint8_t context[CFK__PAYLOAD_CONTEXT];
    uint8_t key[32];
    size_t sealed = keys->first.payload_size - (size_t)CFK__PAYLOAD_PREFIX;
    int rc = cfk__payload_key(keys->master, key, err);

    memcpy(place.set_id, keys->first.set_id, sizeof place.set_id);
    if (rc == CFK_OK)
        rc = cfk__payload_begin_open(
            &payload, key,
            (struct cfk__span){ context, cfk__place_context(&place, context) },
            keys->first.payload, err);
    cfk__wipe(key, sizeof key);
    if (rc == CFK_OK)
        rc = cfk__payload_open(&payload, keys->first.payload + CFK__PAYLOAD_PREFIX,
                               sealed, keys->plain, err);
    cfk__payload_end(&payload);
    *size = rc == CFK_OK ? sealed - CFK__PAYLOAD_TAG : 0;
    return rc;
}

int cfk_split_quorum_open(cfk_split_quorum *quorum, const void **secret, size_t *size,
                          struct cfk_error *err)
{
    int rc;

    *secret = NULL;
    *size = 0;
    rc = cfk__quorum_join(quorum, err);
    if (rc != CFK_OK)
        return rc;
    if (quorum->keys->first.payload_size == 0)
        rc =
            cfk__fail(err, CFK_E_STATE,
                      "split: the shares hold a key alone; the secret is in a lock file");
    else
        rc = open_inside(quorum->keys, size, err);
    cfk__wipe(quorum->keys->master, sizeof quorum->keys->master);
    if (rc == CFK_OK)
        *secret = quorum->keys->plain;
    return rc;
}

int cfk_split_opener_new(cfk_split_quorum *quorum, cfk_split_opener **out,
                         struct cfk_error *err)
{
    struct cfk__place place = { .kind = CFK_LOCK_SHARES };
    int rc;

    *out = NULL;
    rc = cfk__quorum_join(quorum, err);
    if (rc != CFK_OK)
        return rc;
    memcpy(place.set_id, quorum->keys->first.set_id, sizeof place.set_id);
    rc = cfk__opener_new(quorum->keys->master, &place, &quorum->alloc, out, err);
    cfk__wipe(quorum->keys->master, sizeof quorum->keys->master);
    return rc;
}
