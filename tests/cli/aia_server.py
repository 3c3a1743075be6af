# SPDX-License-Identifier: MIT
"""A web server with the bad manners that a client must survive.

usage: aia_server.py FOLDER LOG [CERT KEY]

Serves the files of FOLDER and the paths below on a free port of this host, over
https where CERT and KEY are given. Prints the port, then logs a line for each
request: its path and the client's name for itself. Ends with its standard input.
"""
import http.server
import os
import ssl
import sys
import threading

folder, log = sys.argv[1:3]
lock = threading.Lock()
over = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def endless(self, status, line, **headers):
        """A body without an end, or with no line a header without one."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if line:
            self.end_headers()
        else:
            self.flush_headers()
        while not over.is_set():
            self.wfile.write(line or b"X-More: " + b"x" * 1000 + b"\r\n")

    def do_GET(self):
        with lock, open(log, "a") as f:
            f.write("%s %s\n" % (self.path, self.headers.get("User-Agent")))
        name = self.path.lstrip("/").split("?")[0]
        path = os.path.join(folder, name)
        if name == "never":
            over.wait()
        elif name == "endless":
            self.endless(200, b"x" * 1000)
        elif name == "endless-redirect":
            self.endless(302, b"x" * 1000, Location="/c.der")
        elif name == "endless-header":
            self.endless(200, b"")
        elif name == "round":
            self.answer(302, Location="/round")
        elif name.startswith("hops/"):
            left = int(name[5:])
            self.answer(302, b"elsewhere", Location="/c.der" if left < 2 else
                        "/hops/%d" % (left - 1))
        elif name == "to-file":
            self.answer(302, Location="file://" + os.path.join(folder, "c.der"))
        elif name == "to-nowhere":
            self.answer(302)
        elif name == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"0123")
            self.close_connection = True
        elif os.path.isfile(path):
            with open(path, "rb") as f:
                self.answer(200, f.read(), **{"Content-Type": "image/png"})
        else:
            self.answer(404, b"<html>There is no such thing</html>")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
over.set()
