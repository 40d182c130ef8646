/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/size.h"
#include "base/str.h"
#include "ondevice/system/command.h"

static const char usage[] =
	"usage: service list\n"
	"       service start|stop|restart NAME\n";

static int fail(const struct lkb_error *err)
{
	fprintf(stderr, "service: %s\n", err->message);
	if (err->hint[0])
		fprintf(stderr, "service:   hint: %s\n", err->hint);
	return err->kind;
}

static int ask(const struct lkb_str *question, int *ret_fd, struct lkb_error *err)
{
	lkb_autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = LKB_CONTROL_PATH};

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		lkb_fail_errno(err, "cannot reach init at '" LKB_CONTROL_PATH "'");
		return errno == EACCES ? lkb_hint(err, "only root may") : -1;
	}
	/* One that is refused at once finds the reason behind the broken pipe. */
	if (send(fd, question->s, question->len, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		return lkb_fail_errno(err, "cannot ask init");
	*ret_fd = lkb_steal_fd(&fd);
	return 0;
}

/* Shows one packet. True at the end of the answer, with its exit code. */
static bool show(const char *packet, int *ret_code)
{
	uint64_t code;

	switch (packet[0]) {
	case 'o':
		printf("%s\n", packet + 1);
		fflush(stdout);
		return false;
	case 'e':
		fprintf(stderr, "service: %s\n", packet + 1);
		return false;
	case 'x':
		*ret_code = lkb_u64_parse(packet + 1, &code) && code < 256 ? (int)code : LKB_BUG;
		return true;
	}
	return false;
}

static int listen_to(int fd)
{
	char packet[LKB_ANSWER_MAX + 1];
	struct lkb_error err;
	int code;

	for (;;) {
		ssize_t n = recv(fd, packet, sizeof(packet) - 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			lkb_fail(&err, LKB_DIDNT, "init does not answer any more");
			return fail(&err);
		}
		packet[n] = '\0';
		if (show(packet, &code))
			return code;
	}
}

int lkb_client_main(int argc, char **argv)
{
	lkb_autostr question = {0};
	struct lkb_command command;
	lkb_autofd fd = -1;
	struct lkb_error err;
	int i;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	for (i = 1; i < argc; i++)
		lkb_str_addf(&question, "%s%s", i > 1 ? " " : "", argv[i]);
	if (lkb_command_parse(lkb_str_get(&question), question.len, &command, &err)) {
		fail(&err);
		fputs(usage, stderr);
		return err.kind;
	}
	if (ask(&question, &fd, &err))
		return fail(&err);
	return listen_to(fd);
}
