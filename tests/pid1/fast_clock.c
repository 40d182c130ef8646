/* SPDX-License-Identifier: Apache-2.0 */
/* Linked before ondevice/'s own clock: the init of tests/cli/init.sh lives ten times as fast as the
 * world around it, so that a wait of a minute takes six seconds there. */
#include <poll.h>
#include <stdint.h>
#include <time.h>

#include "ondevice/common/now.h"

#define FASTER 10

int64_t lkb_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000) * FASTER;
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int ms = timeout_ms / FASTER + (timeout_ms > 0);
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	return ppoll(fds, n, timeout_ms < 0 ? NULL : &ts, NULL);
}
