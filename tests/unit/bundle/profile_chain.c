/* SPDX-License-Identifier: MIT */
#include "profile_chain.h"

#include "unit.h"

#include <string.h>

static const struct change root_exts[] = { { BASIC, true, BASIC_CA },
                                           { SKI, false, SKI_ROOT },
                                           { 0, false, NULL } };
static const struct change ca_exts[] = { { BASIC, true, BASIC_CA },
                                         { SKI, false, SKI_CA },
                                         { AKI, false, AKI_ROOT },
                                         { 0, false, NULL } };
static const struct change leaf_exts[] = { { AKI, false, AKI_CA },
                                           { SAN, false, SAN_DNS },
                                           { EKU, false, SERVER },
                                           { 0, false, NULL } };

/* The extensions of a certificate with one of them changed or added. */
static void write_exts(char *text, size_t size, const struct change *list,
                       const struct change *change)
{
    bool there = false;

    text[0] = '\0';
    for (; list->arc != 0; list++) {
        const struct change *use = list->arc == change->arc ? change : list;

        there = there || use == change;
        if (use->value != NULL)
            make_ext(text, size, use->arc, use->critical, use->value);
    }
    if (!there && change->arc != 0 && change->value != NULL)
        make_ext(text, size, change->arc, change->critical, change->value);
}

void good_chain(struct chain *c, enum which which, struct change change)
{
    static const struct change none = { 0, false, NULL };
    static const struct change *const lists[] = { leaf_exts, ca_exts, root_exts };

    memset(c, 0, sizeof *c);
    c->certs[THE_ROOT] = (struct make){
        .subject = "root", .issuer = "root", .key = 1, .signed_by = 1, .serial = 1
    };
    c->certs[THE_CA] = (struct make){
        .subject = "ca", .issuer = "root", .key = 2, .signed_by = 1, .serial = 2
    };
    c->certs[THE_LEAF] = (struct make){
        .subject = "a.example.test", .issuer = "ca", .key = 9, .signed_by = 2, .serial = 3
    };
    for (enum which i = THE_LEAF; i <= THE_ROOT; i++) {
        write_exts(c->exts[i], sizeof c->exts[i], lists[i], i == which ? &change : &none);
        c->certs[i].ext = c->exts[i];
    }
}

const char *broken_rule(const struct chain *c, uint32_t profile, uint32_t eku)
{
    struct cfk_bundle_options opts = { .size = sizeof opts,
                                       .profile = profile,
                                       .eku = eku };
    struct cfk_bundle_rejected_info path = { .size = sizeof path };
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool;
    const char *rule = "";
    int reason;

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    make_add(pool, &c->certs[THE_ROOT], CFK_BUNDLE_ROOT);
    make_add(pool, &c->certs[THE_CA], CFK_BUNDLE_POOL);
    ck_assert_msg(make_build(pool, &c->certs[THE_LEAF], &opts, &result, &err) == CFK_OK,
                  "%s", err.message);
    reason = cfk_bundle_reason(result, &err);
    if (reason != CFK_OK)
        rule = cfk_error_name(reason);
    for (size_t i = 0; i < cfk_bundle_rejected_count(result); i++) {
        ck_assert_int_eq(cfk_bundle_rejected(result, i, &path, NULL), CFK_OK);
        ck_assert((path.rule != NULL) == (path.reason == CFK_E_PROFILE));
        if (path.reason == CFK_E_PROFILE && reason == CFK_E_PROFILE) {
            rule = path.rule;
            ck_assert_ptr_nonnull(strstr(err.message, "profile"));
        }
    }
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rule;
}

void expect_rule(const struct chain *c, const char *rule, uint32_t mildest,
                 uint32_t strictest)
{
    for (uint32_t profile = 0; profile < PROFILES; profile++) {
        const char *wanted = profile >= mildest && profile <= strictest ? rule : "";
        const char *found = broken_rule(c, profile, CFK_BUNDLE_EKU_SERVER_AUTH);

        ck_assert_msg(strcmp(found, wanted) == 0, "profile %u: '%s' and not '%s'",
                      (unsigned)profile, found, wanted);
    }
}
