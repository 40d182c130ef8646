/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/container_priv.h"

bool lkb_device_is_node(const struct lkb_spec_device *d)
{
	return strcmp(d->path, "all") != 0;
}

/* The letter of device rules: they know "u" as "c", and nothing of fifos. */
static const char *rule_type(const struct lkb_spec_device *d)
{
	if (!d->type || !*d->type)
		return "a";
	if (!strcmp(d->type, "u"))
		return "c";
	return strcmp(d->type, "p") ? d->type : NULL;
}

static int octal(const char *text, int64_t *ret)
{
	int64_t v = 0;

	if (!*text || strlen(text) > 5)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '7')
			return -1;
		v = v * 8 + (*text - '0');
	}
	*ret = v;
	return v > 07777 ? -1 : 0;
}

static int check_node(const struct lkb_spec_device *d, struct lkb_error *err)
{
	int64_t mode;

	if (d->path[0] != '/')
		return lkb_fail(err, LKB_INPUT, "device '%s' is no absolute path", d->path);
	if (!d->type || strlen(d->type) != 1 || !strchr("cbup", d->type[0]))
		return lkb_fail(err, LKB_INPUT, "device '%s' needs a type: 'c', 'b', 'u' or 'p'",
				d->path);
	if (!d->mode || octal(d->mode, &mode) < 0)
		return lkb_fail(err, LKB_INPUT, "device '%s' needs an octal mode such as '0666'",
				d->path);
	if (d->type[0] != 'p' && (!d->major.set || !d->minor.set))
		return lkb_fail(err, LKB_INPUT, "device '%s' needs major and minor", d->path);
	return 0;
}

uint32_t lkb_device_mode(const struct lkb_spec_device *d)
{
	int64_t mode = 0;

	octal(d->mode, &mode);
	return (uint32_t)mode;
}

int lkb_devices_check(const struct lkb_objlist *devices, struct lkb_error *err)
{
	const struct lkb_spec_device *d = devices->items;

	for (size_t i = 0; i < devices->n; i++) {
		int r = 0;

		if (!d[i].path)
			r = lkb_fail(err, LKB_INPUT, "devices[%zu] has no path", i);
		else if (lkb_device_is_node(&d[i]))
			r = check_node(&d[i], err);
		else if (d[i].type && *d[i].type &&
			 (strlen(d[i].type) != 1 || !strchr("abc", d[i].type[0])))
			r = lkb_fail(err, LKB_INPUT, "type '%s' of device 'all' is not 'a', 'b' "
				     "or 'c'", d[i].type);
		if (r < 0 && d[i].pos.file)
			lkb_at(err, d[i].pos.file, d[i].pos.line, d[i].pos.column);
		if (r < 0)
			return -1;
	}
	return 0;
}

void lkb_devices_write_rules(struct lkb_jsonout *j, const struct lkb_objlist *devices)
{
	const struct lkb_spec_device *d = devices->items;

	for (size_t i = 0; i < devices->n; i++) {
		if (!rule_type(&d[i]))
			continue;
		lkb_jsonout_open(j, NULL, '{');
		lkb_jsonout_bool(j, "allow", true);
		lkb_jsonout_string(j, "type", rule_type(&d[i]));
		if (lkb_device_is_node(&d[i])) {
			lkb_jsonout_int(j, "major", d[i].major.v);
			lkb_jsonout_int(j, "minor", d[i].minor.v);
		}
		lkb_jsonout_string(j, "access", "rwm");
		lkb_jsonout_close(j, '}');
	}
}

void lkb_devices_write_nodes(struct lkb_jsonout *j, const struct lkb_objlist *devices)
{
	const struct lkb_spec_device *d = devices->items;
	size_t n = 0;

	for (size_t i = 0; i < devices->n; i++)
		n += lkb_device_is_node(&d[i]);
	if (!n)
		return;
	lkb_jsonout_open(j, "devices", '[');
	for (size_t i = 0; i < devices->n; i++) {
		if (!lkb_device_is_node(&d[i]))
			continue;
		lkb_jsonout_open(j, NULL, '{');
		lkb_jsonout_string(j, "path", d[i].path);
		lkb_jsonout_string(j, "type", d[i].type);
		lkb_jsonout_int(j, "major", d[i].major.v);
		lkb_jsonout_int(j, "minor", d[i].minor.v);
		lkb_jsonout_uint(j, "fileMode", lkb_device_mode(&d[i]));
		lkb_jsonout_close(j, '}');
	}
	lkb_jsonout_close(j, ']');
}
