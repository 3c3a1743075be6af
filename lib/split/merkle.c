/* SPDX-License-Identifier: MIT */
#include "split/merkle.h"

#include "base/crypto.h"
#include "base/secret.h"

#include <string.h>

/* The first byte keeps leaves and nodes apart (as in RFC 6962). */
enum { LEAF = 0, NODE = 1 };

static int short_hash(struct cfk__hash_ctx *hash, const uint8_t *data, size_t size,
                      uint8_t *out, struct cfk_error *err)
{
    uint8_t digest[CFK__SHA256_SIZE];
    int rc = cfk__hash_again(hash, data, size, digest, err);

    if (rc == CFK_OK)
        memcpy(out, digest, CFK__MERKLE_HASH);
    return rc;
}

static int node_hash(struct cfk__hash_ctx *hash, const uint8_t *left,
                     const uint8_t *right, uint8_t *out, struct cfk_error *err)
{
    uint8_t data[1 + 2 * CFK__MERKLE_HASH] = { NODE };

    memcpy(data + 1, left, CFK__MERKLE_HASH);
    memcpy(data + 1 + CFK__MERKLE_HASH, right, CFK__MERKLE_HASH);
    return short_hash(hash, data, sizeof data, out, err);
}

int cfk__merkle_leaf(struct cfk__hash_ctx *hash, struct cfk__span content, uint8_t *leaf,
                     struct cfk_error *err)
{
    uint8_t data[1 + CFK__MERKLE_CONTENT] = { LEAF };
    int rc;

    memcpy(data + 1, content.data, content.size);
    rc = short_hash(hash, data, 1 + content.size, leaf, err);
    cfk__wipe(data, sizeof data);
    return rc;
}

int cfk__merkle_build(struct cfk__hash_ctx *hash, struct cfk__merkle *tree,
                      struct cfk_error *err)
{
    int rc = CFK_OK;

    for (size_t i = CFK__MERKLE_LEAVES - 1; i > 0 && rc == CFK_OK; i--)
        rc = node_hash(hash, tree->nodes[2 * i], tree->nodes[2 * i + 1], tree->nodes[i],
                       err);
    return rc;
}

void cfk__merkle_prove(const struct cfk__merkle *tree, uint8_t x, uint8_t *proof)
{
    for (size_t i = CFK__MERKLE_LEAVES + x; i > 1; i /= 2, proof += CFK__MERKLE_HASH)
        memcpy(proof, tree->nodes[i ^ 1], CFK__MERKLE_HASH);
}

int cfk__merkle_root(struct cfk__hash_ctx *hash, const uint8_t *leaf, uint8_t x,
                     const uint8_t *proof, uint8_t *root, struct cfk_error *err)
{
    uint8_t node[CFK__MERKLE_HASH];
    int rc = CFK_OK;

    memcpy(node, leaf, sizeof node);
    for (size_t i = CFK__MERKLE_LEAVES + x; i > 1 && rc == CFK_OK; i /= 2) {
        rc = i % 2 == 0 ? node_hash(hash, node, proof, node, err)
                        : node_hash(hash, proof, node, node, err);
        proof += CFK__MERKLE_HASH;
    }
    memcpy(root, node, sizeof node);
    return rc;
}
