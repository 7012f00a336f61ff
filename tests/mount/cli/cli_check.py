#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
`rproc check` against every fixture and against files that are none: exit codes, the
numbers in the JSON, and output that stays valid whatever the image says. No mount.

    cli_check.py RPROC MAKE_FIXTURES
"""
import json
import os
import subprocess
import sys
import tempfile

RPROC, MAKE_FIXTURES = sys.argv[1:3]

# A header that is wrong, not only too small, is no table nobody wanted: refused.
REFUSED = {"refused", "bad-segment", "bad-table"}
REFUSED_FILES = {"table-of-version-2.elf"}


def run(*args):
    return subprocess.run([RPROC, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60)


def check_json(path):
    done = run("check", "--json", path)
    assert done.returncode in (0, 1), (path, done)
    verdict = json.loads(done.stdout.decode("utf-8"))
    assert verdict["verdict"]["loads"] == (done.returncode == 0), path
    assert (verdict["verdict"]["errno"] == 0) == (done.returncode == 0), path
    assert bool(verdict["verdict"]["story"]) == (done.returncode == 1), path
    return verdict


def exit_codes_of_usage_errors_are_2(fixtures):
    fine = os.path.join(fixtures, "openamp-da-any.elf")
    for args in (["check"], ["check", "--bogus", fine], ["check", fine, fine], ["bogus"], [],
                 ["--bogus", "list"], ["--mount"]):
        done = run(*args)
        assert done.returncode == 2, (args, done)
        assert done.stderr and not done.stdout, (args, done)


def files_that_cannot_be_read_are_refused(fixtures):
    empty = os.path.join(fixtures, "empty")
    open(empty, "w").close()
    for path, errno in ((os.path.join(fixtures, "absent"), "ENOENT"), (empty, "EINVAL"),
                        (fixtures, "EINVAL"), ("/dev/null", "EINVAL")):
        verdict = check_json(path)
        assert not verdict["verdict"]["loads"], path
        assert verdict["verdict"]["errno_name"] == errno, (path, verdict)
        assert errno.encode() in run("check", path).stdout


def each_fixture_gets_its_verdict(fixtures):
    rows = [line.split() for line in open(os.path.join(fixtures, "INDEX"))]
    assert len(rows) > 30
    for name, wanted, _ in rows:
        path = os.path.join(fixtures, name)
        verdict = check_json(path)
        refused = wanted in REFUSED or name in REFUSED_FILES
        assert verdict["verdict"]["loads"] == (not refused), (name, wanted, verdict["verdict"])
        text = run("check", path)
        assert text.returncode == (1 if refused else 0), name
        first = text.stdout.decode().splitlines()[0]
        assert first.endswith(": would load") == (not refused), first
        if not refused:
            assert verdict["bytes_copied"] == sum(s["filesz"] for s in verdict["segments"]
                                                  if s["load"])
            assert verdict["bytes_zeroed"] == sum(s["memsz"] - s["filesz"]
                                                  for s in verdict["segments"] if s["load"])
        if wanted == "no-table":
            assert verdict["table"] is None, name
        if wanted == "loads":
            assert len(verdict["table"]["entries"]) == verdict["table"]["num"], name


def numbers_are_those_of_the_image(fixtures):
    verdict = check_json(os.path.join(fixtures, "openamp-da-any.elf"))
    assert verdict["format"] == "ELF" and verdict["class"] == 64
    assert verdict["machine"] == 62 and verdict["machine_name"] == "x86-64"
    assert verdict["boot_address"] == verdict["segments"][0]["da"] == 0x10000000
    entries = verdict["table"]["entries"]
    assert [e["type_name"] for e in entries] == ["carveout", "trace", "vdev"]
    assert all(e["valid"] for e in entries)
    assert entries[0]["da"] is None and entries[0]["len"] == 0x8000
    assert entries[1]["name"] == "trace0" and entries[1]["len"] == 0x1000
    rings = entries[2]["vrings"]
    assert [(r["da"], r["align"], r["num"]) for r in rings] == [(None, 4096, 256)] * 2


def a_hostile_name_stays_inside_its_quotes(fixtures):
    image = open(os.path.join(fixtures, "openamp-da-any.elf"), "rb").read()
    assert image.count(b"shared") == 1
    path = os.path.join(fixtures, "hostile.elf")
    for name in (b'\x1b[2J"\\', b"\xff\xfe\xc0\xaf\xed\xa0", b"\n\n\n\n\r\t"):
        with open(path, "wb") as file:
            file.write(image.replace(b"shared", name[:6].ljust(6, b"x")))
        verdict = check_json(path)
        assert verdict["table"]["entries"][0]["type_name"] == "carveout"
        assert b"\x1b" not in run("check", path).stdout


def a_cut_image_never_upsets_it(fixtures):
    image = open(os.path.join(fixtures, "openamp-da-any.elf"), "rb").read()
    path = os.path.join(fixtures, "cut.elf")
    for size in range(1, len(image), 37):
        with open(path, "wb") as file:
            file.write(image[:size])
        assert not check_json(path)["verdict"]["loads"], size


with tempfile.TemporaryDirectory() as directory:
    subprocess.run([MAKE_FIXTURES, directory], check=True, timeout=60)
    for test in (exit_codes_of_usage_errors_are_2, files_that_cannot_be_read_are_refused,
                 each_fixture_gets_its_verdict, numbers_are_those_of_the_image,
                 a_hostile_name_stays_inside_its_quotes, a_cut_image_never_upsets_it):
        test(directory)
        print("ok", test.__name__)
