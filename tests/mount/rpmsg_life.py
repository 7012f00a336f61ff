#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Messages while everything else happens: processors that crash, stop and start under the
hands of their clients, channels that come and go, firmware that lies."""
import fcntl
import os
import random
import select
import signal
import struct
import threading
from rpmsglib import *

LIES = 27  # of rpmsg_hostile


def rpmsg_files(board):
    return [n for n in os.listdir(board.mount + "/dev") if "rpmsg" in n.lower()] + \
        os.listdir(board.mount + "/class/rpmsg") + os.listdir(board.mount + "/class/tty") + \
        board.channels()


# What a client may be told of a processor that goes away under its hands.
AWAY = {errno.EPIPE, errno.ENOENT, errno.ENODEV, errno.ENETRESET, errno.EBUSY, errno.EINVAL,
        errno.ENXIO, errno.EAGAIN, errno.ENOTCONN}


class Client(threading.Thread):
    """Makes endpoints, sends and counts; every answer must be that of a question."""

    def __init__(self, board, number):
        super().__init__(daemon=True)
        self.board, self.number = board, number
        self.done, self.echoes, self.error = False, 0, None
        self.address = 0x1000 * (number + 1)

    def talk(self, fd):
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        for i in range(20):
            text = struct.pack("II", self.number, i) + b"x" * random.randrange(480)
            os.write(fd, text)
            if not poll.poll(2000 * SLOW):
                return  # it died without having answered
            answer = os.read(fd, 512)
            assert answer == text, "%r instead of %r" % (answer[:16], text[:16])
            self.echoes += 1

    def once(self):
        name = "client%d" % self.number
        self.address += 1  # an answer that comes late is for nobody
        self.board.ctrl(RPMSG_CREATE_EPT_IOCTL, name, self.address, ECHO)
        for found in os.listdir(self.board.mount + "/class/rpmsg"):
            directory = self.board.mount + "/class/rpmsg/" + found
            if "ctrl" in found or read(directory + "/name") != name + "\n":
                continue
            fd = os.open(self.board.dev(found), os.O_RDWR | os.O_NONBLOCK)
            try:
                self.talk(fd)
                fcntl.ioctl(fd, RPMSG_DESTROY_EPT_IOCTL)
            finally:
                os.close(fd)

    def run(self):
        while not self.done and not self.error:
            try:
                self.once()
            except OSError as e:
                if e.errno not in AWAY:
                    self.error = e
            except Exception as e:
                self.error = e


def test_clients_go_on_while_the_processor_comes_and_goes(place):
    board = Board(place, "rpmsg_echo.elf")
    board.wants("rpmsg0")
    clients = [Client(board, i) for i in range(4)]
    for client in clients:
        client.start()
    for i in range(12):
        before = sum(c.echoes for c in clients)
        wait_for(lambda: sum(c.echoes for c in clients) > before + 20 or
                 any(c.error for c in clients))
        assert not any(c.error for c in clients), [c.error for c in clients]
        if i % 2:
            write(board.path("debug/crash"), "1")
        else:
            write(board.path("state"), "stop")
            write(board.path("state"), "start")
    for client in clients:
        client.done = True
    for client in clients:
        client.join(WAIT_S * SLOW)
        assert not client.is_alive() and not client.error, client.error
    wait_for(lambda: read(board.path("state")) == "running\n")
    write(board.path("state"), "stop")
    assert rpmsg_files(board) == [], rpmsg_files(board)


def test_processors_take_over_each_others_numbers(place):
    """virtioN, rpmsgN and ttyRPMSGN are given out again as soon as they are free."""
    board = Board(place, "rpmsg_echo.elf")

    def come_and_go(index):
        firmware = ("rpmsg_echo.elf", "rpmsg_tty.elf")[index % 2]
        write(board.path("firmware", index), firmware)
        for _ in range(15):
            write(board.path("state", index), "start")
            write(board.path("state", index), "stop")
    write(board.path("state"), "stop")
    for wait in [in_thread(come_and_go, index) for index in range(4)]:
        wait(3 * WAIT_S)
    assert rpmsg_files(board) == [], rpmsg_files(board)
    assert os.listdir(board.mount + "/bus/virtio/devices") == []
    for index in range(4):
        write(board.path("firmware", index), "rpmsg_echo.elf")
        write(board.path("state", index), "start")
    wait_for(lambda: len(board.channels()) == 12)
    for number in range(4):
        link = os.readlink(board.mount + "/bus/virtio/devices/virtio%d" % number)
        owner = link.split("/remoteproc/")[1].split("/")[0]
        text = b"by way of " + owner.encode()
        found = [n for n in os.listdir(board.mount + "/class/rpmsg") if "ctrl" not in n and
                 owner in os.readlink(board.mount + "/class/rpmsg/" + n)]
        fd = os.open(board.dev(found[0]), os.O_RDWR)
        os.write(fd, text)
        assert os.read(fd, 100) == text
        os.close(fd)


def test_channels_come_back_with_whoever_attaches(place):
    """The firmware runs on, and meets the rings of a host that knows nothing of it."""
    board = Board(place, "rpmsg_services.elf")

    def ask(text):
        board.ctrl(RPMSG_CREATE_EPT_IOCTL, "question", RPMSG_ADDR_ANY, ECHO)
        fd = os.open(board.wants("rpmsg0"), os.O_RDWR)
        try:
            os.write(fd, text)
            answer = os.read(fd, 100)
            fcntl.ioctl(fd, RPMSG_DESTROY_EPT_IOCTL)
            return answer
        finally:
            os.close(fd)

    def has(*services):
        return sorted(n.split(".", 1)[1] for n in board.channels()) == sorted(services)

    def there(*services):
        wait_for(lambda: has("rpmsg_ctrl.0.0", "rpmsg_ns.53.53", *services))

    there("control.-1.1024")
    assert ask(b"announce extra 600") == b"ok"
    assert ask(b"announce brief 601") == b"ok"
    assert ask(b"withdraw brief 601") == b"ok"
    for i in range(6):
        there("control.-1.1024", "extra.-1.1536")
        assert ask(b"announce extra 600") == b"ok"
        write(board.path("state"), "detach")
        assert rpmsg_files(board) == [], rpmsg_files(board)
        if i % 2:
            board.end()
            board.start()
            assert read(board.path("state")) == "detached\n"
        write(board.path("state"), "start")
        assert read(board.path("state")) == "attached\n"
    there("control.-1.1024", "extra.-1.1536")
    write(board.path("state"), "stop")


def test_lies_of_a_firmware_harm_nobody_else(place):
    board = Board(place, "rpmsg_hostile.elf")
    for lie in range(LIES):
        if lie:
            board.boot("rpmsg_hostile.elf")
        wait_for(lambda: "virtio0.hostile.-1.1024" in board.channels())
        board.ctrl(RPMSG_CREATE_EPT_IOCTL, "victim", 0x500, ECHO)
        fd = os.open(board.wants("rpmsg0"), os.O_RDWR | os.O_NONBLOCK)
        os.write(fd, bytes([lie]))
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        # Whatever the lie does to this bus, the files answer, and at once.
        begin = time.monotonic()
        read(board.path("librproc/host0/rpmsg_findings"))
        os.listdir(board.mount + "/dev")
        board.channels()
        read(board.path("state", 1))
        assert time.monotonic() - begin < 2 * SLOW
        if not poll.poll(50):
            try:
                os.write(fd, b"still there?")
            except OSError as e:
                assert e.errno in (errno.EPIPE, errno.EAGAIN), e
        os.close(fd)
        write(board.path("state"), "stop")
        assert rpmsg_files(board) == []
    board.boot("rpmsg_echo.elf")
    fd = board.open("rpmsg0")
    os.write(fd, b"truth")
    assert os.read(fd, 10) == b"truth"


def test_a_burst_waits_for_a_slow_reader(place):
    board = Board(place, "rpmsg_burst.elf")
    wait_for(lambda: "virtio0.burst.-1.1024" in board.channels())
    board.ctrl(RPMSG_CREATE_EPT_IOCTL, "slow", 0x500, ECHO)
    fd = board.open("rpmsg0")
    os.write(fd, struct.pack("II", 4000, 100))
    # All of it is there before the first is read: the loop takes it as it comes.
    counters = board.path("librproc/host0/rpmsg_counters")
    wait_for(lambda: "virtio0 rx_bytes %d\n" % (4000 * 100 + 2 * 40) in read(counters))
    for i in range(4000):
        text = os.read(fd, 512)
        assert len(text) == 100 and struct.unpack("I", text[:4])[0] == i, (i, text)


def test_the_end_of_the_daemon_lets_readers_go(place):
    board = Board(place, "rpmsg_echo.elf")
    fd = board.open("rpmsg0")
    reader = in_thread(os.read, fd, 100)
    board.end(signal.SIGTERM)
    try:
        reader()
        raise AssertionError("a read without an end of the daemon")
    except OSError as e:
        assert e.errno in (errno.EINTR, errno.ENOTCONN, errno.ECONNABORTED, errno.EPIPE), e


run(globals())
