#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Files of debugfs and dumps show no size, as in Linux, and are read whole all the same:
sendfile ends at the size that the kernel remembers, so whoever opens one has another."""
import os
import subprocess
import threading
from mountlib import *


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def test_a_trace_is_as_long_as_its_text(place):
    server = Server(place)
    write(server.path("state"), "start")
    for text in ("short", "a longer text " * 10, "x"):
        server.tell("trace 0 " + text)
        path = server.path("debug/trace0")
        assert os.stat(path).st_size == 0
        assert output("busybox", "cat", path) == text + "\n"
        assert output("cat", path) == text + "\n"
        assert output("tail", "-c", "2", path) == text[-1] + "\n"
        assert output("tail", "-n", "1", path) == text + "\n"
        fd = os.open(path, os.O_RDONLY)
        assert os.fstat(fd).st_size == len(text) + 1
        assert os.stat(path).st_size == 0
        assert os.lseek(fd, 0, os.SEEK_END) == 0
        os.close(fd)


def test_a_trace_that_grows_under_an_open_descriptor(place):
    server = Server(place)
    write(server.path("state"), "start")
    server.tell("trace 0 one")
    fd = os.open(server.path("debug/trace0"), os.O_RDONLY)
    place.at_end(lambda: os.close(fd))
    assert os.fstat(fd).st_size == 4
    assert os.read(fd, 100) == b"one\n"
    server.tell("trace 0 one two")
    assert os.fstat(fd).st_size == 8
    assert os.pread(fd, 100, 3) == b" two\n"


SYSFS = ("state", "name", "uevent")
DEBUGFS = ("debug/name", "debug/recovery", "debug/resource_table", "debug/carveout_memories")


def test_small_files_show_what_linux_does(place):
    server = Server(place)
    for files, size in ((SYSFS, 4096), (DEBUGFS, 0)):
        for file in files:
            path = server.path(file)
            assert os.stat(path).st_size == size, file
            with open(path, "rb") as opened:
                assert os.fstat(opened.fileno()).st_size == 4096, file
                assert os.stat(path).st_size == size, file
    assert output("busybox", "cat", server.path("debug/resource_table")) == \
        "No resource table found\n"


def test_the_end_is_where_linux_has_it(place):
    server = Server(place)
    for file, end in (("state", 4096), ("debug/name", 0), ("debug/recovery", 0)):
        fd = os.open(server.path(file), os.O_RDONLY)
        text = os.read(fd, 100)
        assert os.lseek(fd, 0, os.SEEK_END) == end, file
        assert os.pread(fd, 100, 0) == text
        os.close(fd)
    for file in ("debug/resource_table", "debug/carveout_memories"):
        fd = os.open(server.path(file), os.O_RDONLY)
        fails(errno.EINVAL, os.lseek, fd, 0, os.SEEK_END)
        assert os.lseek(fd, 5, os.SEEK_SET) == 5
        os.close(fd)


def test_a_truncation_of_debugfs_shows(place):
    path = Server(place).path("debug/name")
    text = read(path)
    os.truncate(path, 10)
    assert os.stat(path).st_size == 10
    assert output("cat", path) == output("busybox", "cat", path) == text
    os.close(os.open(path, os.O_WRONLY | os.O_TRUNC))
    assert os.stat(path).st_size == 0


def test_a_write_to_debugfs_leaves_the_position(place):
    path = Server(place).path("debug/recovery")
    fd = os.open(path, os.O_RDWR)
    assert os.read(fd, 100) == b"enabled\n"
    assert os.write(fd, b"disabled") == 8
    assert os.read(fd, 100) == b"\n"
    assert os.read(fd, 100) == b""
    assert os.write(fd, b"enabled") == 7
    assert os.read(fd, 100) == b""
    os.lseek(fd, 0, os.SEEK_SET)
    assert os.read(fd, 4) == b"enab"
    assert os.write(fd, b"disabled") == 8
    assert os.read(fd, 100) == b"bled\n"
    os.close(fd)


def sendfile(fd):
    """All there is, the way busybox cat does it."""
    out = os.memfd_create("text")
    while os.sendfile(out, fd, None, 1 << 24):
        pass
    text = os.pread(out, 1 << 24, 0)
    os.close(out)
    return text


def test_readers_and_those_who_stat_do_not_meet(place):
    """A stat puts a size of 0 into the inode; nobody who reads may see it."""
    server = Server(place)
    write(server.path("state"), "start")
    server.tell("trace 0 some text")
    paths = [server.path(file) for file in ("debug/name", "debug/trace0", "debug/resource_table")]
    expected = [read(path).encode() for path in paths]
    stop = threading.Event()

    def look():
        while not stop.is_set():
            for path in paths:
                assert os.stat(path).st_size in (0, 10, 4096), path
    done = [in_thread(look) for _ in range(2)]
    for _ in range(1000 // SLOW):
        for path, text in zip(paths, expected):
            fd = os.open(path, os.O_RDONLY)
            sent = sendfile(fd)
            assert sent == text, (path, len(sent), len(text), sent[:50])
            os.close(fd)
    stop.set()
    for wait in done:
        wait()


def test_a_dump_has_its_length(place):
    server = Server(place)
    write(server.path("coredump"), "enabled")
    write(server.path("state"), "start")
    server.tell("crash 0 1")
    data = server.mount + "/class/devcoredump/devcd1/data"
    wait_for(lambda: os.path.exists(data))
    assert os.stat(data).st_size == 0
    with open(data, "rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        assert opened.seek(0, os.SEEK_END) == 0
    assert size > 0x10000
    for command in (["cat", data], ["busybox", "cat", data], ["dd", "if=" + data, "bs=3333"]):
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        assert len(out.stdout) == size and out.stdout[:4] == b"\x7fELF", command
    write(data, "1")
    wait_for(lambda: not os.path.exists(data))
    fails(errno.ENOENT, os.stat, server.mount + "/class/devcoredump/devcd1/data")


run(globals())
