/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs on the board read: runtime.json, the kernel's command line, mount options, a
 * process' status, the kernel's events, release files, what people ask init for, the state that runc
 * hands to a hook, an ext4's superblock. The first byte says which of them the rest is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "ondevice/common/cmdline.h"
#include "ondevice/initrd/slot.h"
#include "ondevice/system/command.h"
#include "ondevice/system/data.h"
#include "ondevice/system/json.h"
#include "ondevice/system/mountopts.h"
#include "ondevice/system/oncreate.h"
#include "ondevice/system/plug.h"
#include "ondevice/system/procstatus.h"
#include "ondevice/system/release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Every value is whole, and what is looked up is there. */
static size_t walk(const struct lkb_json *v, bool in_object)
{
	size_t n = 1;

	must(!v->key == !in_object);
	if (v->type == LKB_JSON_STRING || v->type == LKB_JSON_NUMBER)
		must(v->text != NULL);
	for (const struct lkb_json *c = v->first; c; c = c->next) {
		if (v->type == LKB_JSON_OBJECT)
			must(lkb_json_get(v, c->key) && lkb_json_string(v, c->key));
		n += walk(c, v->type == LKB_JSON_OBJECT);
	}
	must(!v->first || v->type == LKB_JSON_OBJECT || v->type == LKB_JSON_ARRAY);
	return n;
}

static void json(const char *text, size_t n)
{
	lkb_autoarena arena = {0};
	const struct lkb_json *v = NULL;
	struct lkb_error err = {0};

	if (lkb_json_parse(text, n, &arena, &v, &err)) {
		must(!v && err.message[0]);
		return;
	}
	walk(v, false);
	lkb_json_items(v, "mounts");
}

static void cmdline(const char *text)
{
	static const char *const keys[] = {"lkb.slot", "lkb.root", "lkb.verity", "lkb.blocks", "a"};
	struct lkb_slot_args args;
	struct lkb_error err = {0};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(keys); i++) {
		lkb_autofree char *value = lkb_cmdline_get(text, keys[i]);

		must(!value || strlen(value) <= strlen(text));
	}
	if (lkb_slot_args_parse(text, &args, &err)) {
		must(err.message[0]);
		return;
	}
	must(args.slot == 'A' || args.slot == 'B');
	must(!args.verity || (strlen(args.root_hash) == 64 && args.data_blocks));
}

static void mount_options(char *text)
{
	lkb_automountopts o = {0};
	char *option;

	while ((option = strsep(&text, ",")))
		lkb_mount_options_add(&o, option);
}

static void command(const char *bytes, size_t n)
{
	struct lkb_command c;
	struct lkb_error err = {0};

	if (lkb_command_parse(bytes, n, &c, &err))
		must(err.message[0]);
	else
		must(c.verb == LKB_VERB_LIST ? !c.name[0] : lkb_service_name_ok(c.name));
}

static void event(const char *text, size_t n)
{
	const char *alias = lkb_plug_uevent_alias(text, n);

	must(!alias || (alias > text && alias < text + n && *alias));
}

static void release(const char *text)
{
	lkb_autofree char *value = lkb_release_get(text, "NAME");

	must(!value || strlen(value) <= strlen(text));
}

/* Whose namespaces the hook opens: never ours or those of process 1. */
static void state(const char *bytes, size_t n)
{
	struct lkb_error err = {0};
	pid_t pid = 0;

	if (lkb_oncreate_state_pid(bytes, n, &pid, &err))
		must(!pid && err.message[0]);
	else
		must(pid > 1);
}

static void ext4(const char *bytes, size_t n)
{
	struct lkb_ext4_size size = {0};
	uint8_t sb[1024] = {0};
	uint32_t b;

	memcpy(sb, bytes, n < sizeof(sb) ? n : sizeof(sb));
	if (!lkb_ext4_size_parse(sb, &size)) {
		must(!size.blocks && !size.block_size);
		return;
	}
	b = size.block_size;
	must(b >= 1024 && b <= 65536 && !(b & (b - 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* With the bytes behind a NUL, and one at the end. */
	lkb_autofree char *text = lkb_alloc(size + 1);
	lkb_autofree char *exact = size ? lkb_memdup(data + 1, size - 1) : NULL;

	if (!size)
		return 0;
	memcpy(text, data + 1, size - 1);
	switch (data[0]) {
	case 'c':
		cmdline(text);
		break;
	case 'e':
		event(text, size - 1);
		break;
	case 'q':
		command(exact, size - 1);
		break;
	case 'r':
		release(text);
		break;
	case 's':
		state(exact, size - 1);
		break;
	case 'x':
		ext4(text, size - 1);
		break;
	case 'm':
		mount_options(text);
		break;
	case 'p':
		lkb_procstatus_text_ends_by(text, 15);
		break;
	default:
		json(exact, size - 1);
	}
	return 0;
}
