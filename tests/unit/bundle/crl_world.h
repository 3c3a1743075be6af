/* SPDX-License-Identifier: MIT */
/* A root, a CA, a leaf, and CRLs that tests make up. */
#ifndef CRL_WORLD_H
#define CRL_WORLD_H

#include "make.h"

enum { NUMBER = 20, REASON = 21, DELTA = 27, SCOPE = 28, ISSUER = 29, POINTS = 31 };

#define YESTERDAY "261119000000Z"
#define TOMORROW  "261121000000Z"

/* What a CRL says. Zero is one by "ca", whose key is 2, that is valid and empty. */
struct list {
    const char *issuer;
    uint8_t signed_by;
    const char *from;
    const char *until;   /* "-": no nextUpdate */
    int number;          /* cRLNumber; 0: 5, -1: none */
    const char *entries; /* hexadecimal, or NULL */
    const char *ext;     /* further extensions, in hexadecimal */
    bool v1;
};

#define SKI_ROOT "300b0603551d0e04040402aa01"
#define SKI_CA   "300b0603551d0e04040402aa02"
#define AKI_ROOT "300d0603551d23040630048002aa01"
#define AKI_CA   "300d0603551d23040630048002aa02"

extern const struct make crl_root;
extern const struct make crl_ca;   /* serial number 7 */
extern const struct make crl_leaf; /* 8 */
extern const struct list of_root;  /* a good and empty CRL of the root */

/* An entry for a serial number of one byte, with extensions in hexadecimal. */
const char *entry(char *text, size_t size, unsigned serial, const char *ext);

/* The Name CN=text in hexadecimal. */
const char *name(char *hex, size_t size, const char *text);

/* The whole CRL in hexadecimal. */
void write_list(char *hex, size_t size, const struct list *l);

/* Add it to a pool: CFK_OK, or CFK_E_CORRUPT where it was left out. */
int add_list(cfk_bundle_pool *pool, const struct list *l);

struct world {
    const struct make *more; /* a further certificate of the pool */
    const struct make *ca;   /* NULL: as above */
    const struct make *leaf;
    const struct list *lists[4];
    uint32_t flags;
    uint32_t profile;
};

/* The extension issuingDistributionPoint with these contents. */
const char *scope(char *text, size_t size, const char *contents);

/* The leaf with one distribution point of these contents. */
struct make pointed_leaf(char *ext, size_t size, const char *contents);

/* The reason of a build in that world. */
int judge(const struct world *w, struct cfk_error *err);
void expect(const struct world *w, int reason, const char *words);

/* The status of the leaf by one CRL of its issuer. */
void expect_list(const struct list *l, int reason);

#endif
