/* SPDX-License-Identifier: MIT */
#include "cftop_view.h"

#include "cftop_count.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_BUFFER = 1 << 16,
    AROUND_KEYS = 3 /* lines of a frame: two heads, cursor */
};

/* What the view shows at a time. */
struct shot {
    const struct cftop_view *view;
    size_t count;
    struct cfk_topk_stats stats;
};

static struct shot take_shot(const struct cftop_view *view, size_t lines)
{
    struct cfk_topk_select_options o = { .size = sizeof o, .order = view->order };
    struct shot shot = { .view = view };

    if (view->arrival)
        o.now_ns = cftop_now();
    cfk_topk_select(view->top, &o, view->items, lines, &shot.count, NULL);
    cfk_topk_get_stats(view->top, o.now_ns, &shot.stats);
    return shot;
}

static double share_of(const struct shot *shot, const struct cfk_topk_item *item)
{
    if (shot->view->rates)
        return shot->stats.rate > 0 ? item->rate_hi / shot->stats.rate : 0;
    return shot->stats.total > 0 ? (double)item->hi / (double)shot->stats.total : 0;
}

/* JSON's integers are signed here; no count of lines comes near that. */
static json_int_t json_count(uint64_t count)
{
    return count < INT64_MAX ? (json_int_t)count : INT64_MAX;
}

static json_t *json_item(const struct shot *shot, size_t at)
{
    const struct cfk_topk_item *item = &shot->view->items[at];
    double share = share_of(shot, item);
    json_t *object;

    if (shot->view->rates)
        object =
            json_pack("{sI sf sf sf sf}", "rank", (json_int_t)at + 1, "hi", item->rate_hi,
                      "lo", item->rate_lo, "rate", item->rate, "share", share);
    else
        object = json_pack("{sI sI sI sI sf}", "rank", (json_int_t)at + 1, "hi",
                           json_count(item->hi), "lo", json_count(item->lo), "estimate",
                           json_count(item->estimate), "share", share);
    if (object != NULL && !cli_json_set_bytes(object, "key", item->key, item->key_len)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int print_json(const struct shot *shot)
{
    int status = CLI_YES;

    for (size_t i = 0; i < shot->count && status == CLI_YES; i++)
        status = cli_print_json(json_item(shot, i));
    return status;
}

static void print_tsv(const struct shot *shot)
{
    for (size_t i = 0; i < shot->count; i++) {
        const struct cfk_topk_item *item = &shot->view->items[i];

        if (shot->view->rates)
            printf("%zu\t%.9g\t%.9g", i + 1, item->rate_hi, item->rate_lo);
        else
            printf("%zu\t%llu\t%llu", i + 1, (unsigned long long)item->hi,
                   (unsigned long long)item->lo);
        printf("\t%.9f\t", share_of(shot, item));
        fwrite(item->key, 1, item->key_len, stdout);
        putchar('\n');
    }
}

/* A table whose lines end in eol. */
static void print_table(const struct shot *shot, const char *eol)
{
    if (shot->count > 0)
        printf("%6s %12s %12s %7s  key%s", "rank", shot->view->rates ? "hi/s" : "hi",
               shot->view->rates ? "lo/s" : "lo", "share", eol);
    for (size_t i = 0; i < shot->count; i++) {
        const struct cfk_topk_item *item = &shot->view->items[i];

        if (shot->view->rates)
            printf("%6zu %12.3f %12.3f", i + 1, item->rate_hi, item->rate_lo);
        else
            printf("%6zu %12llu %12llu", i + 1, (unsigned long long)item->hi,
                   (unsigned long long)item->lo);
        printf(" %6.2f%%  ", 100 * share_of(shot, item));
        cli_print_text(item->key, item->key_len);
        fputs(eol, stdout);
    }
}

static int print_block(struct cftop_view *view)
{
    struct shot shot = take_shot(view, view->lines);

    if (view->printed && !cli_json())
        putchar('\n');
    view->printed = true;
    if (cli_json())
        return print_json(&shot);
    if (view->tsv)
        print_tsv(&shot);
    else
        print_table(&shot, "\n");
    return CLI_YES;
}

/* ---- on a terminal ---- */

static unsigned terminal_height(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0)
        return 24;
    return size.ws_row;
}

/* Back to where the latest frame began. */
static void go_back(struct cftop_view *view)
{
    if (view->drawn > 0)
        printf("\033[%uA", view->drawn);
    putchar('\r');
    view->drawn = 0;
}

/*
 * One frame in the place of the other: each line is written over and then erased to
 * its end, so that nothing flickers. Long lines are cut by the terminal, which wraps
 * again when the frame is done, so that there is nothing to restore whenever the tool
 * ends.
 */
static void draw(struct cftop_view *view)
{
    unsigned height = terminal_height();
    size_t room = height > AROUND_KEYS ? height - AROUND_KEYS : 1;
    struct shot shot = take_shot(view, room < view->lines ? room : view->lines);

    go_back(view);
    fputs("\033[?7l", stdout);
    if (view->rates)
        printf("%.3f a second", shot.stats.rate);
    else
        printf("%llu", (unsigned long long)shot.stats.total);
    printf(" in all, no count is wrong by more than %llu\033[K\r\n",
           (unsigned long long)shot.stats.max_error);
    print_table(&shot, "\033[K\r\n");
    fputs("\033[J\033[?7h", stdout);
    fflush(stdout);
    view->drawn = 1 + (unsigned)shot.count + (shot.count > 0);
}

/* ---- waiting ---- */

static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t resized;
static sigset_t while_waiting; /* SIGINT and SIGWINCH come only while we wait */

static void on_signal(int number)
{
    if (number == SIGINT)
        interrupted = 1;
    else
        resized = 1;
}

static uint64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void cftop_view_start(struct cftop_view *view)
{
    struct sigaction action = { .sa_handler = on_signal };
    struct sigaction before;
    sigset_t blocked;

    view->live =
        view->every_ns > 0 && cli_stdout_is_terminal() && !cli_json() && !view->tsv;
    view->due_ns = monotonic_ns() + view->every_ns;
    if (view->live)
        setvbuf(stdout, NULL, _IOFBF, FRAME_BUFFER);

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    if (view->live)
        sigaddset(&blocked, SIGWINCH);
    sigprocmask(SIG_BLOCK, &blocked, &while_waiting);
    sigemptyset(&action.sa_mask);
    if (view->live)
        sigaction(SIGWINCH, &action, NULL);
    action.sa_flags = (int)SA_RESETHAND;
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
}

static void show_due(struct cftop_view *view)
{
    if (view->live)
        draw(view);
    else
        print_block(view);
    fflush(stdout);
    view->due_ns = monotonic_ns() + view->every_ns;
}

/* Wait for input or for what is due. 1: input; 0: something else; below 0: neither. */
static int wait_once(const struct cftop_view *view, int fd)
{
    struct timespec left;
    struct timespec *limit = NULL;
    fd_set set;

    if (view->every_ns > 0) {
        uint64_t now = monotonic_ns();
        uint64_t ns = view->due_ns > now ? view->due_ns - now : 0;

        left = (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
        limit = &left;
    }
    FD_ZERO(&set);
    FD_SET(fd, &set);
    return pselect(fd + 1, &set, NULL, NULL, limit, &while_waiting);
}

bool cftop_view_wait(void *ctx, int fd)
{
    struct cftop_view *view = ctx;

    for (;;) {
        int ready = wait_once(view, fd);

        if (interrupted || ferror(stdout))
            return false;
        if (view->every_ns > 0 && (resized || monotonic_ns() >= view->due_ns)) {
            resized = 0;
            show_due(view);
        }
        if (ready > 0)
            return true;
    }
}

int cftop_view_finish(struct cftop_view *view)
{
    sigprocmask(SIG_SETMASK, &while_waiting, NULL);
    if (view->live) {
        go_back(view);
        fputs("\033[J", stdout);
    }
    return print_block(view);
}
