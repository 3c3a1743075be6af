/* SPDX-License-Identifier: MIT */
/*
 * platforms.yaml, the format of cfbundle-platforms(5). What is not known in it
 * is skipped, but for constraints and what is said of a root: to let one be
 * would claim trust that is not there.
 */
#include "base/error.h"
#include "bundle/platforms.h"
#include "bundle/yaml_events.h"

#include <string.h>

enum { MAX_WEIGHT = 1000000 };

static cfk_bundle_platforms *platforms_of(const struct cfk__yaml *in)
{
    return in->context;
}

/* --- a list of roots --- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_sha256(struct cfk__yaml *in, void *target)
{
    struct cfk__store_root *root = target;
    size_t size;
    const char *text = cfk__yaml_text(in, &size);

    if (size != 2 * sizeof root->sha256)
        return cfk__yaml_corrupt(in, "the SHA-256 of a root in 64 digits is wanted here");
    for (size_t i = 0; i < sizeof root->sha256; i++) {
        int high = digit_of(text[2 * i]);
        int low = digit_of(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return cfk__yaml_corrupt(in,
                                     "the SHA-256 of a root in 64 digits is wanted here");
        root->sha256[i] = (uint8_t)(high << 4 | low);
    }
    return CFK_OK;
}

static int read_root_since(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_date(in, &((struct cfk__store_root *)target)->since);
}

static int read_root_until(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_date(in, &((struct cfk__store_root *)target)->until);
}

/* A fingerprint, or a mapping with it and dates. target: the number of the store. */
static int read_root(struct cfk__yaml *in, void *target)
{
    static const struct cfk__yaml_field fields[] = {
        { "sha256", read_sha256 },
        { "since", read_root_since },
        { "until", read_root_until },
        { NULL, NULL },
    };
    static const uint8_t none[CFK__SHA256_SIZE];
    cfk_bundle_platforms *platforms = platforms_of(in);
    struct cfk__store_root root = { .since = INT64_MIN, .until = INT64_MAX };
    struct cfk__store_root *kept;
    int rc;

    root.store = *(uint32_t *)target;
    rc = in->event.type == YAML_MAPPING_START_EVENT
             ? cfk__yaml_mapping(in, fields, &root, "this is not known here")
             : read_sha256(in, &root);
    if (rc != CFK_OK)
        return rc;
    if (memcmp(root.sha256, none, sizeof none) == 0)
        return cfk__yaml_corrupt(in, "a root without its sha256");
    if (platforms->roots.count >= platforms->max_roots)
        return cfk__fail(in->err, CFK_E_LIMIT,
                         "bundle: platforms: at most %zu roots are allowed",
                         platforms->max_roots);
    kept = cfk__platforms_grow(platforms, &platforms->roots, sizeof *kept);
    if (kept == NULL)
        return cfk__yaml_no_memory(in);
    *kept = root;
    return CFK_OK;
}

/* A new store without platforms; its number. */
static int new_store(struct cfk__yaml *in, uint32_t *number)
{
    cfk_bundle_platforms *platforms = platforms_of(in);
    struct cfk__store *store;

    if (platforms->stores.count >= platforms->max_roots)
        return cfk__fail(in->err, CFK_E_LIMIT,
                         "bundle: platforms: at most %zu stores are allowed",
                         platforms->max_roots);
    store = cfk__platforms_grow(platforms, &platforms->stores, sizeof *store);
    if (store == NULL)
        return cfk__yaml_no_memory(in);
    store->first = (uint32_t)platforms->members.count;
    *number = (uint32_t)(platforms->stores.count - 1);
    return CFK_OK;
}

static int add_member(struct cfk__yaml *in, uint32_t number, size_t platform)
{
    cfk_bundle_platforms *platforms = platforms_of(in);
    struct cfk__store *store = (struct cfk__store *)platforms->stores.items + number;
    uint32_t *member;

    if (store->count >= platforms->max_platforms ||
        platforms->members.count >= platforms->max_roots)
        return cfk__fail(in->err, CFK_E_LIMIT,
                         "bundle: platforms: too many platforms in stores, %zu",
                         platforms->members.count);
    member = cfk__platforms_grow(platforms, &platforms->members, sizeof *member);
    if (member == NULL)
        return cfk__yaml_no_memory(in);
    *member = (uint32_t)platform;
    store->count++;
    return CFK_OK;
}

/* --- platforms --- */

static int read_name(struct cfk__yaml *in, void *target)
{
    struct cfk__platform *platform = target;
    size_t size;
    const char *text = cfk__yaml_text(in, &size);

    if (text != NULL && cfk__platforms_find(platforms_of(in), text, size) != SIZE_MAX)
        return cfk__yaml_corrupt(in, "this platform is there twice");
    return cfk__yaml_copy(in, &platform->name);
}

static int read_label(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_copy(in, &((struct cfk__platform *)target)->label);
}

static int read_weight(struct cfk__yaml *in, void *target)
{
    struct cfk__platform *platform = target;
    uint32_t weight = 0;
    size_t size;
    const char *text = cfk__yaml_text(in, &size);

    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || weight > MAX_WEIGHT)
            size = 0;
        else
            weight = weight * 10 + (uint32_t)(text[i] - '0');
    }
    if (size == 0 || weight > MAX_WEIGHT)
        return cfk__yaml_corrupt(in, "a weight from 0 to 1000000 is wanted here");
    platform->weight = weight;
    return CFK_OK;
}

static int read_since(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_date(in, &((struct cfk__platform *)target)->since);
}

static int read_until(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_date(in, &((struct cfk__platform *)target)->until);
}

static int read_sha1(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_choice(in, &((struct cfk__platform *)target)->sha1, "accept",
                            "reject");
}

static int read_ecdsa(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_choice(in, &((struct cfk__platform *)target)->ecdsa, "true",
                            "false");
}

static int read_expiry(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_choice(in, &((struct cfk__platform *)target)->expiry, "true",
                            "false");
}

static int read_constraints(struct cfk__yaml *in, void *target)
{
    static const struct cfk__yaml_field fields[] = {
        { "sha1_signatures", read_sha1 },
        { "ecdsa", read_ecdsa },
        { "enforces_anchor_expiry", read_expiry },
        { NULL, NULL },
    };

    return cfk__yaml_mapping(in, fields, target, "this is not known here");
}

/* The roots of the platform being read, the last one. */
static int read_own_roots(struct cfk__yaml *in, void *target)
{
    uint32_t number;
    int rc = new_store(in, &number);

    (void)target;
    if (rc == CFK_OK)
        rc = add_member(in, number, platforms_of(in)->platforms.count - 1);
    return rc == CFK_OK ? cfk__yaml_sequence(in, read_root, &number) : rc;
}

static int read_platform(struct cfk__yaml *in, void *target)
{
    static const struct cfk__yaml_field fields[] = {
        { "name", read_name },       { "label", read_label },
        { "weight", read_weight },   { "since", read_since },
        { "until", read_until },     { "constraints", read_constraints },
        { "roots", read_own_roots }, { NULL, NULL },
    };
    cfk_bundle_platforms *platforms = platforms_of(in);
    struct cfk__platform *platform;
    int rc;

    (void)target;
    if (platforms->platforms.count >= platforms->max_platforms)
        return cfk__fail(in->err, CFK_E_LIMIT,
                         "bundle: platforms: at most %zu platforms are allowed",
                         platforms->max_platforms);
    platform = cfk__platforms_grow(platforms, &platforms->platforms, sizeof *platform);
    if (platform == NULL)
        return cfk__yaml_no_memory(in);
    *platform = (struct cfk__platform){
        .weight = 1, .ecdsa = true, .expiry = true, .since = INT64_MIN, .until = INT64_MAX
    };
    rc = cfk__yaml_mapping(in, fields, platform, NULL);
    if (rc == CFK_OK && platform->name == NULL)
        return cfk__yaml_corrupt(in, "a platform without a name");
    return rc;
}

/* --- stores --- */

static int read_member(struct cfk__yaml *in, void *target)
{
    size_t platform = SIZE_MAX;
    size_t size;
    const char *text = cfk__yaml_text(in, &size);

    if (text != NULL)
        platform = cfk__platforms_find(platforms_of(in), text, size);
    if (platform == SIZE_MAX)
        return cfk__yaml_corrupt(in, "the name of a platform further up is wanted here");
    return add_member(in, *(uint32_t *)target, platform);
}

static int read_members(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_sequence(in, read_member, target);
}

static int read_roots(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_sequence(in, read_root, target);
}

static int read_store(struct cfk__yaml *in, void *target)
{
    static const struct cfk__yaml_field fields[] = {
        { "platforms", read_members },
        { "roots", read_roots },
        { NULL, NULL },
    };
    uint32_t number;
    int rc = new_store(in, &number);

    (void)target;
    return rc == CFK_OK ? cfk__yaml_mapping(in, fields, &number, NULL) : rc;
}

/* --- the document --- */

static int read_version(struct cfk__yaml *in, void *target)
{
    bool *versioned = target;
    size_t size;
    const char *text = cfk__yaml_text(in, &size);

    if (size != 1 || text[0] != '1')
        return cfk__yaml_corrupt(in, "version 1 is wanted here");
    *versioned = true;
    return CFK_OK;
}

static int read_platforms(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_sequence(in, read_platform, target);
}

static int read_stores(struct cfk__yaml *in, void *target)
{
    return cfk__yaml_sequence(in, read_store, target);
}

int cfk__platforms_read(cfk_bundle_platforms *platforms, const void *yaml, size_t size,
                        struct cfk_error *err)
{
    static const struct cfk__yaml_field fields[] = {
        { "version", read_version },
        { "platforms", read_platforms },
        { "stores", read_stores },
        { NULL, NULL },
    };
    struct cfk__yaml in = { .alloc = &platforms->alloc,
                            .context = platforms,
                            .err = err };
    bool versioned = false;
    int rc = cfk__yaml_open(&in, yaml, size);

    if (rc == CFK_OK)
        rc = cfk__yaml_document(&in, fields, &versioned);
    if (rc == CFK_OK && !versioned)
        rc = cfk__fail(err, CFK_E_CORRUPT, "bundle: platforms: there is no version: 1");
    cfk__yaml_close(&in);
    return rc;
}
