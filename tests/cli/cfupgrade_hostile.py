# SPDX-License-Identifier: MIT
"""Talks nonsense to a control socket of cfupgrade; prints "ok" when it bears that."""
import json
import os
import random
import socket
import sys

PATH = sys.argv[1]
GOOD = b"cfupgrade-1\0status\0"


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(60)
    s.connect(PATH)
    return s


def ask(data, pieces=1):
    """What is answered to these bytes, sent in so many pieces."""
    s = connect()
    try:
        step = max(1, len(data) // pieces)
        for i in range(0, len(data), step):
            s.sendall(data[i : i + step])
        s.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has heard enough
    answer = b""
    while True:
        try:
            part = s.recv(65536)
        except ConnectionResetError:
            break
        if not part:
            break
        answer += part
    s.close()
    return json.loads(answer) if answer else None


def refused(data, words):
    error = ask(data)["error"]
    assert error["code"] in ("invalid-argument", "limit"), error
    assert words in error["message"], error


assert ask(GOOD)["state"] == "serving"
assert ask(GOOD, pieces=len(GOOD))["state"] == "serving"
refused(b"", "not a request")
refused(b"\0", "version")
refused(b"status", "not a request")
refused(b"cfupgrade-1\0", "no verb")
refused(b"cfupgrade-2\0status\0", "version")
refused(b"cfupgrade-1\0fly\0", "no such verb")
refused(b"cfupgrade-1\0status\0--wait\0", "does not take")
refused(b"cfupgrade-1\0upgrade\0--listen\0", "does not take")
refused(b"cfupgrade-1\0stop\0--\0sh\0", "only upgrade takes a command")
refused(b"cfupgrade-1\0upgrade\0--\0", "no command")
refused(b"cfupgrade-1\0upgrade\0--\0\0", "no command")
refused(b"cfupgrade-1\0status\0" + b"\0" * 200000, "too many words")
refused(b"GET / HTTP/1.0\r\n\r\n", "not a request")
refused(b"x" * (2 * 1024 * 1024 + 1), "too long")
refused(b"x" * (16 * 1024 * 1024), "too long")
error = ask(b"cfupgrade-1\0upgrade\0--\0sh\0" + b"x" * 200000 + b"\0")["error"]
assert error["code"] == "exec-failed" and "Argument list too long" in error["message"], error
rng = random.Random(1)
for _ in range(200):
    ask(bytes(rng.randrange(256) for _ in range(rng.randrange(300))))

# Many that say nothing, or half of something; then they leave.
silent = [connect() for _ in range(100)]
for s in silent[:50]:
    s.send(b"cfupgrade-1\0sta")
assert ask(GOOD)["state"] == "serving"
for s in silent:
    s.close()
# More than are served at once: the latest are told so, and others later are served.
crowd = [connect() for _ in range(300)]
crowd[-1].settimeout(60)
assert b'"busy"' in crowd[-1].recv(65536)
for s in crowd:
    s.close()
for _ in range(1000):
    try:
        if ask(GOOD)["state"] == "serving":
            break
    except (KeyError, TypeError):
        pass  # still crowded
else:
    raise SystemExit("it does not recover from a crowd")
# Descriptors that are passed along go nowhere.
s = connect()
socket.send_fds(s, [GOOD], [os.open("/dev/null", os.O_RDONLY)] * 8)
s.shutdown(socket.SHUT_WR)
assert b"serving" in s.recv(65536)
s.close()
print("ok")
