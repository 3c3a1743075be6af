/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include "bundle/pem.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795000000) /* where a case gives no time: November 2026 */

static void add(struct test_case *c, const char *kind, const char *base64)
{
    struct cfk__span text = { (const uint8_t *)base64, strlen(base64) };
    struct cfk__buffer der = { .alloc = NULL };
    size_t bad;

    ck_assert_int_eq(cfk__base64_decode(text, &der, &bad), CFK_OK);
    if (strcmp(kind, "leaf") == 0) {
        c->leaf = der.data;
        c->leaf_size = der.size;
        return;
    }
    if (strcmp(kind, "crl") == 0) /* one that cannot be read is simply not there */
        cfk_bundle_pool_add_crl(c->pool, der.data, der.size, NULL, NULL);
    else
        cfk_bundle_pool_add_der(
            c->pool, der.data, der.size,
            strcmp(kind, "root") == 0 ? CFK_BUNDLE_ROOT : CFK_BUNDLE_INPUT, NULL);
    cfk__buffer_free(&der);
}

static void read_line(struct test_case *c, const char *key, const char *value)
{
    if (strcmp(key, "expect") == 0)
        c->success = strcmp(value, "SUCCESS") == 0;
    else if (strcmp(key, "time") == 0)
        c->time = strcmp(value, "-") == 0 ? NOW : strtoll(value, NULL, 10);
    else if (strcmp(key, "depth") == 0)
        c->depth = strcmp(value, "-") == 0 ? -1 : strtoll(value, NULL, 10);
    else if (strcmp(key, "host") == 0)
        snprintf(c->host, sizeof c->host, "%s", value);
    else if (strcmp(key, "eku") == 0)
        snprintf(c->eku, sizeof c->eku, "%s", value);
    else if (strcmp(key, "features") == 0)
        snprintf(c->features, sizeof c->features, "%s", value);
    else if (strcmp(key, "leaf") == 0 || strcmp(key, "int") == 0 ||
             strcmp(key, "root") == 0 || strcmp(key, "crl") == 0)
        add(c, key, value);
}

bool cases_run(const char *suite, unsigned stride,
               void (*each)(void *ctx, const struct test_case *c), void *ctx)
{
    struct test_case c = { .pool = NULL };
    unsigned number = 0;
    char name[128];
    const char *path;
    char *text;
    size_t size;

    snprintf(name, sizeof name, "bundle/suites/%s.cases", suite);
    path = unit_data(name);
    if (path == NULL)
        return false;
    text = (char *)unit_read_file(path, &size);
    for (char *line = text; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        char *next = *end != '\0' ? end + 1 : end;
        char *value = line + strcspn(line, " \n");

        *end = '\0';
        if (*value == ' ')
            *value++ = '\0';
        if (strcmp(line, "case") == 0) {
            memset(&c, 0, sizeof c);
            if (number++ % stride == 0)
                ck_assert_int_eq(cfk_bundle_pool_new(NULL, &c.pool, NULL), CFK_OK);
            snprintf(c.id, sizeof c.id, "%s", value);
        } else if (c.pool != NULL && strcmp(line, "end") == 0) {
            each(ctx, &c);
            cfk_bundle_pool_free(c.pool);
            c.pool = NULL;
            free(c.leaf);
        } else if (c.pool != NULL) {
            read_line(&c, line, value);
        }
        line = next;
    }
    free(text);
    return true;
}

/* "policy-set:NIST-test-policy-1+NIST-test-policy-2" and the flags of PKITS. */
static void ask_for_policies(const char *features, char *text, size_t size,
                             struct cfk_bundle_options *opts)
{
    const char *at = strstr(features, "policy-set:");
    size_t used = 0;

    if (strstr(features, "InitialExplicitPolicy") != NULL)
        opts->flags |= CFK_BUNDLE_REQUIRE_POLICY;
    if (strstr(features, "InitialPolicyMappingInhibit") != NULL)
        opts->flags |= CFK_BUNDLE_NO_MAPPING;
    if (strstr(features, "InitialInhibitAnyPolicy") != NULL)
        opts->flags |= CFK_BUNDLE_NO_ANY_POLICY;
    if (at == NULL)
        return;
    for (at = strstr(at, "test-policy-"); at != NULL; at = strstr(at, "test-policy-")) {
        at += strlen("test-policy-");
        used += (size_t)snprintf(text + used, size - used, "%s2.16.840.1.101.3.2.1.48.%d",
                                 used > 0 ? "," : "", atoi(at));
        ck_assert_uint_lt(used, size);
    }
    opts->policies = text;
}

int case_build(const struct test_case *c, uint32_t profile, cfk_bundle_result **out,
               struct cfk_error *err)
{
    struct cfk_bundle_options opts = {
        .size = sizeof opts,
        .eku = CFK_BUNDLE_EKU_ANY,
        .profile = profile,
    };
    char policies[256];

    if (strncmp(c->host, "dns:", 4) == 0)
        opts.host = c->host + 4;
    else if (strncmp(c->host, "ip:", 3) == 0)
        opts.host = c->host + 3;
    if (strcmp(c->eku, "serverAuth") == 0)
        opts.eku = CFK_BUNDLE_EKU_SERVER_AUTH;
    else if (strcmp(c->eku, "clientAuth") == 0)
        opts.eku = CFK_BUNDLE_EKU_CLIENT_AUTH;
    if (strstr(c->features, "sha1-allowed") != NULL)
        opts.flags = CFK_BUNDLE_ALLOW_SHA1;
    ask_for_policies(c->features, policies, sizeof policies, &opts);
    if (c->depth >= 0)
        opts.max_length = (uint32_t)c->depth + 2;
    return cfk_bundle_build(c->pool, c->leaf, c->leaf_size, c->time, &opts, out, err);
}
