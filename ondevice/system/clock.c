/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "ondevice/common/say.h"

void lkb_clock_at_least(int64_t epoch)
{
	struct timespec now, wanted = {.tv_sec = (time_t)epoch};
	struct tm tm;
	char text[32];

	if (clock_gettime(CLOCK_REALTIME, &now) || now.tv_sec >= wanted.tv_sec ||
	    !gmtime_r(&wanted.tv_sec, &tm) || !strftime(text, sizeof(text), "%F %T", &tm))
		return;
	if (clock_settime(CLOCK_REALTIME, &wanted) < 0)
		lkb_say("the clock cannot be set: %s", strerror(errno));
	else
		lkb_say("the clock was behind the image: set to %s UTC", text);
}
