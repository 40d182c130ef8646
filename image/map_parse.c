/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/size.h"
#include "image/map.h"
#include "image/map_priv.h"

/* A map is read from its end: nothing is looked at before the digest over all of it was compared.
 * Then line by line; what comes where is fixed, so the parser is a row of questions. */

#define FIELDS_MAX 5
#define END_LEN    (sizeof("end \n") - 1 + LKB_SHA256_HEX)

struct parser {
	const char *name;    /* of the file */
	const char *at;      /* next byte to read */
	const char *end;     /* behind the last line before `end` */
	unsigned line;       /* of the current line */
	struct lkb_str text; /* the current line, cut into fields by NULs; owned */
	const char *fields[FIELDS_MAX];
	size_t n_fields;
	struct lkb_map *map;
	size_t cap_partitions, cap_named, cap_ranges;
	uint64_t next; /* block that the next range starts with */
	struct lkb_error *err;
};

#define BAD(p, ...) bad((p), lkb_fail((p)->err, LKB_INPUT, __VA_ARGS__))

static int bad(const struct parser *p, int rc)
{
	lkb_at(p->err, p->name, p->line, 0);
	return rc;
}

/* Cuts the line in p->text at single spaces. */
static int split_fields(struct parser *p)
{
	char *s = p->text.s;

	p->n_fields = 0;
	for (;;) {
		char *space = strchr(s, ' ');

		if (p->n_fields == FIELDS_MAX)
			return BAD(p, "line has more than %d fields", FIELDS_MAX);
		p->fields[p->n_fields++] = s;
		if (space)
			*space = '\0';
		if (*s == '\0')
			return BAD(p, "line has an empty field");
		if (!space)
			return 0;
		s = space + 1;
	}
}

/* Reads the next line; 1 = there is one, 0 = end. */
static int next_line(struct parser *p)
{
	const char *nl;

	if (p->at == p->end)
		return 0;
	p->line++;
	nl = memchr(p->at, '\n', (size_t)(p->end - p->at));
	if (!nl) /* cannot be: the digest is over whole lines */
		nl = p->end;
	if (nl == p->at || memchr(p->at, '\0', (size_t)(nl - p->at)))
		return BAD(p, "line is %s", nl == p->at ? "empty" : "no text");
	p->text.len = 0;
	lkb_str_addn(&p->text, p->at, (size_t)(nl - p->at));
	p->at = nl < p->end ? nl + 1 : nl;
	return split_fields(p) != 0 ? -1 : 1;
}

static bool is(const struct parser *p, const char *word)
{
	return strcmp(p->fields[0], word) == 0;
}

/* Decimal as we write it, and no other way. */
static int number(struct parser *p, size_t field, const char *what, uint64_t max, uint64_t *ret)
{
	const char *s = p->fields[field];
	uint64_t v;

	if (!lkb_u64_parse(s, &v) || (s[0] == '0' && s[1]))
		return BAD(p, "%s '%.40s' is no number", what, s);
	if (v > max)
		return BAD(p, "%s %" PRIu64 " is more than %" PRIu64, what, v, max);
	*ret = v;
	return 0;
}

/* Undoes the escaping, in the arena. */
static int name(struct parser *p, size_t field, const char **ret)
{
	const char *s = p->fields[field];
	char *out = lkb_arena_alloc(&p->map->arena, strlen(s) + 1), *o = out;

	for (; *s; s++) {
		uint8_t c = (uint8_t)*s;

		if (c == '%') {
			char hex[3] = {s[1], s[1] ? s[2] : '\0', '\0'};

			if (!lkb_unhex(hex, &c, 1) || c == 0 ||
			    (c != '%' && c >= 0x21 && c < 0x7f))
				return BAD(p, "name '%.80s' has a bad escape", p->fields[field]);
			s += 2;
		} else if (c < 0x21 || c >= 0x7f) {
			return BAD(p, "name has byte 0x%02x that must be escaped", c);
		}
		*o++ = (char)c;
	}
	*ret = out;
	return 0;
}

static int parse_header(struct parser *p)
{
	uint64_t size, block;
	int rc = next_line(p);

	if (rc < 0)
		return -1;
	if (rc == 0 || p->n_fields != 2 || !is(p, "lkboard-map") || strcmp(p->fields[1], "1") != 0)
		return BAD(p, "first line is not '" LKB_MAP_MAGIC "'");
	if ((rc = next_line(p)) < 0)
		return -1;
	if (rc == 0 || p->n_fields != 2 || !is(p, "size"))
		return BAD(p, "second line is not 'size BYTES'");
	if (number(p, 1, "size", LKB_MAP_BLOCKS_MAX * LKB_MAP_BLOCK, &size) != 0)
		return -1;
	if (size == 0 || size % LKB_MAP_BLOCK)
		return BAD(p, "size %" PRIu64 " is no multiple of %u", size, LKB_MAP_BLOCK);
	if ((rc = next_line(p)) < 0)
		return -1;
	if (rc == 0 || p->n_fields != 2 || !is(p, "block"))
		return BAD(p, "third line is not 'block %u'", LKB_MAP_BLOCK);
	if (number(p, 1, "block", UINT32_MAX, &block) != 0)
		return -1;
	if (block != LKB_MAP_BLOCK)
		return BAD(p, "block %" PRIu64 " is not %u", block, LKB_MAP_BLOCK);
	p->map->size = size;
	return 0;
}

static int parse_partition(struct parser *p)
{
	struct lkb_map *m = p->map;
	struct lkb_map_partition part = {0};
	uint64_t n, blocks = m->size / LKB_MAP_BLOCK;

	if (p->n_fields != 5)
		return BAD(p, "line is not 'partition NUMBER START COUNT NAME'");
	if (number(p, 1, "partition number", LKB_MAP_PARTITIONS_MAX, &n) != 0 ||
	    number(p, 2, "start", blocks, &part.start) != 0 ||
	    number(p, 3, "count", blocks, &part.count) != 0 || name(p, 4, &part.name) != 0)
		return -1;
	part.number = (unsigned)n;
	if (n <= (m->n_partitions ? m->partitions[m->n_partitions - 1].number : 0))
		return BAD(p, "partition %u is out of order", part.number);
	if (part.count == 0 || part.count > blocks - part.start)
		return BAD(p, "partition %u does not fit into the image", part.number);
	for (size_t i = 0; i < m->n_partitions; i++) {
		const struct lkb_map_partition *o = &m->partitions[i];

		if (part.start < o->start + o->count && o->start < part.start + part.count)
			return BAD(p, "partition %u overlaps partition %u", part.number,
				   o->number);
	}
	LKB_GROW(m->partitions, m->n_partitions, p->cap_partitions);
	m->partitions[m->n_partitions++] = part;
	return 0;
}

static int parse_named(struct parser *p)
{
	struct lkb_map *m = p->map;
	struct lkb_map_named named = {0};

	if (p->n_fields != 4)
		return BAD(p, "line is not 'named NAME OFFSET LENGTH'");
	if (m->n_named == LKB_MAP_NAMED_MAX)
		return BAD(p, "more than %u named ranges", LKB_MAP_NAMED_MAX);
	if (name(p, 1, &named.name) != 0 ||
	    number(p, 2, "offset", m->size, &named.off) != 0 ||
	    number(p, 3, "length", m->size, &named.len) != 0)
		return -1;
	if (named.len == 0 || named.len > m->size - named.off)
		return BAD(p, "named range '%s' does not fit into the image", named.name);
	for (size_t i = 0; i < m->n_named; i++) {
		if (strcmp(m->named[i].name, named.name) == 0)
			return BAD(p, "named range '%s' is there twice", named.name);
	}
	LKB_GROW(m->named, m->n_named, p->cap_named);
	m->named[m->n_named++] = named;
	return 0;
}

static bool range_class(const struct parser *p, enum lkb_map_class *ret)
{
	if (is(p, "data"))
		*ret = LKB_MAP_DATA;
	else if (is(p, "zero"))
		*ret = LKB_MAP_ZERO;
	else if (is(p, "free"))
		*ret = LKB_MAP_FREE;
	else
		return false;
	return true;
}

static int parse_range(struct parser *p)
{
	struct lkb_map *m = p->map;
	struct lkb_map_range r = {.name = ""};
	uint64_t blocks = m->size / LKB_MAP_BLOCK;
	size_t name_field;

	if (!range_class(p, &r.class))
		return BAD(p, "'%.40s' is no line of a map here", p->fields[0]);
	name_field = r.class == LKB_MAP_DATA ? 4 : 3;
	if (p->n_fields < name_field || p->n_fields > name_field + 1)
		return BAD(p, "line is not '%s START COUNT%s [NAME]'", p->fields[0],
			   r.class == LKB_MAP_DATA ? " SHA256" : "");
	if (number(p, 1, "start", blocks, &r.start) != 0 ||
	    number(p, 2, "count", blocks, &r.count) != 0)
		return -1;
	if (r.start != p->next)
		return BAD(p, "range starts at block %" PRIu64 ", not at %" PRIu64, r.start,
			   p->next);
	if (r.count == 0 || r.count > blocks - r.start)
		return BAD(p, "range of %" PRIu64 " blocks does not fit into the image", r.count);
	if (r.class == LKB_MAP_DATA && r.count > LKB_MAP_RANGE_MAX)
		return BAD(p, "data range is longer than %u blocks", LKB_MAP_RANGE_MAX);
	if (r.class == LKB_MAP_DATA && !lkb_sha256_parse(p->fields[3], &r.digest))
		return BAD(p, "'%.80s' is no SHA-256", p->fields[3]);
	if (p->n_fields > name_field && name(p, name_field, &r.name) != 0)
		return -1;
	if (m->n_ranges == LKB_MAP_RANGES_MAX)
		return BAD(p, "more than %zu ranges", LKB_MAP_RANGES_MAX);
	LKB_GROW(m->ranges, m->n_ranges, p->cap_ranges);
	m->ranges[m->n_ranges++] = r;
	p->next = r.start + r.count;
	return 0;
}

static int parse_body(struct parser *p)
{
	int (*parse_line)(struct parser *) = parse_partition;
	int rc;

	while ((rc = next_line(p)) > 0) {
		if (parse_line == parse_partition && !is(p, "partition"))
			parse_line = parse_named;
		if (parse_line == parse_named && !is(p, "named"))
			parse_line = parse_range;
		if (parse_line(p) != 0)
			return -1;
	}
	if (rc < 0)
		return -1;
	p->line++;
	if (p->next != p->map->size / LKB_MAP_BLOCK)
		return BAD(p, "ranges end at block %" PRIu64 " of %" PRIu64, p->next,
			   p->map->size / LKB_MAP_BLOCK);
	return 0;
}

/* The digest over all lines but the last must be what the last says. */
static int check_end(const char *text, size_t len, const char *file, struct lkb_error *err)
{
	char hex[LKB_SHA256_HEX + 1] = "";
	struct lkb_sha256 said, is_digest;

	if (len > LKB_MAP_TEXT_MAX)
		return lkb_fail(err, LKB_INPUT, "map '%s' is larger than %s", file,
				lkb_size_text(LKB_MAP_TEXT_MAX).s);
	if (len > END_LEN && text[len - END_LEN - 1] == '\n' &&
	    memcmp(text + len - END_LEN, "end ", 4) == 0 && text[len - 1] == '\n')
		memcpy(hex, text + len - 1 - LKB_SHA256_HEX, LKB_SHA256_HEX);
	if (!lkb_sha256_parse(hex, &said)) {
		lkb_fail(err, LKB_INPUT, "map '%s' does not end with an 'end SHA256' line", file);
		return lkb_hint(err, "it may have been cut off; copy it again");
	}
	is_digest = lkb_sha256(text, len - END_LEN);
	if (!lkb_sha256_equal(&said, &is_digest))
		return lkb_fail(err, LKB_TRUST, "map '%s' has SHA-256 %s, but its end says %s",
				file, lkb_sha256_text(&is_digest).s, hex);
	return 0;
}

int lkb_map_parse(const char *text, size_t len, const char *file, struct lkb_map **ret,
		  struct lkb_error *err)
{
	lkb_auto(lkb_map) map = NULL;
	struct parser p = {.name = file, .at = text, .err = err};
	int rc;

	if (check_end(text, len, file, err) != 0)
		return -1;
	map = lkb_alloc(sizeof(*map));
	p.end = text + len - END_LEN;
	p.map = map;
	rc = parse_header(&p);
	if (rc == 0)
		rc = parse_body(&p);
	lkb_str_clear(&p.text);
	if (rc != 0)
		return lkb_context(err, "map '%s'", file);
	*ret = LKB_STEAL(map);
	return 0;
}
