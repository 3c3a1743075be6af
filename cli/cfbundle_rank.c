/* SPDX-License-Identifier: MIT */
#include "cfbundle_rank.h"

#include "common/cli.h"
#include "common/input.h"

#include <string.h>
#include <unistd.h>

#define MAX_PLATFORMS (UINT64_C(4) << 20)

/* The number of the first size bytes of text in a list of names; 0: not in it. */
static uint32_t look_up(const char *text, size_t size, const char *const *names)
{
    for (uint32_t i = 1; names[i] != NULL; i++)
        if (strlen(names[i]) == size && memcmp(names[i], text, size) == 0)
            return i;
    return 0;
}

bool cfbundle_order(struct cfbundle_ranking *ranking, const char *text)
{
    static const char *const names[] = {
        [0] = "",
        [CFK_BUNDLE_BY_LENGTH] = "shortest",
        [CFK_BUNDLE_BY_UBIQUITY] = "ubiquity",
        [CFK_BUNDLE_BY_SECURITY] = "security",
        [CFK_BUNDLE_BY_VALIDITY] = "longest",
        NULL,
    };
    size_t count = 0;

    memset(ranking->options.order, 0, sizeof ranking->options.order);
    for (;;) {
        size_t size = strcspn(text, ",");
        uint32_t criterion = look_up(text, size, names);

        for (size_t i = 0; i < count; i++)
            if (ranking->options.order[i] == criterion)
                return false;
        if (criterion == 0) /* there are four, so none fits behind the fourth */
            return false;
        ranking->options.order[count++] = criterion;
        if (text[size] == '\0')
            return true;
        text += size + 1;
    }
}

bool cfbundle_flavor(struct cfbundle_ranking *ranking, const char *text)
{
    static const char *const names[] = {
        [0] = "",
        [CFK_BUNDLE_FLAVOR_OPTIMAL] = "optimal",
        [CFK_BUNDLE_FLAVOR_UBIQUITOUS] = "ubiquitous",
        NULL,
    };

    ranking->forced = strcmp(text, "force") == 0;
    ranking->options.flavor = look_up(text, strlen(text), names);
    return ranking->forced || ranking->options.flavor != 0;
}

static int digit_of(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

static bool add_anchor(const char *text, uint8_t list[][32], size_t *count)
{
    if (*count == CFBUNDLE_ANCHORS)
        return false;
    for (size_t i = 0; i < 32; i++) {
        int high = digit_of(text[0]);
        int low = high >= 0 ? digit_of(text[1]) : -1;

        if (low < 0)
            return false;
        list[*count][i] = (uint8_t)(high << 4 | low);
        text += 2;
        text += *text == ':' && i < 31;
    }
    ++*count;
    return *text == '\0';
}

bool cfbundle_prefer(struct cfbundle_ranking *ranking, const char *text)
{
    return add_anchor(text, ranking->prefer, &ranking->options.prefer_count);
}

bool cfbundle_avoid(struct cfbundle_ranking *ranking, const char *text)
{
    return add_anchor(text, ranking->avoid, &ranking->options.avoid_count);
}

bool cfbundle_require(struct cfbundle_ranking *ranking, const char *name)
{
    if (ranking->options.require_count == CFBUNDLE_REQUIRED)
        return false;
    ranking->require[ranking->options.require_count++] = name;
    return true;
}

static int load(struct cfbundle_ranking *ranking, struct cfk_error *err)
{
    const char *path = ranking->path != NULL ? ranking->path : CFBUNDLE_PLATFORMS;
    struct cli_input in;
    int rc;

    if (ranking->path == NULL && access(path, R_OK) != 0) {
        cli_detail("%s is not there, so nobody knows who trusts which root", path);
        return CFK_OK;
    }
    rc = cli_input_open(&in, path, MAX_PLATFORMS, 0, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk_bundle_platforms_parse(in.data, in.size, NULL, &ranking->platforms, err);
    cli_input_close(&in);
    return rc;
}

/* Whether one chain is best, whatever platforms there are: reading them takes a while. */
static bool is_decided(const struct cfbundle_ranking *ranking,
                       const cfk_bundle_result *result)
{
    const struct cfk_bundle_rank_options *o = &ranking->options;
    struct cfk_bundle_chain_info first = { .size = sizeof first };
    struct cfk_bundle_chain_info second = { .size = sizeof second };

    if (ranking->path != NULL || o->require_count > 0)
        return false;
    if (cfk_bundle_chain_count(result) < 2)
        return true;
    if (o->flavor != CFK_BUNDLE_FLAVOR_NONE || o->order[0] != 0 || o->prefer_count > 0 ||
        o->avoid_count > 0)
        return false;
    cfk_bundle_chain(result, 0, &first, NULL);
    cfk_bundle_chain(result, 1, &second, NULL);
    return first.length < second.length;
}

int cfbundle_rank(struct cfbundle_ranking *ranking, cfk_bundle_result *result,
                  bool telling, struct cfk_error *err)
{
    int rc = CFK_OK;

    if (telling || !is_decided(ranking, result))
        rc = load(ranking, err);
    ranking->options.size = sizeof ranking->options;
    ranking->options.platforms = ranking->platforms;
    ranking->options.prefer = ranking->prefer[0];
    ranking->options.avoid = ranking->avoid[0];
    ranking->options.require = ranking->require;
    return rc == CFK_OK ? cfk_bundle_rank(result, &ranking->options, err) : rc;
}

void cfbundle_rank_free(struct cfbundle_ranking *ranking)
{
    cfk_bundle_platforms_free(ranking->platforms);
    ranking->platforms = NULL;
}
