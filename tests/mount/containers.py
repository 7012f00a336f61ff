#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a container sees of the mount: the mount itself bound into it is dead after a
restart of the daemon; the directory around it, bound as a slave, heals by itself."""
import os
import signal
import subprocess
from mountlib import *


class Container:
    """A process in a mount namespace of its own, with SOURCE bound at TARGET."""

    def __init__(self, place, source, target):
        script = ("mount --rbind %s %s && mount --make-rslave %s && echo ready && "
                  "while read -r line; do sh -c \"$line\" 2>&1; echo \"rc $?\"; done"
                  % (source, target, target))
        self.process = subprocess.Popen(["unshare", "-m", "--propagation", "slave", "sh", "-c",
                                         script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        place.at_end(self.end)
        assert self.process.stdout.readline() == "ready\n"

    def run(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline()
            assert line, "the container ended"
            if line.startswith("rc "):
                return int(line[3:]), "".join(lines)
            lines.append(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait(WAIT_S)
        self.process.stdout.close()


def shared_parent(place):
    """The recipe of rprocfs(8)."""
    parent = os.path.join(place.dir, "share")
    os.mkdir(parent)
    for command in (["mount", "-t", "tmpfs", "-o", "mode=755", "rproc-share", parent],
                    ["mount", "--make-shared", parent]):
        if subprocess.run(command).returncode:
            raise Skip("tmpfs cannot be mounted here")
    place.at_end(lambda: subprocess.run(["umount", "-R", "-l", parent]))
    return parent


def test_bind_the_parent_heals_after_a_restart(place):
    parent = shared_parent(place)
    inside = os.path.join(place.dir, "inside")
    os.mkdir(inside)
    mountpoint = parent + "/rproc"
    fs = Rprocfs(place, mountpoint=mountpoint).start()
    container = Container(place, parent, inside)
    state = inside + "/rproc/class/remoteproc/remoteproc0/state"
    assert container.run("cat " + state) == (0, "offline\n")
    assert container.run("echo start > " + state) == (0, "")
    assert read(mountpoint + "/class/remoteproc/remoteproc0/state") == "running\n"
    for number in (signal.SIGKILL, signal.SIGTERM):
        fs.end(number)
        assert container.run("cat " + state)[0] != 0
        fs.start()
        assert container.run("cat " + state)[0] == 0, number
        container.run("echo start > " + state)
        assert container.run("cat " + state) == (0, "running\n")
    fs.end()


def test_the_class_directory_in_place_of_the_kernels(place):
    """A container's /sys/class with remoteproc in it, made of a tmpfs and a bind."""
    fs = Rprocfs(place).start()
    script = ("mount -t tmpfs -o mode=755 none /sys/class && mkdir /sys/class/remoteproc && "
              "mount --bind %s/class/remoteproc /sys/class/remoteproc && "
              "ls /sys/class/remoteproc" % fs.mount)
    result = subprocess.run(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    if result.returncode and "mount:" in result.stderr:
        raise Skip("no tmpfs over /sys/class here: " + result.stderr)
    assert result.stdout == "remoteproc0\nremoteproc1\nremoteproc2\nremoteproc3\n"


run(globals())
