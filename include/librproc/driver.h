/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librproc for SoC plugins, and for programs with a processor of their own:
 * what a driver gives the core and what it may ask of it. Mirrors
 * include/linux/remoteproc.h of Linux; names and semantics are the kernel's.
 *
 * Life of a processor in a plugin:
 *
 *   probe(dev) -> rproc_alloc -> [set_* ...] -> rproc_add
 *        -> ops: prepare, parse_fw, load, start ... stop, unprepare (any number of times)
 *   remove(dev) -> rproc_del -> rproc_free, or left to the device: devm_rproc_alloc
 *
 * Driver ops run on the processor's worker thread with its operation lock held:
 * never two at once for one processor. They may block, and may call
 * rproc_da_to_va, rproc_add_carveout, rproc_coredump_add_segment,
 * rproc_report_crash, the log and story functions, and everything that reads.
 * rproc_boot, rproc_shutdown and the like answer -EDEADLK from there.
 */
#ifndef LIBRPROC_DRIVER_H
#define LIBRPROC_DRIVER_H

#include <stdarg.h>
#include <librproc/firmware.h>
#include <librproc/hw.h>
#include <librproc/rproc.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RPROC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define RPROC_PRINTF(fmt, args)
#endif

struct rproc_device;
struct rproc_subdev;
struct rproc_vdev;
struct rproc_watch;

/* ---- ops ---------------------------------------------------------------- */

/* What handle_rsc answers ("enum rsc_handling_status" in Linux); negative: error. */
#define RPROC_RSC_HANDLED 0
#define RPROC_RSC_IGNORED 1

/*
 * "struct rproc_ops" in Linux. All optional but as said; every callback that
 * returns int answers 0 or a negative errno.
 */
struct rproc_ops {
	/*
	 * Power, clocks, carveout registration; before load or attach, and before the stop, or
	 * with RPROC_FEAT_ATTACH_ON_RECOVERY the detach, of a core that crashed while it was
	 * detached. NULL: nothing to do.
	 */
	int (*prepare)(struct rproc *rproc);
	/* Undo prepare: after stop or detach, or on a failed boot. NULL: nothing. */
	int (*unprepare)(struct rproc *rproc);
	/* Release the core. Mandatory for rproc_add() of an offline processor. */
	int (*start)(struct rproc *rproc);
	/* Halt the core, also one that was never attached. NULL: shutdown answers -EINVAL. */
	int (*stop)(struct rproc *rproc);
	/* Connect to a core that runs. Mandatory for rproc_add() of a detached one. */
	int (*attach)(struct rproc *rproc);
	/* Leave the core running. NULL: detach answers -EINVAL. */
	int (*detach)(struct rproc *rproc);
	/*
	 * Tell the remote that vring @vqid (a notifyid) has work. Any thread; must not block.
	 * One that cannot says so with rproc_kick_failed().
	 */
	void (*kick)(struct rproc *rproc, int vqid);
	/*
	 * First chance to translate a device address; NULL result: try the carveouts.
	 * Also called while the processor is loaded or dumped; must only look things up.
	 */
	void *(*da_to_va)(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem);
	/* Find what the image says beside its segments: the table. NULL: no table. */
	int (*parse_fw)(struct rproc *rproc, const struct rproc_firmware *fw);
	/*
	 * A vendor entry. @rsc: the payload in the private copy, @offset: of the payload
	 * in the table, @avail: bytes to the table's end. NULL: ignored with a warning.
	 */
	int (*handle_rsc)(struct rproc *rproc, uint32_t rsc_type, void *rsc, int offset, int avail);
	/* Where the loaded table lies in device memory; NULL: nowhere. */
	struct rproc_resource_table *(*find_loaded_rsc_table)(struct rproc *rproc,
							      const struct rproc_firmware *fw);
	/*
	 * The table of a core that somebody else started, in device memory.
	 * 0 with *ret_table NULL: it has none. Takes the place of the kernel's encoded pointer.
	 */
	int (*get_loaded_rsc_table)(struct rproc *rproc, struct rproc_resource_table **ret_table,
				    size_t *ret_size);
	/*
	 * Copy the image to device memory. NULL: the five loader ops of the image's own
	 * format are installed together (rproc_elf_*), over any of the other four.
	 */
	int (*load)(struct rproc *rproc, const struct rproc_firmware *fw);
	/* Would this image do? Before anything is touched. NULL: yes. */
	int (*sanity_check)(struct rproc *rproc, const struct rproc_firmware *fw);
	/* The entry address. NULL: 0. */
	uint64_t (*get_boot_addr)(struct rproc *rproc, const struct rproc_firmware *fw);
	/*
	 * In Linux: the host is going down, milliseconds it should wait. Never called here,
	 * where no program hears of that; kept so that a kernel driver's table fits.
	 */
	unsigned long (*panic)(struct rproc *rproc);
	/* Make a dump during recovery. NULL: rproc_coredump(). */
	void (*coredump)(struct rproc *rproc);
};

/* ---- memory providers ----------------------------------------------------- */

/* Memory that the processor can reach, as its device hands it out. */
struct rproc_memory {
	void *va;
	uint64_t pa;
	uint32_t da;
	size_t len;
};

/*
 * Where carveouts and vrings come from that nobody registered.
 * @alloc: @len bytes aligned to @align (a power of two); @da is the wanted
 *	   device address or RPROC_RSC_ADDR_ANY. Fills all of *@ret_memory, whose len is not
 *	   less than @len. -ENOMEM if it cannot. On the worker.
 * @free: on the worker.
 */
struct rproc_memory_provider {
	int (*alloc)(void *priv, size_t len, size_t align, uint32_t da,
		     struct rproc_memory *ret_memory);
	void (*free)(void *priv, const struct rproc_memory *memory);
	void *priv;
};

/* ---- devices ---------------------------------------------------------------- */

/*
 * A device with no device tree, for a program's own processor: it appears as
 * platform/@name. Counted; free with rproc_device_put(). -EINVAL, -ENOMEM.
 */
int rproc_device_new(struct rproc_context *context, const char *name,
		     struct rproc_device **ret_device);
struct rproc_device *rproc_device_get(struct rproc_device *device);
void rproc_device_put(struct rproc_device *device); /* NULL is fine */

struct rproc_context *rproc_device_context(const struct rproc_device *device);
/* "5b000000.m4": the platform device's name. */
const char *rproc_device_name(const struct rproc_device *device);
/* The driver's own word, for probe to leave something for remove. */
void rproc_device_set_priv(struct rproc_device *device, void *priv);
void *rproc_device_priv(const struct rproc_device *device);
/* Copied; NULL takes it away. Before rproc_add(), or from prepare. */
void rproc_device_set_memory_provider(struct rproc_device *device,
				      const struct rproc_memory_provider *provider);
/* The context's settings that a driver needs. */
const char *rproc_device_state_dir(const struct rproc_device *device);
unsigned int rproc_device_shutdown_timeout_ms(const struct rproc_device *device);

/* Device tree. Each answers -ENOENT without a node or without the property. */
const char *rproc_device_node_name(const struct rproc_device *device); /* without unit; "" */
uint32_t rproc_device_phandle(const struct rproc_device *device);      /* 0: none */
/* Does the node have it? */
bool rproc_device_property_bool(const struct rproc_device *device, const char *name);
/* Word number @index; -EOVERFLOW past the end. */
int rproc_device_property_u32(const struct rproc_device *device, const char *name,
			      unsigned int index, uint32_t *ret_value);
/* String number @index of a string list; -ENODATA past the end, -EILSEQ unterminated. The string
 * lives as long as the device. */
int rproc_device_property_string(const struct rproc_device *device, const char *name,
				 unsigned int index, const char **ret_value);
/* The raw bytes; live as long as the device. */
int rproc_device_property(const struct rproc_device *device, const char *name,
			  const void **ret_value, size_t *ret_len);

/* A range of addresses out of the tree. */
struct rproc_region {
	char name[32];	   /* node name of a memory-region, reg-names entry, or "" */
	uint64_t pa;	   /* translated through the buses' `ranges` to the CPU's view */
	uint64_t bus;	   /* as written */
	uint64_t len;
	uint32_t da;	   /* through the parent's dma-ranges; RPROC_RSC_ADDR_ANY if it has none */
	bool no_map;
};
/* Entry @index of the node's `reg`. -ENOENT past the end. */
int rproc_device_reg(const struct rproc_device *device, unsigned int index,
		     struct rproc_region *ret_region);
/* Entry @index of `memory-region` ("rproc_of_resm"). -ENOENT past the end. */
int rproc_device_memory_region(const struct rproc_device *device, unsigned int index,
			       struct rproc_region *ret_region);
/* `firmware-name`, entry @index ("rproc_of_parse_firmware"). */
int rproc_of_parse_firmware(const struct rproc_device *device, unsigned int index,
			    const char **ret_name);

/* ---- log and stories ------------------------------------------------------------ */

/* A line of the log in the processor's name ("remoteproc remoteprocN"). */
void rproc_log(const struct rproc *rproc, int level, const char *fmt, ...) RPROC_PRINTF(3, 4);
/* A line in the parent device's name ("PLUGIN DEVICE"). */
void rproc_device_log(const struct rproc_device *device, int level, const char *fmt, ...)
	RPROC_PRINTF(3, 4);
/*
 * The story of a failure: what was being done (@stage: "load", "start", ...) and
 * which object, which numbers, what to do. The first story of an operation
 * stays: the deepest knows most. Returns @error, so that one can write
 * `return rproc_story(rproc, -EIO, "start", "...")`.
 */
int rproc_story(struct rproc *rproc, int error, const char *stage, const char *fmt, ...)
	RPROC_PRINTF(4, 5);
/*
 * The story of something that failed beside all operations, such as a request that is refused
 * before it becomes one. It takes the place of an older story, but gives way to what an
 * operation under way tells. Any thread. Returns @error.
 */
int rproc_story_aside(struct rproc *rproc, int error, const char *stage, const char *fmt, ...)
	RPROC_PRINTF(4, 5);
/* As rproc_story() where there is no processor yet (probe). */
int rproc_device_story(struct rproc_device *device, int error, const char *stage,
		       const char *fmt, ...) RPROC_PRINTF(4, 5);
/*
 * The story of a failure that belongs to no processor, for who offers one to others: what
 * rproc_context_last_error() tells from now on. Any thread. Returns @error.
 */
int rproc_context_story(struct rproc_context *context, int error, const char *fmt, ...)
	RPROC_PRINTF(3, 4);
/*
 * Something its user may want to know that is no failure (@stage as above): a vector
 * table that no segment writes, an image for another core. It goes to rproc_remarks()
 * and, at debug level, to the log. One line of at most 450 bytes; the same one twice
 * is one. From ops, or from any thread.
 */
void rproc_remark(struct rproc *rproc, const char *stage, const char *fmt, ...)
	RPROC_PRINTF(3, 4);
/* Pass what a check found to the log and the story. Returns @error. */
int rproc_report_findings(struct rproc *rproc, int error, const char *stage,
			  const struct rproc_report *report);

/* ---- making a processor ------------------------------------------------------------ */

/*
 * "rproc_alloc" in Linux. @firmware NULL: "rproc-NAME-fw". @len bytes of zeroed
 * private memory come with it (rproc_priv()). NULL if an argument is missing or
 * there is no memory. Free with rproc_free().
 */
#define rproc_alloc(device, name, ops, firmware, len)                                         \
	rproc_alloc_sized((device), (name), (ops), sizeof(struct rproc_ops), (firmware), (len))
struct rproc *rproc_alloc_sized(struct rproc_device *device, const char *name,
				const struct rproc_ops *ops, size_t ops_size,
				const char *firmware, size_t len);
/*
 * Make it known. -EINVAL: an offline one without start, a detached one without
 * attach, any other initial state, or already added. Auto-boot is queued, not waited
 * for; -EAGAIN if it finds no thread, and then it is removed again: rproc_free() it.
 */
int rproc_add(struct rproc *rproc);
/*
 * Take it away: stopped if it runs or is attached, however often it was booted, and
 * when it cannot be stopped what it held is released all the same: no op, subdevice
 * or carveout callback runs after this. Waits for the worker. -EINVAL on NULL or if
 * it was never added, or is removed already. Not from a callback, as rproc_boot() (-EDEADLK).
 */
int rproc_del(struct rproc *rproc);
/* Drop the reference of rproc_alloc(). NULL is fine. */
void rproc_free(struct rproc *rproc);

/* The driver's own @len bytes of rproc_alloc(), and the device: as long as the processor. */
void *rproc_priv(const struct rproc *rproc);
struct rproc_device *rproc_device(const struct rproc *rproc); /* borrowed */
/* Before rproc_add(). -EINVAL unless offline or detached. */
int rproc_set_initial_state(struct rproc *rproc, enum rproc_state state);
void rproc_set_auto_boot(struct rproc *rproc, bool auto_boot); /* default true, as in Linux */
void rproc_set_read_only(struct rproc *rproc, bool read_only); /* the files become 0444 */
/*
 * The processor sits behind an MMU that its driver programs: devmem entries of a
 * table are checked and then left to the driver. Without, they refuse the boot.
 */
void rproc_set_iommu(struct rproc *rproc, bool has_iommu);
/* Static string: the one image format it accepts. NULL (default): whatever the registry knows. */
void rproc_set_fw_format(struct rproc *rproc, const char *format);

/*
 * "enum rproc_features" in Linux. A core that starts itself again when it crashed: recovery
 * detaches from it and attaches, and neither dumps nor loads.
 */
#define RPROC_FEAT_ATTACH_ON_RECOVERY 0u
/* librproc's own: detach also works on a processor that this program started. */
#define RPROC_FEAT_DETACH_RUNNING     1u
/* -EINVAL for an unknown feature. */
int rproc_set_feature(struct rproc *rproc, unsigned int feature);

/* ---- left to the device ----------------------------------------------------------------- */

/*
 * The device-managed resources of Linux: undone in the reverse order when the probe fails, when
 * the driver is taken from the device (after its remove), or by rproc_device_release(). From
 * probe and remove; of a program's own device from one thread at a time.
 */
#define devm_rproc_alloc(device, name, ops, firmware, len)                                    \
	rproc_devm_alloc_sized((device), (name), (ops), sizeof(struct rproc_ops), (firmware), \
			       (len))
#define devm_rproc_add(device, rproc) rproc_devm_add((device), (rproc))
/* rproc_alloc(), and rproc_free() later. NULL as there. */
struct rproc *rproc_devm_alloc_sized(struct rproc_device *device, const char *name,
				     const struct rproc_ops *ops, size_t ops_size,
				     const char *firmware, size_t len);
/* rproc_add(), and rproc_del() later. Errors as there, and -ENOMEM. */
int rproc_devm_add(struct rproc_device *device, struct rproc *rproc);
/* Zeroed memory ("devm_kzalloc"), aligned for anything. NULL: there is none. */
void *rproc_devm_zalloc(struct rproc_device *device, size_t len);
/*
 * @action is to be called with @data ("devm_add_action_or_reset"). -ENOMEM: it cannot be noted,
 * and was called.
 */
int rproc_devm_add_action(struct rproc_device *device, void (*action)(void *data), void *data);
/*
 * Undo now what was left to the device. A program with a device and a processor of its own that
 * are managed calls it before rproc_device_put(); rproc_context_free() does it for processors
 * that are still added. Not from a driver op.
 */
void rproc_device_release(struct rproc_device *device);

/* ---- what a driver asks of the core -------------------------------------------------- */

/* Device address to memory, @len bytes; NULL if no one place holds them. */
void *rproc_da_to_va(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem);

/*
 * The other way, for memory that goes to a DMA or into a register: the physical address of a
 * byte in one of the processor's carveouts. -ENOENT: it is in none.
 */
int rproc_va_to_pa(struct rproc *rproc, const void *va, uint64_t *ret_pa);

/* "struct rproc_mem_entry" in Linux. Make one, add it; the processor frees it after unprepare. */
struct rproc_mem_entry;
typedef int (*rproc_mem_fn)(struct rproc *rproc, struct rproc_mem_entry *mem);
/*
 * A carveout. @va NULL and @alloc given: made by @alloc before load. The name is
 * cut at 31 characters. NULL if there is no memory.
 */
struct rproc_mem_entry *rproc_mem_entry_init(struct rproc_device *device, void *va, uint64_t pa,
					     size_t len, uint32_t da, rproc_mem_fn alloc,
					     rproc_mem_fn release, const char *name, ...)
	RPROC_PRINTF(8, 9);
/* A pool in a reserved-memory region of the node ("vdev%dbuffer"). */
struct rproc_mem_entry *rproc_of_resm_mem_entry_init(struct rproc_device *device,
						     uint32_t of_resm_idx, size_t len,
						     uint32_t da, const char *name, ...)
	RPROC_PRINTF(5, 6);
/* Append to the processor's carveouts; takes the entry. From prepare, parse_fw or handle_rsc. */
void rproc_add_carveout(struct rproc *rproc, struct rproc_mem_entry *mem);
/* The first carveout of that name, or NULL. */
struct rproc_mem_entry *rproc_find_carveout_by_name(struct rproc *rproc, const char *name);
/*
 * Fields of an entry, whose strings live as long as it does; set_* from its own alloc
 * callback, set_priv() also before rproc_add_carveout().
 */
void *rproc_mem_va(const struct rproc_mem_entry *mem);
uint64_t rproc_mem_pa(const struct rproc_mem_entry *mem);
uint32_t rproc_mem_da(const struct rproc_mem_entry *mem);
size_t rproc_mem_len(const struct rproc_mem_entry *mem);
const char *rproc_mem_name(const struct rproc_mem_entry *mem);
void rproc_mem_set(struct rproc_mem_entry *mem, void *va, uint64_t pa, bool is_iomem);
void rproc_mem_set_priv(struct rproc_mem_entry *mem, void *priv);
void *rproc_mem_priv(const struct rproc_mem_entry *mem);

/* "struct rproc_subdev": told of the processor's life. All callbacks optional; on the worker. */
struct rproc_subdev_ops {
	int (*prepare)(void *priv);
	int (*start)(void *priv);
	void (*stop)(void *priv, bool crashed);
	void (*unprepare)(void *priv);
};
/* -ENOMEM. @ops must outlive it. Before rproc_add(), or from a driver op. */
int rproc_add_subdev(struct rproc *rproc, const struct rproc_subdev_ops *ops, void *priv,
		     struct rproc_subdev **ret_subdev);
/*
 * Frees it; told nothing any more. Before rproc_add(), or from a driver op, never from a
 * subdevice's own callback. Those that are left go with the processor.
 */
void rproc_remove_subdev(struct rproc *rproc, struct rproc_subdev *subdev);

/*
 * Memory to be part of a core dump; kept until resources are cleaned up. From a driver op. 0 or
 * -ENOMEM.
 */
int rproc_coredump_add_segment(struct rproc *rproc, uint32_t da, size_t size);
/*
 * Write bytes [@offset, @offset + @size) of the segment to @dest. On the worker; of an
 * inline dump on the threads that read it, several at once.
 */
typedef void (*rproc_dump_fn)(struct rproc *rproc, void *priv, void *dest, size_t offset,
			      size_t size);
int rproc_coredump_add_custom_segment(struct rproc *rproc, uint32_t da, size_t size,
				      rproc_dump_fn dump, void *priv);
/* Forget them, to register others. From a driver op. */
void rproc_coredump_cleanup(struct rproc *rproc);
/* ELF class (1 or 2, else -EINVAL) and machine of dumps. */
int rproc_coredump_set_elf_info(struct rproc *rproc, uint8_t elf_class, uint16_t machine);
/* The default coredump op: an ELF core with a program header for each segment. */
void rproc_coredump(struct rproc *rproc);
/*
 * Another coredump op: a section for each segment, called as the string that is the segment's
 * @priv says (NULL: without a name). All segments have to be registered with such a @priv.
 */
void rproc_coredump_using_sections(struct rproc *rproc);

/*
 * From the kick op: the kick did not get to the remote. It is counted, and the story and
 * rproc_rpmsg_diagnosis() say it with the text of @fmt: which mailbox or bell, and what to do.
 * A flood is one story with a count. Returns true where it is time for a line in the log, the
 * first and then one in five seconds: a driver that mirrors one of Linux prints the line of that.
 * @vqid: as in the op; of no vring: only counted
 * @error: a negative errno
 */
bool rproc_kick_failed(struct rproc *rproc, int vqid, int error, const char *fmt, ...)
	RPROC_PRINTF(4, 5);
/* The remote notified vring @notifyid. 1: somebody was told; 0: nobody is there. Any thread. */
int rproc_vq_interrupt(struct rproc *rproc, int notifyid);

/*
 * The loader of the registered image formats, for drivers that soften or extend it. From the
 * op of that name; what is wrong is in log and story. 0 or: -EINVAL, as Linux has it for a bad
 * image, a segment in no memory or a table that is missing; -EOVERFLOW: a segment larger than
 * the host's memory; -ENOMEM. get_boot_addr is 0, find_loaded_rsc_table NULL where there is none.
 */
int rproc_elf_sanity_check(struct rproc *rproc, const struct rproc_firmware *fw);
uint64_t rproc_elf_get_boot_addr(struct rproc *rproc, const struct rproc_firmware *fw);
int rproc_elf_load_segments(struct rproc *rproc, const struct rproc_firmware *fw);
int rproc_elf_load_rsc_table(struct rproc *rproc, const struct rproc_firmware *fw);
struct rproc_resource_table *rproc_elf_find_loaded_rsc_table(struct rproc *rproc,
							     const struct rproc_firmware *fw);

/* ---- the context's thread, for a driver's own descriptors ---------------------------- */

/*
 * Watch a descriptor. @ready runs on the context's thread whenever it is readable
 * or hung up; it must not block. The descriptor stays the caller's, and must not
 * be closed before rproc_watch_free(). -EBADF if negative; -ENOMEM, also for one that
 * cannot be polled (a regular file).
 */
typedef void (*rproc_watch_fn)(int fd, void *data);
int rproc_watch_fd(struct rproc_context *context, int fd, rproc_watch_fn ready, void *data,
		   struct rproc_watch **ret_watch);
/*
 * The same for a descriptor that nobody reads: @ready runs whenever it becomes readable
 * anew, as an eventfd does each time it is written. Spares a system call an interrupt.
 */
int rproc_watch_edge(struct rproc_context *context, int fd, rproc_watch_fn ready, void *data,
		     struct rproc_watch **ret_watch);
/* A timer that fires once after @ms on the context's thread. Free it also when it has. -ENOMEM. */
int rproc_watch_timer(struct rproc_context *context, unsigned int ms, rproc_watch_fn fired,
		      void *data, struct rproc_watch **ret_watch);
/*
 * Stop watching. When it returns the callback is not running and will not run
 * again; from the callback itself it returns at once. NULL is fine.
 */
void rproc_watch_free(struct rproc_watch *watch);

/* ---- vdevs ---------------------------------------------------------------------------- */

/*
 * A driver for a virtio device id. @start runs when the processor has started,
 * @stop before it stops; both on its worker. An error of @start fails the boot.
 */
struct rproc_vdev_driver {
	uint32_t id;
	const char *name;
	int (*start)(struct rproc_vdev *vdev, void *data);
	void (*stop)(struct rproc_vdev *vdev, bool crashed, void *data);
};
/*
 * -EEXIST if the id has a driver, -ENOMEM. @driver must outlive the context. Takes the place
 * of the library's own driver of that id (7: rpmsg.h).
 */
int rproc_context_add_vdev_driver(struct rproc_context *context,
				  const struct rproc_vdev_driver *driver, void *data);

struct rproc_vring_info {
	void *va; /* device memory */
	uint64_t pa;
	uint32_t da;
	size_t len; /* bytes, whole pages */
	uint32_t num;
	uint32_t align;
	int notifyid;
};
/*
 * A vdev is its processor's: what follows is for its driver, from the start to the stop that it
 * is told of, and on any thread. Status, features and config space are words of the table.
 */
struct rproc *rproc_vdev_rproc(const struct rproc_vdev *vdev); /* borrowed */
uint32_t rproc_vdev_id(const struct rproc_vdev *vdev);
unsigned int rproc_vdev_num_vrings(const struct rproc_vdev *vdev);
/* -ENOENT past the end. */
int rproc_vdev_vring(const struct rproc_vdev *vdev, unsigned int index,
		     struct rproc_vring_info *ret_info);
uint32_t rproc_vdev_features(const struct rproc_vdev *vdev); /* offered by the firmware */
void rproc_vdev_set_features(struct rproc_vdev *vdev, uint32_t accepted);
uint8_t rproc_vdev_status(const struct rproc_vdev *vdev);
void rproc_vdev_set_status(struct rproc_vdev *vdev, uint8_t status);
/* The vring's da is written to the table: the remote may use it now. -ENOENT past the end. */
int rproc_vdev_publish_vring(struct rproc_vdev *vdev, unsigned int index);
/* Config space. -EINVAL out of bounds (logged as the kernel does), nothing copied. */
int rproc_vdev_get_config(const struct rproc_vdev *vdev, unsigned int offset, void *buf,
			  unsigned int len);
int rproc_vdev_set_config(struct rproc_vdev *vdev, unsigned int offset, const void *buf,
			  unsigned int len);
/* N of virtioN; -1 while it is not started. */
int rproc_vdev_virtio(const struct rproc_vdev *vdev);
/* Its index among the vdevs of the table. */
int rproc_vdev_index(const struct rproc_vdev *vdev);
/* The driver's own word, from its start to its stop. */
void rproc_vdev_set_priv(struct rproc_vdev *vdev, void *priv);
void *rproc_vdev_priv(const struct rproc_vdev *vdev);
/*
 * Memory for buffers that the remote reaches, from the driver's start to its stop:
 * the carveout "vdev%dbuffer" or the memory-region behind it; else the first memory-region
 * that is a shared-dma-pool; else the device's provider. -ENOMEM with a story.
 */
int rproc_vdev_buffers(struct rproc_vdev *vdev, size_t len, struct rproc_memory *ret_memory,
		       bool *ret_is_iomem);
/*
 * Called on rproc_vq_interrupt() of the vring; NULL: nobody. Any thread, no lock held. Taking it
 * away waits until a call that runs has returned, as does the stop of the vdev: not from the
 * callback itself, which must not wait for the processor either. -ENOENT past the end.
 */
typedef void (*rproc_vq_fn)(struct rproc_vdev *vdev, unsigned int index, void *data);
int rproc_vdev_set_callback(struct rproc_vdev *vdev, unsigned int index, rproc_vq_fn callback,
			    void *data);
/* Kick the remote about a vring (the kick op). */
void rproc_vdev_kick(struct rproc_vdev *vdev, unsigned int index);

/* ---- plugins ------------------------------------------------------------------------- */

#define RPROC_PLUGIN_ABI 1u

/*
 * What a plugin exports, under the symbol `rproc_plugin`. Fill it with RPROC_PLUGIN_INIT.
 * Append only: the loader copies min(struct_size, its own) and zeroes the rest.
 */
struct rproc_plugin {
	size_t struct_size;
	uint32_t abi;
	const void *core; /* which copy of the library it is linked to */
	const char *name; /* "host", "stm32", ...; mandatory */
	const char *const *compatibles; /* NULL-terminated; mandatory */
	/*
	 * Mandatory. 0: a processor was added; -ENODEV: not mine after all. Neither probe nor
	 * remove may call board or plugin functions of the same context.
	 */
	int (*probe)(struct rproc_device *device);
	/* Undo probe; then follows what was left to the device. NULL: that is all. */
	void (*remove)(struct rproc_device *device);
	/* Hardware made of software, if the plugin has some (hw.h); NULL: it has none. */
	const struct rproc_hw_model *hw_model;
};

/* Its address identifies the copy of the library. */
extern const char rproc_core;

#define RPROC_PLUGIN_INIT                                                                     \
	.struct_size = sizeof(struct rproc_plugin), .abi = RPROC_PLUGIN_ABI, .core = &rproc_core

#ifdef __cplusplus
}
#endif
#endif
