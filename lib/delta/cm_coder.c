/* SPDX-License-Identifier: MIT */
#include "delta/cm_coder.h"

static uint32_t split(uint32_t low, uint32_t high, uint32_t p)
{
    return low + (uint32_t)((uint64_t)(high - low) * p >> 16);
}

/* The shortest run of bytes, returned as a count, all continuations of which lie
 * within low and high. */
static uint32_t ending(uint32_t low, uint32_t high, uint32_t *value)
{
    uint32_t count;

    for (count = 0; count < 4; count++) {
        uint64_t step = UINT64_C(1) << (32 - 8 * count);
        uint64_t first = ((uint64_t)low + step - 1) / step * step;

        *value = (uint32_t)first;
        if (first + step - 1 <= high)
            return count;
    }
    *value = low;
    return count;
}

void cfk__cm_encoder_init(struct cfk__cm_encoder *e, struct cfk__writer *out)
{
    *e = (struct cfk__cm_encoder){ out, 0, UINT32_MAX };
}

void cfk__cm_encode(struct cfk__cm_encoder *e, unsigned bit, uint32_t p)
{
    uint32_t middle = split(e->low, e->high, p);

    if (bit)
        e->high = middle;
    else
        e->low = middle + 1;
    while ((e->low ^ e->high) >> 24 == 0) {
        cfk__write_u8(e->out, (uint8_t)(e->high >> 24));
        e->low <<= 8;
        e->high = e->high << 8 | 255;
    }
}

void cfk__cm_encoder_finish(struct cfk__cm_encoder *e)
{
    uint32_t value;
    uint32_t count = ending(e->low, e->high, &value);

    for (uint32_t i = 0; i < count; i++)
        cfk__write_u8(e->out, (uint8_t)(value >> (24 - 8 * i)));
}

void cfk__cm_decoder_init(struct cfk__cm_decoder *d)
{
    *d = (struct cfk__cm_decoder){ 0, UINT32_MAX, 0, 0 };
}

static void fill(struct cfk__cm_decoder *d, struct cfk__reader *in)
{
    uint8_t byte;

    while (d->have < 4 && cfk__read_u8(in, &byte)) {
        d->code |= (uint32_t)byte << (24 - 8 * d->have);
        d->have++;
    }
}

/* Drop the bytes that low and high agree on; false when one of them has yet to come. */
static bool normalize(struct cfk__cm_decoder *d, struct cfk__reader *in)
{
    if (d->have < 4)
        fill(d, in);
    while ((d->low ^ d->high) >> 24 == 0) {
        if (d->have == 0)
            return false;
        d->low <<= 8;
        d->high = d->high << 8 | 255;
        d->code <<= 8;
        d->have--;
        fill(d, in);
    }
    return true;
}

bool cfk__cm_decode(struct cfk__cm_decoder *d, struct cfk__reader *in, uint32_t p,
                    unsigned *bit)
{
    uint32_t middle;
    uint32_t most;

    if (!normalize(d, in))
        return false;
    middle = split(d->low, d->high, p);
    most = d->have < 4 ? d->code | UINT32_MAX >> 8 * d->have : d->code;
    if (d->code <= middle && most > middle)
        return false;
    *bit = d->code <= middle;
    if (*bit)
        d->high = middle;
    else
        d->low = middle + 1;
    return true;
}

enum cfk__cm_end cfk__cm_decoder_finish(struct cfk__cm_decoder *d, struct cfk__reader *in)
{
    uint32_t value;
    uint32_t count;
    uint32_t known;

    if (!normalize(d, in))
        return CFK__CM_END_MORE;
    count = ending(d->low, d->high, &value);
    known = d->have < count ? d->have : count;
    if (known > 0 && (d->code ^ value) >> (32 - 8 * known) != 0)
        return CFK__CM_END_WRONG;
    if (d->have > count)
        return CFK__CM_END_WRONG;
    return d->have < count ? CFK__CM_END_MORE : CFK__CM_END;
}
