#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Many at once: a thousand writers of one attribute, many readers, many processors."""
import os
import subprocess
import threading
from mountlib import *


def test_a_thousand_writers(place):
    """Each start is counted, none is lost, none fails."""
    server = Server(place)
    state = server.path("state")
    script = ("i=0; while [ $i -lt 1000 ]; do echo start > %s || echo failed & "
              "i=$((i + 1)); done; wait" % state)
    result = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    assert result.stdout == "", result.stdout[:2000]
    assert "power 1000\n" in read(server.mount + "/librproc/cpu0/counters")
    fd = os.open(state, os.O_WRONLY)
    for _ in range(999):
        assert os.write(fd, b"stop") == 4
    assert read(state) == "running\n"
    os.write(fd, b"stop")
    os.close(fd)
    assert read(state) == "offline\n"


def test_readers_writers_and_crashes(place):
    server = Server(place, 4)
    stop = threading.Event()
    words = {"offline", "running", "crashed"}

    def reader():
        n = 0
        while not stop.is_set():
            for i in range(4):
                assert read(server.path("state", i)).strip() in words
                os.listdir(os.path.dirname(server.path("debug/name", i)))
                try:
                    read(server.path("debug/trace0", i))
                except OSError as e:
                    assert e.errno in (errno.ENOENT, errno.EIO), e
                read(server.path("debug/resource_table", i))
                n += 1
        return n

    def writer(index):
        for _ in range(40):
            for word in ("start", "stop"):
                try:
                    write(server.path("state", index), word, os.O_WRONLY | os.O_TRUNC)
                except OSError as e:
                    assert e.errno == errno.EINVAL, e

    def crasher(index):
        for _ in range(40):
            write(server.path("debug/crash", index), "1")
    readers = [in_thread(reader) for _ in range(3)]
    others = [in_thread(writer, i) for i in range(4)] + [in_thread(crasher, i) for i in range(4)]
    for other in others:
        other()
    stop.set()
    for wait in readers:
        assert wait() > 0
    assert read(server.path("name")) == "cpu0\n"


def test_a_thousand_processors(place):
    server = Server(place, 1000)
    names = os.listdir(server.mount + "/class/remoteproc")
    assert len(names) == 1000
    for index in (0, 499, 999):
        assert read(server.path("name", index)) == "cpu%d\n" % index
        assert write(server.path("state", index), "start") == 5
        assert os.path.exists(server.path("debug/trace0", index))
        assert write(server.path("state", index), "stop") == 4
    assert len(os.listdir(server.mount + "/librproc")) == 1005


run(globals())
