/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ondevice/common/now.h"

#define KIND_MAX 32 /* of bytes; the kernel takes as many */
#define RETRY_US 50000

/* One request. Names are bounded before they get here, so everything fits. */
struct message {
	struct nlmsghdr head;
	struct ifinfomsg info;
	char attributes[512];
};

static void message_begin(struct message *m, uint16_t type, uint16_t flags, int index)
{
	memset(m, 0, sizeof(*m));
	m->head.nlmsg_len = NLMSG_LENGTH(sizeof(m->info));
	m->head.nlmsg_type = type;
	m->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	m->info.ifi_family = AF_UNSPEC;
	m->info.ifi_index = index;
}

static struct rtattr *add(struct message *m, uint16_t type, const void *data, size_t n)
{
	struct rtattr *a = (struct rtattr *)((char *)m + NLMSG_ALIGN(m->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(n);
	if (n)
		memcpy(RTA_DATA(a), data, n);
	m->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(m->head.nlmsg_len) + RTA_ALIGN(a->rta_len));
	return a;
}

/* What was added behind `a` stands in it. */
static void enclose(struct message *m, struct rtattr *a)
{
	a->rta_len = (uint16_t)((char *)m + m->head.nlmsg_len - (char *)a);
}

static void add_name(struct message *m, const char *name)
{
	add(m, IFLA_IFNAME, name, strlen(name) + 1);
}

static void add_pid(struct message *m, pid_t pid)
{
	uint32_t number = (uint32_t)pid;

	add(m, IFLA_NET_NS_PID, &number, sizeof(number));
}

/* Sends it and waits for the kernel's word, which comes at once. 0 or an errno. */
static int ask(int fd, const struct message *m)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[1024];
	} answer;
	ssize_t n;

	if (send(fd, m, m->head.nlmsg_len, 0) < 0)
		return errno;
	do {
		n = recv(fd, &answer, sizeof(answer), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	if ((size_t)n < sizeof(answer.head) + sizeof(answer.error) ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return EPROTO;
	return -answer.error.error;
}

static int make(int fd, const struct lkb_link *l, pid_t into)
{
	struct rtattr *linkinfo, *data, *peer;
	struct ifinfomsg info = {0};
	struct message m;

	message_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	add_name(&m, l->name);
	if (into)
		add_pid(&m, into);
	linkinfo = add(&m, IFLA_LINKINFO, NULL, 0);
	add(&m, IFLA_INFO_KIND, l->kind, strlen(l->kind));
	if (l->peer[0]) {
		data = add(&m, IFLA_INFO_DATA, NULL, 0);
		peer = add(&m, VETH_INFO_PEER, &info, sizeof(info));
		add_name(&m, l->peer);
		enclose(&m, peer);
		enclose(&m, data);
	}
	enclose(&m, linkinfo);
	return ask(fd, &m);
}

static int move(int fd, const char *name, pid_t pid)
{
	unsigned index = if_nametoindex(name);
	struct message m;

	if (!index)
		return errno;
	message_begin(&m, RTM_NEWLINK, 0, (int)index);
	add_pid(&m, pid);
	return ask(fd, &m);
}

static void drop(int fd, const char *name)
{
	unsigned index = if_nametoindex(name);
	struct message m;

	if (!index)
		return;
	message_begin(&m, RTM_DELLINK, 0, (int)index);
	ask(fd, &m);
}

static bool name_fits(const char *name)
{
	return name[0] && strlen(name) < IFNAMSIZ;
}

static int refuse(const struct lkb_link *l, bool veth, struct lkb_error *err)
{
	if (!l->name[0])
		return lkb_fail(err, LKB_INPUT, "a network interface without a name");
	if (!name_fits(l->name) || (l->peer[0] && !name_fits(l->peer)))
		return lkb_fail(err, LKB_INPUT, "the name of the network interface '%s' is longer "
				"than %d bytes", name_fits(l->name) ? l->peer : l->name,
				IFNAMSIZ - 1);
	if (strlen(l->kind) > KIND_MAX)
		return lkb_fail(err, LKB_INPUT, "network interface '%s': '%s' is no type", l->name,
				l->kind);
	if (veth && !l->peer[0])
		return lkb_fail(err, LKB_INPUT, "network interface '%s': a veth needs a peer",
				l->name);
	if (!veth && l->peer[0])
		return lkb_fail(err, LKB_INPUT, "network interface '%s': only a veth has a peer",
				l->name);
	return 0;
}

/* 0 or an errno; *ret_step is what failed. */
static int try(int fd, const struct lkb_link *l, bool here, pid_t pid, const char **ret_step)
{
	int number = l->kind[0] ? make(fd, l, here ? 0 : pid) : 0;

	*ret_step = "made";
	if (number || (l->kind[0] && !here))
		return number;
	*ret_step = "moved into the container";
	number = move(fd, l->name, pid);
	if (number && l->kind[0])
		drop(fd, l->name);
	return number;
}

int lkb_link_give(const struct lkb_link *link, pid_t pid, int64_t patience_ms,
		  struct lkb_error *err)
{
	lkb_autofd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool veth = !strcmp(link->kind, "veth") || (!link->kind[0] && link->peer[0]);
	int64_t end = lkb_now_ms() + patience_ms;
	struct lkb_link l = *link;
	const char *step;
	int number;

	if (refuse(link, veth, err))
		return -1;
	if (fd < 0)
		return lkb_fail_errno(err, "cannot speak to the kernel's network");
	if (veth)
		l.kind = "veth";
	while ((number = try(fd, &l, veth || l.in_root, pid, &step))) {
		if ((number != EEXIST && number != ENODEV) || lkb_now_ms() >= end) {
			errno = number;
			return lkb_fail_errno(err, "network interface '%s' cannot be %s", l.name,
					      step);
		}
		usleep(RETRY_US);
	}
	return 0;
}
