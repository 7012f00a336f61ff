/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librproc for applications: contexts, boards, processors and what can be asked
 * of them. Names and semantics are those of the Linux remoteproc framework
 * (include/linux/remoteproc.h) wherever it has them.
 *
 * Errors: functions that return int answer 0 or a positive value for success
 * and a negative errno for failure. Outputs are named ret_x, come last and are
 * untouched on failure. Every failure that concerns a processor leaves a story
 * (rproc_last_error()).
 *
 * NULL: a pointer must be one unless the comment says that NULL is fine. What a
 * program may have failed to get is forgiven where that can be answered: a look-up
 * in no context or for no name finds NULL, what asks something of no processor
 * (rproc_boot() and the like) answers -EINVAL, what gives something back does
 * nothing. What only reads has no answer for it.
 *
 * Threads: every function may be called from any thread and any number of
 * threads, unless its comment says otherwise. Callbacks run with no lock of the
 * library held, and each says on which thread.
 */
#ifndef LIBRPROC_RPROC_H
#define LIBRPROC_RPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <librproc/resource_table.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RPROC_VERSION_MAJOR 0
#define RPROC_VERSION_MINOR 1
#define RPROC_VERSION_PATCH 0

/* The version of the library that is running, "0.1.0". Static storage. */
const char *rproc_version(void);

struct rproc;
struct rproc_context;
struct rproc_plugin; /* driver.h */

/* ---- states ----------------------------------------------------------- */

/* "enum rproc_state" in Linux; the order is that of the kernel since 2026. */
enum rproc_state {
	RPROC_STATE_OFFLINE = 0,
	RPROC_STATE_SUSPENDED = 1, /* never set by the core, as in the kernel */
	RPROC_STATE_RUNNING = 2,
	RPROC_STATE_CRASHED = 3,
	RPROC_STATE_ATTACHED = 4,
	RPROC_STATE_DETACHED = 5,
	RPROC_STATE_LAST = 6
};

/* "enum rproc_crash_type" in Linux; any other number is reported as "unknown". */
enum rproc_crash_type {
	RPROC_CRASH_MMUFAULT = 0,
	RPROC_CRASH_WATCHDOG = 1,
	RPROC_CRASH_FATAL_ERROR = 2
};

/* "enum rproc_dump_mechanism" in Linux. */
enum rproc_coredump_mode {
	RPROC_COREDUMP_DISABLED = 0,
	RPROC_COREDUMP_ENABLED = 1, /* copy the dump, recover at once */
	RPROC_COREDUMP_INLINE = 2   /* recovery waits until the dump is released */
};

/* The word the kernel prints in `state`: "offline", ... "invalid". Static storage. */
const char *rproc_state_name(enum rproc_state state);
/* "mmufault", "watchdog", "fatal error", "unknown". Static storage. */
const char *rproc_crash_name(unsigned int type);
/* "disabled", "enabled", "inline". Static storage. */
const char *rproc_coredump_mode_name(enum rproc_coredump_mode mode);

/* ---- context ----------------------------------------------------------- */

/* syslog's levels: the smaller the graver. */
enum rproc_log_level {
	RPROC_LOG_ERR = 3,
	RPROC_LOG_WARNING = 4,
	RPROC_LOG_NOTICE = 5,
	RPROC_LOG_INFO = 6,
	RPROC_LOG_DEBUG = 7
};

/*
 * A line of the log: the kernel's own lines, exactly, where it prints them.
 * @device: "remoteproc remoteproc0", "rproc-virtio rproc-virtio.0.auto", ...
 * @text:   one line of printable ASCII, the rest and backslashes as \xNN; at most 1023 bytes
 *	     before that, with @device; valid during the call
 * Called from any thread, also several at once. Must not call into librproc.
 */
typedef void (*rproc_log_fn)(int level, const char *device, const char *text, void *data);

struct rproc_event;

/*
 * What a context is made with. Zero it, set @size to sizeof, fill what you
 * want; 0 or NULL means the default. Strings are copied.
 */
struct rproc_context_options {
	size_t size;
	rproc_log_fn log; /* default: no log */
	void *log_data;
	int log_level; /* lines above this level are dropped; default RPROC_LOG_INFO */
	/*
	 * Directories searched for firmware, separated by ':'. Default: the
	 * kernel's list (/lib/firmware/updates/RELEASE, ... /lib/firmware).
	 */
	const char *firmware_dirs;
	/* Searched before those, as the kernel's firmware_class.path. Default: unset. */
	const char *firmware_path;
	/* Directories with plugins, separated by ':'. Default: the installed one. */
	const char *plugin_path;
	/*
	 * Where plugins keep what must outlive the program (the sockets of
	 * detached host processors). Created 0700 if missing. Default:
	 * /run/librproc for root, /tmp/librproc-UID for others.
	 */
	const char *state_dir;
	unsigned int shutdown_timeout_ms; /* ack of a shutdown request; default 500 */
	unsigned int dump_timeout_ms;	  /* life of an unread dump; default 300000 */
	unsigned int event_queue_len;	  /* unread events kept; default 4096 */
	size_t max_firmware_size;	  /* bytes; default 256 MiB */
	/*
	 * Where boards find their registers and memories: "devmem" (default), "uio" or
	 * "model" (software, see hw.h). Host processors do not care.
	 */
	const char *hw;
	unsigned int send_timeout_ms; /* a message waits for a buffer (rpmsg.h); default 15000 */
	/*
	 * For a program that has to wake somebody as soon as a state changes: called by the
	 * thread that changes it, when rproc_event_read() can give the event, with no lock
	 * held. The change is not over while this runs: it must not block, and ask only what
	 * never waits, as rproc_state() and rproc_event_read(). Default: not called.
	 */
	void (*state_changed)(const struct rproc_event *event, void *data);
	void *state_changed_data;
};

/*
 * A context replaces the kernel's globals: processors, indices, devices, log.
 * Any number may live in one program. Starts one thread.
 * @options: may be NULL
 * Returns 0, -EINVAL (a size this library does not know), -ENOMEM, -EMFILE, -EAGAIN.
 */
int rproc_context_new(const struct rproc_context_options *options,
		      struct rproc_context **ret_context);

/*
 * Remove every processor of the context (detached ones are left as they are,
 * running and attached ones are stopped), those also that the program made itself and has not
 * removed: do not rproc_free() them afterwards. Unload plugins, end the thread. All
 * processors got with rproc_get_*() must have been put. NULL is fine. Not from a callback.
 */
void rproc_context_free(struct rproc_context *context);

/* Add a plugin that is linked into the program. -EINVAL: descriptor; -EEXIST: name. */
int rproc_context_add_plugin(struct rproc_context *context, const struct rproc_plugin *plugin);
/*
 * Load a plugin from a shared object. -ENOENT, -ENOEXEC (not a plugin, wrong
 * ABI, linked to another copy of the library), -EEXIST (one of that name is
 * known), -ENOTSUP in a static library; the story is in rproc_context_last_error().
 */
int rproc_context_load_plugin(struct rproc_context *context, const char *path);

/*
 * Bring up a board: probe every enabled node of a device tree whose
 * `compatible` a plugin knows. The tree is copied.
 * @live: refuse nodes that a driver of the running kernel has bound
 * Returns the number of processors added, -EINVAL for a tree that is not one,
 * the first probe's error if not one processor came up, -ENODEV if no plugin
 * wanted any node, -EEXIST for the same board twice.
 */
int rproc_context_add_board(struct rproc_context *context, const void *dtb, size_t len, bool live);
/* The same from a file (a flattened tree). */
int rproc_context_add_board_file(struct rproc_context *context, const char *path, bool live);
/*
 * Remove the processors of all boards, as Linux does when their drivers are
 * unloaded: what runs or is attached is stopped. Plugins stay, and so does the
 * machine of a model; boards may be added again. Not from a callback.
 */
void rproc_context_remove_boards(struct rproc_context *context);
/*
 * Take one device of a board from its driver, as Linux does when somebody writes its name to
 * the driver's `unbind`: its processors are removed. -ENODEV: no such device, or it has
 * another driver. Not from a callback.
 */
int rproc_context_unbind(struct rproc_context *context, const char *device, const char *driver);
/* Give it back. -EBUSY: it has a driver; -ENODEV; or what the driver's probe answers. */
int rproc_context_bind(struct rproc_context *context, const char *device, const char *driver);

/*
 * The story of the last failure that belongs to no processor.
 * Copies at most @len bytes with the terminating NUL; returns the story's length.
 */
size_t rproc_context_last_error(struct rproc_context *context, char *buf, size_t len);

/* The kernel's firmware_class `path` parameter. @path is kept verbatim; -ENOSPC at 256 bytes. */
int rproc_context_set_firmware_path(struct rproc_context *context, const char *path);
size_t rproc_context_firmware_path(struct rproc_context *context, char *buf, size_t len);
/* Lines above @level are dropped from now on. */
void rproc_context_set_log_level(struct rproc_context *context, int level);

/*
 * Lines of RPROC_LOG_DEBUG that can be let through the log level one by one: Linux's
 * dynamic debug. File and function are where Linux has such a line, so that what is
 * asked for there is found here; @line counts those of a file from 1.
 */
struct rproc_debug_line {
	const char *file;     /* "drivers/remoteproc/remoteproc_core.c" */
	const char *module;   /* "remoteproc" */
	const char *function; /* "" for all the lines of a plugin, which are one entry */
	const char *format;   /* the same */
	unsigned int line;
	unsigned int flags; /* enum rproc_debug_flags */
	char buf[192];	    /* where the strings of a plugin's entry are */
};
enum rproc_debug_flags {
	RPROC_DEBUG_PRINT = 1,
	RPROC_DEBUG_MODULE = 2, /* what stands before the line: */
	RPROC_DEBUG_FUNCTION = 4,
	RPROC_DEBUG_SOURCE = 8,
	RPROC_DEBUG_LINE = 16,
	RPROC_DEBUG_THREAD = 32,
};
/* Entry @index: the library's own, then one for each plugin that has a processor. -ENOENT. */
int rproc_context_debug_line(struct rproc_context *context, unsigned int index,
			     struct rproc_debug_line *ret_line);
/* -ENOENT, -ENOMEM. */
int rproc_context_set_debug_flags(struct rproc_context *context, unsigned int index,
				  unsigned int flags);

/* ---- events: the only way a change is reported ------------------------- */

enum rproc_event_type {
	RPROC_EVENT_ADDED = 1,	  /* a processor appeared */
	RPROC_EVENT_REMOVED = 2,  /* it is gone */
	RPROC_EVENT_STATE = 3,	  /* old_state -> new_state */
	RPROC_EVENT_COREDUMP = 4, /* a dump appeared: number in @value */
	RPROC_EVENT_COREDUMP_RELEASED = 5, /* it is gone: number in @value */
	RPROC_EVENT_LOST = 6,	  /* @value events were dropped: you read too slowly */
	/* virtio: @value is N of virtioN, @reason its name */
	RPROC_EVENT_VIRTIO_ADDED = 7,
	RPROC_EVENT_VIRTIO_REMOVED = 8,
	RPROC_EVENT_VIRTIO_FAILED = 9, /* its driver gave it up: see the story */
	/* rpmsg.h: @value is the channel's id, @reason its device name */
	RPROC_EVENT_CHANNEL_ADDED = 10,
	RPROC_EVENT_CHANNEL_REMOVED = 11
};

struct rproc_event {
	uint64_t sequence; /* 1, 2, 3, ... in a context, without holes but after LOST */
	int64_t time_ns;   /* CLOCK_REALTIME */
	enum rproc_event_type type;
	int index; /* of remoteprocN */
	char name[64];
	enum rproc_state old_state;
	enum rproc_state new_state;
	uint64_t value;
	char reason[64]; /* "start", "stop", "detach", "crash: watchdog", "recovery", ... */
};

/* Readable (POLLIN) while an event waits. Owned by the context: only poll it. */
int rproc_event_fd(struct rproc_context *context);
/* The next event. Never blocks. 1: *ret_event is filled; 0: none waits. */
int rproc_event_read(struct rproc_context *context, struct rproc_event *ret_event);

/* ---- finding processors ------------------------------------------------ */

/* Each returns a counted reference (rproc_put()), or NULL. Only added processors are found. */
struct rproc *rproc_get_by_phandle(struct rproc_context *context, uint32_t phandle);
struct rproc *rproc_get_by_name(struct rproc_context *context, const char *name); /* lowest index */
struct rproc *rproc_get_by_index(struct rproc_context *context, int index);
/* The added processor with the lowest index above @index; start with -1. */
struct rproc *rproc_get_next(struct rproc_context *context, int index);
/*
 * The processor that a device hangs below, by its name, as events and the mount have it:
 * "virtio0", "rproc-virtio.0.auto", a channel's "virtio0.rpmsg-raw.-1.1024", or "remoteproc0"
 * itself. Devices of a boot are found from its start to its stop.
 */
struct rproc *rproc_get_by_child(struct rproc_context *context, const char *device);
struct rproc *rproc_get(struct rproc *rproc); /* one more reference to one you hold */
void rproc_put(struct rproc *rproc);	      /* NULL is fine */

/* ---- what a processor is ----------------------------------------------- */

/* Strings live as long as the reference. */
const char *rproc_name(const struct rproc *rproc);
int rproc_index(const struct rproc *rproc);		/* N of remoteprocN */
const char *rproc_plugin_name(const struct rproc *rproc); /* "" if the program's own */
/* "platform/soc/soc:ahb/5b000000.m4": where sysfs would show the parent device. */
const char *rproc_device_path(const struct rproc *rproc);
const char *rproc_dt_path(const struct rproc *rproc);	/* "/soc/m4@5b000000", "" if none */
const char *rproc_dt_alias(const struct rproc *rproc);	/* its name under /aliases, or "" */
bool rproc_read_only(const struct rproc *rproc);	/* sysfs_read_only in the kernel */
const char *rproc_fw_format(const struct rproc *rproc); /* "ELF", "TEE", ...: what it accepts */

/* Never blocks, not even during a boot. */
enum rproc_state rproc_state(const struct rproc *rproc);
uint64_t rproc_bootaddr(const struct rproc *rproc); /* of the last boot, 0 before */

struct rproc_counters {
	uint64_t boots, attaches, shutdowns, detaches; /* that succeeded */
	uint64_t failures;			       /* boots and attaches that failed */
	uint64_t crashes;			       /* that were handled */
	uint64_t crash_reports;			       /* that were reported */
	uint64_t recoveries, failed_recoveries;
	uint64_t kicks;		/* host to remote */
	uint64_t kick_failures; /* those of which the driver says that they did not get there */
	uint64_t notifications; /* remote to host */
	int power;	/* the user count */
};
/* Each as it is when it is looked at, not all of one moment. Never blocks. */
void rproc_counters(const struct rproc *rproc, struct rproc_counters *ret_counters);

/*
 * The story of this processor's last failure: stage, object, numbers, remedy.
 * "" if nothing has failed, and after a boot or attach that succeeded.
 * Copies at most @len bytes with the terminating NUL; returns the story's length.
 */
size_t rproc_last_error(const struct rproc *rproc, char *buf, size_t len);
/*
 * What the driver noticed in the last boot, attach or recovery that was no failure, a
 * line each: "" if nothing. Never the reason of an error; often that of a silent core.
 * Copies as rproc_last_error() does. Never blocks.
 */
size_t rproc_remarks(const struct rproc *rproc, char *buf, size_t len);

/* ---- asking things of a processor -------------------------------------- */

/*
 * Each blocks until it is done; requests to one processor are carried out one
 * after the other, different processors do not wait for each other. From one of
 * the processor's own driver callbacks, a request's @done, a callback of an endpoint or
 * on the context's own thread: -EDEADLK. Before rproc_add() and once it is removed:
 * -ENODEV. No thread is to be had: -EAGAIN.
 */

/*
 * Power up: load and start if offline, attach if detached, otherwise only count. What
 * crashed while it was detached, and was not recovered, is stopped and then started.
 * Boots are counted: as many shutdowns are needed. 0, -ENOENT (no firmware),
 * -EINVAL (image, table), -ENOMEM (carveouts), -ENODEV (being removed), or the
 * error of the driver's op.
 */
int rproc_boot(struct rproc *rproc);
/* Count down; at zero stop. -EINVAL unless running, attached or crashed. */
int rproc_shutdown(struct rproc *rproc);
/*
 * Count down; at zero leave it running on its own. -EINVAL unless attached, or
 * running under a driver with RPROC_FEAT_DETACH_RUNNING (driver.h).
 */
int rproc_detach(struct rproc *rproc);
/*
 * Recover now if crashed, else do nothing: stop, dump, load and start; what this program had
 * not started itself, as if it were offline. 0, -ENODEV, or what recovery met.
 */
int rproc_trigger_recovery(struct rproc *rproc);

/*
 * The name of the firmware to boot next: everything before the first newline.
 * Also before rproc_add(). -EBUSY unless offline, -EINVAL if empty, -ENAMETOOLONG
 * above 4095 bytes, -ENOMEM, -ENODEV (being removed); this holds for all three.
 */
int rproc_set_firmware(struct rproc *rproc, const char *name);
/*
 * Boot next from bytes instead of a file; they are copied. @name is shown as the
 * firmware's name. Kept until the next set_firmware call.
 */
int rproc_set_firmware_buffer(struct rproc *rproc, const char *name, const void *data, size_t len);
/*
 * Boot next from a descriptor: read whole, now, into private memory. -EINVAL: not a
 * regular file, or empty; -EFBIG: above max_firmware_size; -EBADF, -EIO.
 */
int rproc_set_firmware_fd(struct rproc *rproc, const char *name, int fd);
/* The firmware's name. Copies as rproc_last_error() does. */
size_t rproc_firmware_name(const struct rproc *rproc, char *buf, size_t len);

/* True at first, as in Linux. Never blocks. */
bool rproc_recovery_enabled(const struct rproc *rproc);
/* Only sets the flag. (The kernel's `enabled` also recovers: call rproc_trigger_recovery().) */
void rproc_set_recovery(struct rproc *rproc, bool enabled);

enum rproc_coredump_mode rproc_coredump_mode(const struct rproc *rproc);
/* -EBUSY while crashed, -EINVAL for an unknown mode. */
int rproc_set_coredump_mode(struct rproc *rproc, enum rproc_coredump_mode mode);

/*
 * Tell the core that a processor died. Any thread, also a signal handler: it
 * counts and wakes the context's thread, nothing else.
 * @type: enum rproc_crash_type, or any other number for "unknown"
 */
void rproc_report_crash(struct rproc *rproc, unsigned int type);

/*
 * The same requests without waiting.
 * @done: called exactly once with the result, on the processor's worker (or on
 *	  the caller of rproc_request_cancel()), with no lock held; perhaps before
 *	  this returns. It may ask for the next thing without waiting, never block.
 *	  NULL: nobody wants to know.
 * Returns a request's id, > 0, or a negative errno (and @done is not called):
 * -EINVAL, -ENOMEM, -ENODEV (not added, or removed), -EAGAIN (no thread).
 */
enum rproc_request {
	RPROC_REQUEST_BOOT = 1,
	RPROC_REQUEST_SHUTDOWN = 2,
	RPROC_REQUEST_DETACH = 3,
	RPROC_REQUEST_RECOVER = 4,
	RPROC_REQUEST_SET_FIRMWARE = 5, /* @arg: the name */
	RPROC_REQUEST_RELEASE = 6	/* what closing a SHUTDOWN_ON_RELEASE descriptor does:
					   shut down if running, detach if attached */
};
typedef void (*rproc_done_fn)(struct rproc *rproc, int result, void *data);
int64_t rproc_request(struct rproc *rproc, enum rproc_request request, const char *arg,
		      rproc_done_fn done, void *data);
/*
 * Withdraw a request that has not begun: its @done is called with -EINTR and 0
 * is returned. -EBUSY: it has begun and will be finished; -ENOENT: it is over.
 */
int rproc_request_cancel(struct rproc *rproc, int64_t id);

/* ---- snapshots ---------------------------------------------------------- */

/*
 * Each returns memory of its own in *ret_x, to be released with free(). Any thread; none waits
 * for an operation. 0 or -ENOMEM.
 */

struct rproc_carveout_info {
	char name[32];
	const void *va; /* only to be printed */
	uint64_t pa;
	uint32_t da;
	size_t len;
};
int rproc_get_carveouts(const struct rproc *rproc, struct rproc_carveout_info **ret_info,
			size_t *ret_count);

/* The table as it is now (the remote's own copy while it runs); -ENOENT if there is none. */
int rproc_get_table(const struct rproc *rproc, void **ret_table, size_t *ret_size);

struct rproc_vdev_info {
	int number; /* N of rproc-virtio.N.auto, counted in the context */
	int index;  /* of the vdev in the table */
	uint32_t id;
	bool failed; /* its rings were refused: it exists but has no driver */
	int virtio;  /* N of virtioN; -1 while the processor does not run */
	uint8_t status;	   /* as in the table: 7 is in order, 0x80 given up by its driver */
	uint32_t features; /* that both sides accepted */
};
int rproc_get_vdevs(const struct rproc *rproc, struct rproc_vdev_info **ret_info,
		    size_t *ret_count);

struct rproc_trace_info {
	char name[32];
	uint32_t da;
	uint32_t len;
	bool available; /* the address can be reached */
};
int rproc_get_traces(const struct rproc *rproc, struct rproc_trace_info **ret_info,
		     size_t *ret_count);
/*
 * Copy text of trace @index from @offset: up to the first NUL or the buffer's
 * length. Returns the bytes copied, 0 at the end, -ENOENT if there is no such
 * trace (now), -EFAULT if its address cannot be reached. What is copied is of
 * one boot, and cut short where that ends meanwhile; what the remote, or a recovery
 * that loads the image anew, writes meanwhile is seen as far as it is written.
 */
ssize_t rproc_trace_read(const struct rproc *rproc, unsigned int index, void *buf, size_t len,
			 uint64_t offset);

/* ---- core dumps ----------------------------------------------------------- */

/* Numbers count from 1 in a context and are never used again (devcdN). */
struct rproc_coredump_info {
	uint64_t number;
	int index;   /* of the processor */
	char name[64];
	size_t size; /* bytes of the whole ELF file */
	bool inline_dump; /* read from memory on demand; recovery waits for the release */
};
/*
 * The dump with the lowest number above @number; -ENOENT if there is none. A dump outlives
 * its processor, whose index is not given out again before.
 */
int rproc_coredump_next(struct rproc_context *context, uint64_t number,
			struct rproc_coredump_info *ret_info);
/*
 * Bytes of a dump; 0 at its end; -ENODEV once it is released. Any thread; of an inline dump the
 * driver may be asked for them on it.
 */
ssize_t rproc_coredump_read(struct rproc_context *context, uint64_t number, void *buf, size_t len,
			    uint64_t offset);
/* Throw a dump away. -ENODEV if it is gone already. */
int rproc_coredump_release(struct rproc_context *context, uint64_t number);
/* devcoredump's `disabled`: releases every dump and makes no more. Cannot be undone. */
void rproc_coredump_disable(struct rproc_context *context);
bool rproc_coredump_disabled(struct rproc_context *context);

#ifdef __cplusplus
}
#endif
#endif
