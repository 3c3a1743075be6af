/* SPDX-License-Identifier: MIT */
#include "cfbundle_fetch.h"

#include "common/cli.h"
#include "common/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    MS = 1000000, /* in nanoseconds */
    REDIRECTS_MAX = 5,
};

static uint64_t now_ns(void)
{
    struct timespec ts = { 0, 0 };

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

static int fail(struct cfk_error *err, int code, const char *words)
{
    err->code = code;
    snprintf(err->message, sizeof err->message, "%s", words);
    return code;
}

void cfbundle_fetch_init(struct cfbundle_fetching *f)
{
    f->timeout_ns = UINT64_C(10000) * MS;
    f->max_time_ns = UINT64_C(30000) * MS;
    f->options.size = sizeof f->options;
    f->options.flags = CFK_BUNDLE_FETCH_HTTPS;
}

/* --- one URL --- */

struct hop {
    struct cfbundle_get get;
    cfk_bundle_answer *answer;
    struct cfk_error *err;
};

static int take(void *ctx, const void *data, size_t size)
{
    struct hop *hop = ctx;

    return cfk_bundle_answer_add(hop->answer, data, size, hop->err);
}

/* Milliseconds until this time, 0 where it is past. */
static uint64_t until_ms(uint64_t deadline)
{
    uint64_t now = now_ns();

    return deadline > now ? (deadline - now + MS - 1) / MS : 0;
}

static bool is_redirect(const struct cfbundle_get *get)
{
    return get->status >= 300 && get->status < 400 && get->redirect[0] != '\0';
}

/* A cfk_bundle_fetch_fn. */
static int fetch(void *ctx, const char *url, cfk_bundle_answer *answer,
                 struct cfk_error *err)
{
    struct cfbundle_fetching *f = ctx;
    uint64_t deadline = now_ns() + f->timeout_ns;
    struct hop hop = { .answer = answer, .err = err };
    char at[CFBUNDLE_URL_MAX + 1];
    int rc = CFK_OK;

    if (deadline > f->began_ns + f->max_time_ns)
        deadline = f->began_ns + f->max_time_ns;
    snprintf(at, sizeof at, "%s", url);
    hop.get.any_address = f->any_address;
    hop.get.take = take;
    hop.get.ctx = &hop;
    for (unsigned i = 0; i <= REDIRECTS_MAX; i++) {
        hop.get.url = at;
        hop.get.timeout_ms = until_ms(deadline);
        if (hop.get.timeout_ms == 0)
            return fail(err, CFK_E_TIMEOUT, "no time is left to fetch it");
        cli_detail("fetching %s", at);
        rc = cfbundle_curl_get(f->curl, &hop.get, err);
        if (rc != CFK_OK || hop.get.status == 200)
            return rc;
        if (!is_redirect(&hop.get)) {
            snprintf(err->message, sizeof err->message, "the server answered %ld",
                     hop.get.status);
            return err->code = CFK_E_IO;
        }
        snprintf(at, sizeof at, "%s", hop.get.redirect);
    }
    snprintf(err->message, sizeof err->message, "more than %d redirects", REDIRECTS_MAX);
    return err->code = CFK_E_LIMIT;
}

int cfbundle_fetch_begin(struct cfbundle_fetching *f, struct cfk_error *err)
{
    f->began_ns = now_ns();
    f->options.get = fetch;
    f->options.ctx = f;
    return cfbundle_curl_open(&f->curl, err);
}

void cfbundle_fetch_free(struct cfbundle_fetching *f)
{
    cfbundle_curl_close(f->curl);
    f->curl = NULL;
}

/* --- what became of it --- */

static void report(const cfk_bundle_result *result)
{
    bool needed = cfk_bundle_chain_count(result) == 0;

    for (size_t i = 0; i < cfk_bundle_fetched_count(result); i++) {
        struct cfk_bundle_fetched_info one = { .size = sizeof one };

        cfk_bundle_fetched(result, i, &one, NULL);
        if (one.code != CFK_OK)
            (needed ? cli_warn : cli_detail)("%s: %s", one.url, one.message);
        else
            cli_detail("%s: %u certificates that were not known", one.url,
                       (unsigned)one.certs);
    }
}

static int keep_cert(const char *folder, const struct cfk_bundle_cert *cert,
                     const char *pem, size_t pem_size, struct cfk_error *err)
{
    size_t size = strlen(folder) + 80;
    char *path = malloc(size);
    size_t used;
    int rc;

    if (path == NULL)
        return fail(err, CFK_E_NOMEM, "no memory to keep a certificate");
    used = (size_t)snprintf(path, size, "%s/", folder);
    for (size_t i = 0; i < sizeof cert->sha256; i++)
        used += (size_t)snprintf(path + used, size - used, "%02x", cert->sha256[i]);
    snprintf(path + used, size - used, ".pem");
    rc = cli_output_whole(path, 0, pem, pem_size, err);
    if (rc == CFK_OK)
        cli_detail("%s is kept", path);
    free(path);
    return rc == CFK_E_EXISTS ? CFK_OK : rc;
}

/* The text of certificate number index in the PEM of a chain. */
static const char *find_block(const char *pem, size_t index, size_t *size)
{
    static const char end[] = "-----END CERTIFICATE-----\n";
    const char *next = strstr(pem, end);

    for (; index > 0 && next != NULL; index--) {
        pem = next + strlen(end);
        next = strstr(pem, end);
    }
    *size = next != NULL ? (size_t)(next - pem) + strlen(end) : 0;
    return pem;
}

static int keep_chain(const char *folder, cfk_bundle_result *result, size_t number,
                      struct cfk_error *err)
{
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };
    char *text = NULL;
    size_t text_size;
    int rc = cfk_bundle_write_pem(result, number, CFK_BUNDLE_WITH_ROOT, NULL, &text,
                                  &text_size, err);

    if (rc == CFK_OK)
        rc = cfk_bundle_chain(result, number, &chain, err);
    for (size_t i = 0; i < chain.length && rc == CFK_OK; i++) {
        struct cfk_bundle_cert cert = { .size = sizeof cert };
        const char *block;
        size_t size;

        rc = cfk_bundle_chain_cert(result, number, i, &cert, err);
        if (rc != CFK_OK || cert.from != CFK_BUNDLE_FETCHED)
            continue;
        block = find_block(text, i, &size);
        rc = keep_cert(folder, &cert, block, size, err);
    }
    cfk_free(NULL, text);
    return rc;
}

int cfbundle_fetch_end(struct cfbundle_fetching *f, cfk_bundle_result *result,
                       struct cfk_error *err)
{
    size_t chains = cfk_bundle_chain_count(result);
    int rc = CFK_OK;

    report(result);
    if (f->keep == NULL || chains == 0)
        return CFK_OK;
    if (mkdir(f->keep, 0777) != 0 && errno != EEXIST) {
        snprintf(err->message, sizeof err->message, "%s: %s", f->keep, strerror(errno));
        err->sys_errno = errno;
        return err->code = CFK_E_IO;
    }
    for (size_t i = 0; i < chains && rc == CFK_OK; i++)
        rc = keep_chain(f->keep, result, i, err);
    return rc;
}

void cfbundle_fetch_hint(cfk_bundle_result *result)
{
    for (size_t i = 0; i < cfk_bundle_rejected_count(result); i++) {
        struct cfk_bundle_rejected_info path = { .size = sizeof path };
        struct cfk_bundle_cert cert = { .size = sizeof cert };
        const char *url;
        size_t size;

        cfk_bundle_rejected(result, i, &path, NULL);
        if (path.reason != CFK_E_UNKNOWN_ISSUER ||
            cfk_bundle_rejected_cert(result, i, path.step, &cert, NULL) != CFK_OK ||
            cfk_bundle_issuer_url(cert.der, cert.der_size, 0, &url, &size, NULL) !=
                CFK_OK)
            continue;
        cli_hint("certificate %u says where its issuer is; --fetch gets it from there",
                 (unsigned)path.step + 1);
        return;
    }
}
