/* SPDX-License-Identifier: MIT */
/*
 * A secret for three people, any two of whom can open it.
 *
 *     cc split.c $(pkg-config --cflags --libs libcfkit) -o split && ./split
 */
#include <cfkit/split.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int rc, const struct cfk_error *err)
{
    if (rc == CFK_OK)
        return;
    fprintf(stderr, "%s (%s)\n", err->message, cfk_error_name(rc));
    exit(EXIT_FAILURE);
}

int main(void)
{
    static const char *const people[] = { "alice", "bob", "carol" };
    static char kept[3][CFK_SPLIT_MAX_SHARE_TEXT]; /* what each of them takes home */
    struct cfk_split_options options = { sizeof options, 2, 3, "vault", people, NULL };
    struct cfk_error err;
    cfk_split_quorum *quorum;
    const void *secret;
    cfk_split *set;
    size_t size;
    int rc;

    /* Seal, and hand out the shares: text that can be printed, mailed, written down. */
    check(cfk_split_new(&options, &set, &err), &err);
    check(cfk_split_seal(set, "open sesame", 11, &err), &err);
    for (uint32_t i = 0; i < 3; i++) {
        const char *text;
        size_t len;

        check(cfk_split_share(set, i, &text, &len, &err), &err);
        memcpy(kept[i], text, len + 1);
    }
    cfk_split_free(set); /* the key is gone: it is only in the shares now */
    fputs(kept[1], stdout);

    /* Years later. Bob makes a slip while he types his share; it is found at once. */
    check(cfk_split_quorum_new(NULL, &quorum, &err), &err);
    check(cfk_split_quorum_add(quorum, kept[0], strlen(kept[0]), &err), &err);
    *(strstr(kept[1], "cfs1") + 6) ^= 1;
    rc = cfk_split_quorum_add(quorum, kept[1], strlen(kept[1]), &err);
    printf("bob: %s: %s\n", cfk_error_name(rc), err.message);

    /* One share is not enough. */
    rc = cfk_split_quorum_open(quorum, &secret, &size, &err);
    printf("open: %s: %s\n", cfk_error_name(rc), err.message);

    /* Carol's is. The secret stays in locked memory that belongs to the quorum. */
    check(cfk_split_quorum_add(quorum, kept[2], strlen(kept[2]), &err), &err);
    check(cfk_split_quorum_open(quorum, &secret, &size, &err), &err);
    printf("open: ok: %.*s\n", (int)size, (const char *)secret);
    cfk_split_quorum_free(quorum); /* wipes it */
    return 0;
}
