#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads what strace -f -y wrote and says what a program did besides writing below some directories.

    nowrite_judge.py LOG CWD WRITABLE...    exit code 1 if there is anything, 2 if the log is empty
    nowrite_judge.py --calls                the system calls that strace must trace
"""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hostile"))

import watch  # noqa: E402

# What nothing may do that lkboard starts, whatever comes of it.
NEVER = {"mount", "umount2", "pivot_root", "chroot", "swapon", "acct", "move_mount", "fsopen", "fsmount",
         "fspick", "open_tree", "mount_setattr", "unshare", "setns", "init_module", "finit_module", "bpf",
         "ptrace", "open_by_handle_at", "io_uring_setup"}
# By descriptor, which need not be open for writing.
BY_FD = {"fchmod", "fchown", "fsetxattr", "fremovexattr", "futimesat"}
NETWORK = {"socket", "connect", "bind", "sendto", "sendmsg", "sendmmsg"}
LOCAL = re.compile(r"AF_(UNIX|LOCAL)\b|<UNIX")
DEVICES = ("/dev/null", "/dev/tty", "/memfd:", "pipe:[")
CALLS = watch.CHANGING | watch.OPENING | NEVER | BY_FD | NETWORK | {"ioctl"}
LINE = re.compile(r"^(\d+) +(.*)$")
CALL = re.compile(r"^(\w+)\((.*)$")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
UNFINISHED = " <unfinished ...>"
OPENED = re.compile(r"\) = \d+<((?:[^<>\\]|\\.)*)>$")
FD = re.compile(r"^\d+<((?:[^<>\\]|\\.)*)>")


def calls(log):
    """Whole calls: what another thread came between is put together."""
    begun = {}
    with open(log, errors="backslashreplace") as lines:
        for line in lines:
            pid, text = LINE.match(line.rstrip("\n")).groups()
            if text.endswith(UNFINISHED):
                begun[pid] = text[:-len(UNFINISHED)]
                continue
            more = RESUMED.match(text)
            if more:
                text = begun.pop(pid) + more.group(1)
            if CALL.match(text):
                yield CALL.match(text).groups()
    for text in begun.values():
        yield CALL.match(text).groups()


def touched(call, text, cwd):
    """The paths that a call changes; a link that it followed is what it leads to."""
    if call in BY_FD:
        return FD.findall(text)
    if call in watch.OPENING:
        if not watch.WRITING.search(text):
            return []
        opened = OPENED.search(text)
        if opened:
            return [opened.group(1)]
    elif call not in watch.CHANGING:
        return []
    return watch.named(call, text, cwd)


def is_fault(call, text, cwd, writable):
    if call in NEVER:
        return True
    if call in NETWORK:
        return not LOCAL.search(text)
    if call == "ioctl":
        return "LOOP_" in text
    return any(not watch.below(path, writable) and not path.startswith(DEVICES) and
               # the way to a directory that is there
               not (call == "mkdir" and "EEXIST" in text and watch.leads_to(path, writable))
               for path in touched(call, text, cwd))


def main(log, cwd, *writable):
    count, bad = 0, []
    for call, text in calls(log):
        count += 1
        if is_fault(call, text, cwd, writable):
            bad.append(f"{call}({text}")
    print("\n".join(bad[:50]) if bad else f"{count} calls, nothing wrong")
    return 1 if bad else 0 if count else 2


if __name__ == "__main__":
    if sys.argv[1] == "--calls":
        print(",".join("?" + c for c in sorted(CALLS)))
    else:
        sys.exit(main(*sys.argv[1:]))
