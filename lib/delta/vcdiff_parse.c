/* SPDX-License-Identifier: MIT */
/*
 * The outside of VCDIFF: its header and those of windows, with every length checked
 * against what is there, so that a patch is known from end to end before any of it
 * is decoded.
 */
#include "base/error.h"
#include "delta/vcdiff.h"

#include <string.h>

enum { VERSION = 0, VERSION_SDCH = 'S' };
enum { HEADER_SECONDARY = 1, HEADER_CODE_TABLE = 2, HEADER_APPLICATION = 4 };
enum { WINDOW_SOURCE = 1, WINDOW_TARGET = 2, WINDOW_ADLER32 = 4 };

static const uint8_t magic[3] = { 0xd6, 0xc3, 0xc4 };

bool cfk__vcdiff_is(const void *patch, size_t size)
{
    return size >= sizeof magic && memcmp(patch, magic, sizeof magic) == 0;
}

static int bad_integer(int rc, uint64_t offset, struct cfk_error *err)
{
    if (rc != CFK_E_CORRUPT)
        return rc;
    return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                        "delta: vcdiff: an integer of more than 64 bits");
}

/*
 * What our encoder puts there: "cfkit:" and the size of the new version, for windows
 * alone do not tell whether one is missing at the end. Others' headers are skipped.
 */
static void read_application(struct cfk__span text, struct cfk__vcdiff_header *out)
{
    static const char mark[] = "cfkit:";
    const size_t mark_size = sizeof mark - 1;
    uint64_t value = 0;

    if (text.size <= mark_size || text.size > mark_size + 18 ||
        memcmp(text.data, mark, mark_size) != 0)
        return;
    for (size_t i = mark_size; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    out->new_size_known = true;
    out->new_size = value;
}

static int read_extras(struct cfk__reader *r, uint8_t indicator,
                       struct cfk__vcdiff_header *out, struct cfk_error *err)
{
    struct cfk__span text;
    uint64_t size;
    int rc;

    /* The compressor's number says nothing until a window uses it. */
    if ((indicator & HEADER_SECONDARY) != 0 && !cfk__read_skip(r, 1))
        return CFK_E_AGAIN;
    if ((indicator & HEADER_APPLICATION) == 0)
        return CFK_OK;
    rc = cfk__vcdiff_read_integer(r, &size);
    if (rc != CFK_OK)
        return bad_integer(rc, cfk__reader_offset(r), err);
    if (size > cfk__reader_left(r))
        return CFK_E_AGAIN;
    cfk__read_span(r, (size_t)size, &text);
    read_application(text, out);
    return CFK_OK;
}

int cfk__vcdiff_read_header(struct cfk__reader *r, struct cfk__vcdiff_header *out,
                            struct cfk_error *err)
{
    struct cfk__reader ahead = *r;
    uint8_t version;
    uint8_t indicator;
    int rc;

    *out = (struct cfk__vcdiff_header){ 0 };
    if (!cfk__read_skip(&ahead, sizeof magic) || !cfk__read_u8(&ahead, &version))
        return CFK_E_AGAIN;
    if (version != VERSION)
        return cfk__fail_at(err, CFK_E_NOTSUP, 3, "delta: vcdiff of version %u%s, not 0",
                            version, version == VERSION_SDCH ? " (SDCH)" : "");
    if (!cfk__read_u8(&ahead, &indicator))
        return CFK_E_AGAIN;
    if ((indicator & HEADER_CODE_TABLE) != 0)
        return cfk__fail_at(err, CFK_E_NOTSUP, 4,
                            "delta: vcdiff with a code table of its own: only the "
                            "default one is supported");
    if (indicator > (HEADER_SECONDARY | HEADER_APPLICATION))
        return cfk__fail_at(err, CFK_E_CORRUPT, 4,
                            "delta: vcdiff: unknown bits in header indicator %u",
                            indicator);
    rc = read_extras(&ahead, indicator, out, err);
    if (rc == CFK_OK)
        *r = ahead;
    return rc;
}

/* The segment of a window, if it has one. */
static int read_segment(struct cfk__reader *r, struct cfk__vcdiff_window *out)
{
    int rc = CFK_OK;

    if (out->from_old || out->from_new)
        rc = cfk__vcdiff_read_integer(r, &out->segment_size);
    if (rc == CFK_OK && (out->from_old || out->from_new))
        rc = cfk__vcdiff_read_integer(r, &out->segment_at);
    return rc;
}

/* From the size of the new bytes to that of the addresses. */
static int read_sizes(struct cfk__reader *r, uint8_t *compressed,
                      struct cfk__vcdiff_window *out)
{
    int rc = cfk__vcdiff_read_integer(r, &out->size);

    if (rc == CFK_OK && !cfk__read_u8(r, compressed))
        rc = CFK_E_AGAIN;
    if (rc == CFK_OK)
        rc = cfk__vcdiff_read_integer(r, &out->data_size);
    if (rc == CFK_OK)
        rc = cfk__vcdiff_read_integer(r, &out->inst_size);
    if (rc == CFK_OK)
        rc = cfk__vcdiff_read_integer(r, &out->addr_size);
    if (rc == CFK_OK && out->has_adler && !cfk__read_u32be(r, &out->adler))
        rc = CFK_E_AGAIN;
    return rc;
}

static int read_indicator(struct cfk__reader *r, uint64_t base,
                          struct cfk__vcdiff_window *out, struct cfk_error *err)
{
    uint64_t offset = base + cfk__reader_offset(r);
    uint8_t indicator;

    *out = (struct cfk__vcdiff_window){ 0 };
    if (!cfk__read_u8(r, &indicator))
        return CFK_E_AGAIN;
    if (indicator > (WINDOW_SOURCE | WINDOW_TARGET | WINDOW_ADLER32) ||
        (indicator & (WINDOW_SOURCE | WINDOW_TARGET)) == (WINDOW_SOURCE | WINDOW_TARGET))
        return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                            "delta: vcdiff: a window cannot have indicator %u",
                            indicator);
    out->from_old = (indicator & WINDOW_SOURCE) != 0;
    out->from_new = (indicator & WINDOW_TARGET) != 0;
    out->has_adler = (indicator & WINDOW_ADLER32) != 0;
    return CFK_OK;
}

/* The sections fill what is left of the stated length, whose count starts at begin. */
static int check_sizes(const struct cfk__reader *r, const uint8_t *begin, uint64_t length,
                       uint8_t compressed, uint64_t base, struct cfk__vcdiff_window *out,
                       struct cfk_error *err)
{
    uint64_t offset = base + (uint64_t)(begin - r->start);
    uint64_t head = (uint64_t)(r->pos - begin);

    if (compressed != 0)
        return cfk__fail_at(err, CFK_E_NOTSUP, offset,
                            "delta: vcdiff with secondary compression is not supported: "
                            "make it without (xdelta3 -S none)");
    out->body_size = length < head ? 0 : length - head;
    if (length < head || out->data_size > out->body_size ||
        out->inst_size > out->body_size - out->data_size ||
        out->addr_size != out->body_size - out->data_size - out->inst_size)
        return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                            "delta: vcdiff: a window of %llu bytes whose sections have "
                            "other sizes",
                            (unsigned long long)length);
    return CFK_OK;
}

int cfk__vcdiff_read_window(struct cfk__reader *r, uint64_t base,
                            struct cfk__vcdiff_window *out, struct cfk_error *err)
{
    struct cfk__reader ahead = *r;
    const uint8_t *begin;
    uint64_t length = 0;
    uint8_t compressed = 0;
    int rc = read_indicator(&ahead, base, out, err);

    if (rc != CFK_OK)
        return rc;
    rc = read_segment(&ahead, out);
    if (rc == CFK_OK)
        rc = cfk__vcdiff_read_integer(&ahead, &length);
    begin = ahead.pos;
    if (rc == CFK_OK)
        rc = read_sizes(&ahead, &compressed, out);
    if (rc != CFK_OK)
        return bad_integer(rc, base + cfk__reader_offset(&ahead), err);
    rc = check_sizes(&ahead, begin, length, compressed, base, out, err);
    if (rc == CFK_OK)
        *r = ahead;
    return rc;
}

int cfk__vcdiff_check_segment(const struct cfk__vcdiff_window *window, uint64_t available,
                              uint64_t offset, struct cfk_error *err)
{
    if (window->segment_at <= available &&
        window->segment_size <= available - window->segment_at)
        return CFK_OK;
    return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                        "delta: the patch is damaged or was made against another "
                        "reference: vcdiff copies from %llu bytes at %llu of %llu",
                        (unsigned long long)window->segment_size,
                        (unsigned long long)window->segment_at,
                        (unsigned long long)available);
}

static int ends_early(size_t size, struct cfk_error *err)
{
    return cfk__fail_at(err, CFK_E_CORRUPT, size,
                        "delta: the patch ends too early, after %zu bytes", size);
}

static int scan_window(struct cfk__reader *r, struct cfk__vcdiff_summary *out,
                       struct cfk_error *err)
{
    struct cfk__vcdiff_window window;
    uint64_t offset = cfk__reader_offset(r);
    uint64_t reach;
    int rc = cfk__vcdiff_read_window(r, 0, &window, err);

    if (rc == CFK_OK && window.body_size > cfk__reader_left(r))
        rc = CFK_E_AGAIN;
    if (rc == CFK_OK && window.from_new)
        rc = cfk__vcdiff_check_segment(&window, out->new_size, offset, err);
    if (rc != CFK_OK)
        return rc;
    cfk__read_skip(r, (size_t)window.body_size);
    if (window.size > UINT64_MAX - out->new_size)
        return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                            "delta: vcdiff: more than 2^64 bytes of new version");
    out->new_size += window.size;
    reach = window.from_new ? out->new_size - window.segment_at : window.size;
    if (reach > out->window)
        out->window = reach;
    if (window.body_size > out->body_size)
        out->body_size = window.body_size;
    out->has_adler = out->has_adler && window.has_adler;
    return CFK_OK;
}

int cfk__vcdiff_scan(const void *patch, size_t size, struct cfk__vcdiff_summary *out,
                     struct cfk_error *err)
{
    struct cfk__vcdiff_header header;
    struct cfk__reader r;
    size_t windows = 0;
    int rc;

    *out = (struct cfk__vcdiff_summary){ .has_adler = true };
    cfk__reader_init(&r, patch, size);
    rc = cfk__vcdiff_read_header(&r, &header, err);
    while (rc == CFK_OK && cfk__reader_left(&r) > 0) {
        rc = scan_window(&r, out, err);
        windows++;
    }
    if (rc == CFK_E_AGAIN || (rc == CFK_OK && windows == 0) ||
        (rc == CFK_OK && header.new_size_known && out->new_size < header.new_size))
        return ends_early(size, err);
    if (rc == CFK_OK && header.new_size_known && out->new_size > header.new_size)
        return cfk__fail_at(err, CFK_E_CORRUPT, 5,
                            "delta: the patch claims to become %llu bytes and becomes "
                            "%llu",
                            (unsigned long long)header.new_size,
                            (unsigned long long)out->new_size);
    return rc;
}

int cfk__vcdiff_info(const void *patch, size_t size, struct cfk_delta_patch_info *info,
                     struct cfk_error *err)
{
    struct cfk__vcdiff_summary summary;
    int rc = cfk__vcdiff_scan(patch, size, &summary, err);

    if (rc != CFK_OK)
        return rc;
    info->format = CFK_DELTA_VCDIFF;
    info->new_size_known = 1;
    info->new_size = summary.new_size;
    info->window = summary.window;
    info->memory = summary.window > UINT64_MAX - summary.body_size
                       ? UINT64_MAX
                       : summary.window + summary.body_size;
    info->has_checksum = summary.has_adler;
    return CFK_OK;
}
