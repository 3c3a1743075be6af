/* SPDX-License-Identifier: MIT */
/* Names of distribution points: RFC 5280, 4.2.1.13 and 5.2.5. */
#include "bundle/revocation.h"
#include "bundle/x509_name.h"

#include <string.h>

/* One name: a directory name, perhaps in two parts, or any other, byte by byte. */
struct point_name {
    bool directory;
    struct cfk__span name; /* a whole Name, or a whole GeneralName */
    struct cfk__span relative;
};

struct cfk__point_names cfk__point_names_of(struct cfk__span point,
                                            struct cfk__span issuer)
{
    struct cfk__point_names names = { .issuer = issuer };
    struct cfk__reader r;
    struct cfk__der one;

    cfk__reader_init(&r, point.data, point.size);
    cfk__reader_init(&names.list, NULL, 0);
    if (!cfk__der_next(&r, &one))
        return names;
    if (one.tag == CFK__DER_CONSTRUCTED(1))
        names.relative = one.value;
    else
        cfk__reader_init(&names.list, one.value.data, one.value.size);
    if (one.tag != CFK__DER_CONSTRUCTED(1))
        names.issuer.size = 0;
    return names;
}

static bool next_name(struct cfk__point_names *names, struct point_name *out)
{
    struct cfk__reader inner;
    struct cfk__der one;

    *out = (struct point_name){ .directory = true };
    if (names->issuer.size > 0) {
        out->name = names->issuer;
        out->relative = names->relative;
        names->issuer.size = 0;
        return true;
    }
    if (!cfk__der_next(&names->list, &one))
        return false;
    out->directory = one.tag == CFK__DER_CONSTRUCTED(4);
    out->name = one.whole;
    if (out->directory) {
        cfk__reader_init(&inner, one.value.data, one.value.size);
        out->directory = cfk__der_whole(&inner, CFK__DER_SEQUENCE, &out->name);
    }
    return true;
}

/* Tag and length of what follows. */
static int put_head(struct cfk__buffer *out, uint8_t tag, size_t size)
{
    uint8_t head[6] = { tag,
                        0x84,
                        (uint8_t)(size >> 24),
                        (uint8_t)(size >> 16),
                        (uint8_t)(size >> 8),
                        (uint8_t)size };
    size_t used = 2;

    if (size < 0x80) {
        head[1] = (uint8_t)size;
        return cfk__buffer_append(out, head, 2);
    }
    while (head[used] == 0)
        used++;
    head[used - 1] = (uint8_t)(0x80 | (6 - used));
    head[used - 2] = tag;
    return cfk__buffer_append(out, head + used - 2, 6 - (used - 2));
}

/* The comparable form of one RDN's contents, behind what out holds. */
static int put_relative(struct cfk__span rdn, struct cfk__buffer *out)
{
    struct cfk__buffer set = { .alloc = out->alloc };
    struct cfk__buffer name = { .alloc = out->alloc };
    int rc = put_head(&set, CFK__DER_SET, rdn.size);

    if (rc == CFK_OK)
        rc = cfk__buffer_append(&set, rdn.data, rdn.size);
    if (rc == CFK_OK)
        rc = put_head(&name, CFK__DER_SEQUENCE, set.size);
    if (rc == CFK_OK)
        rc = cfk__buffer_append(&name, set.data, set.size);
    if (rc == CFK_OK)
        rc = cfk__name_canonical((struct cfk__span){ name.data, name.size }, out);
    cfk__buffer_free(&set);
    cfk__buffer_free(&name);
    return rc;
}

static int put_name(const struct point_name *name, struct cfk__buffer *out)
{
    int rc;

    out->size = 0;
    if (!name->directory)
        return cfk__buffer_append(out, name->name.data, name->name.size);
    rc = cfk__name_canonical(name->name, out);
    if (rc == CFK_OK && name->relative.size > 0)
        rc = put_relative(name->relative, out);
    return rc;
}

int cfk__point_names_meet(struct cfk__point_names mine, struct cfk__point_names theirs,
                          struct cfk__buffer *a, struct cfk__buffer *b, bool *out)
{
    struct point_name one;
    struct point_name other;

    *out = false;
    while (next_name(&mine, &one)) {
        struct cfk__point_names rest = theirs;
        int rc = put_name(&one, a);

        if (rc == CFK_E_NOMEM)
            return rc;
        while (rc == CFK_OK && next_name(&rest, &other)) {
            int fit = put_name(&other, b);

            if (fit == CFK_E_NOMEM)
                return fit;
            *out = fit == CFK_OK && one.directory == other.directory &&
                   a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
            if (*out)
                return CFK_OK;
        }
    }
    return CFK_OK;
}
