#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ordinary tools on an attribute of the mount and on one of the running kernel's
sysfs, side by side: exit status, output and messages must be the same."""
import os
import re
import subprocess
from mountlib import *

# Each command runs in the directory of the attribute FILE, which holds GOOD. On sysfs
# that is a number. Here it is `firmware`, which takes the same text, so that outputs are
# the same to the letter; or for what is refused `coredump`, whose words are its own.
GOOD_WORD, BAD = "inline", "bogus1"

SHELLS = ["bash", "dash", "busybox sh"]
SHELL_COMMANDS = [
    "echo GOOD > FILE",
    "echo -n GOOD > FILE",
    "printf GOOD > FILE",
    "printf 'GOOD\\n' > FILE",
    "echo GOOD >> FILE",
    "printf GOOD >> FILE",
    "echo BAD > FILE",
    "echo BAD >> FILE",
    "printf BAD > FILE; echo $?",
    "printf 'GOOD\\n\\n\\n' > FILE # BAD",
    ": > FILE",
    "read x < FILE; echo \"$x\"",
    "x=$(cat FILE); echo \"$x\"",
    "exec 3< FILE; cat <&3; cat <&3; exec 3<&-; echo end",
    "exec 3> FILE; echo GOOD >&3; echo $?; echo BAD >&3; echo $?",
    "exec 3<> FILE; cat <&3; echo GOOD >&3; echo $?",
    "test -w FILE; echo $?; test -x FILE; echo $?; test -s FILE; echo $?; test -f FILE; echo $?",
    "echo x > nosuch",
    "echo x > FILE/below",
    "cd FILE",
    "set -C; echo GOOD > FILE",
]
COMMANDS = [
    "cat FILE",
    "cat FILE FILE",
    "cat -A FILE",
    "head -c 3 FILE",
    "head -n 1 FILE",
    "tail -c 3 FILE",
    "tail -n 1 FILE",
    "tail -c +3 FILE",
    "wc FILE",
    "wc -c FILE",
    "wc -l FILE",
    "od -An -c FILE",
    "grep -c . FILE",
    "grep -q nosuch FILE",
    "tac FILE",
    "rev FILE",
    "sort FILE",
    "sed -n 1p FILE",
    "awk '{ print length($0) }' FILE",
    "cut -c 2-4 FILE",
    "tr a-z A-Z < FILE",
    "paste FILE FILE",
    "md5sum < FILE",
    "cmp FILE FILE",
    "diff FILE FILE",
    "dd if=FILE bs=2 status=none",
    "dd if=FILE bs=1 skip=2 status=none",
    "dd if=FILE bs=4096 status=none",
    "dd if=FILE iflag=direct status=none",
    "echo GOOD | dd of=FILE status=none",
    "echo GOOD | dd of=FILE conv=notrunc status=none",
    "echo GOOD | dd of=FILE conv=fsync status=none",
    "echo GOOD | dd of=FILE oflag=append conv=notrunc status=none",
    "echo GOOD | dd of=FILE oflag=direct status=none",
    "echo BAD | dd of=FILE status=none",
    "echo GOOD | dd of=FILE bs=2 status=none",
    "echo GOOD | tee FILE",
    "echo GOOD | tee -a FILE",
    "echo BAD | tee FILE",
    "/bin/echo GOOD > FILE",
    "/bin/echo BAD > FILE",
    "cp FILE SCRATCH/copy && cat SCRATCH/copy",
    "cp FILE FILE",
    "echo GOOD > SCRATCH/in; cp SCRATCH/in FILE",
    "echo BAD > SCRATCH/in; cp SCRATCH/in FILE",
    "install -m 600 FILE SCRATCH/copy && cat SCRATCH/copy",
    "mv FILE other",
    "rm -f FILE",
    "ln FILE other",
    "ln -s FILE other",
    "mkdir other",
    "rmdir power",
    "touch FILE",
    "touch other",
    "mknod other p",
    "truncate -s 0 FILE; cat FILE",
    "truncate -s 10 FILE; stat -c %s FILE",
    "stat -c '%F %s %h' FILE",
    "stat -c %F .",
    "sync FILE",
    "ls FILE",
    "ls other",
    "sed -i s/a/b/ FILE",
    "find . -maxdepth 1 -name FILE",
    "chmod u+x other",
    "timeout 5 tail -f -c +1 --pid=1 nosuch",
    "busybox cat FILE",
    "busybox head -c 3 FILE",
    "busybox tail -c 3 FILE",
    "busybox wc FILE",
    "busybox dd if=FILE bs=2 2>/dev/null",
    "busybox grep -c . FILE",
    "busybox cp FILE SCRATCH/copy && cat SCRATCH/copy",
    "echo GOOD | busybox tee FILE",
    "echo BAD | busybox tee FILE",
    "busybox tac FILE",
    "busybox md5sum < FILE",
    "busybox touch other",
    "busybox rm -f FILE",
    "busybox truncate -s 3 FILE",
    "busybox stat -c '%F %s' FILE",
    "bash -c 'mapfile -t a < FILE; echo ${#a[@]} ${a[0]}'",
    "bash -c 'echo \"$(< FILE)\"'",
]
PYTHON = [
    "print(open('FILE').read())",
    "print(open('FILE').readlines())",
    "print(open('FILE', 'rb', 0).read(3))",
    "f = open('FILE', 'w'); f.write('GOOD'); f.close()",
    "open('FILE', 'w').write('GOOD\\n')",
    "f = open('FILE', 'w'); f.write('BAD'); f.close()",
    "f = open('FILE', 'a'); f.write('GOOD'); f.close()",
    "f = open('FILE', 'r+'); f.read(); f.write('GOOD'); f.close()",
    "import os; print(os.read(os.open('FILE', os.O_RDONLY | os.O_NONBLOCK), 100))",
    "import os; os.open('FILE', os.O_RDONLY | os.O_DIRECT)",
    "import os; os.open('FILE', os.O_RDONLY | os.O_DIRECTORY)",
    "import os; os.open('FILE', os.O_WRONLY | os.O_CREAT | os.O_EXCL)",
    "import os; os.open('FILE', os.O_RDWR | os.O_CREAT)",
    "import os; os.open('other', os.O_RDWR | os.O_CREAT)",
    "import os; fd = os.open('FILE', os.O_RDONLY); print([os.read(fd, 3) for i in range(4)])",
    "import os; fd = os.open('FILE', os.O_RDONLY); print(os.pread(fd, 9, 2), os.pread(fd, 9, 99))",
    "import os; fd = os.open('FILE', os.O_RDONLY); print([os.lseek(fd, *a) for a in "
    "((0, 2), (4, 1), (1, 0))])",
    "import os; fd = os.open('FILE', os.O_RDONLY); os.lseek(fd, -1, 0)",
    "import os; os.write(os.open('FILE', os.O_RDONLY), b'x')",
    "import os; os.read(os.open('FILE', os.O_WRONLY), 1)",
    "import os; print(os.write(os.open('FILE', os.O_WRONLY), b''))",
    "import os; print(os.pwrite(os.open('FILE', os.O_WRONLY), b'GOOD', 100))",
    "import os; print(os.writev(os.open('FILE', os.O_WRONLY), [b'GOOD', b'']))",
    "import os; fd = os.open('FILE', os.O_WRONLY); print(os.write(fd, b'GOOD'), "
    "os.write(fd, b'GOOD'))",
    "import os; os.ftruncate(os.open('FILE', os.O_WRONLY), 3)",
    "import os; os.fsync(os.open('FILE', os.O_WRONLY))",
    "import os; os.rename('FILE', 'other')",
    "import os; os.unlink('FILE')",
    "import mmap, os; mmap.mmap(os.open('FILE', os.O_RDONLY), 4096, mmap.MAP_SHARED, 1)",
    "import fcntl, os; fcntl.ioctl(os.open('FILE', os.O_RDONLY), 0x5401, bytes(64))",
    "import os; print(os.isatty(os.open('FILE', os.O_RDONLY)))",
    "import fcntl, os; fcntl.flock(os.open('FILE', os.O_RDONLY), fcntl.LOCK_EX)",
    "import os, select; fd = os.open('FILE', os.O_RDWR); os.read(fd, 99); p = select.poll(); "
    "p.register(fd, 0xffff & ~0x2000); print(p.poll(0)[0][1])",
    "import os; fd = os.open('FILE', os.O_RDONLY); o = os.memfd_create('o'); "
    "print(os.sendfile(o, fd, None, 100) > 0)",
    "import os; os.posix_fallocate(os.open('FILE', os.O_RDWR), 0, 100)",
    "import shutil; shutil.copyfile('FILE', 'SCRATCH/copy'); print(open('SCRATCH/copy').read())",
    "import pathlib; pathlib.Path('FILE').write_text('GOOD'); print(pathlib.Path('FILE').exists())",
]


class Side:
    def __init__(self, directory, file, good, scratch):
        self.directory, self.file, self.good, self.scratch = directory, file, good, scratch

    def translate(self, text):
        for word, meaning in (("FILE", self.file), ("GOOD", self.good), ("BAD", BAD),
                              ("SCRATCH", self.scratch)):
            text = text.replace(word, meaning)
        return text

    def normal(self, text):
        for name, word in ((self.scratch, "SCRATCH"), (self.directory, "DIR"), (self.file, "FILE")):
            text = text.replace(name, word)
        text = re.sub(r"\b%s\b" % self.good, "GOOD", text)
        text = re.sub(r"/sed\w{6}\b", "/sed<random>", text)
        return re.sub(r"line \d+: |^\w*sh: \d+: |File \".*\n", "", text, flags=re.M)

    def run(self, argv):
        write(os.path.join(self.directory, self.file), self.good)
        result = subprocess.run([self.translate(a) for a in argv], cwd=self.directory,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
                                env=dict(os.environ, LC_ALL="C"))
        return result.returncode, self.normal(result.stdout.decode(errors="replace"))


def sysfs_side(scratch):
    """A number that may be written: of the machine, harmless and written back as it was;
    or of a network namespace of our own."""
    directory, file, good = "/sys/class/net/lo", "tx_queue_len", "100000"
    if not is_root():
        own = os.path.join(os.path.dirname(scratch), "sys")
        os.mkdir(own)
        if subprocess.run(["mount", "-t", "sysfs", "none", own], stderr=subprocess.DEVNULL).returncode:
            raise Skip("sysfs cannot be mounted")
        directory, file, good = own + directory[4:], "mtu", "65535"
    path = os.path.join(directory, file)
    if not os.path.exists(path):
        raise Skip("no " + path)
    try:
        before = read(path).strip()
        write(path, good)
    except OSError as e:
        raise Skip("%s cannot be written: %s" % (path, e))
    return Side(directory, file, good, scratch), lambda: write(path, before)


def sides(place):
    for tool in ("bash", "dash", "busybox"):
        if subprocess.run(["which", tool], stdout=subprocess.DEVNULL).returncode:
            raise Skip("needs " + tool)
    theirs_dir, ours_dir = os.path.join(place.dir, "a"), os.path.join(place.dir, "b")
    os.mkdir(theirs_dir)
    os.mkdir(ours_dir)
    place.at_end(lambda: subprocess.run(["umount", "-l", os.path.join(place.dir, "sys")],
                                        stderr=subprocess.DEVNULL))
    theirs, restore = sysfs_side(theirs_dir)
    place.at_end(restore)
    server = Server(place)
    directory = os.path.dirname(server.path("state"))
    return theirs, Side(directory, "firmware", theirs.good, ours_dir), \
        Side(directory, "coredump", GOOD_WORD, ours_dir)


def compare(place, commands):
    theirs, same_text, words = sides(place)
    different = []
    for argv in commands:
        ours = words if "BAD" in argv[-1] else same_text
        wanted, got = theirs.run(argv), ours.run(argv)
        if wanted != got:
            different.append("%s\n    sysfs %r\n    mount %r" % (argv, wanted, got))
    assert not different, "%d of %d differ:\n%s" % (len(different), len(commands),
                                                   "\n".join(different))


def test_shells(place):
    compare(place, [shell.split() + ["-c", c] for shell in SHELLS for c in SHELL_COMMANDS])


def test_tools(place):
    compare(place, [["bash", "-c", c] for c in COMMANDS])


def test_python(place):
    compare(place, [[sys.executable, "-c", c] for c in PYTHON])


run(globals())
