/* SPDX-License-Identifier: MIT */
#include "cfbundle_pool.h"

#include "cfbundle_index.h"
#include "common/cli.h"
#include "common/input.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILE (UINT64_C(256) << 20)

/* Where systems keep the roots that they trust, in one file. */
static const char *const system_roots[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

/* A name for the reports of one file, and how loud they are. */
struct reporting {
    const char *path;
    const char *what;
    bool loud;
};

static void report_bad(void *ctx, uint64_t index, uint64_t offset,
                       const struct cfk_error *why)
{
    const struct reporting *about = ctx;

    if (why == NULL)
        return;
    (about->loud ? cli_warn : cli_detail)(
        "%s: %s %llu at byte %llu is left out: %s", about->path, about->what,
        (unsigned long long)index + 1, (unsigned long long)offset, why->message);
}

static int add_file(cfk_bundle_pool *pool, const char *path, uint32_t from, bool loud,
                    struct cfk_error *err)
{
    struct reporting about = { path, "certificate", loud };
    struct cfk_bundle_report report = { .size = sizeof report };
    struct cli_input in;
    int rc = cli_input_open(&in, path, MAX_FILE, 0, err);

    if (rc != CFK_OK)
        return rc;
    report.each = report_bad;
    report.ctx = &about;
    rc = cfk_bundle_pool_add(pool, in.data, in.size, from, &report, err);
    cli_input_close(&in);
    cli_detail("%s: %llu certificates", path,
               (unsigned long long)(report.found - report.bad));
    if (rc == CFK_OK && report.found == report.bad && loud) {
        snprintf(err->message, sizeof err->message, "%s: no certificate in it", path);
        return err->code = CFK_E_NOTFOUND;
    }
    return rc;
}

/* Every CRL of a file; one without any would turn the check off unseen. */
static int add_crl(cfk_bundle_pool *pool, const char *path, struct cfk_error *err)
{
    struct reporting about = { path, "CRL", true };
    struct cfk_bundle_report report = { .size = sizeof report };
    struct cli_input in;
    int rc = cli_input_open(&in, path, MAX_FILE, 0, err);

    if (rc != CFK_OK)
        return rc;
    report.each = report_bad;
    report.ctx = &about;
    rc = cfk_bundle_pool_add_crl(pool, in.data, in.size, &report, err);
    cli_input_close(&in);
    if (rc == CFK_OK && report.found == report.bad) {
        snprintf(err->message, sizeof err->message, "%s: no CRL in it that can be used",
                 path);
        return err->code = CFK_E_NOTFOUND;
    }
    return rc;
}

static int io_error(struct cfk_error *err, const char *path)
{
    err->sys_errno = errno;
    snprintf(err->message, sizeof err->message, "%s: %s", path, strerror(errno));
    return err->code = CFK_E_IO;
}

/* Every file of a folder, in order of name; what holds no certificate is passed over. */
static int add_folder(cfk_bundle_pool *pool, const char *path, uint32_t from,
                      struct cfk_error *err)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    int rc = count < 0 ? io_error(err, path) : CFK_OK;

    for (int i = 0; i < count; i++) {
        size_t size = strlen(path) + strlen(entries[i]->d_name) + 2;
        char *file = malloc(size);
        struct stat st;

        if (file == NULL)
            rc = io_error(err, path);
        if (rc == CFK_OK) {
            snprintf(file, size, "%s/%s", path, entries[i]->d_name);
            if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
                rc = add_file(pool, file, from, false, err);
        }
        free(file);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return rc;
}

static int add_source(cfk_bundle_pool *pool, const struct cfbundle_source *source,
                      struct cfk_error *err)
{
    struct stat st;

    if (stat(source->path, &st) == 0 && S_ISDIR(st.st_mode))
        return add_folder(pool, source->path, source->from, err);
    return add_file(pool, source->path, source->from, true, err);
}

static int add_system_roots(cfk_bundle_pool *pool, struct cfk_error *err)
{
    const char *own = getenv("SSL_CERT_FILE");
    struct stat st;

    if (own != NULL && own[0] != '\0')
        return add_file(pool, own, CFK_BUNDLE_ROOT, false, err);
    for (size_t i = 0; i < sizeof system_roots / sizeof *system_roots; i++)
        if (stat(system_roots[i], &st) == 0)
            return add_file(pool, system_roots[i], CFK_BUNDLE_ROOT, false, err);
    snprintf(err->message, sizeof err->message,
             "no trusted roots were found on this system; name some with --roots");
    return err->code = CFK_E_NOTFOUND;
}

/* An index that has roots stands for the system's. */
static int add_index(struct cfbundle_sources *sources, cfk_bundle_pool *pool,
                     struct cfk_error *err)
{
    int rc = cfbundle_index_open(sources->index, pool, &sources->mapped, err);

    if (rc == CFK_OK && cfk_bundle_pool_count(pool, CFK_BUNDLE_ROOT) > 0)
        sources->roots_given = true;
    return rc;
}

int cfbundle_load_sources(struct cfbundle_sources *sources, cfk_bundle_pool *pool,
                          struct cfk_error *err)
{
    int rc = sources->index != NULL ? add_index(sources, pool, err) : CFK_OK;

    for (size_t i = 0; i < sources->count && rc == CFK_OK; i++)
        rc = add_source(pool, &sources->certs[i], err);
    for (size_t i = 0; i < sources->crl_count && rc == CFK_OK; i++)
        rc = add_crl(pool, sources->crls[i], err);
    if (rc == CFK_OK && !sources->roots_given)
        rc = add_system_roots(pool, err);
    return rc;
}

int cfbundle_load(struct cfbundle_sources *sources, const char *cert,
                  cfk_bundle_pool *pool, void **leaf, size_t *leaf_size,
                  struct cfk_error *err)
{
    struct reporting about = { cert, "certificate", true };
    struct cfk_bundle_report report = { .size = sizeof report };
    struct cli_input in;
    int rc = cli_input_open(&in, cert, MAX_FILE, 0, err);

    if (rc != CFK_OK)
        return rc;
    report.each = report_bad;
    report.ctx = &about;
    rc = cfk_bundle_pool_add_input(pool, in.data, in.size, &report, leaf, leaf_size, err);
    cli_input_close(&in);
    if (rc == CFK_OK && report.reordered)
        cli_warn("%s: the chain in it was out of order; servers send the certificate "
                 "first, then its issuer, and so on",
                 cert);
    return rc == CFK_OK ? cfbundle_load_sources(sources, pool, err) : rc;
}

bool cfbundle_add_source(struct cfbundle_sources *sources, const char *path,
                         uint32_t from)
{
    if (sources->count == CFBUNDLE_SOURCES)
        return false;
    sources->certs[sources->count++] = (struct cfbundle_source){ path, from };
    sources->roots_given = sources->roots_given || from == CFK_BUNDLE_ROOT;
    return true;
}

bool cfbundle_add_crl(struct cfbundle_sources *sources, const char *path)
{
    if (sources->crl_count == CFBUNDLE_CRLS)
        return false;
    sources->crls[sources->crl_count++] = path;
    return true;
}
