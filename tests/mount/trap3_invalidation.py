#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Invalidations sent from the thread that serves deadlock, and survive SIGKILL. So
none are sent at all, and what comes and goes is right without them. A store into the
cache (notify_store) locks a page: it is sent only for an inode that is being opened
for the first time, where nobody can hold one."""
import os
import subprocess
from mountlib import *


def test_no_invalidation_is_linked(place):
    for program in ("fuse/rprocfs", "tests/mount/mount_server"):
        out = subprocess.run(["nm", "-D", "--undefined-only", os.path.join(build_dir(), program)],
                             stdout=subprocess.PIPE, text=True)
        if out.returncode:
            raise Skip("needs nm")
        assert "fuse_lowlevel_notify_poll" in out.stdout
        for name in ("notify_inval", "notify_delete", "notify_retrieve"):
            assert name not in out.stdout, program


def test_processors_come_and_go_under_the_clients(place):
    server = Server(place, 2)
    held = os.open(os.path.dirname(server.path("state", 1)), os.O_RDONLY)
    place.at_end(lambda: os.close(held))
    fd = os.open(server.path("state", 1), os.O_RDONLY)
    place.at_end(lambda: os.close(fd))
    listing = in_thread(lambda: [os.listdir(server.mount + "/class/remoteproc")
                                 for _ in range(2000)])
    for _ in range(20):
        server.tell("remove 1")
        wait_for(lambda: "remoteproc1" not in os.listdir(server.mount + "/class/remoteproc"))
        # The path was known to the kernel a moment ago.
        fails(errno.ENOENT, read, server.path("state", 1))
        server.tell("add again")
        wait_for(lambda: "remoteproc1" in os.listdir(server.mount + "/class/remoteproc"))
        assert read(server.path("state", 1)) == "offline\n"
    fails(errno.ENODEV, os.read, fd, 10)
    listing()
    assert read(server.path("state")) == "offline\n"


run(globals())
