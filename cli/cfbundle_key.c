/* SPDX-License-Identifier: MIT */
#include "cfbundle_key.h"

#include "common/cli.h"

#include <stdio.h>
#include <string.h>

#define MAX_FILE (UINT64_C(16) << 20)

bool cfbundle_key_usable(const struct cfbundle_key *key, const char *cert)
{
    if (key->path == NULL || strcmp(key->path, "-") != 0 || strcmp(cert, "-") != 0)
        return true;
    cli_usage("standard input is read once: it is CERT or the key");
    return false;
}

/* The message with the name of the file before it. */
static void name_file(const char *path, struct cfk_error *err)
{
    struct cfk_error whole = *err;
    int room = (int)sizeof whole.message - 1;
    int used;
    const char *words = err->message;
    size_t prefix = strlen("bundle: ");

    if (strncmp(words, "bundle: ", prefix) == 0)
        words += prefix;
    used = snprintf(whole.message, sizeof whole.message, "%.*s: ", room / 3, path);
    snprintf(whole.message + used, sizeof whole.message - (size_t)used, "%.*s",
             room - used, words);
    *err = whole;
}

/* The passphrase of a file, asked for once, into opts. */
static int ask(struct cfbundle_key *key, const char *path, const char *prompt,
               struct cfk_bundle_key_options *opts, struct cfk_error *err)
{
    int rc = CFK_OK;

    if (key->asked_for == NULL || strcmp(key->asked_for, path) != 0)
        rc = cli_passphrase_ask(&key->passphrases, prompt, false, &key->passphrase, err);
    if (rc != CFK_OK)
        return rc;
    key->asked_for = path;
    opts->passphrase = key->passphrase.bytes;
    opts->passphrase_size = key->passphrase.size;
    return CFK_OK;
}

int cfbundle_open_pkcs12(struct cfbundle_key *key, const char *path,
                         const struct cli_input *in, void **bag, size_t *bag_size,
                         struct cfk_error *err)
{
    struct cfk_bundle_key_options opts = { .size = sizeof opts };
    int rc;

    *bag = NULL;
    if (!cfk_bundle_is_pkcs12(in->data, in->size))
        return CFK_OK;
    rc = ask(key, path, "Passphrase of the PKCS #12 file", &opts, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk_bundle_pkcs12_certs(in->data, in->size, &opts, bag, bag_size, err);
    if (rc != CFK_OK)
        name_file(path, err);
    return rc;
}

static int compare(struct cfbundle_key *key, const struct cli_input *in, const void *leaf,
                   size_t leaf_size, struct cfk_error *err)
{
    struct cfk_bundle_key_options opts = { .size = sizeof opts };
    int rc = CFK_OK;

    if (cfk_bundle_key_encrypted(in->data, in->size))
        rc = ask(key, key->path, "Passphrase of the private key", &opts, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk_bundle_key_check(in->data, in->size, leaf, leaf_size, &opts, err);
    if (rc != CFK_OK)
        name_file(key->path, err);
    return rc;
}

int cfbundle_check_key(struct cfbundle_key *key, const void *leaf, size_t leaf_size,
                       struct cfk_error *err)
{
    struct cli_input in;
    int rc;

    if (key->path == NULL)
        return CFK_OK;
    rc = cli_input_open(&in, key->path, MAX_FILE, CLI_INPUT_SECRET, err);
    if (rc != CFK_OK)
        return rc;
    rc = compare(key, &in, leaf, leaf_size, err);
    cli_input_close(&in);
    if (rc == CFK_OK)
        cli_detail("%s: the private key is that of the certificate", key->path);
    return rc;
}

void cfbundle_key_wipe(struct cfbundle_key *key)
{
    cli_passphrase_wipe(&key->passphrase);
    key->asked_for = NULL;
}
