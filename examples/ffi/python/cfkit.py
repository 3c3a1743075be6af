#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libcfkit from Python, through ctypes: patches for pages, and heavy hitters."""
import ctypes as c

_lib = c.CDLL("libcfkit.so.0")


class _Error(c.Structure):
    _fields_ = [("code", c.c_int32), ("sys_errno", c.c_int32), ("offset", c.c_uint64),
                ("reserved", c.c_uint64 * 2), ("message", c.c_char * 224)]


class _ReferenceOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("alloc", c.c_void_p), ("copy", c.c_uint32),
                ("reserved", c.c_uint32)]


class _TopItem(c.Structure):
    _fields_ = [("key", c.c_void_p), ("key_len", c.c_size_t), ("lo", c.c_uint64),
                ("hi", c.c_uint64), ("estimate", c.c_uint64), ("reserved", c.c_uint64),
                ("rate_lo", c.c_double), ("rate_hi", c.c_double), ("rate", c.c_double)]


_out, _size, _err = c.POINTER(c.c_void_p), c.POINTER(c.c_size_t), c.POINTER(_Error)
for _name, _result, *_arguments in (
        ("cfk_version", c.c_char_p),
        ("cfk_error_name", c.c_char_p, c.c_int),
        ("cfk_free", None, c.c_void_p, c.c_void_p),
        ("cfk_delta_ref_new", c.c_int, c.c_char_p, c.c_size_t, c.c_void_p, _out, _err),
        ("cfk_delta_ref_free", None, c.c_void_p),
        ("cfk_delta_encode", c.c_int, c.c_void_p, c.c_char_p, c.c_size_t, c.c_void_p, _out,
         _size, _err),
        ("cfk_delta_decode", c.c_int, c.c_void_p, c.c_char_p, c.c_size_t, c.c_void_p, _out,
         _size, _err),
        ("cfk_topk_new", c.c_int, c.c_void_p, _out, _err),
        ("cfk_topk_free", None, c.c_void_p),
        ("cfk_topk_add", c.c_int, c.c_void_p, c.c_char_p, c.c_size_t, c.c_uint64, _err),
        ("cfk_topk_list", c.c_size_t, c.c_void_p, c.c_int, c.POINTER(_TopItem), c.c_size_t)):
    getattr(_lib, _name).restype = _result
    getattr(_lib, _name).argtypes = _arguments


class CfkitError(Exception):
    """name is stable, such as "wrong-reference"; str() is for people."""

    def __init__(self, code, error):
        super().__init__(error.message.decode("utf-8", "replace"))
        self.name = _lib.cfk_error_name(code).decode()


def _call(function, *arguments):
    error = _Error()
    code = function(*arguments, c.byref(error))
    if code != 0:
        raise CfkitError(code, error)


class _Handle:
    _free = None
    _handle = None

    def close(self):
        handle, self._handle = self._handle, None
        if handle:
            self._free(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    __del__ = close


class Reference(_Handle):
    """An old version, against which patches are made and applied."""
    _free = _lib.cfk_delta_ref_free

    def __init__(self, old):
        self._handle = c.c_void_p()
        options = _ReferenceOptions(c.sizeof(_ReferenceOptions), copy=1)  # old may go away
        _call(_lib.cfk_delta_ref_new, old, len(old), c.byref(options), c.byref(self._handle))

    def _convert(self, function, data):
        out, size = c.c_void_p(), c.c_size_t()
        _call(function, self._handle, data, len(data), None, c.byref(out), c.byref(size))
        try:
            return c.string_at(out, size.value)
        finally:
            _lib.cfk_free(None, out)

    def encode(self, new):
        return self._convert(_lib.cfk_delta_encode, new)

    def decode(self, patch):
        return self._convert(_lib.cfk_delta_decode, patch)


class Top(_Handle):
    """The most frequent of any number of keys, in constant memory."""
    _free = _lib.cfk_topk_free

    def __init__(self):
        self._handle = c.c_void_p()
        _call(_lib.cfk_topk_new, None, c.byref(self._handle))

    def add(self, key, weight=1):
        _call(_lib.cfk_topk_add, self._handle, key, len(key), weight)

    def list(self, most):
        """[(key, lo, hi)], heaviest first; lo <= what was added <= hi."""
        items = (_TopItem * most)()
        count = _lib.cfk_topk_list(self._handle, 0, items, most)
        return [(c.string_at(i.key, i.key_len), i.lo, i.hi) for i in items[:count]]


def _page(price):
    return b"".join(b"<li>Article %d costs %d cents</li>\n" %
                    (i, price if i == 42 else i * 7919 % 1000) for i in range(200))


def main():
    print("libcfkit", _lib.cfk_version().decode())
    new = _page(499)
    with Reference(_page(500)) as reference, Reference(b"something else") as other:
        patch = reference.encode(new)
        assert reference.decode(patch) == new
        print(f"a patch of {len(patch)} bytes for a page of {len(new)}")
        try:
            other.decode(patch)
        except CfkitError as error:
            print(f"{error.name}: {error}")
    with Top() as top:
        for word in b"to be or not to be that is to be".split():
            top.add(word)
        for key, low, high in top.list(2):
            print(key.decode(), low, high)


if __name__ == "__main__":
    main()
