#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command with standard output and error on a terminal of its own.

usage: on_terminal.py COMMAND...   what the terminal showed goes to standard
output, the command's exit status is passed on.
"""
import os
import pty
import sys

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""
while True:
    try:
        block = os.read(terminal, 65536)
    except OSError:  # the other side is closed
        break
    if not block:
        break
    shown += block
status = os.waitpid(child, 0)[1]
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(status))
