/* SPDX-License-Identifier: MIT */
/*
 * Asks a server over and over, each time on a new connection, and counts what
 * fails. For watching an upgrade:
 *
 *     load_client 127.0.0.1:8080 10        for ten seconds
 *     load_client /run/web.sock 1000n      a thousand requests
 *
 * The last line is "N requests, M failed", and how many generations answered.
 */
#define _GNU_SOURCE /* SOCK_CLOEXEC, clock_gettime */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
};

/* "127.0.0.1:80" or a path; the size of the address, 0 if it is none. */
static socklen_t parse(const char *text, union address *to)
{
    const char *colon = strrchr(text, ':');
    char host[64] = "";

    memset(to, 0, sizeof *to);
    if (strchr(text, '/') != NULL && strlen(text) < sizeof to->un.sun_path) {
        to->un.sun_family = AF_UNIX;
        strcpy(to->un.sun_path, text);
        return sizeof to->un;
    }
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        return 0;
    memcpy(host, text, (size_t)(colon - text));
    to->in.sin_family = AF_INET;
    to->in.sin_port = htons((unsigned short)atoi(colon + 1));
    return inet_pton(AF_INET, host, &to->in.sin_addr) == 1 ? sizeof to->in : 0;
}

/* One request. NULL, or what went wrong. *generation is who answered. */
static const char *ask(const union address *to, socklen_t size, unsigned *generation)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    const struct timeval patience = { .tv_sec = 5 };
    char text[1024];
    size_t len = 0;
    ssize_t got = -1;
    const char *body;
    int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return strerror(errno);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, &to->any, size) == 0 &&
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0)
        while (len < sizeof text - 1 &&
               (got = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0)
            len += (size_t)got;
    if (got < 0) {
        int saved = errno;

        close(fd);
        return strerror(saved);
    }
    close(fd);
    text[len] = '\0';
    body = strstr(text, "\r\n\r\ngeneration ");
    if (strncmp(text, "HTTP/1.0 200", 12) != 0 || body == NULL ||
        sscanf(body, " generation %u", generation) != 1 || text[len - 1] != '\n')
        return "not the whole answer";
    return NULL;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    unsigned long count = 0, failed = 0, most = 0;
    unsigned generation = 0, least_generation = ~0u, last_generation = 0;
    double seconds = 1e9, end;
    union address to;
    socklen_t size = argc > 1 ? parse(argv[1], &to) : 0;

    if (argc != 3 || size == 0) {
        fprintf(stderr, "usage: load_client HOST:PORT|PATH SECONDS|COUNTn\n");
        return 2;
    }
    if (argv[2][strlen(argv[2]) - 1] == 'n')
        most = strtoul(argv[2], NULL, 10);
    else
        seconds = atof(argv[2]);
    end = now() + seconds;
    while (now() < end && (most == 0 || count < most)) {
        const char *wrong = ask(&to, size, &generation);

        count++;
        if (wrong != NULL) {
            failed++;
            if (failed <= 10)
                fprintf(stderr, "request %lu: %s\n", count, wrong);
            continue;
        }
        if (generation < least_generation)
            least_generation = generation;
        if (generation > last_generation)
            last_generation = generation;
    }
    printf("%lu requests, %lu failed, generations %u to %u\n", count, failed,
           last_generation == 0 ? 0 : least_generation, last_generation);
    return failed == 0 ? 0 : 1;
}
