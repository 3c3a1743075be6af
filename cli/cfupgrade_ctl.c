/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "cfupgrade_ctl.h"

#include "cfupgrade_options.h"
#include "cfupgrade_request.h"
#include "common/cli.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { OPT_WAIT = CLI_OPT_OWN, OPT_NOW, OPT_LISTEN, POSITIONAL = 1 };

static const struct option longs[] = {
    { "wait", no_argument, NULL, OPT_WAIT },
    { "now", no_argument, NULL, OPT_NOW },
    { "listen", required_argument, NULL, OPT_LISTEN },
    CLI_COMMON_LONGS,
};

/* '-': what is no option is told in its place. */
static const struct cli_tool tool = { "cfupgrade", cfupgrade_help, "-" CLI_COMMON_SHORTS,
                                      longs };

struct ctl {
    const char *path;
    enum cfupgrade_verb verb;
    char *request; /* as it is sent */
    size_t size;
    int fd;
};

static void add_word(FILE *stream, const char *word)
{
    fwrite(word, 1, strlen(word) + 1, stream);
}

static int take(struct ctl *c, int option, FILE *stream)
{
    switch (option) {
    case OPT_WAIT: add_word(stream, "--wait"); return CLI_YES;
    case OPT_NOW: add_word(stream, "--now"); return CLI_YES;
    case OPT_LISTEN:
        add_word(stream, "--listen");
        add_word(stream, optarg);
        return CLI_YES;
    case POSITIONAL:
        if (c->path == NULL) {
            c->path = optarg;
            return CLI_YES;
        }
        if (c->verb != CFUPGRADE_VERBS)
            return cli_usage("'%s' is one word too many; a command comes after --",
                             optarg);
        c->verb = cfupgrade_verb(optarg);
        return c->verb != CFUPGRADE_VERBS
                   ? CLI_YES
                   : cli_usage("there is no verb '%s': upgrade, status, stop, rollback "
                               "and fds are known",
                               optarg);
    default: return cli_usage(NULL);
    }
}

/* Options into words, which follow the verb. */
static int read_words(struct ctl *c, int argc, char **argv, FILE *stream)
{
    int status = CLI_YES;
    int option;

    while (status == CLI_YES && (option = cli_option(argc, argv)) != -1)
        status = take(c, option, stream);
    if (status != CLI_YES)
        return status;
    if (c->path == NULL || c->verb == CFUPGRADE_VERBS)
        return cli_usage("ctl wants the path of a control socket and a verb");
    if (optind < argc || strcmp(argv[argc - 1], "--") == 0)
        add_word(stream, "--");
    for (int i = optind; i < argc; i++)
        add_word(stream, argv[i]);
    return CLI_YES;
}

/* The same reading as at the other end tells what is wrong before anybody is asked. */
static int check_request(struct ctl *c)
{
    struct cfupgrade_request request;
    const char *wrong = cfupgrade_request_parse(c->request, c->size, &request);

    if (wrong != NULL)
        return cli_usage("%s: %s", cfupgrade_verb_name(c->verb), wrong);
    cfupgrade_request_free(&request);
    return CLI_YES;
}

static int build_request(struct ctl *c, int argc, char **argv)
{
    char *words = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&words, &size);
    FILE *whole;
    int status;

    if (stream == NULL)
        return cli_error(CFK_E_NOMEM, "no memory for the request");
    status = read_words(c, argc, argv, stream);
    fclose(stream);
    if (status == CLI_YES) {
        whole = open_memstream(&c->request, &c->size);
        if (whole == NULL || words == NULL) {
            status = cli_error(CFK_E_NOMEM, "no memory for the request");
        } else {
            add_word(whole, CFUPGRADE_REQUEST_VERSION);
            add_word(whole, cfupgrade_verb_name(c->verb));
            fwrite(words, 1, size, whole);
        }
        if (whole != NULL && fclose(whole) != 0)
            status = cli_error(CFK_E_NOMEM, "no memory for the request");
    }
    free(words);
    return status == CLI_YES ? check_request(c) : status;
}

static int open_connection(struct ctl *c)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    size_t len = strlen(c->path);

    if (len == 0 || len >= sizeof un.sun_path)
        return cli_usage("'%s' is no path of a control socket", c->path);
    memcpy(un.sun_path, c->path, len);
    if (un.sun_path[0] == '@')
        un.sun_path[0] = '\0';
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&un,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len +
                                         (c->path[0] != '@'))) != 0) {
        if (errno == ECONNREFUSED)
            return cli_error(CFK_E_IO, "%s: no cfupgrade listens here any more", c->path);
        return cli_error(CFK_E_IO, "%s: %s", c->path, strerror(errno));
    }
    return CLI_YES;
}

/* All of the request. What is answered before it has all gone out is an answer too. */
static void send_request(const struct ctl *c)
{
    size_t sent = 0;

    while (sent < c->size) {
        ssize_t n = send(c->fd, c->request + sent, c->size - sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        sent += (size_t)n;
    }
    shutdown(c->fd, SHUT_WR);
}

/* The answer, to the end of the stream; NULL after the word about it. */
static json_t *read_answer(const struct ctl *c)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    char buffer[4096];
    ssize_t got = 0;
    json_t *answer;

    while (stream != NULL) {
        got = recv(c->fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        fwrite(buffer, 1, (size_t)got, stream);
    }
    if (stream != NULL)
        fclose(stream);
    answer = size == 0 ? NULL : json_loadb(text, size, 0, NULL);
    free(text);
    if (json_is_object(answer))
        return answer;
    json_decref(answer);
    cli_error(CFK_E_PROTOCOL, "%s: cfupgrade ended before it answered", c->path);
    return NULL;
}

static void print_words(const char *name, const json_t *words)
{
    size_t i;
    const json_t *word;

    if (!json_is_array(words))
        return;
    printf("%-11s", name);
    json_array_foreach(words, i, word)
    {
        printf(" ");
        cli_print_text(json_string_value(word), json_string_length(word));
    }
    printf("\n");
}

static void print_status(const json_t *s)
{
    const json_t *last = json_object_get(s, "last");
    const json_t *server = json_object_get(s, "server");
    const json_t *process;
    size_t i;

    printf("state       %s\n", json_string_value(json_object_get(s, "state")));
    printf("generation  %lld\n",
           (long long)json_integer_value(json_object_get(s, "generation")));
    if (json_is_integer(server))
        printf("server      %lld, since %s\n", (long long)json_integer_value(server),
               json_string_value(json_object_get(s, "since")));
    printf("holder      %lld, %lld sockets\n",
           (long long)json_integer_value(json_object_get(s, "holder")),
           (long long)json_integer_value(json_object_get(s, "sockets")));
    printf("upgrades    %lld, %lld failed, %lld restarts, %lld killed while draining\n",
           (long long)json_integer_value(json_object_get(s, "upgrades")),
           (long long)json_integer_value(json_object_get(s, "failures")),
           (long long)json_integer_value(json_object_get(s, "restarts")),
           (long long)json_integer_value(json_object_get(s, "forced")));
    if (json_is_object(last))
        printf("last        %s at %s: %s\n",
               json_string_value(json_object_get(last, "kind")),
               json_string_value(json_object_get(last, "time")),
               json_string_value(json_object_get(last, "message")));
    json_array_foreach(json_object_get(s, "processes"), i, process)
        printf("process     %lld, generation %lld, %s\n",
               (long long)json_integer_value(json_object_get(process, "pid")),
               (long long)json_integer_value(json_object_get(process, "generation")),
               json_string_value(json_object_get(process, "state")));
    print_words("command", json_object_get(s, "command"));
    print_words("previous", json_object_get(s, "previous"));
}

static void print_fds(const json_t *answer)
{
    size_t i;
    const json_t *fd;

    json_array_foreach(json_object_get(answer, "fds"), i, fd)
    {
        const json_t *name = json_object_get(fd, "name");
        const json_t *address = json_object_get(fd, "address");

        printf("%lld ", (long long)json_integer_value(json_object_get(fd, "fd")));
        cli_print_text(json_string_value(name), json_string_length(name));
        printf(" %s:", json_string_value(json_object_get(fd, "kind")));
        cli_print_text(json_string_value(address), json_string_length(address));
        printf("\n");
    }
}

static void print_answer(const struct ctl *c, const json_t *answer)
{
    const json_t *message = json_object_get(answer, "message");

    if (c->verb == CFUPGRADE_STATUS)
        print_status(answer);
    else if (c->verb == CFUPGRADE_FDS)
        print_fds(answer);
    else if (json_is_string(message))
        cli_note("%s", json_string_value(message));
    else
        cli_note("%s", json_string_value(json_object_get(answer, "outcome")));
}

/* The number of an error code, as the library of the other end names it. */
static int code_of(const char *name)
{
    int code = -1;

    while (code > -255 && (name == NULL || strcmp(cfk_error_name(code), name) != 0))
        code--;
    return code > -255 ? code : CFK_E_PROTOCOL;
}

/* Print the answer, which is released; the exit status that it tells. */
static int report(const struct ctl *c, json_t *answer)
{
    const json_t *fault = json_object_get(answer, "error");
    const json_t *exit_status = json_object_get(answer, "exit");
    int status = (int)json_integer_value(exit_status);

    if (status < CLI_YES || status > CLI_TROUBLE || (fault != NULL && status == CLI_YES))
        status = CLI_TROUBLE;
    json_object_del(answer, "exit");
    if (fault != NULL)
        cli_error(code_of(json_string_value(json_object_get(fault, "code"))), "%s",
                  json_string_value(json_object_get(fault, "message")));
    else if (cli_json())
        cli_print_json(json_incref(answer));
    else
        print_answer(c, answer);
    json_decref(answer);
    return status;
}

int cfupgrade_ctl(int argc, char **argv)
{
    struct ctl c = { .verb = CFUPGRADE_VERBS, .fd = -1 };
    json_t *answer = NULL;
    int status;

    cli_start(&tool);
    status = build_request(&c, argc, argv);
    if (status == CLI_YES)
        status = open_connection(&c);
    if (status == CLI_YES) {
        send_request(&c);
        answer = read_answer(&c);
        status = answer == NULL ? CLI_TROUBLE : report(&c, answer);
    }
    if (c.fd >= 0)
        close(c.fd);
    free(c.request);
    return cli_finish(status);
}
