/* SPDX-License-Identifier: MIT */
/* The delta component where it is configured out. */
#include "base/error.h"
#include "cfkit/delta.h"

static int absent(struct cfk_error *err)
{
    return cfk__fail_absent(err, "delta");
}

const char *cfk_delta_format_name(uint32_t format)
{
    (void)format;
    return NULL;
}

int cfk_delta_ref_new(const void *data, size_t size,
                      const struct cfk_delta_ref_options *opts, cfk_delta_ref **out,
                      struct cfk_error *err)
{
    (void)data, (void)size, (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_delta_ref_free(cfk_delta_ref *ref)
{
    (void)ref;
}

uint64_t cfk_delta_ref_size(const cfk_delta_ref *ref)
{
    (void)ref;
    return 0;
}

const uint8_t *cfk_delta_ref_digest(const cfk_delta_ref *ref)
{
    (void)ref;
    return NULL;
}

size_t cfk_delta_bound(size_t new_size)
{
    (void)new_size;
    return 0;
}

int cfk_delta_encode(const cfk_delta_ref *ref, const void *data, size_t size,
                     const struct cfk_delta_encode_options *opts, void **patch,
                     size_t *patch_size, struct cfk_error *err)
{
    (void)ref, (void)data, (void)size, (void)opts;
    *patch = NULL;
    *patch_size = 0;
    return absent(err);
}

int cfk_delta_encode_to(const cfk_delta_ref *ref, const void *data, size_t size,
                        const struct cfk_delta_encode_options *opts, void *patch,
                        size_t capacity, size_t *patch_size, struct cfk_error *err)
{
    (void)ref, (void)data, (void)size, (void)opts, (void)patch, (void)capacity;
    *patch_size = 0;
    return absent(err);
}

int cfk_delta_decode(const cfk_delta_ref *ref, const void *patch, size_t patch_size,
                     const struct cfk_delta_decode_options *opts, void **out,
                     size_t *out_size, struct cfk_error *err)
{
    (void)ref, (void)patch, (void)patch_size, (void)opts;
    *out = NULL;
    *out_size = 0;
    return absent(err);
}

int cfk_delta_decode_to(const cfk_delta_ref *ref, const void *patch, size_t patch_size,
                        const struct cfk_delta_decode_options *opts, void *out,
                        size_t capacity, size_t *out_size, struct cfk_error *err)
{
    (void)ref, (void)patch, (void)patch_size, (void)opts, (void)out, (void)capacity;
    *out_size = 0;
    return absent(err);
}

int cfk_delta_decoder_new(const cfk_delta_ref *ref,
                          const struct cfk_delta_decode_options *opts,
                          cfk_delta_decoder **out, struct cfk_error *err)
{
    (void)ref, (void)opts;
    *out = NULL;
    return absent(err);
}

int cfk_delta_decoder_update(cfk_delta_decoder *decoder, const void *patch, size_t size,
                             size_t *used, void *out, size_t capacity, size_t *out_size,
                             struct cfk_error *err)
{
    (void)decoder, (void)patch, (void)size, (void)out, (void)capacity;
    *used = 0;
    *out_size = 0;
    return absent(err);
}

int cfk_delta_decoder_finish(cfk_delta_decoder *decoder, struct cfk_error *err)
{
    (void)decoder;
    return absent(err);
}

void cfk_delta_decoder_free(cfk_delta_decoder *decoder)
{
    (void)decoder;
}

int cfk_delta_info(const void *patch, size_t patch_size,
                   struct cfk_delta_patch_info *info, struct cfk_error *err)
{
    (void)patch, (void)patch_size, (void)info;
    return absent(err);
}

int cfk_delta_sketch_compute(const void *data, size_t size, struct cfk_delta_sketch *out,
                             struct cfk_error *err)
{
    (void)data, (void)size, (void)out;
    return absent(err);
}

int cfk_delta_ref_sketch(const cfk_delta_ref *ref, struct cfk_delta_sketch *out,
                         struct cfk_error *err)
{
    (void)ref, (void)out;
    return absent(err);
}

uint32_t cfk_delta_sketch_compare(const struct cfk_delta_sketch *a,
                                  const struct cfk_delta_sketch *b)
{
    (void)a, (void)b;
    return 0;
}

int cfk_delta_store_new(const struct cfk_delta_store_options *opts, cfk_delta_store **out,
                        struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_delta_store_free(cfk_delta_store *store)
{
    (void)store;
}

int cfk_delta_store_add(cfk_delta_store *store, const void *data, size_t size,
                        const cfk_delta_ref **ref, struct cfk_error *err)
{
    (void)store, (void)data, (void)size;
    if (ref != NULL)
        *ref = NULL;
    return absent(err);
}

const cfk_delta_ref *cfk_delta_store_get(cfk_delta_store *store, const void *digest)
{
    (void)store, (void)digest;
    return NULL;
}

int cfk_delta_store_remove(cfk_delta_store *store, const void *digest,
                           struct cfk_error *err)
{
    (void)store, (void)digest;
    return absent(err);
}

uint64_t cfk_delta_store_count(const cfk_delta_store *store)
{
    (void)store;
    return 0;
}

uint64_t cfk_delta_store_bytes(const cfk_delta_store *store)
{
    (void)store;
    return 0;
}

int cfk_delta_store_pick(const cfk_delta_store *store, const void *data, size_t size,
                         const struct cfk_delta_pick_options *opts,
                         struct cfk_delta_pick *picks, size_t capacity, size_t *count,
                         struct cfk_error *err)
{
    (void)store, (void)data, (void)size, (void)opts, (void)picks, (void)capacity;
    *count = 0;
    return absent(err);
}
