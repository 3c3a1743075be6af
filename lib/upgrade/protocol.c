/* SPDX-License-Identifier: MIT */
#include "upgrade/protocol.h"

#include "base/error.h"
#include "upgrade/text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { HELLO_SIZE = CFK__COOKIE_SIZE + 5 * 4, COMMIT_SIZE = 2 * 4, REJECT_SIZE = 4 };

static const uint8_t MAGIC[4] = { 'C', 'F', 'K', 'U' };

static uint32_t payload_of(uint8_t type)
{
    switch (type) {
    case CFK__MESSAGE_HELLO: return HELLO_SIZE;
    case CFK__MESSAGE_COMMIT: return COMMIT_SIZE;
    case CFK__MESSAGE_REJECT: return REJECT_SIZE;
    default: return 0;
    }
}

size_t cfk__message_encode(const struct cfk__message *message,
                           uint8_t out[CFK__MESSAGE_MAX])
{
    struct cfk__writer w;

    cfk__writer_init(&w, out, CFK__MESSAGE_MAX);
    cfk__write(&w, MAGIC, sizeof MAGIC);
    cfk__write_u8(&w, CFK__UPGRADE_VERSION);
    cfk__write_u8(&w, message->type);
    cfk__write_u16le(&w, 0);
    cfk__write_u32le(&w, payload_of(message->type));
    if (message->type == CFK__MESSAGE_HELLO) {
        cfk__write(&w, message->cookie, sizeof message->cookie);
        cfk__write_u32le(&w, message->generation);
        cfk__write_u32le(&w, message->first);
        cfk__write_u32le(&w, message->count);
    }
    if (message->type == CFK__MESSAGE_HELLO || message->type == CFK__MESSAGE_COMMIT) {
        cfk__write_u32le(&w, message->flags);
        cfk__write_u32le(&w, message->version);
    }
    if (message->type == CFK__MESSAGE_REJECT)
        cfk__write_u32le(&w, message->code);
    return cfk__writer_size(&w);
}

/* What follows the header; true too where nothing is to follow. */
static bool read_payload(struct cfk__reader *r, struct cfk__message *m)
{
    uint32_t known = CFK__WITH_STATE;

    if (m->type == CFK__MESSAGE_REJECT)
        return cfk__read_u32le(r, &m->code);
    if (m->type == CFK__MESSAGE_HELLO) {
        known |= CFK__HELLO_HOLDER | CFK__WITH_FORMER;
        if (!cfk__read_copy(r, m->cookie, sizeof m->cookie) ||
            !cfk__read_u32le(r, &m->generation) || !cfk__read_u32le(r, &m->first) ||
            !cfk__read_u32le(r, &m->count))
            return false;
    } else if (m->type != CFK__MESSAGE_COMMIT) {
        return true;
    }
    return cfk__read_u32le(r, &m->flags) && cfk__read_u32le(r, &m->version) &&
           (m->flags & ~known) == 0 &&
           ((m->flags & CFK__WITH_STATE) != 0 || m->version == 0);
}

int cfk__message_decode(const void *data, size_t size, struct cfk__message *out,
                        struct cfk_error *err)
{
    struct cfk__message m = { .type = 0 };
    struct cfk__reader r;
    uint8_t magic[sizeof MAGIC];
    uint8_t version;
    uint16_t zero;
    uint32_t payload;

    cfk__reader_init(&r, data, size);
    if (!cfk__read_copy(&r, magic, sizeof magic) ||
        memcmp(magic, MAGIC, sizeof magic) != 0 || !cfk__read_u8(&r, &version))
        return cfk__fail(err, CFK_E_PROTOCOL,
                         "upgrade: %zu bytes that are no message of the protocol", size);
    if (version != CFK__UPGRADE_VERSION)
        return cfk__fail(err, CFK_E_NOTSUP, "upgrade: protocol version %u, not %d",
                         version, CFK__UPGRADE_VERSION);
    if (!cfk__read_u8(&r, &m.type) || !cfk__read_u16le(&r, &zero) || zero != 0 ||
        !cfk__read_u32le(&r, &payload) || payload != cfk__reader_left(&r))
        return cfk__fail(err, CFK_E_PROTOCOL, "upgrade: message with a broken header");
    if (m.type < CFK__MESSAGE_HELLO || m.type > CFK__MESSAGE_REJECT)
        return cfk__fail(err, CFK_E_PROTOCOL, "upgrade: message of unknown type %u",
                         m.type);
    if (!read_payload(&r, &m) || cfk__reader_left(&r) != 0)
        return cfk__fail(err, CFK_E_PROTOCOL, "upgrade: message %u of %zu bytes", m.type,
                         size);
    *out = m;
    return CFK_OK;
}

void cfk__hex_print(const uint8_t *data, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}

void cfk__handover_print(const struct cfk__handover *handover,
                         char out[CFK__HANDOVER_TEXT])
{
    int len =
        snprintf(out, CFK__HANDOVER_TEXT, "%d:%d:", CFK__UPGRADE_VERSION, handover->fd);

    cfk__hex_print(handover->cookie, sizeof handover->cookie, out + len);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool cfk__handover_parse(const char *text, struct cfk__handover *out)
{
    struct cfk__handover h;
    const char *colon = strchr(text, ':');
    const char *second = colon == NULL ? NULL : strchr(colon + 1, ':');
    uint64_t version;
    uint64_t fd;

    if (second == NULL || strlen(second + 1) != CFK__COOKIE_TEXT ||
        !cfk__text_number(text, (size_t)(colon - text), 10, UINT32_MAX, &version) ||
        version != CFK__UPGRADE_VERSION ||
        !cfk__text_number(colon + 1, (size_t)(second - colon - 1), 10, INT_MAX, &fd))
        return false;
    for (size_t i = 0; i < sizeof h.cookie; i++) {
        int high = hex_digit(second[1 + 2 * i]);
        int low = hex_digit(second[2 + 2 * i]);

        if (high < 0 || low < 0)
            return false;
        h.cookie[i] = (uint8_t)(high << 4 | low);
    }
    h.fd = (int)fd;
    *out = h;
    return true;
}
