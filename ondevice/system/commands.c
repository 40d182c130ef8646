/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/commands.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "ondevice/common/say.h"
#include "ondevice/system/command.h"
#include "ondevice/system/control.h"
#include "ondevice/system/services.h"

#define MAX_WAITING 16

struct waiting {
	unsigned client;
	struct lkb_command command;
};

static struct {
	struct lkb_loop *loop;
	struct waiting items[MAX_WAITING];
	size_t n;
	bool accepts;
} row;

static int refuse(struct lkb_error *err)
{
	return lkb_fail(err, LKB_INTERRUPTED, "the machine is to shut down");
}

static int take(unsigned client, const struct lkb_command *command, struct lkb_error *err)
{
	if (row.loop->request != LKB_STAY)
		return refuse(err);
	/* An onboot container that asks would be waited for by the boot that it waits for. */
	if (!row.accepts)
		return lkb_fail(err, LKB_DIDNT, "the system still boots");
	if (row.n == MAX_WAITING)
		return lkb_fail(err, LKB_DIDNT, "%d commands are waiting already", MAX_WAITING);
	row.items[row.n++] = (struct waiting){client, *command};
	return 0;
}

static void on_question(void *arg, unsigned client, const char *bytes, size_t len)
{
	lkb_autostr answer = {0};
	struct lkb_command command;
	struct lkb_error err;

	if (lkb_command_parse(bytes, len, &command, &err)) {
		lkb_control_end(client, &err);
	} else if (command.verb == LKB_VERB_LIST) {
		lkb_services_list(&answer);
		lkb_control_lines(client, 'o', lkb_str_get(&answer));
		lkb_control_end(client, NULL);
	} else if (take(client, &command, &err)) {
		lkb_control_end(client, &err);
	}
}

void lkb_commands_open(struct lkb_loop *l)
{
	struct lkb_error err;

	row.loop = l;
	if (lkb_control_open(l, LKB_CONTROL_PATH, on_question, NULL, &err))
		lkb_say_error(&err, "services cannot be started and stopped by hand");
}

void lkb_commands_accept(void)
{
	row.accepts = true;
}

bool lkb_commands_work(struct lkb_loop *l)
{
	bool worked = row.n;

	while (row.n && l->request == LKB_STAY) {
		struct waiting first = row.items[0];
		lkb_autostr answer = {0};
		struct lkb_error err;
		int rc;

		memmove(row.items, row.items + 1, --row.n * sizeof(*row.items));
		rc = lkb_services_do(l, &first.command, &answer, &err);
		lkb_control_lines(first.client, 'o', lkb_str_get(&answer));
		lkb_control_end(first.client, rc ? &err : NULL);
	}
	return worked;
}

void lkb_commands_end(void)
{
	struct lkb_error err;
	size_t i;

	refuse(&err);
	for (i = 0; i < row.n; i++)
		lkb_control_end(row.items[i].client, &err);
	row.n = 0;
}
