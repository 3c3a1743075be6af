/* SPDX-License-Identifier: MIT */
/* The bytes of an input taken one after the other, zeroes when they are used up. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct input {
    const uint8_t *data;
    size_t size;
};

static inline uint8_t take(struct input *in)
{
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->data++;
}

static inline uint64_t take_u64(struct input *in)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | take(in);
    return value;
}

static inline void must(bool holds)
{
    if (!holds)
        abort();
}

#endif
