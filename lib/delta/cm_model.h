/* SPDX-License-Identifier: MIT */
/*
 * The model of a new version, as a row of yes-or-no decisions: whether a copy
 * goes on, and the bits of bytes that are not in one. Ask for the probability of
 * the next decision, then tell what it was.
 */
#ifndef CFK_DELTA_CM_MODEL_H
#define CFK_DELTA_CM_MODEL_H

#include "cfkit/base.h"
#include "delta/cm_context.h"
#include "delta/cm_run.h"

struct cfk__cm_model;

/* Most bytes of old and new version together: positions have 32 bits. */
#define CFK__CM_TOTAL_MAX (UINT32_MAX - 1)

/* Memory that a model takes, without the buffer. */
uint64_t cfk__cm_model_memory(size_t old_size, size_t new_size);

/*
 * buffer holds the old version and has room for the new one behind it; the model
 * writes that there byte by byte. NULL without memory.
 */
struct cfk__cm_model *cfk__cm_model_new(const struct cfk_alloc *alloc, uint8_t *buffer,
                                        size_t old_size, size_t new_size);
void cfk__cm_model_free(struct cfk__cm_model *m);

/* Bytes of the new version that are known. */
size_t cfk__cm_model_known(const struct cfk__cm_model *m);

/* The probability that the next decision is 1, in 1/65536, never 0 or 65536. */
uint32_t cfk__cm_model_predict(struct cfk__cm_model *m);

/* What that decision must be for the next byte to become this one. */
unsigned cfk__cm_model_decision(const struct cfk__cm_model *m, uint8_t byte);
void cfk__cm_model_learn(struct cfk__cm_model *m, unsigned bit);

#endif
