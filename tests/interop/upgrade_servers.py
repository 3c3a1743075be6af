# SPDX-License-Identifier: MIT
"""
Servers as they come, upgraded under load by cfupgrade.

usage: upgrade_servers.py CFUPGRADE [--upgrades N] [--rate N] SERVER...

For each SERVER: open-loop clients ask it on new connections and on kept ones
while it is upgraded N times through the control socket. Every answer names the
generation that gave it. No request on a new connection may fail, and when ctl
says that the new server serves, it must be seen to answer. One line of counts
for each; exit status 1 where something is not as it should be, 77 where the
server is not installed.
"""
import argparse
import collections
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

GENERATION = "SERVER_STARTER_GENERATION"  # --compat starter sets it

PYTHON_APP = f"""
import os
BODY = ("generation " + os.environ["{GENERATION}"] + "\\n").encode()
def application(environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(BODY)))])
    return [BODY]
async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("HTTP alone")
    await send(dict(type="http.response.start", status=200,
                    headers=[(b"content-length", str(len(BODY)).encode())]))
    await send(dict(type="http.response.body", body=BODY))
"""
NODE_APP = f"""
const body = 'generation ' + process.env.{GENERATION} + '\\n';
const server = require('http').createServer((request, response) => response.end(body));
server.listen({{ fd: 3 }});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
"""
NGINX = """
daemon off; worker_processes 1; pid nginx.@G@.pid; error_log stderr;
events { worker_connections 512; }
http { access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
  uwsgi_temp_path t4; scgi_temp_path t5;
  server { listen @ADDRESS@; location / { return 200 "generation @G@\\n"; } } }
"""
HAPROXY = f"""
global
    maxconn 500
defaults
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend web
    bind fd@3
    http-request return status 200 content-type text/plain lf-string "generation %[env({GENERATION})]\\n"
"""
LIGHTTPD = f"""
server.document-root = "@DIR@/docs/" + env.{GENERATION}
server.port = @PORT@
server.bind = "127.0.0.1"
server.systemd-socket-activation = "enable"
index-file.names = ("index.txt")
"""
FPM = """
[global]
error_log = /dev/stderr
daemonize = no
process_control_timeout = 10s
[www]
listen = @ADDRESS@
user = @USER@
pm = static
pm.max_children = 2
clear_env = no
"""
PHP_APP = f"generation <?php echo getenv('{GENERATION}'); ?>\n\n"
RACK_APP = f"""
body = 'generation ' + ENV['{GENERATION}'] + "\\n"
run lambda {{ |env| [200, {{ 'content-length' => body.bytesize.to_s }}, [body]] }}
"""
# These close connections that they have accepted and not read from yet when they are told to
# stop: nobody can help that but they.
HASTY = ("uvicorn",)
# The configuration of a generation is made when it starts.
TEMPLATED = 'sed "s/@G@/$' + GENERATION + '/g" {0} >{0}.$' + GENERATION + " && exec {1}"

Server = collections.namedtuple("Server", "program files command options fastcgi")


def server_table():
    g = "$" + GENERATION
    return {
        "gunicorn": Server("gunicorn", {"app.py": PYTHON_APP},
                           ["gunicorn", "-w", "2", "-k", "gthread", "app:application"], ["--ready", "notify"], False),
        "uvicorn": Server("uvicorn", {"app.py": PYTHON_APP},
                          ["uvicorn", "--fd", "3", "--log-level", "warning", "app:asgi"],
                          ["--ready", "connect"], False),
        "node": Server("node", {"app.js": NODE_APP}, ["node", "app.js"], ["--ready", "connect"], False),
        "nginx": Server("nginx", {"nginx.conf": NGINX},
                        ["sh", "-c", TEMPLATED.format("nginx.conf", f"nginx -p . -e stderr -c nginx.conf.{g}")],
                        ["--ready", "connect", "--compat", "nginx", "--stop-signal", "QUIT"], False),
        "haproxy": Server("haproxy", {"haproxy.cfg": HAPROXY}, ["haproxy", "-Ws", "-f", "haproxy.cfg"],
                          ["--ready", "notify", "--stop-signal", "USR1"], False),
        "lighttpd": Server("lighttpd", {"lighttpd.conf": LIGHTTPD},
                           ["sh", "-c", f"mkdir -p docs/{g} && echo generation {g} >docs/{g}/index.txt && "
                            "exec env LISTEN_PID=$$ lighttpd -D -f lighttpd.conf"],
                           ["--ready", "connect", "--stop-signal", "INT"], False),
        "php-fpm": Server("php-fpm", {"fpm.conf": FPM, "index.php": PHP_APP},
                          [php_fpm() or "php-fpm", "-n", "-R", "-F", "-y", "fpm.conf"],
                          ["--ready", "notify", "--compat", "fpm", "--stop-signal", "QUIT"], True),
        "puma": Server("puma", {"config.ru": RACK_APP},
                       ["puma", "-t", "2:2", "-b", "tcp://@ADDRESS@", "config.ru"],
                       ["--ready", "connect"], False),
    }


def php_fpm():
    names = [n for n in os.listdir("/usr/sbin") if n.startswith("php-fpm")]
    return "/usr/sbin/" + sorted(names)[-1] if names else None


class Counts:
    def __init__(self):
        self.lock = threading.Lock()
        self.good = collections.Counter()  # by kind of client
        self.bad = collections.Counter()  # by kind and class of failure
        self.newest = 0

    def add(self, kind, generation, failure):
        with self.lock:
            if failure is None:
                self.good[kind] += 1
                self.newest = max(self.newest, generation)
            else:
                self.bad[kind + ": " + failure] += 1


def http_request(keep):
    return (f"GET / HTTP/1.1\r\nHost: x\r\nConnection: {'keep-alive' if keep else 'close'}\r\n\r\n").encode()


def fastcgi_request(folder):
    """PHP's index.php, as a web server asks for it (FastCGI 1.0)."""
    def pair(name, value):
        return bytes([len(name), len(value)]) + name + value

    def record(kind, data):
        return struct.pack(">BBHHBB", 1, kind, 1, len(data), 0, 0) + data

    parameters = b"".join(pair(n, v) for n, v in {
        b"SCRIPT_FILENAME": os.path.join(folder, "index.php").encode(),
        b"REQUEST_METHOD": b"GET", b"SCRIPT_NAME": b"/index.php"}.items())
    begin = record(1, struct.pack(">HB5x", 1, 0))
    return begin + record(4, parameters) + record(4, b"") + record(5, b"")


def generation_of(answer):
    """The generation in an answer, None while it is not whole."""
    at = answer.find(b"generation ")
    end = answer.find(b"\n", at)
    return int(answer[at + 11:end]) if at >= 0 and end > at else None


class Client:
    """One connection after the other, or one that is kept."""

    def __init__(self, address, request, keep):
        self.address, self.request, self.keep = address, request, keep
        self.socket = None

    def ask(self):
        """(generation, None) or (None, what failed)."""
        fresh = self.socket is None
        answer = b""
        try:
            if fresh:
                self.socket = socket.create_connection(self.address, timeout=10)
            elif self.has_ended():
                self.close()
                return self.ask()
            self.socket.sendall(self.request)
            while generation_of(answer) is None:
                part = self.socket.recv(65536)
                if not part:
                    self.close()
                    return None, "closed" if answer == b"" else "partial answer"
                answer += part
        except OSError as failure:
            self.close()
            return None, type(failure).__name__
        if not self.keep or b"close" in answer.lower().split(b"\r\n\r\n")[0]:
            self.close()
        return generation_of(answer), None

    def has_ended(self):
        """Whether the server has closed a kept connection, as any client looks first."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(10)

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None


def load(client, kind, rate, counts, over):
    """Open loop: the next request is due whether or not the last one was quick."""
    due = time.monotonic()
    while not over.is_set():
        generation, failure = client.ask()
        counts.add(kind, generation, failure)
        due += 1 / rate
        over.wait(max(0, due - time.monotonic()))
    client.close()


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise RuntimeError(f"waited in vain: {what}")


class Holder:
    def __init__(self, tool, server, folder, port):
        self.tool, self.folder = tool, folder
        self.address = ("127.0.0.1", port)
        text = f"127.0.0.1:{port}"
        for name, content in server.files.items():
            for mark, value in (("@ADDRESS@", text), ("@PORT@", str(port)), ("@DIR@", folder),
                                ("@USER@", "nobody" if os.getuid() == 0 else "")):
                content = content.replace(mark, value)
            if os.getuid() != 0:
                content = content.replace("user = \n", "")
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(content)
        command = [word.replace("@ADDRESS@", text) for word in server.command]
        self.log = open(os.path.join(folder, "log"), "w", encoding="ascii")
        self.process = subprocess.Popen(
            [tool, "--listen", f"web=tcp:{text}", "--control", "ctl", "--timeout", "20s", "--drain", "20s",
             "--probation", "0.2s", "--compat", "starter", *server.options, "--", *command],
            cwd=folder, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def ctl(self, *words):
        done = subprocess.run([self.tool, "ctl", "--json", "ctl", *words], cwd=self.folder, capture_output=True,
                              check=False, text=True)
        return done.returncode, json.loads(done.stdout or "{}")

    def serves(self):
        if self.process.poll() is not None:
            raise RuntimeError("the first server did not come up")
        return self.ctl("status")[1].get("state") == "serving"

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def upgrade(holder, counts, request):
    """One upgrade; what is wrong about it, or None, and how long it took."""
    begun = time.monotonic()
    status, answer = holder.ctl("upgrade", "--wait")
    took = time.monotonic() - begun
    if status != 0:
        return f"not upgraded: {answer}", took
    generation = answer["generation"]
    # The word was that it serves: so a new connection meets it before long.
    end = time.monotonic() + 10
    while counts.newest < generation and time.monotonic() < end:
        got, failure = Client(holder.address, request, False).ask()
        counts.add("new", got, failure)
        time.sleep(0.01)
    return (None if counts.newest >= generation else "false success: it never answered"), took


def run(tool, name, server, upgrades, rate):
    folder = tempfile.mkdtemp(prefix="cfupgrade-")
    os.chmod(folder, 0o755)
    holder = Holder(tool, server, folder, free_port())
    counts, over, threads, took, wrong = Counts(), threading.Event(), [], [], []
    try:
        wait_for(f"{name} serves", holder.serves)
        request = fastcgi_request(folder) if server.fastcgi else http_request(False)
        clients = [("new", Client(holder.address, request, False), rate / 2)] * 1
        clients += [("new", Client(holder.address, request, False), rate / 2)]
        if not server.fastcgi:
            clients += [("kept", Client(holder.address, http_request(True), True), rate / 8) for _ in range(4)]
        threads = [threading.Thread(target=load, args=(c, kind, r, counts, over)) for kind, c, r in clients]
        for thread in threads:
            thread.start()
        for _ in range(upgrades):
            failure, seconds = upgrade(holder, counts, request)
            took.append(seconds)
            if failure:
                wrong.append(failure)
            time.sleep(0.1)  # some requests of everyday life in between
        status = holder.ctl("status")[1]
    finally:
        over.set()
        for thread in threads:
            thread.join()
        holder.stop()
    failed_new = sum(n for what, n in counts.bad.items() if what.startswith("new"))
    excused = min(counts.bad["new: closed"], upgrades // 10 + 1) if name in HASTY else 0
    stale = sum(n for what, n in counts.bad.items() if what.startswith("kept"))
    took.sort()
    print(f"{name}: {status['upgrades']} upgrades, {counts.good['new'] + failed_new} requests on new connections, "
          f"{failed_new} failed; {counts.good['kept'] + stale} on kept ones, {stale} stale; "
          f"{len(wrong)} wrong answers of ctl; {status['forced']} killed; "
          f"upgrade p50 {took[len(took) // 2] * 1000:.0f} ms, max {took[-1] * 1000:.0f} ms")
    if excused:
        print(f"    {excused} of these it had accepted, and closed unread when it stopped: {name} does that")
    if failed_new > excused or wrong or status["upgrades"] != upgrades:
        for what, n in sorted(counts.bad.items()):
            print(f"    {what}: {n}")
        print("\n".join("    " + w for w in wrong[:5]))
        with open(os.path.join(folder, "log"), encoding="utf-8", errors="replace") as log:
            print("".join("    " + line for line in log.readlines()[-30:]))
        return False
    shutil.rmtree(folder)
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--upgrades", type=int, default=20)
    parser.add_argument("--rate", type=float, default=150)
    parser.add_argument("servers", nargs="+")
    options = parser.parse_args()
    table = server_table()
    good = True
    for name in options.servers:
        server = table[name]
        if shutil.which(server.command[0], path=os.environ["PATH"] + ":/usr/sbin") is None or \
                (name != "php-fpm" and shutil.which(server.program, path=os.environ["PATH"] + ":/usr/sbin") is None):
            print(f"{name} is not installed")
            return 77
        good = run(os.path.abspath(options.tool), name, server, options.upgrades, options.rate) and good
    return 0 if good else 1


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin"
    sys.exit(main())
