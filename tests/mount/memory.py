#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""rprocfs as it is, and every allocation failing in turn, whoever makes it: its own code, the
library, libfuse, libevent, libfdt, the loader of plugins. Of its start: it mounts, or ends with a
reason and leaves nothing mounted. Of a processor's life: what is asked fails or works, and with
memory again everything works."""
import ctypes
import itertools
import os
import signal
import subprocess
from mountlib import *


class Corner:
    """A mount and a state directory of its own, for one of those that try side by side."""

    def __init__(self, place, name):
        self.dir = os.path.join(place.dir, name)
        self.mount = os.path.join(self.dir, "mnt")
        self.at_end = place.at_end
        os.makedirs(self.mount)


def start(corner, fs, number):
    """Its exit code, what it wrote, and whether the allocation was ever made."""
    mark = os.path.join(corner.dir, "mark")
    if os.path.exists(mark):
        os.unlink(mark)
    env = dict(os.environ, NTH_ALLOCATION=str(number), NTH_ALLOCATION_MARK=mark,
               LD_PRELOAD=os.path.join(build_dir(), "tests/mount/nth_allocation.so"))
    result = subprocess.run(fs.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True, timeout=WAIT_S, env=env)
    return result.returncode, result.stderr, os.path.exists(mark)


def look(fs, words):
    """All processors are there, or a reason why one is not."""
    for index in range(4):
        try:
            assert read(fs.path("state", index)) == "offline\n"
        except FileNotFoundError:
            assert "rprocfs: board host: " in words, words
        except OSError as e:  # the allocation may be that of this read
            assert e.errno == errno.ENOMEM, e


def end(fs):
    """The daemon is over when its lock can be had: that is what the next start needs."""
    fs.end(signal.SIGTERM)
    assert not is_mounted(fs.mount)


def try_each(corner, numbers):
    fs = Rprocfs(corner)
    corner.at_end(fs.kill)
    seen = {"mounted": 0, "refused": 0}
    for number in numbers:
        code, words, failed = start(corner, fs, number)
        try:
            if code == 0:
                look(fs, words)
                end(fs)
                seen["mounted"] += 1
                if not failed and not os.path.exists(os.path.join(corner.dir, "mark")):
                    return seen
                continue
            assert code == 1, "exit code %d" % code
            assert words.strip(), "it ended without a word"
            wait_for(lambda: not fs.pid())
            assert not is_mounted(fs.mount), "left mounted: " + words
            seen["refused"] += 1
        except Exception as e:
            raise AssertionError("allocation %d: %s; it said %r" % (number, e, words)) from e
    raise AssertionError("allocations without end")


def test_each_allocation_of_the_start(place):
    corners = [Corner(place, name) for name in ("even", "odd")]
    waits = [in_thread(try_each, corner, itertools.islice(itertools.count(first, 2), 2000))
             for first, corner in enumerate(corners, 1)]
    for wait in waits:
        seen = wait(DEADLINE_S)
        assert seen["refused"] > 100 and seen["mounted"] > 20, seen


class Value(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("pointer", ctypes.c_void_p)]


def count_anew(pid, number):
    """The allocation of that number from now on fails; 0: none."""
    libc = ctypes.CDLL(None)
    libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, Value]
    assert libc.sigqueue(pid, signal.SIGUSR2, Value(number=number)) == 0


def ask(function, *args):
    """What may fail for want of memory, or because what came before it has."""
    try:
        return function(*args)
    except OSError as e:
        # EAGAIN: there was none for a thread.
        assert e.errno in (errno.ENOMEM, errno.EAGAIN, errno.EINVAL, errno.ENOENT,
                           errno.ENODEV), e
        return None


def counters(fs):
    lines = wait_for(lambda: ask(read, fs.path("librproc/host0/counters"))).splitlines()
    return {name: int(value) for name, value in map(str.split, lines)}


def is_settled(fs):
    """No crash is being handled. One whose recovery failed may have left it crashed."""
    now = counters(fs)
    return now["crashes"] == now["recoveries"] + now["failed_recoveries"]


def crash(fs):
    before = counters(fs)["crashes"]
    state = ask(read, fs.path("state"))
    # A crash is reported at once and handled later.
    if ask(write, fs.path("debug/crash"), "2") and state in ("running\n", "detached\n"):
        wait_for(lambda: counters(fs)["crashes"] > before)
    wait_for(lambda: is_settled(fs))


def crash_and_recover(fs):
    crash(fs)


def recover_and_leave(fs):
    crash(fs)
    ask(write, fs.path("state"), "detach")
    ask(write, fs.path("state"), "start")


def leave_and_recover(fs):
    ask(write, fs.path("state"), "detach")
    crash(fs)
    if ask(read, fs.path("state")) == "crashed\n":
        ask(write, fs.path("state"), "start")


LIVES = (crash_and_recover, recover_and_leave, leave_and_recover)


def live(fs, after):
    ask(write, fs.path("state"), "start")
    ask(read, fs.path("debug/trace0"))
    ask(read, fs.path("debug/resource_table"))
    after(fs)
    ask(write, fs.path("state"), "stop")


def expect_sound(fs):
    """With memory again: nothing is stuck, and the next life is as any other."""
    wait_for(lambda: is_settled(fs))
    if read(fs.path("state")) == "detached\n":
        write(fs.path("state"), "start")
    if read(fs.path("state")) != "offline\n":
        write(fs.path("state"), "stop")
    assert read(fs.path("state")) == "offline\n"
    write(fs.path("state"), "start")
    # A crash that found no memory may be handled only now.
    wait_for(lambda: is_settled(fs) and read(fs.path("state")) == "running\n")
    assert "type trace" in read(fs.path("debug/resource_table"))
    write(fs.path("state"), "stop")
    for name in os.listdir(fs.mount + "/class/devcoredump"):
        if name.startswith("devcd"):
            write("%s/class/devcoredump/%s/data" % (fs.mount, name), "x")


def test_each_allocation_of_a_life(place):
    mark = os.path.join(place.dir, "mark")
    fs = Rprocfs(place)
    fs.popen = {"env": dict(os.environ, NTH_ALLOCATION_MARK=mark, LD_PRELOAD=os.path.join(
        build_dir(), "tests/mount/nth_allocation.so"))}
    fs.start()
    write(fs.path("coredump"), "enabled")
    pid, beyond, number = fs.pid(), 0, 0
    # Which is the last one differs from time to time: several lives without a failure are enough.
    while beyond < 9:
        number += 1
        assert number < 2000, "allocations without end"
        if os.path.exists(mark):
            os.unlink(mark)
        count_anew(pid, number)
        try:
            live(fs, LIVES[number % 3])
            beyond = 0 if os.path.exists(mark) else beyond + 1
            count_anew(pid, 0)
            expect_sound(fs)
        except (AssertionError, OSError) as e:
            raise AssertionError("allocation %d: %r; %s" % (
                number, e, read(fs.path("librproc/host0/last_error")))) from e
    assert fs.pid() == pid and number > 60, number


run(globals())
