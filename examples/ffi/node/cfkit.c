/* SPDX-License-Identifier: MIT */
/*
 * A Node addon (Node-API 8): class Reference, an old version with encode(buffer) and
 * decode(buffer); class Top, the most frequent keys with add(buffer, weight) and
 * list(most). Errors have the stable name as their code.
 */
#define NAPI_VERSION 8
#include <cfkit/cfkit.h>

#include <node_api.h>
#include <stdbool.h>
#include <stdlib.h>

enum { MOST_ARGUMENTS = 2, MOST_ITEMS = 1 << 20 };

/* Any numbers that no other addon has. */
static const napi_type_tag reference_tag = { 0x6366b1742d726566, 0x9a0c5de1f3b24781 };
static const napi_type_tag top_tag = { 0x6366b1742d746f70, 0x9a0c5de1f3b24781 };

/* What was called with what. */
struct call {
    size_t count;
    napi_value arguments[MOST_ARGUMENTS];
    napi_value self;
    void *handle; /* of self; NULL in a constructor */
};

static napi_value fail(napi_env env, int rc, const struct cfk_error *err)
{
    napi_throw_error(env, cfk_error_name(rc), cfk_error_message(err));
    return NULL;
}

static void read_call(napi_env env, napi_callback_info info, struct call *call)
{
    call->count = MOST_ARGUMENTS;
    call->handle = NULL;
    napi_get_cb_info(env, info, &call->count, call->arguments, &call->self, NULL);
}

/* self, with its handle and the sign of its class. */
static napi_value give(napi_env env, const struct call *call, const napi_type_tag *tag,
                       void *handle, napi_finalize release)
{
    napi_wrap(env, call->self, handle, release, NULL, NULL);
    napi_type_tag_object(env, call->self, tag);
    return call->self;
}

/* False, with an exception, where self is not of the class of the tag. */
static bool read_method(napi_env env, napi_callback_info info, const napi_type_tag *tag,
                        struct call *call)
{
    bool ours = false;

    read_call(env, info, call);
    if (napi_check_object_type_tag(env, call->self, tag, &ours) == napi_ok && ours &&
        napi_unwrap(env, call->self, &call->handle) == napi_ok)
        return true;
    napi_throw_type_error(env, "invalid", "called on something else");
    return false;
}

/* False, with an exception, where argument 0 is no buffer. */
static bool buffer_of(napi_env env, const struct call *call, void **data, size_t *size)
{
    if (call->count >= 1 &&
        napi_get_buffer_info(env, call->arguments[0], data, size) == napi_ok)
        return true;
    napi_throw_type_error(env, "invalid", "a Buffer is wanted");
    return false;
}

static void free_reference(napi_env env, void *handle, void *hint)
{
    (void)env;
    (void)hint;
    cfk_delta_ref_free(handle);
}

static napi_value new_reference(napi_env env, napi_callback_info info)
{
    /* The buffer may change or go away: a copy. */
    const struct cfk_delta_ref_options options = { .size = sizeof options, .copy = 1 };
    struct cfk_error err;
    cfk_delta_ref *ref;
    struct call call;
    void *data;
    size_t size;
    int rc;

    read_call(env, info, &call);
    if (!buffer_of(env, &call, &data, &size))
        return NULL;
    rc = cfk_delta_ref_new(data, size, &options, &ref, &err);
    if (rc != CFK_OK)
        return fail(env, rc, &err);
    return give(env, &call, &reference_tag, ref, free_reference);
}

static napi_value convert(napi_env env, napi_callback_info info, bool encoding)
{
    struct cfk_error err;
    napi_value result = NULL;
    struct call call;
    void *data;
    void *out;
    size_t size;
    int rc;

    if (!read_method(env, info, &reference_tag, &call) ||
        !buffer_of(env, &call, &data, &size))
        return NULL;
    rc = encoding ? cfk_delta_encode(call.handle, data, size, NULL, &out, &size, &err)
                  : cfk_delta_decode(call.handle, data, size, NULL, &out, &size, &err);
    if (rc != CFK_OK)
        return fail(env, rc, &err);
    napi_create_buffer_copy(env, size, out, NULL, &result);
    cfk_free(NULL, out);
    return result;
}

static napi_value encode(napi_env env, napi_callback_info info)
{
    return convert(env, info, true);
}

static napi_value decode(napi_env env, napi_callback_info info)
{
    return convert(env, info, false);
}

static void free_top(napi_env env, void *handle, void *hint)
{
    (void)env;
    (void)hint;
    cfk_topk_free(handle);
}

static napi_value new_top(napi_env env, napi_callback_info info)
{
    struct cfk_error err;
    cfk_topk *top;
    struct call call;
    int rc;

    read_call(env, info, &call);
    rc = cfk_topk_new(NULL, &top, &err);
    if (rc != CFK_OK)
        return fail(env, rc, &err);
    return give(env, &call, &top_tag, top, free_top);
}

static napi_value add(napi_env env, napi_callback_info info)
{
    struct cfk_error err;
    struct call call;
    uint32_t weight = 1;
    void *data;
    size_t size;
    int rc;

    if (!read_method(env, info, &top_tag, &call) || !buffer_of(env, &call, &data, &size))
        return NULL;
    if (call.count > 1)
        napi_get_value_uint32(env, call.arguments[1], &weight);
    rc = cfk_topk_add(call.handle, data, size, weight, &err);
    return rc == CFK_OK ? NULL : fail(env, rc, &err);
}

static napi_value item_object(napi_env env, const struct cfk_topk_item *item)
{
    napi_value object;
    napi_value value;

    napi_create_object(env, &object);
    napi_create_buffer_copy(env, item->key_len, item->key, NULL, &value);
    napi_set_named_property(env, object, "key", value);
    napi_create_bigint_uint64(env, item->lo, &value);
    napi_set_named_property(env, object, "lo", value);
    napi_create_bigint_uint64(env, item->hi, &value);
    napi_set_named_property(env, object, "hi", value);
    return object;
}

static napi_value list(napi_env env, napi_callback_info info)
{
    struct cfk_topk_item *items;
    struct call call;
    napi_value result;
    uint32_t most = 0;
    size_t count;

    if (!read_method(env, info, &top_tag, &call))
        return NULL;
    if (call.count < 1 ||
        napi_get_value_uint32(env, call.arguments[0], &most) != napi_ok ||
        most > MOST_ITEMS) {
        napi_throw_type_error(env, "invalid", "a number up to 2^20 is wanted");
        return NULL;
    }
    items = calloc(most, sizeof *items);
    count = items == NULL ? 0 : cfk_topk_list(call.handle, CFK_TOPK_BY_HI, items, most);
    napi_create_array_with_length(env, count, &result);
    for (size_t i = 0; i < count; i++)
        napi_set_element(env, result, (uint32_t)i, item_object(env, &items[i]));
    free(items);
    return result;
}

static napi_value version(napi_env env, napi_callback_info info)
{
    napi_value text;

    (void)info;
    napi_create_string_utf8(env, cfk_version(), NAPI_AUTO_LENGTH, &text);
    return text;
}

static void define(napi_env env, napi_value exports, const char *name,
                   napi_callback constructor, const napi_property_descriptor *methods)
{
    napi_value class;

    napi_define_class(env, name, NAPI_AUTO_LENGTH, constructor, NULL, 2, methods, &class);
    napi_set_named_property(env, exports, name, class);
}

NAPI_MODULE_INIT()
{
    const napi_property_descriptor of_reference[] = {
        { "encode", NULL, encode, NULL, NULL, NULL, napi_default, NULL },
        { "decode", NULL, decode, NULL, NULL, NULL, napi_default, NULL },
    };
    const napi_property_descriptor of_top[] = {
        { "add", NULL, add, NULL, NULL, NULL, napi_default, NULL },
        { "list", NULL, list, NULL, NULL, NULL, napi_default, NULL },
    };
    napi_value function;

    define(env, exports, "Reference", new_reference, of_reference);
    define(env, exports, "Top", new_top, of_top);
    napi_create_function(env, "version", NAPI_AUTO_LENGTH, version, NULL, &function);
    napi_set_named_property(env, exports, "version", function);
    return exports;
}
