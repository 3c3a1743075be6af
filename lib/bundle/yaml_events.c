/* SPDX-License-Identifier: MIT */
#include "bundle/yaml_events.h"

#include "base/alloc.h"
#include "base/error.h"
#include "bundle/x509_time.h"

#include <string.h>

enum {
    MAX_DEPTH = 16,
    MAX_TEXT = 1000, /* bytes of a name or label */
};

int cfk__yaml_corrupt(struct cfk__yaml *in, const char *what)
{
    return cfk__fail_at(in->err, CFK_E_CORRUPT, in->event.start_mark.index,
                        "bundle: platforms: line %zu: %s", in->event.start_mark.line + 1,
                        what);
}

int cfk__yaml_no_memory(struct cfk__yaml *in)
{
    return cfk__fail(in->err, CFK_E_NOMEM, "bundle: no memory for platforms");
}

/* Go on to the next event. */
static int next(struct cfk__yaml *in)
{
    yaml_event_delete(&in->event);
    if (yaml_parser_parse(&in->parser, &in->event) == 0) {
        memset(&in->event, 0, sizeof in->event);
        if (in->parser.error == YAML_MEMORY_ERROR)
            return cfk__yaml_no_memory(in);
        return cfk__fail_at(in->err, CFK_E_CORRUPT, in->parser.problem_offset,
                            "bundle: platforms: line %zu: not YAML: %s",
                            in->parser.problem_mark.line + 1,
                            in->parser.problem != NULL ? in->parser.problem : "damaged");
    }
    switch (in->event.type) {
    case YAML_ALIAS_EVENT: return cfk__yaml_corrupt(in, "aliases are not allowed");
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return ++in->depth > MAX_DEPTH ? cfk__yaml_corrupt(in, "nested too deeply")
                                       : CFK_OK;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: in->depth--; return CFK_OK;
    default: return CFK_OK;
    }
}

/* Pass over the value at hand, whatever it is. */
static int skip(struct cfk__yaml *in)
{
    unsigned base = in->depth;
    int rc = CFK_OK;

    if (in->event.type == YAML_SCALAR_EVENT)
        return CFK_OK;
    while (rc == CFK_OK && in->depth >= base)
        rc = next(in);
    return rc;
}

static int expect(struct cfk__yaml *in, yaml_event_type_t type, const char *what)
{
    return in->event.type == type ? CFK_OK : cfk__yaml_corrupt(in, what);
}

const char *cfk__yaml_text(const struct cfk__yaml *in, size_t *size)
{
    *size = 0;
    if (in->event.type != YAML_SCALAR_EVENT)
        return NULL;
    *size = in->event.data.scalar.length;
    return (const char *)in->event.data.scalar.value;
}

static bool text_is(const struct cfk__yaml *in, const char *wanted)
{
    size_t size;
    const char *text = cfk__yaml_text(in, &size);

    return text != NULL && size == strlen(wanted) && memcmp(text, wanted, size) == 0;
}

/* The key at hand among the fields; the end of the list where it is not known. */
static unsigned find_field(const struct cfk__yaml *in,
                           const struct cfk__yaml_field *fields)
{
    unsigned n = 0;

    while (fields[n].key != NULL && !text_is(in, fields[n].key))
        n++;
    return n;
}

int cfk__yaml_mapping(struct cfk__yaml *in, const struct cfk__yaml_field *fields,
                      void *target, const char *unknown)
{
    uint32_t seen = 0;
    int rc = expect(in, YAML_MAPPING_START_EVENT, "a mapping is wanted here");

    while (rc == CFK_OK) {
        unsigned n;

        rc = next(in);
        if (rc != CFK_OK || in->event.type == YAML_MAPPING_END_EVENT)
            return rc;
        rc = expect(in, YAML_SCALAR_EVENT, "a key is wanted here");
        if (rc != CFK_OK)
            return rc;
        n = find_field(in, fields);
        if (fields[n].key == NULL && unknown != NULL)
            return cfk__yaml_corrupt(in, unknown);
        if (fields[n].key != NULL && (seen & 1U << n) != 0)
            return cfk__yaml_corrupt(in, "this key is there twice");
        seen |= 1U << n;
        rc = next(in);
        if (rc == CFK_OK)
            rc = fields[n].key != NULL ? fields[n].read(in, target) : skip(in);
    }
    return rc;
}

int cfk__yaml_sequence(struct cfk__yaml *in, cfk__yaml_read read, void *target)
{
    int rc = expect(in, YAML_SEQUENCE_START_EVENT, "a list is wanted here");

    while (rc == CFK_OK) {
        rc = next(in);
        if (rc != CFK_OK || in->event.type == YAML_SEQUENCE_END_EVENT)
            return rc;
        rc = read(in, target);
    }
    return rc;
}

int cfk__yaml_copy(struct cfk__yaml *in, char **out)
{
    size_t size;
    const char *text = cfk__yaml_text(in, &size);

    if (size == 0 || size > MAX_TEXT || memchr(text, '\0', size) != NULL)
        return cfk__yaml_corrupt(in, "a text of 1 to 1000 bytes is wanted here");
    *out = cfk__malloc(in->alloc, size + 1);
    if (*out == NULL)
        return cfk__yaml_no_memory(in);
    memcpy(*out, text, size + 1);
    return CFK_OK;
}

int cfk__yaml_choice(struct cfk__yaml *in, bool *out, const char *yes, const char *no)
{
    if (!text_is(in, yes) && !text_is(in, no))
        return cfk__fail_at(in->err, CFK_E_CORRUPT, in->event.start_mark.index,
                            "bundle: platforms: line %zu: %s or %s is wanted here",
                            in->event.start_mark.line + 1, yes, no);
    *out = text_is(in, yes);
    return CFK_OK;
}

int cfk__yaml_date(struct cfk__yaml *in, int64_t *out)
{
    uint8_t der[] = "\x18\x0fyyyymmdd000000Z"; /* the same as a GeneralizedTime */
    struct cfk__reader r;
    size_t size;
    const char *text = cfk__yaml_text(in, &size);

    cfk__reader_init(&r, der, sizeof der - 1);
    if (size == 10 && text[4] == '-' && text[7] == '-') {
        memcpy(der + 2, text, 4);
        memcpy(der + 6, text + 5, 2);
        memcpy(der + 8, text + 8, 2);
        if (cfk__x509_time(&r, out))
            return CFK_OK;
    }
    return cfk__yaml_corrupt(in, "a date such as 2026-01-31 is wanted here");
}

int cfk__yaml_document(struct cfk__yaml *in, const struct cfk__yaml_field *fields,
                       void *target)
{
    int rc = next(in); /* the stream */

    if (rc == CFK_OK)
        rc = next(in);
    if (rc == CFK_OK)
        rc = expect(in, YAML_DOCUMENT_START_EVENT, "a document is wanted here");
    if (rc == CFK_OK)
        rc = next(in);
    if (rc == CFK_OK)
        rc = cfk__yaml_mapping(in, fields, target, NULL);
    if (rc == CFK_OK)
        rc = next(in); /* the end of the document */
    if (rc == CFK_OK)
        rc = next(in);
    return rc == CFK_OK ? expect(in, YAML_STREAM_END_EVENT, "one document is enough")
                        : rc;
}

int cfk__yaml_open(struct cfk__yaml *in, const void *yaml, size_t size)
{
    memset(&in->event, 0, sizeof in->event);
    in->depth = 0;
    if (yaml_parser_initialize(&in->parser) == 0)
        return cfk__yaml_no_memory(in);
    yaml_parser_set_input_string(&in->parser, yaml, size);
    return CFK_OK;
}

void cfk__yaml_close(struct cfk__yaml *in)
{
    yaml_event_delete(&in->event);
    yaml_parser_delete(&in->parser);
}
