/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "bundle/name_constraints.h"
#include "bundle/x509_name.h"

#include <stdio.h>
#include <string.h>

enum {
    SHOWN = 56, /* bytes of a name in a message */
    FORM_DIRECTORY = 4,
    FORM_IP = 7,
};

static const char *form_text(uint8_t form)
{
    static const char *const texts[] = {
        "other name", "mail address", "DNS name",   "X.400 address", "directory name",
        "EDI party",  "URI",          "IP address", "registered ID",
    };

    return texts[form];
}

/* Bytes from outside as text that is safe to print. */
static void put_text(struct cfk__span value, char out[SHOWN + 1])
{
    size_t size = value.size < SHOWN ? value.size : SHOWN;

    for (size_t i = 0; i < size; i++)
        out[i] = value.data[i] > ' ' && value.data[i] < 0x7f ? (char)value.data[i] : '?';
    out[size] = '\0';
}

static void put_address(struct cfk__span value, char out[SHOWN + 1])
{
    size_t at = 0;

    for (size_t i = 0; i < value.size; i++)
        if (value.size == 4)
            at += (size_t)snprintf(out + at, 6, i > 0 ? ".%u" : "%u", value.data[i]);
        else
            at += (size_t)snprintf(out + at, 6, i > 0 && i % 2 == 0 ? ":%02x" : "%02x",
                                   value.data[i]);
}

/* At most SHOWN bytes of text, whole characters. */
static int shown_bytes(const char *text, size_t size)
{
    if (size <= SHOWN)
        return (int)size;
    for (size = SHOWN; size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80;)
        size--;
    return (int)size;
}

static int put_directory(struct cfk__buffer *text, struct cfk__span name,
                         char out[SHOWN + 1])
{
    int rc;

    text->size = 0;
    rc = cfk__name_text(name, text);
    if (rc == CFK_OK)
        rc = cfk__buffer_append(text, "", 1);
    if (rc == CFK_OK)
        snprintf(out, SHOWN + 1, "%.*s",
                 shown_bytes((const char *)text->data, text->size - 1),
                 (const char *)text->data);
    return rc;
}

int cfk__names_explain(struct cfk__names *n, const struct cfk__name_violation *violation,
                       uint32_t step, const char *issuer, uint32_t by,
                       struct cfk_error *err)
{
    static const char *const faults[] = {
        [CFK__NAME_NOT_PERMITTED] = "is not permitted by the name constraints of",
        [CFK__NAME_EXCLUDED] = "is excluded by the name constraints of",
        [CFK__NAME_MALFORMED] = "is malformed, with name constraints in",
        [CFK__NAME_BAD_CONSTRAINT] = "meets a malformed name constraint of",
        [CFK__NAME_UNSUPPORTED] = "is constrained, which is not supported, by",
    };
    const struct cfk__name_found *name = &violation->name;
    char text[SHOWN + 1] = "";

    if (name->form == FORM_IP)
        put_address(name->value, text);
    else if (name->form != FORM_DIRECTORY || name->malformed)
        put_text(name->value, text);
    else if (put_directory(&n->name, name->value, text) == CFK_E_NOMEM)
        return CFK_E_NOMEM;
    return cfk__fail(err, CFK_E_NAME_CONSTRAINT,
                     "bundle: certificate %u: %s %s %s certificate %u (%.*s)",
                     (unsigned)step + 1, form_text(name->form), text,
                     faults[violation->fault], (unsigned)by + 1,
                     shown_bytes(issuer, strlen(issuer)), issuer);
}
