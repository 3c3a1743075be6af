# SPDX-License-Identifier: MIT
"""
cfupgrade under a service manager, which is played here: sockets that are passed, what it
is told (sd_notify), and sockets that it keeps over a restart. Prints "ok".

usage: cfupgrade_manager.py CFUPGRADE   (in an empty folder)
"""
import array
import os
import signal
import socket
import subprocess
import sys
import time

TOOL = sys.argv[1]
SERVER = r"""
import os, signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *a: os._exit(0))
mode = open("mode").read().strip()
names = os.environ["LISTEN_FDNAMES"].split(":")
assert os.environ["LISTEN_PID"] == str(os.getpid()) and int(os.environ["LISTEN_FDS"]) == len(names)
with open("env", "w") as f:
    f.write("".join("%s=%s\n" % item for item in os.environ.items()))
address = os.environ["NOTIFY_SOCKET"]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect("\0" + address[1:] if address[0] == "@" else address)
if mode == "fail":
    sys.exit(1)
if mode == "slow":
    notify.send(b"STATUS=warming up\nEXTEND_TIMEOUT_USEC=5000000")
    time.sleep(1)
notify.send(b"STATUS=at your service\nREADY=1")
s = socket.socket(fileno=3 + names.index("web"))
while True:
    c, _ = s.accept()
    c.send(b"served\n")
    c.close()
"""


class Manager:
    """What systemd would be."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("notify.sock")
        self.socket.settimeout(60)
        self.heard = []  # (lines, when)
        self.store = {}  # name: descriptor
        self.process = None

    def start(self, passed, *options):
        names = ":".join(passed)
        fds = list(passed.values())

        def child():
            high = [os.dup(fd) for fd in fds]
            moved = [os.dup2(fd, 100 + i) for i, fd in enumerate(high)]
            for i, fd in enumerate(moved):
                os.dup2(fd, 3 + i)
            os.closerange(3 + len(fds), 300)

        self.process = subprocess.Popen(
            ["sh", "-c", 'export LISTEN_PID=$$ WATCHDOG_PID=$$; exec "$0" "$@"', TOOL, "--control", "ctl",
             "--probation", "0", *options, "--", sys.executable, "server.py"],
            env={**os.environ, "NOTIFY_SOCKET": os.path.abspath("notify.sock"), "LISTEN_FDS": str(len(fds)),
                 "LISTEN_FDNAMES": names, "WATCHDOG_USEC": "200000"},
            close_fds=False, preexec_fn=child)

    def hear(self):
        data, ancillary, _, _ = self.socket.recvmsg(4096, 1024)
        lines = data.decode().split("\n")
        fds = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
        if "FDSTORE=1" in lines:
            name = next(line[7:] for line in lines if line.startswith("FDNAME="))
            for fd in fds:
                if name in self.store:
                    os.close(fd)  # it has that already
                else:
                    self.store[name] = fd
        if "FDSTOREREMOVE=1" in lines:
            os.close(self.store.pop(next(line[7:] for line in lines if line.startswith("FDNAME="))))
        self.heard.append((lines, time.monotonic()))
        return lines

    def expect(self, line):
        """Listen until this is said; all lines of that message."""
        while True:
            lines = self.hear()
            if line in lines:
                return lines

    def ctl(self, *words):
        return subprocess.run([TOOL, "ctl", "-q", "ctl", *words], check=False).returncode

    def longest_silence(self):
        times = [when for lines, when in self.heard if "WATCHDOG=1" in lines]
        return max(b - a for a, b in zip(times, times[1:]))


def listener(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(path)
    s.listen(64)
    return s


def ask():
    c = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    c.settimeout(60)
    c.connect("web.sock")
    return c


def mode(word):
    with open("mode", "w", encoding="ascii") as f:
        f.write(word)


with open("server.py", "w", encoding="ascii") as file:
    file.write(SERVER)
mode("good")
manager = Manager()
web = listener("web.sock")
manager.start({"web": web.fileno()}, "--listen", "api=unix:api.sock", "--fd-store")

# It passes on what it is given, and tells when the server is ready.
manager.expect("STATUS=at your service")
manager.expect("READY=1")
while set(manager.store) != {"web", "api"} or not any("STATUS=generation 1" in m[0][0] for m in manager.heard):
    manager.hear()
assert ask().recv(100) == b"served\n"
given = dict(line.split("=", 1) for line in open("env", encoding="utf-8").read().splitlines() if "=" in line)
assert given["LISTEN_FDNAMES"] == "web:api", given
assert not {"WATCHDOG_USEC", "WATCHDOG_PID", "FDSTORE"} & set(given), given
assert given["NOTIFY_SOCKET"] != os.path.abspath("notify.sock"), "the server must not speak for cfupgrade"

# An upgrade, a slow one: RELOADING with its time, what the server says, READY. The
# watchdog hears of us all the while.
mode("slow")
before = time.monotonic_ns() // 1000
process = subprocess.Popen([TOOL, "ctl", "-q", "ctl", "upgrade", "--wait"])
reloading = manager.expect("RELOADING=1")
at = int(next(line[15:] for line in reloading if line.startswith("MONOTONIC_USEC=")))
assert before <= at <= time.monotonic_ns() // 1000
manager.expect("STATUS=warming up")
manager.expect("EXTEND_TIMEOUT_USEC=5000000")
manager.expect("READY=1")
assert process.wait(60) == 0
manager.expect("WATCHDOG=1")
assert manager.longest_silence() < 1.0, manager.longest_silence()  # a second of a busy machine

# One that fails: it is over as well.
mode("fail")
assert manager.ctl("upgrade", "--wait") == 1
manager.expect("RELOADING=1")
manager.expect("READY=1")

# Another set of sockets: what is left out is not kept any more.
mode("good")
assert manager.ctl("upgrade", "--wait", "--listen", "new=unix:new.sock") == 0
while set(manager.store) != {"web", "new"}:
    manager.hear()

# SIGUSR2 keeps the manager informed.
manager.process.send_signal(signal.SIGUSR2)
while True:
    if any(line.startswith("STATUS=generation 3 serves") for line in manager.hear()):
        break
manager.expect("WATCHDOG=1")

# A restart of all: who comes in between waits in the socket that the manager keeps.
manager.process.send_signal(signal.SIGTERM)
manager.expect("STOPPING=1")
assert manager.process.wait(60) == 0
assert os.path.exists("web.sock") and os.path.exists("new.sock")
waiting = ask()
manager.start(manager.store, "--listen", "new=unix:new.sock", "--fd-store")
manager.expect("READY=1")
assert waiting.recv(100) == b"served\n"
assert set(manager.store) == {"web", "new"}

# Stopped for good; the path of a socket that was passed is not ours to remove.
manager.process.send_signal(signal.SIGTERM)
manager.expect("STOPPING=1")
assert manager.process.wait(60) == 0
assert os.path.exists("web.sock")
print("ok")
