/* SPDX-License-Identifier: MIT */
#include "delta/tree.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void tell(struct cfk__tree_walk *walk, uint32_t place, size_t length)
{
    if (walk->take != NULL && length > walk->best)
        walk->take(walk, place, (uint32_t)length);
}

void cfk__tree_find(const struct cfk__tree *tree, const uint8_t *old, size_t old_size,
                    const uint8_t *data, size_t limit, struct cfk__tree_walk *walk)
{
    uint32_t next = tree->head[cfk__tree_hash(tree, data)];
    size_t before = 0; /* bytes that all smaller and all larger places agree in */
    size_t behind = 0;

    limit = smaller(limit, CFK__TREE_DEEP);
    while (next != 0 && walk->steps-- > 0) {
        uint32_t place = next - 1;
        size_t room = smaller(limit, old_size - place);
        size_t length = smaller(smaller(before, behind), room);

        length += cfk__common(old + place + length, data + length, room - length);
        tell(walk, place, length);
        if (length == limit)
            return;
        if (length == room || old[place + length] < data[length]) {
            before = length;
            next = tree->child[2 * (size_t)place + 1];
        } else {
            behind = length;
            next = tree->child[2 * (size_t)place];
        }
    }
}

void cfk__tree_enter(struct cfk__tree *tree, const uint8_t *data, size_t size,
                     uint32_t place, struct cfk__tree_walk *walk)
{
    uint32_t *head = &tree->head[cfk__tree_hash(tree, data + place)];
    uint32_t *low = &tree->child[2 * (size_t)place];
    uint32_t *high = low + 1;
    size_t limit = smaller(size - place, CFK__TREE_DEEP);
    const uint8_t *here = data + place;
    uint32_t next = *head;
    size_t before = 0;
    size_t behind = 0;

    *head = place + 1;
    while (next != 0 && walk->steps-- > 0) {
        const uint8_t *there = data + (next - 1);
        uint32_t *child = &tree->child[2 * (size_t)(next - 1)];
        size_t length = smaller(before, behind);

        length += cfk__common(there + length, here + length, limit - length);
        tell(walk, next - 1, length);
        if (length == limit) { /* the earlier place gives way */
            *low = child[0];
            *high = child[1];
            return;
        }
        if (there[length] < here[length]) {
            *low = next;
            low = &child[1];
            next = *low;
            before = length;
        } else {
            *high = next;
            high = &child[0];
            next = *high;
            behind = length;
        }
    }
    *low = 0;
    *high = 0;
}
