# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of random lives share: a server of four processors whose firmware, monitors and
server may die at any time, what is left over of it, and one of its processors, with what the
kernel's table says must become of it. Knows files and processes, nothing of the library."""
import ctypes
import fcntl
import os
import random
import select
import signal
import struct
import threading
from rpmsglib import *

PROCESSORS = 4
SEED = int(os.environ.get("RPROC_TEST_SEED", "0")) or random.randrange(1, 1 << 32)
STEPS = int(os.environ.get("RPROC_TEST_STEPS", "1200" if SLOW == 1 else "300"))
FAULTY = {"missing.elf": errno.ENOENT, "short.elf": errno.EINVAL, "magic.elf": errno.EINVAL}
PR_SET_CHILD_SUBREAPER = 36


def outcome(function, *args):
    """0, or the errno it fails with."""
    try:
        function(*args)
        return 0
    except OSError as e:
        return e.errno


def names(numbers):
    return {n and errno.errorcode.get(n, n) for n in numbers}


def processes():
    """pid: (parent, name, state) of all."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                text = f.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        name, rest = text.split("(", 1)[1].rsplit(")", 1)
        found[int(pid)] = (int(rest.split()[1]), name, rest.split()[0])
    return found


def offspring():
    """pid: name of what our servers have made, and is not dead; buries what is."""
    table, ours, again = processes(), {os.getpid()}, True
    while again:
        more = {pid for pid, (parent, _, _) in table.items() if parent in ours} - ours
        ours |= more
        again = bool(more)
    found = {}
    for pid in ours:
        parent, name, state = table[pid]
        if not name.startswith(("rproc", "fw:")):
            continue
        if state != "Z":
            found[pid] = name
        elif parent == os.getpid():
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
    return found


class World:
    """The server, the directory of its firmware, and who releases its dumps."""

    def __init__(self, place, **popen):
        # Monitors belong to nobody: made ours, none is overlooked.
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        self.place, self.ending = place, False
        place.at_end(self.bury)
        self.images = os.path.join(place.dir, "images")
        os.mkdir(self.images)
        with open(os.path.join(build_dir(), "examples/firmware/rpmsg_echo.elf"), "rb") as f:
            self.echo = f.read()
        self.put("short.elf", self.echo[:300])
        self.put("magic.elf", b"\x7fELG" + self.echo[4:])
        for index in range(PROCESSORS):
            self.put("fickle%d.elf" % index, self.echo)
        self.fs = Rprocfs(place, **popen)
        self.mount = self.fs.mount
        self.start()
        self.descriptors = self.count_descriptors()

    def put(self, name, data):
        """As a whole, or not at all."""
        path = os.path.join(self.images, name)
        if data is None:
            outcome(os.unlink, path)
            return
        new = "%s.%d" % (path, threading.get_native_id())
        with open(new, "wb") as f:
            f.write(data)
        os.rename(new, path)

    def start(self):
        self.fs.start()
        write(self.mount + "/module/firmware_class/parameters/path", self.images)

    def path(self, file, index):
        return self.fs.path(file, index)

    def own(self, file, index):
        return "%s/librproc/host%d/%s" % (self.mount, index, file)

    def counters(self, index):
        lines = read(self.own("counters", index)).splitlines()
        return {name: int(value) for name, value in map(str.split, lines)}

    def count_descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.fs.pid()))

    # ---- processes ------------------------------------------------------------------

    def find(self, name):
        return [pid for pid, found in offspring().items() if found == name]

    def kill(self, name, number=signal.SIGKILL):
        """Those of that name get a signal; how many there were."""
        found = self.find(name)
        for pid in found:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        return len(found)

    def bury(self):
        """What a test that failed has left."""
        for pid in offspring():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not offspring())

    # ---- dumps ----------------------------------------------------------------------

    def release_dumps(self):
        directory = self.mount + "/class/devcoredump"
        count = 0
        for name in os.listdir(directory):
            if name.startswith("devcd"):
                error = outcome(write, "%s/%s/data" % (directory, name), "x")
                assert error in (0, errno.ENOENT, errno.ENODEV) or self.ending, names({error})
                count += 1
        return count

    # ---- what is left over ------------------------------------------------------------

    def rpmsg_files(self):
        found = []
        for directory in ("class/rpmsg", "class/tty", "bus/rpmsg/devices", "bus/virtio/devices"):
            found += os.listdir(os.path.join(self.mount, directory))
        return found + [n for n in os.listdir(self.mount + "/dev") if "rpmsg" in n.lower()]

    def leftovers(self):
        """Of processors that are all offline: nothing."""
        server = self.fs.pid()
        found = ["process %d %s" % item for item in offspring().items() if item[0] != server]
        found += self.rpmsg_files()
        found += [n for n in os.listdir(self.mount + "/class/devcoredump") if n != "disabled"]
        found += ["mount"] * (sum(p == self.mount for p in mounts()) - 1)
        extra = self.count_descriptors() - self.descriptors
        return found + (["%d descriptors" % extra] if extra else [])

    def sockets(self):
        return [n for n in os.listdir(self.fs.state) if n.endswith(".sock")]


def mounts():
    with open("/proc/self/mountinfo") as f:
        return [line.split()[4] for line in f]


def endpoint_of(world, index, name, source):
    """Makes an endpoint on the control device of that processor; the path of its file, or ''."""
    owner = "/remoteproc%d/" % index
    rpmsg = world.mount + "/class/rpmsg"
    for ctrl in (n for n in os.listdir(rpmsg) if "ctrl" in n):
        try:
            if owner not in os.readlink(rpmsg + "/" + ctrl):
                continue
        except FileNotFoundError:
            continue
        fd = os.open(world.mount + "/dev/" + ctrl, os.O_RDWR)
        try:
            fcntl.ioctl(fd, RPMSG_CREATE_EPT_IOCTL, endpoint_info(name, source, ECHO))
        finally:
            os.close(fd)
    for found in os.listdir(rpmsg):
        try:
            if "ctrl" not in found and read("%s/%s/name" % (rpmsg, found)) == name + "\n":
                return world.mount + "/dev/" + found
        except OSError as e:  # somebody else's, and gone since
            if e.errno not in (errno.ENOENT, errno.ENODEV):
                raise
    return ""


def echo(path, text, patience):
    """What comes back within so many seconds; b'': nothing."""
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        os.write(fd, text)
        answer = os.read(fd, 512) if poll.poll(patience * 1000 * SLOW) else b""
        fcntl.ioctl(fd, RPMSG_DESTROY_EPT_IOCTL)
        return answer
    finally:
        os.close(fd)


class Janitor:
    """Releases dumps while others are at work: an inline one holds up its processor."""

    def __init__(self, world):
        self.world = world
        self.done = threading.Event()
        self.wait = in_thread(self.body)

    def body(self):
        while not self.done.wait(0.005):
            try:
                self.world.release_dumps()
            except OSError:
                continue  # there is no mount just now

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.done.set()
        self.wait()


def check_leftovers(world):
    wait_for(lambda: not world.release_dumps())
    try:
        wait_for(lambda: not world.leftovers())
    except AssertionError:
        raise AssertionError("left over: %s" % world.leftovers())


def boot_and_echo(world, index):
    """Of a processor that is offline: it is as good as new."""
    write(world.path("firmware", index), "rpmsg_echo.elf")
    write(world.path("recovery", index), "enabled")
    write(world.path("coredump", index), "disabled")
    write(world.path("state", index), "start")
    path = wait_for(lambda: endpoint_of(world, index, "sound%d" % index, 0x300 + index))
    assert echo(path, b"sound", WAIT_S) == b"sound"
    write(world.path("state", index), "stop")
    assert read(world.path("state", index)) == "offline\n"
    assert world.counters(index)["power"] == 0


def expect_sound(world):
    check_leftovers(world)
    for wait in [in_thread(boot_and_echo, world, index) for index in range(PROCESSORS)]:
        wait()
    check_leftovers(world)
    assert not world.sockets(), world.sockets()


def run_random(module):
    """run(), with a seed that a failure can be repeated with."""
    if os.environ.get("RPROC_TEST_NS"):
        print("RPROC_TEST_SEED=%d" % SEED, flush=True)
    os.environ["RPROC_TEST_SEED"] = str(SEED)
    run(module)
