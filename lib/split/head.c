/* SPDX-License-Identifier: MIT */
#include "split/head.h"

#include "base/error.h"
#include "base/secret.h"
#include "split/bech32.h"
#include "split/policy_share.h"

#include <string.h>

enum {
    VERSION = 1,
    PREFIX = 28, /* before the body */
    CHECK_SIZE = CFK__SHA256_SIZE,
    MAC_SIZE = CFK__SHA256_SIZE,
    BODY_MAX = CFK__SLOT_SIZE - PREFIX - CHECK_SIZE - MAC_SIZE,
    COST_SIZE = 4 + 4 + 1 + CFK__LOCK_SALT,
};

/* Fields of the body, each once and in this order, but for people. */
enum field {
    LOCK_ID = 1,
    GENERATION = 2,
    POLICY = 3,
    EPHEMERAL = 4,
    PERSON = 5, /* one for each */
};

void cfk__head_vectors(const cfk_policy *policy, uint16_t vectors[CFK_POLICY_MAX_PEOPLE])
{
    struct cfk__policy_leaf leaf;

    memset(vectors, 0, CFK_POLICY_MAX_PEOPLE * sizeof *vectors);
    for (size_t i = 0; cfk__policy_leaf(policy, i, &leaf); i++)
        vectors[leaf.person] = (uint16_t)(vectors[leaf.person] + leaf.count);
}

/* --- writing --- */

static void write_field(struct cfk__writer *w, enum field field, size_t size)
{
    cfk__write_u8(w, (uint8_t)field);
    cfk__write_u16be(w, (uint16_t)size);
}

static void write_person(struct cfk__writer *w, const struct cfk__holder *person)
{
    size_t cost = person->kind == CFK_LOCK_PASSPHRASE ? COST_SIZE : 0;

    write_field(w, PERSON, 1 + CFK__X25519_SIZE + cost + person->wrapped.size);
    cfk__write_u8(w, person->kind);
    cfk__write(w, person->public_key, sizeof person->public_key);
    if (cost > 0) {
        cfk__write_u32be(w, person->cost.memory_kib);
        cfk__write_u32be(w, person->cost.passes);
        cfk__write_u8(w, (uint8_t)person->cost.lanes);
        cfk__write(w, person->salt, sizeof person->salt);
    }
    cfk__write(w, person->wrapped.data, person->wrapped.size);
}

/* Returns false where it does not fit. */
static bool write_body(struct cfk__writer *w, const struct cfk__head *head)
{
    const char *policy = cfk_policy_text(head->policy);
    size_t people = cfk_policy_people(head->policy);

    if (strlen(policy) > BODY_MAX)
        return false;
    write_field(w, LOCK_ID, sizeof head->lock_id);
    cfk__write(w, head->lock_id, sizeof head->lock_id);
    write_field(w, GENERATION, 4);
    cfk__write_u32be(w, head->generation);
    write_field(w, POLICY, strlen(policy));
    cfk__write(w, policy, strlen(policy));
    write_field(w, EPHEMERAL, sizeof head->ephemeral);
    cfk__write(w, head->ephemeral, sizeof head->ephemeral);
    for (size_t i = 0; i < people; i++)
        write_person(w, &head->people[i]);
    return cfk__writer_ok(w);
}

int cfk__head_write(const struct cfk__head *head, const uint8_t *master, uint8_t *slot,
                    struct cfk_error *err)
{
    struct cfk__writer w;
    size_t body;
    int rc;

    memset(slot, 0, CFK__SLOT_SIZE);
    cfk__writer_init(&w, slot + PREFIX, BODY_MAX);
    if (!write_body(&w, head))
        return cfk__fail(err, CFK_E_LIMIT,
                         "split: the head of a lock has no room for so many people and "
                         "shares: %d bytes",
                         BODY_MAX);
    body = cfk__writer_size(&w);
    cfk__writer_init(&w, slot, CFK__SLOT_SIZE);
    cfk__lock_write_prefix(&w, CFK_LOCK_PEOPLE, CFK_LOCK_HEAD);
    cfk__write_u64be(&w, head->sequence);
    cfk__write_u32be(&w, (uint32_t)body);
    body += PREFIX;
    rc = cfk__lock_mac(master, (struct cfk__span){ slot, body }, slot + body, err);
    if (rc == CFK_OK)
        rc = cfk__hash(CFK__SHA256, slot, body + MAC_SIZE, slot + body + MAC_SIZE, err);
    return rc;
}

/* --- reading --- */

static bool is_zero(const uint8_t *data, size_t size)
{
    uint8_t any = 0;

    for (size_t i = 0; i < size; i++)
        any |= data[i];
    return any == 0;
}

/* The prefix, in slot->body as long as the body says to be, and as long as it may. */
static bool read_prefix(struct cfk__reader *r, unsigned number, struct cfk__slot *slot)
{
    struct cfk__lock_prefix prefix;
    uint32_t body = 0;

    if (!cfk__lock_read_prefix(r, &prefix))
        return false;
    slot->state = CFK__SLOT_NEWER;
    if (prefix.version != VERSION)
        return false;
    slot->state = CFK__SLOT_DAMAGED;
    return prefix.kind == CFK_LOCK_PEOPLE && prefix.zero == 0 &&
           prefix.payload == CFK_LOCK_HEAD && cfk__read_u64be(r, &slot->sequence) &&
           cfk__read_u32be(r, &body) && slot->sequence % 2 == number &&
           body <= BODY_MAX && cfk__read_span(r, body, &slot->body);
}

int cfk__slot_look(const uint8_t *data, size_t size, unsigned number,
                   struct cfk__slot *slot, struct cfk_error *err)
{
    uint8_t digest[CHECK_SIZE];
    struct cfk__reader r;
    size_t checked;
    int rc;

    *slot = (struct cfk__slot){ .state = CFK__SLOT_DAMAGED };
    if (size < CFK__SLOT_SIZE)
        return CFK_OK;
    cfk__reader_init(&r, data, CFK__SLOT_SIZE);
    if (!read_prefix(&r, number, slot))
        return CFK_OK;
    checked = cfk__reader_offset(&r) + MAC_SIZE;
    slot->used = checked + CHECK_SIZE;
    rc = cfk__hash(CFK__SHA256, data, checked, digest, err);
    if (rc != CFK_OK)
        return rc;
    if (memcmp(digest, data + checked, CHECK_SIZE) == 0 &&
        is_zero(data + slot->used, CFK__SLOT_SIZE - slot->used))
        slot->state = CFK__SLOT_GOOD;
    return CFK_OK;
}

static int contradicts(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_CORRUPT,
                     "split: the head of the lock file contradicts itself");
}

/* The next field must be this one. */
static int read_field(struct cfk__reader *body, enum field field, struct cfk__reader *out,
                      struct cfk_error *err)
{
    uint8_t type = 0;
    uint16_t size = 0;

    if (!cfk__read_u8(body, &type) || !cfk__read_u16be(body, &size))
        return contradicts(err);
    if (type > PERSON)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "split: the lock file has a field %u, of a newer version", type);
    if (type != field || !cfk__read_sub(body, size, out))
        return contradicts(err);
    return CFK_OK;
}

static int read_copy(struct cfk__reader *body, enum field field, void *out, size_t size,
                     struct cfk_error *err)
{
    struct cfk__reader value;
    int rc = read_field(body, field, &value, err);

    if (rc != CFK_OK)
        return rc;
    return cfk__read_copy(&value, out, size) && cfk__reader_left(&value) == 0
               ? CFK_OK
               : contradicts(err);
}

static int read_generation(struct cfk__reader *body, uint32_t *generation,
                           struct cfk_error *err)
{
    struct cfk__reader value;
    int rc = read_field(body, GENERATION, &value, err);

    if (rc != CFK_OK)
        return rc;
    return cfk__read_u32be(&value, generation) && cfk__reader_left(&value) == 0 &&
                   *generation > 0
               ? CFK_OK
               : contradicts(err);
}

/* Only the canonical spelling is one. */
static int read_policy(struct cfk__reader *body, const struct cfk_alloc *alloc,
                       cfk_policy **policy, struct cfk_error *err)
{
    struct cfk_policy_options opts = { .size = sizeof opts,
                                       .allow_single = 1,
                                       .alloc = alloc };
    struct cfk__reader value;
    size_t len;
    int rc = read_field(body, POLICY, &value, err);

    if (rc != CFK_OK)
        return rc;
    len = cfk__reader_left(&value);
    rc = cfk_policy_parse((const char *)value.pos, len, &opts, policy, err);
    if (rc == CFK_E_NOMEM)
        return rc;
    if (rc != CFK_OK || strlen(cfk_policy_text(*policy)) != len ||
        memcmp(cfk_policy_text(*policy), value.pos, len) != 0)
        return contradicts(err);
    return CFK_OK;
}

static int read_cost(struct cfk__reader *r, const struct cfk__kdf_limits *limits,
                     struct cfk__holder *person, struct cfk_error *err)
{
    uint8_t lanes = 0;
    int rc;

    if (!cfk__read_u32be(r, &person->cost.memory_kib) ||
        !cfk__read_u32be(r, &person->cost.passes) || !cfk__read_u8(r, &lanes) ||
        !cfk__read_copy(r, person->salt, sizeof person->salt))
        return contradicts(err);
    person->cost.lanes = lanes;
    rc = cfk__kdf_check(&person->cost, limits, err);
    return rc == CFK_E_INVALID ? contradicts(err) : rc;
}

static int read_person(struct cfk__reader *body, const struct cfk__kdf_limits *limits,
                       size_t share_size, struct cfk__holder *person,
                       struct cfk_error *err)
{
    struct cfk__reader r;
    int rc = read_field(body, PERSON, &r, err);

    if (rc != CFK_OK)
        return rc;
    if (!cfk__read_u8(&r, &person->kind) ||
        !cfk__read_copy(&r, person->public_key, sizeof person->public_key))
        return contradicts(err);
    if (person->kind != CFK_LOCK_IDENTITY && person->kind != CFK_LOCK_PASSPHRASE)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "split: the lock file has a person of kind %u, of a newer "
                         "version",
                         person->kind);
    if (person->kind == CFK_LOCK_PASSPHRASE)
        rc = read_cost(&r, limits, person, err);
    if (rc != CFK_OK)
        return rc;
    if (!cfk__read_span(&r, share_size + CFK__WRAP_TAG, &person->wrapped) ||
        cfk__reader_left(&r) != 0)
        return contradicts(err);
    return CFK_OK;
}

int cfk__head_read(const struct cfk__slot *slot, const struct cfk__kdf_limits *limits,
                   const struct cfk_alloc *alloc, struct cfk__head *head,
                   struct cfk_error *err)
{
    uint16_t vectors[CFK_POLICY_MAX_PEOPLE];
    struct cfk__reader body;
    int rc;

    head->sequence = slot->sequence;
    cfk__reader_init(&body, slot->body.data, slot->body.size);
    rc = read_copy(&body, LOCK_ID, head->lock_id, sizeof head->lock_id, err);
    if (rc == CFK_OK)
        rc = read_generation(&body, &head->generation, err);
    if (rc == CFK_OK)
        rc = read_policy(&body, alloc, &head->policy, err);
    if (rc == CFK_OK)
        rc = read_copy(&body, EPHEMERAL, head->ephemeral, sizeof head->ephemeral, err);
    if (rc == CFK_OK)
        cfk__head_vectors(head->policy, vectors);
    for (size_t i = 0; rc == CFK_OK && i < cfk_policy_people(head->policy); i++)
        rc = read_person(&body, limits, (size_t)vectors[i] * CFK__MASTER_SIZE,
                         &head->people[i], err);
    if (rc == CFK_OK && cfk__reader_left(&body) != 0)
        return contradicts(err);
    return rc;
}

int cfk__slot_check(const uint8_t *data, const struct cfk__slot *slot,
                    const uint8_t *master, struct cfk_error *err)
{
    uint8_t mac[MAC_SIZE];
    size_t authenticated = slot->used - CHECK_SIZE - MAC_SIZE;
    int rc = cfk__lock_mac(master, (struct cfk__span){ data, authenticated }, mac, err);

    if (rc == CFK_OK && !cfk__equal_secret(mac, data + authenticated, sizeof mac))
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: the head of the lock file is forged");
    return rc;
}
