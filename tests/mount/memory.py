#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""rprocfs as it is, and every allocation of its start failing in turn, whoever makes it: its own
code, the library, libfuse, libevent, libfdt, the loader of plugins. It mounts, or ends with a
reason and leaves nothing mounted; nothing in between."""
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


run(globals())
