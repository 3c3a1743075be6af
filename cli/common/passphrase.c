/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "common/passphrase.h"

#include "common/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

static int fail(struct cfk_error *err, int code, int cause, const char *words)
{
    *err = (struct cfk_error){ .code = code, .sys_errno = cause };
    snprintf(err->message, sizeof err->message, "passphrase: %s%s%s", words,
             cause != 0 ? ": " : "", cause != 0 ? strerror(cause) : "");
    return code;
}

bool cli_passphrase_fd(struct cli_passphrase_source *source, const char *text)
{
    uint64_t fd;

    if (!cli_parse_u64(text, 0, INT_MAX, &fd) || fcntl((int)fd, F_GETFD) < 0 ||
        source->count == CLI_PASSPHRASE_FDS)
        return false;
    source->fds[source->count++] = (int)fd;
    return true;
}

/* One line without its end, byte by byte: what follows it is for somebody else. */
static int read_line(int fd, struct cli_passphrase *out, struct cfk_error *err)
{
    bool any = false;

    out->size = 0;
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(err, CFK_E_IO, errno, "cannot read it");
        if (got == 0 && !any)
            return fail(err, CFK_E_IO, 0, "the input ends before it");
        if (got == 0 || c == '\n')
            return CFK_OK;
        any = true;
        if (out->size == sizeof out->bytes)
            return fail(err, CFK_E_LIMIT, 0, "longer than 4096 bytes");
        out->bytes[out->size++] = c;
    }
}

/* Words for the person; nothing is left to do where they cannot be written. */
static void say(int tty, const char *words)
{
    size_t size = strlen(words);

    while (size > 0) {
        ssize_t written = write(tty, words, size);

        if (written <= 0)
            return;
        words += written;
        size -= (size_t)written;
    }
}

/* Of the line, what the terminal gave for an interrupt, a quit or a stop. */
static bool is_interrupted(const struct cli_passphrase *line, const struct termios *state)
{
    for (size_t i = 0; i < line->size; i++) {
        cc_t c = (cc_t)line->bytes[i];

        if (c != 0 && (c == state->c_cc[VINTR] || c == state->c_cc[VQUIT]))
            return true;
    }
    return false;
}

/*
 * Without echo. Keys that send signals are read as bytes meanwhile, and the
 * signals that would end the tool wait, so that the terminal always gets its
 * echo back.
 */
static int ask_once(int tty, const char *prompt, struct cli_passphrase *out,
                    struct cfk_error *err)
{
    struct termios before, silent;
    sigset_t waiting, mask;
    int rc;

    if (tcgetattr(tty, &before) != 0)
        return fail(err, CFK_E_IO, errno, "no terminal to ask on");
    sigemptyset(&waiting);
    sigaddset(&waiting, SIGHUP);
    sigaddset(&waiting, SIGINT);
    sigaddset(&waiting, SIGQUIT);
    sigaddset(&waiting, SIGTERM);
    sigaddset(&waiting, SIGTSTP);
    sigprocmask(SIG_BLOCK, &waiting, &mask);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    silent.c_lflag |= ECHONL;
    tcsetattr(tty, TCSAFLUSH, &silent);
    say(tty, prompt);
    say(tty, ": ");
    rc = read_line(tty, out, err);
    tcsetattr(tty, TCSAFLUSH, &before);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (rc == CFK_OK && is_interrupted(out, &before))
        return fail(err, CFK_E_IO, EINTR, "not given");
    return rc;
}

static int ask_terminal(const char *prompt, bool again, struct cli_passphrase *out,
                        struct cfk_error *err)
{
    static struct cli_passphrase second;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    int rc;

    if (tty < 0)
        return fail(err, CFK_E_IO, 0,
                    "no terminal to ask on; give it a descriptor with --pass-fd");
    mlock(&second, sizeof second);
    rc = ask_once(tty, prompt, out, err);
    if (rc == CFK_OK && again)
        rc = ask_once(tty, "The same again", &second, err);
    if (rc == CFK_OK && again &&
        (second.size != out->size || memcmp(second.bytes, out->bytes, out->size) != 0))
        rc = fail(err, CFK_E_INVALID, 0, "the two are not the same");
    cli_passphrase_wipe(&second);
    close(tty);
    return rc;
}

int cli_passphrase_ask(struct cli_passphrase_source *source, const char *prompt,
                       bool again, struct cli_passphrase *out, struct cfk_error *err)
{
    unsigned turn = source->asked++;
    int rc;

    mlock(out, sizeof *out); /* as far as the limit goes; the tool is undumpable anyway */
    if (source->count == 0)
        rc = ask_terminal(prompt, again, out, err);
    else
        rc = read_line(source->fds[turn < source->count ? turn : source->count - 1], out,
                       err);
    if (rc != CFK_OK)
        cli_passphrase_wipe(out);
    return rc;
}

void cli_passphrase_wipe(struct cli_passphrase *passphrase)
{
    explicit_bzero(passphrase, sizeof *passphrase);
}
