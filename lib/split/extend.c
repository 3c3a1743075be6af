/* SPDX-License-Identifier: MIT */
/* What enough shares can do besides opening: one more of them, or all of them anew. */
#include "base/crypto.h"
#include "base/error.h"
#include "base/options.h"
#include "base/secret.h"
#include "split/quorum.h"
#include "split/set.h"
#include "split/shamir.h"

#include <string.h>

/* --- one more --- */

/* The value at x: that at 0 of the polynomial moved by x, which is plus and minus x. */
static void value_at(const cfk_split_quorum *quorum, uint8_t x, uint8_t *y)
{
    uint32_t needed = cfk_split_quorum_needed(quorum);
    const uint8_t *ys[CFK_SPLIT_MAX_SHARES];
    uint8_t xs[CFK_SPLIT_MAX_SHARES];

    for (uint32_t i = 0; i < needed; i++) {
        xs[i] = quorum->xs[i] ^ x;
        ys[i] = quorum->keys->ys[i];
        if (xs[i] == 0) {
            memcpy(y, ys[i], CFK__MASTER_SIZE);
            return;
        }
    }
    cfk__shamir_interpolate(xs, ys, needed, CFK__MASTER_SIZE, y);
}

/* The tree over all shares that there could be; its root is the known one. */
static int build_tree(const cfk_split_quorum *quorum, struct cfk__quorum_extension *e,
                      struct cfk_error *err)
{
    struct cfk__share *share = &e->work.share;
    struct cfk__hash_ctx *hash;
    int rc = cfk__hash_new(CFK__SHA256, &hash, err);

    for (unsigned x = 1; x < CFK__MERKLE_LEAVES && rc == CFK_OK; x++) {
        value_at(quorum, (uint8_t)x, share->y);
        rc = cfk__share_leaf(hash, share->common, (uint8_t)x, share->y,
                             e->tree.nodes[CFK__MERKLE_LEAVES + x], err);
    }
    if (rc == CFK_OK)
        rc = cfk__merkle_build(hash, &e->tree, err);
    cfk__hash_free(hash);
    if (rc == CFK_OK && memcmp(e->tree.nodes[1], share->root, sizeof share->root) != 0)
        return cfk__fail(err, CFK_E_SHARE,
                         "split: these shares are forged: they are not of the polynomial "
                         "that their fingerprint is of");
    return rc;
}

static bool is_there(const cfk_split_quorum *quorum, uint32_t x)
{
    return memchr(quorum->xs, (int)x, quorum->have) != NULL;
}

/* A number beyond those that were handed out first, so that two quorums differ. */
static int pick_number(const cfk_split_quorum *quorum, uint32_t *number,
                       struct cfk_error *err)
{
    uint32_t count = quorum->keys->first.count;
    uint8_t free_numbers[CFK_SPLIT_MAX_SHARES];
    uint8_t random;
    uint32_t found = 0;
    int rc;

    if (*number != 0)
        return CFK_OK;
    for (uint32_t x = count + 1; x <= CFK_SPLIT_MAX_SHARES; x++)
        if (!is_there(quorum, x))
            free_numbers[found++] = (uint8_t)x;
    if (found == 0)
        return cfk__fail(err, CFK_E_LIMIT, "split: there are 255 shares already");
    do
        rc = cfk__random(&random, 1, err);
    while (rc == CFK_OK && random >= 256 / found * found);
    if (rc == CFK_OK)
        *number = free_numbers[random % found];
    return rc;
}

static int check_extension(const cfk_split_quorum *quorum, uint32_t number,
                           const char *holder, struct cfk_error *err)
{
    if (number > CFK_SPLIT_MAX_SHARES)
        return cfk__fail(err, CFK_E_INVALID, "split: share %u: there are 255 numbers",
                         (unsigned)number);
    if (number != 0 && is_there(quorum, number))
        return cfk__fail(err, CFK_E_EXISTS, "split: share %u is there already",
                         (unsigned)number);
    if (holder != NULL && !cfk__share_name_ok(holder, strlen(holder)))
        return cfk__fail(err, CFK_E_INVALID,
                         "split: a holder's name that is not UTF-8 of at most %d bytes "
                         "without control characters or outer blanks",
                         CFK_SPLIT_MAX_NAME);
    return CFK_OK;
}

static int make_share(cfk_split_quorum *quorum, uint32_t number, const char *holder,
                      size_t *len, struct cfk_error *err)
{
    struct cfk__quorum_extension *e = quorum->extension;
    struct cfk__share *share = &e->work.share;
    int rc;

    *share = quorum->keys->first;
    rc = build_tree(quorum, e, err);
    if (rc == CFK_OK)
        rc = pick_number(quorum, &number, err);
    if (rc != CFK_OK)
        return rc;
    share->x = (uint8_t)number;
    value_at(quorum, share->x, share->y);
    cfk__merkle_prove(&e->tree, share->x, share->proof);
    memset(share->holder, 0, sizeof share->holder);
    if (holder != NULL)
        memcpy(share->holder, holder, strlen(holder));
    return cfk__share_write(&e->work, e->text, len, err);
}

int cfk_split_quorum_extend(cfk_split_quorum *quorum, uint32_t number, const char *holder,
                            const char **text, size_t *len, struct cfk_error *err)
{
    void *secret;
    int rc;

    *text = NULL;
    *len = 0;
    rc = cfk__quorum_join(quorum, err);
    cfk__wipe(quorum->keys->master, sizeof quorum->keys->master);
    if (rc == CFK_OK)
        rc = check_extension(quorum, number, holder, err);
    if (rc == CFK_OK && quorum->extension == NULL) {
        rc = cfk__secret_new(sizeof *quorum->extension, &secret, err);
        quorum->extension = secret;
    }
    if (rc == CFK_OK)
        rc = make_share(quorum, number, holder, len, err);
    if (rc == CFK_OK)
        *text = quorum->extension->text;
    else
        *len = 0;
    return rc;
}

/* --- all anew --- */

int cfk_split_quorum_reshare(cfk_split_quorum *quorum,
                             const struct cfk_split_options *opts, cfk_split **out,
                             struct cfk_error *err)
{
    struct cfk_split_options o;
    const struct cfk__share *first = &quorum->keys->first;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = cfk__quorum_join(quorum, err);
    if (rc != CFK_OK)
        return rc;
    o.size = sizeof o;
    if (o.threshold == 0)
        o.threshold = first->threshold;
    if (o.count == 0)
        o.count = o.threshold > first->count ? o.threshold : first->count;
    if (o.label == NULL)
        o.label = first->label;
    rc = cfk__split_anew(&o, first, quorum->keys->master, out, err);
    cfk__wipe(quorum->keys->master, sizeof quorum->keys->master);
    return rc;
}
