/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_SCHEMA_H
#define LKB_BASE_EXT_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/ext/yaml.h"

/*
 * One engine reads every YAML file of the program (specs, boards, packages) into structs. What a
 * file may hold is a table of rows; parser, "did you mean", error texts and the man pages' key
 * lists all come from it. Reading is strict and reports every fault, each with file:line:column and
 * a hint that says what to do, which a key with a .check brings along.
 *
 *	static const struct lkb_schema_key kernel_keys[] = {
 *		LKB_KEY(struct lkb_kernel, image, LKB_T_STRING, "OCI image with the kernel",
 *			.check = check_image, .hint = "write it like nginx:1.27"),
 *		LKB_KEY_AS("binds.add", struct lkb_kernel, binds_add, LKB_T_STRLIST, "..."),
 *	};
 *	static const struct lkb_schema kernel_schema =
 *		LKB_SCHEMA("kernel", struct lkb_kernel, kernel_keys);
 *
 * Every fault names the value in the same way, and what it is: "'mode' of files[0] is '0999',
 * which is no octal mode". Keys given twice are refused with both places.
 * A null is refused, as LinuxKit does. A value that is absent leaves its field zero: strings NULL,
 * lists and maps with .set false, tristates LKB_UNSET, numbers with .set false.
 */

/* Where a value stands, for messages of later stages. Zero if it was absent. `node` is what an
 * object was read from, for lkb_schema_pos(); NULL for other values. */
struct lkb_pos {
	const char *file;
	unsigned line, column;
	const struct lkb_yaml_node *node;
};

enum lkb_tristate { LKB_UNSET = 0, LKB_NO, LKB_YES };

struct lkb_opt_int {
	bool set;
	int64_t v;
};

struct lkb_strlist {
	bool set; /* present, though perhaps empty */
	size_t n;
	const char **items; /* in the arena */
	struct lkb_pos *pos; /* n of them */
};

struct lkb_strmap {
	bool set;
	size_t n;
	const char **keys;   /* in file order */
	const char **values;
	struct lkb_pos *pos;
};

/* A list of objects: items points at n structs of the element schema's size, in the arena. One that
 * was no map in the file, a fault of its own, is all zero, so that the others keep their index. */
struct lkb_objlist {
	bool set;
	size_t n;
	void *items;
};

enum lkb_schema_type {
	/* const char *; numbers and truth values are taken as their text, as YAML users expect of
	 * `cmdline: 1`; a map or list is an error */
	LKB_T_STRING,
	/* enum lkb_tristate: true or false (yes, no, on and off are refused with a hint) */
	LKB_T_BOOL,
	/* struct lkb_opt_int: as YAML writes integers (10, 0x0a, 012, 0o12 and 0b1010 are ten,
	 * 1_0 as well), unquoted, bounded by .min and .max */
	LKB_T_INT,
	LKB_T_MODE, /* struct lkb_opt_int: octal such as "0644" or 0644, at most 07777 */
	LKB_T_SIZE, /* struct lkb_opt_int: bytes, "64MiB" (base/size.h) */
	LKB_T_STRLIST, /* struct lkb_strlist */
	LKB_T_STRMAP,  /* struct lkb_strmap */
	LKB_T_OBJECT,  /* the struct of .object itself, embedded; its pos tells if it was there */
	LKB_T_OBJLIST, /* struct lkb_objlist of .object */
	/* const char *: a number or a name (uid, gid); a number is kept in decimal, 0 to
	 * 4294967294 */
	LKB_T_ID,
	LKB_T_IDLIST, /* struct lkb_strlist of LKB_T_ID */
};

enum lkb_key_flag {
	LKB_KEY_REQUIRED = 1,
	LKB_KEY_NONEMPTY = 2, /* "" and [] are errors; in lists, items that are "" too */
	LKB_KEY_NONEMPTY_LIST = 4, /* [] and {} are errors; items may be "" */
	LKB_KEY_WHOLE = 8, /* an object that is merged as one value, not key by key */
	LKB_KEY_ZERO = 16, /* a number: 0 counts as not given, whatever the bounds are */
};

struct lkb_schema;

struct lkb_schema_key {
	const char *name;
	enum lkb_schema_type type;
	size_t offset;
	unsigned flags;
	const struct lkb_schema *object; /* LKB_T_OBJECT, LKB_T_OBJLIST */
	/* LKB_T_STRING, LKB_T_STRLIST: NULL-terminated; NULL = any */
	const char *const *choices;
	int64_t min, max; /* LKB_T_INT; both 0 = any int64 */
	/* A further check of one value (string, each item of a list, each value of a map): returns
	 * NULL or what is wrong with it as the end of "KEY is 'VALUE', which ...": "is no absolute
	 * path", "has no ':'". */
	const char *(*check)(const char *value);
	/* Not NULL: the key is accepted and has no effect; the text is given as a warning, after
	 * the name of the key: "has no effect". */
	const char *ignored;
	const char *hint; /* what to do about a value that is not as it should be */
	const char *doc;  /* one line: meaning, then the default: "working directory; /" */
};

struct lkb_schema {
	const char *name; /* what an object is called in messages: "kernel", "image" */
	size_t size;      /* of the struct */
	const struct lkb_schema_key *keys;
	size_t n_keys;
	/* Offset of a `struct lkb_pos` field that receives the object's position, or (size_t)-1. */
	size_t pos_offset;
};

#define LKB_NO_POS ((size_t)-1)

/* Rows and tables. Further fields follow as designated initializers. LKB_SCHEMA is for structs with
 * a `struct lkb_pos pos`, LKB_SCHEMA_NO_POS for those without. */
#define LKB_KEY_AS(key_name, struct_type, field, key_type, doc_text, ...) \
	{ \
		.name = (key_name), .type = (key_type), .offset = offsetof(struct_type, field), \
		.doc = (doc_text), ##__VA_ARGS__ \
	}
#define LKB_KEY(struct_type, field, key_type, doc_text, ...) \
	LKB_KEY_AS(#field, struct_type, field, key_type, doc_text, ##__VA_ARGS__)
#define LKB_KEY_IGNORED(key_name, words, doc_text, ...) \
	{ .name = (key_name), .ignored = (words), .doc = (doc_text), ##__VA_ARGS__ }
#define LKB_SCHEMA_AT(schema_name, struct_type, key_table, pos_at) \
	{ \
		.name = (schema_name), .size = sizeof(struct_type), .keys = (key_table), \
		.n_keys = sizeof(key_table) / sizeof((key_table)[0]), .pos_offset = (pos_at) \
	}
#define LKB_SCHEMA(schema_name, struct_type, key_table) \
	LKB_SCHEMA_AT(schema_name, struct_type, key_table, offsetof(struct_type, pos))
#define LKB_SCHEMA_NO_POS(schema_name, struct_type, key_table) \
	LKB_SCHEMA_AT(schema_name, struct_type, key_table, LKB_NO_POS)

/* Reads `node` into the zeroed struct at `ret` by the schema. Faults go to *diags; what could be
 * read is there all the same, so that later checks can report more. Strings point into the arena
 * or into nodes that live in it. `file` must outlive the result. */
void lkb_schema_read(const struct lkb_schema *schema, const struct lkb_yaml_node *node,
		     const char *file, void *ret, struct lkb_arena *arena,
		     struct lkb_diags *diags);

/* Adds an error at a position to diags; hint may be NULL. */
void lkb_schema_error(struct lkb_diags *diags, const struct lkb_pos *pos, const char *hint,
		      const char *fmt, ...) LKB_PRINTF(4, 5);
void lkb_schema_warning(struct lkb_diags *diags, const struct lkb_pos *pos, const char *hint,
			const char *fmt, ...) LKB_PRINTF(4, 5);

/* Where the value of a key of an object stands: for checks after reading. The object's own place
 * if the key was not given. */
struct lkb_pos lkb_schema_pos(const struct lkb_pos *object, const char *key);
/* True if the file gave the key a value other than null, even one that is wrong. */
bool lkb_schema_given(const struct lkb_pos *object, const char *key);

/* A value of the user's as messages show it: control characters escaped, long text cut. */
struct lkb_shown {
	char s[96];
};
struct lkb_shown lkb_schema_shown(const char *text);

/* Calls fn for every key of the schema and of all objects in it, with its dotted path
 * ("services[].binds.add"); for tests and for the documentation check. */
void lkb_schema_walk(const struct lkb_schema *schema,
		     void (*fn)(void *ctx, const char *path, const struct lkb_schema_key *key),
		     void *ctx);

#endif
