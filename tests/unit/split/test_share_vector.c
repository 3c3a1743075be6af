/* SPDX-License-Identifier: MIT */
/* The test vector of cfs(5): two shares of three; and one of the version before. */
#include "set_of.h"
#include "split/rows.h"

static const char alice[] = "share 1 of 3, 2 needed\n"
                            "holder: alice\n"
                            "label: root key\n"
                            "\n"
                            "cfs1 081r 0x90 vtad 3psp 000g 0002 0c0v x4t0 zw\n"
                            "     304z pv2x aa0y dfjb mfh2 d0k2 jxk7 hf9q gh\n"
                            "     ztcc 27h1 nc36 04an 6crc avz3 b59t 4dc2 ac\n"
                            "     m530 q0jp 0000 0000 0000 0000 0000 0000 x5\n"
                            "     01f7 xbeb 5nrn ew1h q4gs ysb7 mg7y eect jk\n"
                            "     k11d h5xt 73b1 ww8r shdf stm4 9a1d 62ph 8z\n"
                            "     h04c br41 sjk8 s6t2 6yk2 bxh7 63hm 56ja a1\n"
                            "     vk31 173f nfab 19fk abf8 r6pa hkdm np6g 2h\n"
                            "     g3d3 yb6y fsax y49f s4zj ybh9 qwjf z1ty 7h\n"
                            "     trh9 cmb1 5146 4p60 ny84 w1b1 dhmp 6s88 qk\n"
                            "     e9qp yx10 ddjq j02m r9q0 nbkx 17nn 3syg ay\n"
                            "     9z87 1q5b m8az xc47 fae4 kk47 4vfc 0j8w t8\n"
                            "     w2x0 cmx6 kpw5 rx80 t01t xq80 cw85 a6e8 kr\n"
                            "     j6z0 xktr sr4g r6j5 4qpe ewzb qzqy c818 bw\n"
                            "     sdxc jpk3 p8r0 8mxj g6vb wrnq mtw7 g a7\n";

static const char bob[] = "share 2 of 3, 2 needed\n"
                          "holder: bob\n"
                          "label: root key\n"
                          "\n"
                          "cfs1 081r 0x90 vtad 3psp 000g 0002 0c17 yntf a6\n"
                          "     7yqn h2cx g3hp hct1 vv89 sysb zekt b75z r8\n"
                          "     qtdx yxt1 9e01 6x2n 6crc avz3 b59t 4dc2 v9\n"
                          "     m530 q0jp wsv0 3yjh kb0z rkx8 6pd0 ye38 w6\n"
                          "     pjm3 58bb a0ft 43kv 6hp9 4rb3 vmny eect 3m\n"
                          "     k11d h5xt 73b1 ww8r shdf stm4 9a1d 62ph 8z\n"
                          "     h04c br41 sjk8 s6t2 6yk2 bxh7 63hm 56ja a1\n"
                          "     vk31 173f nfab 19fk abf8 r6pa hkdm np6g 2h\n"
                          "     g3d3 yb6y fsax y49f s4zj ybh9 qwjf z1ty 7h\n"
                          "     trh9 cmb1 5146 4p60 ny84 w0v2 dxh0 gwkf rr\n"
                          "     dxt2 0tv5 f405 9gke 1aq7 t2fb a7kx 0kyg q0\n"
                          "     e3ea q8gn ztr8 eymw 9768 e9py r14h sr5t 6r\n"
                          "     0s9t d7dr bhtg 1m03 nveg 0srg amcw h4dy s2\n"
                          "     1v7n hkg9 1gd4 a9fc wxsy qfzf wrg2 hjvt 89\n"
                          "     s5d6 7chg 0h9v 50dp qsh9 erfk p8 79\n";

static const char of_version_1[] = "share 2 of 5, 3 needed\n"
                                   "\n"
                                   "cfs1 040r 6nb3 9fmc 1vcp 000g 0003 0m1e aejx yf\n"
                                   "     fj0m zr6h d54h 955s qbe1 747m xd15 qetx j4\n"
                                   "     rqy3 mb56 m4c8 daqa y4f1 0z7s kysa ypkq gv\n"
                                   "     khy8 a6b6 bg2g zkg7 zvqa g38f e2nd mytb xt\n"
                                   "     4zd3 y3nj qka9 1q04 s2pp fege wmrf 9fda 4g\n"
                                   "     yaa5 8f53 zrfr f3x2 mvs5 6tj0 p58k 66r3 mf\n"
                                   "     drdb tssw 1a3t z4ke e5tm ykhw 4rfg mnjk gp\n"
                                   "     48d8 ew5d vndh 90q3 dbk4 ht2y n213 gcfx xv\n"
                                   "     k2k3 mt5b bqgy 397n nxn4 qk89 38ag r37c jb\n"
                                   "     xs1m hfrq 065n srqx 4m29 8000 6brn nyg tf\n";

START_TEST(the_vector_is_read_and_written)
{
    struct cfk__share_work *work = calloc(1, sizeof *work);
    static char text[CFK_SPLIT_MAX_SHARE_TEXT];
    const char *const shares[] = { alice, bob };
    struct cfk_error err;
    uint32_t row;
    size_t len;

    for (size_t i = 0; i < 2; i++) {
        ck_assert_msg(cfk__share_read(shares[i], strlen(shares[i]), work, &row, &err) ==
                          CFK_OK,
                      "%s", err.message);
        ck_assert_uint_eq(work->share.x, i + 1);
        ck_assert_int_eq(cfk__share_write(work, text, &len, &err), CFK_OK);
        ck_assert_str_eq(text, shares[i]);
    }
    free(work);
}
END_TEST

START_TEST(the_vector_opens)
{
    cfk_split_quorum *quorum;
    const void *secret;
    size_t size;

    ck_assert_int_eq(cfk_split_quorum_new(NULL, &quorum, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_quorum_add(quorum, alice, strlen(alice), NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_quorum_add(quorum, bob, strlen(bob), NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_quorum_open(quorum, &secret, &size, NULL), CFK_OK);
    ck_assert_uint_eq(size, 12);
    ck_assert_mem_eq(secret, "open sesame\n", 12);
    cfk_split_quorum_free(quorum);
}
END_TEST

START_TEST(another_version_is_said_to_be_one)
{
    static const uint8_t fields[200] = { 3, 1 };
    uint8_t bytes[sizeof fields + 4], digest[CFK__SHA256_SIZE];
    static char text[CFK_SPLIT_MAX_SHARE_TEXT];
    struct cfk_error err;

    unit_expect_error(
        cfk_split_share_check(of_version_1, strlen(of_version_1), NULL, &err),
        CFK_E_NOTSUP, &err, "older version");
    ck_assert_int_eq(cfk__hash(CFK__SHA256, fields, sizeof fields, digest, NULL), CFK_OK);
    memcpy(bytes, fields, sizeof fields);
    memcpy(bytes + sizeof fields, digest, 4);
    cfk__rows_write((struct cfk__span){ bytes, sizeof bytes }, text);
    unit_expect_error(
        cfk_split_share_check(text, cfk__rows_text_size(sizeof bytes), NULL, &err),
        CFK_E_NOTSUP, &err, "newer version");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        the_vector_is_read_and_written,
        the_vector_opens,
        another_version_is_said_to_be_one,
        NULL,
    };
    Suite *s = suite_create("split/share_vector");

    suite_add_tcase(s, unit_case("vector", tests));
    return s;
}
