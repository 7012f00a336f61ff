#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The daemon never touches its own mount from the thread that serves it: firmware
that is asked for out of the mount itself ends in an error, not in a deadlock."""
import os
import signal
from mountlib import *


def test_firmware_out_of_the_own_mount(place):
    fs = Rprocfs(place).start()
    write(fs.mount + "/module/firmware_class/parameters/path",
          fs.mount + "/class/remoteproc/remoteproc0")
    write(fs.path("firmware"), "state")
    start = in_thread(write, fs.path("state"), "start")
    # Read, and found to be no image; then it is not in the other directories.
    fails(errno.ENOENT, start)
    assert read(fs.path("state")) == "offline\n"
    assert "state" in read(fs.mount + "/librproc/host0/last_error")


def test_the_end_comes_with_a_client_inside(place):
    fs = Rprocfs(place).start()
    held = os.open(os.path.dirname(fs.path("state")), os.O_RDONLY)
    file = os.open(fs.path("state"), os.O_RDONLY)
    blocked = client(place, "import os,sys; os.open(sys.argv[1], 0)\n"
                     "fd = os.open(sys.argv[2], 0); os.read(fd, 4096); print('open', flush=True)\n"
                     "try:\n  [os.read(fd, 4096) for i in range(10**6)]\n"
                     "except OSError as e: print(e.errno, flush=True)",
                     fs.path("state"), fs.mount + "/librproc/log")
    assert blocked.stdout.readline() == "open\n"
    fs.end(signal.SIGTERM)
    assert not is_mounted(fs.mount)
    # (Python itself reads again after EINTR.)
    answer = blocked.stdout.read().strip()
    assert answer in [str(e) for e in (errno.EINTR, errno.ENOTCONN, errno.ECONNABORTED)], answer
    fails(errno.ENOTCONN, os.read, file, 10)
    os.close(file)
    os.close(held)


run(globals())
