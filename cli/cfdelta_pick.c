/* SPDX-License-Identifier: MIT */
#include "cfdelta_pick.h"

#include "cfdelta_json.h"
#include "common/input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t candidate_max = UINT64_C(1) << 32;

struct ranking {
    cfk_delta_store *store;
    struct cfk_delta_pick *picks;
    size_t count;
    char (*digests)[CFK_DELTA_DIGEST_SIZE]; /* of the files, as they were named */
    bool *told;
};

static int add_file(struct ranking *r, size_t index, const char *file,
                    struct cfk_error *err)
{
    struct cli_input in;
    const cfk_delta_ref *ref;
    int rc = cli_input_open(&in, file, candidate_max, 0, err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk_delta_store_add(r->store, in.data, in.size, &ref, err);
    if (rc == CFK_OK)
        memcpy(r->digests[index], cfk_delta_ref_digest(ref), CFK_DELTA_DIGEST_SIZE);
    cli_input_close(&in);
    return rc;
}

static int rank(struct ranking *r, const struct cli_input *new, size_t count,
                char **files, struct cfk_error *err)
{
    struct cfk_delta_store_options opts = {
        .size = sizeof opts,
        .max_bytes = UINT64_MAX,
        .max_pages = (uint32_t)count,
    };
    int rc;

    r->picks = calloc(count, sizeof r->picks[0]);
    r->digests = calloc(count, sizeof r->digests[0]);
    r->told = calloc(count, sizeof r->told[0]);
    if (r->picks == NULL || r->digests == NULL || r->told == NULL) {
        *err = (struct cfk_error){ CFK_E_NOMEM, .message = "no memory for candidates" };
        return CFK_E_NOMEM;
    }
    rc = cfk_delta_store_new(&opts, &r->store, err);
    for (size_t i = 0; rc == CFK_OK && i < count; i++)
        rc = add_file(r, i, files[i], err);
    if (rc == CFK_OK)
        rc = cfk_delta_store_pick(r->store, new->data, new->size, NULL, r->picks, count,
                                  &r->count, err);
    return rc;
}

static void ranking_free(struct ranking *r)
{
    cfk_delta_store_free(r->store);
    free(r->picks);
    free(r->digests);
    free(r->told);
}

/* The file that a pick is; several of the same content come in their order. */
static size_t next_file(struct ranking *r, const struct cfk_delta_pick *pick, size_t from,
                        size_t count)
{
    const uint8_t *digest = cfk_delta_ref_digest(pick->ref);

    while (from < count && (r->told[from] ||
                            memcmp(r->digests[from], digest, CFK_DELTA_DIGEST_SIZE) != 0))
        from++;
    return from;
}

static void tell(const struct cfk_delta_pick *pick, const char *file, json_t *list)
{
    if (list != NULL)
        json_array_append_new(
            list,
            json_pack("{so so so si}", "file", cli_json_text(file, strlen(file)),
                      "sha256", json_digest(cfk_delta_ref_digest(pick->ref)),
                      "patch_size",
                      pick->patch_size > 0 ? json_size(pick->patch_size) : json_null(),
                      "similarity", (int)pick->similarity));
    else if (pick->patch_size > 0)
        printf("%" PRIu64 "\t%" PRIu32 "\t%s\n", pick->patch_size, pick->similarity,
               file);
    else
        printf("-\t%" PRIu32 "\t%s\n", pick->similarity, file);
}

static void tell_all(struct ranking *r, size_t count, char **files, json_t *list)
{
    for (size_t i = 0; i < r->count; i++) {
        size_t at = next_file(r, &r->picks[i], 0, count);

        for (; at < count; at = next_file(r, &r->picks[i], at, count)) {
            tell(&r->picks[i], files[at], list);
            r->told[at] = true;
        }
    }
}

static int print(struct ranking *r, const struct cli_input *new, size_t count,
                 char **files)
{
    json_t *list;

    if (!cli_json()) {
        tell_all(r, count, files, NULL);
        return CLI_YES;
    }
    list = json_array();
    tell_all(r, count, files, list);
    return cli_print_json(
        json_pack("{so so}", "new", json_file(new->data, new->size), "candidates", list));
}

int pick_candidates(const char *new_file, size_t count, char **files)
{
    struct ranking r = { 0 };
    struct cfk_error err = { 0 };
    struct cli_input new;
    int status;
    int rc = cli_input_open(&new, new_file, candidate_max, 0, &err);

    if (rc != CFK_OK)
        return cli_fail(&err);
    rc = rank(&r, &new, count, files, &err);
    status = rc == CFK_OK ? print(&r, &new, count, files) : cli_fail(&err);
    ranking_free(&r);
    cli_input_close(&new);
    return status;
}
