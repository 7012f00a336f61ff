# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of messages share: the published constants, a processor that runs one
of the example firmwares, its firmware process."""
import fcntl
import os
import signal
import struct
from mountlib import *

# include/uapi/linux/rpmsg.h
RPMSG_CREATE_EPT_IOCTL = 0x4028b501
RPMSG_DESTROY_EPT_IOCTL = 0x0000b502
RPMSG_CREATE_DEV_IOCTL = 0x4028b503
RPMSG_RELEASE_DEV_IOCTL = 0x4028b504
RPMSG_GET_OUTGOING_FLOWCONTROL = 0x8004b505
RPMSG_SET_INCOMING_FLOWCONTROL = 0x8004b506
RPMSG_ADDR_ANY = 0xffffffff

ECHO = 0x400  # where each of the firmwares listens


def endpoint_info(name, src, dst):
    return struct.pack("32sII", name.encode(), src, dst)


def memories(pid):
    """The anonymous shared files that a process has mapped."""
    with open("/proc/%d/maps" % pid) as f:
        return {line.split()[4] for line in f if "/memfd:" in line}


class Board(Rprocfs):
    """rprocfs with host0 running a firmware; wants() waits for one of its files."""

    def __init__(self, place, firmware, *args):
        super().__init__(place, *args)
        self.start()
        self.boot(firmware)

    def boot(self, firmware):
        write(self.path("firmware"), firmware)
        write(self.path("state"), "start")

    def dev(self, name):
        return os.path.join(self.mount, "dev", name)

    def channels(self):
        return sorted(os.listdir(os.path.join(self.mount, "bus/rpmsg/devices")))

    def wants(self, name):
        """The firmware announces when it likes to: wait for what it leads to."""
        path = self.dev(name)
        wait_for(lambda: os.path.lexists(path))
        return path

    def open(self, name, flags=os.O_RDWR):
        fd = os.open(self.wants(name), flags)
        self.place.at_end(lambda: close(fd))
        return fd

    def ctrl(self, request, *info):
        """By the control device there is now: while an old one is open the new has another number."""
        names = [n for n in os.listdir(self.dev("")) if n.startswith("rpmsg_ctrl")]
        fd = os.open(self.dev(names[-1] if names else "rpmsg_ctrl0"), os.O_RDWR)
        try:
            return fcntl.ioctl(fd, request, endpoint_info(*info))
        finally:
            os.close(fd)

    def firmware_process(self):
        """The process that shares our memory: other boards may have a host0 of their own."""
        ours = memories(self.pid())
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/comm" % pid) as f:
                    if f.read().strip() == "fw:host0" and memories(int(pid)) & ours:
                        return int(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
        raise AssertionError("no firmware process")

    def freeze(self):
        pid = self.firmware_process()
        os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: state_of(pid) == "T")

        def thaw():
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.place.at_end(thaw)
        return thaw


def close(fd):
    try:
        os.close(fd)
    except OSError:
        pass  # the test did
