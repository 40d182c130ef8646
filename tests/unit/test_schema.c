/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/ext/schema.h"
#include "base/str.h"

/* A made-up file format that has every type of value once. */
struct wheel {
	struct lkb_pos pos;
	const char *name;
	struct lkb_opt_int size;
};

struct engine {
	struct lkb_pos pos;
	const char *fuel;
};

struct car {
	const char *name, *colour, *owner;
	enum lkb_tristate open;
	struct lkb_opt_int doors, mode, tank;
	struct lkb_strlist seats, groups;
	struct lkb_strmap labels;
	struct engine engine;
	struct lkb_objlist wheels;
};

static const char *const colours[] = { "red", "green", "blue", NULL };

static const char *absolute(const char *value)
{
	return *value == '/' ? NULL : "is no absolute path";
}

static const struct lkb_schema_key wheel_keys[] = {
	LKB_KEY(struct wheel, name, LKB_T_STRING, "name", .flags = LKB_KEY_REQUIRED),
	LKB_KEY(struct wheel, size, LKB_T_INT, "inches", .min = 10, .max = 22),
};
static const struct lkb_schema wheel_schema = LKB_SCHEMA("wheel", struct wheel, wheel_keys);

static const struct lkb_schema_key engine_keys[] = {
	LKB_KEY(struct engine, fuel, LKB_T_STRING, "fuel", .flags = LKB_KEY_NONEMPTY),
};
static const struct lkb_schema engine_schema = LKB_SCHEMA("engine", struct engine, engine_keys);

static const struct lkb_schema_key car_keys[] = {
	LKB_KEY(struct car, name, LKB_T_STRING, "name"),
	LKB_KEY(struct car, colour, LKB_T_STRING, "colour", .choices = colours),
	LKB_KEY(struct car, owner, LKB_T_ID, "number or name"),
	LKB_KEY(struct car, open, LKB_T_BOOL, "has no roof"),
	LKB_KEY(struct car, doors, LKB_T_INT, "how many"),
	LKB_KEY(struct car, mode, LKB_T_MODE, "mode"),
	LKB_KEY(struct car, tank, LKB_T_SIZE, "size"),
	LKB_KEY(struct car, seats, LKB_T_STRLIST, "paths", .check = absolute,
		.hint = "write it like /front"),
	LKB_KEY(struct car, groups, LKB_T_IDLIST, "ids"),
	LKB_KEY_AS("labels.add", struct car, labels, LKB_T_STRMAP, "labels"),
	LKB_KEY(struct car, engine, LKB_T_OBJECT, "engine", .object = &engine_schema),
	LKB_KEY(struct car, wheels, LKB_T_OBJLIST, "wheels", .object = &wheel_schema),
	LKB_KEY_IGNORED("radio", "has no effect", "radio"),
};
static const struct lkb_schema car_schema = LKB_SCHEMA_NO_POS("car", struct car, car_keys);

/* What one test reads: the struct and the faults as one text. */
struct reading {
	struct lkb_arena arena;
	struct lkb_diags diags;
	struct lkb_str text;
	struct car car;
};

static void read_car(struct reading *r, const char *yaml)
{
	struct lkb_yaml_node *node = NULL;
	struct lkb_error err = { 0 };

	*r = (struct reading){ 0 };
	if (lkb_yaml_parse(yaml, strlen(yaml), "car.yml", &r->arena, &node, &err))
		fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
	lkb_schema_read(&car_schema, node, "car.yml", &r->car, &r->arena, &r->diags);
	lkb_diags_sort(&r->diags);
	for (size_t i = 0; i < r->diags.n; i++) {
		const struct lkb_diag *d = &r->diags.items[i];

		lkb_str_addf(&r->text, "%u:%u: %s%s%s%s%s\n", d->what.line, d->what.column,
			     d->severity == LKB_SEVERITY_WARNING ? "warning: " : "",
			     d->what.message, d->what.hint[0] ? " (" : "", d->what.hint,
			     d->what.hint[0] ? ")" : "");
	}
}

static void end(struct reading *r)
{
	lkb_diags_clear(&r->diags);
	lkb_str_clear(&r->text);
	lkb_arena_clear(&r->arena);
}

static void expect(const char *yaml, const char *faults)
{
	struct reading r;

	read_car(&r, yaml);
	assert_string_equal(lkb_str_get(&r.text), faults);
	end(&r);
}

static void every_type_is_read(void **state)
{
	const struct wheel *wheels;
	struct reading r;

	read_car(&r, "name: 1\n"
		     "colour: green\n"
		     "owner: 0x10\n"
		     "open: true\n"
		     "doors: -3\n"
		     "mode: 0644\n"
		     "tank: 2 KiB\n"
		     "seats: [/a, \"/b\"]\n"
		     "groups: [wheel, 010]\n"
		     "labels.add: {b: 1, a: x}\n"
		     "engine: {fuel: hay}\n"
		     "wheels:\n"
		     "- name: left\n"
		     "  size: 12\n"
		     "- {name: right}\n");
	assert_string_equal(lkb_str_get(&r.text), "");
	assert_string_equal(r.car.name, "1");
	assert_string_equal(r.car.colour, "green");
	assert_string_equal(r.car.owner, "16");
	assert_int_equal(r.car.open, LKB_YES);
	assert_true(r.car.doors.set);
	assert_int_equal(r.car.doors.v, -3);
	assert_int_equal(r.car.mode.v, 0644);
	assert_int_equal(r.car.tank.v, 2048);
	assert_int_equal(r.car.seats.n, 2);
	assert_string_equal(r.car.seats.items[1], "/b");
	assert_int_equal(r.car.seats.pos[1].line, 8);
	assert_int_equal(r.car.seats.pos[1].column, 13);
	assert_string_equal(r.car.groups.items[0], "wheel");
	assert_string_equal(r.car.groups.items[1], "8");
	assert_string_equal(r.car.labels.keys[0], "b");
	assert_string_equal(r.car.labels.values[0], "1");
	assert_string_equal(r.car.engine.fuel, "hay");
	assert_int_equal(r.car.engine.pos.line, 11);
	assert_int_equal(r.car.wheels.n, 2);
	wheels = r.car.wheels.items;
	assert_string_equal(wheels[0].name, "left");
	assert_int_equal(wheels[0].size.v, 12);
	assert_string_equal(wheels[1].name, "right");
	assert_false(wheels[1].size.set);
	assert_int_equal(lkb_schema_pos(&wheels[0].pos, "size").line, 14);
	assert_int_equal(lkb_schema_pos(&wheels[0].pos, "size").column, 9);
	assert_int_equal(lkb_schema_pos(&wheels[1].pos, "size").line, 15);
	assert_true(lkb_schema_given(&wheels[0].pos, "size"));
	assert_false(lkb_schema_given(&wheels[1].pos, "size"));
	end(&r);
}

static void null_is_refused(void **state)
{
	struct reading r;

	read_car(&r, "name:\ncolour: ~\nopen: null\nseats:\nlabels.add:\nengine:\n"
		     "wheels: [{name: }]\nradio:\n");
	assert_string_equal(lkb_str_get(&r.text),
			    "1:1: 'name' has no value (remove the key, or write \"\" for an empty "
			    "text)\n"
			    "2:1: 'colour' has no value (remove the key, or give it a value)\n"
			    "3:1: 'open' has no value (remove the key, or give it a value)\n"
			    "4:1: 'seats' has no value (remove the key, or write [] for an empty "
			    "list)\n"
			    "5:1: 'labels.add' has no value (remove the key, or write {} for an "
			    "empty map)\n"
			    "6:1: 'engine' has no value (remove the key, or write {} for an empty "
			    "map)\n"
			    "7:11: 'name' of wheels[0] has no value (give it a value)\n"
			    "8:1: 'radio' has no value (remove the key, or write \"\" for an empty "
			    "text)\n");
	assert_null(r.car.name);
	assert_int_equal(r.car.open, LKB_UNSET);
	assert_false(r.car.seats.set);
	assert_null(r.car.engine.pos.file);
	end(&r);
}

static void integers_are_those_of_yaml(void **state)
{
	static const struct {
		const char *text;
		int64_t v;
	} good[] = {
		{ "0", 0 }, { "+7", 7 }, { "-0x10", -16 }, { "0o17", 15 }, { "017", 15 },
		{ "0b101", 5 }, { "1_000", 1000 }, { "0x_f_f", 255 },
		{ "9223372036854775807", INT64_MAX },
	};
	static const char *const bad[] = { "1e3", "1.0", ".inf", "0x", "_1", "08", "1:30", "2001-01-01",
					   "0b2", "--1", "1 000" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(good); i++) {
		lkb_autofree char *yaml = lkb_format("doors: %s\n", good[i].text);
		struct reading r;

		read_car(&r, yaml);
		assert_string_equal(lkb_str_get(&r.text), "");
		assert_int_equal(r.car.doors.v, good[i].v);
		end(&r);
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		lkb_autofree char *yaml = lkb_format("doors: %s\n", bad[i]);
		struct reading r;

		read_car(&r, yaml);
		assert_non_null(strstr(lkb_str_get(&r.text), "which is no whole number"));
		end(&r);
	}
}

static void empty_is_not_absent(void **state)
{
	struct reading r;

	read_car(&r, "name: ''\nseats: []\nlabels.add: {}\nwheels: []\n");
	assert_string_equal(lkb_str_get(&r.text), "");
	assert_string_equal(r.car.name, "");
	assert_true(r.car.seats.set);
	assert_true(r.car.labels.set);
	assert_true(r.car.wheels.set);
	end(&r);
}

#define KEYS \
	"name, colour, owner, open, doors, mode, tank, seats, groups, labels.add, engine, wheels, " \
	"radio"

static void an_unknown_key_gets_the_nearest_as_hint(void **state)
{
	expect("colur: red\n", "1:1: unknown key 'colur' (did you mean 'colour'?)\n");
	expect("OPEN: true\n", "1:1: unknown key 'OPEN' (did you mean 'open'?)\n");
	expect("wheels:\n- {name: a, siz: 12}\n",
	       "2:13: unknown key 'siz' in wheels[0] (did you mean 'size'?)\n");
	expect("engine: {xyzzy: 1}\n",
	       "1:10: unknown key 'xyzzy' in engine (the keys here are fuel)\n");
	expect("fuel: hay\n", "1:1: unknown key 'fuel' (it is a key of 'engine')\n");
	expect("zzzzzzzzz: 1\n", "1:1: unknown key 'zzzzzzzzz' (the keys here are " KEYS ")\n");
}

static void all_faults_are_reported_in_order(void **state)
{
	expect("wheels:\n- {size: 9}\n- x\ncolour: rde\nopen: maybe\nradio: on\n",
	       "2:3: wheels[0] has no 'name' (add 'name': name)\n"
	       "2:10: 'size' of wheels[0] is 9, which is not between 10 and 22 (write a whole "
	       "number from 10 to 22)\n"
	       "3:3: 'wheels[1]' must be a map, not text (write it like {name: ...}, or with each "
	       "key on a line of its own)\n"
	       "4:9: 'colour' is 'rde', which is not known (did you mean 'red'?)\n"
	       "5:7: 'open' is 'maybe', which is neither true nor false (write true or false)\n"
	       "6:1: warning: 'radio' has no effect\n");
}

#define ONE "(write one value, without '- ' or '[ ]')"
#define NO_MAP "(write one value; text that starts with '{' or holds ': ' needs quotes)"
#define LINES ", or with each key on a line of its own)"

static void wrong_types_name_both(void **state)
{
	expect("[1]\n",
	       "1:1: the file must be a map, not a list (begin with a key such as 'name:')\n");
	expect("name: [a]\n", "1:7: 'name' must be text, not a list " ONE "\n");
	expect("open: {}\n", "1:7: 'open' must be true or false, not a map " NO_MAP "\n");
	expect("doors: []\n", "1:8: 'doors' must be a number, not a list " ONE "\n");
	expect("engine: v8\n",
	       "1:9: 'engine' must be a map, not text (write it like {fuel: ...}" LINES "\n");
	expect("labels.add: [a]\n", "1:13: 'labels.add' must be a map, not a list (write it like "
				    "{NAME: VALUE}" LINES "\n");
	expect("seats: /a\n", "1:8: 'seats' must be a list, not text (a list is written "
			      "[\"one\", \"two\"], or with '- ' before each item)\n");
	expect("wheels: {}\n",
	       "1:9: 'wheels' must be a list, not a map (a list has '- ' before each item)\n");
	expect("seats: [[/a]]\n", "1:9: 'seats[0]' must be text, not a list " ONE "\n");
	expect("seats: [~]\n",
	       "1:9: 'seats[0]' has no value (remove the item, or give it a value)\n");
	expect("labels.add: {a: }\n",
	       "1:14: 'a' of labels.add has no value (remove the key, or give it a value)\n");
}

#define NUMBER "which is no whole number (write a whole number such as 10)\n"

static void wrong_values_are_shown(void **state)
{
	expect("doors: two\n", "1:8: 'doors' is 'two', " NUMBER);
	expect("doors: 1.5\n", "1:8: 'doors' is '1.5', " NUMBER);
	expect("doors: 9223372036854775808\n", "1:8: 'doors' is '9223372036854775808', " NUMBER);
	expect("doors: '2'\n",
	       "1:8: 'doors' is '2', which is text (write the number without quotes)\n");
	expect("open: yes\n",
	       "1:7: 'open' is 'yes', which is neither true nor false (write true)\n");
	expect("open: 'false'\n", "1:7: 'open' is 'false', which is neither true nor false "
				  "(write false, without quotes)\n");
	expect("mode: '0999'\n", "1:7: 'mode' is '0999', which is no octal mode "
				 "(a mode is written like \"0644\")\n");
	expect("mode: '10000'\n", "1:7: 'mode' is '10000', which is no octal mode "
				  "(a mode is written like \"0644\")\n");
	expect("tank: 3 cups\n", "1:7: 'tank' is '3 cups', which is no size "
				 "(a size is written like 64MiB or 2GiB)\n");
	expect("owner: -1\n", "1:8: 'owner' is '-1', which is neither a name nor a number from 0 to "
			     "4294967294 (write a number from 0 to 4294967294, or a name)\n");
	expect("owner: 4294967295\n",
	       "1:8: 'owner' is '4294967295', which is neither a name nor a number from 0 to "
	       "4294967294 (write a number from 0 to 4294967294, or a name)\n");
	expect("seats: [/a, b]\n",
	       "1:13: 'seats[1]' is 'b', which is no absolute path (write it like /front)\n");
	expect("colour: violet\n", "1:9: 'colour' is 'violet', which is not known "
				   "(it is one of red, green or blue)\n");
	expect("colour: UE\n", "1:9: 'colour' is 'UE', which is not known (it is one of red, green "
			       "or blue)\n");
	expect("colour: BLUE\n", "1:9: 'colour' is 'BLUE', which is not known (did you mean "
				 "'blue'?)\n");
	expect("engine: {fuel: ''}\n",
	       "1:16: 'fuel' of engine is empty (remove the key, or give it a value)\n");
	expect("name: \"a\\0b\"\n", "1:7: 'name' holds a NUL character (remove the '\\0')\n");
}

static void a_key_given_twice_names_both_places(void **state)
{
	expect("name: a\ndoors: 2\nname: b\n",
	       "3:1: 'name' is given twice (remove one of them; the first is at car.yml:1:1)\n");
	expect("labels.add: {a: 1, a: 2, b: 3}\n",
	       "1:20: 'a' of labels.add is given twice (remove one of them; the first is at car.yml:1:14)\n");
	expect("wheels: [{name: a, name: b}]\n",
	       "1:20: 'name' of wheels[0] is given twice (remove one of them; the first is at car.yml:1:11)\n");
}

static void what_users_write_cannot_garble_a_terminal(void **state)
{
	expect("colour: \"\\e[31m\\n\\x85\"\n", "1:9: 'colour' is '\\x1b[31m\\n\\xc2\\x85', which is "
					      "not known (it is one of red, green or blue)\n");
	expect("\"\\eq\": 1\n", "1:1: unknown key '\\x1bq' (the keys here are " KEYS ")\n");
	expect("doors: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	       "xxxxxxxxxxxxxxxxxxxx\n",
	       "1:8: 'doors' is 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	       "xxxxxxxxxxxxxxxxx...', " NUMBER);
}

static void add_path(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	lkb_str_addf(ctx, "%s ", path);
}

static void walk_names_every_key(void **state)
{
	lkb_autostr s = { 0 };

	lkb_schema_walk(&car_schema, add_path, &s);
	assert_string_equal(lkb_str_get(&s),
			    "name colour owner open doors mode tank seats groups labels.add engine "
			    "engine.fuel wheels wheels[].name wheels[].size radio ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(null_is_refused),
		cmocka_unit_test(integers_are_those_of_yaml),
		cmocka_unit_test(empty_is_not_absent),
		cmocka_unit_test(an_unknown_key_gets_the_nearest_as_hint),
		cmocka_unit_test(all_faults_are_reported_in_order),
		cmocka_unit_test(wrong_types_name_both),
		cmocka_unit_test(wrong_values_are_shown),
		cmocka_unit_test(a_key_given_twice_names_both_places),
		cmocka_unit_test(what_users_write_cannot_garble_a_terminal),
		cmocka_unit_test(walk_names_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
