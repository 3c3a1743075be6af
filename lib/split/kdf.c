/* SPDX-License-Identifier: MIT */
#include "split/kdf.h"

#include "base/error.h"

#include <argon2.h>

enum {
    MAX_MEMORY_KIB = 1 << 20,
    MAX_PASSES = 16,
    MAX_LANES = 16,
    MAX_WORK = 4,        /* of the most memory: memory times passes */
    LANE_MEMORY_KIB = 8, /* what Argon2 needs for each lane */
};

int cfk__kdf_check(const struct cfk__kdf_cost *cost, const struct cfk__kdf_limits *limits,
                   struct cfk_error *err)
{
    uint64_t memory = limits->memory_kib != 0 ? limits->memory_kib : MAX_MEMORY_KIB;
    uint32_t passes = limits->passes != 0 ? limits->passes : MAX_PASSES;

    if (cost->passes == 0 || cost->lanes == 0 ||
        cost->memory_kib / LANE_MEMORY_KIB < cost->lanes)
        return cfk__fail(
            err, CFK_E_INVALID,
            "split: Argon2id with %u KiB, %u passes, %u lanes; it takes 8 KiB "
            "a lane and one pass at least",
            (unsigned)cost->memory_kib, (unsigned)cost->passes, (unsigned)cost->lanes);
    if (cost->memory_kib > memory || cost->passes > passes || cost->lanes > MAX_LANES ||
        (uint64_t)cost->memory_kib * cost->passes > MAX_WORK * memory)
        return cfk__fail(err, CFK_E_LIMIT,
                         "split: Argon2id with %u KiB, %u passes, %u lanes is more than "
                         "is allowed",
                         (unsigned)cost->memory_kib, (unsigned)cost->passes,
                         (unsigned)cost->lanes);
    return CFK_OK;
}

/* libargon2 takes inputs without const and does not write to them. */
static uint8_t *unconst(struct cfk__span span)
{
    return span.size > 0 ? (uint8_t *)(uintptr_t)span.data : NULL;
}

int cfk__kdf(const struct cfk__kdf_cost *cost, const struct cfk__kdf_input *input,
             uint8_t *out, size_t out_size, struct cfk_error *err)
{
    argon2_context context = {
        .out = out,
        .outlen = (uint32_t)out_size,
        .pwd = unconst(input->passphrase),
        .pwdlen = (uint32_t)input->passphrase.size,
        .salt = unconst(input->salt),
        .saltlen = (uint32_t)input->salt.size,
        .secret = unconst(input->secret),
        .secretlen = (uint32_t)input->secret.size,
        .ad = unconst(input->ad),
        .adlen = (uint32_t)input->ad.size,
        .t_cost = cost->passes,
        .m_cost = cost->memory_kib,
        .lanes = cost->lanes,
        .threads = 1,
        .version = ARGON2_VERSION_13,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    int rc = argon2id_ctx(&context);

    if (rc == ARGON2_OK)
        return CFK_OK;
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for Argon2id with %u KiB",
                         (unsigned)cost->memory_kib);
    return cfk__fail(err, CFK_E_INVALID, "split: Argon2id: %s", argon2_error_message(rc));
}
