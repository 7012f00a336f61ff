#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every shape that tool chains give to images, on three kinds of processor: either it boots,
and a core dump shows each byte where the image wants it; or it is refused with a story,
and the next good image boots."""
import os
import struct
import subprocess
from mountlib import *

BOARD = """/dts-v1/;
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	worker@10000000 {
		compatible = "librproc,template";
		reg = <0x10000000 0x2000000>;
	};
};
"""

# Where the board, not the image, is why it does not boot.
NOT_ON_TEMPLATE = {"openamp-da-fixed", "vectors-in-tcm-code-in-ddr", "nothing-at-0"}
# A header that is wrong, not only too small, is no table nobody wanted.
BAD_HEADER = {"table-of-version-2"}


class Elf:
    def __init__(self, data):
        self.data = data
        self.wide = data[4] == 2
        self.machine = struct.unpack_from("<H", data, 18)[0]
        at = 54 if self.wide else 42
        self.phoff = struct.unpack_from("<Q" if self.wide else "<I", data, 32 if self.wide else 28)[0]
        self.shoff = struct.unpack_from("<Q" if self.wide else "<I", data, 40 if self.wide else 32)[0]
        self.phentsize, self.phnum, self.shentsize, self.shnum, self.shstrndx = \
            struct.unpack_from("<5H", data, at)

    def segments(self):
        """(da, bytes, memsz) of what is loaded, in order."""
        for i in range(self.phnum):
            at = self.phoff + i * self.phentsize
            if self.wide:
                kind, _, offset, _, da, filesz, memsz = struct.unpack_from("<2I5Q", self.data, at)
            else:
                kind, offset, _, da, filesz, memsz = struct.unpack_from("<6I", self.data, at)
            if kind == 1 and memsz:
                yield da, self.data[offset:offset + filesz], memsz

    def section(self, i):
        """(name, da, offset, size) of one."""
        at = self.shoff + i * self.shentsize
        name, = struct.unpack_from("<I", self.data, at)
        form, skip = ("<3Q", 16) if self.wide else ("<3I", 12)
        return (name,) + struct.unpack_from(form, self.data, at + skip)

    def table(self):
        """(da, bytes), or None."""
        if not self.shoff or not self.shnum:
            return None
        names = self.section(self.shstrndx)[2]
        for i in range(self.shnum):
            name, da, offset, size = self.section(i)
            text = self.data[names + name:self.data.index(b"\0", names + name)]
            if text == b".resource_table" and size >= 16:
                return da, self.data[offset:offset + size]
        return None


class Memory:
    """What a core dump holds, by device address."""

    def __init__(self, dump):
        self.parts = [(da, data) for da, data, _ in Elf(dump).segments()]

    def at(self, da, size):
        for base, data in self.parts:
            if base <= da and da + size <= base + len(data):
                return data[da - base:da - base + size]
        raise AssertionError("the dump lacks 0x%x bytes at 0x%x" % (size, da))


def expect_segments(elf, memory, table):
    """The last that writes a byte is right; the table's place is the table's."""
    wanted = []
    for da, data, memsz in elf.segments():
        wanted.append((da, data + bytes(memsz - len(data))))
    low = min(da for da, _ in wanted)
    high = max(da + len(data) for da, data in wanted)
    bytes_, known = bytearray(high - low), bytearray(high - low)
    for da, data in wanted:
        bytes_[da - low:da - low + len(data)] = data
        known[da - low:da - low + len(data)] = b"\1" * len(data)
    if table:
        first = max(table[0] - low, 0)
        known[first:table[0] - low + len(table[1])] = bytes(
            len(known[first:table[0] - low + len(table[1])]))
    for da, data in wanted:
        got = memory.at(da, len(data))
        want, care = bytes_[da - low:da - low + len(data)], known[da - low:da - low + len(data)]
        if got == want:
            continue
        for i in range(len(data)):
            assert not care[i] or got[i] == want[i], "0x%x holds %d, not %d" % (
                da + i, got[i], want[i])


def expect_table(table, memory):
    """Addresses and ids in it are the host's by now; what it is made of is the image's."""
    da, data = table
    got = memory.at(da, len(data))
    num = struct.unpack_from("<I", data, 4)[0]
    assert got[:16 + 4 * num] == data[:16 + 4 * num], "the table's header"
    for (offset,) in struct.iter_unpack("<I", data[16:16 + 4 * num]):
        assert got[offset:offset + 4] == data[offset:offset + 4], "an entry's type"


def dump_of(fs):
    """Of a crash of the processor, which recovers."""
    link = fs.path("devcoredump")
    write(fs.path("debug/crash"), "2")
    wait_for(lambda: os.path.exists(link) and read(fs.path("state")) == "running\n")
    with open(link + "/data", "rb") as file:
        data = file.read()
    write(link + "/data", "x")
    return data


def start(fs, name):
    write(fs.path("firmware"), name + ".elf")
    write(fs.path("state"), "start")
    assert read(fs.path("state")) == "running\n"


def boots(fs, name, data):
    elf = Elf(data)
    table = elf.table()
    start(fs, name)
    memory = Memory(dump_of(fs))
    expect_segments(elf, memory, table)
    if table:
        expect_table(table, memory)
        shown = read(fs.path("debug/resource_table"))
        num = struct.unpack_from("<I", table[1], 4)[0]
        assert shown.count("Entry ") <= num, shown
    else:
        assert read(fs.path("debug/resource_table")) == "No resource table found\n"
    write(fs.path("state"), "stop")
    assert read(fs.path("state")) == "offline\n"


def is_refused(fs, own, name, good):
    write(fs.path("firmware"), name + ".elf")
    try:
        write(fs.path("state"), "start")
        raise AssertionError("it boots")
    except OSError as e:
        assert e.errno in (errno.EINVAL, errno.ENOMEM), e
    assert read(fs.path("state")) == "offline\n"
    story = read("%s/librproc/%s/last_error" % (fs.mount, own))
    assert len(story) > 30 and ": " in story, story
    assert read(fs.path("debug/carveout_memories")) == ""
    start(fs, good)
    write(fs.path("state"), "stop")


def all_shapes(place, fs, own, good, verdict):
    """verdict(name, index line, image) says what is right: True, False, or None for nothing."""
    seen = {True: 0, False: 0}
    images = os.path.join(place.dir, "images")
    write(fs.path("coredump"), "enabled")
    for line in open(os.path.join(images, "INDEX")):
        file, kind, where = line.split()
        name = file.removesuffix(".elf")
        with open(os.path.join(images, file), "rb") as f:
            data = f.read()
        right = verdict(name, kind, where == "host", data)
        if right is None:
            continue
        try:
            if right:
                boots(fs, name, data)
            else:
                is_refused(fs, own, name, good)
        except (AssertionError, OSError) as e:
            raise AssertionError("%s: %s" % (name, e)) from e
        seen[right] += 1
    return seen


def make_images(place):
    images = os.path.join(place.dir, "images")
    subprocess.run([os.path.join(build_dir(), "tests/unit/make_fixtures"), images], check=True,
                   stdout=subprocess.DEVNULL)
    return images


def test_memory_without_a_core(place):
    """Takes images for any machine; one without a table is refused, as by Linux's loader."""
    images = make_images(place)
    board = os.path.join(place.dir, "board.dtb")
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", board], input=BOARD, text=True, check=True)
    fs = Rprocfs(place, "-P", os.path.join(build_dir(), "plugins/template"), "-F", images,
                 "--dtb", board).start()

    def verdict(name, kind, on_host, data):
        return kind == "loads" and name not in NOT_ON_TEMPLATE
    seen = all_shapes(place, fs, "worker", "elf32-le-table", verdict)
    assert seen[True] >= 12 and seen[False] >= 30, seen


def test_the_host_processor(place):
    firmware = os.path.join(build_dir(), "examples/firmware")
    fs = Rprocfs(place, "-F", make_images(place) + ":" + firmware).start()

    def verdict(name, kind, on_host, data):
        own = data[:6] == b"\x7fELF\2\1" and Elf(data).machine == 62
        return own and on_host and kind in ("loads", "no-table") and name not in BAD_HEADER
    if os.uname().machine != "x86_64":
        raise Skip("the images for a host are for x86-64")
    seen = all_shapes(place, fs, "host0", "hello", verdict)
    assert seen[True] >= 15 and seen[False] >= 20, seen


def test_a_cortex_m(place):
    """Its bus has no memory for most of them; those without a table boot."""
    plugins = ":".join(os.path.join(build_dir(), "plugins", name) for name in ("stm32", "virtual"))
    fs = Rprocfs(place, "--dtb", os.path.join(build_dir(), "plugins/stm32/stm32mp157.dtb"),
                 "--hw", "model", "-P", plugins, "-F", make_images(place)).start()
    write(fs.mount + "/librproc/control", "ack on")

    def verdict(name, kind, on_host, data):
        if kind in ("refused", "bad-segment", "bad-table", "needs-iommu"):
            return False
        if name in ("elf32-le-no-table", "section-headers-stripped", "pair-unstripped",
                    "pair-stripped", "foreign-program-headers", "empty-segment-anywhere"):
            return True
        return False if name == "header-pulled-into-segment" else None
    seen = all_shapes(place, fs, "m4", "elf32-le-no-table", verdict)
    assert seen[True] == 6 and seen[False] >= 17, seen


run(globals())
