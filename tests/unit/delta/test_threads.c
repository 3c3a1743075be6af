/* SPDX-License-Identifier: MIT */
#include "common.h"
#include "unit.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 30 };

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

Suite *unit_suite(void)
{
    const TTest *const tests[] = { threads_share_a_reference, NULL };
    Suite *suite = suite_create("delta/threads");

    suite_add_tcase(suite, unit_case("threads", tests));
    return suite;
}
