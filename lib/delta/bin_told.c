/* SPDX-License-Identifier: MIT */
#include "delta/bin_told.h"

#include "delta/load.h"

enum {
    ADDEND_AT = 16,  /* in a relocation */
    INDEX_ENTRY = 8, /* bytes: where a function is, and its entry in .eh_frame, */
    FUNCTION_AT = 8, /* which has its address there */
};

static struct cfk__bin_said *slot(const struct cfk__bin_told *t, uint64_t place)
{
    return &t->said[place * UINT64_C(0x9e3779b185ebca87) >> (64 - t->log)];
}

static void say(struct cfk__bin_told *t, uint64_t place, uint64_t value)
{
    *slot(t, place) = (struct cfk__bin_said){ place, value };
}

void cfk__bin_told_guess(const struct cfk__bin_told *t, enum cfk__bin_field kind,
                         uint64_t here, struct cfk__bin_guesses *g)
{
    const struct cfk__bin_said *s = slot(t, here);

    if ((kind != CFK__BIN_POINTER && kind != CFK__BIN_FRAME) || s->place != here ||
        here == 0)
        return;
    g->is[CFK__BIN_TOLD] = true;
    g->to[CFK__BIN_TOLD] = s->value;
}

void cfk__bin_told_learn(struct cfk__bin_told *t, enum cfk__bin_field kind,
                         const uint8_t *new_version, size_t at, uint64_t here,
                         uint64_t to, uint64_t frame_index)
{
    if (kind == CFK__BIN_ADDEND && at >= ADDEND_AT)
        say(t, cfk__load64le(new_version + at - ADDEND_AT), to);
    if (kind == CFK__BIN_FRAME_INDEX && at >= 4 &&
        (here - frame_index) % INDEX_ENTRY == 0)
        say(t, to + FUNCTION_AT,
            frame_index +
                (uint64_t)(int64_t)(int32_t)cfk__load32le(new_version + at - 4));
}
