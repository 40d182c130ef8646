/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/container_priv.h"

/* "resources" of config.json: runtime-spec config-linux.md. Its names are those of the spec, but
 * for this one. */
#define BLOCK_IO "blockio"
#define BLOCK_IO_JSON "blockIO"

static void write_object(struct lkb_jsonout *j, const struct lkb_schema *schema,
			 const char *object);

static void write_list(struct lkb_jsonout *j, const char *name, const struct lkb_schema *schema,
		       const struct lkb_objlist *list)
{
	if (!list->n)
		return;
	lkb_jsonout_open(j, name, '[');
	for (size_t i = 0; i < list->n; i++) {
		lkb_jsonout_open(j, NULL, '{');
		write_object(j, schema, (const char *)list->items + i * schema->size);
		lkb_jsonout_close(j, '}');
	}
	lkb_jsonout_close(j, ']');
}

static bool is_there(const struct lkb_schema *schema, const char *object)
{
	return ((const struct lkb_pos *)(object + schema->pos_offset))->file != NULL;
}

static void write_key(struct lkb_jsonout *j, const struct lkb_schema_key *k, const void *field)
{
	const char *const *text = field;
	const enum lkb_tristate *truth = field;
	const struct lkb_opt_int *number = field;

	switch (k->type) {
	case LKB_T_STRING:
		if (*text && **text)
			lkb_jsonout_string(j, k->name, *text);
		break;
	case LKB_T_BOOL:
		if (*truth)
			lkb_jsonout_bool(j, k->name, *truth == LKB_YES);
		break;
	case LKB_T_INT:
		if (number->set)
			lkb_jsonout_int(j, k->name, number->v);
		break;
	case LKB_T_OBJECT:
		if (!is_there(k->object, field))
			break;
		lkb_jsonout_open(j, strcmp(k->name, BLOCK_IO) ? k->name : BLOCK_IO_JSON, '{');
		write_object(j, k->object, field);
		lkb_jsonout_close(j, '}');
		break;
	case LKB_T_OBJLIST:
		write_list(j, k->name, k->object, field);
		break;
	default: /* no other type stands in these tables */
		break;
	}
}

static void write_object(struct lkb_jsonout *j, const struct lkb_schema *schema,
			 const char *object)
{
	for (size_t i = 0; i < schema->n_keys; i++)
		write_key(j, &schema->keys[i], object + schema->keys[i].offset);
}

/* Rules given as such, then one for each device of the container. */
static void write_rules(struct lkb_jsonout *j, const struct lkb_spec_image *set)
{
	const struct lkb_spec_rule *rules = set->resources.devices.items;

	if (!set->resources.devices.n && !set->devices.n)
		return;
	lkb_jsonout_open(j, "devices", '[');
	for (size_t i = 0; i < set->resources.devices.n; i++) {
		lkb_jsonout_open(j, NULL, '{');
		lkb_jsonout_bool(j, "allow", rules[i].allow == LKB_YES);
		lkb_jsonout_string(j, "type", rules[i].type ? rules[i].type : "a");
		if (rules[i].major.set)
			lkb_jsonout_int(j, "major", rules[i].major.v);
		if (rules[i].minor.set)
			lkb_jsonout_int(j, "minor", rules[i].minor.v);
		lkb_jsonout_string(j, "access", rules[i].access ? rules[i].access : "rwm");
		lkb_jsonout_close(j, '}');
	}
	lkb_devices_write_rules(j, &set->devices);
	lkb_jsonout_close(j, ']');
}

static void write_hugepages(struct lkb_jsonout *j, const struct lkb_objlist *limits)
{
	const struct lkb_spec_hugepage *h = limits->items;

	if (!limits->n)
		return;
	lkb_jsonout_open(j, "hugepageLimits", '[');
	for (size_t i = 0; i < limits->n; i++) {
		struct lkb_spec_page_size size = { "" };

		lkb_spec_page_size(h[i].page_size, &size); /* it was checked when it was read */
		lkb_jsonout_open(j, NULL, '{');
		lkb_jsonout_string(j, "pageSize", size.s);
		lkb_jsonout_int(j, "limit", h[i].limit.v);
		lkb_jsonout_close(j, '}');
	}
	lkb_jsonout_close(j, ']');
}

void lkb_resources_write(struct lkb_jsonout *j, const struct lkb_spec_image *set)
{
	const struct lkb_schema *schema = lkb_spec_schema_at("services[].resources");
	const char *object = (const char *)&set->resources;

	if (!set->devices.n && !is_there(schema, object))
		return;
	lkb_jsonout_open(j, "resources", '{');
	write_rules(j, set);
	for (size_t i = 0; i < schema->n_keys; i++)
		if (schema->keys[i].type == LKB_T_OBJECT)
			write_key(j, &schema->keys[i], object + schema->keys[i].offset);
	write_hugepages(j, &set->resources.hugepage_limits);
	lkb_jsonout_close(j, '}');
}
