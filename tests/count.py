#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up a meson test log: prints "passed failed skipped".

A test program says "N passed, N failed" last and "SKIP: why" for each skip. One
that says nothing counts as one, by its result.
"""
import json
import re
import sys

passed = failed = skipped = 0
for line in open(sys.argv[1], encoding="utf-8"):
    test = json.loads(line)
    output = test.get("stdout", "")
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.M)
    skips = re.findall(r"^SKIP: (.*)$", output, re.M)
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    if test["result"] == "SKIP":
        skips = skips or [test["name"]]
    elif counts:
        passed += int(counts[-1][0])
        failed += int(counts[-1][1])
        if not good and int(counts[-1][1]) == 0:
            failed += 1
    elif good:
        passed += 1
    else:
        failed += 1
    skipped += len(skips)
    for why in skips:
        print(f"  skipped: {test['name']}: {why}", file=sys.stderr)
print(passed, failed, skipped)
