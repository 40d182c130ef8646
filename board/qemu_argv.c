/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/proc.h"
#include "base/size.h"
#include "board/qemu_priv.h"

#define HOSTFWD "%HOSTFWD%"
#define BOOT "%BOOT%"

/* QEMU takes a doubled comma inside an option's value for one comma. */
static char *with_commas_doubled(const char *text)
{
	lkb_autostr s = {0};

	for (; *text; text++) {
		if (*text == ',')
			lkb_str_addc(&s, ',');
		lkb_str_addc(&s, *text);
	}
	return lkb_str_take(&s);
}

/* KVM runs guests of the host's own architecture only. */
static int check_kvm(const struct lkb_board *b, struct lkb_error *err)
{
	static const struct {
		const char *machine, *arch;
	} names[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}};
	struct utsname host;
	size_t i;

	if (!b->qemu.kvm.machine) {
		lkb_fail(err, LKB_USAGE, "board '%s' can only be emulated", b->name);
		return lkb_hint(err, "leave --kvm out");
	}
	if (uname(&host) < 0)
		return lkb_fail_errno(err, "cannot ask for the host's architecture");
	for (i = 0; i < LKB_ARRAY_SIZE(names); i++)
		if (!strcmp(host.machine, names[i].machine) && !strcmp(b->arch, names[i].arch))
			return 0;
	lkb_fail(err, LKB_USAGE, "KVM on this machine (%s) cannot run board '%s' (%s)",
		 host.machine, b->name, b->arch);
	return lkb_hint(err, "leave --kvm out");
}

/* "a,b" as ",hostfwd=a,hostfwd=b" */
static char *forwards(const char *hostfwd)
{
	lkb_autostr s = {0};

	while (hostfwd && *hostfwd) {
		size_t n = strcspn(hostfwd, ",");

		if (n) {
			lkb_str_add(&s, ",hostfwd=");
			lkb_str_addn(&s, hostfwd, n);
		}
		hostfwd += n + (hostfwd[n] == ',');
	}
	return lkb_str_take(&s);
}

/* What the emulated network serves; "" = nothing. */
static char *served(const struct lkb_qemu_run *run)
{
	lkb_autofree char *dir = run->tftp ? with_commas_doubled(run->tftp) : NULL;

	return dir ? lkb_format(",tftp=%s,bootfile=%s", dir, run->bootfile) : lkb_strdup("");
}

/* An argument with what stands in place of its placeholders. */
static void add_filled(struct lkb_strv *v, const char *arg, const char *fwd, const char *boot)
{
	const struct {
		const char *name, *text;
	} places[] = {{HOSTFWD, fwd}, {BOOT, boot}};
	lkb_autostr s = {0};
	size_t i;

	while (*arg) {
		for (i = 0; i < LKB_ARRAY_SIZE(places); i++)
			if (lkb_starts_with(arg, places[i].name))
				break;
		if (i < LKB_ARRAY_SIZE(places)) {
			lkb_str_add(&s, places[i].text);
			arg += strlen(places[i].name);
		} else {
			lkb_str_addc(&s, *arg++);
		}
	}
	lkb_strv_add(v, lkb_str_get(&s));
}

static int add_net(const struct lkb_qemu_run *run, struct lkb_strv *v, struct lkb_error *err)
{
	const struct lkb_board_qemu *q = &run->board->qemu;
	const struct lkb_strlist *args = run->tftp ? &q->netboot_args : &q->net_args;
	lkb_autofree char *fwd = forwards(run->hostfwd), *boot = served(run);
	size_t i;

	if (!run->net && !run->tftp) {
		if (run->hostfwd)
			return lkb_fail(err, LKB_USAGE, "a port forward needs the network");
		lkb_strv_add(v, "-nic");
		lkb_strv_add(v, "none");
		return 0;
	}
	if (!args->n)
		return lkb_fail(err, LKB_USAGE, "board '%s' has no network in QEMU",
				run->board->name);
	for (i = 0; i < args->n; i++)
		add_filled(v, args->items[i], fwd, boot);
	return 0;
}

bool lkb_qemu_plugs(const struct lkb_qemu_run *run)
{
	return run->net && run->board->qemu.net_plug.device;
}

static void add_option(struct lkb_strv *v, const char *option, const char *value)
{
	if (!value)
		return;
	lkb_strv_add(v, option);
	lkb_strv_add(v, value);
}

static void add_machine(const struct lkb_qemu_run *run, struct lkb_strv *v)
{
	const struct lkb_board_qemu *q = &run->board->qemu;
	const struct lkb_strlist *args = run->kvm ? &q->kvm.args : &q->args;
	size_t i;

	add_option(v, "-machine", run->kvm ? q->kvm.machine : q->machine);
	add_option(v, "-accel", run->kvm ? "kvm" : q->accel);
	if (run->board->memory.set) {
		lkb_strv_add(v, "-m");
		lkb_strv_addf(v, "%" PRId64 "M", run->board->memory.v / (int64_t)LKB_MIB);
	}
	add_option(v, "-display", "none");
	add_option(v, "-monitor", "none");
	if (lkb_qemu_plugs(run)) {
		lkb_strv_add(v, "-chardev");
		lkb_strv_addf(v, "socket,id=monitor,fd=%d", LKB_MONITOR_FD);
		add_option(v, "-mon", "chardev=monitor,mode=control");
	}
	for (i = 0; i < args->n; i++)
		lkb_strv_add(v, args->items[i]);
	for (i = 0; q->console.set && i < (size_t)q->console.v; i++)
		add_option(v, "-serial", "null");
	add_option(v, "-chardev", "stdio,id=console,signal=off");
	add_option(v, "-serial", "chardev:console");
}

/* Two flash chips: the firmware, and what it remembers. */
static void add_firmware(const struct lkb_qemu_run *run, const char *vars, struct lkb_strv *v)
{
	lkb_autofree char *code = with_commas_doubled(run->board->qemu.efi.code);
	lkb_autofree char *store = with_commas_doubled(vars);

	lkb_strv_add(v, "-drive");
	lkb_strv_addf(v, "if=pflash,unit=0,format=raw,readonly=on,file=%s", code);
	lkb_strv_add(v, "-drive");
	lkb_strv_addf(v, "if=pflash,unit=1,format=qcow2,cache=unsafe,file=%s", store);
}

int lkb_qemu_argv(const struct lkb_qemu_run *run, const char *disk, const char *vars,
		  struct lkb_strv *ret, struct lkb_error *err)
{
	const struct lkb_board_qemu *q = &run->board->qemu;
	lkb_autofree char *program = NULL;
	lkb_autostrv v = {0};
	size_t i;

	if (disk && !q->disk)
		return lkb_fail(err, LKB_USAGE, "board '%s' has no disk in QEMU", run->board->name);
	if ((run->kvm && check_kvm(run->board, err)) ||
	    lkb_proc_find(q->program, q->package, &program, err))
		return -1;
	lkb_strv_add(&v, program);
	add_machine(run, &v);
	if (add_net(run, &v, err))
		return -1;
	if (vars)
		add_firmware(run, vars, &v);
	add_option(&v, "-kernel", run->kernel);
	add_option(&v, "-initrd", run->initrd);
	add_option(&v, "-dtb", run->dtb);
	add_option(&v, "-append", run->append);
	if (disk) {
		lkb_autofree char *file = with_commas_doubled(disk);

		/* The overlay is thrown away: what does not reach the disk is no loss. */
		lkb_strv_add(&v, "-drive");
		if (run->is_cd)
			lkb_strv_addf(&v, "file=%s,format=qcow2,media=cdrom,readonly=on", file);
		else
			lkb_strv_addf(&v, "file=%s,format=qcow2,if=%s,cache=unsafe", file,
				      q->disk);
	}
	for (i = 0; i < run->n_extra; i++)
		lkb_strv_add(&v, run->extra[i]);
	*ret = v;
	v = (struct lkb_strv){0};
	return 0;
}
