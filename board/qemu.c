/* SPDX-License-Identifier: Apache-2.0 */
#include "board/qemu.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/size.h"
#include "board/qemu_priv.h"

#define SECTOR 512u
#define DISK_MAX ((uint64_t)1 << 42)

static uint64_t power_of_two_from(uint64_t size)
{
	uint64_t v = LKB_MIB;

	while (v < size)
		v *= 2;
	return v;
}

/* A qcow2 file that takes the guest's writes; the image behind it stays as it is. size 0 = the
 * image's. */
static int make_overlay(const char *of, const char *format, const char *path, uint64_t size,
			struct lkb_error *err)
{
	lkb_autofree char *size_text = lkb_format("%" PRIu64, size), *image = realpath(of, NULL);

	if (!image)
		return lkb_fail_errno(err, "cannot find '%s'", of);

	const char *const argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", "-F", format, "-b",
				    image, path, size ? size_text : NULL, NULL};
	const struct lkb_proc proc = {.argv = argv, .package = "qemu-utils"};

	if (lkb_proc_run(&proc, NULL, err))
		return lkb_context(err, "overlay of '%s'", of);
	return 0;
}

static int overlay_disk(const struct lkb_qemu_run *run, const char *dir, char **ret,
			struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/0000", dir);
	lkb_autofd fd = -1;
	uint64_t size;

	if (lkb_open_disk(run->disk, &fd, &size, err))
		return -1;
	if (!size || size > DISK_MAX)
		return lkb_fail(err, LKB_INPUT,
				"'%s' has %" PRIu64 " bytes, which is no disk image", run->disk,
				size);
	if (run->disk_format)
		size = 0;
	else if (run->board->qemu.card_power_of_two == LKB_YES)
		size = power_of_two_from(size);
	else
		size = lkb_align_up(size, SECTOR);
	if (make_overlay(run->disk, run->disk_format ? run->disk_format : "raw", path, size, err))
		return -1;
	*ret = LKB_STEAL(path);
	return 0;
}

/* The firmware's variables start empty in every run. */
static int overlay_vars(const struct lkb_qemu_run *run, const char *dir, char **ret,
			struct lkb_error *err)
{
	const struct lkb_board_efi *efi = &run->board->qemu.efi;
	const char *const files[] = {efi->code, efi->vars};
	lkb_autofree char *path = lkb_format("%s/0001", dir);
	size_t i;

	if (!efi->code)
		return lkb_fail(err, LKB_USAGE, "board '%s' has no UEFI firmware in QEMU",
				run->board->name);
	for (i = 0; i < LKB_ARRAY_SIZE(files); i++) {
		if (!access(files[i], R_OK))
			continue;
		lkb_fail(err, LKB_MISSING, "the firmware '%s' is not there", files[i]);
		return lkb_hint(err, "install the Debian package '%s'", efi->package);
	}
	if (make_overlay(efi->vars, "raw", path, 0, err))
		return -1;
	*ret = LKB_STEAL(path);
	return 0;
}

static int find_kvm(struct lkb_error *err)
{
	static const char device[] = "/dev/kvm";

	if (!access(device, R_OK | W_OK))
		return 0;
	if (errno == EACCES) {
		lkb_fail(err, LKB_USAGE, "you may not use KVM: '%s' cannot be opened", device);
		return lkb_hint(err, "become a member of the group 'kvm', or leave --kvm out");
	}
	lkb_fail(err, LKB_USAGE, "this machine has no KVM: '%s' is not there", device);
	return lkb_hint(err, "leave --kvm out");
}

/* Signals that would end the program are read from a descriptor while QEMU runs, so that it and
 * the terminal are left in order. The ones that the caller ignores stay ignored. */
struct held_signals {
	int fd;
	sigset_t before;
	struct sigaction pipe_before;
};

static int hold_signals(struct held_signals *h, struct lkb_error *err)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction now;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < LKB_ARRAY_SIZE(ending); i++)
		if (!sigaction(ending[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaddset(&set, ending[i]);
	h->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h->fd < 0)
		return lkb_fail_errno(err, "cannot watch for signals");
	sigprocmask(SIG_BLOCK, &set, &h->before);
	/* A guest that reads no more is no reason for us to die. */
	sigaction(SIGPIPE, &ignore, &h->pipe_before);
	return 0;
}

static void release_signals(struct held_signals *h, bool got_one)
{
	struct signalfd_siginfo info;

	/* The signal that ended the run was answered by that, and is not delivered again. */
	if (got_one && read(h->fd, &info, sizeof(info)) < 0)
		got_one = false;
	close(h->fd);
	sigaction(SIGPIPE, &h->pipe_before, NULL);
	sigprocmask(SIG_SETMASK, &h->before, NULL);
}

/* QEMU's own words, on one line. */
static void add_said(struct lkb_str *s, const struct lkb_str *said)
{
	size_t i;

	for (i = 0; i < said->len; i++) {
		char c = said->s[i];
		bool last = i + 1 == said->len;

		if (c == '\n')
			lkb_str_add(s, last ? "" : "; ");
		else
			lkb_str_addc(s, c >= ' ' && c <= '~' ? c : '?');
	}
}

static int ended(const struct lkb_qemu_run *run, const struct lkb_console *c, int status,
		 struct lkb_error *err)
{
	lkb_autostr missing = {0}, said = {0};

	add_said(&said, &c->said);
	if (WIFSIGNALED(status))
		return lkb_fail(err, LKB_DIDNT, "'%s' was killed by signal %d (%s)%s%s",
				run->board->qemu.program, WTERMSIG(status),
				strsignal(WTERMSIG(status)), said.len ? ": " : "",
				lkb_str_get(&said));
	if (WEXITSTATUS(status))
		return lkb_fail(err, LKB_DIDNT, "'%s' failed with exit code %d%s%s",
				run->board->qemu.program, WEXITSTATUS(status),
				said.len ? ": " : "", lkb_str_get(&said));
	if (!c->watch.n)
		return 0;
	lkb_watch_missing(&c->watch, &missing);
	return lkb_fail(err, LKB_DIDNT, "the guest ended before the console said %s",
			lkb_str_get(&missing));
}

static int timed_out(const struct lkb_qemu_run *run, const struct lkb_console *c,
		     struct lkb_error *err)
{
	lkb_autostr missing = {0};

	if (!c->watch.n)
		return lkb_fail(err, LKB_DIDNT, "the guest did not end within %u s",
				run->timeout_s);
	lkb_watch_missing(&c->watch, &missing);
	return lkb_fail(err, LKB_DIDNT, "the console did not say %s within %u s",
			lkb_str_get(&missing), run->timeout_s);
}

static int judge(const struct lkb_qemu_run *run, const struct lkb_console *c,
		 const struct lkb_guest *g, enum lkb_guest_end end, struct lkb_error *err)
{
	int r = 0;

	switch (end) {
	case LKB_GUEST_SEEN:
		return 0;
	case LKB_GUEST_INTERRUPTED:
		return lkb_fail(err, LKB_INTERRUPTED, "interrupted");
	case LKB_GUEST_TIMEOUT:
		r = timed_out(run, c, err);
		break;
	case LKB_GUEST_LEFT:
		r = ended(run, c, 0, err);
		break;
	case LKB_GUEST_ENDED:
		r = ended(run, c, g->status, err);
		break;
	}
	if (r && c->last_line.len)
		lkb_hint(err, "the last line on the console: '%s'", c->last_line.s);
	return r;
}

static int run_guest(const struct lkb_qemu_run *run, struct lkb_strv *argv, struct lkb_error *err)
{
	struct lkb_guest g = LKB_GUEST_NONE;
	struct lkb_console c = {0};
	struct held_signals held;
	enum lkb_guest_end end = LKB_GUEST_ENDED;
	int r;

	if (hold_signals(&held, err))
		return -1;
	lkb_watch_init(&c.watch, run->until, run->n_until);
	if (lkb_qemu_plugs(run))
		lkb_plug_init(&c.plug, &run->board->qemu.net_plug);
	r = lkb_guest_start(argv, run->console_in >= 0, lkb_qemu_plugs(run), &g, err);
	if (!r)
		r = lkb_console_run(&c, &g, run, held.fd, &end, err);
	lkb_guest_stop(&g);
	if (!r)
		r = judge(run, &c, &g, end, err);
	release_signals(&held, end == LKB_GUEST_INTERRUPTED);
	lkb_console_clear(&c);
	return r;
}

int lkb_qemu_run(const struct lkb_qemu_run *run, struct lkb_error *err)
{
	lkb_autofree char *disk = NULL, *vars = NULL;
	lkb_autotmpdir dir = {0};
	lkb_autostrv argv = {0};

	if ((run->disk || run->efi) && lkb_tmpdir_make(&dir, err))
		return -1;
	if (run->disk && overlay_disk(run, dir.path, &disk, err))
		return -1;
	if (run->efi && overlay_vars(run, dir.path, &vars, err))
		return -1;
	if (lkb_qemu_argv(run, disk, vars, &argv, err) || (run->kvm && find_kvm(err)))
		return -1;
	lkb_proc_say((const char *const *)argv.items);
	return run_guest(run, &argv, err);
}
