/* SPDX-License-Identifier: MIT */
#include "split/lock.h"

#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"

#include <string.h>

enum {
    VERSION = 1,
    MAC_SIZE = 32,
    AUTHENTICATED = CFK__LOCK_HEADER - MAC_SIZE,
};

/* As PNG begins: damage by a text mode, or by seven bits, shows at once. */
static const uint8_t MAGIC[8] = { 0x89, 'C', 'F', 'L', '\r', '\n', 0x1a, '\n' };

size_t cfk__place_context(const struct cfk__place *place, uint8_t *context)
{
    static const char name[] = "cfkit payload 1";
    struct cfk__writer w;

    cfk__writer_init(&w, context, CFK__PAYLOAD_CONTEXT);
    cfk__write(&w, name, sizeof name);
    cfk__write_u8(&w, place->kind);
    cfk__write(&w, place->set_id, sizeof place->set_id);
    cfk__write(&w, place->lock_id, sizeof place->lock_id);
    return cfk__writer_size(&w);
}

static int derive(const uint8_t *master, const char *name, uint8_t key[32],
                  struct cfk_error *err)
{
    return cfk__hkdf_expand(CFK__SHA512, master, CFK__MASTER_SIZE, name, strlen(name),
                            key, 32, err);
}

int cfk__payload_key(const uint8_t *master, uint8_t key[32], struct cfk_error *err)
{
    return derive(master, "cfkit payload key 1", key, err);
}

int cfk__lock_mac(const uint8_t *master, struct cfk__span data, uint8_t *mac,
                  struct cfk_error *err)
{
    uint8_t key[32];
    int rc = derive(master, "cfkit header key 1", key, err);

    if (rc == CFK_OK)
        rc = cfk__hmac(CFK__SHA256, key, sizeof key, data.data, data.size, mac, err);
    cfk__wipe(key, sizeof key);
    return rc;
}

void cfk__lock_write_prefix(struct cfk__writer *w, uint8_t kind, uint32_t payload)
{
    cfk__write(w, MAGIC, sizeof MAGIC);
    cfk__write_u8(w, VERSION);
    cfk__write_u8(w, kind);
    cfk__write_u16be(w, 0);
    cfk__write_u32be(w, payload);
}

bool cfk__lock_read_prefix(struct cfk__reader *r, struct cfk__lock_prefix *prefix)
{
    struct cfk__span magic;

    return cfk__read_span(r, sizeof MAGIC, &magic) &&
           memcmp(magic.data, MAGIC, sizeof MAGIC) == 0 &&
           cfk__read_u8(r, &prefix->version) && cfk__read_u8(r, &prefix->kind) &&
           cfk__read_u16be(r, &prefix->zero) && cfk__read_u32be(r, &prefix->payload);
}

int cfk__lock_write(const uint8_t *master, const struct cfk__place *place,
                    uint8_t *header, struct cfk_error *err)
{
    struct cfk__writer w;

    cfk__writer_init(&w, header, CFK__LOCK_HEADER);
    cfk__lock_write_prefix(&w, CFK_LOCK_SHARES, CFK__LOCK_HEADER);
    cfk__write(&w, place->set_id, sizeof place->set_id);
    cfk__write(&w, place->lock_id, sizeof place->lock_id);
    return cfk__lock_mac(master, (struct cfk__span){ header, AUTHENTICATED }, w.pos, err);
}

static int not_a_lock(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_CORRUPT,
                     "split: not a lock file, or its head is damaged");
}

int cfk__lock_parse(const uint8_t *header, size_t size, struct cfk__place *place,
                    struct cfk_error *err)
{
    struct cfk__lock_prefix prefix;
    struct cfk__reader r;

    cfk__reader_init(&r, header, size);
    if (!cfk__lock_read_prefix(&r, &prefix))
        return not_a_lock(err);
    if (prefix.version == VERSION && prefix.kind == CFK_LOCK_PEOPLE)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "split: a lock file that people open, not shares");
    if (prefix.version != VERSION || prefix.kind != CFK_LOCK_SHARES)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "split: a lock file of version %u, kind %u, not %u, %u",
                         prefix.version, prefix.kind, VERSION, CFK_LOCK_SHARES);
    if (prefix.zero != 0 || prefix.payload != CFK__LOCK_HEADER ||
        !cfk__read_copy(&r, place->set_id, sizeof place->set_id) ||
        !cfk__read_copy(&r, place->lock_id, sizeof place->lock_id) ||
        !cfk__read_skip(&r, MAC_SIZE))
        return not_a_lock(err);
    place->kind = CFK_LOCK_SHARES;
    return CFK_OK;
}

int cfk__lock_read(const uint8_t *master, const uint8_t *header, struct cfk__place *place,
                   struct cfk_error *err)
{
    struct cfk__place found;
    uint8_t mac[MAC_SIZE];
    int rc = cfk__lock_parse(header, CFK__LOCK_HEADER, &found, err);

    if (rc != CFK_OK)
        return rc;
    if (memcmp(found.set_id, place->set_id, sizeof found.set_id) != 0)
        return cfk__fail(err, CFK_E_OTHER_SET,
                         "split: the lock file and the shares are of different sets");
    *place = found;
    rc = cfk__lock_mac(master, (struct cfk__span){ header, AUTHENTICATED }, mac, err);
    if (rc == CFK_OK && !cfk__equal_secret(mac, header + AUTHENTICATED, sizeof mac))
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: the head of the lock file is forged");
    return rc;
}
