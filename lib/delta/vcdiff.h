/* SPDX-License-Identifier: MIT */
/*
 * VCDIFF (RFC 3284): a header, then windows. A window makes one piece of the new
 * version out of a segment of the old one (or of what was made before), by
 * instructions that add bytes, repeat one, or copy. Its default code table alone;
 * beside the RFC, the checksum and the application header that xdelta3 writes.
 */
#ifndef CFK_DELTA_VCDIFF_H
#define CFK_DELTA_VCDIFF_H

#include "base/bytes.h"
#include "cfkit/delta.h"
#include "delta/reference.h"

enum {
    CFK__VCDIFF_NEAR = 4,
    CFK__VCDIFF_SAME = 3 * 256,
    CFK__VCDIFF_MODE_SELF = 0,
    CFK__VCDIFF_MODE_HERE = 1,
    CFK__VCDIFF_MODE_NEAR = 2, /* to 5 */
    CFK__VCDIFF_MODE_SAME = 6, /* to 8 */
    CFK__VCDIFF_MODES = 9,
    CFK__VCDIFF_WINDOW_MAX = 1 << 23, /* that we write: xdelta3's own */
};

/* The longest segment that we write: xdelta3 has 32-bit addresses. */
#define CFK__VCDIFF_SEGMENT_MAX ((UINT64_C(1) << 31) - CFK__VCDIFF_WINDOW_MAX)

enum cfk__vcdiff_kind {
    CFK__VCDIFF_NOOP,
    CFK__VCDIFF_ADD,
    CFK__VCDIFF_RUN,
    CFK__VCDIFF_COPY
};

/* Half an entry of the code table. A size of 0 follows the code as an integer. */
struct cfk__vcdiff_op {
    uint8_t kind;
    uint8_t size;
    uint8_t mode;
};

struct cfk__vcdiff_code {
    struct cfk__vcdiff_op op[2];
};

/* The default code table (RFC 3284, 5.6). */
void cfk__vcdiff_table(struct cfk__vcdiff_code table[256]);

/* Addresses of the last copies, so that new ones take few bytes (RFC 3284, 5.1). */
struct cfk__vcdiff_cache {
    uint64_t near[CFK__VCDIFF_NEAR];
    uint64_t same[CFK__VCDIFF_SAME];
    uint32_t next;
};

void cfk__vcdiff_cache_init(struct cfk__vcdiff_cache *cache);
void cfk__vcdiff_cache_update(struct cfk__vcdiff_cache *cache, uint64_t address);

/* Base 128, most significant byte first (RFC 3284, 2). */
uint32_t cfk__vcdiff_integer_size(uint64_t value);
void cfk__vcdiff_write_integer(struct cfk__writer *w, uint64_t value);

/* CFK_OK, CFK_E_AGAIN at the end of the bytes, CFK_E_CORRUPT beyond 64 bits. */
int cfk__vcdiff_read_integer(struct cfk__reader *r, uint64_t *out);

/* RFC 1950, 8.2. */
uint32_t cfk__adler32(const void *data, size_t size);

struct cfk__vcdiff_header {
    bool new_size_known; /* from an application header of ours */
    uint64_t new_size;
};

/* A window without its three sections. */
struct cfk__vcdiff_window {
    bool from_old; /* the segment is of the old version, or */
    bool from_new; /* of what was made before; or there is none */
    bool has_adler;
    uint64_t segment_size;
    uint64_t segment_at;
    uint64_t size; /* bytes that it becomes */
    uint64_t data_size;
    uint64_t inst_size;
    uint64_t addr_size;
    uint64_t body_size; /* of these three together */
    uint32_t adler;
};

/* Whether a patch starts with the magic. */
bool cfk__vcdiff_is(const void *patch, size_t size);

/*
 * Take the header, or that of a window, from r, which starts where the patch does or
 * at base in it. CFK_OK; CFK_E_AGAIN when more bytes are needed; CFK_E_CORRUPT,
 * CFK_E_NOTSUP. After a failure r stands where it stood.
 */
int cfk__vcdiff_read_header(struct cfk__reader *r, struct cfk__vcdiff_header *out,
                            struct cfk_error *err);
int cfk__vcdiff_read_window(struct cfk__reader *r, uint64_t base,
                            struct cfk__vcdiff_window *out, struct cfk_error *err);

/* Whether the segment of a window lies within bytes of so many. */
int cfk__vcdiff_check_segment(const struct cfk__vcdiff_window *window, uint64_t available,
                              uint64_t offset, struct cfk_error *err);

/*
 * Make the window->size bytes at out. body holds the sections, offset is theirs in
 * the patch. CFK_OK or CFK_E_CORRUPT.
 */
int cfk__vcdiff_make(const struct cfk__vcdiff_window *window, struct cfk__span body,
                     struct cfk__span segment, uint64_t offset, uint8_t *out,
                     struct cfk_error *err);

/* A whole patch seen from outside. */
struct cfk__vcdiff_summary {
    uint64_t new_size;
    uint64_t window;    /* bytes of the new version that are needed at a time */
    uint64_t body_size; /* of the largest window */
    bool has_adler;     /* every window */
};

int cfk__vcdiff_scan(const void *patch, size_t size, struct cfk__vcdiff_summary *out,
                     struct cfk_error *err);
int cfk__vcdiff_info(const void *patch, size_t size, struct cfk_delta_patch_info *info,
                     struct cfk_error *err);

/* What cfk_delta_decode() and cfk_delta_decode_to() do for this format. */
int cfk__vcdiff_decode(const cfk_delta_ref *ref, const void *patch, size_t size,
                       const struct cfk_delta_decode_options *o, void **out,
                       size_t *out_size, struct cfk_error *err);
int cfk__vcdiff_decode_to(const cfk_delta_ref *ref, const void *patch, size_t size,
                          const struct cfk_delta_decode_options *o, void *out,
                          size_t capacity, size_t *out_size, struct cfk_error *err);

/*
 * Encode into dst, which has room for cfk_delta_bound(size) bytes. CFK_OK
 * or CFK_E_NOMEM.
 */
int cfk__vcdiff_encode(const cfk_delta_ref *ref, const void *data, size_t size,
                       const struct cfk_delta_encode_options *o, uint8_t *dst,
                       size_t *patch_size, struct cfk_error *err);

/* The same with segments of at most segment_max bytes, for tests. */
int cfk__vcdiff_encode_within(const cfk_delta_ref *ref, const void *data, size_t size,
                              const struct cfk_delta_encode_options *o,
                              size_t segment_max, uint8_t *dst, size_t *patch_size,
                              struct cfk_error *err);

#endif
