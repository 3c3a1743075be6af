/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "bundle/pool.h"
#include "bundle/x509_name.h"

static const char *name_text(struct cfk__arena *arena, struct cfk__span name)
{
    struct cfk__buffer text = { .alloc = arena->alloc };
    const char *copy = NULL;

    if (cfk__name_text(name, &text) == CFK_OK)
        copy = cfk__arena_copy(arena, text.data, text.size);
    cfk__buffer_free(&text);
    return copy;
}

static const char *signature_text(struct cfk__arena *arena,
                                  const struct cfk__x509_signature *s)
{
    char digits[CFK__OID_TEXT];

    if (s->name != NULL)
        return s->name;
    cfk__oid_text(s->algorithm, digits);
    return cfk__arena_copy(arena, digits, sizeof digits);
}

int cfk__cert_facts(struct cfk__arena *arena, struct cfk__cert *cert,
                    const struct cfk__facts **out, struct cfk_error *err)
{
    struct cfk__facts *facts = cert->facts;
    int rc;

    *out = facts;
    if (facts != NULL)
        return CFK_OK;
    facts = cfk__arena_alloc(arena, sizeof *facts);
    if (facts == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory to describe a certificate");
    rc = cfk__hash(CFK__SHA256, cert->x.der.data, cert->x.der.size, facts->sha256, err);
    if (rc != CFK_OK)
        return rc;
    facts->subject = name_text(arena, cert->x.subject);
    facts->issuer = name_text(arena, cert->x.issuer);
    facts->signature = signature_text(arena, &cert->x.signature);
    if (facts->subject == NULL || facts->issuer == NULL || facts->signature == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory to describe a certificate");
    cert->facts = facts;
    *out = facts;
    return CFK_OK;
}
