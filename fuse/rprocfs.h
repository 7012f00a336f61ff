/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to the files that fill the tree: the mount as a whole, one processor
 * in it, and who makes which part. Knows processors through the public API
 * only, and nothing of libfuse. Everything runs on the tree's thread but what
 * says otherwise.
 */
#ifndef RPROCFS_RPROCFS_H
#define RPROCFS_RPROCFS_H

#include <librproc/driver.h>
#include "fs.h"
#include "input.h"
#include "node.h"
#include "stream.h"

struct errands;
struct own_control;
struct device;
struct rpmsg_fs;
struct watch;

struct rprocfs {
	struct tree *tree;
	struct rproc_context *context;
	struct fs_options options;
	void (*kick)(void *data); /* any thread: have fs_woken() run */
	void *kick_data;
	mode_t attr_mode; /* of what 0644 is in Linux's remoteprocN */
	mode_t cdev_mode;
	uint64_t pointer_key; /* what printed pointers are scrambled with */

	struct stream *log, *events;
	struct node *log_node, *events_node;

	struct node *devices, *devcoredumps; /* devices/, devices/virtual/... */
	struct node *class_remoteproc, *class_devcoredump;
	struct node *platform_devices, *platform_drivers; /* bus/platform/... */
	struct node *debug, *dev;
	struct node *own, *by_path, *by_alias;
	struct own_control *control; /* NULL: the hardware is no model */
	struct errands *errands;     /* NULL: none was run yet */
	atomic_bool unloaded;	     /* the drivers have been: forget those without devices */
	struct node *modules;	     /* module/ */

	struct processor **processors; /* by index; holes are NULL */
	int num_processors;

	struct rpmsg_fs *rpmsg;
	int poll_fd; /* the library's events, ttys; -1 before fs_attach() */

	struct watch *watched; /* files somebody polls */
	int64_t next_tick;     /* ms of CLOCK_MONOTONIC, while there are any */
};

/* One processor in the tree. */
struct processor {
	struct rprocfs *fs;
	struct rproc *rproc; /* a reference */
	int index;
	char sysname[24];   /* "remoteproc0" */
	char *path;	    /* "platform/soc/5b000000.m4/remoteproc/remoteproc0" */
	unsigned int depth; /* components of path */
	bool shutdown_on_release;
	uint64_t incarnation; /* of what comes and goes with a boot */
	struct device *device;
	struct node *sysfs, *state, *last_error;
	struct node *class_link, *debug, *cdev, *own;
	struct node *path_link, *alias_link;
	struct node *dump_link; /* remoteprocN/devcoredump */
	uint64_t dump_number;
	unsigned int traces; /* nodes that exist */
};

/* fs.c */
struct node *fs_dir(struct node *parent, const char *name);
/* A link in a directory @depth components below where @fmt's path begins. */
struct node *fs_link(struct node *dir, const char *name, unsigned int depth, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A link to a node of this tree: up to what holds both, then down, as Linux writes them. */
struct node *fs_link_node(struct node *dir, const char *name, const struct node *target);
/*
 * The same for a name that the core gives out again (virtioN): who had it just before may still
 * be shown, and its link gives way. @ret_link is the owner's, and becomes NULL when that happens.
 */
int fs_own_link(struct node *dir, const char *name, const struct node *target,
		struct node **ret_link);
/* The path of @node below @top (NULL: the root), behind @text. */
void fs_put_path(struct text *text, const struct node *top, const struct node *node);
struct processor *fs_processor(struct rprocfs *fs, int index);
int64_t fs_now_ms(void); /* CLOCK_MONOTONIC */
/* A line of the log, of what the kernel's drivers behind the files would say. Any bytes. */
void fs_say(struct rprocfs *fs, int level, const char *device, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* refuse.c: whose tree a node is in; NULL once it has been removed */
struct rprocfs *fs_of(const struct node *node);
/* Tell, in the processor's story, what @file takes instead of what was written. Returns @error. */
int processor_refuse(struct rproc *rproc, const struct node_call *call, int error, const char *file,
		     const char *wanted);
/* The same in the story that belongs to no processor, with the file's path; @fmt: what to do. */
int fs_refuse(const struct node_call *call, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* processor.c */
int processor_add(struct rprocfs *fs, struct rproc *rproc); /* takes the reference */
void processor_remove(struct processor *processor);
/* What comes and goes with a boot. */
void processor_refresh(struct processor *processor);
/* Changes whenever resources were torn down. */
uint64_t processor_incarnation(const struct processor *processor);
/* Ask for something on behalf of a store; @done must end with processor_request_done(). */
void processor_request(struct processor *processor, struct node_call *call,
		       enum rproc_request request, const char *arg, rproc_done_fn done);
/* On any thread: answer with @result, or if that is 0 with all bytes taken. */
void processor_request_done(struct node_call *call, int result);
/* The done callback that does just that; @data is the call. */
void processor_answer(struct rproc *rproc, int result, void *data);

/* Words for driver_override from here on are too long, as in Linux. */
#define DEVICE_OVERRIDE_MAX 4095

/* device.c: what every device directory has, and the platform device of a processor */
int device_add_power(struct node *dir);
int device_add(struct processor *processor, struct node **ret_glue);
void device_remove(struct processor *processor);
void device_refresh_vdevs(struct processor *processor);
int device_add_skeleton(struct rprocfs *fs, struct node *root);
/* rpmsg_device.c: everything about messages; fs->devices and fs->dev are there */
int rpmsg_fs_new(struct rprocfs *fs);
void rpmsg_fs_free(struct rprocfs *fs);
void rpmsg_refresh(struct rprocfs *fs);
void ports_woken(struct rprocfs *fs);
/* uevent.c: what is written to any of them, and the files that say nothing themselves */
void uevent_store(struct node_open *open, struct node_call *call);
extern const struct node_ops uevent_empty_ops, uevent_mute_ops;
/*
 * bus.c: bus/NAME with devices/, drivers/ and its files; @devices: ops of the former, with
 * @fs. @probes: its devices may be without a driver (the rpmsg bus). NULL: no memory.
 */
struct node *bus_add(struct node *root, const char *name, const struct node_ops *devices,
		     struct rprocfs *fs, bool probes);
/* rpmsg_driver.c: find a driver for the device of that name, if it has none. */
void rpmsg_driver_probe(struct rprocfs *fs, const char *name);

/* sysfs.c */
int sysfs_add(struct processor *processor, struct node *glue);
/* Shared words: "enabled", ... as both recovery files know them. */
void recovery_store(struct processor *processor, struct node_call *call, int word);
void recovery_show(struct node_open *open, struct node_call *call);
void coredump_show(struct node_open *open, struct node_call *call);
void coredump_store(struct processor *processor, struct node_call *call, int word);
extern const char *const recovery_words[];
extern const char *const coredump_words[];

/* debugfs.c and trace.c */
int debugfs_add(struct processor *processor);
void trace_refresh(struct processor *processor);
void trace_forget(struct processor *processor); /* all of them are gone */

/* The others. */
int cdev_add(struct processor *processor);
int devcoredump_add_skeleton(struct rprocfs *fs, struct node *root);
void devcoredump_refresh(struct rprocfs *fs);
int dynamic_debug_add(struct rprocfs *fs, struct node *debug);
int firmware_class_add(struct rprocfs *fs, struct node *root);
int own_add_skeleton(struct rprocfs *fs, struct node *root);
int own_add(struct processor *processor);
int own_rpmsg_add(struct processor *processor);
void own_remove(struct processor *processor);
/* own_control.c */
int own_control_add(struct rprocfs *fs);
void own_control_free(struct rprocfs *fs);

/* errand.c: carry a store out on a thread of its own, in order; @run gets a line. */
typedef int (*errand_fn)(struct rprocfs *fs, const char *subject, const char *line);
void errand_add(struct rprocfs *fs, struct node_call *call, errand_fn run, const char *subject);
void errands_end(struct rprocfs *fs);

/* driver.c: a driver's directory below @drivers, with what its bus has in it; NULL: no memory */
struct node *driver_add(struct rprocfs *fs, struct node *drivers, const char *name,
			const char *module, const struct node_ops *bind,
			const struct node_ops *unbind);
/* bus/platform/drivers/@plugin, made if it is missing; NULL: no memory */
struct node *driver_of_plugin(struct rprocfs *fs, const char *plugin);
/* Remove those of plugins that have no devices. */
void driver_unload_all(struct rprocfs *fs);
extern const struct node_ops driver_fixed_ops; /* bind and unbind where neither is possible */
void own_event(struct rprocfs *fs, const struct rproc_event *event);

#endif
