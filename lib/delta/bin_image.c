/* SPDX-License-Identifier: MIT */
/* Layout of ELF: System V ABI, chapters 4 and 5. */
#include "delta/bin_image.h"

#include "delta/load.h"

#include <string.h>

enum {
    ELF_HEADER = 64,
    PROGRAM_HEADER = 56,
    PT_LOAD = 1,
    PF_X = 1,
};

static void add(struct cfk__bin_image *image, const uint8_t *h)
{
    struct cfk__bin_load *l = &image->loads[image->count++];

    l->runs = cfk__load32le(h + 4) & PF_X;
    l->offset = cfk__load64le(h + 8);
    l->address = cfk__load64le(h + 16);
    l->file_size = cfk__load64le(h + 32);
    l->memory_size = cfk__load64le(h + 40);
    if (l->address + l->memory_size > image->end)
        image->end = l->address + l->memory_size;
}

size_t cfk__bin_image_head(struct cfk__span file)
{
    uint64_t table;
    size_t size;

    if (file.size < ELF_HEADER)
        return ELF_HEADER;
    if (memcmp(file.data, "\177ELF\2\1", 6) != 0 || file.data[54] != PROGRAM_HEADER ||
        file.data[55] != 0)
        return 0;
    table = cfk__load64le(file.data + 32);
    size = (file.data[56] | (size_t)file.data[57] << 8) * PROGRAM_HEADER;
    return table > CFK__BIN_HEAD || size > CFK__BIN_HEAD - table ? 0
                                                                 : (size_t)table + size;
}

void cfk__bin_image_read(struct cfk__bin_image *image, struct cfk__span file)
{
    size_t head = cfk__bin_image_head(file);
    size_t at;

    memset(image, 0, sizeof *image);
    if (head == 0 || head > file.size)
        return;
    at = (size_t)cfk__load64le(file.data + 32);
    for (; at < head && image->count < CFK__BIN_LOADS; at += PROGRAM_HEADER) {
        const uint8_t *h = file.data + at;

        if (cfk__load32le(h) == PT_LOAD)
            add(image, h);
    }
}

bool cfk__bin_image_address(const struct cfk__bin_image *image, uint64_t offset,
                            uint64_t *address)
{
    for (uint32_t i = 0; i < image->count; i++) {
        const struct cfk__bin_load *l = &image->loads[i];

        if (offset - l->offset < l->file_size) {
            *address = offset - l->offset + l->address;
            return true;
        }
    }
    return false;
}

const struct cfk__bin_load *cfk__bin_image_load(const struct cfk__bin_image *image,
                                                uint64_t address)
{
    for (uint32_t i = 0; i < image->count; i++)
        if (address - image->loads[i].address < image->loads[i].memory_size)
            return &image->loads[i];
    return NULL;
}

bool cfk__bin_image_runs(const struct cfk__bin_image *image, uint64_t address)
{
    const struct cfk__bin_load *l = cfk__bin_image_load(image, address);

    return l != NULL && l->runs && address - l->address < l->file_size;
}
