#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A read that waits must not hold the file's position: other threads use the same
descriptor meanwhile. So streams and devices have no position at all."""
import os
import select
import subprocess
from mountlib import *


def test_a_blocked_read_holds_nothing(place):
    server = Server(place)
    fd = os.open(server.path("librproc/events"), os.O_RDONLY)
    place.at_end(lambda: os.close(fd))
    assert b"added" in os.read(fd, 4096)
    first = in_thread(os.read, fd, 4096)
    second = in_thread(os.read, fd, 4096)
    # With a position these would wait for the reader.
    fails(errno.ESPIPE, os.lseek, fd, 0, os.SEEK_SET)
    fails(errno.ESPIPE, os.pread, fd, 100, 0)
    write(server.path("state"), "start")
    write(server.path("state"), "stop")
    assert b"offline -> running" in first() + second()


def test_the_device_has_no_position(place):
    server = Server(place)
    fd = os.open(server.path("dev"), os.O_RDWR)
    place.at_end(lambda: os.close(fd))
    fails(errno.ESPIPE, os.lseek, fd, 0, os.SEEK_SET)
    fails(errno.EINVAL, os.read, fd, 10)
    server.tell("block 0")
    start = in_thread(os.write, fd, b"start")
    server.tell("inside 0")
    # The same descriptor, while its write is pending.
    fails(errno.EINVAL, os.read, fd, 10)
    fails(errno.EINVAL, os.write, fd, b"bogus")
    server.tell("release 0")
    assert start() == 5
    assert os.write(fd, b"stop") == 4


def test_streams_wait_poll_and_do_not_wait(place):
    server = Server(place)
    path = server.path("librproc/log")
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    place.at_end(lambda: os.close(fd))
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    lines = []
    while poll.poll(0):
        lines.append(os.read(fd, 4096).decode())
    fails(errno.EAGAIN, os.read, fd, 4096)
    assert lines[0].split(";")[1] == "remoteproc remoteproc0: cpu0 is available\n", lines
    write(server.path("state"), "start")
    assert poll.poll(WAIT_S * 1000)
    lines = []
    while poll.poll(0):
        lines.append(os.read(fd, 4096).decode())
    assert lines[0].endswith(";remoteproc remoteproc0: powering up cpu0\n"), lines
    numbers = [int(line.split(",")[1]) for line in lines]
    assert numbers == list(range(numbers[0], numbers[0] + len(lines)))
    other = os.open(path, os.O_RDONLY)
    assert b" is available" in os.read(other, 4096)
    fails(errno.EINVAL, os.read, other, 10)  # a record is not cut
    os.close(other)


def test_sendfile_is_refused_so_that_programs_read(place):
    """What goes through the page cache would be the first record, and then an end."""
    server = Server(place)
    write(server.path("state"), "start")
    for file in ("librproc/log", "librproc/events"):
        path = server.path(file)
        records = []
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        out = os.memfd_create("text")
        fails(errno.EINVAL, os.sendfile, out, fd, None, 4096)
        try:
            while True:
                records.append(os.read(fd, 4096))
        except BlockingIOError:
            pass
        os.close(fd)
        os.close(out)
        assert len(records) > 1
        for cat in (["cat"], ["busybox", "cat"]):
            process = subprocess.Popen(cat + [path], stdout=subprocess.PIPE)
            place.at_end(process.kill)
            text = b"".join(process.stdout.readline() for _ in records)
            assert text == b"".join(records), (cat, text)
            assert process.poll() is None  # it waits for more
            process.kill()
            process.wait()
            process.stdout.close()


def test_polls_wake_each_of_many(place):
    server = Server(place)
    fds = [os.open(server.path("librproc/events"), os.O_RDONLY) for _ in range(20)]
    states = [os.open(server.path("state"), os.O_RDONLY) for _ in range(20)]
    place.at_end(lambda: [os.close(fd) for fd in fds + states])
    for fd in fds:
        os.read(fd, 4096)
    for fd in states:
        os.read(fd, 4096)

    def woken(fd, events):
        poll = select.poll()
        poll.register(fd, events)
        return poll.poll(WAIT_S * 1000)
    waits = [in_thread(woken, fd, select.POLLIN) for fd in fds]
    waits += [in_thread(woken, fd, select.POLLPRI) for fd in states]
    epoll = select.epoll()
    epoll.register(states[0], select.EPOLLPRI | select.EPOLLET)
    assert not epoll.poll(0)
    write(server.path("state"), "start")
    for wait in waits:
        assert wait(), "not woken"
    assert epoll.poll(WAIT_S)
    epoll.close()
    assert os.pread(states[0], 100, 0) == b"running\n"


def test_a_trace_wakes_its_follower(place):
    server = Server(place)
    write(server.path("state"), "start")
    server.tell("trace 0 one")
    fd = os.open(server.path("debug/trace0"), os.O_RDONLY)
    place.at_end(lambda: os.close(fd))
    poll = select.poll()
    poll.register(fd, select.POLLPRI)
    assert os.read(fd, 100) == b"one\n" and os.read(fd, 100) == b""
    assert not poll.poll(0)
    wait = in_thread(poll.poll, WAIT_S * 1000)
    server.tell("trace 0 one two")
    assert wait()
    assert os.pread(fd, 100, 0) == b"one two\n"



def test_a_story_wakes_who_waits_for_one(place):
    server = Server(place)
    own = server.path("librproc/%s/" % read(server.path("name")).strip())
    story, counters = (os.open(own + name, os.O_RDONLY) for name in ("last_error", "counters"))
    place.at_end(lambda: [os.close(fd) for fd in (story, counters)])
    poll = select.poll()
    for fd in (story, counters):
        os.pread(fd, 4096, 0)
        poll.register(fd, select.POLLPRI)
    assert not poll.poll(0)
    wait = in_thread(poll.poll, WAIT_S * 1000)
    write(server.path("state"), "start")  # and no story
    assert wait() == [(counters, select.POLLPRI | select.POLLERR)]
    poll.unregister(counters)
    assert not poll.poll(0)
    wait = in_thread(poll.poll, WAIT_S * 1000)
    fails(errno.EINVAL, write, server.path("state"), "go")
    assert wait() == [(story, select.POLLPRI | select.POLLERR)]
    assert b'"go" was written' in os.pread(story, 4096, 0)
    assert not poll.poll(0)


run(globals())
