/* SPDX-License-Identifier: MIT */
/* Splitting and joining: whole shares, raw bytes, and the payload of lock files. */
#include "cfkit/split.h"
#include "base/crypto.h"
#include "harness.h"
#include "split/gf256.h"

#include <stdlib.h>
#include <string.h>

enum { RAW_SIZE = 1 << 16, LOCK_SIZE = 8 << 20, SHARES = 5, NEEDED = 3 };

static const uint8_t secret[32] = "thirty-two bytes of secret, here";

struct texts {
    char text[3][CFK_SPLIT_MAX_SHARE_TEXT];
    size_t len[3];
    bool right;
};

static bool split_small(void *ctx)
{
    struct texts *t = ctx;
    cfk_split *set;
    bool done = true;

    if (cfk_split_new(NULL, &set, NULL) != CFK_OK)
        return false;
    done = cfk_split_seal(set, secret, sizeof secret, NULL) == CFK_OK;
    for (uint32_t i = 0; i < 3 && done; i++) {
        const char *text;

        done = cfk_split_share(set, i, &text, &t->len[i], NULL) == CFK_OK;
        if (done)
            memcpy(t->text[i], text, t->len[i]);
    }
    cfk_split_free(set);
    return done;
}

static bool join_small(void *ctx)
{
    struct texts *t = ctx;
    cfk_split_quorum *quorum;
    const void *joined;
    size_t size;
    bool done = true;

    if (cfk_split_quorum_new(NULL, &quorum, NULL) != CFK_OK)
        return false;
    for (uint32_t i = 0; i < 2 && done; i++)
        done = cfk_split_quorum_add(quorum, t->text[i], t->len[i], NULL) == CFK_OK;
    done = done && cfk_split_quorum_open(quorum, &joined, &size, NULL) == CFK_OK &&
           size == sizeof secret && memcmp(joined, secret, size) == 0;
    cfk_split_quorum_free(quorum);
    return done;
}

static bool check_small(void *ctx)
{
    struct texts *t = ctx;

    return cfk_split_share_check(t->text[1], t->len[1], NULL, NULL) == CFK_OK;
}

struct raw {
    cfk__gf256_evaluate *kernel;
    uint8_t *data;
    uint8_t *random;
    uint8_t *shares;
    uint8_t *joined;
};

static bool raw_split(void *ctx)
{
    struct raw *r = ctx;

    return cfk_split_shamir(r->data, RAW_SIZE, NEEDED, SHARES, r->shares, NULL) == CFK_OK;
}

static bool raw_split_with(void *ctx)
{
    struct raw *r = ctx;

    return cfk_split_shamir_with(r->data, RAW_SIZE, NEEDED, SHARES, r->random, r->shares,
                                 NULL) == CFK_OK;
}

/* What a kernel alone does of it. */
static bool kernel_split(void *ctx)
{
    struct raw *r = ctx;
    struct cfk__gf256_points points = { r->data, r->random, r->random + RAW_SIZE,
                                        0,       SHARES,    { NULL } };

    for (size_t x = 1; x <= SHARES; x++)
        points.outputs[x] = r->shares + (x - 1) * RAW_SIZE;
    r->kernel(&points, RAW_SIZE);
    return true;
}

static bool raw_join(void *ctx)
{
    static const uint8_t xs[] = { 1, 2, 3 };
    struct raw *r = ctx;

    return cfk_split_shamir_join(xs, r->shares, NEEDED, RAW_SIZE, r->joined, NULL) ==
           CFK_OK;
}

static bool raw_right(void *ctx)
{
    struct raw *r = ctx;

    return raw_join(r) && memcmp(r->joined, r->data, RAW_SIZE) == 0;
}

struct lock {
    uint8_t *plain;
    uint8_t *file;
    size_t size;
    bool keep; /* what is sealed, and compare what is opened: while nothing is timed */
    struct texts texts;
};

static void keep(struct lock *l, const void *out, size_t out_size)
{
    if (out_size > 0 && l->keep)
        memcpy(l->file + l->size, out, out_size);
    l->size += out_size;
}

static bool lock_seal(void *ctx)
{
    struct lock *l = ctx;
    cfk_split_sealer *sealer;
    cfk_split *set;
    const void *out;
    size_t out_size, used, done = 0;
    bool fine;

    l->size = 0;
    if (cfk_split_new(NULL, &set, NULL) != CFK_OK)
        return false;
    fine = cfk_split_sealer_new(set, &sealer, NULL) == CFK_OK;
    for (; fine && done < LOCK_SIZE; done += used) {
        fine = cfk_split_sealer_update(sealer, l->plain + done, LOCK_SIZE - done, &used,
                                       &out, &out_size, NULL) == CFK_OK;
        keep(l, out, out_size);
    }
    fine = fine && cfk_split_sealer_finish(sealer, &out, &out_size, NULL) == CFK_OK;
    keep(l, out, out_size);
    for (uint32_t i = 0; i < 2 && fine; i++) {
        const char *text;

        fine = cfk_split_share(set, i, &text, &l->texts.len[i], NULL) == CFK_OK;
        if (fine)
            memcpy(l->texts.text[i], text, l->texts.len[i]);
    }
    cfk_split_sealer_free(sealer);
    cfk_split_free(set);
    return fine;
}

static bool lock_open(void *ctx)
{
    struct lock *l = ctx;
    cfk_split_opener *opener = NULL;
    cfk_split_quorum *quorum;
    const void *out;
    size_t out_size, used, done = 0, at = 0;
    bool fine = true;

    if (cfk_split_quorum_new(NULL, &quorum, NULL) != CFK_OK)
        return false;
    for (uint32_t i = 0; i < 2 && fine; i++)
        fine = cfk_split_quorum_add(quorum, l->texts.text[i], l->texts.len[i], NULL) ==
               CFK_OK;
    fine = fine && cfk_split_opener_new(quorum, &opener, NULL) == CFK_OK;
    for (; fine && done < l->size; done += used) {
        fine = cfk_split_opener_update(opener, l->file + done, l->size - done, &used,
                                       &out, &out_size, NULL) == CFK_OK &&
               (out_size == 0 || !l->keep || memcmp(out, l->plain + at, out_size) == 0);
        at += out_size;
    }
    fine = fine && cfk_split_opener_finish(opener, &out, &out_size, NULL) == CFK_OK &&
           at + out_size == LOCK_SIZE;
    cfk_split_opener_free(opener);
    cfk_split_quorum_free(quorum);
    return fine;
}

static bool lock_right(void *ctx)
{
    struct lock *l = ctx;
    bool right;

    l->keep = true;
    right = lock_seal(l) && lock_open(l);
    l->keep = false;
    return right;
}

/* What the back end's cipher alone does, chunk by chunk: the ceiling. */
static bool cipher_alone(void *ctx)
{
    static const uint8_t key[32] = { 1 }, nonce[12] = { 2 };
    struct lock *l = ctx;
    struct cfk__aead *aead;
    bool fine = cfk__aead_new(CFK__AES_256_GCM, key, &aead, NULL) == CFK_OK;

    for (size_t at = 0; fine && at < LOCK_SIZE; at += 16384)
        fine = cfk__aead_seal(aead, nonce, NULL, 0, l->plain + at, 16384, l->file,
                              NULL) == CFK_OK;
    cfk__aead_free(aead);
    return fine;
}

int main(int argc, char **argv)
{
    static struct texts texts;
    static struct lock lock;
    struct raw raw = { cfk__gf256_evaluate_portable, malloc(RAW_SIZE),
                       malloc(NEEDED * RAW_SIZE), malloc(SHARES * RAW_SIZE),
                       malloc(RAW_SIZE) };

    lock.plain = malloc(LOCK_SIZE);
    lock.file = malloc(LOCK_SIZE + 65536);
    if (raw.data == NULL || raw.random == NULL || raw.shares == NULL ||
        raw.joined == NULL || lock.plain == NULL || lock.file == NULL)
        return EXIT_FAILURE;
    memset(raw.data, 0x5a, RAW_SIZE);
    memset(raw.random, 0x3c, NEEDED * RAW_SIZE);
    memset(lock.plain, 0xa5, LOCK_SIZE);

    bench_start(argc, argv, "split: shares of a secret");
    if (!split_small(&texts))
        return EXIT_FAILURE;
    bench_run(&(struct bench_row){ "cfkit", "32 B 2-of-3/split", 1, 0, split_small,
                                   check_small, &texts });
    bench_run(&(struct bench_row){ "cfkit", "32 B 2-of-3/join", 1, 0, join_small, NULL,
                                   &texts });
    bench_run(&(struct bench_row){ "cfkit", "32 B 2-of-3/check one", 1, 0, check_small,
                                   NULL, &texts });
    bench_run(&(struct bench_row){ "cfkit", "raw 3-of-5/split", 1, RAW_SIZE, raw_split,
                                   raw_right, &raw });
    bench_run(&(struct bench_row){ "cfkit, given randomness", "raw 3-of-5/split", 1,
                                   RAW_SIZE, raw_split_with, raw_right, &raw });
    bench_run(&(struct bench_row){ "portable kernel", "raw 3-of-5/split", 1, RAW_SIZE,
                                   kernel_split, raw_right, &raw });
    raw.kernel = cfk__gf256_evaluate_avx2();
    if (raw.kernel != NULL)
        bench_run(&(struct bench_row){ "AVX2 kernel", "raw 3-of-5/split", 1, RAW_SIZE,
                                       kernel_split, raw_right, &raw });
    bench_run(&(struct bench_row){ "cfkit", "raw 3-of-5/join", 1, RAW_SIZE, raw_join,
                                   raw_right, &raw });
    if (!lock_right(&lock))
        return EXIT_FAILURE;
    bench_run(&(struct bench_row){ "cfkit", "lock file/seal", 1, LOCK_SIZE, lock_seal,
                                   lock_right, &lock });
    bench_run(&(struct bench_row){ "cfkit", "lock file/open", 1, LOCK_SIZE, lock_open,
                                   lock_right, &lock });
    bench_run(&(struct bench_row){ "AES-256-GCM alone", "lock file/seal", 1, LOCK_SIZE,
                                   cipher_alone, NULL, &lock });
    return bench_finish();
}
