#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Serve a folder of files, and to those who have an older version, only what changed.

    python3 examples/delta_server.py [--port 8000] [--library PATH] [--max-age 60] FOLDER

This is Compression Dictionary Transport (RFC 9842) in few words:

  - Every response says "Use-As-Dictionary": the browser keeps it and may use it
    to decode later responses of the same directory, while it is fresh (max-age).
  - A request from a browser that has one says which, by SHA-256, in
    "Available-Dictionary", and "dcz" in "Accept-Encoding".
  - The server remembers what it has sent in a cfk_delta_store, which forgets what
    was used longest ago. If the browser's version is among it, the response
    is a delta against it ("Content-Encoding: dcz"); else the whole file.

So edit a file in FOLDER, reload, and see in the log how few bytes go out. Browsers do
this over https, and over http from localhost.

Only Python's standard library and libcfkit, through ctypes. The classes Library and
Store are what a server of yours would take from here.
"""
import argparse
import base64
import binascii
import ctypes as c
import http.server
import os
import sys
import threading
import urllib.parse

OK, LIMIT = 0, -5
DCZ = 1
DIGEST_SIZE = 32


class Error(c.Structure):
    """struct cfk_error: 256 bytes that the caller owns."""
    _fields_ = [("code", c.c_int32), ("sys_errno", c.c_int32), ("offset", c.c_uint64),
                ("reserved", c.c_uint64 * 2), ("message", c.c_char * 224)]


class StoreOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("alloc", c.c_void_p), ("max_bytes", c.c_uint64),
                ("max_pages", c.c_uint32), ("reserved", c.c_uint32)]


class EncodeOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("alloc", c.c_void_p), ("format", c.c_uint32),
                ("level", c.c_uint32), ("no_checksum", c.c_uint32),
                ("no_verify", c.c_uint32)]


class DeltaError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Library:
    """The functions of libcfkit that are needed here, with their types."""

    def __init__(self, path="libcfkit.so.0"):
        lib = c.CDLL(path)
        err, out = c.POINTER(Error), c.POINTER(c.c_void_p)
        size = c.POINTER(c.c_size_t)
        for name, result, arguments in (
                ("cfk_delta_store_new", c.c_int, [c.POINTER(StoreOptions), out, err]),
                ("cfk_delta_store_free", None, [c.c_void_p]),
                ("cfk_delta_store_add", c.c_int,
                 [c.c_void_p, c.c_char_p, c.c_size_t, out, err]),
                ("cfk_delta_store_get", c.c_void_p, [c.c_void_p, c.c_char_p]),
                ("cfk_delta_encode", c.c_int,
                 [c.c_void_p, c.c_char_p, c.c_size_t, c.POINTER(EncodeOptions), out, size,
                  err]),
                ("cfk_free", None, [c.c_void_p, c.c_void_p])):
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)

    @staticmethod
    def check(code, err):
        if code != OK:
            raise DeltaError(code, err.message.decode("utf-8", "replace"))


class Store:
    """Versions that were sent, up to max_bytes of them. Any thread may use it."""

    def __init__(self, library, max_bytes=64 << 20):
        self.library = library
        self.lock = threading.Lock()  # a cfk_delta_store serves one thread at a time
        self.handle = c.c_void_p()
        err = Error()
        options = StoreOptions(size=c.sizeof(StoreOptions), max_bytes=max_bytes)
        library.check(
            library.cfk_delta_store_new(c.byref(options), c.byref(self.handle),
                                        c.byref(err)), err)

    def close(self):
        self.library.cfk_delta_store_free(self.handle)
        self.handle = None

    def remember(self, data):
        """Keep a version, unless it is larger than the whole store."""
        err = Error()
        with self.lock:
            code = self.library.cfk_delta_store_add(self.handle, data, len(data), None,
                                                    c.byref(err))
        if code != LIMIT:
            self.library.check(code, err)

    def delta(self, digest, data):
        """data as dcz against the version with this SHA-256, or None."""
        err, patch, size = Error(), c.c_void_p(), c.c_size_t()
        options = EncodeOptions(size=c.sizeof(EncodeOptions), format=DCZ)
        # The reference lives until the store forgets it, hence the lock all along.
        with self.lock:
            ref = self.library.cfk_delta_store_get(self.handle, digest)
            if ref is None:
                return None
            code = self.library.cfk_delta_encode(ref, data, len(data), c.byref(options),
                                                 c.byref(patch), c.byref(size),
                                                 c.byref(err))
        if code == LIMIT:  # larger than a browser need accept
            return None
        self.library.check(code, err)
        try:
            return c.string_at(patch, size.value)
        finally:
            self.library.cfk_free(None, patch)


def dictionary_digest(headers):
    """The SHA-256 that a browser offers (":base64:"), if it takes dcz; else None."""
    accepted = [part.split(";")[0].strip().lower()
                for part in headers.get("Accept-Encoding", "").split(",")]
    offered = headers.get("Available-Dictionary", "").strip()
    if "dcz" not in accepted or len(offered) < 2 or offered[0] != ":" or offered[-1] != ":":
        return None
    try:
        digest = base64.b64decode(offered[1:-1], validate=True)
    except binascii.Error:
        return None
    return digest if len(digest) == DIGEST_SIZE else None


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of self.server.folder, whole or as deltas."""
    protocol_version = "HTTP/1.1"

    def __init__(self, request, client_address, server):
        super().__init__(request, client_address, server, directory=server.folder)

    def read_file(self):
        """The bytes and the type of what is asked for, or None."""
        path = self.translate_path(self.path)  # stays below the folder
        if os.path.isdir(path):
            path = os.path.join(path, "index.html")
        try:
            with open(path, "rb") as file:
                return file.read(), self.guess_type(path)
        except OSError:
            return None

    def do_GET(self):
        found = self.read_file()
        if found is None:
            self.send_error(404)
            return
        data, kind = found
        digest = dictionary_digest(self.headers)
        body = self.server.store.delta(digest, data) if digest else None
        self.server.store.remember(data)
        encoded = body is not None and len(body) < len(data)
        self.send_body(body if encoded else data, kind, encoded)
        if encoded:
            self.log_message("%d bytes instead of %d", len(body), len(data))

    do_HEAD = do_GET

    def send_body(self, body, kind, encoded):
        folder = urllib.parse.urlsplit(self.path).path.rsplit("/", 1)[0]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if encoded:
            self.send_header("Content-Encoding", "dcz")
        # Caches between must not give a delta to somebody else.
        self.send_header("Vary", "accept-encoding, available-dictionary")
        self.send_header("Cache-Control", f"max-age={self.server.max_age}")
        if '"' not in folder and "*" not in folder and "(" not in folder:
            self.send_header("Use-As-Dictionary", f'match="{folder}/*"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder, library, port=0, max_age=60, handler=Handler):
        super().__init__(("localhost", port), handler)
        self.folder = folder
        self.max_age = max_age
        self.store = Store(library)


def main():
    parser = argparse.ArgumentParser(description="serve a folder with deltas (RFC 9842)")
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--library", default="libcfkit.so.0")
    parser.add_argument("--max-age", type=int, default=60,
                        help="seconds that a response, and so its use, lasts")
    args = parser.parse_args()
    try:
        server = Server(args.folder, Library(args.library), args.port, args.max_age)
    except OSError as error:
        sys.exit(f"delta_server: {error}")
    print(f"http://localhost:{server.server_port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
        server.store.close()


if __name__ == "__main__":
    main()
