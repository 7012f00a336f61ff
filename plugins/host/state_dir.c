/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how the plugin looks into the state directory: whose it is, who listens
 * in it, which sockets are left-overs. Knows nothing of what is said on them.
 */
#include "state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int host_state_dir_open(const char *path, char *story, size_t story_len)
{
	struct stat st;
	int dir, ret;

	if (mkdir(path, 0700) && errno != EEXIST) {
		ret = -errno;
		snprintf(story, story_len, "cannot make the state directory %s: %s", path,
			 strerror(-ret));
		return ret;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st)) {
		ret = -errno;
		snprintf(story, story_len, "cannot open the state directory %s: %s", path,
			 strerror(-ret));
		goto close_dir;
	}
	if (st.st_uid != geteuid() || st.st_mode & 022) {
		ret = -EPERM;
		snprintf(story, story_len,
			 "the state directory %s belongs to user %u with mode 0%o; it must be "
			 "user %u's and writable by nobody else",
			 path, (unsigned int)st.st_uid, (unsigned int)st.st_mode & 07777,
			 (unsigned int)geteuid());
		goto close_dir;
	}
	return dir;

close_dir:
	if (dir >= 0)
		close(dir);
	return ret;
}

/* The address of NAME.sock, by way of /proc where the whole path is too long for one. */
static int make_address(struct sockaddr_un *sun, const char *path, int dir, const char *name)
{
	int len;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	len = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s.sock", path, name);
	if (len < (int)sizeof(sun->sun_path))
		return 0;
	/* Without /proc nothing would be found there, and a processor that runs be missed. */
	snprintf(sun->sun_path, sizeof(sun->sun_path), "/proc/self/fd/%d", dir);
	if (access(sun->sun_path, F_OK))
		return -ENAMETOOLONG;
	len = snprintf(sun->sun_path, sizeof(sun->sun_path), "/proc/self/fd/%d/%s.sock", dir, name);
	return len < (int)sizeof(sun->sun_path) ? 0 : -ENAMETOOLONG;
}

static int try_connect(const struct sockaddr_un *sun)
{
	int sock, ret;

	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	if (!connect(sock, (const struct sockaddr *)sun, sizeof(*sun)))
		return sock;
	ret = -errno;
	close(sock);
	return ret;
}

/* Nobody listened a moment ago. With the directory locked ask again, then remove. */
static int remove_stale(const struct sockaddr_un *sun, int dir, const char *name)
{
	char file[128];
	int ret;

	if (flock(dir, LOCK_EX))
		return -errno;
	ret = try_connect(sun);
	if (ret == -ECONNREFUSED) {
		snprintf(file, sizeof(file), "%s.sock", name);
		unlinkat(dir, file, 0);
		ret = -ENOENT;
	}
	flock(dir, LOCK_UN);
	return ret;
}

static int check_peer(int sock, const char *name, char *story, size_t story_len)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return -errno;
	if (peer.uid == geteuid())
		return 0;
	snprintf(story, story_len, "the monitor of %s belongs to user %u, this program to user %u",
		 name, (unsigned int)peer.uid, (unsigned int)geteuid());
	return -EPERM;
}

int host_state_dir_connect(const char *path, const char *name, char *story, size_t story_len)
{
	struct sockaddr_un sun;
	int dir, sock, ret;

	dir = host_state_dir_open(path, story, story_len);
	if (dir < 0)
		return dir;
	ret = make_address(&sun, path, dir, name);
	if (ret) {
		snprintf(story, story_len,
			 "the path of the state directory %s is too long for a socket where /proc "
			 "is not mounted: give a shorter one",
			 path);
		close(dir);
		return ret;
	}
	ret = try_connect(&sun);
	if (ret == -ECONNREFUSED)
		ret = remove_stale(&sun, dir, name);
	close(dir);
	if (ret < 0) {
		if (ret != -ENOENT)
			snprintf(story, story_len, "cannot reach %s.sock in %s: %s", name, path,
				 strerror(-ret));
		return ret;
	}
	sock = ret;
	ret = check_peer(sock, name, story, story_len);
	if (ret) {
		close(sock);
		return ret;
	}
	return sock;
}
