/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flash_targets.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"

void lkb_flash_targets_clear(struct lkb_flash_targets *t)
{
	for (size_t i = 0; i < t->n; i++) {
		lkb_flash_job_clear(&t->jobs[i]);
		lkb_device_free(t->devices[i]);
		lkb_settings_edits_clear(&t->edits[i]);
	}
	free(t->jobs);
	free(t->devices);
	free(t->edits);
	*t = (struct lkb_flash_targets){0};
}

static void make_room(struct lkb_flash_targets *t, size_t n)
{
	t->jobs = lkb_alloc_array(n, sizeof(*t->jobs));
	t->devices = lkb_alloc_array(n, sizeof(struct lkb_device *));
	t->edits = lkb_alloc_array(n, sizeof(*t->edits));
}

static int check_twice(const struct lkb_flash_targets *t, const struct lkb_device *dev,
		       struct lkb_error *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct lkb_device *o = t->devices[i];

		if (o->kind == dev->kind && o->dev == dev->dev && o->inode == dev->inode)
			return lkb_fail(err, LKB_USAGE, "'%s' and '%s' are the same device",
					o->path, dev->path);
	}
	return 0;
}

static int guard(const struct lkb_flash_wish *wish, const struct lkb_image_source *image,
		 const char *serial, struct lkb_device *dev, struct lkb_error *err)
{
	lkb_autorefusals refusals = {0};
	struct lkb_guard_request request = {.image_size = lkb_image_source_size(image),
					    .image = image->file,
					    .fixed = wish->fixed,
					    .yes = wish->yes,
					    .serial = serial};

	if (image->file && lkb_device_holds(dev, image->file, &request.image_on_it, err))
		return -1;
	lkb_guard(dev, &request, &refusals);
	return lkb_guard_fail(&refusals, err);
}

/* What a map calls free is not written, and neither would be what is set there. */
static int check_places(const struct lkb_image_source *image,
			const struct lkb_settings_edits *edits, struct lkb_error *err)
{
	for (size_t i = 0; i < edits->n; i++)
		for (size_t k = 0; k < image->map->n_ranges; k++) {
			const struct lkb_map_range *r = &image->map->ranges[k];
			uint64_t off = r->start * LKB_MAP_BLOCK;

			if (r->class == LKB_MAP_FREE &&
			    edits->edits[i].off < off + r->count * LKB_MAP_BLOCK &&
			    off < edits->edits[i].off + edits->edits[i].len)
				return lkb_fail(err, LKB_INPUT,
						"'%s' says that what --set changes does not matter",
						image->map_path);
		}
	return 0;
}

/* Whether config.txt takes its lines is known from what stands there, which of a file can be looked
 * at before anything is written. */
static int try_edits(const struct lkb_image_source *image, const struct lkb_settings_edits *edits,
		     struct lkb_error *err)
{
	const struct lkb_source *s = &image->source;

	for (size_t i = 0; i < edits->n && s->is_random; i++) {
		const struct lkb_edit *e = &edits->edits[i];
		lkb_autofree uint8_t *bytes = lkb_alloc(e->len);

		if (lkb_pread_full(s->fd, bytes, e->len, e->off, s->name, err) ||
		    e->apply(e->ctx, 0, bytes, e->len, err))
			return -1;
	}
	return 0;
}

/* Takes over the device. */
static int add(const struct lkb_flash_wish *wish, const struct lkb_image_source *image,
	       const char *serial, const struct lkb_flash_settings *settings,
	       struct lkb_device *device, struct lkb_flash_targets *t, struct lkb_error *err)
{
	lkb_auto(lkb_device) dev = device;
	struct lkb_settings_edits *edits = &t->edits[t->n];

	if (check_twice(t, dev, err) || guard(wish, image, serial, dev, err) ||
	    lkb_settings_edits_make(settings, image->own, edits, err))
		return -1;
	if (check_places(image, edits, err) || try_edits(image, edits, err)) {
		lkb_settings_edits_clear(edits);
		return -1;
	}
	lkb_device_look_inside(dev);
	t->jobs[t->n] =
		(struct lkb_flash_job){.dev = dev, .edits = edits->edits, .n_edits = edits->n};
	t->devices[t->n++] = LKB_STEAL(dev);
	return 0;
}

static int find_paths(const struct lkb_flash_wish *wish, const struct lkb_image_source *image,
		      struct lkb_flash_targets *t, struct lkb_error *err)
{
	lkb_autoflashsettings settings = {0};

	if (lkb_flash_settings_parse(wish->set, lkb_read_file, &settings, err))
		return -1;
	make_room(t, wish->n_paths);
	for (size_t i = 0; i < wish->n_paths; i++) {
		struct lkb_device *dev;

		if (lkb_device_find(NULL, wish->paths[i], &dev, err) ||
		    add(wish, image, wish->serial, &settings, dev, t, err))
			return -1;
	}
	return 0;
}

/* The one device with that serial number. */
static int find_serial(const char *serial, struct lkb_device **ret, struct lkb_error *err)
{
	lkb_auto(lkb_devices) list = NULL;
	const struct lkb_device *found = NULL;

	if (lkb_devices_list(NULL, &list, err))
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		const struct lkb_device *d = list->items[i];

		if (!d->serial || strcmp(d->serial, serial))
			continue;
		if (found)
			return lkb_fail(err, LKB_REFUSED,
					"'%s' and '%s' both have the serial number "
					"'%s'",
					found->path, d->path, serial);
		found = d;
	}
	if (found)
		return lkb_device_find(NULL, found->path, ret, err);
	lkb_fail(err, LKB_REFUSED, "no device has the serial number '%s'", serial);
	return lkb_hint(err, "'lkboard devices' shows those of what is plugged in");
}

static int find_stations(const struct lkb_flash_wish *wish, const struct lkb_image_source *image,
			 struct lkb_flash_targets *t, struct lkb_error *err)
{
	lkb_autostations stations = {0};

	if (lkb_stations_read(wish->stations, wish->set, &stations, err))
		return -1;
	make_room(t, stations.n);
	for (size_t i = 0; i < stations.n; i++) {
		const struct lkb_station *s = &stations.items[i];
		struct lkb_device *dev;

		if ((s->device ? lkb_device_find(NULL, s->device, &dev, err)
			       : find_serial(s->serial, &dev, err)) ||
		    add(wish, image, s->serial, &s->settings, dev, t, err))
			return lkb_at(err, wish->stations, s->line, 0);
	}
	return 0;
}

int lkb_flash_targets_find(const struct lkb_flash_wish *wish, const struct lkb_image_source *image,
			   struct lkb_flash_targets *ret, struct lkb_error *err)
{
	struct lkb_flash_targets t = {0};

	if (!wish->stations == !wish->n_paths) {
		lkb_fail(err, LKB_USAGE,
			 wish->stations ? "devices stand in '%s' and on the command line"
					: "no device is given",
			 wish->stations);
		return lkb_hint(err,
				"lkboard flash IMAGE DEVICE..., or lkboard flash IMAGE --targets "
				"FILE.csv; 'lkboard devices' lists what there is");
	}
	if ((wish->stations ? find_stations : find_paths)(wish, image, &t, err)) {
		lkb_flash_targets_clear(&t);
		return -1;
	}
	*ret = t;
	return 0;
}
