#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count needles in a process that stands still, in a file, or in what was written.

usage: memory_find.py NEEDLES pid PID | file PATH | writes STRACE-LOG

NEEDLES has a name and hexadecimal bytes a line. For each name that was found a line
"NAME COUNT" is printed, and for a process the kinds of memory it was found in:
"locked", or the name of the mapping. Half a needle counts as one.
"""
import re
import sys
import time


def read_needles(path):
    """Each needle by both its halves: what is overwritten in part is found, too."""
    needles = []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            name, value = line.split()
            data = bytes.fromhex(value)
            half = max(len(data) // 2, 4)
            needles.append((name, {data[:half], data[-half:]}))
    return needles


def count(needles, data, where, found):
    for name, halves in needles:
        hits = max(data.count(half) for half in halves)
        if hits:
            total, places = found.setdefault(name, [0, set()])
            found[name][0] = total + hits
            places.add(where)


def locked_mappings(pid):
    """Start addresses of mappings whose pages are locked."""
    locked, start = set(), None
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as lines:
        for line in lines:
            match = re.match(r"([0-9a-f]+)-[0-9a-f]+ ", line)
            if match:
                start = int(match.group(1), 16)
            elif line.startswith("VmFlags:") and " lo" in line:
                locked.add(start)
    return locked


def wait_until_stopped(pid):
    for _ in range(3000):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            if stat.read().rsplit(")", 1)[1].split()[0] in "Tt":
                return
        time.sleep(0.01)
    sys.exit("memory_find: it does not stand still")


def search_process(needles, pid, found):
    wait_until_stopped(pid)
    locked = locked_mappings(pid)
    size = 0
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(
        f"/proc/{pid}/mem", "rb", 0
    ) as memory:
        for line in maps:
            fields = line.split(None, 5)
            first, end = (int(x, 16) for x in fields[0].split("-"))
            if "r" not in fields[1] or "[v" in line:
                continue
            memory.seek(first)
            data = memory.read(end - first)
            size += len(data)
            where = fields[5].strip() if len(fields) > 5 else "anonymous"
            count(needles, data, "locked" if first in locked else where, found)
    if size < 100000:
        sys.exit("memory_find: that was no process")


def written_bytes(path):
    """The data of each call that writes, as strace -xx printed it."""
    pattern = re.compile(r'\b(?:write|pwrite64|sendto|sendmsg|writev)\((.*)')
    with open(path, encoding="ascii") as lines:
        for line in lines:
            call = pattern.search(line)
            if call:
                for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', call.group(1)):
                    yield bytes.fromhex(text.replace("\\x", ""))


def main():
    needles = read_needles(sys.argv[1])
    kind, what = sys.argv[2:4]
    found = {}
    if kind == "pid":
        search_process(needles, int(what), found)
    elif kind == "file":
        with open(what, "rb") as file:
            count(needles, file.read(), "file", found)
    else:
        for data in written_bytes(what):
            count(needles, data, "write", found)
    for name, (hits, places) in sorted(found.items()):
        print(name, hits, *sorted(places))


main()
