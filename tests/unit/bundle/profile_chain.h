/* SPDX-License-Identifier: MIT */
/* A chain of three certificates that is good, but for what a test changes in it. */
#ifndef PROFILE_CHAIN_H
#define PROFILE_CHAIN_H

#include "make.h"

enum {
    DEFAULT = CFK_BUNDLE_PROFILE_DEFAULT,
    LENIENT = CFK_BUNDLE_PROFILE_LENIENT,
    RFC5280 = CFK_BUNDLE_PROFILE_RFC5280,
    WEBPKI = CFK_BUNDLE_PROFILE_WEBPKI,
    PROFILES = 4,
};

/* Arcs of id-ce, and values that are as they should be. */
enum { SKI = 14, KU = 15, SAN = 17, BASIC = 19, NAMES = 30, POINTS = 31, AKI = 35 };
enum { POLICY_CONSTRAINTS = 36, EKU = 37, INHIBIT_ANY = 54 };

#define BASIC_CA    "30030101ff"
#define SKI_ROOT    "0402aa01"
#define SKI_CA      "0402aa02"
#define AKI_ROOT    "30048002aa01"
#define AKI_CA      "30048002aa02"
#define SAN_DNS     "3010820e612e6578616d706c652e74657374" /* a.example.test */
#define SAN_ADDRESS "30068704c0a80101"                     /* 192.168.1.1 */
#define SERVER      "300a06082b06010505070301"
#define NAMES_TEST  "300aa0083006820474657374" /* permitted: test */

/* One extension of one certificate, changed; value NULL: left out. */
struct change {
    unsigned arc;
    bool critical;
    const char *value;
};

/* Which certificate is changed. */
enum which { THE_LEAF, THE_CA, THE_ROOT };

struct chain {
    struct make certs[3];
    char exts[3][512];
};

/* A chain that every profile takes, but for this change. */
void good_chain(struct chain *c, enum which which, struct change change);

/* The rule that a chain breaks under a profile: "" for none, the reason for another. */
const char *broken_rule(const struct chain *c, uint32_t profile, uint32_t eku);

/* mildest is the first profile that has the rule, strictest the last. */
void expect_rule(const struct chain *c, const char *rule, uint32_t mildest,
                 uint32_t strictest);

#endif
