/* SPDX-License-Identifier: MIT */
#include "bundle/x509.h"

#include "base/error.h"
#include "bundle/x509_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int corrupt(const struct cfk__x509 *x, const struct cfk__reader *r,
                   struct cfk_error *err, const char *what)
{
    return cfk__fail_at(err, CFK_E_CORRUPT, (uint64_t)(r->pos - x->der.data),
                        "bundle: no certificate: %s is not as it should be", what);
}

static bool read_version(struct cfk__reader *tbs, uint8_t *version)
{
    struct cfk__reader inner;
    int32_t number;

    *version = 1;
    if (!cfk__der_peek(tbs, CFK__DER_CONSTRUCTED(0)))
        return true;
    if (!cfk__der_enter(tbs, CFK__DER_CONSTRUCTED(0), &inner) ||
        !cfk__der_int(&inner, &number) || number > 2 || cfk__reader_left(&inner) != 0)
        return false;
    *version = (uint8_t)(number + 1);
    return true;
}

/* A Name, checked as far as its outer form; x509_name.c reads what is in it. */
static bool read_name(struct cfk__reader *tbs, struct cfk__span *name)
{
    return cfk__der_whole(tbs, CFK__DER_SEQUENCE, name);
}

/* RFC 5280, 4.1.2.5: UTCTime through 2049. */
static bool read_time(struct cfk__reader *r, int64_t *time, bool *long_time)
{
    bool is_long = cfk__der_peek(r, CFK__DER_GENERALIZED_TIME);

    if (!cfk__x509_time(r, time))
        return false;
    *long_time |= is_long && *time < CFK__X509_YEAR_2050;
    return true;
}

static bool read_validity(struct cfk__reader *tbs, struct cfk__x509 *x)
{
    struct cfk__reader inner;

    return cfk__der_enter(tbs, CFK__DER_SEQUENCE, &inner) &&
           read_time(&inner, &x->not_before, &x->long_time) &&
           read_time(&inner, &x->not_after, &x->long_time) &&
           cfk__reader_left(&inner) == 0;
}

/* issuerUniqueID and subjectUniqueID, which nobody uses. */
static bool skip_unique_ids(struct cfk__reader *tbs, struct cfk__x509 *x)
{
    struct cfk__span ignored;

    for (uint8_t n = 1; n <= 2; n++) {
        if (!cfk__der_peek(tbs, CFK__DER_CONTEXT(n)))
            continue;
        x->unique_ids = true;
        if (!cfk__der_value(tbs, CFK__DER_CONTEXT(n), &ignored))
            return false;
    }
    return true;
}

static bool read_algorithm(struct cfk__reader *r, struct cfk__span *oid,
                           struct cfk__span *parameters)
{
    struct cfk__reader inner;

    if (!cfk__der_enter(r, CFK__DER_SEQUENCE, &inner) ||
        !cfk__der_value(&inner, CFK__DER_OID, oid))
        return false;
    *parameters = (struct cfk__span){ inner.pos, cfk__reader_left(&inner) };
    return true;
}

/* NULL and no parameters at all mean the same; real certificates mix them. */
static bool same_parameters(struct cfk__span a, struct cfk__span b)
{
    if (CFK__SPAN_IS(a, "\x05\x00"))
        a.size = 0;
    if (CFK__SPAN_IS(b, "\x05\x00"))
        b.size = 0;
    return cfk__span_equal(a, b);
}

static int read_extensions(struct cfk__x509 *x, struct cfk__reader *tbs,
                           struct cfk_error *err)
{
    struct cfk__reader tagged;
    struct cfk__reader list;

    if (cfk__reader_left(tbs) == 0)
        return CFK_OK;
    if (x->version != 3 || !cfk__der_enter(tbs, CFK__DER_CONSTRUCTED(3), &tagged) ||
        !cfk__der_enter(&tagged, CFK__DER_SEQUENCE, &list) ||
        cfk__reader_left(&tagged) != 0 || cfk__reader_left(tbs) != 0)
        return corrupt(x, tbs, err, "the part behind the public key");
    return cfk__x509_extensions(x, list, err);
}

static int read_tbs(struct cfk__x509 *x, struct cfk__reader *tbs,
                    struct cfk__span *algorithm, struct cfk__span *parameters,
                    struct cfk_error *err)
{
    if (!read_version(tbs, &x->version))
        return corrupt(x, tbs, err, "the version");
    if (!cfk__der_value(tbs, CFK__DER_INTEGER, &x->serial) || x->serial.size == 0)
        return corrupt(x, tbs, err, "the serial number");
    if (!read_algorithm(tbs, algorithm, parameters))
        return corrupt(x, tbs, err, "the signature algorithm");
    if (!read_name(tbs, &x->issuer))
        return corrupt(x, tbs, err, "the issuer");
    if (!read_validity(tbs, x))
        return corrupt(x, tbs, err, "the validity");
    if (!read_name(tbs, &x->subject))
        return corrupt(x, tbs, err, "the subject");
    if (!cfk__x509_key(tbs, &x->key))
        return corrupt(x, tbs, err, "the public key");
    if (!skip_unique_ids(tbs, x))
        return corrupt(x, tbs, err, "a unique identifier");
    return read_extensions(x, tbs, err);
}

int cfk__x509_parse(struct cfk__x509 *x, const void *der, size_t size,
                    struct cfk_error *err)
{
    struct cfk__span inner_algorithm = { 0 };
    struct cfk__span inner_parameters = { 0 };
    struct cfk__span parameters;
    struct cfk__reader outer;
    struct cfk__reader cert;
    struct cfk__reader tbs;
    int rc;

    memset(x, 0, sizeof *x);
    x->path_length = -1;
    x->explicit_policy = -1;
    x->inhibit_mapping = -1;
    x->inhibit_any_policy = -1;
    cfk__reader_init(&outer, der, size);
    x->der = (struct cfk__span){ outer.start, size };
    if (!cfk__der_enter(&outer, CFK__DER_SEQUENCE, &cert))
        return corrupt(x, &outer, err, "the outermost sequence");
    if (cfk__reader_left(&outer) != 0)
        return corrupt(x, &outer, err, "what follows the end");
    if (!cfk__der_whole(&cert, CFK__DER_SEQUENCE, &x->tbs))
        return corrupt(x, &cert, err, "the signed part");
    cfk__reader_init(&tbs, x->tbs.data, x->tbs.size);
    if (!cfk__der_enter(&tbs, CFK__DER_SEQUENCE, &tbs))
        return corrupt(x, &cert, err, "the signed part");
    rc = read_tbs(x, &tbs, &inner_algorithm, &inner_parameters, err);
    if (rc != CFK_OK)
        return rc;
    if (!read_algorithm(&cert, &x->signature.algorithm, &parameters))
        return corrupt(x, &cert, err, "the signature algorithm");
    if (!cfk__der_bytes(&cert, &x->signature.bytes) || cfk__reader_left(&cert) != 0)
        return corrupt(x, &cert, err, "the signature");
    cfk__x509_scheme(&x->signature, parameters);
    x->signature.mismatch = !cfk__span_equal(inner_algorithm, x->signature.algorithm) ||
                            !same_parameters(inner_parameters, parameters);
    if (x->signature.mismatch)
        x->signature.verifiable = false;
    return CFK_OK;
}

/* ".N" in decimal at the end of w, or nothing where it does not fit. */
static void write_arc(struct cfk__writer *w, uint64_t arc)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, ".%" PRIu64, arc);

    if ((size_t)n <= (size_t)(w->end - w->pos))
        cfk__write(w, digits, (size_t)n);
}

const char *cfk__oid_text(struct cfk__span oid, char text[CFK__OID_TEXT])
{
    struct cfk__writer w;
    uint64_t arc = 0;

    cfk__writer_init(&w, text, CFK__OID_TEXT - 1);
    for (size_t i = 0; i < oid.size && arc <= UINT64_MAX >> 7; i++) {
        arc = arc << 7 | (oid.data[i] & 0x7f);
        if ((oid.data[i] & 0x80) != 0)
            continue;
        if (cfk__writer_size(&w) == 0) { /* the first two arcs share a number */
            uint64_t top = arc < 80 ? arc / 40 : 2;

            cfk__write_u8(&w, (uint8_t)('0' + top));
            arc -= top * 40;
        }
        write_arc(&w, arc);
        arc = 0;
    }
    text[cfk__writer_size(&w)] = '\0';
    return text;
}
