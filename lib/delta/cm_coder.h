/* SPDX-License-Identifier: MIT */
/*
 * A binary arithmetic coder: 32 bits, carryless. What it writes ends as soon as
 * no continuation could change its meaning, so the reader needs no length and
 * knows where the end is; each sequence of bits has one spelling.
 */
#ifndef CFK_DELTA_CM_CODER_H
#define CFK_DELTA_CM_CODER_H

#include "base/bytes.h"

struct cfk__cm_encoder {
    struct cfk__writer *out;
    uint32_t low;
    uint32_t high;
};

struct cfk__cm_decoder {
    uint32_t low;
    uint32_t high;
    uint32_t code; /* the bytes in hand, the first on top */
    uint32_t have; /* of 4 */
};

void cfk__cm_encoder_init(struct cfk__cm_encoder *e, struct cfk__writer *out);

/* p is the probability of a 1 in 1/65536, neither 0 nor 65536. */
void cfk__cm_encode(struct cfk__cm_encoder *e, unsigned bit, uint32_t p);
void cfk__cm_encoder_finish(struct cfk__cm_encoder *e);

void cfk__cm_decoder_init(struct cfk__cm_decoder *d);

/* false when it takes more bytes from in than there are; call again with more. */
bool cfk__cm_decode(struct cfk__cm_decoder *d, struct cfk__reader *in, uint32_t p,
                    unsigned *bit);

enum cfk__cm_end { CFK__CM_END, CFK__CM_END_WRONG, CFK__CM_END_MORE };

/* After the last bit: whether the bytes end as the encoder would have ended them. */
enum cfk__cm_end cfk__cm_decoder_finish(struct cfk__cm_decoder *d,
                                        struct cfk__reader *in);

#endif
