#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Inode numbers are made of paths: the same in the next run, different for each file,
and one file has one number whatever goes on in it."""
import os
from mountlib import *


def numbers(mount):
    found = {}
    for root, dirs, files in os.walk(mount):
        for name in dirs + files:
            path = os.path.join(root, name)
            found[os.path.relpath(path, mount)] = os.lstat(path).st_ino
    return found


def test_ids_survive_a_restart(place):
    first = Server(place, 5)
    before = numbers(first.mount)
    first.stop()
    place.ends.clear()
    second = Server(place, 5)
    assert len(before) > 150
    assert numbers(second.mount) == before


def test_ids_differ(place):
    server = Server(place, 50)
    found = numbers(server.mount)
    assert len(set(found.values())) == len(found)


def test_a_pending_store_does_not_change_the_number(place):
    server = Server(place)
    number = os.stat(server.path("state")).st_ino
    server.tell("block 0")
    start = in_thread(write, server.path("state"), "start")
    server.tell("inside 0")
    for _ in range(5):
        assert os.stat(server.path("state")).st_ino == number
    server.tell("release 0")
    assert start() == 5


run(globals())
