/* SPDX-License-Identifier: MIT */
/* The service manager: what it passes, what it is told, and of whom. */
#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "cfkit/sd.h"
#include "fault.h"
#include "helper.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A manager at a path, or at "@" and an abstract name of this process. */
static int manager_open(char *address, size_t size, bool abstract)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    size_t len;

    if (abstract)
        snprintf(address, size, "@cfk-manager-%d", (int)getpid());
    else
        snprintf(address, size, "%s", scratch_path("manager"));
    len = strlen(address);
    memcpy(un.sun_path, address, len);
    if (abstract)
        un.sun_path[0] = '\0';
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
    return fd;
}

/* The next datagram, and how many descriptors come with it. Static. */
static const char *manager_hear(int fd, size_t *count)
{
    static char text[4096];
    union {
        char bytes[CMSG_SPACE(253 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct pollfd p = { fd, POLLIN, 0 };
    struct iovec iov = { text, sizeof text - 1 };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof control.bytes };
    const struct cmsghdr *cmsg;
    ssize_t got;

    ck_assert_msg(poll(&p, 1, 60000) == 1, "nothing is told");
    got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    ck_assert_int_ge(got, 0);
    text[got] = '\0';
    cmsg = CMSG_FIRSTHDR(&msg);
    if (count != NULL)
        *count = 0;
    if (cmsg != NULL) {
        size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        for (size_t i = 0; i < n; i++) {
            int passed;

            memcpy(&passed, CMSG_DATA(cmsg) + i * sizeof passed, sizeof passed);
            close(passed);
        }
        if (count != NULL)
            *count = n;
    }
    return text;
}

START_TEST(words_reach_a_path_and_an_abstract_name)
{
    struct cfk_error err;
    char address[108];

    for (int abstract = 0; abstract < 2; abstract++) {
        int fd = manager_open(address, sizeof address, abstract == 1);

        setenv("NOTIFY_SOCKET", address, 1);
        ck_assert_int_eq(cfk_sd_notify(NULL, "READY=1\nSTATUS=a b", NULL, 0, &err),
                         CFK_OK);
        ck_assert_str_eq(manager_hear(fd, NULL), "READY=1\nSTATUS=a b");
        unsetenv("NOTIFY_SOCKET");
        ck_assert_int_eq(cfk_sd_notify(NULL, "READY=1", NULL, 0, &err), CFK_E_NOTFOUND);
        ck_assert_int_eq(cfk_sd_reloading(address, 123456789, &err), CFK_OK);
        ck_assert_str_eq(manager_hear(fd, NULL), "RELOADING=1\nMONOTONIC_USEC=123456");
        close(fd);
    }
    ck_assert_int_eq(cfk_sd_notify("relative", "A=1", NULL, 0, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_sd_notify("@x", "", NULL, 0, &err), CFK_E_INVALID);
    unit_expect_error(cfk_sd_notify("@cfk-nobody", "A=1", NULL, 0, &err), CFK_E_IO, &err,
                      "@cfk-nobody");
}
END_TEST

START_TEST(descriptors_are_stored_and_let_go)
{
    struct cfk_error err;
    char address[108];
    char name[257];
    int manager = manager_open(address, sizeof address, true);
    int fds[254];
    size_t count;

    for (int i = 0; i < 254; i++)
        fds[i] = 0;
    fds[0] = fds[1] = manager;
    ck_assert_int_eq(cfk_sd_store(address, "cache", fds, 2, 0, &err), CFK_OK);
    ck_assert_str_eq(manager_hear(manager, &count), "FDSTORE=1\nFDNAME=cache");
    ck_assert_uint_eq(count, 2);
    for (int i = 0; i < 254; i++)
        fds[i] = manager;
    ck_assert_int_eq(cfk_sd_store(address, "c", fds, 253, CFK_SD_NO_POLL, &err), CFK_OK);
    ck_assert_str_eq(manager_hear(manager, &count), "FDSTORE=1\nFDNAME=c\nFDPOLL=0");
    ck_assert_uint_eq(count, 253);
    ck_assert_int_eq(cfk_sd_store(address, "c", fds, 254, 0, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_sd_store(address, "c", fds, 0, 0, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_sd_store(address, "c", fds, 1, 2, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_sd_store(address, "a:b", fds, 1, 0, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_sd_store(address, "a\nREADY=1", fds, 1, 0, &err), CFK_E_INVALID);
    memset(name, 'n', 256);
    name[256] = '\0';
    ck_assert_int_eq(cfk_sd_store(address, name, fds, 1, 0, &err), CFK_E_INVALID);
    name[255] = '\0';
    ck_assert_int_eq(cfk_sd_unstore(address, name, &err), CFK_OK);
    ck_assert_str_eq(manager_hear(manager, NULL) + 23, name);
    ck_assert_int_eq(cfk_sd_unstore(address, NULL, &err), CFK_E_INVALID);
    close(manager);
}
END_TEST

START_TEST(the_watchdog_is_for_its_process_alone)
{
    struct cfk_error err;
    char pid[16];
    uint64_t ns;

    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
    ck_assert_int_eq(cfk_sd_watchdog(&ns, &err), CFK_E_NOTFOUND);
    setenv("WATCHDOG_USEC", "30000000", 1);
    ck_assert_int_eq(cfk_sd_watchdog(&ns, &err), CFK_OK);
    ck_assert_uint_eq(ns, 30000000000);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    ck_assert_int_eq(cfk_sd_watchdog(&ns, &err), CFK_OK);
    setenv("WATCHDOG_PID", "1", 1);
    ck_assert_int_eq(cfk_sd_watchdog(&ns, &err), CFK_E_NOTFOUND);
    setenv("WATCHDOG_PID", pid, 1);
    setenv("WATCHDOG_USEC", "18446744073709551", 1);
    ck_assert_int_eq(cfk_sd_watchdog(&ns, &err), CFK_OK);
    for (int i = 0; i < 4; i++) {
        static const char *const bad[] = { "", "0", "-1", "18446744073709552" };

        setenv("WATCHDOG_USEC", bad[i], 1);
        ck_assert_int_eq(cfk_sd_watchdog(&ns, &err), CFK_E_CORRUPT);
    }
}
END_TEST

START_TEST(passed_sockets_are_listed)
{
    struct cfk_error err;
    const char **names;
    char pid[16];
    size_t count = 99;
    int fd = open("/dev/null", O_RDONLY);

    unsetenv("LISTEN_PID");
    ck_assert_int_eq(cfk_sd_listen_fds(NULL, 0, &names, &count, &err), CFK_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_ptr_null(names);
    while (fd < 4)
        fd = dup(fd);
    dup2(fd, 3);
    dup2(fd, 4);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "web:admin", 1);
    ck_assert_int_eq(cfk_sd_listen_fds(NULL, 2, &names, &count, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_sd_listen_fds(NULL, 0, &names, &count, &err), CFK_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(names[0], "web");
    ck_assert_str_eq(names[1], "admin");
    ck_assert_int_eq(fcntl(4, F_GETFD), FD_CLOEXEC);
    cfk_free(NULL, names);
    ck_assert_int_eq(cfk_sd_listen_fds(NULL, CFK_SD_UNSET, &names, &count, &err), CFK_OK);
    cfk_free(NULL, names);
    ck_assert_ptr_null(getenv("LISTEN_FDS"));
    ck_assert_ptr_null(getenv("LISTEN_FDNAMES"));
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "100", 1);
    ck_assert_int_eq(cfk_sd_listen_fds(NULL, 0, &names, &count, &err), CFK_E_CORRUPT);
    setenv("LISTEN_FDS", "65537", 1);
    ck_assert_int_eq(cfk_sd_listen_fds(NULL, 0, &names, &count, &err), CFK_E_LIMIT);
    ck_assert_ptr_null(names);
}
END_TEST

static int list(void *ctx, const struct cfk_alloc *alloc)
{
    const char **names;
    size_t count;
    int rc = cfk_sd_listen_fds(alloc, 0, &names, &count, NULL);

    (void)ctx;
    cfk_free(alloc, names);
    return rc;
}

START_TEST(listing_survives_allocation_failures)
{
    char pid[16];
    int fd = open("/dev/null", O_RDONLY);

    dup2(fd, 3);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    unsetenv("LISTEN_FDNAMES");
    fault_sweep(list, NULL, 3);
}
END_TEST

/* Scenario 54, a server that upgrades itself. */
START_TEST(the_manager_follows_the_upgrade)
{
    struct subject s;
    char address[108];
    char line[64];
    char pid[16];
    int found = 0;
    int manager = manager_open(address, sizeof address, true);

    setenv("NOTIFY_SOCKET", address, 1);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    setenv("WATCHDOG_USEC", "5000000", 1);
    subject_new(&s, NULL);
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    ck_assert_int_eq(cfk_upgrade_tell(s.u, "STATUS=starting", &s.err), CFK_OK);
    ck_assert_str_eq(manager_hear(manager, NULL), "STATUS=starting");
    ck_assert_int_eq(cfk_upgrade_ready(s.u, &s.err), CFK_OK);
    ck_assert_str_eq(manager_hear(manager, NULL), "READY=1");
    subject_expect(&s, CFK_UPGRADE_EVENT_COMMITTED, 0);
    ck_assert_int_eq(subject_start(&s, "exit", "1"), CFK_OK);
    ck_assert_int_eq(
        strncmp(manager_hear(manager, NULL), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    subject_expect(&s, CFK_UPGRADE_EVENT_FAILED, CFK_E_EXITED);
    ck_assert_str_eq(manager_hear(manager, NULL), "READY=1");
    ck_assert_int_eq(subject_start(&s, "library", "tell"), CFK_OK);
    manager_hear(manager, NULL);
    subject_line(&s);
    snprintf(line, sizeof line, "MAINPID=%d\nREADY=1",
             (int)subject_expect(&s, CFK_UPGRADE_EVENT_READY, 0).pid);
    /* The new one knows it too, and its watchdog; either may be heard first. */
    subject_expect_line(&s, "committed count 1");
    subject_expect_line(&s, "watchdog 5000000000 tell ok");
    for (int i = 0; i < 2; i++) {
        const char *heard = manager_hear(manager, NULL);

        found |= strcmp(heard, line) == 0 ? 1 : strcmp(heard, "STATUS=new") == 0 ? 2 : 4;
    }
    ck_assert_int_eq(found, 3);
    subject_free(&s);
    close(manager);
}
END_TEST

START_TEST(without_a_manager_there_is_nobody_to_tell)
{
    struct subject s;

    unsetenv("NOTIFY_SOCKET");
    subject_serving(&s, NULL);
    ck_assert_int_eq(cfk_upgrade_tell(s.u, "STATUS=x", &s.err), CFK_E_NOTFOUND);
    subject_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        words_reach_a_path_and_an_abstract_name,   descriptors_are_stored_and_let_go,
        the_watchdog_is_for_its_process_alone,     passed_sockets_are_listed,
        listing_survives_allocation_failures,      the_manager_follows_the_upgrade,
        without_a_manager_there_is_nobody_to_tell, NULL,
    };
    Suite *suite = suite_create("upgrade/sd");

    suite_add_tcase(suite, unit_case("sd", tests));
    return suite;
}
