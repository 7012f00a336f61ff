#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tools that follow a mount: held up while more happens than it keeps, they neither hang
nor say that they saw what they did not see; and its end is theirs, with advice."""
import os
import signal
import subprocess
from mountlib import *

RPROC = os.path.join(build_dir(), "examples", "rproc", "rproc")
KEPT = 4096  # events


def held_up(place, state):
    """A watch for a crash of host0 that misses everything up to @state."""
    if not os.access(RPROC, os.X_OK):
        raise Skip("the examples are not built")
    server = Server(place)
    watch = subprocess.Popen([RPROC, "--mount", server.mount, "watch", "--until", "crashed",
                              "remoteproc0"], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    place.at_end(lambda: watch.poll() is None and watch.kill())
    assert watch.stdout.readline() == "remoteproc0 %s is offline\n" % read(
        server.path("name")).strip()
    watch.send_signal(signal.SIGSTOP)
    wait_for(lambda: state_of(watch.pid) == "T")
    fd = os.open(server.path("state"), os.O_WRONLY)
    for _ in range(KEPT // 2 + 1):
        os.pwrite(fd, b"start", 0)
        os.pwrite(fd, b"stop", 0)
    os.close(fd)
    if state == "crashed":
        write(server.path("recovery"), "disabled")
        write(server.path("state"), "start")
        server.tell("crash 0 1")
        wait_for(lambda: read(server.path("state")) == "crashed\n")
    watch.send_signal(signal.SIGCONT)
    said, complaint = watch.communicate(timeout=WAIT_S * SLOW)
    assert "-- events were lost: this reader was too slow --" in said, said[:200]
    return watch.returncode, complaint


def test_what_is_not_known_is_said(place):
    code, complaint = held_up(place, "offline")
    assert code == 1 and "meanwhile is not known" in complaint, (code, complaint)


def test_the_state_that_was_waited_for_is_enough(place):
    assert held_up(place, "crashed") == (0, "")


def test_who_follows_a_mount_is_told_of_its_end(place):
    if not os.access(RPROC, os.X_OK):
        raise Skip("the examples are not built")
    fs = Rprocfs(place, "--start", "host0").start()
    wait_for(lambda: read(fs.path("state")) == "running\n")
    followers = [subprocess.Popen([RPROC, "--mount", fs.mount, *args], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                 for args in (["watch"], ["log", "-f", "host0"], ["log", "-k", "-f"])]
    for process in followers:
        place.at_end(lambda p=process: p.poll() is None and p.kill())
        assert process.stdout.readline()
    fs.end(signal.SIGKILL)
    for process in followers:
        _, complaint = process.communicate(timeout=WAIT_S * SLOW)
        assert process.returncode == 1, (process.args, complaint)
        assert "  try: the program behind the mount is gone: start rprocfs again" in complaint
    late = subprocess.run([RPROC, "--mount", fs.mount, "list"], text=True, stderr=subprocess.PIPE)
    assert late.returncode == 4 and "the program behind the mount is gone" in late.stderr, late


run(globals())
