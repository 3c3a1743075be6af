/* SPDX-License-Identifier: MIT */
/*
 * A small web server that can be replaced while it serves. Build it:
 *
 *     cc upgrade_server.c $(pkg-config --cflags --libs libcfkit) -o upgrade_server
 *
 * Alone it upgrades itself: start it, change the program, and say
 *
 *     ./upgrade_server tcp:127.0.0.1:8080 &
 *     kill -HUP PROCESS
 *
 * Under a holder it needs to do nothing for it:
 *
 *     cfupgrade --listen web=tcp:127.0.0.1:8080 -- ./upgrade_server
 */
#define _GNU_SOURCE /* accept4 */

#include <cfkit/upgrade.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t hangups, terminated;

static void on_signal(int signal)
{
    if (signal == SIGHUP)
        hangups = 1;
    else
        terminated = 1;
}

/* One request, one answer. A real server would not wait for a slow client here. */
static void answer(int listener, unsigned generation)
{
    const struct timeval patience = { .tv_sec = 2 };
    char request[2048], body[64], response[256];
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int len;

    if (client < 0)
        return; /* the other process was faster */
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (recv(client, request, sizeof request, 0) > 0) {
        len = snprintf(body, sizeof body, "generation %u pid %d\n", generation,
                       (int)getpid());
        len = snprintf(response, sizeof response,
                       "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s", len, body);
        send(client, response, (size_t)len, MSG_NOSIGNAL);
    }
    close(client);
}

int main(int argc, char **argv)
{
    const char *address = argc > 1 ? argv[1] : "tcp:127.0.0.1:8080";
    struct sigaction action = { .sa_handler = on_signal };
    struct cfk_upgrade_event event = { .type = CFK_UPGRADE_EVENT_NONE };
    struct cfk_error err;
    cfk_upgrade *u = NULL;
    sigset_t waiting, normal;
    int listener;

    /* Signals arrive while we wait in ppoll() and at no other moment. */
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigemptyset(&waiting);
    sigaddset(&waiting, SIGHUP);
    sigaddset(&waiting, SIGTERM);
    sigprocmask(SIG_BLOCK, &waiting, &normal);

    /* The socket: handed over by whoever ran before us, or new. */
    if (cfk_upgrade_new(NULL, &u, &err) != CFK_OK ||
        cfk_upgrade_listen(u, "web", address, NULL, &listener, &err) != CFK_OK ||
        cfk_upgrade_ready(u, &err) != CFK_OK)
        goto failed;
    while (!terminated && event.type != CFK_UPGRADE_EVENT_READY) {
        struct pollfd p[2] = { { listener, POLLIN, 0 },
                               { cfk_upgrade_fd(u), POLLIN, 0 } };

        if (ppoll(p, 2, NULL, &normal) > 0 && p[0].revents != 0)
            answer(listener, cfk_upgrade_generation(u));
        if (hangups) {
            hangups = 0;
            if (cfk_upgrade_start(u, (const char *const *)argv, NULL, &err) != CFK_OK)
                fprintf(stderr, "no upgrade: %s\n", err.message);
        }
        if (cfk_upgrade_process(u, &event, &err) != CFK_OK)
            goto failed;
        if (event.type == CFK_UPGRADE_EVENT_FAILED)
            fprintf(stderr, "no upgrade: %s\n", cfk_error_name(event.reason));
    }
    /* Another process serves, or nobody is to: we are done. */
    cfk_upgrade_stop(u, 0, NULL);
    cfk_upgrade_free(u);
    return 0;

failed:
    fprintf(stderr, "upgrade_server: %s\n", err.message);
    cfk_upgrade_free(u);
    return 1;
}
