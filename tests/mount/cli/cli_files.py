#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The command-line tool on files that only look like a mount: what no well-behaved
server shows, outputs that cannot be written, places that must not be replaced.

    cli_files.py RPROC
"""
import os
import resource
import select
import shutil
import stat
import subprocess
import sys
import tempfile
import threading

RPROC = sys.argv[1]
DUMP = b"\x7fELF and so on\n" * 1000
# What begins a control sequence: in one byte, and as the UTF-8 of U+009B.
STEER = b"\x1b[2J", b"\xc2\x9b2J"


class Tree:
    """Files as of one processor, m4, that is running; with librproc/ if it is @own."""

    def __init__(self, own=False):
        self.root = tempfile.mkdtemp()
        self.put("class/remoteproc/remoteproc0/name", b"m4\n")
        self.put("class/remoteproc/remoteproc0/state", b"running\n")
        self.put("class/remoteproc/remoteproc0/firmware", b"fw.elf\n")
        if own:
            os.makedirs(self.path("librproc/m4"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def path(self, name):
        return os.path.join(self.root, name)

    def put(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def get(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def put_dump(self):
        self.put("class/devcoredump/devcd1/data", DUMP)

    def break_file(self, name):
        """Neither to be read nor written, not even by root."""
        os.remove(self.path(name))
        os.mkdir(self.path(name))

    def command(self, *args):
        return [RPROC, "--mount", self.root, *args]

    def run(self, *args, **options):
        return subprocess.run(self.command(*args), stdin=subprocess.DEVNULL,
                              **{"capture_output": True, "timeout": 60, **options})


# ---- dump ---------------------------------------------------------------------------

def dump_replaces_no_pipe_and_no_link():
    with Tree() as tree:
        tree.put_dump()
        os.mkfifo(tree.path("fifo"))
        heard = []
        reader = threading.Thread(target=lambda: heard.append(tree.get("fifo")), daemon=True)
        reader.start()
        assert tree.run("dump", tree.path("fifo")).returncode == 0
        assert stat.S_ISFIFO(os.lstat(tree.path("fifo")).st_mode), "the fifo is gone"
        reader.join(60)
        assert heard == [DUMP]
        # As /dev/stdout is one.
        tree.put_dump()
        tree.put("target", b"old" * len(DUMP))
        os.symlink("target", tree.path("link"))
        assert tree.run("dump", tree.path("link")).returncode == 0
        assert os.path.islink(tree.path("link")), "the link is gone"
        assert tree.get("target") == DUMP
        assert sorted(os.listdir(tree.root)) == ["class", "fifo", "link", "target"]


def dump_to_the_output_by_its_path():
    with Tree() as tree:
        tree.put_dump()
        done = tree.run("dump", "/dev/fd/1")
        assert done.returncode == 0, done
        assert done.stdout == DUMP


def dump_that_may_not_be_so_large_is_kept():
    with Tree() as tree:
        tree.put_dump()
        done = tree.run("dump", tree.path("core"),
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        assert done.returncode == 1 and b"EFBIG" in done.stderr, done
        assert tree.get("class/devcoredump/devcd1/data") == DUMP
        assert not [name for name in os.listdir(tree.root) if name.startswith("core")]


def dump_never_writes_to_a_file_it_found():
    """Somebody may hold it open, or have it under another name."""
    with Tree() as tree:
        tree.put_dump()
        found = tree.put("core.part", b"mine")
        os.chmod(found, 0o666)
        os.link(found, tree.path("kept"))
        assert tree.run("dump", tree.path("core")).returncode == 0
        assert tree.get("core") == DUMP
        assert tree.get("kept") == b"mine", "somebody's file was written to"
        assert stat.S_IMODE(os.stat(tree.path("core")).st_mode) == 0o600
        assert not os.path.exists(found)


# ---- output ----------------------------------------------------------------------------

def output_that_is_lost_is_a_failure():
    with Tree() as tree, open("/dev/full", "wb") as full:
        tree.put("kernel/debug/remoteproc/remoteproc0/trace0", b"hello\n")
        tree.put("kernel/debug/remoteproc/remoteproc0/trace1", b"x" * 100000)
        for args in (["list"], ["status"], ["log", "m4"], ["firmware", "m4"], ["--help"],
                     ["--version"], ["list", "--help"], ["watch", "--until", "running", "m4"]):
            done = tree.run(*args, capture_output=False, stdout=full, stderr=subprocess.PIPE)
            assert done.returncode == 1, (args, done)
            assert b"output could not be written" in done.stderr, (args, done)


def nothing_that_is_shown_steers_a_terminal():
    for steer in STEER:
        with Tree() as tree:
            name = b"m4" + steer
            tree.put("class/remoteproc/remoteproc0/name", name + b"\n")
            tree.put("class/remoteproc/remoteproc0/state", b"run" + steer + b"\n")
            shown = [tree.run(*args) for args in
                     (["list"], ["status"], ["log", name], ["start", name], ["stop", "0"],
                      ["watch", "--until", "offline", "--timeout", "0", name],
                      ["start", name + b"x"], ["watch", name, name],
                      ["crash", "0", steer], [steer], ["-" + os.fsdecode(steer)])]
            tree.put("class/remoteproc/remoteproc1/name", name + b"\n")
            shown.append(tree.run("start", name))
            tree.put("kernel/debug/remoteproc/remoteproc0/trace0", b"a" + steer + b"b\n")
            done = tree.run("log", "0")
            assert done.stdout.startswith(b"a") and done.stdout.endswith(b"b\n")
            shown.append(done)
            for done in shown:
                assert steer not in done.stdout + done.stderr, done
    # What is text in any language stays as it is.
    with Tree() as tree:
        text = "Gr\u00fc\u00dfe, \u4f60\u597d \u015b\u0141 \U0001f600\n".encode()
        tree.put("kernel/debug/remoteproc/remoteproc0/trace0", text)
        assert tree.run("log", "0").stdout == text


# ---- watch ------------------------------------------------------------------------------

def read_until(pipe, text):
    seen = b""
    while text not in seen:
        assert select.select([pipe], [], [], 60)[0], seen
        more = os.read(pipe.fileno(), 4096)
        assert more, seen
        seen += more
    return seen


def one_processors_words_are_not_anothers_events():
    """Firmware chooses its last words, and they are in the event of its crash."""
    with Tree(own=True) as tree:
        tree.put("class/remoteproc/remoteproc1/name", b"m7\n")
        tree.put("class/remoteproc/remoteproc1/state", b"running\n")
        os.mkfifo(tree.path("librproc/events"))
        events = os.open(tree.path("librproc/events"), os.O_RDWR)
        watch = subprocess.Popen(tree.command("watch", "--until", "crashed", "m7"),
                                 stdout=subprocess.PIPE)
        read_until(watch.stdout, b"m7 is running\n")
        os.write(events, b"7 1.000000000 remoteproc0 m4 running -> crashed: fatal error: its "
                         b"last words: remoteproc1 m7 running -> crashed\n")
        os.write(events, b"8 2.000000000 remoteproc1 m7 running -> crashed: watchdog\n")
        said = watch.communicate(timeout=60)[0]
        os.close(events)
        assert watch.returncode == 0
        assert said == b"8 2.000000000 remoteproc1 m7 running -> crashed: watchdog\n", said


def what_may_be_among_lost_events_is_not_waited_for():
    """The state there is may be it; if not, nobody knows, and it might never come again."""
    for state, code, words in ((b"running\n", 1, b"whether m4 was crashed meanwhile is not known"),
                               (b"crashed\n", 0, b"")):
        with Tree(own=True) as tree:
            os.mkfifo(tree.path("librproc/events"))
            events = os.open(tree.path("librproc/events"), os.O_RDWR)
            watch = subprocess.Popen(tree.command("watch", "--until", "crashed", "m4"),
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            read_until(watch.stdout, b"m4 is running\n")
            # Of the same words in a reason nobody takes fright.
            os.write(events, b"7 1.000000000 remoteproc0 m4 added: 9 events lost\n")
            read_until(watch.stdout, b"9 events lost\n")
            tree.put("class/remoteproc/remoteproc0/state", state)
            os.write(events, b"8 2.000000000 3 events lost\n")
            said, complaint = watch.communicate(timeout=60)
            os.close(events)
            assert watch.returncode == code, (said, complaint)
            assert b"3 events lost\nremoteproc0 m4 is " + state in said, said
            assert words in complaint, complaint


def a_state_that_does_not_exist_is_not_waited_for():
    with Tree() as tree:
        for until in ("runing", "", "running,", ",running", "running,,offline"):
            done = tree.run("watch", "--timeout", "0", "--until", until, "m4")
            assert done.returncode == 2, (until, done)
        for until in ("offline", "running,crashed", "suspended", "attached,detached"):
            done = tree.run("watch", "--timeout", "0", "--until", until, "m4")
            assert done.returncode == 5, (until, done)


# ---- refusals ---------------------------------------------------------------------------

def what_cannot_be_read_is_told():
    with Tree() as tree:
        tree.break_file("class/remoteproc/remoteproc0/state")
        done = tree.run("list")
        assert done.returncode == 1 and b"EISDIR" in done.stderr, done
        tree.break_file("class/remoteproc/remoteproc0/name")
        done = tree.run("start", "m4")
        assert done.returncode == 1 and b"EISDIR" in done.stderr, done
        # One that goes away while it is looked at was not there.
        tree.put("class/remoteproc/remoteproc1/name", b"m7\n")
        shutil.rmtree(tree.path("class/remoteproc/remoteproc0"))
        done = tree.run("list")
        assert done.returncode == 0 and not done.stdout, done


def a_refused_firmware_changes_no_search_path():
    with Tree() as tree:
        path = "module/firmware_class/parameters/path"
        tree.put(path, b"/before")
        tree.put("new.elf", b"x")
        tree.break_file("class/remoteproc/remoteproc0/firmware")
        done = tree.run("firmware", "m4", tree.path("new.elf"))
        assert done.returncode == 1, done
        assert tree.get(path) == b"/before", "it searches elsewhere now"


def an_old_story_is_no_reason():
    """Who may not even ask gets no answer out of the past."""
    with Tree(own=True) as tree:
        tree.put("librproc/m4/last_error", b"no such file as yesterday.elf\n")
        tree.break_file("class/remoteproc/remoteproc0/state")
        done = tree.run("start", "m4")
        assert done.returncode == 1 and b"EISDIR" in done.stderr, done
        assert b"yesterday" not in done.stderr, done


def a_broken_mount_is_not_taken_for_the_kernel():
    """What is asked of a board must not be done to the machine itself."""
    script = ('mount -t tmpfs none /run && ln -s rproc /run/rproc && mount --bind "$1" /sys && '
              'echo inside && exec "$2" list')
    with Tree() as tree:
        done = subprocess.run(["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "-m", "sh",
                               "-c", script, "sh", tree.root, RPROC], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60)
        if not done.stdout.startswith(b"inside\n"):
            print("not tested: no mount namespace of our own:", done.stderr)
            return
        assert done.returncode == 4, done
        assert done.stdout == b"inside\n" and b"ELOOP" in done.stderr, done


for test in (dump_replaces_no_pipe_and_no_link,
             dump_to_the_output_by_its_path,
             dump_never_writes_to_a_file_it_found,
             dump_that_may_not_be_so_large_is_kept,
             output_that_is_lost_is_a_failure,
             nothing_that_is_shown_steers_a_terminal,
             one_processors_words_are_not_anothers_events,
             what_may_be_among_lost_events_is_not_waited_for,
             a_state_that_does_not_exist_is_not_waited_for,
             what_cannot_be_read_is_told,
             a_refused_firmware_changes_no_search_path,
             an_old_story_is_no_reason,
             a_broken_mount_is_not_taken_for_the_kernel):
    test()
    print(f"ok: {test.__name__}")
