/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAULT_FAULTS_H
#define TESTS_FAULT_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The faults of a disk as a list; faultfs.c says what each does and how a line of text names it. */
enum fault_kind {
	WRITE_EIO,
	ENOSPC_AT,
	READ_EIO,
	DROP,
	FLIP,
	FSYNC_EIO,
	GONE,
	WRAP,
	SLOW,
	N_FAULT_KINDS
};

enum fault_event { ON_WRITE, ON_READ, ON_FLUSH, ON_BYTES, N_FAULT_EVENTS };

enum { MAX_FAULTS = 16, MAX_FAULT_EVENTS = 4 };

struct fault {
	enum fault_kind kind;
	uint64_t off, len;     /* bytes; of WRAP and SLOW, which are about all of it, len is the number */
	uint64_t times, every; /* 0: always */
	struct {
		enum fault_event event;
		uint64_t arg;
	} after[MAX_FAULT_EVENTS];
	size_t n_after, met; /* armed when they are equal */
	uint64_t bytes;      /* written since the last event was met */
	uint64_t seen, hits;
};

struct faults {
	struct fault items[MAX_FAULTS];
	size_t n;
};

/* Adds what a line says (which is cut up); a range without an end goes to the disk's. False: no
 * such fault, and nothing was added. */
bool faults_add(struct faults *list, char *line, uint64_t disk_size);

/* The first fault of a kind that acts on these bytes now, or NULL; it counts as hit. */
struct fault *faults_hit(struct faults *list, enum fault_kind kind, uint64_t off, uint64_t len);

/* Something went well: faults that wait for it come nearer. */
void faults_happened(struct faults *list, enum fault_event event, uint64_t off, uint64_t len);

/* A line a fault: its kind, range, whether it is armed, and how often it was hit. */
void faults_show(const struct faults *list, struct lkb_str *ret);

#endif
