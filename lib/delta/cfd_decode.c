/* SPDX-License-Identifier: MIT */
/* Bodies of cfd patches, decoded in pieces and checked against the header. */
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "delta/bin.h"
#include "delta/cfd.h"
#include "delta/cm.h"
#include "delta/patch.h"
#include "delta/zstd.h"

#include <string.h>

enum { WINDOW_LOG_MIN = 10 };

struct cfk__cfd_decoder {
    struct cfk_alloc alloc;
    const cfk_delta_ref *ref;
    struct cfk__cfd_header header;
    struct cfk__hash_ctx *hash;
    ZSTD_DCtx *zstd;
    struct cfk__cm_body *mixed;
    struct cfk__bin_body *binary;
    uint64_t taken; /* of the patch, header included */
    uint64_t given; /* of the new version */
    bool whole;     /* the body is at its end */
    bool right;     /* and the check as it should be */
};

int cfk__cfd_admit(const struct cfk__cfd_header *h, const cfk_delta_ref *ref,
                   uint64_t max_output, uint64_t max_window, struct cfk_error *err)
{
    const uint8_t *o = h->old_check;
    const uint8_t *r;
    int rc = cfk__delta_ref_hash(ref, err);

    if (rc != CFK_OK)
        return rc;
    r = cfk__delta_ref_digest(ref);
    if (memcmp(o, r, CFK__CFD_CHECK_SIZE) != 0)
        return cfk__fail_at(
            err, CFK_E_REFERENCE, cfk__cfd_header_size(h->new_size) - 8,
            "delta: the patch was made against another reference: its SHA-256 starts "
            "with %02x%02x%02x%02x, this one's with %02x%02x%02x%02x",
            o[0], o[1], o[2], o[3], r[0], r[1], r[2], r[3]);
    if (h->new_size > max_output)
        return cfk__patch_too_large(max_output, err);
    if (h->body == CFK__CFD_SAME && h->new_size != ref->old.size)
        return cfk__fail_at(err, CFK_E_CORRUPT, 2,
                            "delta: a copy of %llu bytes of a reference of %zu",
                            (unsigned long long)h->new_size, ref->old.size);
    if (h->body == CFK__CFD_MIXED && ref->old.size + h->new_size > CFK__CFD_MIXED_MAX)
        return cfk__fail_at(err, CFK_E_CORRUPT, 2,
                            "delta: a mixed body for versions of %llu bytes together; "
                            "the format has %d at most",
                            (unsigned long long)(ref->old.size + h->new_size),
                            CFK__CFD_MIXED_MAX);
    if (h->body == CFK__CFD_BINARY &&
        (ref->old.size > CFK__BIN_SIZE_MAX || h->new_size > CFK__BIN_SIZE_MAX))
        return cfk__fail_at(
            err, CFK_E_CORRUPT, 2,
            "delta: a binary body for versions of %zu and %llu bytes; the "
            "format has %d at most",
            ref->old.size, (unsigned long long)h->new_size, CFK__BIN_SIZE_MAX);
    if (h->body != CFK__CFD_SAME && h->new_size > max_window)
        return cfk__fail(err, CFK_E_LIMIT,
                         "delta: the patch wants a window of %llu bytes, and %llu are "
                         "allowed",
                         (unsigned long long)h->new_size, (unsigned long long)max_window);
    return CFK_OK;
}

static int no_model(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a model");
}

/* Frames of ours are single segments: their window is the new version. */
static int zstd_new(struct cfk__cfd_decoder *d, struct cfk_error *err)
{
    int log = WINDOW_LOG_MIN;
    int most = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound;
    int rc = cfk__zstd_decoder_new(d->ref, &d->zstd, err);

    while (log < most && UINT64_C(1) << log < d->header.new_size)
        log++;
    if (rc == CFK_OK &&
        ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, log)))
        rc = cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a zstd decoder");
    return rc;
}

int cfk__cfd_decoder_new(const struct cfk_alloc *alloc, const cfk_delta_ref *ref,
                         const struct cfk__cfd_header *header, uint64_t max_output,
                         uint64_t max_window, struct cfk__cfd_decoder **out,
                         struct cfk_error *err)
{
    struct cfk__cfd_decoder *d;
    int rc = cfk__cfd_admit(header, ref, max_output, max_window, err);

    *out = NULL;
    if (rc == CFK_OK && header->new_size > SIZE_MAX)
        rc = cfk__patch_too_large(SIZE_MAX, err);
    if (rc != CFK_OK)
        return rc;
    d = cfk__calloc(alloc, 1, sizeof *d);
    if (d == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a decoder");
    d->alloc = *cfk__alloc_or_default(alloc);
    d->ref = ref;
    d->header = *header;
    d->taken = cfk__cfd_header_size(header->new_size);
    rc = cfk__hash_new(CFK__SHA256, &d->hash, err);
    if (rc == CFK_OK && header->body == CFK__CFD_ZSTD)
        rc = zstd_new(d, err);
    if (rc == CFK_OK && header->body == CFK__CFD_MIXED)
        rc = cfk__cm_body_new(alloc, ref->old, (size_t)header->new_size, &d->mixed, err);
    if (rc == CFK_OK && header->body == CFK__CFD_BINARY &&
        cfk__bin_body_new(alloc, ref->old, (size_t)header->new_size, &d->binary) !=
            CFK_OK)
        rc = no_model(err);
    if (rc != CFK_OK) {
        cfk__cfd_decoder_free(d);
        return rc;
    }
    *out = d;
    return CFK_OK;
}

void cfk__cfd_decoder_free(struct cfk__cfd_decoder *d)
{
    struct cfk_alloc alloc;

    if (d == NULL)
        return;
    alloc = d->alloc;
    cfk__hash_free(d->hash);
    ZSTD_freeDCtx(d->zstd);
    cfk__cm_body_free(d->mixed);
    cfk__bin_body_free(d->binary);
    cfk__free(&alloc, d);
}

/* Bytes that the caller has room for. */
static size_t room(const struct cfk__cfd_decoder *d, const struct cfk__writer *out)
{
    uint64_t left = d->header.new_size - d->given;
    size_t space = (size_t)(out->end - out->pos);

    return left < space ? (size_t)left : space;
}

static int give(struct cfk__cfd_decoder *d, const uint8_t *data, size_t size,
                struct cfk__writer *out, struct cfk_error *err)
{
    if (size == 0)
        return CFK_OK;
    cfk__write(out, data, size);
    d->given += size;
    return cfk__hash_update(d->hash, data, size, err);
}

static int update_same(struct cfk__cfd_decoder *d, struct cfk__writer *out,
                       struct cfk_error *err)
{
    size_t size = room(d, out);
    int rc = CFK_OK;

    if (size > 0)
        rc = give(d, d->ref->old.data + d->given, size, out, err);
    d->whole = d->given == d->header.new_size;
    return rc;
}

/* At the end of the new version it gets a byte of room elsewhere, to find more. */
static int update_zstd(struct cfk__cfd_decoder *d, struct cfk__reader *in,
                       struct cfk__writer *out, struct cfk_error *err)
{
    bool useful = true;

    while (useful && !d->whole) {
        ZSTD_inBuffer from = { in->pos, cfk__reader_left(in), 0 };
        uint8_t beyond;
        bool full = d->given == d->header.new_size;
        ZSTD_outBuffer to = { full ? &beyond : out->pos, full ? 1 : room(d, out), 0 };
        size_t result;
        int rc;

        if (to.size == 0)
            return CFK_OK;
        result = ZSTD_decompressStream(d->zstd, &to, &from);
        cfk__read_skip(in, from.pos);
        d->taken += from.pos;
        if (ZSTD_isError(result))
            return cfk__zstd_decode_failed(result, CFK_DELTA_CFD, d->taken, err);
        if (full && to.pos > 0)
            return cfk__fail_at(err, CFK_E_CORRUPT, d->taken,
                                "delta: the body becomes more than the %llu bytes that "
                                "the patch states",
                                (unsigned long long)d->header.new_size);
        rc = full ? CFK_OK : give(d, out->pos, to.pos, out, err);
        if (rc != CFK_OK)
            return rc;
        d->whole = result == 0;
        useful = from.pos > 0 || to.pos > 0;
    }
    if (d->whole && d->given < d->header.new_size)
        return cfk__fail_at(err, CFK_E_CORRUPT, d->taken,
                            "delta: the patch claims to become %llu bytes and becomes "
                            "%llu",
                            (unsigned long long)d->header.new_size,
                            (unsigned long long)d->given);
    return CFK_OK;
}

static struct cfk__span known(const struct cfk__cfd_decoder *d)
{
    return d->mixed != NULL ? cfk__cm_body_known(d->mixed)
                            : cfk__bin_body_known(d->binary);
}

/* A body whose decoder keeps the new version: ask it for what there is room for. */
static int update_kept(struct cfk__cfd_decoder *d, struct cfk__reader *in,
                       struct cfk__writer *out, struct cfk_error *err)
{
    const uint8_t *before = in->pos;
    size_t space = room(d, out);
    size_t kept = known(d).size - (size_t)d->given;
    size_t most = space > kept ? space - kept : 0;
    enum cfk__cm_progress progress = d->mixed != NULL
                                         ? cfk__cm_body_take(d->mixed, in, most)
                                         : cfk__bin_body_take(d->binary, in, most);
    struct cfk__span all = known(d);
    int rc;

    d->taken += (uint64_t)(in->pos - before);
    if (progress == CFK__CM_NO_MEMORY)
        return no_model(err);
    if (progress == CFK__CM_WRONG)
        return cfk__fail_at(err, CFK_E_CORRUPT, d->taken,
                            "delta: the body of the patch does not end as it should");
    kept = all.size - (size_t)d->given;
    rc = give(d, all.data + d->given, kept < space ? kept : space, out, err);
    d->whole =
        rc == CFK_OK && progress == CFK__CM_WHOLE && d->given == d->header.new_size;
    return rc;
}

static int check(struct cfk__cfd_decoder *d, struct cfk__reader *in,
                 struct cfk_error *err)
{
    uint8_t digest[CFK__SHA256_SIZE];
    int rc;

    if (cfk__reader_left(in) > 0)
        return cfk__fail_at(err, CFK_E_CORRUPT, d->taken,
                            "delta: the patch ends at byte %llu, and %zu more follow",
                            (unsigned long long)d->taken, cfk__reader_left(in));
    if (d->right)
        return CFK_OK;
    rc = cfk__hash_finish(d->hash, digest, err);
    if (rc != CFK_OK)
        return rc;
    if (memcmp(digest, d->header.new_check, CFK__CFD_CHECK_SIZE) != 0)
        return cfk__fail_at(err, CFK_E_CORRUPT, d->taken,
                            "delta: the patch is damaged: what it becomes has another "
                            "SHA-256");
    d->right = true;
    return CFK_OK;
}

int cfk__cfd_decoder_update(struct cfk__cfd_decoder *d, struct cfk__reader *in,
                            struct cfk__writer *out, struct cfk_error *err)
{
    int rc = CFK_OK;

    if (!d->whole && d->header.body == CFK__CFD_SAME)
        rc = update_same(d, out, err);
    else if (!d->whole && d->header.body == CFK__CFD_ZSTD)
        rc = update_zstd(d, in, out, err);
    else if (!d->whole)
        rc = update_kept(d, in, out, err);
    if (rc == CFK_OK && d->whole)
        rc = check(d, in, err);
    return rc;
}

bool cfk__cfd_decoder_done(const struct cfk__cfd_decoder *d)
{
    return d->right;
}
