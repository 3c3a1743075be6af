/* SPDX-License-Identifier: MIT */
#include "split/share.h"

#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"
#include "split/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    VERSION = 2,
    HAS_PROOF = 1,   /* always, in this version */
    HAS_PAYLOAD = 2, /* the sealed secret is inside */
    CHECKSUM_SIZE = 4,
    HEADER_MAX = 64 + 2 * (8 + CFK_SPLIT_MAX_NAME + 2),
};

/* Second bytes of the sequences that could be overlong or out of range. */
static bool second_byte_ok(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0: return second >= 0xa0;
    case 0xed: return second < 0xa0;
    case 0xf0: return second >= 0x90;
    case 0xf4: return second < 0x90;
    default: return true;
    }
}

/* Bytes that follow the first of a character, or -1. */
static int bytes_to_follow(uint8_t c)
{
    if (c < 0x80)
        return c < 0x20 || c == 0x7f ? -1 : 0;
    if (c < 0xc2 || c > 0xf4)
        return -1;
    return c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

bool cfk__share_name_ok(const char *name, size_t size)
{
    const uint8_t *p = (const uint8_t *)name;

    if (size > CFK_SPLIT_MAX_NAME || (size > 0 && (p[0] == ' ' || p[size - 1] == ' ')))
        return false;
    for (size_t i = 0; i < size; i++) {
        uint8_t first = p[i];
        int follow = bytes_to_follow(first);

        if (follow < 0 || (size_t)follow >= size - i)
            return false;
        if (follow > 0 && !second_byte_ok(first, p[i + 1]))
            return false;
        for (; follow > 0; follow--)
            if ((p[++i] & 0xc0) != 0x80)
                return false;
    }
    return true;
}

const char *cfk__share_title(const struct cfk__share *share, char *title, size_t size)
{
    if (share->holder[0] != '\0')
        snprintf(title, size, "share %u of %s", share->x, share->holder);
    else
        snprintf(title, size, "share %u", share->x);
    return title;
}

/* The first byte keeps this apart from leaves and nodes. */
int cfk__share_hash_common(struct cfk__hash_ctx *hash, struct cfk__share *share,
                           struct cfk_error *err)
{
    static const char name[] = "\2cfs 2";
    uint8_t digest[CFK__SHA256_SIZE] = { 0 };
    uint8_t content[64];
    struct cfk__writer w;
    int rc = CFK_OK;

    if (share->payload_size > 0)
        rc = cfk__hash_again(hash, share->payload, share->payload_size, digest, err);
    if (rc != CFK_OK)
        return rc;
    cfk__writer_init(&w, content, sizeof content);
    cfk__write(&w, name, sizeof name);
    cfk__write(&w, share->set_id, sizeof share->set_id);
    cfk__write_u16be(&w, share->generation);
    cfk__write_u16be(&w, 0); /* the leaf of a policy */
    cfk__write_u8(&w, share->threshold);
    cfk__write_u8(&w, share->count);
    cfk__write(&w, digest, sizeof digest);
    rc = cfk__hash_again(hash, content, cfk__writer_size(&w), digest, err);
    if (rc == CFK_OK)
        memcpy(share->common, digest, sizeof share->common);
    return rc;
}

/* All that a share says is in its leaf, but for the names. */
int cfk__share_leaf(struct cfk__hash_ctx *hash, const uint8_t *common, uint8_t x,
                    const uint8_t y[CFK__MASTER_SIZE], uint8_t *leaf,
                    struct cfk_error *err)
{
    uint8_t content[CFK__SHARE_COMMON + 1 + CFK__MASTER_SIZE];
    int rc;

    memcpy(content, common, CFK__SHARE_COMMON);
    content[CFK__SHARE_COMMON] = x;
    memcpy(content + CFK__SHARE_COMMON + 1, y, CFK__MASTER_SIZE);
    rc = cfk__merkle_leaf(hash, (struct cfk__span){ content, sizeof content }, leaf, err);
    cfk__wipe(content, sizeof content);
    return rc;
}

/* --- writing --- */

static void write_name(struct cfk__writer *w, const char *name)
{
    size_t size = strlen(name);

    cfk__write_u8(w, (uint8_t)size);
    cfk__write(w, name, size);
}

static int write_bytes(struct cfk__share_work *work, size_t *size, struct cfk_error *err)
{
    const struct cfk__share *share = &work->share;
    uint8_t digest[CFK__SHA256_SIZE];
    struct cfk__writer w;
    int rc;

    cfk__writer_init(&w, work->bytes, sizeof work->bytes);
    cfk__write_u8(&w, VERSION);
    cfk__write_u8(&w, HAS_PROOF | (share->payload_size > 0 ? HAS_PAYLOAD : 0));
    cfk__write(&w, share->set_id, sizeof share->set_id);
    cfk__write_u16be(&w, share->generation);
    cfk__write_u16be(&w, 0); /* the leaf of a policy */
    cfk__write_u8(&w, share->threshold);
    cfk__write_u8(&w, share->count);
    cfk__write_u8(&w, share->x);
    cfk__write(&w, share->y, sizeof share->y);
    cfk__write(&w, share->root, sizeof share->root);
    cfk__write(&w, share->proof, sizeof share->proof);
    write_name(&w, share->holder);
    write_name(&w, share->label);
    if (share->payload_size > 0) {
        cfk__write_u16be(&w, share->payload_size);
        cfk__write(&w, share->payload, share->payload_size);
    }
    rc = cfk__hash(CFK__SHA256, work->bytes, cfk__writer_size(&w), digest, err);
    cfk__write(&w, digest, CHECKSUM_SIZE);
    *size = cfk__writer_size(&w);
    return rc;
}

/* The lines for people above the code; they say what the code says. */
static size_t write_header(const struct cfk__share *share, char *text, size_t size)
{
    int used =
        share->x <= share->count
            ? snprintf(text, size, "share %u of %u, %u needed\n", share->x, share->count,
                       share->threshold)
            : snprintf(text, size, "share %u, %u needed\n", share->x, share->threshold);

    if (share->holder[0] != '\0')
        used += snprintf(text + used, size - (size_t)used, "holder: %s\n", share->holder);
    if (share->label[0] != '\0')
        used += snprintf(text + used, size - (size_t)used, "label: %s\n", share->label);
    return (size_t)used;
}

int cfk__share_write(struct cfk__share_work *work, char *text, size_t *len,
                     struct cfk_error *err)
{
    size_t used = write_header(&work->share, text, HEADER_MAX);
    size_t size;
    int rc = write_bytes(work, &size, err);

    if (rc != CFK_OK)
        return rc;
    text[used++] = '\n';
    cfk__rows_write((struct cfk__span){ work->bytes, size }, text + used);
    used += cfk__rows_text_size(size);
    text[used] = '\0';
    *len = used;
    return CFK_OK;
}

/* --- reading --- */

static bool read_name(struct cfk__reader *r, char *name)
{
    struct cfk__span span;
    uint8_t size;

    if (!cfk__read_u8(r, &size) || !cfk__read_span(r, size, &span) ||
        !cfk__share_name_ok((const char *)span.data, size))
        return false;
    memcpy(name, span.data, size);
    name[size] = '\0';
    return true;
}

static bool read_payload(struct cfk__reader *r, struct cfk__share *share)
{
    if (!cfk__read_u16be(r, &share->payload_size) ||
        share->payload_size < CFK__PAYLOAD_PREFIX + CFK__PAYLOAD_TAG ||
        share->payload_size > sizeof share->payload)
        return false;
    return cfk__read_copy(r, share->payload, share->payload_size);
}

static bool read_fields(struct cfk__reader *r, uint8_t flags, struct cfk__share *share)
{
    uint16_t leaf;

    return cfk__read_copy(r, share->set_id, sizeof share->set_id) &&
           cfk__read_u16be(r, &share->generation) && cfk__read_u16be(r, &leaf) &&
           cfk__read_u8(r, &share->threshold) && cfk__read_u8(r, &share->count) &&
           cfk__read_u8(r, &share->x) && cfk__read_copy(r, share->y, sizeof share->y) &&
           cfk__read_copy(r, share->root, sizeof share->root) &&
           cfk__read_copy(r, share->proof, sizeof share->proof) &&
           read_name(r, share->holder) && read_name(r, share->label) &&
           ((flags & HAS_PAYLOAD) == 0 || read_payload(r, share)) && leaf == 0 &&
           share->generation > 0 && share->threshold > 1 &&
           share->threshold <= share->count && share->x > 0;
}

static int read_bytes(struct cfk__share_work *work, size_t size, struct cfk_error *err)
{
    uint8_t digest[CFK__SHA256_SIZE];
    struct cfk__reader r;
    uint8_t version = 0;
    uint8_t flags = 0;
    int rc;

    if (size < CHECKSUM_SIZE + 2)
        return cfk__fail(err, CFK_E_CORRUPT, "split: a share cut short");
    rc = cfk__hash(CFK__SHA256, work->bytes, size - CHECKSUM_SIZE, digest, err);
    if (rc != CFK_OK)
        return rc;
    if (!cfk__equal_secret(digest, work->bytes + size - CHECKSUM_SIZE, CHECKSUM_SIZE))
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: a share with rows missing, added or changed");
    cfk__reader_init(&r, work->bytes, size - CHECKSUM_SIZE);
    if (!cfk__read_u8(&r, &version) || !cfk__read_u8(&r, &flags) || version != VERSION ||
        (flags & ~HAS_PAYLOAD) != HAS_PROOF)
        return cfk__fail(err, CFK_E_NOTSUP, "split: a share of %s version",
                         version < VERSION ? "an older" : "a newer");
    if (!read_fields(&r, flags, &work->share) || cfk__reader_left(&r) != 0)
        return cfk__fail(err, CFK_E_CORRUPT, "split: a share that contradicts itself");
    return CFK_OK;
}

static int find_root(struct cfk__share *share, uint8_t root[CFK__MERKLE_HASH],
                     struct cfk_error *err)
{
    uint8_t leaf[CFK__MERKLE_HASH];
    struct cfk__hash_ctx *hash;
    int rc = cfk__hash_new(CFK__SHA256, &hash, err);

    if (rc == CFK_OK)
        rc = cfk__share_hash_common(hash, share, err);
    if (rc == CFK_OK)
        rc = cfk__share_leaf(hash, share->common, share->x, share->y, leaf, err);
    if (rc == CFK_OK)
        rc = cfk__merkle_root(hash, leaf, share->x, share->proof, root, err);
    cfk__hash_free(hash);
    return rc;
}

static int check_proof(struct cfk__share *share, struct cfk_error *err)
{
    uint8_t root[CFK__MERKLE_HASH];
    char title[96];
    int rc = find_root(share, root, err);

    if (rc != CFK_OK || cfk__equal_secret(root, share->root, sizeof root))
        return rc;
    return cfk__fail(err, CFK_E_SHARE, "split: %s is forged: its proof is false",
                     cfk__share_title(share, title, sizeof title));
}

/* The next line without its end and the blanks there, or false behind the last. */
static bool next_line(struct cfk__reader *r, struct cfk__span *line)
{
    size_t left = cfk__reader_left(r);
    const uint8_t *end = left > 0 ? memchr(r->pos, '\n', left) : NULL;

    if (left == 0)
        return false;
    cfk__read_span(r, end != NULL ? (size_t)(end - r->pos) + 1 : left, line);
    while (line->size > 0 && strchr(" \t\r\n", line->data[line->size - 1]) != NULL &&
           line->data[line->size - 1] != '\0')
        line->size--;
    return true;
}

static bool is_code(struct cfk__span line)
{
    return line.size >= 4 &&
           (memcmp(line.data, "cfs1", 4) == 0 || memcmp(line.data, "CFS1", 4) == 0);
}

/* Where the code begins; what is above is the header. false: nowhere. */
static bool find_code(const char *text, size_t len, size_t *header, size_t *code)
{
    struct cfk__reader r;
    struct cfk__span line;

    cfk__reader_init(&r, text, len);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        cfk__read_skip(&r, 3); /* a byte order mark */
    *header = cfk__reader_offset(&r);
    for (;;) {
        *code = cfk__reader_offset(&r);
        if (!next_line(&r, &line))
            return false;
        if (is_code(line))
            return true;
    }
}

static bool next_said_line(struct cfk__reader *r, struct cfk__span *line)
{
    while (next_line(r, line))
        if (line->size > 0 && line->data[0] != '#')
            return true;
    return false;
}

/* Either no line is there, but blank ones and notes after #, or all are as written. */
static bool header_agrees(const struct cfk__share *share, struct cfk__span header)
{
    char text[HEADER_MAX];
    struct cfk__reader want;
    struct cfk__reader have;
    struct cfk__span a;
    struct cfk__span b;
    bool said;

    cfk__reader_init(&want, text, write_header(share, text, sizeof text));
    cfk__reader_init(&have, header.data, header.size);
    said = next_said_line(&have, &b);
    if (!said)
        return true;
    while (next_said_line(&want, &a)) {
        if (!said || a.size != b.size || memcmp(a.data, b.data, a.size) != 0)
            return false;
        said = next_said_line(&have, &b);
    }
    return !said;
}

static int report_row(const struct cfk__rows_result *result, size_t offset, uint32_t *row,
                      struct cfk_error *err)
{
    static const char *const words[] = {
        [CFK__ROWS_CHARACTER] = "has a character that no share has",
        [CFK__ROWS_CASE] = "mixes upper and lower case",
        [CFK__ROWS_CHECKED] = "is mistyped or cut short",
    };

    if (result->fault == CFK__ROWS_LENGTH)
        return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                            "split: no share has this number of characters");
    *row = result->row;
    return cfk__fail_at(err, CFK_E_SHARE, offset,
                        "split: row %" PRIu32 " of the share %s", result->row,
                        words[result->fault]);
}

int cfk__share_read(const char *text, size_t len, struct cfk__share_work *work,
                    uint32_t *row, struct cfk_error *err)
{
    struct cfk__rows_result result;
    size_t header;
    size_t code;
    int rc;

    *row = 0;
    if (len > CFK_SPLIT_MAX_SHARE_TEXT)
        return cfk__fail(err, CFK_E_LIMIT, "split: %zu bytes are no share", len);
    if (!find_code(text, len, &header, &code))
        return cfk__fail(err, CFK_E_CORRUPT, "split: not a share: no line begins cfs1");
    result = cfk__rows_read(text + code, len - code, work->bytes, sizeof work->bytes);
    if (result.fault != CFK__ROWS_FINE)
        return report_row(&result, code + result.offset, row, err);
    rc = read_bytes(work, result.size, err);
    if (rc != CFK_OK)
        return rc;
    if (!header_agrees(&work->share, (struct cfk__span){ (const uint8_t *)text + header,
                                                         code - header }))
        return cfk__fail(err, CFK_E_SHARE,
                         "split: the lines above the code of a share are not what the "
                         "code says; notes begin with #");
    return check_proof(&work->share, err);
}

int cfk_split_share_check(const char *text, size_t len, struct cfk_split_share_info *info,
                          struct cfk_error *err)
{
    struct cfk_split_share_info known = { .size = sizeof known };
    struct cfk__share_work *work;
    void *secret;
    int rc;

    if (info != NULL && info->size < sizeof known)
        return cfk__fail(err, CFK_E_INVALID, "split: the size of the info is not set");
    rc = cfk__secret_new(sizeof *work, &secret, err);
    if (rc != CFK_OK)
        return rc;
    work = secret;
    rc = cfk__share_read(text, len, work, &known.row, err);
    memcpy(known.set_id, work->share.set_id, sizeof known.set_id);
    known.generation = work->share.generation;
    known.threshold = work->share.threshold;
    known.count = work->share.count;
    known.x = work->share.x;
    known.has_secret = work->share.payload_size > 0;
    memcpy(known.holder, work->share.holder, sizeof work->share.holder);
    memcpy(known.label, work->share.label, sizeof work->share.label);
    memcpy(known.fingerprint, work->share.root, sizeof known.fingerprint);
    if (info != NULL) {
        known.size = info->size;
        memcpy(info, &known, sizeof known);
    }
    cfk__secret_free(secret);
    return rc;
}
