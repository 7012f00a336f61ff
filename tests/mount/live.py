#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""--live: the machine's own device tree, and nodes that a driver of the kernel has are left to
it. The machine's /sys is one that the test made, in the namespace of the test."""
import os
import subprocess
from mountlib import *

BOARD = """/dts-v1/;
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	worker@10000000 { compatible = "librproc,template"; reg = <0x10000000 0x2000>; };
	worker@20000000 { compatible = "librproc,template"; reg = <0x20000000 0x2000>; };
};
"""


def make_sys(place):
    assert os.environ.get("RPROC_TEST_NS"), "only in a mount namespace of one's own"
    if subprocess.run(["mount", "-t", "tmpfs", "machine", "/sys"], stderr=subprocess.DEVNULL).returncode:
        raise Skip("nothing can be mounted at /sys")
    place.at_end(lambda: subprocess.run(["umount", "-l", "/sys"], check=True))
    os.makedirs("/sys/bus/platform/devices")
    os.makedirs("/sys/firmware")


def make_tree():
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", "/sys/firmware/fdt"], input=BOARD, text=True,
                   check=True)


def device(address, driver=None):
    path = "/sys/bus/platform/devices/%s.worker" % address
    os.mkdir(path)
    os.symlink("../../../firmware/devicetree/base/worker@" + address, path + "/of_node")
    if driver:
        os.symlink("../../../bus/platform/drivers/" + driver, path + "/driver")


def live(place):
    return Rprocfs(place, "--live", "-P", os.path.join(build_dir(), "plugins/template"))


def test_a_node_that_the_kernel_drives_is_left_to_it(place):
    make_sys(place)
    make_tree()
    device("10000000", "imx-rproc")
    device("20000000")
    fs = live(place)
    result = fs.run()
    assert result.returncode == 0, result
    assert os.listdir(fs.mount + "/class/remoteproc") == ["remoteproc0"]
    where = os.readlink(fs.mount + "/class/remoteproc/remoteproc0")
    assert "20000000.worker" in where, where
    assert "imx-rproc" in result.stderr, result.stderr
    assert "echo 10000000.worker > /sys/bus/platform/drivers/imx-rproc/unbind" in result.stderr, \
        result.stderr
    assert read(fs.mount + "/librproc/last_error").strip() in result.stderr


def test_nothing_is_mounted_if_the_kernel_has_them_all(place):
    make_sys(place)
    make_tree()
    device("10000000", "imx-rproc")
    device("20000000", "imx-rproc")
    result = live(place).run()
    assert result.returncode == 1, result
    assert "unbind" in result.stderr and not is_mounted(place.mount), result.stderr


def test_a_machine_without_a_device_tree_is_told(place):
    make_sys(place)
    result = live(place).run()
    assert result.returncode == 1, result
    assert "/sys/firmware/fdt" in result.stderr, result.stderr
    assert "not booted with a device tree" in result.stderr, result.stderr


run(globals())
