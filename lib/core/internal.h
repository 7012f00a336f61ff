/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of lib/core, lib/virtio and lib/board share: the objects and
 * their locks, and private functions grouped by the file that defines them.
 *
 * Lock order (a thread may take a later one while it holds an earlier one):
 *   queue.lock   a leaf of its own: nothing is taken under it
 *   board_lock > all others
 *   context.lock > rproc.data_lock > events.lock
 *   rpmsg.lock > those of a bus (rpmsg/bus.h) > rproc.data_lock
 *   dumps.lock > events.lock
 * No callback of a driver or an application runs under any of them but board_lock, which
 * makes one board call wait for another: probe, remove and what they log run under it.
 * The *operation lock* of a processor is its worker: an item of the queue that runs
 * holds it, and nothing else may change the processor.
 */
#ifndef RPROC_CORE_INTERNAL_H
#define RPROC_CORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <librproc/driver.h>
#include "base/api.h"
#include "base/ids.h"
#include "base/list.h"
#include "core/debug.h"

#define RPROC_STORY_MAX	  1024
#define RPROC_LINE_MAX	  1024	      /* of the log, with its device */
#define RPROC_NAME_MAX	  63	      /* bytes of a processor's name that an event shows */
#define RPROC_TABLE_MAX	  (64u << 10) /* bytes of a resource table: a hostile one is no bigger */
#define RPROC_TRACE_MAX	  (16u << 20) /* bytes of a trace that are looked at */
#define RPROC_VDEVS_MAX	  32	      /* vdevs of one processor */
#define RPROC_CRASH_TYPES 4	      /* three known and "unknown" */

/* ---- the loop: one thread and one event base a context (loop.c) ------------------- */

struct rproc_loop;
/* Run @fn on the loop's thread and wait for it; on that thread itself, just call it. */
void rproc_loop_call(struct rproc_loop *loop, void (*fn)(void *arg), void *arg);
/* Async-signal-safe: make the loop look at crash reports. */
void rproc_loop_wake(struct rproc_loop *loop);
/* Is this the loop's thread? */
bool rproc_on_loop(const struct rproc_loop *loop);
int rproc_loop_new(struct rproc_context *context, struct rproc_loop **ret_loop);
void rproc_loop_free(struct rproc_loop *loop);

/* ---- context ------------------------------------------------------------------------- */

struct rproc_vdev_binding {
	struct list link;
	const struct rproc_vdev_driver *driver;
	void *data;
};

struct rproc_events {
	pthread_mutex_t lock; /* guards everything here */
	struct rproc_event *ring;
	unsigned int len, head, count;
	uint64_t sequence;
	uint64_t lost;
	uint64_t owed; /* writes of the descriptor that were not read yet, some still to come */
	int fd;
};

struct rproc_dumps {
	pthread_mutex_t lock;	/* guards everything here */
	pthread_cond_t changed; /* a dump was released, or a reader left it */
	struct list list;	/* struct rproc_dump by number */
	uint64_t last_number;
	bool disabled;
};

/* lib/rpmsg: the buses of a context */
struct rproc_rpmsg {
	pthread_mutex_t lock;	/* guards everything here; before a bus's own locks */
	pthread_cond_t changed; /* a channel appeared or was closed */
	struct list buses;	/* struct rpmsg_bus.link */
	struct list sockets;	/* endpoints that are descriptors: rpmsg/socket.c */
	uint64_t last_channel;
};

struct rproc_context {
	/* constant after rproc_context_new() */
	rproc_log_fn log;
	void *log_data;
	void (*state_changed)(const struct rproc_event *event, void *data);
	void *state_changed_data;
	char *firmware_dirs; /* ':'-separated */
	char *plugin_path;
	char *state_dir;
	unsigned int shutdown_timeout_ms;
	unsigned int dump_timeout_ms;
	unsigned int send_timeout_ms;
	size_t max_firmware_size;
	struct rproc_loop *loop;
	struct rproc_hw *hw; /* lib/hw/hw.c */

	atomic_int log_level;
	atomic_uint debug[RPROC_DEBUG_NAMES]; /* enum rproc_debug_flags */
	atomic_bool crash_reported;	      /* some processor's crash_pending is not 0 */

	pthread_mutex_t lock;	  /* guards what follows up to the next remark */
	struct list rprocs;	  /* struct rproc.link: added ones, by index */
	struct list vdev_drivers; /* struct rproc_vdev_binding */
	struct ids indices;
	uint64_t last_serial;	   /* of a processor */
	struct ids vdev_numbers;   /* rproc-virtio.N.auto */
	struct ids virtio_numbers; /* virtioN */
	struct list debug_plugins; /* owned by debug.c */
	char firmware_path[256];
	char story[RPROC_STORY_MAX];

	pthread_mutex_t board_lock; /* serialises plugin and board calls; guards: */
	struct list plugins;	    /* owned by board/plugin.c */
	bool plugins_searched;	    /* the plugin path was looked through */
	struct list devices;	    /* struct rproc_device.link: probed ones */
	struct list unbound;	    /* devices that were taken from their drivers; board.c */

	struct rproc_events events;
	struct rproc_dumps dumps;
	struct rproc_rpmsg rpmsg;
};

/* Log with an explicit device string. */
void rproc_context_log(struct rproc_context *context, int level, const char *device,
		       const char *fmt, ...) RPROC_PRINTF(4, 5);
/* The same whatever its level. */
void rproc_context_vprint(struct rproc_context *context, int level, const char *device,
			  const char *fmt, va_list args);
void rproc_context_vlog(struct rproc_context *context, int level, const char *device,
			const char *fmt, va_list args);
/* A thread that blocks every signal. 0 or a negative errno. */
int rproc_thread_create(pthread_t *ret_thread, void *(*fn)(void *), void *arg);

/* ---- devices (device.c; what comes from a device tree in lib/board) ---------------------- */

struct rproc_board;	    /* board/devicetree.c: a checked, private copy of a tree; counted */
struct rproc_loaded_plugin; /* board/plugin.c */

struct rproc_device {
	atomic_uint refs;
	struct rproc_context *context; /* constant from here on ... */
	char *name;		       /* "5b000000.m4" */
	char *path;		       /* "platform/soc/soc:ahb/5b000000.m4" */
	struct rproc_board *board;     /* NULL: no device tree */
	int node;		       /* number of its node in the board */
	char *dt_path;
	char *dt_alias;
	const char *plugin_name;	   /* "" if none */
	const struct rproc_plugin *plugin; /* NULL if none; the context's copy */
	struct list link;		   /* context.devices */
	struct list managed;		   /* devm.c: in probe and remove only */
	/* ... up to here; the rest is the driver's, who touches it in probe or on the worker */
	void *priv;
	struct rproc_memory_provider provider;
	bool has_provider;
	atomic_bool probing; /* its driver's probe runs, and the first story is kept */
};

/* A device of @path (its last component is the name); the board part is filled by the caller. */
int rproc_device_create(struct rproc_context *context, const char *path,
			struct rproc_device **ret_device);
/* The story "NAME: ..." of a failure; during probe the first one stays. Returns @error. */
int rproc_device_tell(const struct rproc_device *device, int error, const char *fmt, ...)
	RPROC_PRINTF(3, 4);

/* board/devicetree.c */
void rproc_board_put(struct rproc_board *board); /* NULL is fine */
/* board/board.c: remove every probed device, forget and unload every plugin. */
void rproc_boards_fini(struct rproc_context *context);

/* ---- the worker (worker.c) ------------------------------------------------------------- */

/* One thing to do on a processor's worker. Embedded, on the caller's stack, or allocated. */
struct rproc_work {
	struct list link; /* queue.lock */
	int (*run)(struct rproc *rproc, struct rproc_work *work);
	/* Called after run with its result (or -EINTR, -ENODEV without run); may free it. */
	void (*done)(struct rproc *rproc, struct rproc_work *work, int result);
	void *arg;  /* for run and done */
	int64_t id; /* 0: cannot be cancelled */
};

struct rproc_queue {
	pthread_mutex_t lock; /* guards everything here */
	pthread_cond_t more;  /* an item was added, or it was closed */
	struct list items;    /* struct rproc_work that have not begun */
	bool busy;	      /* the thread has not decided to end */
	bool started;	      /* @thread is to be joined, by the next one or by the close */
	bool has_previous;    /* @thread has not yet joined @previous */
	bool closed;	      /* nothing is taken any more */
	pthread_t thread, previous;
	int64_t last_id;
	int64_t running_id;
};

void rproc_queue_init(struct rproc_queue *queue);
void rproc_queue_fini(struct rproc_queue *queue);
/* -ENODEV: closed; -EAGAIN: no thread could be made. */
int rproc_queue_add(struct rproc *rproc, struct rproc_work *work);
/* Is this the worker, the loop or a message's callback, which the worker may be waiting for? */
bool rproc_must_not_wait(struct rproc *rproc);
/* Run @run on the worker and wait. -EDEADLK where one must not. */
int rproc_queue_run(struct rproc *rproc, int (*run)(struct rproc *rproc, struct rproc_work *work),
		    void *arg);
/* Refuse new work, wait for the old, join the thread. */
void rproc_queue_close(struct rproc *rproc);
/* The same with an id to cancel by: > 0, or a negative errno. */
int64_t rproc_queue_add_id(struct rproc *rproc, struct rproc_work *work);
/* Take back work that has not begun: 0 (done was called with -EINTR), -EBUSY, -ENOENT. */
int rproc_queue_cancel(struct rproc *rproc, int64_t id);
/* Is this thread the processor's worker? */
bool rproc_on_worker(struct rproc *rproc);

/* ---- memory (carveout.c) ---------------------------------------------------------------- */

struct rproc_mem_entry {
	struct list link;
	void *va;
	uint64_t pa;
	size_t len;
	uint32_t da;
	bool is_iomem;
	bool allocated;		  /* alloc has succeeded: release is owed */
	struct rproc_device *dev; /* borrowed */
	struct rproc *rproc;	  /* set once added */
	rproc_mem_fn alloc;
	rproc_mem_fn release;
	void *priv;
	uint32_t rsc_offset; /* of its table entry's payload, RPROC_RSC_ADDR_ANY: none */
	uint32_t flags;
	uint32_t of_resm_idx;
	char name[32];
};

struct rproc_trace {
	struct list link;
	uint64_t number; /* no other trace of the processor ever has it */
	uint32_t da, len;
	const void *va; /* NULL: cannot be reached (yet) */
	char name[32];
};

struct rproc_segment {
	struct list link;
	uint32_t da;
	size_t size;
	rproc_dump_fn dump;
	void *priv;
};

struct rproc_subdev {
	struct list link;
	const struct rproc_subdev_ops *ops;
	void *priv;
};

/* ---- the processor ---------------------------------------------------------------------- */

/* Where the next boot's bytes come from. */
struct rproc_source {
	char *name;  /* the firmware's name */
	void *bytes; /* NULL: search for the name */
	size_t size;
};

struct rproc {
	/* constant after rproc_alloc() */
	struct rproc_context *context;
	struct rproc_device *dev;
	char *name;
	struct rproc_ops ops;
	void *priv;
	int index;
	uint64_t serial;   /* like an index that is never used again */
	char log_name[40]; /* "remoteproc remoteprocN" */

	/* constant after rproc_add() */
	bool auto_boot;
	bool del_managed, free_managed; /* left to its device: devm.c */
	bool read_only;
	bool has_iommu;
	unsigned int features;
	const char *fw_format;

	atomic_uint refs;
	atomic_int state; /* enum rproc_state; written by the worker only */
	atomic_int power;
	atomic_bool added;
	atomic_bool deleting;
	atomic_bool recovery_disabled;
	atomic_int dump_mode; /* enum rproc_coredump_mode */
	atomic_ullong bootaddr;
	atomic_uint crash_pending[RPROC_CRASH_TYPES]; /* reported, not yet seen by the loop */
	atomic_uint crash_owed;	  /* type + 1 of one that found no worker; 0: none */
	atomic_bool crash_queued; /* crash_work is in the queue */
	atomic_uint life;	  /* number of the last run: started, or attached to anew */
	atomic_uint crash_life;	  /* of the latest that a crash was reported of */
	atomic_uint crash_type;	  /* of the report being handled */
	atomic_ullong boots, attaches, shutdowns, detaches, failures, crashes, crash_reports,
		recoveries, failed_recoveries, kicks, kick_failures, notifications;

	struct rproc_queue queue;
	struct rproc_work crash_work;
	struct rproc_work boot_work; /* auto boot */
	struct list link;	     /* context.lock */

	pthread_mutex_t data_lock; /* guards what follows up to the next remark */
	struct rproc_source source;
	char story[RPROC_STORY_MAX];
	bool story_set;	  /* the running operation has told its story */
	bool story_aside; /* the story is one of rproc_story_set_aside() */
	char remarks[RPROC_STORY_MAX];
	struct list carveouts;
	struct list traces;
	uint64_t next_trace;	    /* its number */
	unsigned int trace_readers; /* copies of text that go on without the lock */
	bool traces_changing;	    /* the worker waits for those; no further one begins */
	pthread_cond_t traces_idle; /* either has changed */
	struct list vdevs;	    /* struct rproc_vdev */
	pthread_cond_t vq_idle;	    /* a vring's callback has returned */
	/*
	 * The table of the running image. cached_table is private memory, table_ptr is that
	 * or the remote's own copy; table_size bytes are readable at both.
	 */
	struct rproc_resource_table *table_ptr;
	struct rproc_resource_table *cached_table;
	size_t table_size;

	/* touched by the worker only */
	struct rproc_resource_table *clean_table;	  /* as it was found; restored at detach */
	struct list subdevs;				  /* also before rproc_add() */
	struct list segments;				  /* of the core dump */
	bool prepared, subdevs_prepared, subdevs_started; /* what has to be undone */
	bool attached; /* its resources are those of an image that was found running */
	struct ids notify_ids;
	int num_vdevs;
	uint8_t elf_class;
	uint16_t elf_machine;
	int loader_error; /* of a loader op whose result has no room for one; 0: none */
};

/* rproc.c */
void rproc_set_state(struct rproc *rproc, enum rproc_state state, const char *reason);
/* The first story of an operation stays; this begins an operation. */
void rproc_story_begin(struct rproc *rproc);
/* End of an operation: a failure without a story gets @stage's general one. */
void rproc_story_end(struct rproc *rproc, int error, const char *stage);
void rproc_story_clear(struct rproc *rproc);
/*
 * With data_lock: something failed beside all operations. It gives way to what an operation
 * or a crash has told; @anew: it may take the place of an older story, else only of its like.
 */
void rproc_story_set_aside(struct rproc *rproc, bool anew, int error, const char *stage,
			   const char *text);
/* remark.c: what was remarked of the run before is not of the one that begins. */
void rproc_remarks_clear(struct rproc *rproc);
/* story.c: the kernel's lines alone, of a check whose failure is none of the operation. */
void rproc_log_findings(struct rproc *rproc, const struct rproc_report *report);

/* state.c: pure; may @request be carried out in @state? 0 or the kernel's errno. */
enum rproc_call { RPROC_CALL_BOOT, RPROC_CALL_SHUTDOWN, RPROC_CALL_DETACH };
int rproc_state_allows(enum rproc_state state, enum rproc_call call, bool detach_running);

/* lifecycle.c: what a user asks, with the power count; all on the worker */
int rproc_do_boot(struct rproc *rproc);
int rproc_do_shutdown(struct rproc *rproc);
int rproc_do_detach(struct rproc *rproc);
/* What rproc_add() queues: a boot or an attach that nobody waits for. */
int rproc_do_auto_boot(struct rproc *rproc, struct rproc_work *work);

/* sequence.c: what is done to the processor, in the kernel's order; all on the worker */
int rproc_load_and_boot(struct rproc *rproc, const struct rproc_firmware *fw, const char *reason);
/* @reason: what the event of the new state says. */
int rproc_start(struct rproc *rproc, const struct rproc_firmware *fw, const char *reason);
int rproc_stop(struct rproc *rproc, bool crashed, const char *reason);
/*
 * Before the stop of what crashed while it was detached: its driver is prepared, and its memories
 * are there to be dumped.
 */
int rproc_reach_for_dump(struct rproc *rproc);
/*
 * Before it boots: what crashed while it was detached must not meet the next run. The kernel loads
 * over it, so this logs nothing.
 */
int rproc_end_detached(struct rproc *rproc, const char *reason);
int rproc_attach(struct rproc *rproc);
int rproc_disconnect(struct rproc *rproc); /* the op-calling part of detach */
/* After stop or detach: resources, unprepare, tables. */
void rproc_release_resources(struct rproc *rproc);
/* The driver goes and could not stop it: let go of everything, whatever the core does. */
void rproc_abandon(struct rproc *rproc);

/* recovery.c */
int rproc_do_recovery(struct rproc *rproc);
/* On the loop: queue what rproc_report_crash() left. Returns ms until its next look, or 0. */
unsigned int rproc_collect_crashes(struct rproc_context *context);
/* The same for a processor that has just been published: the loop did not see it before. */
void rproc_collect_early_crash(struct rproc *rproc);
void rproc_crash_init(struct rproc *rproc);

/* firmware.c */
/*
 * The bytes to boot from: the source's own or a file's, private to the processor.
 * Release with rproc_firmware_release(), which knows whose they are.
 */
int rproc_firmware_request(struct rproc *rproc, struct rproc_firmware *ret_fw);
void rproc_firmware_release(struct rproc *rproc, struct rproc_firmware *fw);
int rproc_run_set_firmware_name(struct rproc *rproc, struct rproc_work *work); /* arg: the name */
/* "Firmware load refused" rules of firmware_class; pure. 0 or -EINVAL. */
int rproc_firmware_name_check(const char *name);

/* loader.c: the five loader ops of the image registry */
void rproc_install_loader(struct rproc_ops *ops);

/* resources.c */
int rproc_handle_resources(struct rproc *rproc, const void *table, size_t size);
/* A word of the table as the remote sees it; offset and size were checked by the walk. */
void rproc_table_store(struct rproc *rproc, uint32_t offset, uint32_t value);
/* Allocate what is registered, and write addresses into the table. */
int rproc_alloc_carveouts(struct rproc *rproc);
void rproc_resource_cleanup(struct rproc *rproc);
/* Replace the table pointers under the data lock; cached_table is freed if it changes. */
void rproc_table_set(struct rproc *rproc, struct rproc_resource_table *cached,
		     struct rproc_resource_table *ptr, size_t size);

/* carveout.c */
struct rproc_mem_entry *rproc_mem_entry_new(struct rproc_device *device, const char *fmt, ...)
	RPROC_PRINTF(2, 3);
/* A carveout that the device's provider backs. -ENOMEM. */
int rproc_mem_default_alloc(struct rproc *rproc, struct rproc_mem_entry *mem);
int rproc_mem_default_release(struct rproc *rproc, struct rproc_mem_entry *mem);
/* Does the registered @mem satisfy the request? 0 or -ENOMEM (logged, with a story). */
int rproc_check_carveout(struct rproc *rproc, const struct rproc_mem_entry *mem, uint32_t da,
			 uint32_t len);
void rproc_release_carveouts(struct rproc *rproc);

/* trace.c */
int rproc_add_trace(struct rproc *rproc, const struct rproc_rsc_trace *rsc);
void rproc_resolve_traces(struct rproc *rproc);
void rproc_remove_traces(struct rproc *rproc);

/* subdev.c */
int rproc_prepare_subdevs(struct rproc *rproc);
int rproc_start_subdevs(struct rproc *rproc);
void rproc_stop_subdevs(struct rproc *rproc, bool crashed);
void rproc_unprepare_subdevs(struct rproc *rproc);

/* coredump.c */
void rproc_dumps_init(struct rproc_dumps *dumps);
void rproc_dumps_fini(struct rproc_context *context);
/* A processor goes away: whoever waits for a dump looks again. */
void rproc_coredump_wake(struct rproc_context *context);
/* On the loop: release what is too old. Returns ms until the next is, 0 for none. */
unsigned int rproc_coredump_expire(struct rproc_context *context);

/* event.c */
int rproc_events_init(struct rproc_events *events, unsigned int len);
void rproc_events_fini(struct rproc_events *events);
/* Queue what @event says of a processor; sequence, time, name and reason are filled in here. */
void rproc_event_post(struct rproc_context *context, const struct rproc_event *event,
		      const char *name, const char *reason);
void rproc_event_add(const struct rproc *rproc, enum rproc_event_type type,
		     enum rproc_state old_state, enum rproc_state new_state, const char *reason);

/* virtio/kick.c */
#define RPROC_KICK_WHY_MAX 256
struct rproc_kick_trouble {
	int virtio;
	unsigned int vring;
	uint64_t failed; /* kicks since the vdev was started */
	int64_t age_ns;	 /* of the last of them, as the next */
	int error;
	char why[RPROC_KICK_WHY_MAX];
};
/* The next vring from number *at on whose kicks failed; *at: where to go on. false: none. */
bool rproc_next_kick_trouble(struct rproc *rproc, unsigned int *at, struct rproc_kick_trouble *ret);

/* hw/hw.c; the first is -EINVAL where no backend has that name */
int rproc_hw_new(const char *name, struct rproc_hw **ret_hw);
void rproc_hw_free(struct rproc_hw *hw); /* NULL is fine */
/* Show a board to the model; board_lock is held. 0 where there is no model to show it to. */
int rproc_hw_power_on(struct rproc_context *context, struct rproc_board *board);
/* Before the plugins go; board_lock is held. */
void rproc_hw_power_off(struct rproc_context *context);

/* virtio/drivers.c: the library's own driver of an id, or NULL */
const struct rproc_vdev_binding *rproc_builtin_vdev_driver(uint32_t id);

/* rpmsg/bus.c */
extern const struct rproc_vdev_driver rproc_rpmsg_driver, rproc_serial_driver;
void rproc_rpmsg_init(struct rproc_rpmsg *rpmsg);
void rproc_rpmsg_fini(struct rproc_rpmsg *rpmsg);
/* On the worker: nobody will answer any more. Channels stay until the stop, as in the kernel. */
void rproc_rpmsg_crashed(struct rproc *rproc);
/* rpmsg/endpoint.c: does an endpoint's callback run on this thread? */
bool rproc_rpmsg_in_callback(void);
/* rpmsg/socket.c: before the loop ends. */
void rproc_rpmsg_end_sockets(struct rproc_context *context);

/* virtio/vdev.c */
int rproc_add_vdev(struct rproc *rproc, const struct rproc_rsc *rsc);
void rproc_remove_vdevs(struct rproc *rproc);

#endif
