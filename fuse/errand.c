/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stores that may take long and that no worker of a processor carries out: loading
 * and unloading drivers. One thread, made when it is first needed, runs them in
 * order. Owns the queue and the thread; must not know what an errand does.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rprocfs.h"

struct errand {
	struct errand *next;
	struct node_call *call;
	errand_fn run;
	char subject[64];
	char line[];
};

struct errands {
	struct rprocfs *fs;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	struct errand *first;
	bool stop;
};

static void finish(struct errand *errand, int err)
{
	node_call_done(errand->call, err ? err : (ssize_t)errand->call->size);
	node_call_put(errand->call);
	free(errand);
}

static void *serve(void *data)
{
	struct errands *errands = data;
	struct errand *errand;

	pthread_mutex_lock(&errands->lock);
	while (!errands->stop) {
		errand = errands->first;
		if (!errand) {
			pthread_cond_wait(&errands->changed, &errands->lock);
			continue;
		}
		errands->first = errand->next;
		pthread_mutex_unlock(&errands->lock);
		finish(errand, errand->run(errands->fs, errand->subject, errand->line));
		pthread_mutex_lock(&errands->lock);
	}
	pthread_mutex_unlock(&errands->lock);
	return NULL;
}

static int start(struct rprocfs *fs)
{
	struct errands *errands = calloc(1, sizeof(*errands));
	int err;

	if (!errands)
		return -ENOMEM;
	errands->fs = fs;
	pthread_mutex_init(&errands->lock, NULL);
	pthread_cond_init(&errands->changed, NULL);
	err = -pthread_create(&errands->thread, NULL, serve, errands);
	if (!err) {
		fs->errands = errands;
		return 0;
	}
	pthread_cond_destroy(&errands->changed);
	pthread_mutex_destroy(&errands->lock);
	free(errands);
	return err;
}

void errand_add(struct rprocfs *fs, struct node_call *call, errand_fn run, const char *subject)
{
	size_t len = input_text_len(call->data, call->data_size);
	struct errand *errand, **place;
	int err = fs->errands ? 0 : start(fs);

	errand = err ? NULL : malloc(sizeof(*errand) + len + 1);
	if (!errand) {
		node_call_done(call, err ? err : -ENOMEM);
		return;
	}
	*errand = (struct errand){ .call = call, .run = run };
	snprintf(errand->subject, sizeof(errand->subject), "%s", subject);
	memcpy(errand->line, call->data, len);
	errand->line[len && call->data[len - 1] == '\n' ? len - 1 : len] = '\0';
	node_call_hold(call);
	pthread_mutex_lock(&fs->errands->lock);
	for (place = &fs->errands->first; *place; place = &(*place)->next)
		;
	*place = errand;
	pthread_cond_signal(&fs->errands->changed);
	pthread_mutex_unlock(&fs->errands->lock);
}

void errands_end(struct rprocfs *fs)
{
	struct errands *errands = fs->errands;
	struct errand *errand;

	if (!errands)
		return;
	pthread_mutex_lock(&errands->lock);
	errands->stop = true;
	pthread_cond_signal(&errands->changed);
	pthread_mutex_unlock(&errands->lock);
	pthread_join(errands->thread, NULL);
	/* Whoever sent these was let go when the front end went. */
	while ((errand = errands->first)) {
		errands->first = errand->next;
		finish(errand, -EINTR);
	}
	pthread_cond_destroy(&errands->changed);
	pthread_mutex_destroy(&errands->lock);
	free(errands);
	fs->errands = NULL;
}
