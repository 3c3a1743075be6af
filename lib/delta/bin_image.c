/* SPDX-License-Identifier: MIT */
#include "delta/bin_image.h"

#include <string.h>

enum { SHORTEST_HEADER = 64 };

static enum cfk__bin_format format_of(struct cfk__span file)
{
    if (memcmp(file.data, "\177ELF\2\1", 6) == 0)
        return CFK__BIN_ELF;
    if (memcmp(file.data, "MZ", 2) == 0)
        return CFK__BIN_PE;
    if (memcmp(file.data, "\317\372\355\376", 4) == 0)
        return CFK__BIN_MACHO;
    return CFK__BIN_UNKNOWN;
}

size_t cfk__bin_image_head(struct cfk__span file)
{
    size_t size = 0;

    if (file.size < SHORTEST_HEADER)
        return SHORTEST_HEADER;
    switch (format_of(file)) {
    case CFK__BIN_ELF: size = cfk__bin_elf_head(file); break;
    case CFK__BIN_PE: size = cfk__bin_pe_head(file); break;
    case CFK__BIN_MACHO: size = cfk__bin_macho_head(file); break;
    default: break;
    }
    return size <= CFK__BIN_HEAD ? size : 0;
}

void cfk__bin_image_read(struct cfk__bin_image *image, struct cfk__span file)
{
    size_t size = cfk__bin_image_head(file);
    struct cfk__span head = { file.data, size };

    memset(image, 0, sizeof *image);
    if (size == 0 || size > file.size)
        return;
    image->format = format_of(file);
    switch (image->format) {
    case CFK__BIN_ELF: cfk__bin_elf_read(image, head); break;
    case CFK__BIN_PE: cfk__bin_pe_read(image, head); break;
    case CFK__BIN_MACHO: cfk__bin_macho_read(image, head); break;
    default: break;
    }
}

void cfk__bin_image_add(struct cfk__bin_image *image, const struct cfk__bin_load *load)
{
    if (image->count == CFK__BIN_LOADS)
        return;
    image->loads[image->count++] = *load;
    if (load->address + load->memory_size > image->end)
        image->end = load->address + load->memory_size;
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
