#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Who may do what: root, others, a group, and the root of a user namespace."""
import os
import subprocess
from mountlib import *

USER, GROUP, OTHER_GROUP = 61234, 61235, 61236


def as_user(groups, *command):
    """Run as an ordinary user who is in these groups. Answers (rc, output)."""
    def become():
        os.setgroups(groups)
        os.setgid(OTHER_GROUP)
        os.setuid(USER)
    result = subprocess.run(command, preexec_fn=become, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    return result.returncode, result.stdout


def refused(answer):
    return answer[0] != 0 and "Permission denied" in answer[1]


def test_others_read_and_do_not_write(place):
    skip_unless_root()
    fs = Rprocfs(place).start()
    assert as_user([], "cat", fs.path("state")) == (0, "offline\n")
    assert as_user([], "ls", fs.mount + "/class/remoteproc")[0] == 0
    for file in ("state", "firmware", "recovery", "coredump", "name", "dev"):
        assert refused(as_user([], "sh", "-c", "echo start > " + fs.path(file))), file
    assert refused(as_user([], "cat", fs.path("dev")))
    assert refused(as_user([], "ls", fs.mount + "/kernel/debug"))
    assert refused(as_user([], "cat", fs.path("debug/name")))
    assert refused(as_user([], "sh", "-c", "echo 1 > " + fs.path("debug/crash")))
    assert as_user([], "chmod", "666", fs.path("state"))[0] != 0
    with open("/proc/self/mounts") as f:
        line = next(l for l in f if fs.mount in l)
    for option in ("allow_other", "default_permissions", "nosuid", "nodev", "noexec"):
        assert option in line, line
    assert line.startswith("rproc ") and " fuse.rproc " in line, line


def test_sysfs_forbids_root_too(place):
    fs = Rprocfs(place).start()
    fails(errno.EACCES, write, fs.path("name"), "x")
    fails(errno.EACCES, os.open, fs.path("nosuch"), os.O_WRONLY | os.O_CREAT)
    os.chmod(fs.path("name"), 0o644)
    fails(errno.EIO, write, fs.path("name"), "x")
    assert oct(os.stat(fs.path("name")).st_mode) == "0o100644"
    fails(errno.EINVAL, write, fs.path("debug/name"), "x")


def test_a_group_may_start_and_stop(place):
    skip_unless_root()
    fs = Rprocfs(place, "--gid", str(GROUP)).start()
    assert as_user([GROUP], "sh", "-c", "echo start > " + fs.path("state")) == (0, "")
    assert read(fs.path("state")) == "running\n"
    assert as_user([GROUP], "sh", "-c", "printf stop > " + fs.path("dev")) == (0, "")
    assert read(fs.path("state")) == "offline\n"
    assert refused(as_user([], "sh", "-c", "echo start > " + fs.path("state")))
    assert refused(as_user([GROUP], "ls", fs.mount + "/kernel/debug"))
    path = fs.mount + "/module/firmware_class/parameters/path"
    assert refused(as_user([GROUP], "sh", "-c", "echo /tmp > " + path))


def test_chown_and_chmod_are_kept(place):
    skip_unless_root()
    fs = Rprocfs(place).start()
    os.chown(fs.path("state"), USER, -1)
    assert as_user([], "sh", "-c", "echo start > " + fs.path("state")) == (0, "")
    os.chmod(fs.path("state"), 0o400)
    assert refused(as_user([], "sh", "-c", "echo stop > " + fs.path("state")))
    os.chown(fs.path("state"), 0, 0)
    os.chmod(fs.path("state"), 0o644)
    write(fs.path("state"), "stop")


def test_modes_on_the_command_line(place):
    fs = Rprocfs(place, "--mode", "0600").start()
    assert oct(os.stat(fs.path("state")).st_mode) == "0o100600"
    assert oct(os.stat(fs.path("name")).st_mode) == "0o100444"
    for mode in ("0777", "44", "rw", "0660x", ""):
        bad = Rprocfs(place, "--mode", mode)
        assert subprocess.run(bad.command, stderr=subprocess.DEVNULL).returncode == 2, mode


def test_a_client_in_a_user_namespace(place):
    """Its root is nobody out here: it reads; what the group may do it may do if the group
    is mapped."""
    skip_unless_root()
    fs = Rprocfs(place, "--gid", str(GROUP)).start()

    def inside(group, script):
        """A container's root: its ids are 100000 and up, one group of ours is mapped in."""
        code = ("import os,sys\n"
                "r, w = os.pipe(); r2, w2 = os.pipe()\n"
                "pid = os.fork()\n"
                "if not pid:\n"
                "    libc = __import__('ctypes').CDLL(None, use_errno=True)\n"
                "    libc.unshare(0x10000000) and sys.exit('user namespaces are refused here')\n"
                "    os.write(w, b'x'); os.read(r2, 1)\n"
                "    os.setgroups([%d] if %d else []); os.setgid(0); os.setuid(0)\n"
                "    os.execvp('sh', ['sh', '-c', sys.argv[1]])\n"
                "os.close(w); os.read(r, 1) or sys.exit(1)\n"
                "open('/proc/%%d/uid_map' %% pid, 'w').write('0 100000 1000')\n"
                "open('/proc/%%d/gid_map' %% pid, 'w').write('0 100000 1000\\n%d %d 1')\n"
                "os.write(w2, b'x')\n"
                "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
                % (group, group, GROUP, GROUP))
        result = subprocess.run([sys.executable, "-c", code, script], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        return result.returncode, result.stdout
    rc, out = inside(0, "id -u; cat " + fs.path("state"))
    if rc and "offline" not in out:
        raise Skip("no user namespace to be had: " + out)
    assert out == "0\noffline\n"
    assert refused(inside(0, "echo start > " + fs.path("state")))
    assert inside(GROUP, "echo start > " + fs.path("state")) == (0, "")
    assert read(fs.path("state")) == "running\n"
    write(fs.path("state"), "stop")


run(globals())
