/* SPDX-License-Identifier: MIT */
#include "people_file.h"

#include "common/input.h"
#include "split_common.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { MAX_FILE = 1 << 20 };

struct reading {
    const char *path;
    yaml_document_t document;
};

static int refuse(const struct reading *r, const yaml_node_t *node, const char *what,
                  struct cfk_error *err)
{
    *err = (struct cfk_error){ .code = CFK_E_CORRUPT };
    snprintf(err->message, sizeof err->message, "%.100s: line %zu: %.100s", r->path,
             node != NULL ? node->start_mark.line + 1 : 1, what);
    return CFK_E_CORRUPT;
}

static const char *text_of(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

/* Plain or quoted text without a NUL in it. */
static bool is_text(const yaml_node_t *node)
{
    return node != NULL && node->type == YAML_SCALAR_NODE &&
           strlen(text_of(node)) == node->data.scalar.length &&
           strcmp((const char *)node->tag, YAML_STR_TAG) == 0;
}

static bool is_twice(struct reading *r, const yaml_node_t *map,
                     const yaml_node_pair_t *pair)
{
    const yaml_node_t *name = yaml_document_get_node(&r->document, pair->key);

    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++)
        if (strcmp(text_of(yaml_document_get_node(&r->document, p->key)),
                   text_of(name)) == 0)
            return true;
    return false;
}

static int read_pair(struct reading *r, const yaml_node_t *map,
                     const yaml_node_pair_t *pair, people_take *take, void *ctx,
                     struct cfk_error *err)
{
    const yaml_node_t *name = yaml_document_get_node(&r->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(&r->document, pair->value);
    int rc;

    if (!is_text(name) || !is_text(value))
        return refuse(r, name, "a name and a public text are wanted: alice: age1...",
                      err);
    if (is_twice(r, map, pair))
        return refuse(r, name, "this name is there already", err);
    rc = take(ctx, text_of(name), text_of(value), err);
    if (rc == CFK_E_CORRUPT) {
        struct cfk_error said = *err;

        return refuse(r, name, said.message, err);
    }
    return rc;
}

static int read_map(struct reading *r, people_take *take, void *ctx,
                    struct cfk_error *err)
{
    const yaml_node_t *map = yaml_document_get_root_node(&r->document);
    int rc = CFK_OK;

    if (map == NULL || map->type != YAML_MAPPING_NODE)
        return refuse(r, map, "not a map of names to public texts", err);
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < map->data.mapping.pairs.top && rc == CFK_OK; pair++)
        rc = read_pair(r, map, pair, take, ctx, err);
    return rc;
}

static int parse_failed(const struct reading *r, const yaml_parser_t *parser,
                        struct cfk_error *err)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return split_fail(err, CFK_E_NOMEM, r->path, "no memory");
    *err = (struct cfk_error){ .code = CFK_E_CORRUPT };
    snprintf(err->message, sizeof err->message, "%.100s: line %zu: %.100s", r->path,
             parser->problem_mark.line + 1,
             parser->problem != NULL ? parser->problem : "not YAML");
    return CFK_E_CORRUPT;
}

/* One document, whole, before anything is believed of it. */
static int read_document(struct reading *r, yaml_parser_t *parser, people_take *take,
                         void *ctx, struct cfk_error *err)
{
    yaml_document_t second;
    int rc;

    if (!yaml_parser_load(parser, &r->document))
        return parse_failed(r, parser, err);
    if (!yaml_parser_load(parser, &second)) {
        rc = parse_failed(r, parser, err);
    } else {
        rc = yaml_document_get_root_node(&second) == NULL
                 ? read_map(r, take, ctx, err)
                 : refuse(r, yaml_document_get_root_node(&second), "a second document",
                          err);
        yaml_document_delete(&second);
    }
    yaml_document_delete(&r->document);
    return rc;
}

int people_read(const char *path, people_take *take, void *ctx, struct cfk_error *err)
{
    struct reading r = { .path = strcmp(path, "-") == 0 ? "standard input" : path };
    struct cli_input in = { 0 };
    yaml_parser_t parser;
    int rc = cli_input_open(&in, path, MAX_FILE, 0, err);

    if (rc != CFK_OK)
        return rc;
    if (yaml_parser_initialize(&parser)) {
        yaml_parser_set_input_string(&parser, in.data, in.size);
        rc = read_document(&r, &parser, take, ctx, err);
        yaml_parser_delete(&parser);
    } else {
        rc = split_fail(err, CFK_E_NOMEM, path, "no memory");
    }
    cli_input_close(&in);
    return rc;
}
