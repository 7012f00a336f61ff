#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A driver of real hardware on a modelled machine, and librproc/control, by which a test
loads the driver and plays the outside world."""
import os
import stat
import struct
import subprocess
from rpmsglib import *

BOARD = "plugins/stm32/stm32mp157.dtb"
MEMORY = "da:0x10000000"  # what the core sees of its RAM


def modelled(place, *args):
    plugins = ":".join(os.path.join(build_dir(), "plugins", name) for name in ("stm32", "virtual"))
    return Rprocfs(place, "--dtb", os.path.join(build_dir(), BOARD), "--hw", "model",
                   "-P", plugins, *args)


class Control:
    def __init__(self, fs):
        self.path = fs.mount + "/librproc/control"

    def tell(self, line):
        """The answer of a command that succeeds."""
        assert write(self.path, line + "\n") == len(line) + 1
        return read(self.path).rstrip("\n")


def test_the_driver_comes_and_goes(place):
    fs = modelled(place, "--bare").start()
    control = Control(fs)
    classes = fs.mount + "/class/remoteproc"
    assert os.listdir(classes) == []
    assert control.tell("setup") == ""
    assert os.listdir(classes) == ["remoteproc0"]
    assert read(fs.path("name")) == "m4\n"
    fails(errno.EEXIST, write, control.path, "setup")
    assert read(control.path) != ""
    held = os.open(fs.path("state"), os.O_RDONLY)
    assert control.tell("teardown") == ""
    assert os.listdir(classes) == []
    fails(errno.ENODEV, os.pread, held, 10, 0)
    os.close(held)
    control.tell("setup")
    assert read(fs.path("state")) == "offline\n"


def test_a_driver_is_unbound_and_bound(place):
    fs = modelled(place).start()
    classes = fs.mount + "/class/remoteproc"
    driver = fs.mount + "/bus/platform/drivers/stm32-rproc"
    assert sorted(os.listdir(driver)) == ["10000000.m4", "bind", "module", "uevent", "unbind"]
    assert os.path.samefile(driver + "/module/drivers/platform:stm32-rproc", driver)
    fails(errno.ENODEV, write, driver + "/unbind", "nosuch")
    fails(errno.EBUSY, write, driver + "/bind", "10000000.m4")
    fails(errno.EINVAL, write, driver + "/uevent", "junk")
    assert write(driver + "/uevent", "add\n") == 4
    assert write(driver + "/unbind", "10000000.m4\n") == 12
    assert os.listdir(classes) == []
    assert sorted(os.listdir(driver)) == ["bind", "module", "uevent", "unbind"]
    fails(errno.ENODEV, write, driver + "/unbind", "10000000.m4")
    assert write(driver + "/bind", "10000000.m4") == 11
    assert os.listdir(classes) == ["remoteproc0"]
    fails(errno.ENODEV, write, fs.mount + "/bus/platform/drivers/rproc-virtio/bind", "10000000.m4")


def test_drivers_go_when_they_are_unloaded(place):
    fs = modelled(place, "--bare").start()
    control = Control(fs)
    driver = fs.mount + "/bus/platform/drivers/stm32-rproc"
    assert not os.path.exists(driver)
    for _ in range(2):
        control.tell("setup")
        assert os.path.exists(driver + "/bind")
        control.tell("teardown")
        assert not os.path.exists(driver)
        assert not os.path.exists(fs.mount + "/module/stm32_rproc")


def test_a_board_that_is_there_from_the_start(place):
    fs = modelled(place).start()
    assert read(fs.path("state")) == "offline\n"
    fails(errno.EEXIST, write, fs.mount + "/librproc/control", "setup")


def test_the_memory_is_the_tests(place):
    control = Control(modelled(place, "--bare").start())
    assert control.tell("poke %s 0x12345678 2" % MEMORY) == ""
    assert control.tell("peek %s 8" % MEMORY) == "0x12345678 0x00000002"
    path = os.path.join(place.dir, "bytes")
    with open(path, "wb") as file:
        file.write(bytes(range(256)) + b"end")
    assert control.tell("memset-table %s 0x10000000" % path) == "259"
    assert control.tell("peek %s" % MEMORY) == "0x03020100"
    assert control.tell("peek da:0x10000100") == "0x00646e65"
    for error, line, answer in (
            (errno.ENOENT, "memset-table /nosuch 0x10000000", "/nosuch: No such file"),
            (errno.EINVAL, "memset-table %s" % path, "memset-table"),
            (errno.EINVAL, "peek " + "0" * 2000, "a command has at most 1024 bytes")):
        fails(error, write, control.path, line)
        assert answer in read(control.path), read(control.path)


def log_of(fs):
    """What the log has by now."""
    fd = os.open(fs.mount + "/librproc/log", os.O_RDONLY | os.O_NONBLOCK)
    text = ""
    while True:
        try:
            text += os.read(fd, 65536).decode()
        except BlockingIOError:
            os.close(fd)
            return text


def test_debug_lines_are_switched_on_as_in_linux(place):
    fs = modelled(place).start()
    control = fs.mount + "/kernel/debug/dynamic_debug/control"
    assert os.stat(control).st_size == 0
    lines = read(control).splitlines()
    assert lines[0].startswith("# filename:lineno")
    assert 'remoteproc_elf_loader.c:1 [remoteproc]rproc_elf_sanity_check =_ "Firm' in lines[1]
    assert lines[-1] == 'drivers/remoteproc/stm32_rproc.c:0 [stm32_rproc] =_ ""'
    for junk in ("junk", "file a.c", "file a.c +x", "+p +p", "file a.c file b.c +p"):
        fails(errno.EINVAL, write, control, junk)
    fails(errno.E2BIG, write, control, "+" + "p" * 4095)
    firmware = os.path.join(place.dir, "firmware")
    os.mkdir(firmware)
    write(fs.mount + "/module/firmware_class/parameters/path", firmware)
    write_elf(os.path.join(firmware, "rproc-m4-fw"))

    def boot():
        before = len(log_of(fs))
        write(fs.path("state"), "start")
        write(fs.path("state"), "stop")
        return log_of(fs)[before:]
    assert "Firmware is an elf32 file" not in boot()
    query = "file remoteproc*.c +p\n"
    assert write(control, query) == len(query)
    assert "remoteproc remoteproc0: Firmware is an elf32 file" in boot()
    # The first query makes no sense, the second is carried out all the same.
    fails(errno.EINVAL, write, control, "junk; module remoteproc =_")
    assert "Firmware is an elf32 file" not in boot()
    write(control, "file stm32_rproc.c +pm")
    assert read(control).splitlines()[-1].endswith('=pm ""')


def write_elf(path):
    """An ELF file for the core: a segment of four bytes in its RAM."""
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 40, 1, 0x10000000, 52,
                         0, 0, 52, 32, 1, 40, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 84, 0x10000000, 0x10000000, 4, 4, 5, 4)
    # Where the section headers would be, which the kernel looks for even if there are none.
    with open(path, "wb") as file:
        file.write(header + segment + b"code" + bytes(40))


def test_the_bootloader_was_first(place):
    fs = modelled(place, "--bare").start()
    control = Control(fs)
    control.tell("bootloader-started 0")
    control.tell("setup")
    assert read(fs.path("state")) == "detached\n"


def rpmsg_table(num):
    """A resource table with an rpmsg device without a name service: num buffers of 128 bytes."""
    vdev = struct.pack("<IIIIIIBBxx", 3, 7, 0, 1 << 2, 0, 8, 0, 2)
    vrings = b"".join(struct.pack("<IIIII", 0xffffffff, 16, num, i, 0) for i in range(2))
    return struct.pack("<IIIII", 1, 1, 0, 0, 20) + vdev + vrings + struct.pack("<II", 128, 128)


def test_kicks_that_the_firmware_does_not_take(place):
    fs = modelled(place, "--bare").start()
    control = Control(fs)
    path = os.path.join(place.dir, "table")
    with open(path, "wb") as file:
        file.write(rpmsg_table(64))
    control.tell("memset-table %s 0x10000000" % path)
    control.tell("bootloader-started 0x10000000")
    control.tell("setup")
    write(fs.path("state"), "start")
    assert read(fs.path("state")) == "attached\n"
    findings = fs.mount + "/librproc/m4/rpmsg_findings"
    assert "kicks" not in read(findings)
    ctrl = os.open(fs.mount + "/dev/rpmsg_ctrl0", os.O_RDWR)
    fcntl.ioctl(ctrl, RPMSG_CREATE_EPT_IOCTL, endpoint_info("test", 7, 8))
    os.close(ctrl)
    rpmsg = os.open(fs.mount + "/dev/rpmsg0", os.O_RDWR | os.O_NONBLOCK)
    # One occupies the channel, twenty wait for it, as in Linux.
    for _ in range(21):
        os.write(rpmsg, b"knock")
    assert "failed" not in read(findings)
    for _ in range(9):
        os.write(rpmsg, b"knock")
    os.close(rpmsg)
    lines = [line for line in read(findings).splitlines() if "kicks of" in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("virtio0: 9 kicks of vring 1 failed, the last "), lines
    assert "IPCC channel 1 (vq1) is occupied" in lines[0] and "(ENOBUFS)" in lines[0], lines
    assert "kick_failures 9\n" in read(fs.mount + "/librproc/m4/counters")
    story = read(fs.mount + "/librproc/m4/last_error")
    assert story.startswith("kick: vring 1 of vdev 0 (notify id 1): IPCC channel 1"), story
    assert "; 9 so far (ENOBUFS)" in story, story
    log = log_of(fs)
    line = "remoteproc remoteproc0: stm32_rproc_kick: failed (vq1, err:-105)"
    assert log.count(line) == 1, log
    tool = os.path.join(build_dir(), "examples/rproc/rproc")
    status = subprocess.run([tool, "--mount", fs.mount, "status", "m4"], stdout=subprocess.PIPE,
                            text=True, check=True).stdout
    assert "  rpmsg        virtio0: " in status and "9 kicks of vring 1 failed" in status, status
    assert "  last error   kick: vring 1 of vdev 0" in status, status


def test_a_start_that_works_has_remarks(place):
    images = os.path.join(place.dir, "images")
    subprocess.run([os.path.join(build_dir(), "tests/unit/make_fixtures"), images], check=True)
    fs = modelled(place, "-F", images).start()
    tool = [os.path.join(build_dir(), "examples/rproc/rproc"), "--mount", fs.mount]
    start = subprocess.run(tool + ["start", "m4", "elf32-le-no-table.elf"], text=True, check=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    assert start[0] == "m4 is running", start
    assert start[1].startswith("  remark: load: the core's first fetch is da 0x0..0x7"), start
    status = subprocess.run(tool + ["status", "m4"], text=True, check=True,
                            stdout=subprocess.PIPE).stdout
    assert "  remarks      load: the core's first fetch" in status, status
    assert "last error" not in status, status
    assert read(fs.mount + "/librproc/last_error") == ""
    again = subprocess.run(tool + ["start", "m4"], text=True, check=True, stdout=subprocess.PIPE)
    assert "remark" not in again.stdout, again


def test_what_makes_no_sense_is_refused(place):
    fs = modelled(place, "--bare").start()
    path = fs.mount + "/librproc/control"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    for line in ("\n", "nosuch", "watchdog now", "ack maybe", "poke 1 2", "x" * 1025):
        fails(errno.EINVAL, write, path, line)
    assert "bootloader-started" in Control(fs).tell("help")
    fails(errno.ENOENT, write, path, "watchdog")
    assert "no driver" in read(path)


def test_only_models_are_played_with(place):
    fs = Rprocfs(place).start()
    assert "control" not in os.listdir(fs.mount + "/librproc")


def expect(place, args, text):
    result = subprocess.run(Rprocfs(place, *args).command, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=WAIT_S * SLOW)
    assert result.returncode == 2, result
    assert text in result.stdout, result


def test_the_command_line(place):
    expect(place, ["--hw", "nosuch"], "devmem, uio or model")
    expect(place, ["--bare"], "--bare needs --hw model")
    expect(place, ["--hw", "model", "--bare", "--start", "m4"], "--bare excludes")


run(globals())
