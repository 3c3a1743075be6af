/* SPDX-License-Identifier: MIT */
#include "cfsplit_words.h"

#include <string.h>

static bool parse_small(const char *text, uint32_t *out)
{
    uint64_t value;

    if (!cli_parse_u64(text, 1, CFK_WORDS_MAX_MEMBERS, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

bool words_add_group(struct words_request *request, const char *text)
{
    const char *slash = strchr(text, '/');
    struct cfk_words_group *group = &request->groups[request->group_count];
    char threshold[4] = "";

    if (slash == NULL || (size_t)(slash - text) >= sizeof threshold ||
        request->group_count == CFK_WORDS_MAX_GROUPS)
        return false;
    memcpy(threshold, text, (size_t)(slash - text));
    if (!parse_small(threshold, &group->threshold) ||
        !parse_small(slash + 1, &group->count) || group->threshold > group->count)
        return false;
    request->group_count++;
    return true;
}

static uint32_t words_count(const struct words_request *request)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < request->group_count; i++)
        count += request->groups[i].count;
    return count;
}

int words_settle_groups(struct words_request *request, struct cfk_split_options *o)
{
    if (request->group_count == 0)
        return CLI_YES;
    if (o->count != 0)
        return cli_usage("--group says how many shares there are, not -n");
    if (o->threshold == 0)
        o->threshold = request->group_count;
    if (o->threshold > request->group_count)
        return cli_usage("%u groups of %u are not to be had", o->threshold,
                         request->group_count);
    request->needed = o->threshold;
    o->count = words_count(request);
    return CLI_YES;
}

int words_settle(struct words_request *request, bool words,
                 const struct cfk_split_options *o)
{
    if (!words && (request->group_count > 0 || request->passphrase))
        return cli_usage("--group and passphrases go with --words");
    if (!words)
        return CLI_YES;
    if (o->label != NULL)
        return cli_usage("shares in words have no place for a label");
    if (request->group_count > 0)
        return CLI_YES;
    if (o->count > CFK_WORDS_MAX_MEMBERS)
        return cli_usage("words are for up to %d shares, or several groups",
                         CFK_WORDS_MAX_MEMBERS);
    request->groups[0] = (struct cfk_words_group){ o->threshold, o->count };
    request->group_count = 1;
    request->needed = 1;
    return CLI_YES;
}

void words_place(const struct words_request *request, uint32_t number, uint32_t *group,
                 uint32_t *member)
{
    for (*group = 0; number >= request->groups[*group].count; (*group)++)
        number -= request->groups[*group].count;
    *member = number;
}

int words_make(struct words_request *request, const void *secret, size_t size,
               cfk_words **out, struct cfk_error *err)
{
    static struct cli_passphrase passphrase;
    struct cfk_words_options opts = {
        .size = sizeof opts,
        .groups = request->groups,
        .group_count = request->group_count,
        .group_threshold = request->needed,
        .passphrase = passphrase.bytes,
    };
    int rc = CFK_OK;

    *out = NULL;
    if (request->passphrase)
        rc = cli_passphrase_ask(&request->source, "Passphrase for the shares", true,
                                &passphrase, err);
    opts.passphrase_size = passphrase.size;
    if (rc == CFK_OK)
        rc = cfk_words_split(secret, size, &opts, out, err);
    cli_passphrase_wipe(&passphrase);
    return rc;
}
