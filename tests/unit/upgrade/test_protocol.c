/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"
#include "upgrade/fds.h"
#include "upgrade/inherit.h"
#include "upgrade/notify.h"
#include "upgrade/protocol.h"
#include "upgrade/text.h"

#include <string.h>

static struct cfk__message sample_hello(void)
{
    struct cfk__message m = { .type = CFK__MESSAGE_HELLO,
                              .generation = 7,
                              .flags = CFK__HELLO_HOLDER | CFK__WITH_STATE,
                              .version = 12,
                              .first = 3,
                              .count = 1000 };

    for (uint8_t i = 0; i < CFK__COOKIE_SIZE; i++)
        m.cookie[i] = i;
    return m;
}

static void expect_round_trip(const struct cfk__message *m, size_t size)
{
    uint8_t data[CFK__MESSAGE_MAX];
    struct cfk__message got;

    ck_assert_uint_eq(cfk__message_encode(m, data), size);
    ck_assert_int_eq(cfk__message_decode(data, size, &got, NULL), CFK_OK);
    ck_assert_mem_eq(&got, m, sizeof got);
}

START_TEST(messages_come_back_as_they_went)
{
    const struct cfk__message commit = { .type = CFK__MESSAGE_COMMIT };
    const struct cfk__message with_state = { .type = CFK__MESSAGE_COMMIT,
                                             .flags = CFK__WITH_STATE,
                                             .version = UINT32_MAX };
    const struct cfk__message reject = { .type = CFK__MESSAGE_REJECT,
                                         .code = 0x80000001 };
    static const uint8_t plain[] = { CFK__MESSAGE_READY, CFK__MESSAGE_SERVING,
                                     CFK__MESSAGE_PASSED, CFK__MESSAGE_DRAINED };
    struct cfk__message hello = sample_hello();

    expect_round_trip(&hello, 48);
    expect_round_trip(&commit, 20);
    expect_round_trip(&with_state, 20);
    expect_round_trip(&reject, 16);
    for (size_t i = 0; i < sizeof plain; i++) {
        const struct cfk__message m = { .type = plain[i] };

        expect_round_trip(&m, CFK__MESSAGE_HEADER);
    }
}
END_TEST

START_TEST(flags_that_make_no_sense_are_refused)
{
    const struct cfk__message commit = { .type = CFK__MESSAGE_COMMIT,
                                         .flags = CFK__HELLO_HOLDER };
    const struct cfk__message version = { .type = CFK__MESSAGE_COMMIT, .version = 1 };
    const struct cfk__message hello = { .type = CFK__MESSAGE_HELLO, .flags = 8 };
    uint8_t data[CFK__MESSAGE_MAX];
    struct cfk__message got;
    size_t size = cfk__message_encode(&commit, data);

    ck_assert_int_eq(cfk__message_decode(data, size, &got, NULL), CFK_E_PROTOCOL);
    size = cfk__message_encode(&version, data);
    ck_assert_int_eq(cfk__message_decode(data, size, &got, NULL), CFK_E_PROTOCOL);
    size = cfk__message_encode(&hello, data);
    ck_assert_int_eq(cfk__message_decode(data, size, &got, NULL), CFK_E_PROTOCOL);
}
END_TEST

START_TEST(the_bytes_are_those_of_the_manual)
{
    static const uint8_t ready[] = { 'C', 'F', 'K', 'U', 1, 2, 0, 0, 0, 0, 0, 0 };
    struct cfk__message m = { .type = CFK__MESSAGE_READY };
    uint8_t data[CFK__MESSAGE_MAX];

    ck_assert_uint_eq(cfk__message_encode(&m, data), sizeof ready);
    ck_assert_mem_eq(data, ready, sizeof ready);
}
END_TEST

START_TEST(every_cut_and_every_changed_header_is_refused)
{
    struct cfk__message hello = sample_hello();
    uint8_t data[CFK__MESSAGE_MAX] = { 0 };
    struct cfk__message got;
    size_t size = cfk__message_encode(&hello, data);

    for (size_t cut = 0; cut < size; cut++)
        ck_assert_int_eq(cfk__message_decode(data, cut, &got, NULL), CFK_E_PROTOCOL);
    ck_assert_int_eq(cfk__message_decode(data, size + 1, &got, NULL), CFK_E_PROTOCOL);
    for (size_t at = 0; at < CFK__MESSAGE_HEADER; at++) {
        struct cfk_error err;
        int rc;

        data[at] ^= 0x10;
        rc = cfk__message_decode(data, size, &got, &err);
        ck_assert_int_eq(rc, at == 4 ? CFK_E_NOTSUP : CFK_E_PROTOCOL);
        data[at] ^= 0x10;
    }
    data[5] = CFK__MESSAGE_READY; /* with the payload of HELLO */
    ck_assert_int_eq(cfk__message_decode(data, size, &got, NULL), CFK_E_PROTOCOL);
    data[5] = 0;
    ck_assert_int_eq(cfk__message_decode(data, size, &got, NULL), CFK_E_PROTOCOL);
}
END_TEST

START_TEST(the_variable_comes_back_as_it_went)
{
    struct cfk__handover out = { .fd = 65537 };
    struct cfk__handover got;
    char text[CFK__HANDOVER_TEXT];

    memset(out.cookie, 0xa5, sizeof out.cookie);
    cfk__handover_print(&out, text);
    ck_assert_str_eq(text, "1:65537:a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5");
    ck_assert(cfk__handover_parse(text, &got));
    ck_assert_int_eq(got.fd, 65537);
    ck_assert_mem_eq(got.cookie, out.cookie, sizeof got.cookie);
}
END_TEST

START_TEST(a_variable_that_is_not_ours_is_refused)
{
    static const char *const bad[] = {
        "",
        "1",
        "1:5",
        "1:5:",
        ":5:00112233445566778899aabbccddeeff",
        "2:5:00112233445566778899aabbccddeeff",
        "1::00112233445566778899aabbccddeeff",
        "1:-5:00112233445566778899aabbccddeeff",
        "1:2147483648:00112233445566778899aabbccddeeff",
        "1:5:00112233445566778899aabbccddeef",
        "1:5:00112233445566778899aabbccddeeff0",
        "1:5:00112233445566778899aabbccddeegg",
        "1:5:00112233445566778899AABBCCDDEEFF",
    };
    struct cfk__handover got;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!cfk__handover_parse(bad[i], &got), "%s", bad[i]);
    ck_assert(cfk__handover_parse("1:2147483647:00112233445566778899aabbccddeeff", &got));
}
END_TEST

static const struct cfk__path_id some_id = { 0x1122334455667788, 99 };

static void fill(struct cfk__fds *fds, const struct cfk_alloc *alloc)
{
    *fds = (struct cfk__fds){ .alloc = alloc, .limit = 4 };
    ck_assert_int_eq(cfk__fds_add(fds, "a", 1, NULL, NULL, -1, 0, NULL), CFK_OK);
    ck_assert_int_eq(
        cfk__fds_add(fds, "b", 1, "/run/b", &some_id, -1, CFK_UPGRADE_OWNS_PATH, NULL),
        CFK_OK);
    ck_assert_int_eq(cfk__fds_add(fds, "a", 1, NULL, NULL, -1, 0, NULL), CFK_OK);
}

static void disown(struct cfk__fds *fds)
{
    for (size_t i = 0; i < fds->count; i++)
        fds->items[i].fd = -1;
    cfk__fds_clear(fds);
}

START_TEST(descriptions_come_back_as_they_went)
{
    struct cfk__buffer text = { .alloc = NULL };
    struct cfk__fds out;
    struct cfk__fds got = { .limit = 4 };

    fill(&out, NULL);
    ck_assert_int_eq(cfk__fds_encode(&out, true, &text), CFK_OK);
    ck_assert_int_eq(cfk__fds_decode(&got, text.data, text.size, 3, 3, NULL), CFK_OK);
    ck_assert_uint_eq(got.count, 3);
    ck_assert_str_eq(got.items[0].name, "a");
    ck_assert_ptr_null(got.items[0].path);
    ck_assert_uint_eq(got.items[0].flags, CFK_UPGRADE_INHERITED);
    ck_assert_str_eq(got.items[1].path, "/run/b");
    ck_assert_uint_eq(got.items[1].id.dev, some_id.dev);
    ck_assert_uint_eq(got.items[1].id.ino, some_id.ino);
    ck_assert_uint_eq(got.items[1].flags, CFK_UPGRADE_INHERITED | CFK_UPGRADE_OWNS_PATH);
    ck_assert_int_eq(got.items[2].fd, 5);
    disown(&got);
    text.size = 0;
    ck_assert_int_eq(cfk__fds_encode(&out, false, &text), CFK_OK);
    ck_assert_int_eq(cfk__fds_decode(&got, text.data, text.size, 3, 3, NULL), CFK_OK);
    ck_assert_ptr_null(got.items[1].path);
    disown(&got);
    cfk__fds_clear(&out);
    cfk__buffer_free(&text);
}
END_TEST

START_TEST(broken_descriptions_are_refused)
{
    struct cfk__buffer text = { .alloc = NULL };
    struct cfk__fds got = { .limit = 4 };
    struct cfk__fds out;
    struct cfk_error err;
    int rc;

    fill(&out, NULL);
    ck_assert_int_eq(cfk__fds_encode(&out, true, &text), CFK_OK);
    for (size_t cut = 0; cut < text.size; cut++)
        ck_assert_int_eq(cfk__fds_decode(&got, text.data, cut, 3, 3, NULL),
                         CFK_E_PROTOCOL);
    rc = cfk__fds_decode(&got, text.data, text.size, 3, 2, &err);
    unit_expect_error(rc, CFK_E_PROTOCOL, &err, "2 descriptors");
    ck_assert_int_eq(cfk__buffer_append(&text, "x", 1), CFK_OK);
    rc = cfk__fds_decode(&got, text.data, text.size, 3, 3, &err);
    unit_expect_error(rc, CFK_E_PROTOCOL, &err, "1 bytes behind");
    got.limit = 2;
    rc = cfk__fds_decode(&got, text.data, text.size - 1, 3, 3, &err);
    unit_expect_error(rc, CFK_E_LIMIT, &err, "more than 2");
    ck_assert_uint_eq(got.count, 0);
    cfk__fds_clear(&out);
    cfk__buffer_free(&text);
}
END_TEST

static int encode_and_decode(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk__buffer text = { .alloc = alloc };
    struct cfk__fds got = { .alloc = alloc, .limit = 4 };
    int rc = cfk__fds_encode(ctx, true, &text);

    if (rc == CFK_OK)
        rc = cfk__fds_decode(&got, text.data, text.size, 3, 3, NULL);
    if (rc == CFK_OK)
        disown(&got);
    cfk__buffer_free(&text);
    return rc;
}

START_TEST(descriptions_survive_every_allocation_failure)
{
    struct cfk__fds out;

    fill(&out, NULL);
    fault_sweep(encode_and_decode, &out, 5);
    cfk__fds_clear(&out);
}
END_TEST

START_TEST(claims_go_in_order_and_by_name)
{
    struct cfk__fds fds = { .limit = 10 };
    static const char *const names[] = { "a", "b", "a", "c" };

    for (int i = 0; i < 4; i++)
        cfk__fds_add(&fds, names[i], 1, NULL, NULL, 100 + i, CFK_UPGRADE_INHERITED, NULL);
    ck_assert_int_eq(cfk__fds_find(&fds, "c")->fd, 103);
    cfk__fds_find(&fds, "c")->flags |= CFK_UPGRADE_CLAIMED;
    ck_assert_ptr_null(cfk__fds_find(&fds, "c"));
    ck_assert_int_eq(cfk__fds_find(&fds, "a")->fd, 100);
    cfk__fds_find(&fds, "a")->flags |= CFK_UPGRADE_CLAIMED;
    ck_assert_int_eq(cfk__fds_find(&fds, "a")->fd, 102);
    ck_assert_int_eq(cfk__fds_find(&fds, "b")->fd, 101);
    disown(&fds);
}
END_TEST

START_TEST(numbers_and_names_have_limits)
{
    char name[257];
    uint64_t n = 0;

    memset(name, 'n', sizeof name);
    ck_assert(cfk__text_is_name(name, 255));
    ck_assert(!cfk__text_is_name(name, 256));
    ck_assert(!cfk__text_is_name("", 0));
    ck_assert(!cfk__text_is_name("a:b", 3));
    ck_assert(!cfk__text_is_name("a\nb", 3));
    ck_assert(!cfk__text_is_name("a\x7f", 2));
    ck_assert(cfk__text_is_name("\xc3\xa4 b", 4));
    ck_assert(cfk__text_number("18446744073709551615", 20, 10, UINT64_MAX, &n));
    ck_assert_uint_eq(n, UINT64_MAX);
    ck_assert(!cfk__text_number("18446744073709551616", 20, 10, UINT64_MAX, &n));
    ck_assert(cfk__text_number("65535", 5, 10, 65535, &n));
    ck_assert(!cfk__text_number("65536", 5, 10, 65535, &n));
    ck_assert(!cfk__text_number("9", 1, 10, 8, &n));
    ck_assert(!cfk__text_number("8", 1, 8, 100, &n));
    ck_assert(!cfk__text_number("", 0, 10, 100, &n));
    ck_assert(!cfk__text_number("1x", 2, 10, 100, &n));
}
END_TEST

START_TEST(notifications_are_read)
{
    struct cfk__notification n;

    ck_assert(cfk__notify_parse("READY=1", 7, &n) && n.ready);
    ck_assert(cfk__notify_parse("READY=1\n", 8, &n) && n.ready);
    ck_assert(cfk__notify_parse("STATUS=a b\n\nREADY=1\nX=", 22, &n) && n.ready);
    ck_assert(cfk__notify_parse("READY=10", 8, &n) && !n.ready);
    ck_assert(cfk__notify_parse("XREADY=1", 8, &n) && !n.ready);
    ck_assert(!cfk__notify_parse("", 0, &n));
    ck_assert(!cfk__notify_parse("READY=1\nnonsense", 16, &n));
    ck_assert(!cfk__notify_parse("READY=1\0", 8, &n));
}
END_TEST

START_TEST(listen_fds_are_for_the_process_they_name)
{
    struct cfk_error err;
    size_t count = 9;
    int rc;

    ck_assert_int_eq(cfk__listen_fds_parse("7", "3", 7, 10, &count, &err), CFK_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(cfk__listen_fds_parse("8", "3", 7, 10, &count, &err), CFK_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(cfk__listen_fds_parse(NULL, "3", 7, 10, &count, &err), CFK_OK);
    ck_assert_int_eq(cfk__listen_fds_parse("7", NULL, 7, 10, &count, &err), CFK_OK);
    ck_assert_int_eq(cfk__listen_fds_parse("7x", "3", 7, 10, &count, &err), CFK_OK);
    ck_assert_uint_eq(count, 0);
    rc = cfk__listen_fds_parse("7", "-1", 7, 10, &count, &err);
    unit_expect_error(rc, CFK_E_CORRUPT, &err, "'-1', no number");
    ck_assert_int_eq(cfk__listen_fds_parse("7", "10", 7, 10, &count, &err), CFK_OK);
    rc = cfk__listen_fds_parse("7", "11", 7, 10, &count, &err);
    unit_expect_error(rc, CFK_E_LIMIT, &err, "over 10");
}
END_TEST

static int parse_names(const char *names, size_t count, struct cfk_error *err)
{
    struct cfk__fds fds = { .limit = 10 };
    int rc = cfk__listen_names_parse(names, count, 3, &fds, err);

    disown(&fds);
    return rc;
}

START_TEST(there_are_as_many_names_as_descriptors)
{
    struct cfk_error err;

    ck_assert_int_eq(parse_names("a:b", 2, &err), CFK_OK);
    ck_assert_int_eq(parse_names("a", 1, &err), CFK_OK);
    ck_assert_int_eq(parse_names(NULL, 2, &err), CFK_OK);
    ck_assert_int_eq(parse_names("a", 0, &err), CFK_OK);
    unit_expect_error(parse_names("a:b", 1, &err), CFK_E_CORRUPT, &err, "1 good names");
    unit_expect_error(parse_names("a:b", 3, &err), CFK_E_CORRUPT, &err, "3 good names");
    unit_expect_error(parse_names("a:", 2, &err), CFK_E_CORRUPT, &err, "2 good names");
    unit_expect_error(parse_names("", 1, &err), CFK_E_CORRUPT, &err, "1 good names");
    unit_expect_error(parse_names("a\tb", 1, &err), CFK_E_CORRUPT, &err, "good names");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        messages_come_back_as_they_went,
        flags_that_make_no_sense_are_refused,
        the_bytes_are_those_of_the_manual,
        every_cut_and_every_changed_header_is_refused,
        the_variable_comes_back_as_it_went,
        a_variable_that_is_not_ours_is_refused,
        descriptions_come_back_as_they_went,
        broken_descriptions_are_refused,
        descriptions_survive_every_allocation_failure,
        claims_go_in_order_and_by_name,
        numbers_and_names_have_limits,
        notifications_are_read,
        listen_fds_are_for_the_process_they_name,
        there_are_as_many_names_as_descriptors,
        NULL,
    };
    Suite *suite = suite_create("upgrade/protocol");

    suite_add_tcase(suite, unit_case("protocol", tests));
    return suite;
}
