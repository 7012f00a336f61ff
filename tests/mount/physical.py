#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The stm32 driver on physical addresses: /dev/mem is a file of the test's own, in which each
register and each byte of memory is where the machine has it. And what is checked before
anything is touched, each check with what it says."""
import os
import struct
import subprocess
from mountlib import *

BOARD = "plugins/stm32/stm32mp157.dtb"
HOLD_BOOT, RESET, PDDS = 0x5000010c, 0x50000404, 0x50001014
STATE, IPCC_CHANNELS = 0x5c00a148, 0x4c0013f0
RAM = 0x10000000
SIZE = 0x60000000


def in_own_namespace():
    assert os.environ.get("RPROC_TEST_NS"), "only in a mount namespace of one's own"


def mount(place, *args):
    if subprocess.run(["mount", *args], stderr=subprocess.DEVNULL).returncode:
        raise Skip("cannot mount " + args[-1])
    place.at_end(lambda: subprocess.run(["umount", "-l", args[-1]], check=True))


def make_dev(place):
    """A /dev with the few devices that are needed, and room for one more; its directory."""
    in_own_namespace()
    new = os.path.join(place.dir, "dev")
    os.mkdir(new)
    mount(place, "-t", "tmpfs", "devices", new)
    for name in ("fuse", "null", "zero", "urandom"):
        open(os.path.join(new, name), "w").close()
        mount(place, "--bind", "/dev/" + name, os.path.join(new, name))
    os.symlink("/proc/self/fd", os.path.join(new, "fd"))
    os.mkdir(os.path.join(new, "shm"), 0o1777)
    mount(place, "--rbind", new, "/dev")


class Machine:
    """Its addresses, as a sparse file at /dev/mem."""

    def __init__(self, place):
        make_dev(place)
        self.fd = os.open("/dev/mem", os.O_RDWR | os.O_CREAT, 0o600)
        place.at_end(lambda: os.close(self.fd))
        os.ftruncate(self.fd, SIZE)
        self.poke(IPCC_CHANNELS, 6)

    def poke(self, address, value):
        os.pwrite(self.fd, struct.pack("<I", value), address)

    def peek(self, address):
        return struct.unpack("<I", os.pread(self.fd, 4, address))[0]


def physical(place, *args, dtb=None):
    images = os.path.join(place.dir, "images")
    os.makedirs(images, exist_ok=True)
    subprocess.run([os.path.join(build_dir(), "tests/unit/make_fixtures"), images], check=True,
                   stdout=subprocess.DEVNULL)
    return Rprocfs(place, "--hw", "devmem", "--dtb", dtb or os.path.join(build_dir(), BOARD),
                   "-P", os.path.join(build_dir(), "plugins/stm32"), "-F", images, *args)


def test_a_life_on_physical_addresses(place):
    machine = Machine(place)
    machine.poke(PDDS, 0xffffffff)
    fs = physical(place, "--log-level", "7").start()
    write(fs.path("firmware"), "elf32-le-no-table.elf")
    write(fs.path("state"), "start")
    assert read(fs.path("state")) == "running\n"
    # Its code is where the bus has the core's address; the bits are as Linux leaves them.
    with open(os.path.join(place.dir, "images/elf32-le-no-table.elf"), "rb") as f:
        image = f.read()
    offset, _, da, filesz = struct.unpack_from("<4I", image, struct.unpack_from("<I", image, 28)[0] + 4)
    assert da == RAM and os.pread(machine.fd, filesz, RAM) == image[offset:offset + filesz]
    assert machine.peek(PDDS) == 0xfffffffe
    assert machine.peek(HOLD_BOOT) == 0
    machine.poke(STATE, 2)
    write(fs.path("state"), "stop")
    assert read(fs.path("state")) == "offline\n"
    assert machine.peek(RESET) == 2
    assert machine.peek(PDDS) == 0xffffffff
    assert machine.peek(STATE) == 0
    fs.end()
    # What a boot loader started is found, and left alone by a failed attach.
    machine.poke(STATE, 2)
    fs = physical(place).start()
    assert read(fs.path("state")) == "detached\n"
    fails(errno.ENOENT, write, fs.path("state"), "start")
    assert "0x5c00a144 is 0" in read(fs.mount + "/librproc/m4/last_error")
    assert machine.peek(STATE) == 2


def refused(place, *words, **options):
    result = physical(place, **options).run()
    assert result.returncode == 1, result
    for word in words:
        assert word in result.stderr, result.stderr
    assert not is_mounted(place.mount)


def test_a_kernel_without_a_memory_device(place):
    make_dev(place)
    refused(place, "/dev/mem cannot be opened", "CONFIG_DEVMEM")


def test_a_mailbox_without_its_clock(place):
    Machine(place).poke(IPCC_CHANNELS, 0)
    refused(place, "mailbox 4c001000.mailbox cannot be used", "its clock is off")


def test_a_mailbox_that_the_kernel_drives(place):
    machine = Machine(place)
    mount(place, "-t", "tmpfs", "machine", "/sys")
    device = "/sys/bus/platform/devices/4c001000.mailbox"
    os.makedirs(device)
    os.symlink("../../../firmware/devicetree/base/soc/mailbox@4c001000", device + "/of_node")
    os.symlink("../../../bus/platform/drivers/stm32-ipcc", device + "/driver")
    refused(place, "node /soc/mailbox@4c001000: the kernel's driver stm32-ipcc has it",
            "echo 4c001000.mailbox > /sys/bus/platform/drivers/stm32-ipcc/unbind")
    assert machine.peek(IPCC_CHANNELS) == 6 and machine.peek(0x4c001004) == 0


def test_memory_that_linux_uses_itself(place):
    """A reserved region that is not no-map is in Linux's hands; nobody writes to it."""
    machine = Machine(place)
    dtb = os.path.join(place.dir, "board.dtb")
    text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", os.path.join(build_dir(), BOARD)],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    assert text.count("no-map;") == 6
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", dtb], input=text.replace("no-map;", "", 1),
                   text=True, check=True)
    fs = physical(place, dtb=dtb).start()
    write(fs.path("firmware"), "elf32-le-no-table.elf")
    fails(errno.ENOMEM, write, fs.path("state"), "start")
    story = read(fs.mount + "/librproc/m4/last_error")
    assert "mcuram2 at 0x10000000 is System RAM to Linux" in story and "`no-map`" in story, story
    assert machine.peek(RAM) == 0 and machine.peek(HOLD_BOOT) == 0
    assert read(fs.path("state")) == "offline\n"


run(globals())
