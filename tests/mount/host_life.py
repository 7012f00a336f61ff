#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A whole life of a real processor through the mount: start, trace, crash, recovery, dump,
detach, the death of the program, an attach by the next one, and the end."""
import os
import signal
import subprocess
from mountlib import *

HELLO = "hello from the host processor"


def trace(fs):
    return read(fs.path("debug/trace0"))


def await_state(fs, word):
    wait_for(lambda: read(fs.path("state")) == word + "\n")


def test_a_whole_life(place):
    fs = Rprocfs(place).start()
    write(fs.path("coredump"), "enabled")
    write(fs.path("state"), "start\n")
    assert read(fs.path("state")) == "running\n"
    wait_for(lambda: HELLO in trace(fs))
    assert "is of type trace" in read(fs.path("debug/resource_table"))

    events = os.open(fs.path("librproc/events"), os.O_RDONLY)
    write(fs.path("debug/crash"), "1")
    text = ""
    while "offline -> running: recovery" not in text:
        text += os.read(events, 4096).decode()
    os.close(events)
    assert "running -> crashed: crash: watchdog" in text
    assert read(fs.path("state")) == "running\n"
    wait_for(lambda: HELLO in trace(fs))
    dump = fs.mount + "/class/devcoredump/devcd1/data"
    header = subprocess.run(["readelf", "-h", dump], stdout=subprocess.PIPE, check=True).stdout
    assert b"CORE (Core file)" in header, header
    write(dump, "x")

    write(fs.path("state"), "detach")
    assert read(fs.path("state")) == "detached\n"
    fs.end(signal.SIGKILL)
    fs = Rprocfs(place).start()
    assert read(fs.path("state")) == "detached\n"
    write(fs.path("state"), "start")
    assert read(fs.path("state")) == "attached\n"
    assert read(fs.path("firmware")) == "unknown\n"
    assert HELLO in trace(fs)
    write(fs.path("state"), "stop")
    assert read(fs.path("state")) == "offline\n"
    write(fs.path("state"), "start")
    assert read(fs.path("state")) == "running\n"


def test_a_real_fault_has_a_story(place):
    fs = Rprocfs(place).start()
    write(fs.path("recovery"), "disabled")
    # A story of an earlier refusal does not hide that of the crash.
    fails(errno.EINVAL, write, fs.path("state"), "stop")
    write(fs.path("firmware"), "crash_segv_on_start.elf")
    write(fs.path("state"), "start")
    await_state(fs, "crashed")
    story = read(fs.path("librproc/host0/last_error"))
    assert "SIGSEGV" in story and "0x" in story, story
    # The next good image boots.
    write(fs.path("state"), "stop")
    write(fs.path("firmware"), "hello.elf")
    write(fs.path("state"), "start")
    assert read(fs.path("state")) == "running\n"


def test_bad_firmware_loses_nothing(place):
    fs = Rprocfs(place).start()
    bad = os.path.join(place.dir, "fw")
    os.mkdir(bad)
    with open(os.path.join(build_dir(), "examples/firmware/hello.elf"), "rb") as f:
        good = f.read()
    images = {
        "short.elf": (good[:40], errno.EINVAL), "cut.elf": (good[:300], errno.EINVAL),
        "magic.elf": (b"\x7fELG" + good[4:], errno.EINVAL),
        "text.elf": (b"not firmware at all\n" * 20, errno.EINVAL),
    }
    for name, (data, _) in images.items():
        with open(os.path.join(bad, name), "wb") as f:
            f.write(data)
    write(fs.mount + "/module/firmware_class/parameters/path", bad)
    for name, (_, error) in list(images.items()) + [("missing.elf", (None, errno.ENOENT))]:
        write(fs.path("firmware"), name)
        fails(error, write, fs.path("state"), "start")
        assert read(fs.path("state")) == "offline\n"
        story = read(fs.path("librproc/host0/last_error"))
        assert len(story) > 30, (name, story)
    write(fs.path("firmware"), "hello.elf")
    write(fs.path("state"), "start")
    assert read(fs.path("state")) == "running\n"
    # While it runs, nothing that is refused disturbs it.
    fails(errno.EBUSY, write, fs.path("firmware"), "magic.elf")
    fails(errno.EINVAL, write, fs.path("state"), "begin")
    assert read(fs.path("state")) == "running\n"


run(globals())
