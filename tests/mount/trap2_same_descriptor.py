#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A descriptor that stays open sees each change: by read from the start, by pread,
and through every new descriptor by sendfile too."""
import os
from mountlib import *


def test_pread_is_never_stale(place):
    server = Server(place)
    path = server.path("coredump")
    fd = os.open(path, os.O_RDONLY)
    place.at_end(lambda: os.close(fd))
    for word in ("enabled", "inline", "disabled") * 100:
        write(path, word)
        assert os.pread(fd, 100, 0).decode() == word + "\n"
        os.lseek(fd, 0, os.SEEK_SET)
        assert os.read(fd, 100).decode() == word + "\n"
        assert os.read(fd, 100) == b""


def test_short_reads_see_one_text(place):
    server = Server(place)
    path = server.path("coredump")
    write(path, "disabled")
    fd = os.open(path, os.O_RDONLY)
    place.at_end(lambda: os.close(fd))
    assert os.read(fd, 3) == b"dis"
    write(path, "inline")
    assert os.read(fd, 100) == b"abled\n"
    assert os.read(fd, 100) == b""
    assert os.pread(fd, 100, 2) == b"line\n"


def test_a_new_descriptor_sends_the_new_text(place):
    server = Server(place)
    path = server.path("coredump")
    for word in ("enabled", "inline", "disabled") * 50:
        write(path, word)
        fd = os.open(path, os.O_RDONLY)
        out = os.memfd_create("text")
        os.sendfile(out, fd, None, 4096)
        assert os.pread(out, 100, 0).decode() == word + "\n"
        os.close(fd)
        os.close(out)


run(globals())
