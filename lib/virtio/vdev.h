/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files about vdevs share: the object behind struct rproc_vdev. */
#ifndef RPROC_VIRTIO_VDEV_H
#define RPROC_VIRTIO_VDEV_H

#include "core/internal.h"

/* Kicks of one vring that failed since its vdev was started; rproc.data_lock. */
struct failed_kicks {
	uint64_t count;
	int64_t last_ns, told_ns; /* CLOCK_MONOTONIC_COARSE */
	int error;		  /* of the last, as the next */
	char why[RPROC_KICK_WHY_MAX];
};

struct vring {
	struct rproc_mem_entry *mem; /* borrowed: lives until cleanup */
	uint32_t num, align;
	int notifyid;	      /* -1: none */
	rproc_vq_fn callback; /* rproc.data_lock */
	void *data;	      /* rproc.data_lock */
	unsigned int calls;   /* callbacks that run; rproc.data_lock */
	struct failed_kicks failed;
};

struct rproc_vdev {
	struct list link; /* rproc.data_lock */
	struct rproc *rproc;
	int number;	   /* N of rproc-virtio.N.auto */
	int index;	   /* in the table */
	atomic_int virtio; /* N of virtioN while started, else -1; written by the worker only */
	uint32_t id;
	uint32_t offset; /* of the entry's payload in the table */
	uint32_t features, config_len;
	atomic_uint accepted; /* features; written by the worker only */
	bool failed;
	unsigned int num_vrings;
	struct vring vrings[RPROC_VDEV_MAX_VRINGS];
	struct rproc_subdev *subdev;		  /* NULL: failed */
	const struct rproc_vdev_binding *binding; /* who claimed it; worker only */
	void *priv;				  /* the driver's; worker only */
	struct rproc_iomem *reserved;		  /* memory assigned to it; worker only */
	uint32_t reserved_da;			  /* the same */
	struct rproc_memory buffers;		  /* len 0: none; worker only */
	struct rproc_memory_provider provider;	  /* whom they go back to; worker only */
	char log_name[48];
};

/* vdev.c */
/* With rproc.data_lock: the vring of that notify id, or NULL. */
struct vring *rproc_find_vring(struct rproc *rproc, int notifyid, struct rproc_vdev **ret_vdev);

/* kick.c */
/* The vdev starts anew. */
void rproc_forget_failed_kicks(struct rproc_vdev *vdev);

/* vdev_info.c */
void rproc_vdev_event(const struct rproc_vdev *vdev, enum rproc_event_type type);

/* vdev_memory.c */
/* Reserved memory of the board for the buffers, from start to stop; none is fine. */
int rproc_vdev_assign_memory(struct rproc_vdev *vdev);
void rproc_vdev_release_memory(struct rproc_vdev *vdev);
void rproc_vdev_free_buffers(struct rproc_vdev *vdev);

#endif
