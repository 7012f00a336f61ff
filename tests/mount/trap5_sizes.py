#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What has a length shows it, so that tail and sendfile work; what has none shows a
page, never 0, or busybox would read nothing."""
import os
import subprocess
from mountlib import *


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def test_a_trace_is_as_long_as_its_text(place):
    server = Server(place)
    write(server.path("state"), "start")
    for text in ("short", "a longer text " * 10, "x"):
        server.tell("trace 0 " + text)
        path = server.path("debug/trace0")
        assert os.stat(path).st_size == len(text) + 1
        assert output("busybox", "cat", path) == text + "\n"
        assert output("cat", path) == text + "\n"
        assert output("tail", "-c", "2", path) == text[-1] + "\n"
        fd = os.open(path, os.O_RDONLY)
        assert os.lseek(fd, 0, os.SEEK_END) == len(text) + 1
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


def test_small_files_show_a_page(place):
    server = Server(place)
    for file in ("state", "name", "uevent", "debug/name", "debug/recovery",
                 "debug/resource_table", "debug/carveout_memories"):
        assert os.stat(server.path(file)).st_size == 4096, file
    assert output("busybox", "cat", server.path("debug/resource_table")) == \
        "No resource table found\n"


def test_a_dump_has_its_length(place):
    server = Server(place)
    write(server.path("coredump"), "enabled")
    write(server.path("state"), "start")
    server.tell("crash 0 1")
    data = server.mount + "/class/devcoredump/devcd1/data"
    wait_for(lambda: os.path.exists(data))
    size = os.stat(data).st_size
    assert size > 0x10000
    for command in (["cat", data], ["busybox", "cat", data], ["dd", "if=" + data, "bs=3333"]):
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        assert len(out.stdout) == size and out.stdout[:4] == b"\x7fELF", command
    write(data, "1")
    wait_for(lambda: not os.path.exists(data))
    fails(errno.ENOENT, os.stat, server.mount + "/class/devcoredump/devcd1/data")


run(globals())
