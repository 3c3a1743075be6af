/* SPDX-License-Identifier: MIT */
#include "index_seal.h"

#include "base/load.h"
#include "bundle/index.h"

void index_set_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void set_sum(uint8_t *at, uint64_t sum)
{
    index_set_u32(at, (uint32_t)sum);
    index_set_u32(at + 4, (uint32_t)(sum >> 32));
}

void index_seal(uint8_t *data, size_t size)
{
    uint64_t names;
    uint64_t table;

    if (size < CFK__INDEX_HEADER)
        return;
    names = cfk__load32le(data + 12);
    table = names * CFK__INDEX_ENTRY + (cfk__load32le(data + 40) + 7ULL) / 8 * 8;
    if (table <= size - CFK__INDEX_HEADER) {
        for (size_t i = 0; i < names; i++) {
            const uint8_t *entry = data + CFK__INDEX_HEADER + i * CFK__INDEX_ENTRY;
            uint64_t at = (uint64_t)cfk__load32le(entry + 8) * 8;
            uint64_t length = (uint64_t)cfk__load32le(entry + 12) * 8;

            if (at <= size && length <= size - at && length >= CFK__INDEX_RECORD &&
                at >= CFK__INDEX_HEADER + table)
                set_sum(data + at,
                        cfk__index_checksum(data + at + 8, (size_t)length - 8));
        }
        set_sum(data + 104, cfk__index_checksum(data + CFK__INDEX_HEADER, (size_t)table));
    }
    set_sum(data + 112, cfk__index_checksum(data, 112));
}
