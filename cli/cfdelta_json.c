/* SPDX-License-Identifier: MIT */
#include "cfdelta_json.h"

#include <stdio.h>

json_t *json_size(uint64_t size)
{
    return json_integer((json_int_t)size);
}

json_t *json_prefix(const uint8_t *digest, size_t size)
{
    char hex[2 * CFK_DELTA_DIGEST_SIZE + 1] = "";

    if (size == 0)
        return json_null();
    for (size_t i = 0; i < size && i < CFK_DELTA_DIGEST_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return json_string(hex);
}

json_t *json_digest(const uint8_t *digest)
{
    return json_prefix(digest, CFK_DELTA_DIGEST_SIZE);
}

/* {"size": ..., "sha256": ...} of bytes. */
json_t *json_file(const void *data, size_t size)
{
    cfk_delta_ref *ref;
    json_t *value;

    if (cfk_delta_ref_new(data, size, NULL, &ref, NULL) != CFK_OK)
        return NULL;
    value = json_pack("{so so}", "size", json_size(size), "sha256",
                      json_digest(cfk_delta_ref_digest(ref)));
    cfk_delta_ref_free(ref);
    return value;
}
