#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""sendfile(2) goes through the page cache and is cut at the size the kernel
remembers: neither values that change nor writers that truncate may cut a text."""
import os
import subprocess
import threading
from mountlib import *

WORDS = ("disabled\n", "enabled\n", "inline\n")


def is_whole(text):
    """One sendfile is several reads, each of the page that is there then: behind a whole text
    may be padding, or what a longer one, written meanwhile, has in that place."""
    return any(text.startswith(word) and
               all(c == "\0" or c in (other[i:i + 1] for other in WORDS)
                   for i, c in enumerate(text) if i >= len(word))
               for word in WORDS)


def send(path):
    """The text as sendfile sees it, through a descriptor of its own."""
    fd = os.open(path, os.O_RDONLY)
    out = os.memfd_create("text")
    try:
        while os.sendfile(out, fd, None, 65536):
            pass
        return os.pread(out, 65536, 0).decode()
    finally:
        os.close(fd)
        os.close(out)


def hammer(path, flags, rounds):
    """Read @rounds times while another thread changes the value. Returns bad reads."""
    stop = threading.Event()

    def change():
        while not stop.is_set():
            for word in ("enabled", "inline", "disabled"):
                write(path, word, flags)
    done = in_thread(change)
    bad = []
    for _ in range(rounds):
        text = send(path)
        if text not in WORDS:
            bad.append(text)
        assert read(path) in WORDS
    stop.set()
    done()
    return bad


def test_values_that_change_are_whole(place):
    """A write that ends between the kernel's read and its look at the size may leave a
    text padded (fuse_short_read); it is rare, and a text is never cut."""
    server = Server(place)
    bad = hammer(server.path("coredump"), os.O_WRONLY, 3000)
    for text in bad:
        assert is_whole(text), repr(text[:20])
    assert len(bad) < 300, len(bad)


def test_a_truncation_leaves_no_mark(place):
    """While a writer truncates a text may be padded (the kernel's own window), but
    never cut, and afterwards it is as it should be."""
    server = Server(place)
    path = server.path("coredump")
    for text in hammer(path, os.O_WRONLY | os.O_TRUNC, 1000):
        assert is_whole(text), repr(text[:20])
    assert send(path) == "disabled\n"
    fails(errno.EINVAL, write, path, "junk", os.O_WRONLY | os.O_TRUNC)
    assert send(path) == "disabled\n"
    os.truncate(path, 3)
    assert send(path) == "disabled\n"
    assert os.stat(path).st_size == 4096


def test_a_dump_is_whole(place):
    """Headers and data of an inline dump come with two reads: none of them may be its end."""
    server = Server(place)
    write(server.path("state"), "start")
    for number, mode in enumerate(("inline", "enabled"), 1):
        write(server.path("coredump"), mode)
        server.tell("crash 0 1")
        data = server.mount + "/class/devcoredump/devcd%d/data" % number
        wait_for(lambda: os.path.exists(data))
        with open(data, "rb") as file:
            whole = file.read()
        assert whole[:4] == b"\x7fELF" and len(whole) > 65536, len(whole)
        fd = os.open(data, os.O_RDONLY)
        out = os.memfd_create("dump")
        while os.sendfile(out, fd, None, 1 << 24):
            pass
        assert os.pread(out, 1 << 24, 0) == whole
        os.close(fd)
        os.close(out)
        write(data, "1")
        wait_for(lambda: read(server.path("state")) == "running\n")


def test_an_open_descriptor_survives_a_truncation(place):
    server = Server(place)
    path = server.path("coredump")
    for flags in (os.O_WRONLY, os.O_RDWR | os.O_CREAT):
        fd = os.open(path, os.O_RDONLY)
        other = os.open(path, flags | os.O_TRUNC)
        out = os.memfd_create("text")
        assert os.sendfile(out, fd, 0, 65536) == len("disabled\n")
        assert os.fstat(fd).st_size == os.fstat(other).st_size == 4096
        for each in (fd, other, out):
            os.close(each)


def test_all_cats_agree(place):
    server = Server(place)
    for cat in (["cat"], ["busybox", "cat"], ["busybox", "head", "-c", "100"]):
        for file in ("state", "firmware", "debug/name"):
            out = subprocess.run(cat + [server.path(file)], stdout=subprocess.PIPE, check=True)
            assert out.stdout.decode() == read(server.path(file)), cat


run(globals())
