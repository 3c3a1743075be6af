/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE

#include "base/secret.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The address sanitizer turns mlock() into nothing. */
#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
static const bool can_lock = false;
#else
static const bool can_lock = true;
#endif

static uint8_t *secret_of(size_t size)
{
    struct cfk_error err;
    void *secret;

    ck_assert_msg(cfk__secret_new(size, &secret, &err) == CFK_OK, "%s", err.message);
    return secret;
}

static bool is_zero(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0)
            return false;
    return true;
}

START_TEST(secrets_of_every_size_are_zeroed_and_aligned)
{
    for (size_t size = 1; size < 20000; size += size < 40 ? 1 : 997) {
        uint8_t *secret = secret_of(size);

        ck_assert_uint_eq((uintptr_t)secret % 16, 0);
        ck_assert(is_zero(secret, size));
        memset(secret, 0xa5, size);
        cfk__secret_free(secret);
    }
    cfk__secret_free(NULL);
}
END_TEST

START_TEST(no_bytes_and_too_many_are_refused)
{
    struct cfk_error err;
    void *secret = &err;

    unit_expect_error(cfk__secret_new(0, &secret, &err), CFK_E_INVALID, &err, "0 bytes");
    ck_assert_ptr_null(secret);
    secret = &err;
    unit_expect_error(cfk__secret_new(SIZE_MAX, &secret, &err), CFK_E_NOMEM, &err,
                      "no memory");
    ck_assert_ptr_null(secret);
    ck_assert_int_eq(cfk__secret_new(SIZE_MAX / 4, &secret, NULL), CFK_E_NOMEM);
}
END_TEST

/* In a child of its own: the limit binds nobody who may lock without one. */
static int lock_under_limit(void)
{
    struct rlimit none = { 0, 0 };
    struct cfk_error err;
    void *secret;
    int rc;

    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0))
        return 2;
    rc = cfk__secret_new(32, &secret, &err);
    return rc == CFK_E_NOMEM && secret == NULL && strstr(err.message, "ulimit -l") ? 0
                                                                                   : 1;
}

START_TEST(the_limit_on_locked_memory_is_named)
{
    pid_t child;
    int status;

    if (!can_lock) {
        unit_skip("the sanitizer does not lock memory");
        return;
    }
    child = fork();
    if (child == 0)
        _exit(lock_under_limit());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2)
        unit_skip("cannot lower the limit on locked memory here");
    else
        ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(a_forked_child_sees_zeros)
{
    uint8_t *secret = secret_of(100);
    pid_t child;
    int status;

    memset(secret, 0xa5, 100);
    child = fork();
    if (child == 0) {
        bool wiped = is_zero(secret, 100);

        cfk__secret_free(secret);
        _exit(wiped ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_uint_eq(secret[99], 0xa5);
    cfk__secret_free(secret);
}
END_TEST

/* The VmFlags of the mapping that holds address, or false. */
static bool vm_flags(const void *address, char *flags, size_t size)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[1024];
    bool inside = false;

    if (smaps == NULL)
        return false;
    while (fgets(line, sizeof line, smaps) != NULL) {
        unsigned long from, to;

        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)address >= from && (uintptr_t)address < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            snprintf(flags, size, "%s", line + 8);
            fclose(smaps);
            return true;
        }
    }
    fclose(smaps);
    return false;
}

START_TEST(the_kernel_is_told_to_lock_it_and_not_to_dump_it)
{
    uint8_t *secret = secret_of(32);
    char flags[1024];

    if (vm_flags(secret, flags, sizeof flags)) {
        ck_assert_int_eq(strstr(flags, " lo") != NULL, can_lock);
        ck_assert_ptr_nonnull(strstr(flags, " dd"));
        ck_assert_ptr_nonnull(strstr(flags, " wf"));
    } else {
        unit_skip("no VmFlags in /proc/self/smaps");
    }
    cfk__secret_free(secret);
}
END_TEST

START_TEST(wiping_wipes_and_no_more)
{
    uint8_t data[5] = { 1, 2, 3, 4, 5 };

    cfk__wipe(data + 1, 3);
    ck_assert_mem_eq(data, "\1\0\0\0\5", 5);
    cfk__wipe(data, 0);
    cfk__wipe(NULL, 0);
    ck_assert_uint_eq(data[0], 1);
}
END_TEST

START_TEST(equality_looks_at_every_byte)
{
    uint8_t a[33] = { 0 };
    uint8_t b[33] = { 0 };

    ck_assert(cfk__equal_secret(a, b, sizeof a));
    ck_assert(cfk__equal_secret(NULL, NULL, 0));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] = (uint8_t)(1 << bit % 8);
        ck_assert(!cfk__equal_secret(a, b, sizeof a));
        b[bit / 8] = 0;
    }
}
END_TEST

static void default_signals(void)
{
    struct rlimit none = { 0, 0 };

    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer may have taken it */
    signal(SIGABRT, SIG_DFL);
}

static void touch(volatile uint8_t *address)
{
    *address = 1;
}

START_TEST(writing_far_behind_a_secret_faults)
{
    default_signals();
    touch(secret_of(100) + 100 + 12 + 16); /* padding, canary, guard */
}
END_TEST

START_TEST(writing_far_before_a_secret_faults)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uint8_t *secret = secret_of(100);

    default_signals();
    touch(secret - (uintptr_t)secret % page - 1);
}
END_TEST

START_TEST(a_byte_written_behind_a_secret_aborts_its_release)
{
    uint8_t *secret = secret_of(100);

    default_signals();
    secret[100] = (uint8_t)(secret[100] + 1);
    cfk__secret_free(secret);
}
END_TEST

START_TEST(a_byte_written_before_a_secret_aborts_its_release)
{
    uint8_t *secret = secret_of(5000);

    default_signals();
    secret[-1] = (uint8_t)(secret[-1] + 1);
    cfk__secret_free(secret);
}
END_TEST

START_TEST(canaries_differ)
{
    uint8_t *a = secret_of(16);
    uint8_t *b = secret_of(16);

    ck_assert_mem_ne(a + 16, b + 16, 16);
    ck_assert_mem_eq(a + 16, a - 16, 16);
    cfk__secret_free(a);
    cfk__secret_free(b);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        secrets_of_every_size_are_zeroed_and_aligned,
        no_bytes_and_too_many_are_refused,
        the_limit_on_locked_memory_is_named,
        a_forked_child_sees_zeros,
        the_kernel_is_told_to_lock_it_and_not_to_dump_it,
        wiping_wipes_and_no_more,
        equality_looks_at_every_byte,
        canaries_differ,
        NULL,
    };
    Suite *s = suite_create("base/secret");
    TCase *tc = unit_case("secret", tests);

    tcase_add_test_raise_signal(tc, writing_far_behind_a_secret_faults, SIGSEGV);
    tcase_add_test_raise_signal(tc, writing_far_before_a_secret_faults, SIGSEGV);
    tcase_add_test_raise_signal(tc, a_byte_written_behind_a_secret_aborts_its_release,
                                SIGABRT);
    tcase_add_test_raise_signal(tc, a_byte_written_before_a_secret_aborts_its_release,
                                SIGABRT);
    suite_add_tcase(s, tc);
    return s;
}
