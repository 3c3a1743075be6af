/* SPDX-License-Identifier: MIT */
#include "cfbundle_build.h"

#include "common/cli.h"

#include <string.h>

/* The place of text among count names; false where it is not there. */
static bool look_up(const char *text, const char *const *names, uint32_t count,
                    uint32_t *out)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    return false;
}

bool cfbundle_eku(struct cfbundle_build *build, const char *text)
{
    static const char *const names[] = {
        [CFK_BUNDLE_EKU_SERVER_AUTH] = "serverAuth",
        [CFK_BUNDLE_EKU_CLIENT_AUTH] = "clientAuth",
        [CFK_BUNDLE_EKU_EMAIL_PROTECTION] = "emailProtection",
        [CFK_BUNDLE_EKU_ANY] = "any",
    };

    return look_up(text, names, sizeof names / sizeof *names, &build->options.eku);
}

bool cfbundle_profile(struct cfbundle_build *build, const char *text)
{
    static const char *const names[] = {
        [CFK_BUNDLE_PROFILE_DEFAULT] = "default",
        [CFK_BUNDLE_PROFILE_LENIENT] = "lenient",
        [CFK_BUNDLE_PROFILE_RFC5280] = "rfc5280",
        [CFK_BUNDLE_PROFILE_WEBPKI] = "webpki",
    };

    return look_up(text, names, sizeof names / sizeof *names, &build->options.profile);
}

/* The library reads the OIDs; here they are only put one behind the other. */
bool cfbundle_policy(struct cfbundle_build *build, const char *text)
{
    size_t used = strlen(build->policies);

    if (used + strlen(text) + 2 > sizeof build->policies)
        return false;
    if (used > 0)
        build->policies[used++] = ',';
    memcpy(build->policies + used, text, strlen(text) + 1);
    build->options.policies = build->policies;
    return true;
}

bool cfbundle_limit(struct cfbundle_build *build, const char *text)
{
    struct cfk_bundle_options *o = &build->options;
    const struct {
        const char *name;
        uint32_t *value;
    } counts[] = {
        { "signatures", &o->max_signatures },
        { "failures", &o->max_failures },
        { "expansions", &o->max_expansions },
        { "chains", &o->max_chains },
        { "rejected", &o->max_rejected },
        { "comparisons", &o->max_comparisons },
        { "fetches", &build->fetch->max_count },
        { "fetch-depth", &build->fetch->max_depth },
    };
    const struct {
        const char *name;
        uint64_t *value;
    } sizes[] = {
        { "fetch-size", &build->fetch->max_size },
        { "fetch-total", &build->fetch->max_total },
    };
    size_t length = strcspn(text, "=");
    const char *value = text + length + (text[length] == '=');
    uint64_t number;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (strlen(counts[i].name) == length &&
            memcmp(counts[i].name, text, length) == 0 &&
            cli_parse_u64(value, 1, UINT32_MAX, &number)) {
            *counts[i].value = (uint32_t)number;
            return true;
        }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (strlen(sizes[i].name) == length && memcmp(sizes[i].name, text, length) == 0 &&
            cli_parse_size(value, &number) && number > 0) {
            *sizes[i].value = number;
            return true;
        }
    return false;
}
