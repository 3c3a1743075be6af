/* SPDX-License-Identifier: MIT */
/*
 * A ring and a queue of bytes beside plain lists: what comes out is what went in, in its
 * order, and the counts agree.
 */
#include "structures/ring.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 32, BATCH = 16 };

struct list {
    uint8_t items[MOST];
    size_t count;
    size_t capacity;
};

static void must(int holds)
{
    if (!holds)
        abort();
}

static void list_drop(struct list *list, size_t count)
{
    list->count -= count;
    memmove(list->items, list->items + count, list->count);
}

static void list_push(struct list *list, uint8_t item)
{
    if (list->count == list->capacity)
        list_drop(list, 1);
    list->items[list->count++] = item;
}

static void ring_operation(cfk_ring *ring, struct list *list, uint8_t op)
{
    size_t count = op / 8 % BATCH;
    size_t room = list->capacity - list->count;
    uint8_t items[BATCH];
    uint8_t item = op;

    memset(items, op, sizeof items);
    switch (op % 8) {
    case 0:
        must(cfk_ring_push(ring, &item, &items[0]) == (room == 0));
        must(items[0] == (room == 0 ? list->items[0] : op));
        list_push(list, op);
        break;
    case 1:
        must(cfk_ring_offer(ring, &item) == (room > 0));
        if (room > 0)
            list_push(list, op);
        break;
    case 2:
        must(cfk_ring_pop(ring, &item) == (list->count > 0));
        must(list->count == 0 || item == list->items[0]);
        list_drop(list, list->count > 0);
        break;
    case 3:
        must(cfk_ring_pop_newest(ring, &item) == (list->count > 0));
        if (list->count > 0)
            must(item == list->items[--list->count]);
        break;
    case 4:
        must(cfk_ring_push_many(ring, items, count) == (count > room ? count - room : 0));
        for (size_t i = 0; i < count; i++)
            list_push(list, op);
        break;
    case 5:
        count = count < room ? count : room;
        must(cfk_ring_offer_many(ring, items, op / 8 % BATCH) == count);
        for (size_t i = 0; i < count; i++)
            list_push(list, op);
        break;
    case 6:
        count = count < list->count ? count : list->count;
        must(cfk_ring_pop_many(ring, items, op / 8 % BATCH) == count);
        must(memcmp(items, list->items, count) == 0);
        list_drop(list, count);
        break;
    default:
        for (size_t i = 0; i < list->count; i++)
            must(*(const uint8_t *)cfk_ring_at(ring, i) == list->items[i]);
        must(cfk_ring_at(ring, list->count) == NULL);
    }
    must(cfk_ring_count(ring) == list->count);
}

static void queue_operation(cfk_spsc *queue, struct list *list, uint8_t op)
{
    size_t count = op / 4 % BATCH;
    size_t room = list->capacity - list->count;
    uint8_t items[BATCH];

    memset(items, op, sizeof items);
    if (op % 2 == 0) {
        count = count < room ? count : room;
        must(cfk_spsc_push(queue, items, op / 4 % BATCH) == (int64_t)count);
        for (size_t i = 0; i < count; i++)
            list_push(list, op);
    } else {
        count = count < list->count ? count : list->count;
        must(cfk_spsc_pop(queue, items, op / 4 % BATCH) == (int64_t)count);
        must(memcmp(items, list->items, count) == 0);
        list_drop(list, count);
    }
    must(cfk_spsc_count(queue) == list->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_ring_options opts = { .size = sizeof opts, .item_size = 1 };
    struct list in_ring = { .count = 0 };
    struct list in_queue;
    cfk_spsc *queue;
    cfk_ring *ring;

    if (size < 2)
        return 0;
    in_ring.capacity = opts.capacity = 1u + data[0] % MOST;
    in_queue = in_ring;
    must(cfk_ring_new(&opts, &ring, NULL) == CFK_OK);
    must(cfk_spsc_new(&opts, &queue, NULL) == CFK_OK);
    cfk__spsc_begin_at(queue, (uint64_t)0 - data[1]);
    for (size_t i = 2; i < size; i++) {
        ring_operation(ring, &in_ring, data[i]);
        queue_operation(queue, &in_queue, data[i]);
    }
    cfk_ring_free(ring);
    cfk_spsc_free(queue);
    return 0;
}
