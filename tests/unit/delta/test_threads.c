/* SPDX-License-Identifier: MIT */
#include "common.h"
#include "unit.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 30, FRESH = 10 };

/* Encode and decode with the shared reference; NULL when all came out right. */
static void *work(void *arg)
{
    const struct sample *s = arg;

    for (int i = 0; i < ROUNDS; i++) {
        void *patch;
        void *back;
        size_t patch_size;
        size_t back_size;
        int rc = cfk_delta_encode(s->ref, s->new, s->new_size, NULL, &patch, &patch_size,
                                  NULL);
        bool same = rc == CFK_OK && patch_size == s->patch_size &&
                    memcmp(patch, s->patch, patch_size) == 0;

        rc = cfk_delta_decode(s->ref, s->patch, s->patch_size, NULL, &back, &back_size,
                              NULL);
        same = same && rc == CFK_OK && back_size == s->new_size &&
               memcmp(back, s->new, back_size) == 0;
        cfk_free(NULL, patch);
        cfk_free(NULL, back);
        if (!same)
            return arg;
    }
    return NULL;
}

START_TEST(threads_share_a_reference)
{
    pthread_t threads[THREADS];
    struct sample s;

    sample_make(&s, 30000, 20, CFK_DELTA_DCZ);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &s), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;

        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_null(result);
    }
    sample_free(&s);
}
END_TEST

/* Everything that a reference makes when it is wanted, in an order of one's own. */
struct first {
    pthread_barrier_t *start;
    const cfk_delta_ref *ref;
    const struct sample *sample;
    unsigned number;
};

static void *want_all(void *arg)
{
    static const struct {
        uint32_t format;
        uint32_t level;
    } wanted[THREADS] = { { CFK_DELTA_ZSTD, 1 },
                          { CFK_DELTA_DCZ, 9 },
                          { CFK_DELTA_CFD, 2 },
                          { CFK_DELTA_DCZ, 2 } };
    const struct first *f = arg;
    struct cfk_delta_sketch sketch;
    size_t right = 0;

    pthread_barrier_wait(f->start);
    for (unsigned i = 0; i < THREADS; i++) {
        unsigned k = (f->number + i) % THREADS;
        struct cfk_delta_encode_options opts = { .size = sizeof opts,
                                                 .format = wanted[k].format,
                                                 .level = wanted[k].level };
        void *patch;
        size_t size;

        right += cfk_delta_encode(f->ref, f->sample->new, f->sample->new_size, &opts,
                                  &patch, &size, NULL) == CFK_OK; /* which verifies */
        right += cfk_delta_ref_digest(f->ref) != NULL;
        right += cfk_delta_ref_sketch(f->ref, &sketch, NULL) == CFK_OK &&
                 sketch.data_size == f->sample->old_size;
        cfk_free(NULL, patch);
    }
    return right == 3 * THREADS ? NULL : arg;
}

START_TEST(what_is_made_when_wanted_is_made_once)
{
    pthread_t threads[THREADS];
    struct first first[THREADS];
    pthread_barrier_t start;
    struct sample s;

    sample_make(&s, 3000, 5, CFK_DELTA_DCZ);
    for (int round = 0; round < FRESH; round++) {
        cfk_delta_ref *ref = make_ref(s.old, s.old_size);

        ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
        for (unsigned i = 0; i < THREADS; i++) {
            first[i] = (struct first){ &start, ref, &s, i };
            ck_assert_int_eq(pthread_create(&threads[i], NULL, want_all, &first[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            void *result;

            ck_assert_int_eq(pthread_join(threads[i], &result), 0);
            ck_assert_ptr_null(result);
        }
        pthread_barrier_destroy(&start);
        cfk_delta_ref_free(ref);
    }
    sample_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        threads_share_a_reference,
        what_is_made_when_wanted_is_made_once,
        NULL,
    };
    Suite *suite = suite_create("delta/threads");

    suite_add_tcase(suite, unit_case("threads", tests));
    return suite;
}
