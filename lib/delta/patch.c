/* SPDX-License-Identifier: MIT */
/*
 * Recognising patches. The header of dcz is itself a skippable zstd frame of 32
 * bytes, so that a plain zstd decoder passes over it.
 */
#include "delta/patch.h"

#include "base/error.h"

#include <string.h>

#define DCZ_MAGIC UINT32_C(0x184d2a5e)

const char *cfk_delta_format_name(uint32_t format)
{
    switch (format) {
    case CFK_DELTA_DCZ: return "dcz";
    case CFK_DELTA_ZSTD: return "zstd";
    case CFK_DELTA_CFD: return "cfd";
    case CFK_DELTA_VCDIFF: return "vcdiff";
    default: return NULL;
    }
}

void cfk__dcz_write(struct cfk__writer *w, const uint8_t digest[CFK_DELTA_DIGEST_SIZE])
{
    cfk__write_u32le(w, DCZ_MAGIC);
    cfk__write_u32le(w, CFK_DELTA_DIGEST_SIZE);
    cfk__write(w, digest, CFK_DELTA_DIGEST_SIZE);
}

/* Take the header of dcz if there is one. */
static int read_dcz(struct cfk__reader *r, struct cfk__patch *out, struct cfk_error *err)
{
    struct cfk__reader ahead = *r;
    uint32_t magic;
    uint32_t size;

    if (!cfk__read_u32le(&ahead, &magic))
        return CFK_E_AGAIN;
    if (magic != DCZ_MAGIC)
        return CFK_OK;
    if (!cfk__read_u32le(&ahead, &size))
        return CFK_E_AGAIN;
    if (size != CFK_DELTA_DIGEST_SIZE)
        return cfk__fail_at(err, CFK_E_CORRUPT, 4,
                            "delta: a dcz header of %u bytes, not of %d", size,
                            CFK_DELTA_DIGEST_SIZE);
    if (!cfk__read_copy(&ahead, out->digest, CFK_DELTA_DIGEST_SIZE))
        return CFK_E_AGAIN;
    out->format = CFK_DELTA_DCZ;
    *r = ahead;
    return CFK_OK;
}

static int read_head(struct cfk__reader *r, struct cfk__patch *out, struct cfk_error *err)
{
    int rc;

    *out = (struct cfk__patch){ .format = CFK_DELTA_ZSTD };
    rc = read_dcz(r, out, err);
    if (rc != CFK_OK)
        return rc;
    out->frame_offset = cfk__reader_offset(r);
    rc = cfk__frame_header(r, &out->frame, err);
    if (rc != CFK_OK && rc != CFK_E_AGAIN && err != NULL)
        err->offset = out->frame_offset;
    return rc;
}

int cfk__patch_head(const void *data, size_t size, struct cfk__patch *out,
                    struct cfk_error *err)
{
    struct cfk__reader r;

    cfk__reader_init(&r, data, size);
    return read_head(&r, out, err);
}

int cfk__patch_parse(const void *data, size_t size, struct cfk__patch *out,
                     struct cfk_error *err)
{
    struct cfk__reader r;
    int rc;

    cfk__reader_init(&r, data, size);
    rc = read_head(&r, out, err);
    if (rc == CFK_E_AGAIN)
        return cfk__fail_at(err, CFK_E_CORRUPT, size,
                            "delta: the patch ends in its header, after %zu bytes", size);
    if (rc != CFK_OK)
        return rc;
    rc = cfk__frame_blocks(&r, &out->frame, &out->most, err);
    if (rc != CFK_OK)
        return rc;
    if (cfk__reader_left(&r) > 0)
        return cfk__fail_at(err, CFK_E_CORRUPT, cfk__reader_offset(&r),
                            "delta: the patch ends at byte %zu, and %zu more follow",
                            cfk__reader_offset(&r), cfk__reader_left(&r));
    if (out->frame.content_size != CFK__FRAME_SIZE_UNKNOWN &&
        out->frame.content_size > out->most)
        return cfk__fail_at(err, CFK_E_CORRUPT, out->frame_offset,
                            "delta: the patch claims to become %llu bytes and has blocks "
                            "for %llu at most",
                            (unsigned long long)out->frame.content_size,
                            (unsigned long long)out->most);
    return CFK_OK;
}

/* The first bytes of a digest as text, enough to tell two apart. */
static void short_digest(char text[17], const uint8_t *digest)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < 8; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[16] = '\0';
}

static int wrong_reference(const struct cfk__patch *patch, const cfk_delta_ref *ref,
                           struct cfk_error *err)
{
    char wanted[17];
    char given[17];

    short_digest(wanted, patch->digest);
    short_digest(given, cfk__delta_ref_digest(ref));
    return cfk__fail_at(err, CFK_E_REFERENCE, 8,
                        "delta: the patch was made against another reference: its "
                        "SHA-256 starts with %s, this one's with %s",
                        wanted, given);
}

int cfk__patch_too_large(uint64_t max_output, struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_LIMIT,
                     "delta: the new version has more than the %llu bytes allowed",
                     (unsigned long long)max_output);
}

int cfk__patch_admit(const struct cfk__patch *patch, const cfk_delta_ref *ref,
                     uint64_t max_output, struct cfk_error *err)
{
    if (patch->format == CFK_DELTA_DCZ) {
        int rc = cfk__delta_ref_hash(ref, err);

        if (rc != CFK_OK)
            return rc;
        if (memcmp(patch->digest, cfk__delta_ref_digest(ref), sizeof patch->digest) != 0)
            return wrong_reference(patch, ref, err);
    }
    if (patch->frame.dict_id != 0)
        return cfk__fail_at(err, CFK_E_NOTSUP, patch->frame_offset,
                            "delta: made with trained dictionary %u, not against a file",
                            patch->frame.dict_id);
    if (patch->frame.content_size != CFK__FRAME_SIZE_UNKNOWN &&
        patch->frame.content_size > max_output)
        return cfk__fail(err, CFK_E_LIMIT,
                         "delta: the new version has %llu bytes, and %llu are allowed",
                         (unsigned long long)patch->frame.content_size,
                         (unsigned long long)max_output);
    return CFK_OK;
}
