/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_LINK_H
#define LKB_ONDEVICE_SYSTEM_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* A network interface for a container: one entry of runtime.interfaces. */
struct lkb_link {
	const char *name; /* what it is called, here and in the container */
	const char *kind; /* to be made: "veth", "dummy", "wireguard", ...; "" = it is there and
			   * is only moved */
	const char *peer; /* the other end of a veth, which stays here; "" = none */
	bool in_root;     /* made here and then moved: a wireguard's packets leave where it was
			   * made. A veth always is */
};

/* Makes the interface, if it is to be made, and moves it into the network namespace of process
 * `pid`, by rtnetlink (rtnetlink(7), linux/if_link.h). The namespace of a container that has ended
 * gives its interfaces back, or frees their names, a moment later: for patience_ms a name that is
 * taken or an interface that is not there is tried again. On failure nothing that was made
 * stays. */
int lkb_link_give(const struct lkb_link *link, pid_t pid, int64_t patience_ms,
		  struct lkb_error *err);

#endif
