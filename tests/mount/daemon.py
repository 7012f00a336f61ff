#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The program: it comes back when the mount answers, refuses to stack, cleans up after
the dead, and leaves nothing behind."""
import os
import resource
import select
import signal
import socket
import subprocess
import time
from mountlib import *


def test_it_returns_when_the_mount_answers(place):
    fs = Rprocfs(place)
    result = fs.run()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert read(fs.path("state")) == "offline\n"
    assert sorted(os.listdir(fs.mount + "/class/remoteproc")) == [
        "remoteproc%d" % i for i in range(4)]
    assert os.readlink("/proc/%d/cwd" % fs.pid()) == "/"
    for fd in "012":
        assert os.readlink("/proc/%d/fd/%s" % (fs.pid(), fd)) == "/dev/null"


def test_signals_unmount_and_stop(place):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        fs = Rprocfs(place).start()
        write(fs.path("state"), "start")
        machines = children(fs.pid())
        fs.end(number)
        assert not is_mounted(fs.mount)
        for pid in machines:
            wait_for(lambda: not state_of(pid))


def children(parent):
    """Whose parent this is: the machines of running processors."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                if int(f.read().rsplit(")", 1)[1].split()[1]) == parent:
                    found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def test_an_unmount_ends_it(place):
    fs = Rprocfs(place).start()
    fd = os.pidfd_open(fs.pid())
    subprocess.run(["umount", fs.mount], check=True)
    ready, _, _ = select.select([fd], [], [], WAIT_S * SLOW)
    os.close(fd)
    assert ready, "it goes on without a mount"


def test_an_aborted_connection_leaves_no_dead_mount(place):
    skip_unless_root()
    fs = Rprocfs(place).start()
    number = os.minor(os.stat(fs.mount).st_dev)
    control = os.path.join(place.dir, "control")
    os.mkdir(control)
    subprocess.run(["mount", "-t", "fusectl", "fusectl", control], check=True)
    place.at_end(lambda: subprocess.run(["umount", control], check=True))
    fd = os.pidfd_open(fs.pid())
    with open("%s/%d/abort" % (control, number), "w") as f:
        f.write("1")
    assert select.select([fd], [], [], WAIT_S * SLOW)[0], "did not end"
    os.close(fd)
    assert not is_mounted(fs.mount)


def test_a_second_one_is_refused(place):
    fs = Rprocfs(place).start()
    result = fs.run()
    assert result.returncode == 1
    assert "is being served by process %d" % fs.pid() in result.stderr, result.stderr
    assert read(fs.path("state")) == "offline\n"
    # By another name of the same directory, too.
    os.symlink(place.dir, os.path.join(place.dir, "link"))
    other = Rprocfs(place, mountpoint=os.path.join(place.dir, "link", "mnt") + "/")
    assert "is being served" in other.run().stderr


def test_a_dead_mount_is_cleaned(place):
    fs = Rprocfs(place).start()
    held = os.open(fs.path("state"), os.O_RDONLY)
    fs.end(signal.SIGKILL)
    assert is_mounted(fs.mount)
    fails(errno.ENOTCONN, os.listdir, fs.mount)
    result = fs.run()
    assert result.returncode == 0, result
    assert "took away the mount of a dead rprocfs" in result.stderr
    assert read(fs.path("state")) == "offline\n"
    with open("/proc/self/mountinfo") as f:
        assert sum(line.split()[4] == fs.mount for line in f) == 1
    fails(errno.ENOTCONN, os.read, held, 10)
    fails(errno.ENOTCONN, os.close, held)


def test_one_mount_point_has_one_name(place):
    """However it is spelled: a second daemon would be stacked on the first, unseen."""
    link, relative, chain = (os.path.join(place.dir, n) for n in ("link", "relative", "chain"))
    os.symlink(place.mount, link)
    os.symlink("mnt", relative)
    os.symlink("link", chain)
    fs = Rprocfs(place).start()
    names = [(link, None), (link + "/", None), (relative, "/"), (chain, "/"), (".", place.mount),
             ("./", place.mount), (place.mount + "/.", "/"), (place.mount + "/./", "/"),
             ("..", place.mount + "/class"), ("mnt//", place.dir),
             ("../" + os.path.basename(place.dir) + "/mnt", place.dir)]
    for name, directory in names:
        again = subprocess.run(Rprocfs(place, mountpoint=name).command, cwd=directory, text=True,
                               stderr=subprocess.PIPE, timeout=WAIT_S * SLOW)
        assert again.returncode == 1 and "is being served by process" in again.stderr, (name, again)
        assert place.mount in again.stderr
    fs.end()
    assert not is_mounted(place.mount)
    # A mount through a link is where the link leads, also when its daemon is dead.
    fs = Rprocfs(place, mountpoint=link).start()
    assert is_mounted(place.mount)
    fs.end(signal.SIGKILL)  # waits for its last thread, which may hold the lock still
    fs = Rprocfs(place, mountpoint=relative).start()
    assert read(fs.path("state")) == "offline\n"
    fs.end()
    for name, wrong in (("", "No such file"), (place.dir + "/loop", "Too many levels")):
        if name:
            os.symlink("loop", name)
        expect(place, [], 1, wrong, name)


def test_a_long_path_has_a_lock_too(place):
    path = os.path.join(place.dir, *["d" * 60] * 5)
    os.makedirs(path)
    fs = Rprocfs(place, mountpoint=path).start()
    again = Rprocfs(place, mountpoint=path).run()
    assert again.returncode == 1 and "is being served by process" in again.stderr, again
    fs.end()
    assert os.listdir(path) == []


def test_the_directory_is_made(place):
    path = os.path.join(place.dir, "new")
    fs = Rprocfs(place, mountpoint=path).start()
    assert os.listdir(path)
    fs.end()
    assert os.listdir(path) == []


def expect(place, args, code, text, mountpoint=None):
    command = Rprocfs(place, *args, mountpoint=place.mount if mountpoint is None else mountpoint).command
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=WAIT_S * SLOW)
    assert result.returncode == code, result
    assert text in result.stdout, result
    assert not is_mounted(place.mount)


def test_what_makes_no_sense_is_refused_in_words(place):
    expect(place, ["--help"], 0, "usage: rprocfs")
    expect(place, ["--version"], 0, "rprocfs 0.")
    expect(place, ["--nosuch"], 2, "Try: rprocfs --help")
    expect(place, ["elsewhere"], 2, "one mount point")
    expect(place, ["--board", "nosuch"], 2, "there are: host")
    expect(place, ["--board", "host", "--live"], 2, "exclude each other")
    expect(place, ["--gid", "no such group"], 2, "no such group")
    expect(place, ["--log-level", "9"], 2, "from 1 to 7")
    expect(place, ["--dtb", place.dir + "/nosuch.dtb"], 1, "nosuch.dtb")
    with open(place.dir + "/junk.dtb", "w") as f:
        f.write("junk")
    expect(place, ["--dtb", place.dir + "/junk.dtb"], 1, "junk.dtb")
    expect(place, ["--hw", "model", "--bare", "--dtb", place.dir + "/junk.dtb"], 1,
           "board %s/junk.dtb: " % place.dir)
    nowhere = place.dir + "/nowhere"
    expect(place, ["--plugin-path", nowhere], 1, "%s: No such file or directory" % nowhere)
    expect(place, ["--start", "nobody"], 1, "there is no such processor")
    expect(place, [], 1, "cannot make the directory", "/proc/nosuch")
    expect(place, [], 1, "mount point", place.dir + "/no/where")


def test_paths_are_of_the_directory_it_is_started_in(place):
    plugins = os.path.join(build_dir(), "plugins")
    fs = Rprocfs(place, "-P", "nowhere:host", cwd=plugins).start()
    assert read(fs.path("state")) == "offline\n"
    fs.end()
    gone = os.path.join(place.dir, "gone")
    os.mkdir(gone)
    leave = ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', gone]
    fs = Rprocfs(place, "-P", "host")
    result = subprocess.run(leave + fs.command, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 2 and "host: cannot be found from here" in result.stderr, result
    # Who names all of them from the root needs no directory to be in.
    os.mkdir(gone)
    fs = Rprocfs(place, "-P", os.path.join(plugins, "host"))
    place.at_end(fs.kill)
    subprocess.run(leave + fs.command, check=True)
    assert read(fs.path("state")) == "offline\n"


def test_a_processor_that_does_not_come_up_is_told(place):
    board = os.path.join(place.dir, "board.dtb")
    nodes = "".join('worker@%x { compatible = "librproc,template"; reg = <0x%x 0x%x>; };' % node
                    for node in ((0x10000000, 0x10000000, 0x2000), (0x20000000, 0x20000000, 0x123)))
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", board], check=True, text=True,
                   input="/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; %s };" % nodes)
    fs = Rprocfs(place, "--dtb", board, "-P", os.path.join(build_dir(), "plugins/template"))
    result = fs.run()
    assert result.returncode == 0, result
    assert os.listdir(fs.mount + "/class/remoteproc") == ["remoteproc0"]
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("rprocfs: board "), lines
    assert "worker" in lines[0] and "0x123 bytes" in lines[0], lines


def test_start_on_the_command_line(place):
    fs = Rprocfs(place, "--start", "host1", "--start", "remoteproc2=spin.elf",
                 "--start", "host3=nosuch.elf").start()
    wait_for(lambda: read(fs.path("state", 1)) == "running\n")
    wait_for(lambda: read(fs.path("state", 2)) == "running\n")
    assert read(fs.path("firmware", 2)) == "spin.elf\n"
    wait_for(lambda: "nosuch.elf" in read(fs.mount + "/librproc/host3/last_error"))
    assert read(fs.path("state", 3)) == "offline\n"
    assert read(fs.path("state", 0)) == "offline\n"


def test_a_start_with_a_firmware_is_not_one_with_another(place):
    fs = Rprocfs(place, "--start", "host0=", "--start", "host1").start()
    wait_for(lambda: read(fs.path("state", 1)) == "running\n")

    def logged():
        fd = os.open(fs.mount + "/librproc/log", os.O_RDONLY | os.O_NONBLOCK)
        lines = []
        try:
            while True:
                lines.append(os.read(fd, 4096).decode())
        except BlockingIOError:
            return any("--start host0: " in line and "Invalid argument:" not in line
                       for line in lines)
        finally:
            os.close(fd)
    wait_for(logged)
    assert read(fs.path("state", 0)) == "offline\n"
    assert "boots 0\n" in read(fs.mount + "/librproc/host0/counters")


def test_in_the_foreground(place):
    fs = Rprocfs(place)
    address = os.path.join(place.dir, "notify")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(address)
    notify.settimeout(WAIT_S * SLOW)
    process = subprocess.Popen(fs.command[:-1] + ["--foreground", fs.mount], text=True,
                               stderr=subprocess.PIPE, env=dict(os.environ, NOTIFY_SOCKET=address))
    place.at_end(lambda: process.poll() is None and process.kill())
    assert notify.recv(100) == b"READY=1"
    assert read(fs.path("state")) == "offline\n"
    process.send_signal(signal.SIGTERM)
    assert notify.recv(100) == b"STOPPING=1"
    assert process.wait(WAIT_S * SLOW) == 0
    text = process.stderr.read()
    process.stderr.close()
    notify.close()
    assert "remoteproc remoteproc0: host0 is available" in text


def test_the_log_in_the_foreground_has_the_lines_of_the_mount_too(place):
    """What the files say of themselves, as the library's lines: once in the log, once there."""
    fs = Rprocfs(place)
    process = subprocess.Popen(fs.command[:-1] + ["--foreground", fs.mount], text=True,
                               stderr=subprocess.PIPE)
    place.at_end(lambda: process.poll() is None and process.kill())
    wait_for(lambda: is_mounted(fs.mount))
    fails(errno.ENOSPC, write, fs.mount + "/module/firmware_class/parameters/path", "x" * 300)
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S * SLOW) == 0
    text = process.stderr.read()
    process.stderr.close()
    assert text.count("<3>firmware_class.path: string doesn't fit in 255 chars.\n") == 1, text


def test_a_limit_of_file_sizes_is_an_answer_not_an_end(place):
    fs = Rprocfs(place)
    limit = (65536, 65536)
    subprocess.run(fs.command, check=True,
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    fails(errno.EFBIG, write, fs.path("state"), "start")
    assert "ulimit -f" in read(fs.mount + "/librproc/host0/last_error")
    assert read(fs.path("state")) == "offline\n"


def test_without_dev_null_nothing_keeps_the_terminal(place):
    skip_unless_root()
    fs = Rprocfs(place, "--start", "host0")
    script = ("mount -t tmpfs none /dev && mknod /dev/fuse c %d %d && exec \"$@\"" %
              ((lambda n: (os.major(n), os.minor(n)))(os.stat("/dev/fuse").st_rdev)))
    result = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh"] + fs.command,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=WAIT_S * SLOW)
    # The pipes ended, or this would not have come back: nobody holds them.
    assert (result.returncode, result.stderr) == (0, b""), result
    server = fs.pid()
    place.at_end(lambda: fs.end())
    root = "/proc/%d/root" % server
    wait_for(lambda: read(root + fs.path("state")) == "running\n")
    monitor, = (int(p) for p in filter(str.isdigit, os.listdir("/proc"))
                if command_line(p).startswith("rproc-monitor") and
                os.path.exists("/proc/%s/ns/mnt" % p) and
                os.readlink("/proc/%s/ns/mnt" % p) == os.readlink("/proc/%d/ns/mnt" % server))
    for pid in server, monitor:
        for fd in "012":
            assert os.path.samefile("/proc/%d/fd/%s" % (pid, fd), "/proc/%d/root" % pid)


def test_a_mount_that_is_refused_says_what_to_try(place):
    skip_unless_root()
    device = "mknod -m %s /dev/fuse c %d %d; " + ("mknod -m 666 /dev/null c %d %d" % (
        os.major(os.stat("/dev/null").st_rdev), os.minor(os.stat("/dev/null").st_rdev)))
    number = os.stat("/dev/fuse").st_rdev
    number = os.major(number), os.minor(number)
    state, mine = place.dir + "/s", place.dir + "/mine"
    for path in (state, mine):
        os.mkdir(path, 0o700)
    os.chown(state, 65534, 65534)
    nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups "
    if subprocess.run(nobody.split() + ["test", "-x", Rprocfs(place).command[0]]).returncode:
        raise Skip("user 65534 cannot reach the build directory")
    for prepare, become, text in (
            ("true", "", "there is no /dev/fuse\n  try: modprobe fuse"),
            (device % ("600", *number), nobody, "user 65534 may not open /dev/fuse\n  try: as root"),
            (device % ("666", *number), nobody, "user 65534 may not mount here\n  try: unshare -Urm"),
            (device % ("666", *number), "setpriv --bounding-set -sys_admin --inh-caps -sys_admin ",
             "the kernel refuses it\n  try: a container needs")):
        fs = Rprocfs(place, "--state-dir", state if become == nobody else mine)
        script = "mount -t tmpfs none /dev; %s; exec %s\"$@\"" % (prepare, become)
        result = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh"] + fs.command, text=True,
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                timeout=WAIT_S * SLOW)
        assert result.returncode == 1, (text, result)
        assert "rprocfs: cannot mount %s: " % place.mount + text in result.stderr, (text, result)
    result = subprocess.run(Rprocfs(place, "--state-dir", state).command, text=True,
                            stderr=subprocess.PIPE)
    assert result.returncode == 1 and "belongs to user 65534 with mode 0700" in result.stderr, result


def command_line(pid):
    try:
        with open("/proc/%s/cmdline" % pid) as f:
            return f.read().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_the_end_does_not_wait_for_clients(place):
    """A writer whose start is pending gets EINTR, and the end comes soon."""
    fs = Rprocfs(place, "--start", "host0=stubborn.elf").start()
    wait_for(lambda: read(fs.path("state")) == "running\n")
    stop = client(place, "import os,sys\n"
                  "fd = os.open(sys.argv[1], os.O_WRONLY)\nprint('open', flush=True)\n"
                  "try: print(os.write(fd, b'stop'), flush=True)\n"
                  "except OSError as e: print(-e.errno, flush=True)\n", fs.path("state"))
    assert stop.stdout.readline() == "open\n"
    began = time.monotonic()
    fs.end()
    assert time.monotonic() - began < 5 * SLOW
    assert int(stop.stdout.readline()) in (4, -errno.ENOTCONN, -errno.ECONNABORTED)


run(globals())
