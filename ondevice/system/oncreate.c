/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/oncreate.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/size.h"
#include "base/str.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"
#include "ondevice/system/bindns.h"
#include "ondevice/system/link.h"
#include "ondevice/system/makedirs.h"
#include "ondevice/system/runtime.h"

#define CONFIG_MAX (4 * LKB_MIB)
#define STATE_MAX 65536
#define PATIENCE_MS 3000
#define HOOK_TIMEOUT_S 30

bool lkb_oncreate_asked(const struct lkb_json *runtime)
{
	lkb_autostrv paths = {0};

	return lkb_json_items(runtime, "interfaces") ||
	       lkb_bindns_paths(runtime, &paths, NULL) || paths.n;
}

static int give_link(const struct lkb_json *entry, pid_t pid, int64_t patience_ms,
		     struct lkb_error *err)
{
	const struct lkb_json *in_root = lkb_json_get(entry, "createInRoot");
	struct lkb_link link = {
		.name = lkb_json_string(entry, "name"),
		.kind = lkb_json_string(entry, "add"),
		.peer = lkb_json_string(entry, "peer"),
		.in_root = in_root && in_root->type == LKB_JSON_BOOL && in_root->truth,
	};

	return lkb_link_give(&link, pid, patience_ms, err);
}

int lkb_oncreate_do(const struct lkb_json *runtime, pid_t pid, int64_t patience_ms,
		    struct lkb_error *err)
{
	const struct lkb_json *i;

	for (i = lkb_json_items(runtime, "interfaces"); i; i = i->next)
		if (give_link(i, pid, patience_ms, err))
			return -1;
	return lkb_bindns_mount(runtime, pid, err);
}

int lkb_oncreate_state_pid(const char *state, size_t len, pid_t *ret, struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	const struct lkb_json *v, *pid;
	uint64_t number;

	if (lkb_json_parse(state, len, &arena, &v, err))
		return lkb_context(err, "the container's state");
	pid = lkb_json_get(v, "pid");
	if (!pid || pid->type != LKB_JSON_NUMBER || !lkb_u64_parse(pid->text, &number) ||
	    number < 2 || number > INT32_MAX)
		return lkb_fail(err, LKB_INPUT, "the container's state has no process number");
	*ret = (pid_t)number;
	return 0;
}

static int run_hook(const char *dir, struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	const struct lkb_json *runtime;
	char state[STATE_MAX];
	size_t len;
	pid_t pid;

	if (lkb_read_upto(STDIN_FILENO, state, sizeof(state), &len, "standard input", err) ||
	    lkb_oncreate_state_pid(state, len, &pid, err) ||
	    lkb_runtime_read(dir, &arena, &runtime, err))
		return -1;
	return lkb_oncreate_do(runtime, pid, PATIENCE_MS, err);
}

int lkb_oncreate_main(int argc, char **argv)
{
	struct lkb_error err;

	if (argc != 2) {
		lkb_say("'" LKB_ONCREATE_NAME "' is started by runc only");
		return LKB_USAGE;
	}
	if (!run_hook(argv[1], &err))
		return 0;
	lkb_say_error(&err, "%s", argv[1]);
	return err.kind;
}

static void add_quoted(struct lkb_str *s, const char *text)
{
	lkb_str_addc(s, '"');
	for (; *text; text++)
		if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20)
			lkb_str_addf(s, "\\u%04x", (unsigned char)*text);
		else
			lkb_str_addc(s, *text);
	lkb_str_addc(s, '"');
}

/* The hook goes in as the first member; the rest stays byte by byte. */
static int add_hook(const char *text, const char *program, const char *dir, struct lkb_str *ret,
		    struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	const struct lkb_json *config;

	if (lkb_json_parse(text, strlen(text), &arena, &config, err))
		return -1;
	if (config->type != LKB_JSON_OBJECT || !config->first)
		return lkb_fail(err, LKB_INPUT, "this is no configuration");
	if (lkb_json_get(config, "hooks"))
		return lkb_fail(err, LKB_INPUT, "hooks beside runtime.interfaces or "
				"runtime.bindNS");
	lkb_str_add(ret, "{\"hooks\":{\"createRuntime\":[{\"path\":");
	add_quoted(ret, program);
	lkb_str_add(ret, ",\"args\":[\"" LKB_ONCREATE_NAME "\",");
	add_quoted(ret, dir);
	lkb_str_addf(ret, "],\"timeout\":%d}]},", HOOK_TIMEOUT_S);
	lkb_str_add(ret, strchr(text, '{') + 1);
	return 0;
}

int lkb_oncreate_bundle(const char *dir, const char *program, const char *to,
			struct lkb_error *err)
{
	lkb_autofree char *from = lkb_format("%s/config.json", dir);
	lkb_autofree char *path = lkb_format("%s/config.json", to);
	lkb_autofree char *text = NULL;
	lkb_autostr config = {0};

	if (lkb_slurp(from, CONFIG_MAX, &text, err))
		return -1;
	if (add_hook(text, program, dir, &config, err))
		return lkb_context(err, "'%s'", from);
	if (lkb_make_dirs(to, 0700, err))
		return -1;
	return lkb_write_file(path, config.s, config.len, 0600, err);
}
