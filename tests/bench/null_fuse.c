/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The peer of the mount: the least a libfuse program can do and still look the
 * same to the kernel. One chain of directories, a link to its end as in
 * class/remoteproc, and there two files of constant text; the same operations,
 * flags, timeouts and kind of loop as rprocfs, and nothing behind them. `state`
 * hands `start` and `stop` to a worker thread, and wakes whoever polls; the time
 * of the last change is in librproc/events. Knows nothing of librproc.
 *
 *	null_fuse MOUNTPOINT devices/platform/x/remoteproc/remoteproc0
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Headers of Linux 6.1, some of which have it; an older kernel does not look at the bit. */
#ifndef FOPEN_PARALLEL_DIRECT_WRITES
#define FOPEN_PARALLEL_DIRECT_WRITES (1 << 6)
#endif

#define MAX_NODES 32
#define MAX_OPENS 64
#define MAX_IO	  (128 * 1024)
/* Requests served before the other descriptor gets its turn. */
#define BATCH 64

enum kind { DIR_NODE, LINK_NODE, FILE_NODE };

struct node {
	const char *name;
	fuse_ino_t parent;
	enum kind kind;
	char text[512]; /* of a file, or a link's target */
};

/* A worker's job: the write that asked for it, and how it went. */
struct job {
	fuse_req_t req;
	size_t size;
	bool running; /* the state asked for */
	struct timespec when;
};

/* Node 0 is not used: the index is the number that the kernel knows. */
static struct node nodes[MAX_NODES];
static unsigned int num_nodes = FUSE_ROOT_ID;
static fuse_ino_t state_node, events_node;
static struct fuse_pollhandle *waiters[MAX_OPENS];
static bool open_used[MAX_OPENS], open_seen[MAX_OPENS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards asked, finished */
static pthread_cond_t wanted = PTHREAD_COND_INITIALIZER;
static struct job asked, finished; /* req NULL: none */
static int wake_fd;

/* ---- the tree ------------------------------------------------------------------- */

static fuse_ino_t child_of(fuse_ino_t parent, const char *name)
{
	for (fuse_ino_t i = FUSE_ROOT_ID + 1; i <= num_nodes; i++)
		if (nodes[i].parent == parent && !strcmp(nodes[i].name, name))
			return i;
	return 0;
}

static fuse_ino_t add_node(fuse_ino_t parent, const char *name, enum kind kind)
{
	fuse_ino_t node = child_of(parent, name);

	if (node)
		return node;
	if (num_nodes + 1 >= MAX_NODES) {
		fprintf(stderr, "null_fuse: the path has too many components\n");
		exit(2);
	}
	num_nodes++;
	nodes[num_nodes] = (struct node){ .name = name, .parent = parent, .kind = kind };
	return num_nodes;
}

/* @path is cut into names and must stay. Returns the last directory. */
static fuse_ino_t add_path(char *path, const char **ret_last)
{
	fuse_ino_t node = FUSE_ROOT_ID;
	char *rest = NULL;

	for (char *name = strtok_r(path, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
		node = add_node(node, name, DIR_NODE);
		*ret_last = name;
	}
	return node;
}

static void build_tree(const char *path)
{
	static char names[300];
	const char *last = "";
	fuse_ino_t dir, link;

	snprintf(names, sizeof(names), "%s", path);
	dir = add_path(names, &last);
	state_node = add_node(dir, "state", FILE_NODE);
	snprintf(nodes[state_node].text, sizeof(nodes[0].text), "offline\n");
	snprintf(nodes[add_node(dir, "coredump", FILE_NODE)].text, sizeof(nodes[0].text),
		 "disabled\n");
	dir = add_node(add_node(FUSE_ROOT_ID, "class", DIR_NODE), "remoteproc", DIR_NODE);
	link = add_node(dir, last, LINK_NODE);
	snprintf(nodes[link].text, sizeof(nodes[link].text), "../../%s", path);
	events_node = add_node(add_node(FUSE_ROOT_ID, "librproc", DIR_NODE), "events", FILE_NODE);
}

static void fill_stat(fuse_ino_t ino, struct stat *st)
{
	static const mode_t modes[] = { S_IFDIR | 0755, S_IFLNK | 0777, S_IFREG | 0644 };

	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = modes[nodes[ino].kind];
	st->st_nlink = 1;
	st->st_blksize = 4096;
	st->st_size = nodes[ino].kind == FILE_NODE ? 4096 : 0;
}

static bool known(fuse_req_t req, fuse_ino_t ino)
{
	if (ino >= FUSE_ROOT_ID && ino <= num_nodes)
		return true;
	fuse_reply_err(req, ESTALE);
	return false;
}

/* ---- operations: names ------------------------------------------------------------- */

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->want &= ~(unsigned int)(FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_SPLICE_READ |
				      FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
				      FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
				      FUSE_CAP_WRITEBACK_CACHE);
	conn->max_write = MAX_IO;
	conn->max_readahead = 0;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .attr_timeout = 1.0 };

	entry.ino = child_of(parent, name);
	if (!entry.ino) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fill_stat(entry.ino, &entry.attr);
	entry.entry_timeout = nodes[entry.ino].kind == FILE_NODE ? 0.0 : 1.0;
	fuse_reply_entry(req, &entry);
}

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

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	if (!known(req, ino))
		return;
	fill_stat(ino, &st);
	fuse_reply_attr(req, &st, 1.0);
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	(void)attr;
	(void)to_set;
	op_getattr(req, ino, fi);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	if (known(req, ino))
		fuse_reply_readlink(req, nodes[ino].text);
}

/* ---- operations: files ---------------------------------------------------------------- */

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fuse_open_out out = { .open_flags = FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES };
	struct iovec iov = { .iov_base = &out, .iov_len = sizeof(out) };

	(void)fi;
	if (!known(req, ino))
		return;
	while (out.fh < MAX_OPENS && open_used[out.fh])
		out.fh++;
	if (out.fh == MAX_OPENS) {
		fuse_reply_err(req, ENFILE);
		return;
	}
	open_used[out.fh] = true;
	open_seen[out.fh] = false;
	fuse_reply_iov(req, &iov, 1);
}

static void drop_waiter(uint64_t fh)
{
	if (waiters[fh])
		fuse_pollhandle_destroy(waiters[fh]);
	waiters[fh] = NULL;
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	drop_waiter(fi->fh);
	open_used[fi->fh] = false;
	fuse_reply_err(req, 0);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	const char *text = nodes[ino].text;
	size_t len = strlen(text);

	if (ino == events_node) /* a stream: always the newest line */
		off = 0;
	if (!off)
		open_seen[fi->fh] = true;
	if ((size_t)off > len)
		off = (off_t)len;
	len -= (size_t)off;
	fuse_reply_buf(req, text + off, len < size ? len : size);
}

/* One job at a time: writers of one file wait for each other in the kernel anyway. */
static void hand_to_worker(fuse_req_t req, const char *buf, size_t size)
{
	bool start = size >= 5 && !memcmp(buf, "start", 5);

	if (!start && (size < 4 || memcmp(buf, "stop", 4))) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	pthread_mutex_lock(&lock);
	asked = (struct job){ .req = req, .size = size, .running = start };
	pthread_cond_signal(&wanted);
	pthread_mutex_unlock(&lock);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	(void)off;
	(void)fi;
	if (ino == state_node)
		hand_to_worker(req, buf, size);
	else
		fuse_reply_write(req, size);
}

static void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		    struct fuse_pollhandle *ph)
{
	unsigned int events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	if (ino == state_node && !open_seen[fi->fh])
		events |= POLLPRI | POLLERR;
	if (ph) {
		drop_waiter(fi->fh);
		waiters[fi->fh] = ph;
	}
	fuse_reply_poll(req, events);
}

static const struct fuse_lowlevel_ops null_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.release = op_release,
	.poll = op_poll,
};

/* ---- the worker, and how it gets back to the loop ----------------------------------------- */

static void *work(void *arg)
{
	uint64_t one = 1;

	for (;;) {
		pthread_mutex_lock(&lock);
		while (!asked.req)
			pthread_cond_wait(&wanted, &lock);
		clock_gettime(CLOCK_REALTIME, &asked.when);
		finished = asked;
		asked.req = NULL;
		pthread_mutex_unlock(&lock);
		if (write(wake_fd, &one, sizeof(one)) < 0)
			return arg;
	}
}

static void take_finished(void)
{
	struct job job;
	uint64_t count;

	if (read(wake_fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&lock);
	job = finished;
	finished.req = NULL;
	pthread_mutex_unlock(&lock);
	if (!job.req)
		return;
	snprintf(nodes[state_node].text, sizeof(nodes[0].text), "%s\n",
		 job.running ? "running" : "offline");
	snprintf(nodes[events_node].text, sizeof(nodes[0].text),
		 "1 %lld.%09ld remoteproc0 null %s\n", (long long)job.when.tv_sec, job.when.tv_nsec,
		 job.running ? "offline -> running" : "running -> offline");
	for (int i = 0; i < MAX_OPENS; i++) {
		open_seen[i] = false;
		if (waiters[i])
			fuse_lowlevel_notify_poll(waiters[i]);
		drop_waiter((uint64_t)i);
	}
	fuse_reply_write(job.req, job.size);
}

/* ---- the loop ------------------------------------------------------------------------------- */

static int serve(struct fuse_session *se, struct fuse_buf *buf)
{
	for (int i = 0; i < BATCH && !fuse_session_exited(se); i++) {
		int n = fuse_session_receive_buf(se, buf);

		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			return 0;
		if (n <= 0)
			return -1;
		fuse_session_process_buf(se, buf);
	}
	return 0;
}

static void run(struct fuse_session *se)
{
	struct pollfd fds[2] = { { .fd = fuse_session_fd(se), .events = POLLIN },
				 { .fd = wake_fd, .events = POLLIN } };
	struct fuse_buf buf = { 0 };

	while (!fuse_session_exited(se)) {
		if (poll(fds, 2, -1) < 0)
			continue; /* a signal: is it over? */
		if (fds[1].revents)
			take_finished();
		if (fds[0].revents && serve(se, &buf))
			break;
	}
	free(buf.mem);
}

int main(int argc, char **argv)
{
	char *args[] = { argv[0], "-o",
			 "allow_other,default_permissions,nosuid,nodev,noexec,"
			 "fsname=rproc,subtype=null" };
	struct fuse_args fuse_args = FUSE_ARGS_INIT(3, args);
	struct fuse_session *se;
	pthread_t worker;
	int fd;

	if (argc != 3)
		return fprintf(stderr, "usage: %s MOUNTPOINT PATH\n", argv[0]), 2;
	build_tree(argv[2]);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	se = fuse_session_new(&fuse_args, &null_ops, sizeof(null_ops), NULL);
	if (wake_fd < 0 || !se || fuse_set_signal_handlers(se))
		return 1;
	if (fuse_session_mount(se, argv[1]))
		return 1;
	fd = fuse_session_fd(se);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (pthread_create(&worker, NULL, work, NULL))
		return 1;
	pthread_detach(worker);
	run(se);
	fuse_session_unmount(se);
	return 0;
}
