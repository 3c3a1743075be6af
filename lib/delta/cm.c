/* SPDX-License-Identifier: MIT */
#include "delta/cm.h"

#include "base/alloc.h"
#include "base/error.h"
#include "delta/cm_coder.h"

#include <string.h>

struct cfk__cm_body {
    struct cfk_alloc alloc;
    uint8_t *buffer;
    size_t old_size;
    size_t new_size;
    struct cfk__cm_model *model; /* made when the priming is known */
    struct cfk__cm_decoder coder;
};

uint64_t cfk__cm_memory(uint64_t old_size, uint64_t new_size)
{
    if (old_size > CFK__CM_TOTAL_MAX / 2 || new_size > CFK__CM_TOTAL_MAX / 2)
        return UINT64_MAX;
    return old_size + new_size + cfk__cm_model_memory((size_t)old_size, (size_t)new_size);
}

/* The old version with room for the new one behind it, or NULL. */
static int make_buffer(const struct cfk_alloc *alloc, struct cfk__span old,
                       size_t new_size, uint8_t **out, struct cfk_error *err)
{
    *out = NULL;
    if (old.size > CFK__CM_TOTAL_MAX || new_size > CFK__CM_TOTAL_MAX - old.size)
        return cfk__fail(err, CFK_E_LIMIT,
                         "delta: old and new version have more than %llu bytes",
                         (unsigned long long)CFK__CM_TOTAL_MAX);
    *out = cfk__malloc(alloc, old.size + new_size);
    if (*out == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for %zu bytes",
                         old.size + new_size);
    if (old.size > 0)
        memcpy(*out, old.data, old.size);
    return CFK_OK;
}

/* false when it became too long. */
static bool encode(struct cfk__cm_model *model, struct cfk__span data,
                   struct cfk__writer *w)
{
    struct cfk__cm_encoder coder;
    size_t known = 0;

    cfk__cm_encoder_init(&coder, w);
    while (known < data.size && cfk__writer_ok(w)) {
        uint32_t p = cfk__cm_model_predict(model);
        unsigned bit = cfk__cm_model_decision(model, data.data[known]);

        cfk__cm_encode(&coder, bit, p);

        cfk__cm_model_learn(model, bit);
        known = cfk__cm_model_known(model);
    }
    cfk__cm_encoder_finish(&coder);
    return cfk__writer_ok(w);
}

int cfk__cm_encode_body(const struct cfk_alloc *alloc, struct cfk__span old,
                        struct cfk__span new_version, uint8_t *out, size_t capacity,
                        size_t *size, struct cfk_error *err)
{
    struct cfk__cm_model *model;
    struct cfk__writer w;
    uint8_t *buffer;
    int rc = make_buffer(alloc, old, new_version.size, &buffer, err);

    *size = 0;
    if (rc != CFK_OK)
        return rc;
    model = cfk__cm_model_new(alloc, buffer, old.size, new_version.size);
    if (model == NULL) {
        cfk__free(alloc, buffer);
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a model");
    }
    cfk__writer_init(&w, out, capacity);
    if (encode(model, new_version, &w))
        *size = cfk__writer_size(&w);
    else
        rc = CFK_E_SPACE;
    cfk__cm_model_free(model);
    cfk__free(alloc, buffer);
    return rc;
}

int cfk__cm_body_new(const struct cfk_alloc *alloc, struct cfk__span old, size_t new_size,
                     struct cfk__cm_body **out, struct cfk_error *err)
{
    struct cfk__cm_body *b = cfk__calloc(alloc, 1, sizeof *b);
    int rc;

    *out = NULL;
    if (b == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a decoder");
    b->alloc = *cfk__alloc_or_default(alloc);
    b->old_size = old.size;
    b->new_size = new_size;
    cfk__cm_decoder_init(&b->coder);
    rc = make_buffer(alloc, old, new_size, &b->buffer, err);
    if (rc != CFK_OK) {
        cfk__cm_body_free(b);
        return rc;
    }
    *out = b;
    return CFK_OK;
}

void cfk__cm_body_free(struct cfk__cm_body *b)
{
    struct cfk_alloc alloc;

    if (b == NULL)
        return;
    alloc = b->alloc;
    cfk__cm_model_free(b->model);
    cfk__free(&alloc, b->buffer);
    cfk__free(&alloc, b);
}

static size_t known_bytes(const struct cfk__cm_body *b)
{
    return b->model == NULL ? 0 : cfk__cm_model_known(b->model);
}

enum cfk__cm_progress cfk__cm_body_take(struct cfk__cm_body *b, struct cfk__reader *in,
                                        size_t most)
{
    size_t end = known_bytes(b);
    unsigned bit;

    end = b->new_size - end < most ? b->new_size : end + most;
    if (b->model == NULL) {
        b->model = cfk__cm_model_new(&b->alloc, b->buffer, b->old_size, b->new_size);
        if (b->model == NULL)
            return CFK__CM_NO_MEMORY;
    }
    while (cfk__cm_model_known(b->model) < end) {
        if (!cfk__cm_decode(&b->coder, in, cfk__cm_model_predict(b->model), &bit))
            return CFK__CM_MORE;
        cfk__cm_model_learn(b->model, bit);
    }
    if (end < b->new_size)
        return CFK__CM_MORE;
    switch (cfk__cm_decoder_finish(&b->coder, in)) {
    case CFK__CM_END: return CFK__CM_WHOLE;
    case CFK__CM_END_MORE: return CFK__CM_MORE;
    default: return CFK__CM_WRONG;
    }
}

struct cfk__span cfk__cm_body_known(const struct cfk__cm_body *b)
{
    return (struct cfk__span){ b->buffer + b->old_size, known_bytes(b) };
}
