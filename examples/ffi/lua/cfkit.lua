-- SPDX-License-Identifier: MIT
-- libcfkit from Lua, through LuaJIT's ffi: patches for pages, and heavy hitters.
local ffi = require("ffi")

ffi.cdef [[
struct cfk_error {
    int32_t code, sys_errno;
    uint64_t offset, reserved[2];
    char message[224];
};
const char *cfk_version(void);
const char *cfk_error_name(int code);
void cfk_free(const void *alloc, void *block);

typedef struct cfk_delta_ref cfk_delta_ref;
struct cfk_delta_ref_options {
    size_t size;
    const void *alloc;
    uint32_t copy, reserved;
};
int cfk_delta_ref_new(const char *data, size_t size,
                      const struct cfk_delta_ref_options *opts, cfk_delta_ref **out,
                      struct cfk_error *err);
void cfk_delta_ref_free(cfk_delta_ref *ref);
int cfk_delta_encode(const cfk_delta_ref *ref, const char *data, size_t size,
                     const void *opts, void **out, size_t *out_size, struct cfk_error *err);
int cfk_delta_decode(const cfk_delta_ref *ref, const char *data, size_t size,
                     const void *opts, void **out, size_t *out_size, struct cfk_error *err);

typedef struct cfk_topk cfk_topk;
struct cfk_topk_item {
    const char *key;
    size_t key_len;
    uint64_t lo, hi, estimate, reserved;
    double rate_lo, rate_hi, rate;
};
int cfk_topk_new(const void *opts, cfk_topk **out, struct cfk_error *err);
void cfk_topk_free(cfk_topk *top);
int cfk_topk_add(cfk_topk *top, const char *key, size_t len, uint64_t weight,
                 struct cfk_error *err);
size_t cfk_topk_list(const cfk_topk *top, int order, struct cfk_topk_item *items, size_t max);
]]
local lib = ffi.load("libcfkit.so.0")

-- An error is a table: name is stable, such as "wrong-reference"; message is for people.
local function call(fn, ...)
    local err = ffi.new("struct cfk_error")
    local args = { ... }
    local count = select("#", ...)
    args[count + 1] = err
    local code = fn(unpack(args, 1, count + 1))
    if code ~= 0 then
        error({ name = ffi.string(lib.cfk_error_name(code)),
                message = ffi.string(err.message) }, 0)
    end
end

-- An old version, against which patches are made and applied.
local Reference = {}
Reference.__index = Reference

function Reference.new(old)
    local out = ffi.new("cfk_delta_ref *[1]")
    local options = ffi.new("struct cfk_delta_ref_options", { copy = 1 }) -- old may go away
    options.size = ffi.sizeof(options)
    call(lib.cfk_delta_ref_new, old, #old, options, out)
    return setmetatable({ handle = ffi.gc(out[0], lib.cfk_delta_ref_free) }, Reference)
end

local function convert(fn, handle, data)
    local out, size = ffi.new("void *[1]"), ffi.new("size_t[1]")
    call(fn, handle, data, #data, nil, out, size)
    local text = ffi.string(out[0], size[0])
    lib.cfk_free(nil, out[0])
    return text
end

function Reference:encode(new)
    return convert(lib.cfk_delta_encode, self.handle, new)
end

function Reference:decode(patch)
    return convert(lib.cfk_delta_decode, self.handle, patch)
end

-- The most frequent of any number of keys, in constant memory.
local Top = {}
Top.__index = Top

function Top.new()
    local out = ffi.new("cfk_topk *[1]")
    call(lib.cfk_topk_new, nil, out)
    return setmetatable({ handle = ffi.gc(out[0], lib.cfk_topk_free) }, Top)
end

function Top:add(key, weight)
    call(lib.cfk_topk_add, self.handle, key, #key, weight or 1)
end

-- { { key =, lo =, hi = }, ... }, heaviest first; lo <= what was added <= hi.
function Top:list(most)
    local items, list = ffi.new("struct cfk_topk_item[?]", most), {}
    for i = 1, tonumber(lib.cfk_topk_list(self.handle, 0, items, most)) do
        local item = items[i - 1]
        list[i] = { key = ffi.string(item.key, item.key_len), lo = tonumber(item.lo),
                    hi = tonumber(item.hi) }
    end
    return list
end

local function page(price)
    local lines = {}
    for i = 0, 199 do
        lines[i + 1] = ("<li>Article %d costs %d cents</li>\n"):format(
            i, i == 42 and price or i * 7919 % 1000)
    end
    return table.concat(lines)
end

print("libcfkit " .. ffi.string(lib.cfk_version()))
local reference, new = Reference.new(page(500)), page(499)
local patch = reference:encode(new)
assert(reference:decode(patch) == new)
print(("a patch of %d bytes for a page of %d"):format(#patch, #new))
local fine, problem = pcall(Reference.decode, Reference.new("something else"), patch)
assert(not fine)
print(problem.name .. ": " .. problem.message)
local top = Top.new()
for word in ("to be or not to be that is to be"):gmatch("%S+") do
    top:add(word)
end
for _, item in ipairs(top:list(2)) do
    print(("%s %d %d"):format(item.key, item.lo, item.hi))
end
