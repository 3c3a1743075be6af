/* SPDX-License-Identifier: MIT */
#include "cfbundle_pool.h"

#include "cfbundle_index.h"
#include "cfbundle_warnings.h"
#include "common/cli.h"
#include "common/input.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (UINT64_C(256) << 20)

/* Where systems keep the roots that they trust: in one file, else in a folder. */
static const char *const system_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",                                 /* Alpine, OpenBSD, macOS */
    "/usr/local/etc/ssl/cert.pem",                       /* FreeBSD */
    "/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD before 13 */
};
static const char *const system_folders[] = {
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/system/etc/security/cacerts",
};

/* One file, what is wanted from it, and where that goes. */
struct reading {
    cfk_bundle_pool *pool;
    const char *path;
    const char *what; /* "certificate" */
    uint32_t from;
    bool loud; /* it was named: say what is left out, and it must have something */

    /* For the file of the certificate itself; else NULL. */
    struct cfbundle_key *key;
    void **leaf;
    size_t *leaf_size;
};

static void report_bad(void *ctx, uint64_t index, uint64_t offset,
                       const struct cfk_error *why)
{
    const struct reading *r = ctx;

    if (why == NULL)
        return;
    (r->loud ? cli_warn : cli_detail)("%s: %s %llu at byte %llu is left out: %s", r->path,
                                      r->what, (unsigned long long)index + 1,
                                      (unsigned long long)offset,
                                      cfbundle_words(why->message));
}

/* The certificate's own file, which may have a private key in it as well. */
static int add_input(const struct reading *r, const struct cli_input *in,
                     struct cfk_bundle_report *report, struct cfk_error *err)
{
    void *bag;
    size_t bag_size;
    int rc = cfbundle_open_pkcs12(r->key, r->path, in, &bag, &bag_size, err);

    if (rc != CFK_OK)
        return rc;
    if (bag == NULL)
        return cfk_bundle_pool_add_input(r->pool, in->data, in->size, report, r->leaf,
                                         r->leaf_size, err);
    rc = cfk_bundle_pool_add_input(r->pool, bag, bag_size, report, r->leaf, r->leaf_size,
                                   err);
    report->reordered = 0; /* a bag has no order */
    cfk_free(NULL, bag);
    return rc;
}

static int add(const struct reading *r, const struct cli_input *in,
               struct cfk_bundle_report *report, struct cfk_error *err)
{
    if (r->leaf != NULL)
        return add_input(r, in, report, err);
    if (r->from == 0)
        return cfk_bundle_pool_add_crl(r->pool, in->data, in->size, report, err);
    return cfk_bundle_pool_add(r->pool, in->data, in->size, r->from, report, err);
}

/* Whether a kind, "a certificate", is what is wanted, "certificate", or may have been. */
static bool is_wanted(const struct reading *r, const char *kind)
{
    bool certs = r->from != 0 || r->leaf != NULL;

    if (strcmp(kind, "damaged DER") == 0 || (certs && strcmp(kind, "a PKCS #7 bag") == 0))
        return true;
    return strncmp(kind, "a ", 2) == 0 && strcmp(kind + 2, r->what) == 0;
}

/* DER of another kind is told as such at the end, and not as a damaged one before. */
static bool is_other_der(const struct reading *r, const struct cli_input *in)
{
    const char *kind;

    if (in->size == 0 || in->data[0] != '0')
        return false;
    kind = cfk_bundle_input_kind(in->data, in->size);
    return !is_wanted(r, kind) && strstr(kind, "PKCS") == NULL;
}

/* The file has nothing of what is wanted, for which err may have words: say what it has.
 */
static int nothing_in_it(const struct reading *r, const struct cli_input *in, int rc,
                         struct cfk_error *err)
{
    const char *kind = cfk_bundle_input_kind(in->data, in->size);
    bool damaged = is_wanted(r, kind);

    if (damaged && rc != CFK_OK)
        return rc;
    snprintf(err->message, sizeof err->message, "%s: no %s in it%s%s", r->path, r->what,
             damaged ? " that can be used" : ", but ", damaged ? "" : kind);
    return err->code = CFK_E_NOTFOUND;
}

static int read_file(const struct reading *r, struct cfk_bundle_report *report,
                     struct cfk_error *err)
{
    struct cli_input in;
    struct reading copy = *r;
    unsigned flags =
        r->leaf != NULL ? CLI_INPUT_SECRET : 0; /* with a key in it, perhaps */
    int rc = cli_input_open(&in, r->path, MAX_FILE, flags, err);

    if (rc != CFK_OK)
        return rc;
    *report = (struct cfk_bundle_report){ .size = sizeof *report };
    report->each = report_bad;
    report->ctx = &copy;
    copy.loud = r->loud && !is_other_der(r, &in);
    rc = add(r, &in, report, err);
    cli_detail("%s: %llu %ss", r->path, (unsigned long long)(report->found - report->bad),
               r->what);
    if (rc == CFK_E_NOTFOUND || rc == CFK_E_CORRUPT ||
        (rc == CFK_OK && r->loud && report->found == report->bad))
        rc = nothing_in_it(r, &in, rc, err);
    cli_input_close(&in);
    return rc;
}

static int io_error(struct cfk_error *err, const char *path)
{
    err->sys_errno = errno;
    snprintf(err->message, sizeof err->message, "%s: %s", path, strerror(errno));
    return err->code = CFK_E_IO;
}

/* Every file of a folder, in order of name; what holds no certificate is passed over. */
static int read_folder(const struct reading *r, struct cfk_error *err)
{
    struct cfk_bundle_report report;
    struct dirent **entries;
    int count = scandir(r->path, &entries, NULL, alphasort);
    int rc = count < 0 ? io_error(err, r->path) : CFK_OK;

    for (int i = 0; i < count; i++) {
        size_t size = strlen(r->path) + strlen(entries[i]->d_name) + 2;
        char *file = malloc(size);
        struct reading one = *r;
        struct stat st;

        if (file == NULL)
            rc = io_error(err, r->path);
        if (rc == CFK_OK) {
            snprintf(file, size, "%s/%s", r->path, entries[i]->d_name);
            one.path = file;
            one.loud = false;
            if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
                rc = read_file(&one, &report, err);
        }
        free(file);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return rc;
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int read_certs(cfk_bundle_pool *pool, const char *path, uint32_t from, bool loud,
                      struct cfk_error *err)
{
    struct reading r = { pool, path, "certificate", from, loud, NULL, NULL, NULL };
    struct cfk_bundle_report report;

    return is_folder(path) ? read_folder(&r, err) : read_file(&r, &report, err);
}

/* The first of these that is there; false where none is. */
static bool read_first(cfk_bundle_pool *pool, const char *const *paths, size_t count,
                       int *rc, struct cfk_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (access(paths[i], R_OK) == 0) {
            *rc = read_certs(pool, paths[i], CFK_BUNDLE_ROOT, false, err);
            return true;
        }
    return false;
}

/* Folders with colons between, those that are there. */
static int read_folders(cfk_bundle_pool *pool, const char *list, struct cfk_error *err)
{
    char *copy = strdup(list);
    char *rest = copy;
    int rc = copy != NULL ? CFK_OK : io_error(err, list);

    while (rc == CFK_OK && rest != NULL) {
        char *end = strchr(rest, ':');
        const char *folder = rest;

        if (end != NULL)
            *end = '\0';
        rest = end != NULL ? end + 1 : NULL;
        if (is_folder(folder))
            rc = read_certs(pool, folder, CFK_BUNDLE_ROOT, false, err);
    }
    free(copy);
    return rc;
}

/* What the environment names, as other programs take it; else the usual places. */
static int read_system_roots(cfk_bundle_pool *pool, struct cfk_error *err)
{
    const char *file = getenv("SSL_CERT_FILE");
    const char *folders = getenv("SSL_CERT_DIR");
    int rc = CFK_OK;

    if (file != NULL && file[0] != '\0')
        rc = read_certs(pool, file, CFK_BUNDLE_ROOT, true, err);
    if (rc == CFK_OK && folders != NULL && folders[0] != '\0')
        rc = read_folders(pool, folders, err);
    if (rc != CFK_OK || cfk_bundle_pool_count(pool, CFK_BUNDLE_ROOT) > 0)
        return rc;
    if (!read_first(pool, system_files, sizeof system_files / sizeof *system_files, &rc,
                    err))
        read_first(pool, system_folders, sizeof system_folders / sizeof *system_folders,
                   &rc, err);
    return rc;
}

static int read_leaf(const char *path, struct cfbundle_key *key, cfk_bundle_pool *pool,
                     void **leaf, size_t *leaf_size, bool *reordered,
                     struct cfk_error *err)
{
    struct reading r = { pool, path, "certificate", 0, true, key, leaf, leaf_size };
    struct cfk_bundle_report report = { .size = sizeof report };
    int rc = read_file(&r, &report, err);

    *reordered = report.reordered != 0;
    return rc;
}

static int read_crl(const char *path, cfk_bundle_pool *pool, struct cfk_error *err)
{
    struct reading r = { pool, path, "CRL", 0, true, NULL, NULL, NULL };
    struct cfk_bundle_report report;

    return read_file(&r, &report, err);
}

/* Without any root there can be no answer but no: that is to be told as what it is. */
static int expect_roots(const struct cfbundle_sources *sources,
                        const cfk_bundle_pool *pool, struct cfk_error *err)
{
    if (cfk_bundle_pool_count(pool, CFK_BUNDLE_ROOT) > 0)
        return CFK_OK;
    snprintf(err->message, sizeof err->message, "%s",
             sources->roots_given
                 ? "no trusted root in what --roots names"
                 : "no trusted roots were found on this system; name some with --roots");
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
        rc = read_certs(pool, sources->certs[i].path, sources->certs[i].from, true, err);
    for (size_t i = 0; i < sources->crl_count && rc == CFK_OK; i++)
        rc = read_crl(sources->crls[i], pool, err);
    if (rc == CFK_OK && !sources->roots_given)
        rc = read_system_roots(pool, err);
    return rc;
}

int cfbundle_load(struct cfbundle_sources *sources, const char *cert,
                  struct cfbundle_key *key, cfk_bundle_pool *pool, void **leaf,
                  size_t *leaf_size, struct cfk_error *err)
{
    int rc = read_leaf(cert, key, pool, leaf, leaf_size, &sources->reordered, err);

    if (rc == CFK_OK)
        rc = cfbundle_load_sources(sources, pool, err);
    return rc == CFK_OK ? expect_roots(sources, pool, err) : rc;
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
