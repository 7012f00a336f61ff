#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""dev/rpmsg_ctrlN and dev/rpmsgN on a real mount, with a firmware that answers: programs
that were written for the kernel's files, threads, signals, polls."""
import ctypes
import fcntl
import os
import select
import signal
import struct
from rpmsglib import *


def test_a_program_for_linux_finds_makes_and_uses_an_endpoint(place):
    board = Board(place, "rpmsg_echo.elf")
    board.wants("rpmsg0")
    ctrl = os.open(board.dev("rpmsg_ctrl0"), os.O_RDWR)
    fcntl.ioctl(ctrl, RPMSG_CREATE_EPT_IOCTL, endpoint_info("mine", RPMSG_ADDR_ANY, ECHO))
    os.close(ctrl)
    # The ioctl does not tell the number: programs look for the name.
    found = [name for name in os.listdir(board.mount + "/class/rpmsg")
             if name.startswith("rpmsg") and "ctrl" not in name and
             read(board.mount + "/class/rpmsg/%s/name" % name) == "mine\n"]
    assert found == ["rpmsg1"], found
    fd = board.open("rpmsg1")
    for size in (1, 16, 255, 496):
        assert os.write(fd, b"x" * size) == size
        assert os.read(fd, 512) == b"x" * size
    fcntl.ioctl(fd, RPMSG_DESTROY_EPT_IOCTL)
    fails(errno.EPIPE, os.read, fd, 10)
    assert not os.path.exists(board.dev("rpmsg1"))
    assert "DEVNAME=rpmsg0" in read(board.mount + "/class/rpmsg/rpmsg0/uevent")


def test_a_thread_blocked_in_read_gets_the_echo_of_what_another_writes(place):
    board = Board(place, "rpmsg_echo.elf")
    fd = board.open("rpmsg0")
    for i in range(200):
        text = b"request %d" % i
        answer = in_thread(os.read, fd, 512)
        assert os.write(fd, text) == len(text)
        assert answer() == text


def test_two_threads_keep_one_descriptor_busy(place):
    board = Board(place, "rpmsg_echo.elf")
    fd = board.open("rpmsg0")
    count = 2000

    def reader():
        for i in range(count):
            assert os.read(fd, 512) == struct.pack("I", i)
    done = in_thread(reader)
    for i in range(count):
        assert os.write(fd, struct.pack("I", i)) == 4
    done()


def test_wrong_calls_fail_as_in_linux(place):
    board = Board(place, "rpmsg_echo.elf")
    fd = board.open("rpmsg0")
    ctrl = board.open("rpmsg_ctrl0")
    fails(errno.EBUSY, os.open, board.dev("rpmsg0"), os.O_RDWR)
    fails(errno.EMSGSIZE, os.write, fd, b"x" * 497)
    fails(errno.ESPIPE, os.lseek, fd, 0, os.SEEK_SET)
    fails(errno.EINVAL, fcntl.ioctl, fd, RPMSG_DESTROY_EPT_IOCTL)  # a channel's own
    fails(errno.EINVAL, fcntl.ioctl, fd, 0x5401, bytes(64))
    assert fcntl.ioctl(fd, RPMSG_GET_OUTGOING_FLOWCONTROL, b"\x01\x01\x01\x01") == bytes(4)
    fails(errno.EOPNOTSUPP, fcntl.ioctl, fd, RPMSG_SET_INCOMING_FLOWCONTROL, 1)
    fails(errno.EINVAL, fcntl.ioctl, fd, RPMSG_SET_INCOMING_FLOWCONTROL, 2)
    fails(errno.EINVAL, os.read, ctrl, 10)
    fails(errno.EINVAL, os.write, ctrl, b"x")
    fails(errno.EFAULT, fcntl.ioctl, ctrl, 0x1234)
    fails(errno.EINVAL, fcntl.ioctl, ctrl, 0x4028b509, bytes(40))
    libc = ctypes.CDLL(None, use_errno=True)
    for cmd in (RPMSG_CREATE_EPT_IOCTL, RPMSG_CREATE_DEV_IOCTL, 0x4028b509):
        assert libc.ioctl(ctrl, ctypes.c_ulong(cmd), ctypes.c_void_p(8)) == -1
        assert ctypes.get_errno() == errno.EFAULT
    fails(errno.EINVAL, fcntl.ioctl, ctrl, RPMSG_RELEASE_DEV_IOCTL, endpoint_info("no", 1, 2))
    info = endpoint_info("twice", 0x1100, 0x1200)
    fcntl.ioctl(ctrl, RPMSG_CREATE_DEV_IOCTL, info)
    assert "virtio0.twice.4352.4608" in board.channels()
    fails(errno.ENXIO, fcntl.ioctl, ctrl, RPMSG_CREATE_DEV_IOCTL, info)
    fcntl.ioctl(ctrl, RPMSG_RELEASE_DEV_IOCTL, info)
    assert "virtio0.twice.4352.4608" not in board.channels()
    # Two endpoints of one address may exist, but only one is open.
    for _ in range(2):
        fcntl.ioctl(ctrl, RPMSG_CREATE_EPT_IOCTL, endpoint_info("same", 0x900, ECHO))
    board.open("rpmsg1")
    fails(errno.EINVAL, os.open, board.dev("rpmsg2"), os.O_RDWR)


def test_polls_see_messages_and_the_end(place):
    board = Board(place, "rpmsg_echo.elf")
    fd = board.open("rpmsg0", os.O_RDWR | os.O_NONBLOCK)
    fails(errno.EAGAIN, os.read, fd, 10)
    poll = select.poll()
    poll.register(fd, select.POLLIN | select.POLLOUT)
    assert poll.poll(0) == [(fd, select.POLLOUT)]
    epoll = select.epoll()
    epoll.register(fd, select.EPOLLIN | select.EPOLLET)
    place.at_end(epoll.close)
    poll.modify(fd, select.POLLIN)
    assert not epoll.poll(0) and not poll.poll(0)
    waits = [in_thread(poll.poll, WAIT_S * 1000), in_thread(epoll.poll, WAIT_S * SLOW),
             in_thread(lambda: select.select([fd], [], [], WAIT_S * SLOW)[0])]
    assert os.write(fd, b"hello") == 5
    for wait in waits:
        assert wait(), "not woken"
    assert os.read(fd, 3) == b"hel"  # the rest of a message is lost
    fails(errno.EAGAIN, os.read, fd, 10)
    wait = in_thread(poll.poll, WAIT_S * 1000)
    write(board.path("state"), "stop")
    assert wait() == [(fd, select.POLLERR)]
    fails(errno.EPIPE, os.write, fd, b"x")


def test_shells_and_their_tools_talk_to_it(place):
    board = Board(place, "rpmsg_echo.elf")
    path = board.wants("rpmsg0")

    def shell(command):
        result = subprocess.run(["bash", "-c", command, "bash", path], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, timeout=WAIT_S * SLOW)
        assert result.returncode == 0, result
        return result.stdout
    assert shell("exec 3<>$1; printf hello >&3; dd bs=512 count=1 status=none <&3") == b"hello"
    assert shell("exec 3<>$1; echo line >&3; head -n 1 <&3") == b"line\n"
    assert shell("exec 3<>$1; seq 3 | dd bs=2 status=none >&3; "
                 "timeout 1 cat <&3; true") == b"1\n2\n3\n"
    if shutil.which("busybox"):
        assert shell("exec 3<>$1; busybox echo hi >&3; busybox head -n 1 <&3") == b"hi\n"
    if not shutil.which("socat"):
        raise Skip("no socat here")
    # It keeps its end open until the answer is there.
    socat = subprocess.Popen(["socat", "-", "OPEN:" + path + ",rdwr"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    place.at_end(lambda: (socat.kill(), socat.wait()))
    socat.stdin.write(b"through socat")
    socat.stdin.flush()
    assert select.select([socat.stdout], [], [], WAIT_S * SLOW)[0]
    assert os.read(socat.stdout.fileno(), 100) == b"through socat"
    socat.stdin.close()


def test_a_killed_reader_is_gone(place):
    board = Board(place, "rpmsg_echo.elf")
    code = "import os, sys; fd = os.open(sys.argv[1], os.O_RDWR); print('open', flush=True); " \
           "os.read(fd, 100)"
    for _ in range(5):
        process = client(place, code, board.wants("rpmsg0"))
        assert process.stdout.readline() == "open\n"
        wait_for(lambda: state_of(process.pid) == "S")
        process.kill()
        process.wait(WAIT_S * SLOW)  # nothing ever comes that its read could return with
        # And so is its hold on the device.
        fd = os.open(board.dev("rpmsg0"), os.O_RDWR)
        os.close(fd)


def test_a_signal_ends_a_blocked_read(place):
    board = Board(place, "rpmsg_echo.elf")
    code = """if True:
        import errno, os, signal, sys
        def handler(number, frame):
            raise InterruptedError
        signal.signal(signal.SIGUSR1, handler)
        fd = os.open(sys.argv[1], os.O_RDWR)
        print("open", flush=True)
        try:
            os.read(fd, 100)
        except InterruptedError:
            os.write(fd, b"still mine")
            print(os.read(fd, 100).decode(), flush=True)
    """
    process = client(place, code, board.wants("rpmsg0"))
    assert process.stdout.readline() == "open\n"
    wait_for(lambda: state_of(process.pid) == "S")
    process.send_signal(signal.SIGUSR1)
    assert process.stdout.readline() == "still mine\n"


def test_writers_wait_while_the_remote_takes_no_buffers(place):
    board = Board(place, "rpmsg_echo_plain.elf")
    fd = board.open("rpmsg0")
    assert os.write(fd, b"first") == 5 and os.read(fd, 100) == b"first"
    thaw = board.freeze()
    os.set_blocking(fd, False)
    sent = []
    try:
        while True:
            os.write(fd, b"%d" % len(sent))
            sent.append(b"%d" % len(sent))
            assert len(sent) <= 8
    except BlockingIOError:
        pass
    assert len(sent) == 8, sent
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    assert not poll.poll(0)
    os.set_blocking(fd, True)
    writers = [in_thread(os.write, fd, b"waited") for _ in range(3)]
    # Nobody is held up by those that wait: not on this descriptor, not elsewhere.
    assert read(board.path("state")) == "running\n"
    code = "import os, sys; os.write(int(sys.argv[1]), b'never')"
    doomed = subprocess.Popen([sys.executable, "-c", code, str(fd)], pass_fds=[fd])
    place.at_end(doomed.wait)
    wait_for(lambda: state_of(doomed.pid) in "SD")
    doomed.kill()
    doomed.wait(WAIT_S * SLOW)
    wait = in_thread(poll.poll, WAIT_S * 1000)
    thaw()
    for writer in writers:
        assert writer() == 6
    assert wait()
    got = [os.read(fd, 100) for _ in range(11)]
    assert got[:8] == sent and got[8:] == [b"waited"] * 3, got


def test_a_stop_ends_whatever_waits(place):
    board = Board(place, "rpmsg_echo_plain.elf")
    fd = board.open("rpmsg0")
    read_end = in_thread(os.read, fd, 100)
    write(board.path("state"), "stop")
    fails(errno.EPIPE, read_end)
    assert board.channels() == []
    assert [n for n in os.listdir(board.mount + "/dev") if "rpmsg" in n.lower()] == []
    write(board.path("state"), "start")
    again = board.open("rpmsg1")  # the old one keeps its number until it is closed
    fails(errno.EPIPE, os.write, fd, b"x")
    assert os.write(again, b"new") == 3 and os.read(again, 10) == b"new"


def test_channels_come_back_after_a_crash(place):
    board = Board(place, "rpmsg_services.elf")
    board.ctrl(RPMSG_CREATE_EPT_IOCTL, "steering", 0x500, ECHO)
    for i in range(3):
        fd = board.open("rpmsg0")
        wait_for(lambda: len(board.channels()) == 3)
        os.write(fd, b"announce rpmsg-raw 410")
        assert os.read(fd, 10) == b"ok"
        echo = board.open("rpmsg1")
        assert os.write(echo, b"ping") == 4 and os.read(echo, 10) == b"ping"
        poll = select.poll()
        poll.register(echo, select.POLLIN)
        waiting = in_thread(poll.poll, WAIT_S * 1000)
        blocked = in_thread(os.read, fd, 10)
        os.write(fd, b"crash")
        assert waiting() == [(echo, select.POLLERR)]
        fails(errno.EPIPE, blocked)
        fails(errno.EPIPE, os.write, echo, b"x")
        wait_for(lambda: read(board.path("state")) == "running\n" and
                 "virtio0.control.-1.1024" in board.channels() and
                 not os.path.exists(board.dev("rpmsg0")))
        os.close(fd)
        os.close(echo)
        board.ctrl(RPMSG_CREATE_EPT_IOCTL, "steering", 0x500, ECHO)


def test_any_service_can_be_bound_by_hand(place):
    board = Board(place, "rpmsg_services.elf")
    wait_for(lambda: "virtio0.control.-1.1024" in board.channels())
    findings = board.path("librproc/host0/rpmsg_findings")
    wait_for(lambda: "control" in read(findings))
    name = "virtio0.control.-1.1024"
    drivers = board.mount + "/bus/rpmsg/drivers/"
    fails(errno.ENODEV, write, drivers + "rpmsg_chrdev/bind", name)
    write(board.mount + "/bus/rpmsg/devices/%s/driver_override" % name, "rpmsg_chrdev")
    write(drivers + "rpmsg_chrdev/bind", name)
    fd = board.open("rpmsg0")
    os.write(fd, b"withdraw nothing")
    assert os.read(fd, 10) == b"ok"
    assert read(board.mount + "/class/rpmsg/rpmsg0/name") == "control\n"
    write(drivers + "rpmsg_chrdev/unbind", name)
    fails(errno.EPIPE, os.read, fd, 10)


def test_a_channel_of_ours_is_announced(place):
    board = Board(place, "rpmsg_services.elf")
    wait_for(lambda: "virtio0.control.-1.1024" in board.channels())
    board.ctrl(RPMSG_CREATE_DEV_IOCTL, "rpmsg-raw", 0x1100, ECHO)
    fd = board.open("rpmsg0")
    os.write(fd, b"announce other 420")
    assert os.read(fd, 10) == b"ok"
    wait_for(lambda: "virtio0.other.-1.1056" in board.channels())
    board.ctrl(RPMSG_RELEASE_DEV_IOCTL, "rpmsg-raw", 0x1100, ECHO)
    fails(errno.EPIPE, os.read, fd, 10)
    wait_for(lambda: "host withdraws rpmsg-raw" in read(board.path("debug/trace0")))
    assert "host announces rpmsg-raw" in read(board.path("debug/trace0"))


def test_a_program_that_sees_no_mount_is_given_one_endpoint(place):
    board = Board(place, "rpmsg_echo.elf")
    fd = board.open("rpmsg0")
    code = "import os, sys\nassert not os.path.exists(sys.argv[1])\nfd = int(sys.argv[2])\n" \
           "os.write(fd, b'from inside')\nprint(os.read(fd, 100).decode())"
    script = 'umount -l "$1" && exec "$2" -c "$3" "$1/dev" "$4"'
    result = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh",
                             board.mount, sys.executable, code, str(fd)], pass_fds=[fd],
                            stdout=subprocess.PIPE, text=True, timeout=WAIT_S * SLOW)
    assert result.stdout == "from inside\n", result
    fails(errno.EBUSY, os.open, board.dev("rpmsg0"), os.O_RDWR)


def test_permissions_are_those_of_a_device(place):
    skip_unless_root()
    board = Board(place, "rpmsg_echo.elf", "--gid", "100")
    st = os.stat(board.wants("rpmsg0"))
    assert (st.st_mode & 0o7777, st.st_uid, st.st_gid) == (0o660, 0, 100), oct(st.st_mode)
    code = "import os, sys; os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(65534)\n" \
           "try:\n fd = os.open(sys.argv[1], os.O_RDWR)\n print('open')\n" \
           "except PermissionError:\n print('refused')"
    for gid, answer in ("100", "open\n"), ("65534", "refused\n"):
        assert client(place, code, board.dev("rpmsg0"), gid).stdout.readline() == answer


run(globals())
