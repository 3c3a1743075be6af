/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include "unit.h"

json_t *vectors_load(const char *relative)
{
    const char *path = unit_data(relative);
    json_error_t error;
    json_t *root;

    if (path == NULL)
        return NULL;
    root = json_load_file(path, JSON_ALLOW_NUL, &error);
    ck_assert_msg(root != NULL, "%s: %s", path, error.text);
    return root;
}

const char *vectors_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    ck_assert_msg(text != NULL, "no text named %s", name);
    return text;
}

uint8_t *vectors_hex(const json_t *object, const char *name, size_t *size)
{
    return unit_hex(vectors_text(object, name), size);
}
