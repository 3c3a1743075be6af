/* SPDX-License-Identifier: MIT */
/* The test vector of cfl(5): one copy of a head, and its payload. */
#include "lock_of.h"

static const char slot_text[] =
    "8943464c0d0a1a0a0102000000010000000000000000000200000127010010a2"
    "e04086cf4daeb19d93ffeaee075e120200040000000103000d616c6963652061"
    "6e6420626f62040020471aa07418958c002a8ef8d108fb4e1bba3462d3a8b264"
    "f73007d94973851c4d05006a02b88001c9d67b14dd8c7c1d7283a54b114524e6"
    "b8fd9190cf271584437d38107d000000080000000101ccbac413e074d2bfa1e8"
    "1448f0039b0759e0f44a82a8ea84fdfe0394a30b93211ede302d2a4afe171a78"
    "ed0aa9d44834d9d8b6c22eb9d5585d66643e399f639e05006a02eaf92fbf23e9"
    "2e4a8951d3f4e83796ba76451bfdb13c09e50e6abaf68d805907000000080000"
    "0001010f6529721515e2ccc299f3b6a7775f2882457f28267ecb90fb966734f6"
    "db890b5630f28487746f24c1df9bb57b6e5f3f01e410f3a4644e4ce19e2b3b98"
    "68d4aa8ac38f6bb9cbe12088dc10c33828141a8231f373712fa72c3648c3c298"
    "bcf494367acfc67923f45ebd2366510ff181e6ba0c1c035e15eb737089e94f2e"
    "ab090a";

static const char payload_text[] =
    "cd2d906e7e0bdd511608e85bc266519717662ef2299cf910f0b07270a570a190"
    "02a05e035b2523c42a070b9a1a8cf21a8a779b40e017fa79cd51103db96b3266"
    "24868c51b5e791b60ad09fe7f0bc6a78c2bdfd3a";

static struct file vector_file(void)
{
    struct file file = { calloc(1, HEAD), HEAD };
    uint8_t *bytes;
    size_t size;

    bytes = unit_hex(slot_text, &size);
    memcpy(file.data, bytes, size);
    free(bytes);
    bytes = unit_hex(payload_text, &size);
    file_append(&file, bytes, size);
    free(bytes);
    return file;
}

START_TEST(the_vector_opens)
{
    struct file file = vector_file();
    cfk_lock *lock = lock_read(&file);
    struct cfk_lock_info info = lock_info(lock);
    struct file plain;
    struct cfk_error err;

    ck_assert_uint_eq(info.generation, 1);
    ck_assert_uint_eq(info.used, strlen(slot_text) / 2);
    ck_assert_uint_eq(info.damaged, 1); /* the other copy is not there */
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "alice", "correct horse", 13, &err),
                     CFK_OK);
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "bob", "battery staple", 14, &err),
                     CFK_OK);
    ck_assert_int_eq(cfk_lock_open(lock, &err), CFK_OK);
    ck_assert_int_eq(payload(lock, &file, &plain, &err), CFK_OK);
    ck_assert_uint_eq(plain.size, 12);
    ck_assert_mem_eq(plain.data, "open sesame\n", 12);
    free(plain.data);
    cfk_lock_free(lock);
    free(file.data);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = { the_vector_opens, NULL };
    Suite *s = suite_create("split/lock_vector");

    suite_add_tcase(s, unit_case("vector", tests));
    return s;
}
