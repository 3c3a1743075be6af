/* SPDX-License-Identifier: MIT */
#include "cfupgrade_command.h"

#include "common/cli.h"

#include <stdlib.h>
#include <string.h>

const char **cfupgrade_command_copy(const char *const *argv)
{
    size_t count = 0;
    size_t bytes = 0;
    const char **copy;
    char *text;

    for (; argv[count] != NULL; count++)
        bytes += strlen(argv[count]) + 1;
    copy = malloc((count + 1) * sizeof *copy + bytes);
    if (copy == NULL)
        return NULL;
    text = (char *)(copy + count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(argv[i]) + 1;

        copy[i] = memcpy(text, argv[i], size);
        text += size;
    }
    copy[count] = NULL;
    return copy;
}

json_t *cfupgrade_command_json(const char *const *argv)
{
    json_t *array = json_array();

    for (; argv != NULL && *argv != NULL; argv++)
        json_array_append_new(array, cli_json_text(*argv, strlen(*argv)));
    return array;
}
