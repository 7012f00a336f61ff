/* SPDX-License-Identifier: BSD-3-Clause */
/* Does an image suit this processor, and what does it occupy? Pure. */
#ifndef RPROC_HOST_IMAGE_H
#define RPROC_HOST_IMAGE_H

#include <librproc/firmware.h>

#include "protocol.h"

/*
 * Look at an image that passed the sanity check: made for this instruction set,
 * every segment in the window, entry in a segment.
 * 0 with *ret_layout filled, or -EINVAL/-ENOMEM with @story filled.
 */
int host_image_layout(const struct rproc_firmware *fw, uint64_t window_len,
		      struct host_layout *ret_layout, char *story, size_t story_len);

/*
 * Has it no resource table, or one so short that linkers leave it behind by
 * habit (under 16 bytes)? Such an image boots without.
 */
bool host_image_lacks_table(const struct rproc_firmware *fw);

#endif
