# SPDX-License-Identifier: BSD-3-Clause
# Tests of hardware access, of the models and of the drivers that run on them.
rproc_add_unit_test(test_hw_copy test_hw_copy.c)
rproc_add_unit_test(test_hw_map test_hw_map.c dtb_writer.c)
