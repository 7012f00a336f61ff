#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What vanishes is gone at once, not when a cache expires; and a descriptor of it
never shows what comes next under the same name."""
import os
from mountlib import *


def test_a_trace_and_its_successor(place):
    server = Server(place)
    path = server.path("debug/trace0")
    fds = []
    for boot in range(5):
        assert not os.path.exists(path)
        write(server.path("state"), "start")
        server.tell("trace 0 boot %d" % boot)
        assert read(path) == "boot %d\n" % boot
        fds.append(os.open(path, os.O_RDONLY))
        assert os.read(fds[-1], 4) == b"boot"
        for old in fds[:-1]:
            fails(errno.EIO, os.pread, old, 100, 0)
        write(server.path("state"), "stop")
        fails(errno.ENOENT, os.stat, path)
        fails(errno.EIO, os.read, fds[-1], 100)
    for fd in fds:
        os.close(fd)


def test_a_trace_survives_recovery(place):
    server = Server(place)
    write(server.path("state"), "start")
    server.tell("trace 0 before")
    fd = os.open(server.path("debug/trace0"), os.O_RDONLY)
    place.at_end(lambda: os.close(fd))
    server.tell("crash 0 1")
    wait_for(lambda: "recoveries 1\n" in read(server.mount + "/librproc/cpu0/counters"))
    server.tell("trace 0 after")
    assert os.pread(fd, 100, 0) == b"after\n"


def test_vdevs(place):
    server = Server(place)
    for boot in range(5):
        write(server.path("state"), "start")
        names = [n for n in os.listdir(os.path.dirname(server.path("state")))
                 if n.startswith("rproc-virtio")]
        assert len(names) == 1
        path = server.path(names[0])
        assert "MODALIAS=platform:rproc-virtio\n" in read(path + "/uevent")
        link = server.mount + "/bus/platform/drivers/rproc-virtio/" + names[0]
        assert os.path.samefile(link, path)
        held = os.open(path, os.O_RDONLY)
        write(server.path("state"), "stop")
        fails(errno.ENOENT, os.stat, path)
        fails(errno.ENOENT, os.lstat, link)
        fails(errno.ENOENT, read, path + "/uevent")
        os.close(held)


def test_dumps(place):
    server = Server(place)
    write(server.path("coredump"), "enabled")
    write(server.path("state"), "start")
    for number in range(1, 5):
        server.tell("crash 0 1")
        link = server.mount + "/class/devcoredump/devcd%d" % number
        wait_for(lambda: os.path.lexists(link))
        assert os.readlink(link) == "../../devices/virtual/devcoredump/devcd%d" % number
        assert os.path.samefile(link + "/failing_device",
                                os.path.dirname(server.path("state")))
        assert os.path.samefile(server.path("devcoredump"), link)
        fd = os.open(link + "/data", os.O_RDWR)
        assert os.read(fd, 4) == b"\x7fELF"
        assert os.write(fd, b"done") == 4
        fails(errno.ENOENT, os.lstat, link)
        fails(errno.ENOENT, os.lstat, server.path("devcoredump"))
        fails(errno.ENODEV, os.pread, fd, 4, 0)
        os.close(fd)
        wait_for(lambda: read(server.path("state")) == "running\n")


def whole_log(server):
    fd = os.open(server.mount + "/librproc/log", os.O_RDONLY | os.O_NONBLOCK)
    text = b""
    try:
        while True:
            text += os.read(fd, 65536)
    except BlockingIOError:
        return text.decode()
    finally:
        os.close(fd)


def test_a_processor_and_its_successor(place):
    server = Server(place)
    state = os.open(server.path("state"), os.O_RDONLY)
    write_state = os.open(server.path("state"), os.O_WRONLY)
    debug = os.open(server.path("debug/name"), os.O_RDONLY)
    device = os.open(server.path("dev"), os.O_RDWR)
    server.tell("remove 0")
    wait_for(lambda: not os.listdir(server.mount + "/class/remoteproc"))
    server.tell("add other")
    wait_for(lambda: os.listdir(server.mount + "/class/remoteproc"))
    # A descriptor of the device keeps the number, one of an attribute does not.
    assert os.listdir(server.mount + "/class/remoteproc") == ["remoteproc1"]
    fails(errno.ENODEV, os.write, device, b"start")
    fails(errno.EINVAL, os.write, device, b"stop")
    fails(errno.EINVAL, os.write, device, b"junk")
    fails(errno.EINVAL, os.read, device, 10)
    log = whole_log(server)
    assert ";remoteproc remoteproc0: can't boot deleting rproc " in log
    assert ";remoteproc remoteproc0: Unrecognized option\n" in log
    assert "releasing" not in log
    os.close(device)
    wait_for(lambda: "releasing" in whole_log(server))
    server.tell("add next")
    wait_for(lambda: os.path.exists(server.path("name")))
    assert read(server.path("name")) == "next\n"
    fails(errno.ENODEV, os.pread, state, 100, 0)
    fails(errno.ENODEV, os.write, write_state, b"start")
    fails(errno.EIO, os.pread, debug, 100, 0)
    for fd in (state, write_state, debug):
        os.close(fd)
    assert read(server.path("state")) == "offline\n"


run(globals())
