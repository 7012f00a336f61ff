#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Many clients at once do random things to all processors, whose firmware, monitors and server die
under their hands: no answer but those that the kernel's table has for some state, none that does
not come, and afterwards each processor is brought offline by what is documented, leaves nothing
behind, and boots. RPROC_TEST_SEED and RPROC_TEST_STEPS as in random_life.py."""
import random
import subprocess
from lifelib import *

RPROC_SET_SHUTDOWN_ON_RELEASE = 0x4004b701  # include/uapi/linux/remoteproc_cdev.h
CLIENTS = 6
BURST = 150  # steps of all clients between two looks at the whole
# What an end of the server is to those who wait for it, or come too late.
GONE = {errno.ENOTCONN, errno.ECONNABORTED, errno.ENOENT, errno.EINTR, errno.ENODEV}
# What a client may be told of a channel whose processor goes away under its hands.
AWAY = {errno.EPIPE, errno.ENOENT, errno.ENODEV, errno.ENETRESET, errno.EBUSY, errno.EINVAL,
        errno.ENXIO, errno.EAGAIN}
FIRMWARE = ("hello.elf", "rpmsg_echo.elf", "rpmsg_echo.elf", "rpmsg_echo_plain.elf",
            "serial.elf", "rings.elf", "hang.elf", "stubborn.elf", "crash_segv_on_start.elf",
            "crash_exit_on_start.elf", *FAULTY)


class ServerGone(Exception):
    pass


class Client:
    def __init__(self, world, number, rng):
        self.world, self.number, self.rng = world, number, rng
        self.serial = 0x10000 * (number + 1)
        self.doing = "nothing"

    def attempt(self, doing, allowed, function, *args):
        """Its errno or 0; any other than those is a finding."""
        self.doing = doing
        error = outcome(function, *args)
        if self.world.ending and error in GONE:
            raise ServerGone()
        assert error in {0, *allowed}, "%s instead of %s; %s" % (
            names({error}), names(allowed), [read(self.world.own("last_error", i))
                                             for i in range(PROCESSORS)])
        return error

    def write(self, file, text, *allowed):
        index = self.rng.randrange(PROCESSORS)
        return self.attempt("%s > %s of host%d" % (text, file, index), allowed,
                            write, self.world.path(file, index), text)

    # ---- steps -----------------------------------------------------------------------

    def start(self):
        self.write(self.rng.choice(("state", "dev")), "start", errno.ENOENT, errno.EINVAL,
                   errno.EIO)

    def stop(self):
        self.write(self.rng.choice(("state", "dev")), "stop", errno.EINVAL)

    def detach(self):
        self.write("state", "detach", errno.EINVAL, errno.EIO)

    def crash(self):
        self.write("debug/crash", str(self.rng.randrange(4)))

    def kill(self):
        name = "%s:host%d" % (self.rng.choice(("fw", "rproc")), self.rng.randrange(PROCESSORS))
        self.doing = "kill " + name
        self.world.kill(name)

    def freeze(self):
        """A firmware that does not even hear the request to stop."""
        self.doing = "freeze"
        self.world.kill("fw:host%d" % self.rng.randrange(PROCESSORS), signal.SIGSTOP)

    def shut_down_on_release(self):
        flag = struct.pack("i", self.rng.randrange(2))

        def set_and_close(path):
            fd = os.open(path, os.O_RDWR)
            try:
                fcntl.ioctl(fd, RPROC_SET_SHUTDOWN_ON_RELEASE, flag)
            finally:
                os.close(fd)
        self.attempt("shut down on release", (), set_and_close,
                     self.world.path("dev", self.rng.randrange(PROCESSORS)))

    def set_firmware(self):
        name = self.rng.choice(FIRMWARE + ("fickle%d.elf" % self.rng.randrange(PROCESSORS),))
        self.write("firmware", name, errno.EBUSY)

    def spoil(self):
        data = self.rng.choice((self.world.echo, b"\x7fELF" + bytes(90), None))
        self.world.put("fickle%d.elf" % self.rng.randrange(PROCESSORS), data)

    def set_recovery(self):
        self.write(self.rng.choice(("recovery", "debug/recovery")),
                   self.rng.choice(("enabled", "enabled", "disabled", "recover")))

    def set_coredump(self):
        self.write(self.rng.choice(("coredump", "debug/coredump")),
                   self.rng.choice(("enabled", "disabled", "inline")), errno.EBUSY)

    def look(self):
        index = self.rng.randrange(PROCESSORS)
        for file in ("state", "firmware", "recovery", "coredump", "debug/resource_table",
                     "debug/carveout_memories"):
            self.attempt(file, (), read, self.world.path(file, index))
        for file in ("last_error", "counters", "remarks", "rpmsg_findings", "rpmsg_counters"):
            self.attempt(file, (), read, self.world.own(file, index))
        self.attempt("trace", {errno.ENOENT, errno.ENODEV, errno.EIO}, read,
                     self.world.path("debug/trace0", index))

    def read_dump(self):
        directory = self.world.mount + "/class/devcoredump"
        for name in self.listing(directory):
            self.attempt("dump", {errno.ENOENT, errno.ENODEV}, read_bytes,
                         "%s/%s/data" % (directory, name))

    def listing(self, directory):
        try:
            return [n for n in os.listdir(directory) if n.startswith("devcd")]
        except OSError as e:
            assert self.world.ending and e.errno in GONE, e
            raise ServerGone()

    def walk(self):
        """All directories, whatever comes and goes meanwhile."""
        for _ in os.walk(self.world.mount):
            pass

    def talk(self):
        index = self.rng.randrange(PROCESSORS)
        self.serial += 1
        name, text = "c%d" % self.serial, b"message %d" % self.serial

        def converse():
            path = endpoint_of(self.world, index, name, self.serial)
            answer = echo(path, text, 0.1) if path else b""
            assert answer in (text, b""), "%r instead of %r" % (answer, text)
        self.attempt("talk to host%d" % index, AWAY, converse)

    def interrupted(self):
        """Somebody who does not live to see the answer."""
        word = self.rng.choice(("start", "stop", "detach"))
        self.doing = word + " interrupted"
        path = self.world.path("state", self.rng.randrange(PROCESSORS))
        process = subprocess.Popen(["sh", "-c", 'echo "$0" > "$1"', word, path],
                                   stderr=subprocess.DEVNULL)
        if self.rng.randrange(2):
            select.select([], [], [], self.rng.random() / 100)
        process.kill()
        process.wait(WAIT_S * SLOW)

    STEPS = ((start, 8), (stop, 5), (detach, 4), (crash, 4), (kill, 3), (freeze, 1),
             (shut_down_on_release, 1), (set_firmware, 6), (spoil, 1), (set_recovery, 4),
             (set_coredump, 2), (look, 2), (read_dump, 1), (walk, 1), (talk, 5), (interrupted, 1))

    def steps(self, number):
        kinds, weights = zip(*self.STEPS)
        try:
            for step in self.rng.choices(kinds, weights, k=number):
                step(self)
        except ServerGone:
            pass
        except Exception as e:
            raise AssertionError("client %d, %s: %r" % (self.number, self.doing, e)) from e


def read_bytes(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        while os.read(fd, 1 << 20):
            pass
    finally:
        os.close(fd)


def step_to_offline(world, index):
    """One step of what is documented; is it there?"""
    state = read(world.path("state", index)).strip()
    if state == "offline":
        # In the middle of a recovery it is so, too: this waits for its turn.
        return not outcome(write, world.path("firmware", index), "hello.elf")
    # Another one by now, or nothing runs there any more: then it is told to have crashed.
    word, other = ("start", errno.ENOENT) if state == "detached" else ("stop", errno.EINVAL)
    error = outcome(write, world.path("state", index), word)
    assert error in (0, other), "%s of what was %s: %s; %s" % (
        word, state, names({error}), read(world.own("last_error", index)))
    return False


def bring_offline(world, index):
    # A firmware that crashes at once is recovered for ever.
    write(world.path("recovery", index), "disabled")
    try:
        wait_for(lambda: step_to_offline(world, index))
    except AssertionError as e:
        raise AssertionError("host%d is %s: %s" % (
            index, read(world.path("state", index)), read(world.own("last_error", index)))) from e
    now = world.counters(index)
    assert now["power"] == 0, now
    assert now["recoveries"] + now["failed_recoveries"] <= now["crashes"], now


def end_server(world, number):
    world.ending = True
    world.fs.end(number)


def restart_server(world):
    """What still runs is what the new one finds detached."""
    world.start()
    world.ending = False
    for index in range(PROCESSORS):
        state = read(world.path("state", index)).strip()
        assert state in ("offline", "detached"), state
        # Those of the dead server end when they come to notice.
        lives = state == "detached"
        wait_for(lambda: bool(world.find("rproc:host%d" % index)) == lives)


def one_burst(world, rng, clients):
    number = rng.choice((None, None, signal.SIGKILL, signal.SIGTERM))
    waits = [in_thread(client.steps, BURST // CLIENTS) for client in clients]
    if number:
        # Somewhere in the middle of it.
        select.select([], [], [], rng.random() / 4)
        end_server(world, number)
    for wait in waits:
        wait(2 * WAIT_S)
    if number:
        restart_server(world)


def test_whatever_many_do_each_comes_back(place):
    world, rng = World(place), random.Random(SEED)
    clients = [Client(world, n, random.Random("%d/%d" % (SEED, n))) for n in range(CLIENTS)]
    for _ in range(max(1, STEPS // BURST)):
        with Janitor(world):
            one_burst(world, rng, clients)
            for wait in [in_thread(bring_offline, world, index) for index in range(PROCESSORS)]:
                wait(2 * WAIT_S)
        expect_sound(world)
    assert not place.reports(), place.reports()[:4000]


run_random(globals())
