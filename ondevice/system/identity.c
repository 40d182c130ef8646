/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"

#define RESOLV_CONF "/run/resolvconf/resolv.conf"

void lkb_identity_hostname(const char *fallback)
{
	lkb_autofree char *line = lkb_slurp_line("/etc/hostname");
	const char *name = line ? line : "";

	name += strspn(name, " \t");
	if (!*name)
		name = fallback;
	if (sethostname(name, strcspn(name, " \t\r")) < 0)
		lkb_say("the host name '%s' cannot be set: %s", name, strerror(errno));
}

void lkb_identity_loopback(void)
{
	lkb_autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	/* The kernel gives lo its address when it comes up. */
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		lkb_say("the loopback interface cannot be brought up: %s", strerror(errno));
}

void lkb_identity_resolv_conf(void)
{
	lkb_autofd fd = open(RESOLV_CONF, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		lkb_say("'" RESOLV_CONF "' cannot be made: %s", strerror(errno));
}
