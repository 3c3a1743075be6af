# SPDX-License-Identifier: MIT
"""A real browser decodes our deltas.

usage: chromium_delta.py CHROMIUM LIBRARY EXAMPLES

The example server serves a page to headless Chromium over http://localhost. The page
fetches a file, later new versions of it, and reports the SHA-256 of what arrived. Exit
0: a version came as dcz and is what it should be; the facts are printed.
"""
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

chromium, library, examples = sys.argv[1:4]
sys.path.insert(0, examples)
sys.dont_write_bytecode = True
import delta_server  # noqa: E402

PATIENCE = 90  # seconds, on a busy machine
TRIES = 12     # the browser stores a dictionary some time after the response

PAGE = """<!doctype html><title>delta</title><script>
const hex = b => [...new Uint8Array(b)].map(x => x.toString(16).padStart(2, '0')).join('');
const pause = ms => new Promise(done => setTimeout(done, ms));
async function get(path) {
    const body = await (await fetch(path)).arrayBuffer();
    return {path, size: body.byteLength, sha256: hex(await crypto.subtle.digest('SHA-256', body))};
}
const report = facts => fetch('/report', {method: 'POST', body: JSON.stringify(facts)});
(async () => {
    await report(await get('/app/old.js'));
    for (let i = 0; i < %d; i++) {
        await pause(1000);
        await report(await get(`/app/new-${i}.js`));
    }
    await report({end: true});
})().catch(error => report({error: String(error)}));
</script>
""" % TRIES


class Recorder(delta_server.Handler):
    """Takes the reports of the page, and notes how each file went out."""

    def do_POST(self):
        size = int(self.headers.get("Content-Length", "0"))
        self.server.reports.append(json.loads(self.rfile.read(size)))
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_body(self, body, kind, encoded):
        if encoded:
            self.server.deltas[self.path] = len(body)
        super().send_body(body, kind, encoded)

    def log_message(self, *args):
        pass


def make_files(folder):
    """An old version, new ones, and the digests of all by path."""
    chance = random.Random(1)
    words = ["const", "return", "function", "value", "=>", "{", "}", ";", "await", "\n"]
    old = " ".join(chance.choice(words) + str(chance.randrange(999)) for _ in range(50000))
    os.mkdir(os.path.join(folder, "app"))
    files = {"/index.html": PAGE, "/app/old.js": old}
    for i in range(TRIES):
        at = chance.randrange(len(old))
        files[f"/app/new-{i}.js"] = old[:at] + f"/* version {i} */" + old[at + 20:]
    for path, text in files.items():
        with open(folder + path, "w", encoding="ascii") as file:
            file.write(text)
    return {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}


def browse(url, profile):
    return subprocess.Popen(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
         "--remote-debugging-port=0", url],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def decoded(server):
    """Reports of new versions that went out as deltas against the old one."""
    return [r for r in list(server.reports)
            if r.get("path") in server.deltas and "new" in r["path"]]


def wait(server, browser):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and browser.poll() is None:
        if decoded(server) or any("end" in r or "error" in r for r in server.reports):
            return
        time.sleep(0.1)


def judge(server, digests):
    wrong = [r for r in server.reports
             if "error" in r or ("path" in r and r["sha256"] != digests[r["path"]])]
    if wrong:
        sys.exit(f"wrong: {wrong[0]}")
    if not server.reports:
        sys.exit("the browser reported nothing")
    if not decoded(server):
        sys.exit(f"no delta was asked for in {len(server.reports)} reports")
    for report in decoded(server):
        if server.deltas[report["path"]] > 1000:
            sys.exit(f"{server.deltas[report['path']]} bytes for a small change")
        print(f"{report['path']}: {server.deltas[report['path']]} bytes of dcz became "
              f"{report['size']}, SHA-256 as it should be")


def main():
    folder = tempfile.mkdtemp()
    profile = tempfile.mkdtemp()
    digests = make_files(folder)
    server = delta_server.Server(folder, delta_server.Library(library), handler=Recorder)
    server.reports, server.deltas = [], {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = browse(f"http://localhost:{server.server_port}/", profile)
    try:
        wait(server, browser)
    finally:
        browser.kill()
        browser.wait()
        server.shutdown()
        shutil.rmtree(folder)
        shutil.rmtree(profile, ignore_errors=True)
    judge(server, digests)


main()
