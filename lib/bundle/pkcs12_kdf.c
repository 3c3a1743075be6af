/* SPDX-License-Identifier: MIT */
#include "bundle/pkcs12_kdf.h"

#include "base/error.h"
#include "base/secret.h"

#include <string.h>

enum {
    BLOCK_MAX = 128,
    SALT_MAX = 1024,
    PASSPHRASE_MAX = 4096,
    TEXT_MAX = 2 * PASSPHRASE_MAX + 2,
};

/* All in secret memory. What is hashed is use, then salt and text, in whole blocks. */
struct work {
    uint8_t hashed[BLOCK_MAX + 2 * BLOCK_MAX + SALT_MAX + TEXT_MAX];
    uint8_t text[TEXT_MAX]; /* the passphrase in UTF-16, with a zero behind it */
    size_t text_size;
    uint8_t digest[CFK__HASH_MAX];
    uint8_t step[BLOCK_MAX];
};

static void put_unit(struct work *w, uint32_t unit)
{
    w->text[w->text_size++] = (uint8_t)(unit >> 8);
    w->text[w->text_size++] = (uint8_t)unit;
}

/* The next character of UTF-8; false where it is none. */
static bool next_character(struct cfk__reader *r, uint32_t *out)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    uint8_t byte;
    unsigned more;

    if (!cfk__read_u8(r, &byte) || (byte >= 0x80 && byte < 0xc2) || byte > 0xf4)
        return false;
    more = byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    *out = more == 0 ? byte : byte & (0x3fU >> more);
    for (unsigned i = 0; i < more; i++) {
        if (!cfk__read_u8(r, &byte) || (byte & 0xc0) != 0x80)
            return false;
        *out = *out << 6 | (byte & 0x3f);
    }
    return *out >= least[more] && *out <= 0x10ffff && (*out & 0x1ff800) != 0xd800;
}

/* As openssl does: what is not UTF-8 is Latin-1. */
static void write_text(struct work *w, struct cfk__span passphrase)
{
    struct cfk__reader r;
    bool is_utf8 = true;
    uint32_t c;

    cfk__reader_init(&r, passphrase.data, passphrase.size);
    while (cfk__reader_left(&r) > 0) {
        is_utf8 = next_character(&r, &c);
        if (!is_utf8)
            break;
        if (c > 0xffff) {
            put_unit(w, 0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        put_unit(w, c);
    }
    if (!is_utf8) {
        w->text_size = 0;
        for (size_t i = 0; i < passphrase.size; i++)
            put_unit(w, passphrase.data[i]);
    }
    put_unit(w, 0);
}

/* data over and over, up to whole blocks. Their size. */
static size_t repeat(uint8_t *out, const uint8_t *data, size_t size, size_t block)
{
    size_t whole = (size + block - 1) / block * block;

    for (size_t i = 0; i < whole; i++)
        out[i] = data[i % size];
    return whole;
}

/* Each block as a number: more by step and one. */
static void advance(uint8_t *blocks, size_t size, const uint8_t *step, size_t block)
{
    for (size_t at = 0; at < size; at += block) {
        unsigned carry = 1;

        for (size_t i = block; i-- > 0;) {
            carry += blocks[at + i] + step[i];
            blocks[at + i] = (uint8_t)carry;
            carry >>= 8;
        }
    }
}

static int run(struct work *w, struct cfk__hash_ctx *ctx, enum cfk__hash_id hash,
               size_t filled, uint32_t iterations, uint8_t *out, size_t size,
               struct cfk_error *err)
{
    size_t block = hash == CFK__SHA384 || hash == CFK__SHA512 ? BLOCK_MAX : 64;
    size_t digest = cfk__hash_size(hash);
    int rc = CFK_OK;

    while (size > 0 && rc == CFK_OK) {
        size_t take = size < digest ? size : digest;

        rc = cfk__hash_again(ctx, w->hashed, block + filled, w->digest, err);
        for (uint32_t i = 1; i < iterations && rc == CFK_OK; i++)
            rc = cfk__hash_again(ctx, w->digest, digest, w->digest, err);
        memcpy(out, w->digest, take);
        out += take;
        size -= take;
        for (size_t i = 0; i < block; i++)
            w->step[i] = w->digest[i % digest];
        advance(w->hashed + block, filled, w->step, block);
    }
    return rc;
}

static int derive(struct work *w, enum cfk__hash_id hash, enum cfk__pkcs12_use use,
                  struct cfk__span salt, uint32_t iterations, uint8_t *out, size_t size,
                  struct cfk_error *err)
{
    size_t block = hash == CFK__SHA384 || hash == CFK__SHA512 ? BLOCK_MAX : 64;
    struct cfk__hash_ctx *ctx;
    size_t filled;
    int rc = cfk__hash_new(hash, &ctx, err);

    if (rc != CFK_OK)
        return rc;
    memset(w->hashed, (int)use, block);
    filled = repeat(w->hashed + block, salt.data, salt.size, block);
    filled += repeat(w->hashed + block + filled, w->text, w->text_size, block);
    rc = run(w, ctx, hash, filled, iterations, out, size, err);
    cfk__hash_free(ctx);
    return rc;
}

int cfk__pkcs12_kdf(enum cfk__hash_id hash, enum cfk__pkcs12_use use,
                    const struct cfk__passphrase *pass, struct cfk__span salt,
                    uint32_t iterations, uint8_t *out, size_t size, struct cfk_error *err)
{
    void *memory;
    int rc;

    if (iterations == 0)
        return cfk__fail(err, CFK_E_CORRUPT, "bundle: a passphrase hashed 0 times");
    if (iterations > pass->max_iterations || salt.size > SALT_MAX ||
        pass->text.size > PASSPHRASE_MAX)
        return cfk__fail(err, CFK_E_LIMIT,
                         "bundle: a passphrase hashed %lu times, with a salt of %zu "
                         "bytes; the limits are %lu and %d",
                         (unsigned long)iterations, salt.size,
                         (unsigned long)pass->max_iterations, SALT_MAX);
    rc = cfk__secret_new(sizeof(struct work), &memory, err);
    if (rc != CFK_OK)
        return rc;
    write_text(memory, pass->text);
    rc = derive(memory, hash, use, salt, iterations, out, size, err);
    cfk__secret_free(memory);
    return rc;
}
