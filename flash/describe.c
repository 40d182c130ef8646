/* SPDX-License-Identifier: Apache-2.0 */
/* What a person is to recognize a device by. */
#include <string.h>

#include "base/size.h"
#include "flash/device.h"

void lkb_device_title(const struct lkb_device *dev, struct lkb_str *out)
{
	size_t n = dev->vendor ? strlen(dev->vendor) : 0;

	/* Many models begin with their maker. */
	if (dev->vendor && !(dev->model && !strncmp(dev->model, dev->vendor, n)))
		lkb_str_addf(out, "%s%s", dev->vendor, dev->model ? " " : "");
	if (dev->model)
		lkb_str_add(out, dev->model);
}

static void add_part(const struct lkb_partition *p, struct lkb_str *out)
{
	lkb_str_addf(out, "    %3u  %10s  %s", p->number, lkb_size_text(p->size).s,
		     p->system ? p->system : "?");
	if (p->label)
		lkb_str_addf(out, "  '%s'", p->label);
	lkb_str_addc(out, '\n');
}

static void add_contents(const struct lkb_device *dev, struct lkb_str *out)
{
	lkb_str_add(out, "  holds      ");
	if (dev->n_parts)
		lkb_str_addf(out, "%zu partition%s\n", dev->n_parts, dev->n_parts > 1 ? "s" : "");
	else if (dev->system)
		lkb_str_addf(out, "%s%s%s%s\n", dev->system, dev->label ? "  '" : "",
			     dev->label ? dev->label : "", dev->label ? "'" : "");
	else
		lkb_str_add(out, "nothing that is known\n");
	for (size_t i = 0; i < dev->n_parts; i++)
		add_part(&dev->parts[i], out);
}

void lkb_device_describe(const struct lkb_device *dev, struct lkb_str *out)
{
	lkb_autostr title = {0};
	bool is_file = dev->kind == LKB_DEVICE_FILE;

	lkb_device_title(dev, &title);
	lkb_str_add(out, dev->path);
	if (title.len)
		lkb_str_addf(out, ": %s", title.s);
	lkb_str_addc(out, '\n');
	if (dev->serial)
		lkb_str_addf(out, "  serial     %s\n", dev->serial);
	lkb_str_addf(out, "  size       %s (%llu bytes)\n", lkb_size_text(dev->size).s,
		     (unsigned long long)dev->size);
	if (is_file)
		lkb_str_add(out, "  connected  a regular file\n");
	else
		lkb_str_addf(out, "  connected  %s, %s\n", dev->transport,
			     dev->removable ? "removable" : "not removable");
	if (dev->backing)
		lkb_str_addf(out, "  behind it  %s\n", dev->backing);
	if (dev->by_id)
		lkb_str_addf(out, "  also       %s\n", dev->by_id);
	add_contents(dev, out);
}
