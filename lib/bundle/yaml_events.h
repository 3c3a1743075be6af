/* SPDX-License-Identifier: MIT */
/*
 * YAML as a stream of events, with no tree and no recursion: aliases, which can
 * make a small text stand for a huge one, are refused, and so is nesting that
 * no format here has a use for.
 */
#ifndef CFK_BUNDLE_YAML_EVENTS_H
#define CFK_BUNDLE_YAML_EVENTS_H

#include "cfkit/base.h"

#include <stdbool.h>
#include <yaml.h>

struct cfk__yaml {
    yaml_parser_t parser;
    yaml_event_t event; /* the one at hand */
    unsigned depth;
    const struct cfk_alloc *alloc; /* of texts */
    void *context;
    struct cfk_error *err;
};

/* Reads the value at hand, which begins with in->event, to its end. */
typedef int (*cfk__yaml_read)(struct cfk__yaml *in, void *target);

/* A key that is known, and what reads its value. A list ends with a NULL key. */
struct cfk__yaml_field {
    const char *key;
    cfk__yaml_read read;
};

/* All of these: CFK_OK, CFK_E_CORRUPT, CFK_E_NOMEM, or what a reader returns. */

/* Begin; err may be NULL. cfk__yaml_close() is due also after a failure. */
int cfk__yaml_open(struct cfk__yaml *in, const void *yaml, size_t size);
void cfk__yaml_close(struct cfk__yaml *in);

/* One document that is a mapping, and nothing behind it. */
int cfk__yaml_document(struct cfk__yaml *in, const struct cfk__yaml_field *fields,
                       void *target);

/*
 * The mapping at hand: each known key at most once; unknown ones are skipped,
 * or refused with these words.
 */
int cfk__yaml_mapping(struct cfk__yaml *in, const struct cfk__yaml_field *fields,
                      void *target, const char *unknown);

/* The sequence at hand, each item through read. */
int cfk__yaml_sequence(struct cfk__yaml *in, cfk__yaml_read read, void *target);

/* CFK_E_CORRUPT at the event at hand. */
int cfk__yaml_corrupt(struct cfk__yaml *in, const char *what);
int cfk__yaml_no_memory(struct cfk__yaml *in);

/* The scalar at hand, with a NUL behind it; NULL: it is something else. */
const char *cfk__yaml_text(const struct cfk__yaml *in, size_t *size);

/* A scalar of 1 to 1000 bytes without NUL, copied; one of two words; a date, 2026-01-31.
 */
int cfk__yaml_copy(struct cfk__yaml *in, char **out);
int cfk__yaml_choice(struct cfk__yaml *in, bool *out, const char *yes, const char *no);
int cfk__yaml_date(struct cfk__yaml *in, int64_t *out);

#endif
