/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_FILE_H
#define LKB_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Whole reads and writes. EINTR and short transfers are handled; end of file before n bytes is an
 * error of its own. `name` is what messages call the file. */
int lkb_pread_full(int fd, void *buf, size_t n, uint64_t off, const char *name,
		   struct lkb_error *err);
int lkb_pwrite_full(int fd, const void *buf, size_t n, uint64_t off, const char *name,
		    struct lkb_error *err);
int lkb_write_full(int fd, const void *buf, size_t n, const char *name, struct lkb_error *err);

/* A large file that is written and then flushed: tells the kernel that the n bytes from off on are
 * done, so that the disk begins while the rest is still being made. Promises nothing, cannot
 * fail. */
void lkb_write_behind(int fd, uint64_t off, uint64_t n);
/* Reads up to n bytes, fewer only at the end of the file. *ret_n is how many. */
int lkb_read_upto(int fd, void *buf, size_t n, size_t *ret_n, const char *name,
		  struct lkb_error *err);

/* The whole file, with a NUL behind it that *ret_len does not count; the caller frees *ret.
 * A file above `max` bytes, a directory or a device is refused (LKB_INPUT). */
int lkb_read_file(const char *path, size_t max, char **ret, size_t *ret_len, struct lkb_error *err);

/* Opens for reading, O_CLOEXEC; *ret_size may be NULL. Only regular files. */
int lkb_open_read(const char *path, int *ret_fd, uint64_t *ret_size, struct lkb_error *err);
/* The same; a block device will do as well. */
int lkb_open_disk(const char *path, int *ret_fd, uint64_t *ret_size, struct lkb_error *err);

/* An output file appears under its name whole or not at all: it is written as a temporary beside it
 * (.NAME.lkb-tmp), fsynced and renamed by lkb_outfile_commit(); lkb_outfile_clear() on anything
 * uncommitted removes it, and so does a signal that ends the program (base/undo.h). The temporary
 * is locked while it is written: a second lkboard that wants the same name is refused
 * (LKB_REFUSED), and what a killed one left behind is removed and written anew. Born
 * LKB_OUTFILE_INIT. */
struct lkb_outfile {
	int fd; /* read-write */
	char *path;     /* owned */
	char *tmp_path; /* owned; NULL once committed */
	int undo;
	bool is_flushed;
};
#define LKB_OUTFILE_INIT { .fd = -1, .undo = -1 }

int lkb_outfile_open(const char *path, mode_t mode, struct lkb_outfile *ret, struct lkb_error *err);
/* Of several files none should get its name before all are on the disk: flushes it early. Nothing
 * may be written between this and the commit, which then does not flush again. */
int lkb_outfile_flush(struct lkb_outfile *f, struct lkb_error *err);
int lkb_outfile_commit(struct lkb_outfile *f, struct lkb_error *err);
/* One that has its name and its bytes already: there is nothing to write, flush or commit. */
void lkb_outfile_keep(const char *path, struct lkb_outfile *ret);
void lkb_outfile_clear(struct lkb_outfile *f);
#define lkb_autooutfile __attribute__((cleanup(lkb_outfile_clear))) struct lkb_outfile

/* open, write, commit in one. */
int lkb_write_file(const char *path, const void *buf, size_t n, mode_t mode, struct lkb_error *err);

/* mkdir -p, 0777 & ~umask; an existing directory is fine. */
int lkb_mkdir_p(const char *path, struct lkb_error *err);

/* A private directory (0700), lkboard-XXXXXX below $TMPDIR or /tmp, for what a helper program must
 * read as files; names in it are ours (0000, 0001, ...). Removed with all it holds by
 * lkb_tmpdir_clear() and when a signal ends the program. It is locked as long as it is used: the
 * next one that is made removes what a killed process of the same user left there. Born {0}. */
struct lkb_tmpdir {
	char *path; /* owned */
	int fd;     /* holds the lock; -1 = not open */
	int undo;
};
int lkb_tmpdir_make(struct lkb_tmpdir *ret, struct lkb_error *err);
void lkb_tmpdir_clear(struct lkb_tmpdir *d);
#define lkb_autotmpdir __attribute__((cleanup(lkb_tmpdir_clear))) struct lkb_tmpdir

/* A file without a name in that directory (NULL: $TMPDIR or /tmp), read-write: nothing of it stays,
 * whatever happens. */
int lkb_nameless_file(const char *dir, int *ret_fd, struct lkb_error *err);

/* Removes a directory tree without following a symbolic link. */
int lkb_remove_tree(const char *path, struct lkb_error *err);

/* Takes an exclusive (or shared) lock on a lock file, waiting for it; closing *ret_fd releases. */
int lkb_lock_file(const char *path, bool shared, int *ret_fd, struct lkb_error *err);

/* True if the open file is still what the name says: between open and lock another process may have
 * renamed or removed it. */
bool lkb_is_named(int fd, const char *path);

#endif
