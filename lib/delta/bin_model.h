/* SPDX-License-Identifier: MIT */
/*
 * Probabilities for the body of a binary patch: numbers, whether predicted bytes are
 * right, and bytes by context mixing, in integers alone, see cm_math.h.
 */
#ifndef CFK_DELTA_BIN_MODEL_H
#define CFK_DELTA_BIN_MODEL_H

#include "delta/bin_bits.h"
#include "delta/cm_mix.h"

enum {
    CFK__BIN_CONTEXTS = 8, /* of a byte, */
    CFK__BIN_HINTS = 2,    /* bytes it may be */
    CFK__BIN_HINT_ROWS = 256,
    CFK__BIN_INPUTS = 24, /* with room up to a multiple of 8 */
    CFK__BIN_BYTE_ROWS = 272,
    CFK__BIN_FLAG_CONTEXTS = 3,
    CFK__BIN_FLAG_INPUTS = 8,
    CFK__BIN_FLAG_ROWS = 256,
    CFK__BIN_FLAG_LOG_MIN = 16, /* of the tables of flags */
    CFK__BIN_FLAG_LOG_MAX = 18,
    CFK__BIN_CHUNK_ROWS = 1024,
    CFK__BIN_RECALL_ROWS = 128,
};

_Static_assert(2 * CFK__BIN_CONTEXTS + CFK__BIN_HINTS + 1 <= CFK__BIN_INPUTS, "room");

enum cfk__bin_number {
    CFK__BIN_COUNT,
    CFK__BIN_GAP,
    CFK__BIN_LENGTH,
    CFK__BIN_JUMP,
    CFK__BIN_NUMBERS
};

/* Two counters of the same, slow and fast. */
struct cfk__bin_slot {
    uint16_t slow;
    uint16_t fast;
};

struct cfk__bin_numbers {
    uint32_t more[33];    /* whether it has more bits */
    uint32_t high[33][8]; /* the first of them */
};

/* Bytes of one sort: those without a prediction, and those whose prediction is wrong. */
enum cfk__bin_sort { CFK__BIN_FRESH, CFK__BIN_FIXED, CFK__BIN_SORTS };

struct cfk__bin_sorted {
    struct cfk__cm_mix mixer;
    int16_t in[CFK__BIN_INPUTS];
    uint32_t hints[CFK__BIN_HINTS][CFK__BIN_HINT_ROWS * 8];
    int16_t weights[CFK__CM_MIX_SETS][CFK__BIN_BYTE_ROWS * CFK__BIN_INPUTS];
    int32_t last[256 * CFK__CM_MIX_SETS];
};

struct cfk__bin_model {
    struct cfk__cm_math math;
    struct cfk__bin_numbers numbers[CFK__BIN_NUMBERS];
    uint32_t chunks[CFK__BIN_CHUNK_ROWS];
    uint32_t recalls[CFK__BIN_RECALL_ROWS];
    uint32_t *flags[CFK__BIN_FLAG_CONTEXTS]; /* less what they are at first */
    uint32_t flag_mask;
    struct cfk__cm_mix flag_mixer;
    int16_t flag_in[CFK__BIN_FLAG_INPUTS];
    int16_t flag_weights[CFK__CM_MIX_SETS][CFK__BIN_FLAG_ROWS * CFK__BIN_FLAG_INPUTS];
    int32_t flag_last[CFK__CM_MIX_SETS];
    struct cfk__bin_sorted sorts[CFK__BIN_SORTS];
    struct cfk__bin_slot *slots; /* in lines of 16, of a nibble each */
    uint32_t lines_mask;
};

/* What is known of a byte. */
struct cfk__bin_context {
    enum cfk__bin_sort sort;
    uint32_t hashes[CFK__BIN_CONTEXTS];
    int hints[CFK__BIN_HINTS]; /* -1: none */
    uint32_t hint_rows[CFK__BIN_HINTS];
    uint32_t rows[2]; /* of the mixer's first sets; the third goes by the bits so far */
};

/* What is known of whether a byte is the predicted one. */
struct cfk__bin_flag {
    uint32_t contexts[CFK__BIN_FLAG_CONTEXTS]; /* cut by flag_mask */
    uint32_t rows[CFK__CM_MIX_SETS];
};

/*
 * slots are count zeroed ones, a power of two and at least 16; flags as many tables as
 * there are contexts, one behind the other, of 1 << flag_log zeros.
 */
void cfk__bin_model_init(struct cfk__bin_model *m, struct cfk__bin_slot *slots,
                         uint32_t count, uint32_t *flags, unsigned flag_log);

/* In each of these, the value when writing, and what it returns when reading. */
uint32_t cfk__bin_code_number(struct cfk__bin_model *m, struct cfk__bin_bits *b,
                              enum cfk__bin_number which, uint32_t value);
bool cfk__bin_code_chunk(struct cfk__bin_model *m, struct cfk__bin_bits *b, uint32_t row,
                         bool right);
bool cfk__bin_code_recall(struct cfk__bin_model *m, struct cfk__bin_bits *b, uint32_t row,
                          bool right);
bool cfk__bin_code_flag(struct cfk__bin_model *m, struct cfk__bin_bits *b,
                        const struct cfk__bin_flag *flag, bool right);
uint8_t cfk__bin_code_byte(struct cfk__bin_model *m, struct cfk__bin_bits *b,
                           const struct cfk__bin_context *c, uint8_t value);

#endif
