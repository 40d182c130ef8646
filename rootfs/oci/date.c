/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/docs.h"

#define DIGITS "0123456789"

/* Exactly n digits at *p, which moves behind them; at most max. */
static bool number(const char **p, size_t n, int max, int *ret)
{
	int v = 0;

	if (strspn(*p, DIGITS) < n)
		return false;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + ((*p)[i] - '0');
	*p += n;
	*ret = v;
	return v <= max;
}

static bool take(const char **p, const char *one_of)
{
	if (!**p || !strchr(one_of, **p))
		return false;
	(*p)++;
	return true;
}

/* "Z" or "+hh:mm": the seconds that local time is ahead. */
static bool zone(const char **p, int64_t *ahead)
{
	char sign = **p;
	int h, m;

	*ahead = 0;
	if (take(p, "Zz"))
		return true;
	if (!take(p, "+-") || !number(p, 2, 23, &h) || !take(p, ":") || !number(p, 2, 59, &m))
		return false;
	*ahead = (sign == '-' ? -1 : 1) * (int64_t)(h * 3600 + m * 60);
	return true;
}

/* True for a day that the calendar has: timegm() would make March 2nd of February 30th. */
static bool to_seconds(struct tm *tm, int64_t *ret)
{
	struct tm asked = *tm;

	*ret = timegm(tm);
	return tm->tm_mday == asked.tm_mday && tm->tm_mon == asked.tm_mon;
}

bool lkb_oci_date_parse(const char *text, int64_t *ret)
{
	const char *p = text;
	int y, mon, d, h, min, s;
	struct tm tm = {0};
	int64_t seconds, ahead;

	if (!number(&p, 4, 9999, &y) || !take(&p, "-") || !number(&p, 2, 12, &mon) ||
	    !take(&p, "-") || !number(&p, 2, 31, &d) || !take(&p, "Tt ") ||
	    !number(&p, 2, 23, &h) || !take(&p, ":") || !number(&p, 2, 59, &min) ||
	    !take(&p, ":") || !number(&p, 2, 60, &s) || !y || !mon || !d)
		return false;
	if (take(&p, ".")) {
		size_t n = strspn(p, DIGITS);

		if (!n)
			return false;
		p += n;
	}
	tm.tm_year = y - 1900;
	tm.tm_mon = mon - 1;
	tm.tm_mday = d;
	if (!zone(&p, &ahead) || *p || !to_seconds(&tm, &seconds))
		return false;
	*ret = seconds + h * 3600 + min * 60 + s - ahead;
	return true;
}

struct lkb_oci_date_text lkb_oci_date_text(int64_t seconds)
{
	struct lkb_oci_date_text t;
	time_t when = seconds;
	struct tm tm = {0};

	gmtime_r(&when, &tm);
	snprintf(t.s, sizeof(t.s), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return t;
}
