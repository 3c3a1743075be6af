/* SPDX-License-Identifier: MIT */
/* Names of people: what can be read in one way only. */
#include "split/policy.h"

struct range {
    uint32_t first;
    uint32_t last;
};

/*
 * Characters that cannot be seen, change how others are seen, or make a second
 * spelling of what another character or sequence spells (Unicode 15): combining
 * marks, letters of which syllables are composed, compatibility forms.
 */
static const struct range refused[] = {
    { 0x0000, 0x001f },   { 0x007f, 0x00a0 },   { 0x00ad, 0x00ad },    { 0x0300, 0x0377 },
    { 0x037a, 0x037a },   { 0x037e, 0x037e },   { 0x0387, 0x0387 },    { 0x0483, 0x0489 },
    { 0x061c, 0x061c },   { 0x0653, 0x0655 },   { 0x093c, 0x093c },    { 0x09bc, 0x09bc },
    { 0x0a3c, 0x0a3c },   { 0x0b3c, 0x0b3c },   { 0x1100, 0x11ff },    { 0x1680, 0x1680 },
    { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },   { 0x1ab0, 0x1aff },    { 0x1dc0, 0x1dff },
    { 0x1fbd, 0x1fbe },   { 0x2000, 0x20ff },   { 0x2100, 0x214f },    { 0x2460, 0x24ff },
    { 0x2e2f, 0x2e2f },   { 0x3000, 0x3000 },   { 0x302a, 0x302f },    { 0x3099, 0x309c },
    { 0x3164, 0x3164 },   { 0x3200, 0x33ff },   { 0xa960, 0xa97f },    { 0xd7b0, 0xfaff },
    { 0xfb00, 0xfb4f },   { 0xfdd0, 0xfdef },   { 0xfe00, 0xfe2f },    { 0xfeff, 0xffff },
    { 0x1d100, 0x1d7ff }, { 0x2f800, 0x2fa1f }, { 0xe0000, 0x10ffff },
};

/* Scripts that share the look of letters. Of them, a name has one at most. */
static const struct {
    struct range range;
    unsigned script;
} lookalikes[] = {
    { { 'A', 'Z' }, 1 },        { { 'a', 'z' }, 1 },        { { 0x00c0, 0x02af }, 1 },
    { { 0x1e00, 0x1eff }, 1 },  { { 0x2c60, 0x2c7f }, 1 },  { { 0xa720, 0xa7ff }, 1 },
    { { 0x0378, 0x03ff }, 2 },  { { 0x1f00, 0x1fff }, 2 },  { { 0x0400, 0x052f }, 4 },
    { { 0x1c80, 0x1c8f }, 4 },  { { 0x2de0, 0x2dff }, 4 },  { { 0xa640, 0xa69f }, 4 },
    { { 0x0530, 0x058f }, 8 },  { { 0x13a0, 0x13ff }, 16 }, { { 0xab70, 0xabbf }, 16 },
    { { 0x2c80, 0x2cff }, 32 }, { { 0xa4d0, 0xa4ff }, 64 }, { { 0x10a0, 0x10ff }, 128 },
};

static bool is_in(uint32_t c, const struct range *range)
{
    return c >= range->first && c <= range->last;
}

static bool is_refused(uint32_t c)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (is_in(c, &refused[i]))
            return true;
    return false;
}

static unsigned script_of(uint32_t c)
{
    for (size_t i = 0; i < sizeof lookalikes / sizeof lookalikes[0]; i++)
        if (is_in(c, &lookalikes[i].range))
            return lookalikes[i].script;
    return 0;
}

/* One code point of well-formed UTF-8, in its shortest form. */
static bool read_utf8(struct cfk__reader *r, uint32_t *out)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint8_t byte;
    unsigned length;

    if (!cfk__read_u8(r, &byte))
        return false;
    if (byte < 0x80) {
        *out = byte;
        return true;
    }
    length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (byte < 0xc0 || byte > 0xf7)
        return false;
    *out = byte & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if (!cfk__read_u8(r, &byte) || (byte & 0xc0) != 0x80)
            return false;
        *out = *out << 6 | (byte & 0x3f);
    }
    return *out >= least[length] && *out <= 0x10ffff && (*out < 0xd800 || *out > 0xdfff);
}

bool cfk__name_ok(const char *name, size_t size, const char **why)
{
    struct cfk__reader r;
    unsigned scripts = 0;
    uint32_t before = ' ';
    uint32_t c = 0;

    *why = "is empty or longer than 64 bytes";
    if (size == 0 || size > CFK_POLICY_MAX_NAME)
        return false;
    cfk__reader_init(&r, name, size);
    while (cfk__reader_left(&r) > 0) {
        *why = "is not UTF-8";
        if (!read_utf8(&r, &c))
            return false;
        *why = "has a control, invisible or combining character, or one that has "
               "another spelling";
        if (is_refused(c) || c == '"' || c == '\\')
            return false;
        *why = "begins or ends with a space, or has two together";
        if (c == ' ' && before == ' ')
            return false;
        scripts |= script_of(c);
        before = c;
    }
    if (c == ' ')
        return false;
    *why = "mixes letters of scripts that look alike";
    return (scripts & (scripts - 1)) == 0;
}
