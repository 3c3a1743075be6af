/* SPDX-License-Identifier: MIT */
#include "split/lock.h"

#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"

#include <string.h>

enum {
    VERSION = 1,
    FOR_SHARES = 1, /* the kind of lock that shares open */
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
    cfk__write_u8(&w, place->in_lock);
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

static int header_mac(const uint8_t *master, const uint8_t *header, uint8_t *mac,
                      struct cfk_error *err)
{
    uint8_t key[32];
    int rc = derive(master, "cfkit header key 1", key, err);

    if (rc == CFK_OK)
        rc = cfk__hmac(CFK__SHA256, key, sizeof key, header, AUTHENTICATED, mac, err);
    cfk__wipe(key, sizeof key);
    return rc;
}

int cfk__lock_write(const uint8_t *master, const struct cfk__place *place,
                    uint8_t *header, struct cfk_error *err)
{
    struct cfk__writer w;

    cfk__writer_init(&w, header, CFK__LOCK_HEADER);
    cfk__write(&w, MAGIC, sizeof MAGIC);
    cfk__write_u8(&w, VERSION);
    cfk__write_u8(&w, FOR_SHARES);
    cfk__write_u16be(&w, 0);
    cfk__write_u32be(&w, CFK__LOCK_HEADER); /* where the payload begins */
    cfk__write(&w, place->set_id, sizeof place->set_id);
    cfk__write(&w, place->lock_id, sizeof place->lock_id);
    return header_mac(master, header, w.pos, err);
}

static int not_a_lock(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_CORRUPT,
                     "split: not a lock file, or its head is damaged");
}

int cfk__lock_read(const uint8_t *master, const uint8_t *header, struct cfk__place *place,
                   struct cfk_error *err)
{
    uint8_t magic[sizeof MAGIC];
    uint8_t set_id[CFK__SET_ID_SIZE];
    uint8_t mac[MAC_SIZE];
    struct cfk__reader r;
    uint8_t version = 0, kind = 0;
    uint16_t zero = 0;
    uint32_t size = 0;
    int rc;

    cfk__reader_init(&r, header, CFK__LOCK_HEADER);
    if (!cfk__read_copy(&r, magic, sizeof magic) || !cfk__read_u8(&r, &version) ||
        !cfk__read_u8(&r, &kind) || !cfk__read_u16be(&r, &zero) ||
        !cfk__read_u32be(&r, &size) || !cfk__read_copy(&r, set_id, sizeof set_id) ||
        !cfk__read_copy(&r, place->lock_id, sizeof place->lock_id) ||
        memcmp(magic, MAGIC, sizeof MAGIC) != 0)
        return not_a_lock(err);
    if (version != VERSION || kind != FOR_SHARES)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "split: a lock file of version %u, kind %u, not %u, %u", version,
                         kind, VERSION, FOR_SHARES);
    if (zero != 0 || size != CFK__LOCK_HEADER)
        return not_a_lock(err);
    if (memcmp(set_id, place->set_id, sizeof set_id) != 0)
        return cfk__fail(err, CFK_E_OTHER_SET,
                         "split: the lock file and the shares are of different sets");
    rc = header_mac(master, header, mac, err);
    if (rc == CFK_OK && !cfk__equal_secret(mac, r.pos, sizeof mac))
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: the head of the lock file is forged");
    return rc;
}
