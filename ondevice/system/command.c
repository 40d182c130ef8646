/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define NAME_MAX_BYTES 76

static const struct {
	const char *word;
	enum lkb_verb verb;
	bool takes_name;
} verbs[] = {
	{"list", LKB_VERB_LIST, false},
	{"start", LKB_VERB_START, true},
	{"stop", LKB_VERB_STOP, true},
	{"restart", LKB_VERB_RESTART, true},
};

bool lkb_service_name_ok(const char *name)
{
	bool joint = true; /* no separator may come here */
	size_t i;

	for (i = 0; name[i] && i < NAME_MAX_BYTES; i++) {
		bool plain = isalnum((unsigned char)name[i]);

		if (!plain && (joint || !strchr("._-", name[i])))
			return false;
		joint = !plain;
	}
	return !name[i] && !joint;
}

static int read_name(const char *name, bool takes_name, struct lkb_error *err)
{
	if (takes_name && !*name)
		return lkb_fail(err, LKB_USAGE, "the name of a service is missing");
	if (!takes_name && *name)
		return lkb_fail(err, LKB_USAGE, "a name is not expected here");
	if (takes_name && !lkb_service_name_ok(name))
		return lkb_fail(err, LKB_USAGE, "this is no name of a service");
	return 0;
}

int lkb_command_parse(const char *bytes, size_t len, struct lkb_command *ret,
		      struct lkb_error *err)
{
	char text[LKB_COMMAND_MAX];
	const char *name;
	size_t i;

	if (len >= sizeof(text) || memchr(bytes, '\0', len))
		return lkb_fail(err, LKB_USAGE, "this is no command");
	memcpy(text, bytes, len);
	text[len] = '\0';
	name = text + strcspn(text, " ");
	if (*name)
		text[name++ - text] = '\0';
	for (i = 0; i < LKB_ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].word, text))
			continue;
		if (read_name(name, verbs[i].takes_name, err))
			return -1;
		ret->verb = verbs[i].verb;
		snprintf(ret->name, sizeof(ret->name), "%s", name);
		return 0;
	}
	return lkb_fail(err, LKB_USAGE, "there are list, start, stop and restart");
}
