#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A store that is pending blocks nobody but its writer. Everyone else who writes
reaches the daemon, waits his turn there, and dies at once when he is killed: by a
shell's `>`, by `>>`, and through a descriptor that was opened before."""
import os
import select
import signal
import subprocess
import time
from mountlib import *

WRITER = """
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY)
print("open", flush=True)
sys.stdin.readline()
try:
    print(os.write(fd, sys.argv[2].encode()), flush=True)
except OSError as e:
    print("errno", e.errno, flush=True)
"""


def shell(place, script):
    process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def clean():
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait()
    place.at_end(clean)
    return process


def opened_before(place, path, text):
    process = subprocess.Popen([sys.executable, "-c", WRITER, path, text], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def clean():
        if process.poll() is None:
            process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()
    place.at_end(clean)
    assert process.stdout.readline() == "open\n"
    return process


def begin(place):
    """A start that is inside its driver, and a descriptor from before it."""
    server = Server(place)
    old = opened_before(place, server.path("state"), "stop")
    server.tell("block 0")
    start = in_thread(write, server.path("state"), "start")
    server.tell("inside 0")
    return server, old, start


def waits_for_an_answer(process):
    """It sleeps in a request that the daemon has: one that a signal ends."""
    def asleep():
        if state_of(process.pid) not in ("S", "D"):
            return False
        with open("/proc/%d/wchan" % process.pid) as f:
            return f.read() in ("request_wait_answer", "0", "")
    wait_for(asleep)


def dies_at_once(process):
    fd = os.pidfd_open(process.pid)
    began = time.monotonic()
    process.kill()
    ready, _, _ = select.select([fd], [], [], WAIT_S)
    took = time.monotonic() - began
    os.close(fd)
    assert ready, "survives SIGKILL"
    assert took < 0.5 * SLOW, "%.3f s until it died" % took


def test_each_writer_waits_its_turn_and_is_answered(place):
    server, old, start = begin(place)
    old.stdin.write("\n")
    old.stdin.flush()
    stop = shell(place, "echo stop > " + server.path("state"))
    append = shell(place, "printf bogus >> " + server.path("state"))
    # What is refused needs no turn: the answer comes while the start is pending.
    append.wait(WAIT_S)
    assert append.returncode
    for process in (old, stop):
        waits_for_an_answer(process)
    assert read(server.path("state")) == "offline\n"
    server.tell("release 0")
    assert start() == 5
    # Two stops of one start: one stops, the other finds it offline.
    assert stop.wait(WAIT_S) in (0, 1, 2)
    answer = old.stdout.readline()
    assert (answer == "4\n") == (stop.returncode != 0), (answer, stop.returncode)
    assert read(server.path("state")) == "offline\n"


def test_each_writer_dies_at_once(place):
    server, old, start = begin(place)
    old.stdin.write("\n")
    old.stdin.flush()
    writers = [old,
               shell(place, "exec printf stop > " + server.path("state")),
               shell(place, "exec printf stop >> " + server.path("state")),
               shell(place, "exec dd of=%s <<E\nstop\nE" % server.path("state")),
               shell(place, "exec tee -a %s <<E\nstop\nE" % server.path("state")),
               shell(place, "exec busybox printf start > " + server.path("state"))]
    for process in writers:
        waits_for_an_answer(process)
        dies_at_once(process)
    server.tell("release 0")
    assert start() == 5
    # None of them has stopped it: withdrawn is withdrawn.
    assert read(server.path("state")) == "running\n"


def test_the_writer_itself_dies_at_once_and_the_start_goes_on(place):
    server = Server(place)
    server.tell("block 0")
    starter = shell(place, "exec printf start > " + server.path("state"))
    server.tell("inside 0")
    waits_for_an_answer(starter)
    dies_at_once(starter)
    # It is the driver's now; the next writer waits, as he would for a living one.
    stop = in_thread(write, server.path("state"), "stop")
    assert read(server.path("state")) == "offline\n"
    server.tell("release 0")
    assert stop() == 4
    assert read(server.path("state")) == "offline\n"
    assert read(server.mount + "/librproc/cpu0/counters").startswith("boots 1\n")


def test_a_signal_ends_the_wait_with_eintr(place):
    server = Server(place)
    server.tell("block 0")
    code = ("import os,signal,sys\n"
            "signal.signal(signal.SIGUSR1, lambda *a: (_ for _ in ()).throw(KeyError))\n"
            "fd = os.open(sys.argv[1], os.O_WRONLY)\n"
            "print('open', flush=True)\n"
            "try: os.write(fd, b'start')\n"
            "except KeyError: print('interrupted', flush=True)\n")
    starter = client(place, code, server.path("state"))
    assert starter.stdout.readline() == "open\n"
    server.tell("inside 0")
    waits_for_an_answer(starter)
    starter.send_signal(signal.SIGUSR1)
    assert starter.stdout.readline() == "interrupted\n"
    server.tell("release 0")
    wait_for(lambda: read(server.path("state")) == "running\n")


def test_other_files_and_processors_do_not_notice(place):
    server = Server(place, 2)
    server.tell("block 0")
    start = in_thread(write, server.path("state"), "start")
    server.tell("inside 0")
    began = time.monotonic()
    assert write(server.path("state", 1), "start", os.O_WRONLY | os.O_TRUNC) == 5
    assert write(server.path("state", 1), "stop") == 4
    for _ in range(100):
        assert read(server.path("state")) == "offline\n"
        assert write(server.path("recovery"), "disabled", os.O_WRONLY | os.O_TRUNC) == 8
        assert write(server.path("coredump"), "disabled", os.O_WRONLY | os.O_TRUNC) == 8
        os.stat(server.path("state"))
        os.listdir(os.path.dirname(server.path("state")))
        fails(errno.EINVAL, write, server.path("state"), "bogus", os.O_WRONLY | os.O_TRUNC)
    took = time.monotonic() - began
    server.tell("release 0")
    assert start() == 5
    assert took < 5 * SLOW, took


def test_who_has_no_name_to_look_up_is_let_in(place):
    """A file that is bound elsewhere, and a descriptor that is opened again, cannot be
    looked up: nobody may be sent back to do so for ever."""
    server = Server(place)
    path = server.path("state")
    bound = os.path.join(place.dir, "state")
    with open(bound, "w"):
        pass
    subprocess.run(["mount", "--bind", path, bound], check=True)
    place.at_end(lambda: subprocess.run(["umount", "-l", bound], check=True))
    fd = os.open(bound, os.O_RDONLY)
    place.at_end(lambda: os.close(fd))
    again = "/proc/self/fd/%d" % fd
    # A writer beside a reader: who opens now is to have an inode of his own.
    assert write(path, "start", os.O_WRONLY | os.O_TRUNC) == 5
    for _ in range(3):
        assert read(bound) == read(again) == read(path) == "running\n"
    assert write(bound, "stop") == 4
    # A pending store.
    server.tell("block 0")
    start = in_thread(write, path, "start")
    server.tell("inside 0")
    assert read(bound) == read(again) == "offline\n"
    fails(errno.EINVAL, write, bound, "bogus")
    fails(errno.EINVAL, write, again, "bogus")
    server.tell("release 0")
    assert start() == 5
    assert write(bound, "stop") == 4


def test_writers_that_race_the_first_one(place):
    """Between a writer's look-up and his truncation the first store may begin: he is
    sent to look again, and never told of it."""
    server = Server(place)
    server.tell("linger 0 20")
    for _ in range(15):
        writers = [shell(place, "echo start > " + server.path("state")) for _ in range(8)]
        for writer in writers:
            assert writer.wait(WAIT_S * SLOW) == 0, writer.stdout.read()
        for _ in range(8):
            write(server.path("state"), "stop")
        assert read(server.path("state")) == "offline\n"


run(globals())
