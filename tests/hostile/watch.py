# SPDX-License-Identifier: Apache-2.0
"""Runs one command under strace and says which files it touched that it should not have."""
import os
import re
import signal
import threading

# What changes something under a name; the rest of strace's %file class looks at one.
CHANGING = {"creat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir",
            "mkdirat", "link", "linkat", "symlink", "symlinkat", "chmod", "fchmodat", "chown",
            "lchown", "fchownat", "mknod", "mknodat", "truncate", "utimensat", "utime", "utimes",
            "futimesat", "setxattr", "lsetxattr", "removexattr", "lremovexattr", "mount",
            "umount2", "pivot_root", "chroot", "swapon", "acct"}
OPENING = {"open", "openat", "openat2"}
NETWORK = {"socket", "connect", "bind"}
WRITING = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")
CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<((?:[^<>\\]|\\.)*)>, )?"((?:[^"\\]|\\.)*)"')
SYSTEM = ["/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/ld.so.preload",
          "/etc/ssl/openssl.cnf", "/etc/gnutls/config", "/etc/localtime", "/proc", "/sys/devices/system/cpu",
          "/dev/urandom", "/dev/zero"]
TRACE = ["strace", "-f", "-qq", "-y", "--seccomp-bpf", "-s", "9000", "-e",
         "trace=%file,socket,connect,bind", "-e", "signal=none", "-o"]


def below(path, roots):
    return any(path == r or path.startswith(r + "/") for r in roots)


def leads_to(path, roots):
    return any(r.startswith(path.rstrip("/") + "/") for r in roots)


def named(call, text, cwd):
    """The absolute paths that a call names."""
    found = PATH.findall(text)
    if call.startswith("symlink"):
        found = found[1:]  # what a link says is no file
    elif not call.startswith(("rename", "link")):
        found = found[:1]
    return [os.path.normpath(os.path.join(where or cwd, path)) for where, path in found]


def faults(log, cwd, writable, readable):
    """Lines of a log that name a file outside: to change it, or only to look at it."""
    bad = []
    with open(log, errors="backslashreplace") as lines:
        for line in lines:
            m = CALL.match(line)
            if not m:
                continue
            call, text = m.groups()
            if call in NETWORK:
                bad.append("network: " + line.strip())
            changes = call in CHANGING or (call in OPENING and WRITING.search(text))
            for path in named(call, text, cwd):
                if below(path, writable) or path == "/dev/null":
                    continue
                if call == "mkdir" and leads_to(path, writable) and "EEXIST" in text:
                    continue
                if changes:
                    bad.append("changes: " + line.strip())
                elif not below(path, readable + SYSTEM) and not leads_to(path, readable + writable):
                    bad.append("looks at: " + line.strip())
    return bad


class Result:
    """code: exit code, 128 and more for signals. rss_mib: the most that one process had. seconds:
    of the CPU, all processes together."""

    def __init__(self, code, out, err, usage):
        self.code, self.out, self.err = code, out, err
        rss, user, system = usage.split()[-3:]
        self.rss_mib, self.seconds = int(rss) // 1024, float(user) + float(system)


def run(argv, work, cwd, env, timeout):
    """Runs argv as a process group of its own; texts go through files below `work`. time(1) is
    between: a process begins with the memory of the one that made it, and ours is large."""
    names = {n: os.path.join(work, n) for n in ("stdout", "stderr", "usage")}
    argv = ["time", "-q", "-f", "%M %U %S", "-o", names["usage"], *argv]
    pid = os.posix_spawnp(argv[0], argv, env, setpgroup=0, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        *((os.POSIX_SPAWN_OPEN, i, names[n], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
          for i, n in ((1, "stdout"), (2, "stderr")))])
    watchdog = threading.Timer(timeout, os.killpg, (pid, signal.SIGKILL))
    watchdog.start()
    _, status = os.waitpid(pid, 0)
    watchdog.cancel()
    code = os.waitstatus_to_exitcode(status)
    texts = []
    for n in names.values():
        with open(n, errors="backslashreplace") as f:
            texts.append(f.read())
    if code < 0:
        return Result(128 - code, texts[0], texts[1] + "did not end", "0 0 0")
    return Result(code, *texts)
