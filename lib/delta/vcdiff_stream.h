/* SPDX-License-Identifier: MIT */
/* VCDIFF in pieces, window by window. */
#ifndef CFK_DELTA_VCDIFF_STREAM_H
#define CFK_DELTA_VCDIFF_STREAM_H

#include "delta/vcdiff.h"

struct cfk__vcdiff_stream;

/* alloc and ref must outlive it. CFK_OK or CFK_E_NOMEM. */
int cfk__vcdiff_stream_new(const cfk_delta_ref *ref, const struct cfk_alloc *alloc,
                           uint64_t max_output, uint64_t max_window,
                           struct cfk__vcdiff_stream **out, struct cfk_error *err);
void cfk__vcdiff_stream_free(struct cfk__vcdiff_stream *s);

/* As cfk_delta_decoder_update(). */
int cfk__vcdiff_stream_update(struct cfk__vcdiff_stream *s, const uint8_t *in,
                              size_t size, size_t *used, uint8_t *out, size_t capacity,
                              size_t *out_size, struct cfk_error *err);

/* As cfk_delta_decoder_finish(). */
int cfk__vcdiff_stream_finish(const struct cfk__vcdiff_stream *s, struct cfk_error *err);

#endif
