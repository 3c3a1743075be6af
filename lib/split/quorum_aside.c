/* SPDX-License-Identifier: MIT */
/* Shares that do not go together: kept apart by their sets, until it shows whose has
 * more. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"
#include "split/quorum.h"

#include <stdio.h>
#include <string.h>

static const char *set_text(const struct cfk__share *share, char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < sizeof share->set_id; i++)
        used += (size_t)snprintf(text + used, size - used, "%02x", share->set_id[i]);
    return text;
}

int cfk__quorum_kinship(const struct cfk__share *first, const char *theirs,
                        const struct cfk__share *share, const char *mine,
                        struct cfk_error *err)
{
    char my_set[17], their_set[17];

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
        memcmp(share->common, first->common, sizeof first->common) != 0)
        return cfk__fail(
            err, CFK_E_SHARE,
            "split: %s has another fingerprint than %s: one of them is forged", mine,
            theirs);
    return CFK_OK;
}

/* --- what was kept --- */

int cfk__quorum_reserve(cfk_split_quorum *quorum, struct cfk_error *err)
{
    uint32_t capacity = quorum->kept_capacity > 0 ? 2 * quorum->kept_capacity : 8;
    struct cfk__quorum_kept *grown;

    if (quorum->kept_count < quorum->kept_capacity)
        return CFK_OK;
    grown = cfk__realloc(&quorum->alloc, quorum->kept, capacity, sizeof *grown);
    if (grown == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for %u shares",
                         (unsigned)capacity);
    quorum->kept = grown;
    quorum->kept_capacity = capacity;
    return CFK_OK;
}

void cfk__quorum_note(cfk_split_quorum *quorum, uint32_t number)
{
    struct cfk__quorum_kept *kept = &quorum->kept[quorum->kept_count++];

    kept->number = number;
    cfk__share_title(&quorum->keys->work.share, kept->title, sizeof kept->title);
}

uint32_t cfk_split_quorum_kept(const cfk_split_quorum *quorum)
{
    return quorum->kept_count;
}

int cfk_split_quorum_judge(const cfk_split_quorum *quorum, uint32_t index,
                           struct cfk_error *err)
{
    const struct cfk__share *first = &quorum->keys->first;
    const struct cfk__quorum_kept *kept;
    char theirs[CFK__SHARE_TITLE];
    uint32_t i = 0;

    if (index >= quorum->kept_count)
        return cfk__fail(err, CFK_E_NOTFOUND, "split: no share %u of %u was kept",
                         (unsigned)index, (unsigned)quorum->kept_count);
    kept = &quorum->kept[index];
    if (kept->number == quorum->number)
        return CFK_OK;
    while (quorum->aside[i]->number != kept->number)
        i++;
    cfk__share_title(first, theirs, sizeof theirs);
    return cfk__quorum_kinship(first, theirs, &quorum->aside[i]->first, kept->title, err);
}

/* --- sets aside --- */

static void swap_bytes(void *a, void *b, size_t size)
{
    uint8_t *p = a;
    uint8_t *q = b;

    for (size_t i = 0; i < size; i++) {
        uint8_t byte = p[i];

        p[i] = q[i];
        q[i] = byte;
    }
}

/* The set aside is the one that is taken from now on. */
static void change_places(cfk_split_quorum *quorum, struct cfk__quorum_aside *aside)
{
    swap_bytes(&quorum->number, &aside->number, sizeof aside->number);
    swap_bytes(&quorum->have, &aside->have, sizeof aside->have);
    swap_bytes(quorum->xs, aside->xs, sizeof aside->xs);
    swap_bytes(quorum->keys->ys, aside->ys, sizeof aside->ys);
    swap_bytes(&quorum->keys->first, &aside->first, sizeof aside->first);
}

/* Where the share of work belongs: a set that is there, a new one, or NULL. */
static int find_aside(cfk_split_quorum *quorum, struct cfk__quorum_aside **out,
                      struct cfk_error *err)
{
    const struct cfk__share *share = &quorum->keys->work.share;
    void *secret;
    int rc;

    for (uint32_t i = 0; i < quorum->aside_count; i++) {
        *out = quorum->aside[i];
        if (cfk__quorum_kinship(&(*out)->first, "", share, "", NULL) == CFK_OK)
            return CFK_OK;
    }
    *out = NULL;
    if (quorum->aside_count == CFK__QUORUM_ASIDE)
        return CFK_OK;
    rc = cfk__secret_new(sizeof **out, &secret, err);
    if (rc != CFK_OK)
        return rc;
    *out = secret;
    (*out)->first = *share;
    quorum->aside[quorum->aside_count++] = *out;
    (*out)->number = quorum->aside_count; /* the first set of all is number 0 */
    return CFK_OK;
}

static bool is_complete(const struct cfk__quorum_aside *aside)
{
    return aside->have >= aside->first.threshold;
}

int cfk__quorum_keep_aside(cfk_split_quorum *quorum, struct cfk_error *err)
{
    const struct cfk__share *share = &quorum->keys->work.share;
    struct cfk__quorum_aside *aside;
    char title[CFK__SHARE_TITLE];
    int rc = find_aside(quorum, &aside, err);

    if (rc != CFK_OK)
        return rc;
    if (aside == NULL)
        return CFK_E_NOTFOUND;
    if (memchr(aside->xs, share->x, aside->have) != NULL)
        return cfk__fail(err, CFK_E_EXISTS, "split: %s is there already",
                         cfk__share_title(share, title, sizeof title));
    memcpy(aside->ys[aside->have], share->y, sizeof share->y);
    aside->xs[aside->have++] = share->x;
    cfk__quorum_note(quorum, aside->number);
    if (quorum->have >= quorum->keys->first.threshold ||
        (aside->have <= quorum->have && !is_complete(aside)))
        return CFK_E_NOTFOUND;
    change_places(quorum, aside);
    return CFK_OK;
}

int cfk__quorum_check_aside(const cfk_split_quorum *quorum, struct cfk_error *err)
{
    const struct cfk__share *first = &quorum->keys->first;
    char mine[CFK__SHARE_TITLE], theirs[CFK__SHARE_TITLE];

    for (uint32_t i = 0; i < quorum->aside_count; i++) {
        const struct cfk__share *other = &quorum->aside[i]->first;

        if (is_complete(quorum->aside[i]))
            return cfk__quorum_kinship(
                first, cfk__share_title(first, theirs, sizeof theirs), other,
                cfk__share_title(other, mine, sizeof mine), err);
    }
    return CFK_OK;
}
