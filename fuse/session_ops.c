/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each request of the kernel means for the tree, so that tools behave on
 * the mount as they do on sysfs. Runs on the loop's thread. Must not know what
 * the nodes are.
 *
 * Not implemented on purpose: flush (it comes before the data, too), access,
 * extended attributes, lseek, locks, fallocate, copy_file_range. The kernel
 * then does what it does for sysfs.
 */
#include "session_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

/* Headers of Linux 6.1, some of which have it; an older kernel does not look at the bit. */
#ifndef FOPEN_PARALLEL_DIRECT_WRITES
#define FOPEN_PARALLEL_DIRECT_WRITES (1 << 6)
#endif

static struct session *session_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/*
 * A node by the kernel's id. Ids are made of paths: what has none is not there under that
 * name, and looking again would not find it.
 */
static struct node *node_of(fuse_req_t req, fuse_ino_t ino)
{
	struct node *node = tree_find(session_of(req)->tree, ino);

	if (!node)
		fuse_reply_err(req, ENOENT);
	return node;
}

/* The node of a request that may come through a descriptor whose node is gone. */
static struct node *node_of_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node_open *open = fi ? tree_open(session_of(req)->tree, fi->fh) : NULL;

	return open ? open->node : node_of(req, ino);
}

static struct node_open *open_of(fuse_req_t req, struct fuse_file_info *fi)
{
	struct node_open *open = tree_open(session_of(req)->tree, fi->fh);

	if (!open)
		fuse_reply_err(req, ENODEV);
	return open;
}

/* ---- names and attributes --------------------------------------------------------- */

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	/*
	 * Without ATOMIC_O_TRUNC a truncation is a SETATTR that can be answered
	 * with the old size; with it every `echo >` would leave size 0 behind.
	 */
	conn->want &= ~(unsigned int)(FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_SPLICE_READ |
				      FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
				      FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
				      FUSE_CAP_WRITEBACK_CACHE);
	conn->max_write = SESSION_MAX_IO;
	conn->max_readahead = 0;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { 0 };
	struct node *dir = node_of(req, parent);
	struct node *node;
	int err;

	if (!dir)
		return;
	err = tree_lookup(dir, name, &node, &entry.ino);
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	tree_stat(node, entry.ino, &entry.attr);
	entry.entry_timeout = tree_entry_timeout(node);
	entry.attr_timeout = tree_attr_timeout(node);
	if (node->sent_back == fuse_req_ctx(req)->pid)
		node->sent_back = 0;
	fuse_reply_entry(req, &entry);
}

/* Nothing counts look-ups: ids are made of paths and live as long as their nodes. */
static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	(void)ino;
	(void)nlookup;
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	(void)count;
	(void)forgets;
	fuse_reply_none(req);
}

static void reply_attr(fuse_req_t req, struct node *node, fuse_ino_t ino)
{
	struct stat st;

	tree_stat(node, ino, &st);
	fuse_reply_attr(req, &st, tree_attr_timeout(node));
}

/* Comes with a descriptor only from what goes by the size: SEEK_END and O_APPEND. */
static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node_open *open = fi ? tree_open(session_of(req)->tree, fi->fh) : NULL;
	struct node *node;
	struct stat st;
	int err;

	if (open) {
		err = node_stat_end(open, &st);
		if (err)
			fuse_reply_err(req, -err);
		else
			fuse_reply_attr(req, &st, tree_attr_timeout(open->node));
		return;
	}
	node = node_of(req, ino);
	if (node)
		reply_attr(req, node, ino);
}

/*
 * A new size is agreed to, as sysfs and debugfs do. Mode and owner are
 * the kernel's to check (default_permissions) and ours to keep.
 */
static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	struct node *node = node_of_file(req, ino, fi);

	if (!node)
		return;
	if (to_set & FUSE_SET_ATTR_SIZE)
		tree_truncate(node, (uint64_t)attr->st_size);
	if (to_set & FUSE_SET_ATTR_MODE)
		node->mode = attr->st_mode & 07777;
	if (to_set & FUSE_SET_ATTR_UID)
		node->uid = attr->st_uid;
	if (to_set & FUSE_SET_ATTR_GID)
		node->gid = attr->st_gid;
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		clock_gettime(CLOCK_REALTIME, &node->time);
	else if (to_set & FUSE_SET_ATTR_MTIME)
		node->time = attr->st_mtim;
	reply_attr(req, node, ino);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct node *node = node_of(req, ino);

	if (!node)
		return;
	if (node->type == NODE_LINK)
		fuse_reply_readlink(req, node->target);
	else
		fuse_reply_err(req, EINVAL);
}

/* ---- directories ------------------------------------------------------------------- */

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node *node = node_of(req, ino);

	if (!node)
		return;
	if (node->type != NODE_DIR)
		fuse_reply_err(req, ENOTDIR);
	else
		fuse_reply_open(req, fi);
}

/* One entry; false if it finds no room. */
static bool add_entry(fuse_req_t req, char *buf, size_t size, size_t *len, const char *name,
		      struct node *node, off_t cookie)
{
	static const mode_t types[] = { S_IFDIR, S_IFLNK, S_IFREG };
	struct stat st = { .st_ino = node->id, .st_mode = types[node->type] };
	size_t need = fuse_add_direntry(req, buf + *len, size - *len, name, &st, cookie);

	if (need > size - *len)
		return false;
	*len += need;
	return true;
}

/*
 * Children stand in the order of their generations, so a generation is a cookie
 * that stays right while others come and go, and no state is kept per opendir.
 */
static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct session *session = session_of(req);
	struct node *dir = node_of(req, ino);
	char *buf = session->scratch;
	size_t len = 0;
	bool room = true;

	(void)fi;
	if (!dir)
		return;
	if (size > session->scratch_size)
		size = session->scratch_size;
	if (off == 0) {
		tree_refresh(dir);
		room = add_entry(req, buf, size, &len, ".", dir, 1);
	}
	if (room && off <= 1)
		room = add_entry(req, buf, size, &len, "..", dir->parent ? dir->parent : dir, 2);
	for (struct node *node = dir->first; room && node; node = node->next) {
		off_t cookie = (off_t)node->generation + 2;

		if (cookie > off)
			room = add_entry(req, buf, size, &len, node->name, node, cookie);
	}
	fuse_reply_buf(req, buf, len);
}

/* ---- opens ---------------------------------------------------------------------------- */

/*
 * sendfile looks at the size in the inode, which is 0 here for all who stat. A byte
 * that is stored far out moves it there, in a page that is not valid by that and is
 * dropped by the open. Locks pages, which is safe: the inode is of this open alone.
 */
static void give_size(fuse_req_t req, fuse_ino_t ino)
{
	struct fuse_bufvec byte = FUSE_BUFVEC_INIT(1);
	char zero = 0;

	byte.buf[0].mem = &zero;
	fuse_lowlevel_notify_store(session_of(req)->se, ino, SESSION_FAR - 1, &byte, 0);
}

/*
 * Who is sent back to look a name up, and comes again without having done so, has
 * no name to look up: his file is bound to another place, or it is a descriptor
 * in /proc. He gets what there is, and waits for a pending store if he must.
 */
static int open_node(fuse_req_t req, struct node *node, fuse_ino_t ino, int flags,
		     struct node_open **ret_open)
{
	pid_t who = fuse_req_ctx(req)->pid;
	bool again = node->sent_back && node->sent_back == who;
	int err = node_open(node, again ? 0 : ino, flags, ret_open);

	if (err == -ESTALE)
		node->sent_back = who;
	else if (again)
		node->sent_back = 0;
	if (!err)
		(*ret_open)->id = ino;
	return err;
}

/*
 * libfuse has no field for the two flags that matter here: STREAM keeps a
 * blocked read from holding the file position's lock, and PARALLEL_DIRECT_WRITES
 * lets writers of one file in while a store is pending.
 */
static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node *node = tree_find(session_of(req)->tree, ino);
	struct fuse_open_out out = { .open_flags = FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES };
	struct iovec iov = { .iov_base = &out, .iov_len = sizeof(out) };
	struct node_open *open;
	int err;

	/* A file's name is looked up for each open: it was there a moment ago. */
	err = node ? open_node(req, node, ino, fi->flags, &open) : -ENOENT;
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	out.fh = open->handle;
	if (node->ops->flags & NODE_STREAM)
		out.open_flags |= FOPEN_STREAM;
	if (open->wants_size)
		give_size(req, ino);
	/* The opener was killed meanwhile: no release will come. */
	if (fuse_reply_iov(req, &iov, 1) == -ENOENT)
		node_release(open);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node_open *open = tree_open(session_of(req)->tree, fi->fh);

	(void)ino;
	if (open)
		node_release(open);
	fuse_reply_err(req, 0);
}

static struct node_call *new_call(fuse_req_t req, struct fuse_file_info *fi,
				  enum node_call_kind kind)
{
	struct node_open *open = open_of(req, fi);
	struct node_call *call;

	if (!open)
		return NULL;
	call = session_call_new(session_of(req), kind, open);
	if (!call) {
		fuse_reply_err(req, ENOMEM);
		return NULL;
	}
	call->nonblock = fi->flags & O_NONBLOCK;
	return call;
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct node_call *call = new_call(req, fi, NODE_CALL_READ);

	(void)ino;
	if (!call)
		return;
	call->size = size;
	call->offset = (uint64_t)off;
	/* Only read(2) names an owner: what fills the page cache is nobody's. */
	call->cached = !fi->lock_owner;
	session_call(session_of(req), req, call);
}

static void log_store(fuse_req_t req, const struct node *node, size_t size)
{
	struct session *session = session_of(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	char text[256];

	if (!session->log_stores)
		return;
	snprintf(text, sizeof(text), "store of %zu bytes to %s%s%s by process %d of user %u", size,
		 node->parent ? node->parent->name : "", node->parent ? "/" : "", node->name,
		 (int)ctx->pid, (unsigned int)ctx->uid);
	session->hooks.log(7, text, session->hooks.data);
}

/* The offset means nothing, as in sysfs: each write is one store. */
static void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	struct node_call *call = new_call(req, fi, NODE_CALL_STORE);

	(void)ino;
	if (!call)
		return;
	log_store(req, call->open->node, size);
	call->data = buf;
	call->data_size = call->size = size;
	call->offset = (uint64_t)off;
	session_call(session_of(req), req, call);
}

static void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
		     struct fuse_file_info *fi, unsigned int flags, const void *in_buf,
		     size_t in_bufsz, size_t out_bufsz)
{
	struct node_call *call;

	(void)ino;
	if (flags & FUSE_IOCTL_DIR) {
		fuse_reply_err(req, ENOTTY);
		return;
	}
	call = new_call(req, fi, NODE_CALL_IOCTL);
	if (!call)
		return;
	call->cmd = cmd;
	call->arg = (uintptr_t)arg;
	call->data = in_buf;
	call->data_size = in_bufsz;
	call->size = out_bufsz;
	session_call(session_of(req), req, call);
}

/* One handle an open: with one a node only the last of its pollers would wake. */
static void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		    struct fuse_pollhandle *ph)
{
	struct session *session = session_of(req);
	struct node_open *open = tree_open(session->tree, fi->fh);

	(void)ino;
	/* Who was rung for may be here before the event has come by its descriptor. */
	if (atomic_exchange(&session->rung, false))
		session->hooks.settle(session->hooks.data);
	if (!open) {
		if (ph)
			fuse_pollhandle_destroy(ph);
		fuse_reply_poll(req, POLLERR | POLLHUP);
	} else if (ph && session_poll(session, open, ph)) {
		fuse_reply_err(req, ENOMEM);
	} else {
		fuse_reply_poll(req, node_poll(open));
	}
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino;
	(void)datasync;
	(void)fi;
	fuse_reply_err(req, 0);
}

/* ---- what sysfs does not let anybody do ------------------------------------------------ */

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	(void)parent;
	(void)name;
	(void)mode;
	(void)fi;
	fuse_reply_err(req, EACCES);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	(void)parent;
	(void)name;
	(void)mode;
	(void)rdev;
	fuse_reply_err(req, EPERM);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	(void)parent;
	(void)name;
	(void)mode;
	fuse_reply_err(req, EPERM);
}

/* unlink and rmdir */
static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	(void)parent;
	(void)name;
	fuse_reply_err(req, EPERM);
}

static void op_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name)
{
	(void)link;
	(void)parent;
	(void)name;
	fuse_reply_err(req, EPERM);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
		      const char *newname, unsigned int flags)
{
	(void)parent;
	(void)name;
	(void)newparent;
	(void)newname;
	(void)flags;
	fuse_reply_err(req, EPERM);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	(void)ino;
	(void)newparent;
	(void)newname;
	fuse_reply_err(req, EPERM);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st = { .f_bsize = NODE_PAGE, .f_frsize = NODE_PAGE, .f_namemax = 255 };

	(void)ino;
	fuse_reply_statfs(req, &st);
}

const struct fuse_lowlevel_ops session_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_unlink,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.release = op_release,
	.fsync = op_fsync,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.statfs = op_statfs,
	.create = op_create,
	.ioctl = op_ioctl,
	.poll = op_poll,
};
