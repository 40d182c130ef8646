/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "base/ext/json.h"
#include "base/file.h"
#include "board/qemu_priv.h"

#define ANSWER_MAX 65536

void lkb_plug_init(struct lkb_plug *p, const struct lkb_board_plug *what)
{
	p->device = what->device;
	lkb_watch_init(&p->after, &what->after, 1);
}

void lkb_plug_clear(struct lkb_plug *p)
{
	lkb_watch_clear(&p->after);
	lkb_str_clear(&p->answer);
}

/* The monitor's own words for it, which take a device as -device does; an error comes back as the
 * command's output. */
static int ask(const struct lkb_plug *p, int monitor, struct lkb_error *err)
{
	lkb_autofree char *line = lkb_format("device_add %s", p->device), *request = NULL;
	lkb_autofree char *text = NULL;
	lkb_autojson command = json_pack("{s:s, s:{s:s}}", "execute", "human-monitor-command",
					 "arguments", "command-line", line);

	if (!command)
		return lkb_fail(err, LKB_INPUT, "'%s' is no UTF-8", p->device);
	text = lkb_json_text(command);
	request = lkb_format("{\"execute\":\"qmp_capabilities\"}\n%s\n", text);
	return lkb_write_full(monitor, request, strlen(request), "QEMU's monitor", err);
}

int lkb_plug_feed(struct lkb_plug *p, int monitor, const char *bytes, size_t n,
		  struct lkb_error *err)
{
	if (!p->device || p->asked || monitor < 0)
		return 0;
	lkb_watch_feed(&p->after, bytes, n);
	if (!p->after.n_seen)
		return 0;
	p->asked = true;
	return ask(p, monitor, err);
}

/* One line of QMP: a greeting, an event, or an answer. */
static int judge(const struct lkb_plug *p, const char *line, size_t n, struct lkb_error *err)
{
	lkb_autojson v = NULL;
	const char *said;

	if (lkb_json_parse(line, n, "QEMU's monitor", &v, NULL))
		return 0;
	said = json_string_value(json_object_get(json_object_get(v, "error"), "desc"));
	if (!said)
		said = json_string_value(json_object_get(v, "return"));
	if (!said || !*said)
		return 0;
	return lkb_fail(err, LKB_DIDNT, "QEMU does not take the device '%s': %.*s", p->device,
			(int)strcspn(said, "\r\n"), said);
}

int lkb_plug_answer(struct lkb_plug *p, const char *bytes, size_t n, struct lkb_error *err)
{
	for (; n; bytes++, n--) {
		if (*bytes != '\n' && p->answer.len < ANSWER_MAX) {
			lkb_str_addc(&p->answer, *bytes);
			continue;
		}
		if (judge(p, lkb_str_get(&p->answer), p->answer.len, err))
			return -1;
		lkb_str_clear(&p->answer);
	}
	return 0;
}
