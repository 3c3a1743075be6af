/* SPDX-License-Identifier: MIT */
/*
 * Names under which strangers get names: all top-level domains, the second
 * levels that registries of countries use, and well-known hosting services.
 */
#include "bundle/profile.h"

#include <string.h>

/* "co" of "co.uk": below a top-level domain of two letters. */
static const char *const second_levels[] = {
    "ac",  "asso", "biz", "co",  "com", "coop", "ed",   "edu", "firm", "gen", "go",
    "gob", "gov",  "gub", "gv",  "id",  "ind",  "info", "int", "ltd",  "me",  "mil",
    "mod", "muni", "ne",  "net", "nhs", "nom",  "or",   "org", "plc",  "sch",
};

static const char *const services[] = {
    "amplifyapp.com",
    "appspot.com",
    "azureedge.net",
    "azurewebsites.net",
    "blob.core.windows.net",
    "blogspot.com",
    "cloudapp.net",
    "cloudfront.net",
    "cloudfunctions.net",
    "elasticbeanstalk.com",
    "elb.amazonaws.com",
    "execute-api.us-east-1.amazonaws.com",
    "fastly.net",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "glitch.me",
    "herokuapp.com",
    "myshopify.com",
    "netlify.app",
    "ngrok.io",
    "onrender.com",
    "pages.dev",
    "s3.amazonaws.com",
    "surge.sh",
    "trafficmanager.net",
    "vercel.app",
    "web.app",
    "wordpress.com",
    "workers.dev",
};

static bool is_in(const char *const *list, size_t count, const char *name, size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i]) == size && memcmp(list[i], name, size) == 0)
            return true;
    return false;
}

bool cfk__is_public_suffix(const char *name)
{
    const char *dot = strchr(name, '.');

    if (dot == NULL)
        return true;
    if (strlen(dot + 1) == 2 &&
        is_in(second_levels, sizeof second_levels / sizeof *second_levels, name,
              (size_t)(dot - name)))
        return true;
    return is_in(services, sizeof services / sizeof *services, name, strlen(name));
}
