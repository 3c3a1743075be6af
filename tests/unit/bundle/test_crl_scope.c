/* SPDX-License-Identifier: MIT */
/* Whom a revocation list is about: its scope, distribution points, indirect ones. */
#include "crl_world.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

START_TEST(a_crl_for_others_tells_nothing)
{
    static const struct {
        const char *scope;
        int reason; /* of the leaf */
    } cases[] = {
        { "", CFK_OK },
        { "8101ff", CFK_OK },                         /* user certificates alone */
        { "8201ff", CFK_E_REVOCATION },               /* CA certificates alone */
        { "8501ff", CFK_E_REVOCATION },               /* attribute certificates alone */
        { "8401ff", CFK_OK },                         /* indirect, but its own too */
        { "83020640", CFK_E_REVOCATION },             /* for keyCompromise alone */
        { "8303077f80", CFK_OK },                     /* for every reason */
        { "a008a00686047a3a2f2f", CFK_E_REVOCATION }, /* at "z://" */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[700];
        struct list l = { .ext = scope(text, sizeof text, cases[i].scope) };
        struct world w = { .lists = { &of_root, &l } };
        struct cfk_error err = { 0 };

        ck_assert_msg(judge(&w, &err) == cases[i].reason, "case %zu: %s", i, err.message);
    }
}
END_TEST

START_TEST(reasons_add_up_over_crls)
{
    char first[300];
    char second[300];
    char text[200];
    struct list some = { .ext = scope(first, sizeof first, "83020640") };
    struct list others = { .ext = scope(second, sizeof second, "8303073f80") };
    struct world w = { .lists = { &of_root, &some } };

    expect(&w, CFK_E_REVOCATION, "");
    w.lists[2] = &others;
    expect(&w, CFK_OK, "");
    some.entries = entry(text, sizeof text, 8, "");
    expect(&w, CFK_E_REVOKED, "");
}
END_TEST

START_TEST(a_distribution_point_and_a_crl_share_a_name)
{
    static const struct {
        const char *point;
        const char *scope;
        int reason;
    } cases[] = {
        { "a008a00686047a3a2f2f", "a008a00686047a3a2f2f", CFK_OK },
        { "a008a00686047a3a2f2f", "a008a00686047b3a2f2f", CFK_E_REVOCATION },
        { "a00ea00c86047a3a2f2f86047b3a2f2f", "a008a00686047b3a2f2f", CFK_OK },
        { "a008a00686047a3a2f2f", "", CFK_OK }, /* for every point */
        /* CN=crl below the issuer, and written out */
        { "a00ea10c300a06035504030c0363726c",
          "a025a023a421301f310b300906035504030c026361311030"
          "0e06035504030c0763726c206f6666",
          CFK_E_REVOCATION },
        { "a00ea10c300a06035504030c0363726c",
          "a021a01fa41d301b310b300906035504030c026361310c300a06035504030c0343524c",
          CFK_OK },
        { "a00ea10c300a06035504030c0363726c", "a00ea10c300a06035504030c0363726c",
          CFK_OK },
        /* reasons of the point */
        { "a008a00686047a3a2f2f81020640", "a008a00686047a3a2f2f", CFK_E_REVOCATION },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char ext[800];
        char text[800];
        struct make m = pointed_leaf(ext, sizeof ext, cases[i].point);
        struct list l = { 0 };
        struct world w = { .leaf = &m, .lists = { &of_root, &l } };
        struct cfk_error err = { 0 };

        if (cases[i].scope[0] != '\0')
            l.ext = scope(text, sizeof text, cases[i].scope);
        ck_assert_msg(judge(&w, &err) == cases[i].reason, "case %zu: %s", i, err.message);
    }
}
END_TEST

START_TEST(an_indirect_crl_tells_of_others_certificates)
{
    static const struct make other = {
        .subject = "other", .issuer = "root", .key = 3, .signed_by = 1, .serial = 9
    };
    char other_name[200];
    char ca_name[200];
    char point[300] = "";
    char issuer_ext[300] = "";
    char value[300] = "";
    char general[300] = "";
    char indirect[200];
    char ext[500];
    char entries[600];
    struct list l = { .issuer = "other", .signed_by = 3 };
    struct world w = { .more = &other, .lists = { &of_root, &l } };
    struct make m;

    make_wrap(general, sizeof general, 0xa4,
              name(other_name, sizeof other_name, "other"));
    make_wrap(point, sizeof point, 0xa2, general);
    m = pointed_leaf(ext, sizeof ext, point);
    w.leaf = &m;
    expect(&w, CFK_E_REVOCATION, ""); /* not marked as indirect */
    l.ext = scope(indirect, sizeof indirect, "8401ff");
    expect(&w, CFK_OK, "");
    /* serial number 8 of "other", then of "ca" */
    l.entries = entry(entries, sizeof entries, 8, "");
    expect(&w, CFK_OK, "");
    general[0] = '\0';
    make_wrap(general, sizeof general, 0xa4, name(ca_name, sizeof ca_name, "CA"));
    make_wrap(value, sizeof value, 0x30, general);
    make_ext(issuer_ext, sizeof issuer_ext, ISSUER, true, value);
    l.entries = entry(entries, sizeof entries, 8, issuer_ext);
    expect(&w, CFK_E_REVOKED, "certificate 1");
    /* the issuer of an entry holds for those that follow */
    {
        char both[900];
        char second[200];

        entry(entries, sizeof entries, 1, issuer_ext);
        snprintf(both, sizeof both, "%s%s", entries, entry(second, sizeof second, 8, ""));
        l.entries = both;
        expect(&w, CFK_E_REVOKED, "certificate 1");
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_crl_for_others_tells_nothing,
        reasons_add_up_over_crls,
        a_distribution_point_and_a_crl_share_a_name,
        an_indirect_crl_tells_of_others_certificates,
        NULL,
    };
    Suite *suite = suite_create("bundle/crl_scope");

    suite_add_tcase(suite, unit_case("scope", tests));
    return suite;
}
