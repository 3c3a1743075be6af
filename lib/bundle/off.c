/* SPDX-License-Identifier: MIT */
/* The component where it is configured out: every symbol, CFK_E_NOTSUP. */
#include "base/error.h"
#include "cfkit/bundle.h"

int cfk_bundle_pool_new(const struct cfk_bundle_pool_options *opts, cfk_bundle_pool **out,
                        struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "bundle");
}

void cfk_bundle_pool_free(cfk_bundle_pool *pool)
{
    (void)pool;
}

int cfk_bundle_pool_add_der(cfk_bundle_pool *pool, const void *der, size_t size,
                            uint32_t from, struct cfk_error *err)
{
    (void)pool;
    (void)der;
    (void)size;
    (void)from;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_pool_add(cfk_bundle_pool *pool, const void *data, size_t size,
                        uint32_t from, struct cfk_bundle_report *report,
                        struct cfk_error *err)
{
    (void)pool;
    (void)data;
    (void)size;
    (void)from;
    (void)report;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_pool_add_input(cfk_bundle_pool *pool, const void *data, size_t size,
                              struct cfk_bundle_report *report, void **leaf,
                              size_t *leaf_size, struct cfk_error *err)
{
    (void)pool;
    (void)data;
    (void)size;
    (void)report;
    (void)leaf_size;
    *leaf = NULL;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_pool_add_crl(cfk_bundle_pool *pool, const void *data, size_t size,
                            struct cfk_bundle_report *report, struct cfk_error *err)
{
    (void)pool;
    (void)data;
    (void)size;
    (void)report;
    return cfk__fail_absent(err, "bundle");
}

size_t cfk_bundle_pool_crl_count(const cfk_bundle_pool *pool)
{
    (void)pool;
    return 0;
}

size_t cfk_bundle_pool_count(const cfk_bundle_pool *pool, uint32_t from)
{
    (void)pool;
    (void)from;
    return 0;
}

int cfk_bundle_build(cfk_bundle_pool *pool, const void *leaf, size_t leaf_size,
                     int64_t time, const struct cfk_bundle_options *opts,
                     cfk_bundle_result **out, struct cfk_error *err)
{
    (void)pool;
    (void)leaf;
    (void)leaf_size;
    (void)time;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "bundle");
}

void cfk_bundle_result_free(cfk_bundle_result *result)
{
    (void)result;
}

int cfk_bundle_reason(const cfk_bundle_result *result, struct cfk_error *err)
{
    (void)result;
    return cfk__fail_absent(err, "bundle");
}

size_t cfk_bundle_chain_count(const cfk_bundle_result *result)
{
    (void)result;
    return 0;
}

int cfk_bundle_chain(const cfk_bundle_result *result, size_t chain,
                     struct cfk_bundle_chain_info *out, struct cfk_error *err)
{
    (void)result;
    (void)chain;
    (void)out;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_chain_cert(cfk_bundle_result *result, size_t chain, size_t index,
                          struct cfk_bundle_cert *out, struct cfk_error *err)
{
    (void)result;
    (void)chain;
    (void)index;
    (void)out;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_key_check(const void *key, size_t key_size, const void *cert,
                         size_t cert_size, const struct cfk_bundle_key_options *opts,
                         struct cfk_error *err)
{
    (void)key;
    (void)key_size;
    (void)cert;
    (void)cert_size;
    (void)opts;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_key_encrypted(const void *key, size_t key_size)
{
    (void)key;
    (void)key_size;
    return 0;
}

int cfk_bundle_is_pkcs12(const void *data, size_t size)
{
    (void)data;
    (void)size;
    return 0;
}

int cfk_bundle_pkcs12_certs(const void *data, size_t size,
                            const struct cfk_bundle_key_options *opts, void **out,
                            size_t *out_size, struct cfk_error *err)
{
    (void)data;
    (void)size;
    (void)opts;
    (void)out_size;
    *out = NULL;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_leaf(cfk_bundle_result *result, struct cfk_bundle_cert *out,
                    struct cfk_error *err)
{
    (void)result;
    (void)out;
    return cfk__fail_absent(err, "bundle");
}

size_t cfk_bundle_rejected_count(const cfk_bundle_result *result)
{
    (void)result;
    return 0;
}

int cfk_bundle_rejected(const cfk_bundle_result *result, size_t path,
                        struct cfk_bundle_rejected_info *out, struct cfk_error *err)
{
    (void)result;
    (void)path;
    (void)out;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_rejected_cert(cfk_bundle_result *result, size_t path, size_t index,
                             struct cfk_bundle_cert *out, struct cfk_error *err)
{
    (void)result;
    (void)path;
    (void)index;
    (void)out;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_result_counters(const cfk_bundle_result *result,
                               struct cfk_bundle_counters *out, struct cfk_error *err)
{
    (void)result;
    (void)out;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_write_pem(const cfk_bundle_result *result, size_t chain, uint32_t flags,
                         const struct cfk_alloc *alloc, char **out, size_t *out_size,
                         struct cfk_error *err)
{
    (void)result;
    (void)chain;
    (void)flags;
    (void)alloc;
    (void)out_size;
    *out = NULL;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_platforms_parse(const void *yaml, size_t size,
                               const struct cfk_bundle_platforms_options *opts,
                               cfk_bundle_platforms **out, struct cfk_error *err)
{
    (void)yaml;
    (void)size;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "bundle");
}

void cfk_bundle_platforms_free(cfk_bundle_platforms *platforms)
{
    (void)platforms;
}

size_t cfk_bundle_platforms_count(const cfk_bundle_platforms *platforms)
{
    (void)platforms;
    return 0;
}

int cfk_bundle_platforms_get(const cfk_bundle_platforms *platforms, size_t index,
                             struct cfk_bundle_platform *out, struct cfk_error *err)
{
    (void)platforms;
    (void)index;
    (void)out;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_rank(cfk_bundle_result *result, const struct cfk_bundle_rank_options *opts,
                    struct cfk_error *err)
{
    (void)result;
    (void)opts;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_chain_trusted(const cfk_bundle_result *result, size_t chain,
                             size_t platform)
{
    (void)result;
    (void)chain;
    (void)platform;
    return 0;
}

int cfk_bundle_answer_add(cfk_bundle_answer *answer, const void *data, size_t size,
                          struct cfk_error *err)
{
    (void)answer;
    (void)data;
    (void)size;
    return cfk__fail_absent(err, "bundle");
}

size_t cfk_bundle_fetched_count(const cfk_bundle_result *result)
{
    (void)result;
    return 0;
}

int cfk_bundle_fetched(const cfk_bundle_result *result, size_t index,
                       struct cfk_bundle_fetched_info *out, struct cfk_error *err)
{
    (void)result;
    (void)index;
    (void)out;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_issuer_url(const void *der, size_t size, size_t index, const char **url,
                          size_t *url_size, struct cfk_error *err)
{
    (void)der;
    (void)size;
    (void)index;
    (void)url;
    (void)url_size;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_rejected_explain(cfk_bundle_result *result, size_t path,
                                struct cfk_error *err)
{
    (void)result;
    (void)path;
    return cfk__fail_absent(err, "bundle");
}

const char *cfk_bundle_input_kind(const void *data, size_t size)
{
    (void)data;
    (void)size;
    return "unknown";
}

int cfk_bundle_index_verify(cfk_bundle_pool *pool, uint64_t most, uint64_t *done,
                            struct cfk_error *err)
{
    (void)pool;
    (void)most;
    (void)done;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_index_write(cfk_bundle_pool *pool,
                           const struct cfk_bundle_index_options *opts, void **out,
                           size_t *out_size, struct cfk_error *err)
{
    (void)pool;
    (void)opts;
    (void)out_size;
    *out = NULL;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_index_describe(const void *data, size_t size,
                              struct cfk_bundle_index_info *out, struct cfk_error *err)
{
    (void)data;
    (void)size;
    (void)out;
    return cfk__fail_absent(err, "bundle");
}

int cfk_bundle_pool_add_index(cfk_bundle_pool *pool, const void *data, size_t size,
                              struct cfk_error *err)
{
    (void)pool;
    (void)data;
    (void)size;
    return cfk__fail_absent(err, "bundle");
}
