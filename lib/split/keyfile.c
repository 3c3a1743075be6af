/* SPDX-License-Identifier: MIT */
/*
 * The text of an identity:
 *
 *     cfkit-identity-1
 *     public: age1...
 *     kdf: argon2id m=65536 t=3 p=1 salt=...
 *     key: ...
 *     check: ...
 *
 * It has one spelling: what is read must be what would be written. The check,
 * of what stands before it, tells damage from a wrong passphrase.
 */
#include "base/error.h"
#include "split/bech32.h"
#include "split/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CHECK_SIZE = 8 };

static const char magic[] = "cfkit-identity-";
static const char version[] = "1\n";

static char *put_hex(char *text, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text += sprintf(text, "%02x", bytes[i]);
    return text;
}

static char *put_text(char *text, const char *words)
{
    size_t size = strlen(words);

    memcpy(text, words, size + 1);
    return text + size;
}

size_t cfk__keyfile_head(const struct cfk__keyfile *file,
                         char text[CFK__KEYFILE_MAX_TEXT])
{
    char public_text[CFK_IDENTITY_PUBLIC_SIZE];
    char *p = text;

    cfk__public_write(file->public_key, public_text);
    p += sprintf(p,
                 "%s%spublic: %s\n"
                 "kdf: argon2id m=%" PRIu32 " t=%" PRIu32 " p=%" PRIu32 " salt=",
                 magic, version, public_text, file->cost.memory_kib, file->cost.passes,
                 file->cost.lanes);
    p = put_hex(p, file->salt, sizeof file->salt);
    p = put_text(p, "\n");
    return (size_t)(p - text);
}

int cfk__keyfile_write(const struct cfk__keyfile *file, char text[CFK__KEYFILE_MAX_TEXT],
                       size_t *len, struct cfk_error *err)
{
    uint8_t digest[CFK__SHA256_SIZE];
    char *p = text + cfk__keyfile_head(file, text);
    int rc;

    p = put_text(p, "key: ");
    p = put_hex(p, file->commitment, sizeof file->commitment);
    p = put_hex(p, file->sealed, sizeof file->sealed);
    p = put_text(p, "\n");
    rc = cfk__hash(CFK__SHA256, text, (size_t)(p - text), digest, err);
    if (rc != CFK_OK)
        return rc;
    p = put_text(p, "check: ");
    p = put_hex(p, digest, CHECK_SIZE);
    p = put_text(p, "\n");
    *len = (size_t)(p - text);
    return CFK_OK;
}

/* --- reading --- */

static bool take_text(struct cfk__reader *r, const char *words)
{
    struct cfk__reader before = *r;
    struct cfk__span span;

    if (cfk__read_span(r, strlen(words), &span) &&
        memcmp(span.data, words, span.size) == 0)
        return true;
    *r = before;
    return false;
}

static bool take_number(struct cfk__reader *r, uint32_t *out)
{
    uint64_t value = 0;
    unsigned digits = 0;
    uint8_t c;

    while (r->pos < r->end && *r->pos >= '0' && *r->pos <= '9' && digits++ < 10) {
        cfk__read_u8(r, &c);
        value = value * 10 + (uint64_t)(c - '0');
    }
    *out = (uint32_t)value;
    return digits > 0 && value <= UINT32_MAX;
}

static bool hex_digit(uint8_t c, uint8_t *out)
{
    if (c >= '0' && c <= '9')
        *out = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *out = (uint8_t)(c - 'a' + 10);
    else
        return false;
    return true;
}

static bool take_hex(struct cfk__reader *r, uint8_t *out, size_t size)
{
    struct cfk__span span;

    if (!cfk__read_span(r, 2 * size, &span))
        return false;
    for (size_t i = 0; i < size; i++) {
        uint8_t high, low;

        if (!hex_digit(span.data[2 * i], &high) || !hex_digit(span.data[2 * i + 1], &low))
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool take_public(struct cfk__reader *r, uint8_t *key)
{
    struct cfk__span span;

    return cfk__read_span(r, CFK_IDENTITY_PUBLIC_SIZE - 1, &span) &&
           cfk__public_read((const char *)span.data, span.size, key, NULL) == CFK_OK;
}

static bool take_fields(struct cfk__reader *r, struct cfk__keyfile *file)
{
    return take_text(r, "public: ") && take_public(r, file->public_key) &&
           take_text(r, "\nkdf: argon2id m=") && take_number(r, &file->cost.memory_kib) &&
           take_text(r, " t=") && take_number(r, &file->cost.passes) &&
           take_text(r, " p=") && take_number(r, &file->cost.lanes) &&
           take_text(r, " salt=") && take_hex(r, file->salt, sizeof file->salt) &&
           take_text(r, "\nkey: ") &&
           take_hex(r, file->commitment, sizeof file->commitment) &&
           take_hex(r, file->sealed, sizeof file->sealed) && take_text(r, "\n");
}

int cfk__keyfile_read(const char *text, size_t len, struct cfk__keyfile *file,
                      struct cfk_error *err)
{
    char written[CFK__KEYFILE_MAX_TEXT];
    size_t written_len;
    struct cfk__reader r;
    int rc;

    cfk__reader_init(&r, text, len);
    if (!take_text(&r, magic))
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: not an identity: it does not begin with %s1", magic);
    if (!take_text(&r, version))
        return cfk__fail(err, CFK_E_NOTSUP,
                         "split: an identity of another version than 1");
    if (!take_fields(&r, file))
        return cfk__fail_at(err, CFK_E_CORRUPT, cfk__reader_offset(&r),
                            "split: the identity is damaged at byte %zu",
                            cfk__reader_offset(&r));
    rc = cfk__keyfile_write(file, written, &written_len, err);
    if (rc != CFK_OK)
        return rc;
    if (written_len != len || memcmp(written, text, len) != 0)
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: the identity is damaged: its check does not fit");
    return CFK_OK;
}
