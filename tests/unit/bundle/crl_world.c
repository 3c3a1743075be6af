/* SPDX-License-Identifier: MIT */
#include "crl_world.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry for a serial number of one byte, with extensions in hexadecimal. */
const char *entry(char *text, size_t size, unsigned serial, const char *ext)
{
    char one[512];
    char list[400] = "";

    if (ext[0] != '\0')
        make_wrap(list, sizeof list, 0x30, ext);
    snprintf(one, sizeof one, "0201%02x170d3236303130313030303030305a%s", serial, list);
    text[0] = '\0';
    make_wrap(text, size, 0x30, one);
    return text;
}

static void add_text(char *hex, size_t size, unsigned tag, const char *text)
{
    char body[64] = "";

    for (; *text != '\0'; text++)
        snprintf(body + strlen(body), sizeof body - strlen(body), "%02x",
                 (unsigned char)*text);
    make_wrap(hex, size, tag, body);
}

/* The Name CN=text in hexadecimal. */
const char *name(char *hex, size_t size, const char *text)
{
    char value[200] = "0603550403";
    char attribute[210] = "";
    char rdn[220] = "";

    add_text(value, sizeof value, CFK__DER_UTF8, text);
    make_wrap(attribute, sizeof attribute, 0x30, value);
    make_wrap(rdn, sizeof rdn, 0x31, attribute);
    hex[0] = '\0';
    make_wrap(hex, size, 0x30, rdn);
    return hex;
}

/* The whole CRL in hexadecimal. */
void write_list(char *hex, size_t size, const struct list *l)
{
    static const char algorithm[] = "300a06082a8648ce3d040302";
    char tbs[4000] = "";
    char ext[2000] = "";
    char list[2100] = "";
    char scratch[300];
    char body[4200] = "";

    snprintf(tbs, sizeof tbs, "%s%s%s", l->v1 ? "" : "020101", algorithm,
             name(scratch, sizeof scratch, l->issuer != NULL ? l->issuer : "ca"));
    add_text(tbs, sizeof tbs, 0x17, l->from != NULL ? l->from : YESTERDAY);
    if (l->until == NULL || strcmp(l->until, "-") != 0)
        add_text(tbs, sizeof tbs, 0x17, l->until != NULL ? l->until : TOMORROW);
    if (l->entries != NULL)
        make_wrap(tbs, sizeof tbs, 0x30, l->entries);
    snprintf(scratch, sizeof scratch, "0201%02x", l->number == 0 ? 5 : l->number & 0xff);
    if (l->number >= 0 && !l->v1)
        make_ext(ext, sizeof ext, NUMBER, false, scratch);
    if (l->ext != NULL)
        snprintf(ext + strlen(ext), sizeof ext - strlen(ext), "%s", l->ext);
    if (ext[0] != '\0') {
        make_wrap(list, sizeof list, 0x30, ext);
        make_wrap(tbs, sizeof tbs, 0xa0, list);
    }
    make_wrap(body, sizeof body, 0x30, tbs);
    snprintf(body + strlen(body), sizeof body - strlen(body), "%s030200%02x", algorithm,
             l->signed_by != 0 ? l->signed_by : 2);
    hex[0] = '\0';
    make_wrap(hex, size, 0x30, body);
}

int add_list(cfk_bundle_pool *pool, const struct list *l)
{
    struct cfk_bundle_report report = { .size = sizeof report };
    char hex[5000];
    uint8_t *der;
    size_t size;
    int rc;

    write_list(hex, sizeof hex, l);
    der = unit_hex(hex, &size);
    rc = cfk_bundle_pool_add_crl(pool, der, size, &report, NULL);
    free(der);
    ck_assert_uint_eq(report.found, rc == CFK_OK);
    return rc != CFK_OK ? rc : report.bad > 0 ? CFK_E_CORRUPT : CFK_OK;
}

const struct make crl_root = { .subject = "root",
                               .issuer = "root",
                               .key = 1,
                               .signed_by = 1,
                               .ca = true,
                               .ext = SKI_ROOT };
const struct make crl_ca = {
    .subject = "ca", .issuer = "root", .key = 2, .signed_by = 1, .ca = true, .serial = 7
};
const struct make crl_leaf = {
    .subject = "leaf", .issuer = "ca", .key = 9, .signed_by = 2, .serial = 8
};

/* A good and empty CRL of the root. */
const struct list of_root = { .issuer = "root", .signed_by = 1 };

int judge(const struct world *w, struct cfk_error *err)
{
    struct cfk_bundle_options opts = { .size = sizeof opts,
                                       .flags = w->flags,
                                       .profile = w->profile };
    cfk_bundle_result *result;
    cfk_bundle_pool *pool;
    int rc;

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    make_add(pool, &crl_root, CFK_BUNDLE_ROOT);
    make_add(pool, w->ca != NULL ? w->ca : &crl_ca, CFK_BUNDLE_POOL);
    if (w->more != NULL)
        make_add(pool, w->more, CFK_BUNDLE_POOL);
    for (size_t i = 0; i < 4 && w->lists[i] != NULL; i++)
        ck_assert_int_eq(add_list(pool, w->lists[i]), CFK_OK);
    rc = make_build(pool, w->leaf != NULL ? w->leaf : &crl_leaf, &opts, &result, err);
    ck_assert_msg(rc == CFK_OK, "%s", err->message);
    rc = cfk_bundle_reason(result, err);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rc;
}

void expect(const struct world *w, int reason, const char *words)
{
    struct cfk_error err = { 0 };
    int rc = judge(w, &err);

    ck_assert_msg(rc == reason, "%s: %s, not %s", err.message, cfk_error_name(rc),
                  cfk_error_name(reason));
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
}

/* The status of the leaf by one CRL of its issuer. */
void expect_list(const struct list *l, int reason)
{
    struct world w = { .lists = { &of_root, l } };

    expect(&w, reason, "");
}

const char *scope(char *text, size_t size, const char *contents)
{
    char value[600] = "";

    make_wrap(value, sizeof value, 0x30, contents);
    text[0] = '\0';
    make_ext(text, size, SCOPE, true, value);
    return text;
}

struct make pointed_leaf(char *ext, size_t size, const char *contents)
{
    struct make m = crl_leaf;
    char point[600] = "";
    char value[700] = "";

    make_wrap(point, sizeof point, 0x30, contents);
    make_wrap(value, sizeof value, 0x30, point);
    ext[0] = '\0';
    make_ext(ext, size, POINTS, false, value);
    m.ext = ext;
    return m;
}
