#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does the benchmark run, and does each row have its numbers? What they are is
not looked at: a test that asserts times fails when somebody else is busy.

    smoke.py RUN BUILD_DIRECTORY
"""
import glob
import json
import math
import os
import subprocess
import sys

# Every row there should be, and how many peers it has.
ROWS = {
    "load 1.2 MB": 1,
    "load 16 MB": 1,
    "load 64 MB": 1,
    "first boot 1.2 MB": 1,
    "first boot 16 MB": 1,
    "first boot 64 MB": 1,
    "table check, 4 entries": 1,
    "table check, 1,000 entries": 1,
    "image check": 1,
    "image open and close": 1,
    "host boot and shutdown": 1,
    "rpmsg round trip 16 B": 1,
    "rpmsg round trip 64 B": 1,
    "rpmsg round trip 256 B": 1,
    "rpmsg round trip 496 B": 1,
    "rpmsg send and receive 64 B": 1,
    "rpmsg one way, window 1": 1,
    "rpmsg one way, window 32": 2,
    "rpmsg one way, window 128": 2,
    "rpmsg blocking send, window 1": 1,
    "rpmsg blocking send, window 32": 1,
    "rpmsg blocking send, window 128": 1,
    "rpmsg one way, sends sleep": 1,
    "rpmsg kicks": 1,
    "attribute open+read+close": 2,
    "attribute pread, kept open": 2,
    "attribute open+write+close": 2,
    "attribute write with O_TRUNC": 2,
    "poll wake-up": 2,
    "poll wake-up, one CPU": 2,
    "dev/rpmsgN round trip 16 B": 1,
    "dev/rpmsgN round trip 64 B": 1,
    "dev/rpmsgN round trip 256 B": 1,
    "dev/rpmsgN round trip 496 B": 1,
    "dev/rpmsgN one way, window 1": 1,
    "dev/rpmsgN one way, window 32": 2,
    "dev/rpmsgN one way, window 128": 2,
    "attribute, 100 processors": 1,
    "attribute, 1,000 processors": 1,
    "peak memory, 1,000 processors": 1,
    "descriptors, 1,000 processors": 1,
    "threads, 1,000 processors": 1,
    "librproc.so, code and constants": 1,
    "librproc.so, data": 1,
    "minimal program, static": 1,
}
AIMS = {
    "rpmsg round trip 16 B": 1.1,
    "rpmsg round trip 64 B": 1.1,
    "rpmsg round trip 256 B": 1.1,
    "rpmsg round trip 496 B": 1.1,
    "rpmsg one way, window 128": 0.125,
    "rpmsg blocking send, window 1": 1.05,
    "rpmsg blocking send, window 32": 1.05,
    "rpmsg blocking send, window 128": 1.05,
    "rpmsg one way, sends sleep": 1.05,
    "load 16 MB": 1.05,
    "load 64 MB": 1.05,
    "attribute open+read+close": 1.15,
    "attribute pread, kept open": 1.15,
    "attribute open+write+close": 1.15,
    "attribute write with O_TRUNC": 1.15,
    "poll wake-up": 1.15,
    "poll wake-up, one CPU": 1.15,
    "attribute, 100 processors": 1.2,
    "attribute, 1,000 processors": 1.2,
}


def check_row(row):
    """What is wrong with a measured row, or None."""
    for key in ("ours", "theirs", "ratio"):
        value = row.get(key)
        if not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
            return f"{key} is {value!r}"
    if row["rounds"]:
        if not row["ratio_min"] <= row["ratio"] <= row["ratio_max"]:
            return "the median ratio does not lie between minimum and maximum"
    elif abs(row["ratio"] - row["ours"] / row["theirs"]) > 0.001 * row["ratio"] + 0.0001:
        return "the ratio is not that of the two figures"
    return None


def usage_problems(directory):
    """Words that no benchmark takes: too many, an unknown option."""
    for program in sorted(glob.glob(os.path.join(glob.escape(directory), "bench_*"))):
        if "." in os.path.basename(program) or not os.access(program, os.X_OK) or \
                program.endswith(("_empty", "_minimal")):
            continue
        for words in (["1", "2", "3", "4"], ["--fast"]):
            done = subprocess.run([program, *words], capture_output=True, check=False)
            if done.returncode != 2 or not done.stderr.startswith(b"usage: "):
                yield f"{program} {' '.join(words)}: {done.returncode}, no usage"


def main():
    run, build = sys.argv[1:]
    done = subprocess.run([run, "--json", "--quick", "--build", build],
                          stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{run} failed with {done.returncode}")
    rows = json.loads(done.stdout)["rows"]
    problems = list(usage_problems(os.path.join(build, "tests", "bench")))
    skipped = [row for row in rows if "skipped" in row]
    measured = [row for row in rows if "skipped" not in row]
    # A peer may be missing here (no control groups, no static libelf); without
    # /dev/fuse most of the benchmark is.
    no_mount = any(row["name"] in ("mount", "many processors") for row in skipped)

    for row in measured:
        problem = check_row(row)
        if problem:
            problems.append(f"{row['name']}: {problem}")
        if row["aim"] and row["aim"] != AIMS.get(row["name"]):
            problems.append(f"{row['name']}: the aim is {row['aim']}")
    for name, peers in ROWS.items():
        count = sum(row["name"] == name for row in measured)
        missing = sum(row["name"] == name for row in skipped)
        if count + missing != peers and not no_mount:
            problems.append(f"{name}: {count} rows and {missing} skipped, of {peers}")
    for name in AIMS:
        if not no_mount and not any(r["name"] == name and r["aim"] for r in measured):
            problems.append(f"{name}: there is no aim")
    for problem in problems:
        print(problem, file=sys.stderr)
    for row in skipped:
        print(f"{row['name']}: skipped: {row['skipped']}")
    if problems:
        sys.exit(1)
    sys.exit(77 if no_mount else 0)


main()
