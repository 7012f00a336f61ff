#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""dev/ttyRPMSGN on a real mount: programs for terminals, as they are."""
import os
import pty
import select
import signal
import termios
import tty
from rpmsglib import *


def expect(fd, text):
    """Read until it has come; what came."""
    got = b""
    end = time.monotonic() + WAIT_S * SLOW
    while text not in got:
        assert select.select([fd], [], [], max(0, end - time.monotonic()))[0], (text, got)
        data = os.read(fd, 4096)
        assert data, ("the end", got)
        got += data
    return got


def program(place, *command, **popen):
    process = subprocess.Popen(command, **popen)

    def clean():
        if process.poll() is None:
            process.kill()
        process.wait()
    place.at_end(clean)
    return process


def test_the_console_answers_line_by_line(place):
    board = Board(place, "rpmsg_tty.elf")
    fd = board.open("ttyRPMSG0", os.O_RDWR | os.O_NOCTTY)
    assert os.isatty(fd)
    assert not termios.tcgetattr(fd)[3] & (termios.ECHO | termios.ICANON)
    os.write(fd, b"hello\r")
    assert b"hello\n\nyou said: hello\n\n> " in expect(fd, b"> ")
    # The whole of a long line, in as many messages as it takes.
    os.write(fd, b"x" * 190 + b"\r")
    assert b"you said: " + b"x" * 190 in expect(fd, b"> ")
    assert os.readlink(board.dev("ttyRPMSG0")).startswith("/dev/pts/")
    assert os.listdir(board.mount + "/class/tty") == ["ttyRPMSG0"]
    st = os.stat(board.dev("ttyRPMSG0"))
    assert st.st_mode & 0o7777 == 0o600 and st.st_uid == os.geteuid()


def test_shells_cat_and_dd(place):
    board = Board(place, "rpmsg_tty.elf")
    path = board.wants("ttyRPMSG0")
    cat = program(place, "cat", path, stdout=subprocess.PIPE)
    subprocess.run(["sh", "-c", 'echo "from a shell" > "$1"', "sh", path], check=True,
                   timeout=WAIT_S * SLOW)
    expect(cat.stdout.fileno(), b"you said: from a shell")
    subprocess.run(["dd", "of=" + path, "bs=3", "status=none"], input=b"from dd\n", check=True,
                   timeout=WAIT_S * SLOW)
    expect(cat.stdout.fileno(), b"you said: from dd")
    write(board.path("state"), "stop")
    cat.wait(WAIT_S * SLOW)  # a hang-up, or its error: it ends
    assert not os.path.lexists(path)


def test_socat(place):
    if not shutil.which("socat"):
        raise Skip("no socat here")
    board = Board(place, "rpmsg_tty.elf")
    path = board.wants("ttyRPMSG0")
    socat = program(place, "socat", "-", "FILE:" + path + ",raw,echo=0", stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, bufsize=0)
    socat.stdin.write(b"from socat\r")
    got = expect(socat.stdout.fileno(), b"> ")
    assert b"\r\nyou said: from socat\r\n> " in got, got  # raw: no byte is changed


def by_picocom(place, path, text, answer):
    """Somebody at a terminal of his own types TEXT, waits for ANSWER and leaves."""
    ours, theirs = pty.openpty()
    place.at_end(lambda: (close(ours), close(theirs)))
    picocom = program(place, "picocom", "--nolock", "--baud", "115200", path, stdin=theirs,
                      stdout=theirs, stderr=theirs)
    expect(ours, b"Terminal ready")
    os.write(ours, text)
    expect(ours, answer)
    os.write(ours, b"\x01\x18")  # C-a C-x: leave
    expect(ours, b"Thanks for using picocom")
    picocom.wait(WAIT_S * SLOW)
    assert picocom.returncode == 0


def test_picocom(place):
    if not shutil.which("picocom"):
        raise Skip("no picocom here")
    board = Board(place, "rpmsg_tty.elf")
    path = board.wants("ttyRPMSG0")
    by_picocom(place, path, b"from picocom\r", b"you said: from picocom")


def test_a_crash_hangs_up_and_the_next_boot_has_a_new_one(place):
    board = Board(place, "rpmsg_tty.elf")

    def recoveries():
        return read(board.path("librproc/host0/counters")).split("\nrecoveries ")[1].split()[0]
    for _ in range(3):
        fd = board.open("ttyRPMSG0", os.O_RDWR | os.O_NOCTTY)
        os.write(fd, b"still there\r")
        expect(fd, b"you said: still there")
        before = recoveries()
        os.write(fd, b"crash\r")
        poll = select.poll()
        poll.register(fd, 0)
        assert poll.poll(WAIT_S * 1000) and poll.poll(0)[0][1] & select.POLLHUP
        fails(errno.EIO, os.write, fd, b"x")
        wait_for(lambda: recoveries() != before)
        os.close(fd)


def test_any_service_can_be_a_terminal(place):
    board = Board(place, "rpmsg_echo.elf")
    board.wants("rpmsg0")
    name = "virtio0.rpmsg-raw.-1.1024"
    drivers = board.mount + "/bus/rpmsg/drivers/"
    write(drivers + "rpmsg_chrdev/unbind", name)
    write(board.mount + "/bus/rpmsg/devices/%s/driver_override" % name, "rpmsg_tty")
    write(drivers + "rpmsg_tty/bind", name)
    fd = board.open("ttyRPMSG0", os.O_RDWR | os.O_NOCTTY)
    text = bytes(ord("a") + i % 26 for i in range(20000))
    sender = in_thread(lambda: [os.write(fd, text[i:i + 1000]) for i in range(0, 20000, 1000)])
    got = b""
    while len(got) < len(text):
        assert select.select([fd], [], [], WAIT_S * SLOW)[0], len(got)
        got += os.read(fd, 4096)
    assert got == text
    sender()


def echoed(fd, data):
    """Write all of it while reading what comes back."""
    sender = in_thread(lambda: [os.write(fd, data[i:i + 1000])
                                for i in range(0, len(data), 1000)])
    got = b""
    while len(got) < len(data):
        assert select.select([fd], [], [], WAIT_S * SLOW)[0], len(got)
        got += os.read(fd, 4096)
    sender()
    return got


def test_a_serial_line_is_a_terminal(place):
    board = Board(place, "serial.elf")
    assert board.channels() == []  # it is on no bus
    fd = board.open("ttyRPMSG0", os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    text = bytes(i * 7 % 256 for i in range(100000))
    assert echoed(fd, text) == text
    write(board.path("state"), "stop")
    poll = select.poll()
    poll.register(fd, 0)
    assert poll.poll(WAIT_S * 1000)[0][1] & select.POLLHUP
    assert not os.path.lexists(board.dev("ttyRPMSG0"))
    write(board.path("state"), "start")
    fd = board.open("ttyRPMSG0", os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    assert echoed(fd, b"the next boot") == b"the next boot"
    # And after a crash, of which the recovery makes another.
    os.kill(board.firmware_process(), signal.SIGKILL)
    wait_for(lambda: "recoveries 1\n" in read(board.path("librproc/host0/counters")))
    fd = board.open("ttyRPMSG0", os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    assert echoed(fd, b"the recovery") == b"the recovery"


def test_socat_and_picocom_on_a_serial_line(place):
    if not shutil.which("socat") or not shutil.which("picocom"):
        raise Skip("no socat or no picocom here")
    board = Board(place, "serial.elf")
    path = board.wants("ttyRPMSG0")
    socat = program(place, "socat", "-", "FILE:" + path + ",raw,echo=0", stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, bufsize=0)
    binary = bytes(range(256)) * 8
    socat.stdin.write(binary)
    assert expect(socat.stdout.fileno(), binary) == binary
    socat.terminate()
    socat.wait()
    by_picocom(place, path, b"round and round", b"round and round")


run(globals())
