/* SPDX-License-Identifier: MIT */
/* What reading private keys asks of the back end: the same answers over each. */
#include "base/private_key.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static struct cfk__span hex(const char *text)
{
    size_t size;
    uint8_t *data = unit_hex(text, &size);

    return (struct cfk__span){ data, size };
}

static void release(struct cfk__span span)
{
    uint8_t *data;

    memcpy(&data, &span.data, sizeof data); /* ours: const is for the reader */
    free(data);
}

static void expect_bytes(const uint8_t *got, const char *want)
{
    struct cfk__span bytes = hex(want);

    ck_assert_mem_eq(got, bytes.data, bytes.size);
    release(bytes);
}

/* RFC 8032, 7.1: tests 1, 2, 3, 1024 and SHA(abc). */
START_TEST(ed25519_keys_are_those_of_the_rfc)
{
    static const char *const pairs[][2] = {
        { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" },
        { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
          "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c" },
        { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
          "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025" },
        { "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
          "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e" },
        { "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
          "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf" },
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct cfk__span secret = hex(pairs[i][0]);
        uint8_t key[CFK__ED25519_SIZE];

        ck_assert_int_eq(cfk__ed25519_public(secret.data, key, NULL), CFK_OK);
        expect_bytes(key, pairs[i][1]);
        release(secret);
    }
}
END_TEST

/* RFC 6979, A.2.5 to A.2.7. */
START_TEST(points_are_those_of_the_rfc)
{
    static const struct {
        enum cfk__curve curve;
        const char *scalar;
        const char *x;
    } keys[] = {
        { CFK__P256, "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
          "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6" },
        { CFK__P384,
          "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8"
          "96D5724E4C70A825F872C9EA60D2EDF5",
          "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64"
          "DEF8F0EA9055866064A254515480BC13" },
        { CFK__P521,
          "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75"
          "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B8"
          "3538",
          "01894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5BCD"
          "371123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474B9A2F50"
          "23A4" },
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct cfk__span scalar = hex(keys[i].scalar);
        uint8_t point[CFK__EC_POINT_MAX];

        ck_assert_int_eq(cfk__ec_public(keys[i].curve, scalar, point, NULL), CFK_OK);
        ck_assert_uint_eq(point[0], 4);
        expect_bytes(point + 1, keys[i].x);
        release(scalar);
    }
}
END_TEST

/* NIST SP 800-38A, F.2.2, F.2.4 and F.2.6; and one block of triple DES, FIPS 46-3. */
START_TEST(blocks_are_decrypted)
{
    static const struct {
        enum cfk__cbc_id id;
        const char *key;
        const char *iv;
        const char *data;
        const char *plain;
    } cases[] = {
        { CFK__AES_128_CBC, "2b7e151628aed2a6abf7158809cf4f3c",
          "000102030405060708090a0b0c0d0e0f",
          "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
          "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
        { CFK__AES_192_CBC, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
          "000102030405060708090a0b0c0d0e0f",
          "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a",
          "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
        { CFK__AES_256_CBC,
          "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
          "000102030405060708090a0b0c0d0e0f",
          "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
          "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
        { CFK__DES_EDE3_CBC, "0123456789abcdef23456789abcdef01456789abcdef0123",
          "0000000000000000", "a826fd8ce53b855f", "5468652071756663" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cfk__span key = hex(cases[i].key);
        struct cfk__span iv = hex(cases[i].iv);
        struct cfk__span data = hex(cases[i].data);
        uint8_t out[32];

        ck_assert_uint_eq(key.size, cfk__cbc_key_size(cases[i].id));
        ck_assert_uint_eq(iv.size, cfk__cbc_block_size(cases[i].id));
        ck_assert_int_eq(
            cfk__cbc_decrypt(cases[i].id, key.data, iv.data, data, out, NULL), CFK_OK);
        expect_bytes(out, cases[i].plain);
        release(data);
        release(iv);
        release(key);
    }
}
END_TEST

/* RFC 1321, A.5. */
START_TEST(md5_is_of_all_parts)
{
    struct cfk__span parts[] = { { (const uint8_t *)"message", 7 },
                                 { NULL, 0 },
                                 { (const uint8_t *)" digest", 7 } };
    uint8_t digest[CFK__MD5_SIZE];

    ck_assert_int_eq(cfk__md5(parts, 0, digest, NULL), CFK_OK);
    expect_bytes(digest, "d41d8cd98f00b204e9800998ecf8427e");
    ck_assert_int_eq(cfk__md5(parts, 3, digest, NULL), CFK_OK);
    expect_bytes(digest, "f96b697d7cb7938d525a2f31aaf161d0");
}
END_TEST

/* p = 11, q = 17: n = 187, e = 3, d = 107, dp = 7, dq = 11, qinv = 2. */
START_TEST(rsa_numbers_belong_together)
{
    static const uint8_t good[] = { 187, 3, 107, 11, 17, 7, 11, 2 };
    struct cfk_error err;

    for (unsigned i = 0; i <= sizeof good; i++)
        for (unsigned value = 1; value < 256; value++) {
            uint8_t b[sizeof good];
            struct cfk__rsa_private key = { { b, 1 },     { b + 1, 1 }, { b + 2, 1 },
                                            { b + 3, 1 }, { b + 4, 1 }, { b + 5, 1 },
                                            { b + 6, 1 }, { b + 7, 1 } };
            bool right;
            int rc;

            memcpy(b, good, sizeof b);
            if (i < sizeof good)
                b[i] = (uint8_t)value;
            /* e may be more by 80, and d, too: what both p - 1 and q - 1 divide */
            right = memcmp(b, good, sizeof b) == 0 || (i == 1 && value % 80 == 3) ||
                    (i == 2 && value % 80 == 27);
            rc = cfk__rsa_private_check(&key, &err);
            if (right)
                ck_assert_int_eq(rc, CFK_OK);
            else
                unit_expect_error(rc, CFK_E_CORRUPT, &err, "do not belong together");
        }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        ed25519_keys_are_those_of_the_rfc,
        points_are_those_of_the_rfc,
        blocks_are_decrypted,
        md5_is_of_all_parts,
        rsa_numbers_belong_together,
        NULL,
    };
    Suite *suite = suite_create("base/private_key");

    suite_add_tcase(suite, unit_case("private_key", tests));
    return suite;
}
