# SPDX-License-Identifier: MIT
"""The example server as a client sees it that speaks RFC 9842 by hand.

usage: delta_server_test.py LIBRARY EXAMPLES CFDELTA
"""
import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

library, examples, cfdelta = sys.argv[1:4]
sys.path.insert(0, examples)
sys.dont_write_bytecode = True
import delta_server  # noqa: E402


class Quiet(delta_server.Handler):
    def log_message(self, *args):
        pass


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def get(server, path, dictionary=None, accept="gzip, dcz"):
    """The headers and body of a response to one who has this dictionary."""
    request = urllib.request.Request(f"http://localhost:{server.server_port}{path}")
    request.add_header("Accept-Encoding", accept)
    if dictionary is not None:
        request.add_header("Available-Dictionary", dictionary)
    with urllib.request.urlopen(request) as response:
        return response.headers, response.read()


def named(data):
    return f":{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


def whole(answer, data, what):
    headers, body = answer
    if headers["Content-Encoding"] is not None or body != data:
        sys.exit(f"{what}: not the whole file")


def check(server, folder):
    old = "".join(f"line {i} of a page\n" for i in range(5000)).encode()
    new = old.replace(b"line 77 of", b"line 77 changed of")
    page = os.path.join(folder, "page.html")
    write(page, old)
    headers, body = get(server, "/page.html")
    whole((headers, body), old, "the first request")
    if headers["Use-As-Dictionary"] != 'match="/*"':
        sys.exit(f"Use-As-Dictionary is {headers['Use-As-Dictionary']}")
    write(page, new)
    headers, body = get(server, "/page.html", named(old))
    if headers["Content-Encoding"] != "dcz" or len(body) > 200:
        sys.exit(f"{len(body)} bytes of {headers['Content-Encoding']} for a small change")
    if "available-dictionary" not in headers["Vary"]:
        sys.exit(f"Vary is {headers['Vary']}")
    write(folder + "/old", old)
    write(folder + "/patch", body)
    back = subprocess.run([cfdelta, "decode", folder + "/old", folder + "/patch"],
                          stdout=subprocess.PIPE, check=True).stdout
    if back != new:
        sys.exit("the delta does not lead to the new version")
    whole(get(server, "/page.html", named(b"unknown")), new, "an unknown dictionary")
    whole(get(server, "/page.html", named(old), "gzip"), new, "a client without dcz")
    for wrong in (":", "::", ":?:", "x", named(old)[:-1], ":QUJD:"):
        whole(get(server, "/page.html", wrong), new, f"the dictionary {wrong}")
    for outside in ("/../etc/passwd", "/missing"):
        try:
            get(server, outside)
            sys.exit(f"{outside} was served")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                sys.exit(f"{outside}: status {error.code}")
    print(f"{len(body)} bytes instead of {len(new)}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = delta_server.Server(folder, delta_server.Library(library), handler=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            check(server, folder)
        finally:
            server.shutdown()
            server.server_close()
            server.store.close()


main()
