# SPDX-License-Identifier: BSD-3-Clause
"""What every mount test needs: a namespace and a directory of its own, a server to
mount, a deadline, and the exit codes 0, 1 and 77 (cannot run here, and why).

A test module defines functions named test_* and calls run(globals()). Each gets a
Place: a fresh directory that is cleaned up, whatever happens. Arguments of the
program: the build directory (or the variable RPROC_BUILD_DIR), then names of tests.
"""
import errno
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

DEADLINE_S = 120  # of one test
WAIT_S = 30       # of one thing that must happen


class Skip(Exception):
    pass


def build_dir():
    if len(sys.argv) > 1:
        return os.path.abspath(sys.argv[1])
    return os.path.abspath(os.environ.get("RPROC_BUILD_DIR", "build"))


def sanitized():
    try:
        with open(os.path.join(build_dir(), "CMakeCache.txt")) as f:
            return any(line.startswith("RPROC_SANITIZE:STRING=") and line.strip()[-1] != "="
                       for line in f)
    except FileNotFoundError:
        return False


# How much longer things may take. Constant from here on: tests import a copy.
SLOW = 8 if sanitized() else 1


def is_root():
    """Root of the machine, not of a namespace that only holds one user."""
    return os.geteuid() == 0 and not os.environ.get("RPROC_TEST_USERNS")


def skip_unless_root():
    if not is_root():
        raise Skip("needs to be root")


def enter_namespace():
    """Mounts of a test are seen by the test only, and go away with it."""
    if os.environ.get("RPROC_TEST_NS"):
        return
    if not os.path.exists("/dev/fuse") or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("skipped: /dev/fuse cannot be opened")
        sys.exit(77)
    env = dict(os.environ, RPROC_TEST_NS="1")
    if os.geteuid() == 0:
        command = ["unshare", "-m", "--propagation", "private"]
    else:
        # The network namespace makes some of the kernel's own files ours; it must be made
        # when the user namespace has its map.
        command = ["unshare", "-Urm", "unshare", "-n"]
        env["RPROC_TEST_USERNS"] = "1"
    if subprocess.run(command + ["true"], stderr=subprocess.DEVNULL).returncode:
        print("skipped: no mount namespace to be had (unshare)")
        sys.exit(77)
    os.execvpe("unshare", command + [sys.executable] + sys.argv, env)


def wait_for(what, seconds=WAIT_S):
    """what() once it is true; asks again and again, for things that nothing tells of."""
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
        select.select([], [], [], 0.01)
    raise AssertionError("waited %d s in vain for %s" % (seconds, what))


def read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 65536).decode()
    finally:
        os.close(fd)


def write(path, text, flags=os.O_WRONLY):
    fd = os.open(path, flags)
    try:
        return os.write(fd, text.encode())
    finally:
        os.close(fd)


def fails(error, function, *args):
    try:
        function(*args)
    except OSError as e:
        assert e.errno == error, "%s instead of %s" % (
            errno.errorcode.get(e.errno), errno.errorcode.get(error))
        return
    raise AssertionError("did not fail with " + errno.errorcode[error])


def state_of(pid):
    """'D', 'S', ... of a process, or '' if it is gone."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Server:
    """mount_server at place.mount, with processors that wait when told to."""

    def __init__(self, place, processors=1):
        self.mount = place.mount
        self.log = open(os.path.join(place.dir, "server.log"), "w+")
        program = os.path.join(build_dir(), "tests", "mount", "mount_server")
        self.process = subprocess.Popen([program, self.mount, str(processors)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, bufsize=1)
        place.at_end(self.stop)
        line = self.process.stdout.readline()
        if line != "ready\n":
            self.process.wait()
            raise AssertionError("the server did not start: " + self.messages())

    def messages(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        reply = self.process.stdout.readline()
        assert reply == "ok\n", "%s: %r %s" % (command, reply, self.messages())

    def path(self, file, index=0):
        """An attribute of a processor; debug/FILE, dev and others by their first part."""
        if file.startswith("debug/"):
            return "%s/kernel/debug/remoteproc/remoteproc%d/%s" % (self.mount, index, file[6:])
        if file == "dev":
            return "%s/dev/remoteproc%d" % (self.mount, index)
        if file.startswith("librproc/"):
            return os.path.join(self.mount, file)
        return "%s/class/remoteproc/remoteproc%d/%s" % (self.mount, index, file)

    def stop(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(WAIT_S * SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the server did not end")
        text = self.messages()
        self.log.close()
        self.log = None
        assert self.process.returncode == 0, "server: %d %s" % (self.process.returncode, text)


class Rprocfs:
    """The program itself, at place.mount, with the built-in board."""

    def __init__(self, place, *args, **popen):
        self.place = place
        self.mount = place.mount
        self.state = os.path.join(place.dir, "state")
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        self.command = [os.path.join(build_dir(), "fuse", "rprocfs"), "--state-dir", self.state,
                        "-P", os.path.join(build_dir(), "plugins", "host"),
                        "-F", os.path.join(build_dir(), "examples", "firmware"), *args,
                        popen.pop("mountpoint", self.mount)]
        self.popen = popen

    def run(self):
        """As a daemon; its answer."""
        result = subprocess.run(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, timeout=WAIT_S * SLOW, **self.popen)
        self.place.at_end(self.kill)
        return result

    def start(self):
        result = self.run()
        assert result.returncode == 0, result
        return self

    def pid(self):
        for name in os.listdir(self.state):
            if name.startswith("rprocfs."):
                with open(os.path.join(self.state, name)) as f:
                    text = f.read().strip()
                if text and state_of(int(text)) not in ("", "Z"):
                    return int(text)
        return 0

    def path(self, file, index=0):
        return Server.path(self, file, index)

    def end(self, number=signal.SIGTERM):
        """Send a signal and wait until it is over."""
        pid = self.pid()
        if not pid:
            return
        fd = os.pidfd_open(pid)
        os.kill(pid, number)
        ready, _, _ = select.select([fd], [], [], WAIT_S * SLOW)
        os.close(fd)
        assert ready, "rprocfs did not end"

    def kill(self):
        if self.pid():
            self.end()


def is_mounted(path):
    with open("/proc/self/mountinfo") as f:
        return any(line.split()[4] == path and " - fuse" in line for line in f)


def mounts_below(directory):
    with open("/proc/self/mountinfo") as f:
        return [path for path in (line.split()[4] for line in f)
                if path.startswith(directory + "/")]


class Place:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="rproc-mount-")
        os.chmod(self.dir, 0o755)
        self.mount = os.path.join(self.dir, "mnt")
        os.mkdir(self.mount)
        self.ends = []
        # A daemon has no terminal to complain to.
        for name in ("ASAN", "TSAN", "UBSAN", "LSAN"):
            os.environ[name + "_OPTIONS"] = "log_path=" + os.path.join(self.dir, "sanitizer")

    def reports(self):
        text = ""
        for name in os.listdir(self.dir):
            if name.startswith("sanitizer."):
                with open(os.path.join(self.dir, name), errors="replace") as f:
                    text += f.read()
        return text

    def at_end(self, function):
        self.ends.append(function)

    def clean(self):
        problem = None
        for function in reversed(self.ends):
            try:
                function()
            except Exception as e:  # the others must still be cleaned up
                problem = problem or e
        for path in sorted(mounts_below(self.dir), reverse=True):
            subprocess.run(["umount", "-l", path])
        reports = self.reports()
        # What is still mounted there is not ours to delete.
        if not mounts_below(self.dir):
            shutil.rmtree(self.dir, ignore_errors=True)
        assert not reports, reports[:8000]
        if problem:
            raise problem


def client(place, code, *args):
    """Another process that runs Python code with args in sys.argv[1:]; cleaned up."""
    process = subprocess.Popen([sys.executable, "-c", code, *args], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)

    def clean():
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait()
    place.at_end(clean)
    return process


def in_thread(function, *args):
    """Start it; the returned function waits for its result."""
    result = []

    def body():
        # While another thread forks it has its signals blocked, and the end of a child would
        # be told to this one: what waits here would be interrupted, and done twice by Python.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            result.append((function(*args), None))
        except Exception as e:
            result.append((None, e))
    thread = threading.Thread(target=body, daemon=True)
    thread.start()

    def wait(seconds=WAIT_S):
        thread.join(seconds * SLOW)
        assert not thread.is_alive(), "still not done"
        if result[0][1]:
            raise result[0][1]
        return result[0][0]
    return wait


def on_alarm(number, frame):
    raise AssertionError("the test took longer than its deadline")


def run(module):
    enter_namespace()
    tests = {n: f for n, f in module.items() if n.startswith("test_")}
    wanted = sys.argv[2:] or list(tests)
    signal.signal(signal.SIGALRM, on_alarm)
    failed = skipped = 0
    for name in wanted:
        place = Place()
        signal.alarm(DEADLINE_S * SLOW)
        try:
            try:
                tests[name](place)
            finally:
                place.clean()
            print("ok   ", name, flush=True)
        except Skip as e:
            skipped += 1
            print("skip ", name + ":", e, flush=True)
        except Exception:
            failed += 1
            print("FAIL ", name, flush=True)
            traceback.print_exc(file=sys.stdout)
        signal.alarm(0)
    if failed:
        sys.exit(1)
    sys.exit(77 if skipped == len(wanted) else 0)
