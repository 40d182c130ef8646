/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOARD_QEMU_H
#define LKB_BOARD_QEMU_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "board/board.h"

/* Boots an artifact in QEMU by its board's recipe, as an ordinary user, under TCG unless asked
 * otherwise. The artifact is never changed: QEMU writes to a qcow2 overlay in a private directory,
 * rounded up to a power of two where the emulated card needs it. */
struct lkb_qemu_run {
	const struct lkb_board *board;
	const char *disk;       /* card or disk image; NULL = none */
	const char *disk_format; /* as qemu-img calls it; NULL = raw */
	bool is_cd;             /* the disk is a CD */
	bool efi;               /* the board's UEFI firmware starts what is on that disk */
	const char *kernel;     /* file for -kernel: u-boot.bin or a kernel */
	const char *initrd;     /* NULL = none */
	const char *dtb;        /* NULL = none */
	const char *append;     /* NULL = none */
	const char *const *until; /* texts to wait for on the console, all of them, in any order */
	size_t n_until;
	unsigned timeout_s;     /* 0 = none */
	bool net, kvm;
	const char *tftp;       /* directory that is served for a boot from the network, which
				 * implies `net`; NULL = none */
	const char *bootfile;   /* what the machine loads from there */
	const char *hostfwd;    /* "tcp:127.0.0.1:8080-:80", with net; several with ',' between;
				 * NULL = none */
	const char *const *extra; /* further QEMU arguments */
	size_t n_extra;
	int console_in;         /* fed to the console; -1 = /dev/null; a terminal is put in raw
				 * mode, and Ctrl-] on it ends the run */
	int console_out;        /* where the console's bytes go; -1 = nowhere */
};

/* Ends when all texts were seen (0), or QEMU ends by itself (0 if there was nothing to wait for,
 * else LKB_DIDNT), or at the time-out (LKB_DIDNT), or by SIGINT, SIGTERM or SIGHUP
 * (LKB_INTERRUPTED; they are held while QEMU runs), or by Ctrl-] (as if QEMU had ended). QEMU that
 * fails is LKB_DIDNT with what it said. QEMU is always gone afterwards. Not for use beside other
 * threads. */
int lkb_qemu_run(const struct lkb_qemu_run *run, struct lkb_error *err);

/* The arguments that lkb_qemu_run() would start QEMU with; `disk` is what -drive gets, `vars` the
 * variable store of the firmware, both qcow2 files; NULL = none. *ret is born {0} and filled. */
int lkb_qemu_argv(const struct lkb_qemu_run *run, const char *disk, const char *vars,
		  struct lkb_strv *ret, struct lkb_error *err);

#endif
