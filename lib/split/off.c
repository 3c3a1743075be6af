/* SPDX-License-Identifier: MIT */
/* The functions of split where it is configured out. */
#include "base/error.h"
#include "cfkit/split.h"

int cfk_split_new(const struct cfk_split_options *opts, cfk_split **out,
                  struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_split_free(cfk_split *set)
{
    (void)set;
}

int cfk_split_seal(cfk_split *set, const void *secret, size_t size, struct cfk_error *err)
{
    (void)set;
    (void)secret;
    (void)size;
    return cfk__fail_absent(err, "split");
}

int cfk_split_share(cfk_split *set, uint32_t index, const char **text, size_t *len,
                    struct cfk_error *err)
{
    (void)set;
    (void)index;
    *text = NULL;
    *len = 0;
    return cfk__fail_absent(err, "split");
}

const uint8_t *cfk_split_set_id(const cfk_split *set)
{
    (void)set;
    return NULL;
}

int cfk_split_sealer_new(cfk_split *set, cfk_split_sealer **out, struct cfk_error *err)
{
    (void)set;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_split_sealer_free(cfk_split_sealer *sealer)
{
    (void)sealer;
}

int cfk_split_sealer_update(cfk_split_sealer *sealer, const void *data, size_t size,
                            size_t *used, const void **out, size_t *out_size,
                            struct cfk_error *err)
{
    (void)sealer;
    (void)data;
    (void)size;
    *used = 0;
    *out = NULL;
    *out_size = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_split_sealer_finish(cfk_split_sealer *sealer, const void **out, size_t *out_size,
                            struct cfk_error *err)
{
    (void)sealer;
    *out = NULL;
    *out_size = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_split_share_check(const char *text, size_t len, struct cfk_split_share_info *info,
                          struct cfk_error *err)
{
    (void)text;
    (void)len;
    (void)info;
    return cfk__fail_absent(err, "split");
}

int cfk_split_quorum_new(const struct cfk_split_quorum_options *opts,
                         cfk_split_quorum **out, struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_split_quorum_free(cfk_split_quorum *quorum)
{
    (void)quorum;
}

int cfk_split_quorum_add(cfk_split_quorum *quorum, const char *text, size_t len,
                         struct cfk_error *err)
{
    (void)quorum;
    (void)text;
    (void)len;
    return cfk__fail_absent(err, "split");
}

uint32_t cfk_split_quorum_have(const cfk_split_quorum *quorum)
{
    (void)quorum;
    return 0;
}

uint32_t cfk_split_quorum_kept(const cfk_split_quorum *quorum)
{
    (void)quorum;
    return 0;
}

int cfk_split_quorum_judge(const cfk_split_quorum *quorum, uint32_t index,
                           struct cfk_error *err)
{
    (void)quorum;
    (void)index;
    return cfk__fail_absent(err, "split");
}

uint32_t cfk_split_quorum_needed(const cfk_split_quorum *quorum)
{
    (void)quorum;
    return 0;
}

int cfk_split_quorum_open(cfk_split_quorum *quorum, const void **secret, size_t *size,
                          struct cfk_error *err)
{
    (void)quorum;
    *secret = NULL;
    *size = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_split_opener_new(cfk_split_quorum *quorum, cfk_split_opener **out,
                         struct cfk_error *err)
{
    (void)quorum;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_split_opener_free(cfk_split_opener *opener)
{
    (void)opener;
}

int cfk_split_opener_update(cfk_split_opener *opener, const void *data, size_t size,
                            size_t *used, const void **out, size_t *out_size,
                            struct cfk_error *err)
{
    (void)opener;
    (void)data;
    (void)size;
    *used = 0;
    *out = NULL;
    *out_size = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_split_opener_finish(cfk_split_opener *opener, const void **out, size_t *out_size,
                            struct cfk_error *err)
{
    (void)opener;
    *out = NULL;
    *out_size = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_split_opener_locate(const cfk_split_opener *opener, uint64_t offset, size_t size,
                            uint64_t *file_offset, size_t *file_size,
                            struct cfk_error *err)
{
    (void)opener;
    (void)offset;
    (void)size;
    *file_offset = 0;
    *file_size = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_split_opener_read_at(cfk_split_opener *opener, uint64_t offset, const void *data,
                             size_t data_size, void *out, size_t size, size_t *out_size,
                             struct cfk_error *err)
{
    (void)opener;
    (void)offset;
    (void)data;
    (void)data_size;
    (void)out;
    (void)size;
    *out_size = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_split_shamir(const void *secret, size_t size, uint32_t threshold, uint32_t count,
                     void *shares, struct cfk_error *err)
{
    (void)secret;
    (void)size;
    (void)threshold;
    (void)count;
    (void)shares;
    return cfk__fail_absent(err, "split");
}

int cfk_split_shamir_join(const uint8_t *xs, const void *shares, uint32_t count,
                          size_t size, void *secret, struct cfk_error *err)
{
    (void)xs;
    (void)shares;
    (void)count;
    (void)size;
    (void)secret;
    return cfk__fail_absent(err, "split");
}

int cfk_split_quorum_extend(cfk_split_quorum *quorum, uint32_t number, const char *holder,
                            const char **text, size_t *len, struct cfk_error *err)
{
    (void)quorum;
    (void)number;
    (void)holder;
    *text = NULL;
    *len = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_split_quorum_reshare(cfk_split_quorum *quorum,
                             const struct cfk_split_options *opts, cfk_split **out,
                             struct cfk_error *err)
{
    (void)quorum;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

int cfk_split_shamir_with(const void *secret, size_t size, uint32_t threshold,
                          uint32_t count, const void *random, void *shares,
                          struct cfk_error *err)
{
    (void)secret;
    (void)size;
    (void)threshold;
    (void)count;
    (void)random;
    (void)shares;
    return cfk__fail_absent(err, "split");
}
