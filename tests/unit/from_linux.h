/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands in ported_driver.c where a driver of Linux includes <linux/...>: names
 * only. What cannot be given another name is in the table of plugins/template/README.md.
 */
#ifndef FROM_LINUX_H
#define FROM_LINUX_H

#include <errno.h>
#include <librproc/driver.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define device	       rproc_device
#define firmware       rproc_firmware
#define resource_table rproc_resource_table

#define dev_err(dev, ...)	       rproc_device_log((dev), RPROC_LOG_ERR, __VA_ARGS__)
#define dev_info(dev, ...)	       rproc_device_log((dev), RPROC_LOG_INFO, __VA_ARGS__)
#define dev_err_probe(dev, error, ...) rproc_device_story((dev), (error), "probe", __VA_ARGS__)

#define GFP_KERNEL		    0
#define devm_kzalloc(dev, len, gfp) rproc_devm_zalloc((dev), (len))
#define devm_add_action_or_reset    rproc_devm_add_action
#define RSC_HANDLED		    RPROC_RSC_HANDLED
#define RSC_IGNORED		    RPROC_RSC_IGNORED

#endif
