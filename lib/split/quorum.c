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
    for (uint32_t i = 0; i < quorum->aside_count; i++)
        cfk__secret_free(quorum->aside[i]);
    cfk__free(&alloc, quorum->kept);
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

/* The share of work is of the set that is taken. */
static int take(cfk_split_quorum *quorum, struct cfk_error *err)
{
    struct cfk__quorum_keys *keys = quorum->keys;
    const struct cfk__share *share = &keys->work.share;
    char title[CFK__SHARE_TITLE];

    if (memchr(quorum->xs, share->x, quorum->have) != NULL)
        return cfk__fail(err, CFK_E_EXISTS, "split: %s is there already",
                         cfk__share_title(share, title, sizeof title));
    if (quorum->have == 0)
        keys->first = *share;
    memcpy(keys->ys[quorum->have], share->y, sizeof share->y);
    quorum->xs[quorum->have++] = share->x;
    cfk__quorum_note(quorum, quorum->number);
    return CFK_OK;
}

static int check_kinship(const cfk_split_quorum *quorum, struct cfk_error *err)
{
    const struct cfk__quorum_keys *keys = quorum->keys;
    char mine[CFK__SHARE_TITLE], theirs[CFK__SHARE_TITLE];

    if (quorum->have == 0)
        return CFK_OK;
    cfk__share_title(&keys->first, theirs, sizeof theirs);
    cfk__share_title(&keys->work.share, mine, sizeof mine);
    return cfk__quorum_kinship(&keys->first, theirs, &keys->work.share, mine, err);
}

static int take_or_keep_aside(cfk_split_quorum *quorum, struct cfk_error *err)
{
    int aside;
    int rc = cfk__quorum_reserve(quorum, err);

    if (rc != CFK_OK)
        return rc;
    rc = check_kinship(quorum, err);
    if (rc == CFK_OK)
        return take(quorum, err);
    aside = cfk__quorum_keep_aside(quorum, err);
    return aside != CFK_E_NOTFOUND ? aside : rc;
}

int cfk_split_quorum_add(cfk_split_quorum *quorum, const char *text, size_t len,
                         struct cfk_error *err)
{
    uint32_t row;
    int rc = cfk__share_read(text, len, &quorum->keys->work, &row, err);

    if (rc == CFK_OK)
        rc = take_or_keep_aside(quorum, err);
    cfk__wipe(&quorum->keys->work, sizeof quorum->keys->work);
    return rc;
}

int cfk__quorum_join(cfk_split_quorum *quorum, struct cfk_error *err)
{
    uint32_t needed = cfk_split_quorum_needed(quorum);
    const uint8_t *ys[CFK_SPLIT_MAX_SHARES];
    int rc;

    if (quorum->have == 0)
        return cfk__fail(err, CFK_E_NEED_MORE, "split: there is no share");
    if (quorum->have < needed)
        return cfk__fail(err, CFK_E_NEED_MORE,
                         "split: %u of the %u shares that it takes: %u more needed",
                         (unsigned)quorum->have, (unsigned)needed,
                         (unsigned)(needed - quorum->have));
    rc = cfk__quorum_check_aside(quorum, err);
    if (rc != CFK_OK)
        return rc;
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
