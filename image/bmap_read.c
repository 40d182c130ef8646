/* SPDX-License-Identifier: Apache-2.0 */
#include "image/bmap.h"

#include <expat.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "image/map_priv.h"

#define RANGES_MAX ((size_t)1 << 20)
#define WORD_MAX 160
#define DEPTH_MAX 8

struct range {
	uint64_t first, last; /* blocks */
	bool has_digest;
	struct lkb_sha256 digest;
};

struct reader {
	XML_Parser parser;
	const char *name;
	struct lkb_error *err;
	bool failed;
	unsigned depth;
	char word[WORD_MAX + 1]; /* the text of the element that is open */
	size_t word_len;
	char sum[WORD_MAX + 1]; /* of the range that is open */
	uint64_t image_size, block_size, blocks, mapped;
	char sum_type[16], file_sum[WORD_MAX + 1];
	uint64_t file_sum_at; /* where the file's own checksum stands in the text; 0 = nowhere */
	struct range *ranges;
	size_t n, cap;
};

static void fail(struct reader *r, const char *what, const char *word)
{
	if (!r->failed) {
		lkb_fail(r->err, LKB_INPUT, "%s%s%s%s", what, word ? " '" : "", word ? word : "",
			 word ? "'" : "");
		lkb_at(r->err, r->name, (unsigned)XML_GetCurrentLineNumber(r->parser), 0);
	}
	r->failed = true;
	XML_StopParser(r->parser, XML_FALSE);
}

/* The text between tags, without the blanks around it, in place. */
static char *trim(struct reader *r)
{
	char *p = r->word;

	r->word[r->word_len] = '\0';
	p += strspn(p, " \t\r\n");
	for (size_t n = strlen(p); n && strchr(" \t\r\n", p[n - 1]); n--)
		p[n - 1] = '\0';
	return p;
}

static void set_number(struct reader *r, const char *text, uint64_t *to)
{
	if (!lkb_u64_parse(text, to) || *to > LKB_MAP_BLOCKS_MAX * LKB_MAP_BLOCK)
		fail(r, "this is no number that a bmap can have:", text);
}

static void end_image_size(struct reader *r, char *text)
{
	set_number(r, text, &r->image_size);
}

static void end_block_size(struct reader *r, char *text)
{
	set_number(r, text, &r->block_size);
}

static void end_blocks(struct reader *r, char *text)
{
	set_number(r, text, &r->blocks);
}

static void end_mapped(struct reader *r, char *text)
{
	set_number(r, text, &r->mapped);
}

static void end_type(struct reader *r, char *text)
{
	snprintf(r->sum_type, sizeof(r->sum_type), "%s", text);
}

static void end_file_sum(struct reader *r, char *text)
{
	snprintf(r->file_sum, sizeof(r->file_sum), "%s", text);
}

/* "5" or "5-9". */
static void end_range(struct reader *r, char *text)
{
	struct range new = {0};
	char *dash = strchr(text, '-');

	if (dash)
		*dash = '\0';
	if (!lkb_u64_parse(text, &new.first) || !lkb_u64_parse(dash ? dash + 1 : text, &new.last) ||
	    new.last < new.first || new.last >= LKB_MAP_BLOCKS_MAX) {
		fail(r, "this is no range of blocks:", text);
		return;
	}
	if (r->n && new.first <= r->ranges[r->n - 1].last) {
		fail(r, "this range is not behind the one before it, block", text);
		return;
	}
	if (r->n == RANGES_MAX) {
		fail(r, "there are more than 1048576 ranges", NULL);
		return;
	}
	new.has_digest = lkb_sha256_parse(r->sum, &new.digest);
	LKB_GROW(r->ranges, r->n, r->cap);
	r->ranges[r->n++] = new;
}

static const struct element {
	const char *name;
	void (*end)(struct reader *r, char *text);
} elements[] = {
	{"ImageSize", end_image_size},
	{"BlockSize", end_block_size},
	{"BlocksCount", end_blocks},
	{"MappedBlocksCount", end_mapped},
	{"ChecksumType", end_type},
	{"BmapFileChecksum", end_file_sum},
	{"BmapFileSHA1", NULL},
	{"Range", end_range},
	{"BlockMap", NULL},
	{"bmap", NULL},
};

static void start_element(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = ctx;

	r->word_len = 0;
	r->sum[0] = '\0';
	if (++r->depth > DEPTH_MAX) {
		fail(r, "elements are nested too deeply", NULL);
		return;
	}
	if (r->depth == 1 && strcmp(name, "bmap"))
		fail(r, "this is no bmap, but", name);
	for (size_t i = 0; attributes[i]; i += 2)
		if (!strcmp(attributes[i], "chksum"))
			snprintf(r->sum, sizeof(r->sum), "%s", attributes[i + 1]);
	if (!strcmp(name, "BmapFileChecksum"))
		r->file_sum_at = (uint64_t)XML_GetCurrentByteIndex(r->parser);
}

static void end_element(void *ctx, const XML_Char *name)
{
	struct reader *r = ctx;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(elements); i++)
		if (!strcmp(elements[i].name, name) && elements[i].end)
			elements[i].end(r, trim(r));
	r->word_len = 0;
	r->depth--;
}

static void characters(void *ctx, const XML_Char *text, int n)
{
	struct reader *r = ctx;
	size_t room = WORD_MAX - r->word_len, take = (size_t)n < room ? (size_t)n : room;

	memcpy(r->word + r->word_len, text, take);
	r->word_len += take;
}

/* A bmap has no need of one, and entities can grow without bound. */
static void doctype(void *ctx, const XML_Char *name, const XML_Char *system_id,
		    const XML_Char *public_id, int has_subset)
{
	fail(ctx, "a bmap has no document type", NULL);
}

static int read_xml(struct reader *r, const char *text, size_t len)
{
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, start_element, end_element);
	XML_SetCharacterDataHandler(r->parser, characters);
	XML_SetStartDoctypeDeclHandler(r->parser, doctype);
	if (XML_Parse(r->parser, text, (int)len, 1) != XML_STATUS_OK && !r->failed)
		fail(r, XML_ErrorString(XML_GetErrorCode(r->parser)), NULL);
	return r->failed ? -1 : 0;
}

/* The checksum is over the text with zeros in its own place. */
static int check_file_sum(const struct reader *r, const char *text, size_t len)
{
	lkb_autofree char *copy = NULL;
	struct lkb_sha256 want, is;
	const char *at;

	if (!lkb_sha256_parse(r->file_sum, &want) || r->file_sum_at >= len)
		return 0;
	copy = lkb_strndup(text, len);
	at = strstr(copy + r->file_sum_at, r->file_sum);
	if (!at)
		return 0;
	memset(copy + (at - copy), '0', LKB_SHA256_HEX);
	is = lkb_sha256(copy, len);
	if (lkb_sha256_equal(&is, &want))
		return 0;
	lkb_fail(r->err, LKB_TRUST, "'%s' is damaged: its own checksum does not fit", r->name);
	return lkb_hint(r->err, "fetch it again");
}

static int check_numbers(const struct reader *r)
{
	uint64_t mapped = 0;

	if (!r->image_size || !r->block_size || r->block_size % LKB_MAP_BLOCK ||
	    r->block_size > LKB_GIB)
		return lkb_fail(r->err, LKB_INPUT,
				"'%s' counts in blocks of %" PRIu64 " bytes over %" PRIu64
				"; lkboard reads multiples of %u",
				r->name, r->block_size, r->image_size, LKB_MAP_BLOCK);
	if (r->blocks != lkb_div_up(r->image_size, r->block_size) ||
	    (r->n && r->ranges[r->n - 1].last >= r->blocks))
		return lkb_fail(r->err, LKB_INPUT,
				"'%s' contradicts itself: %" PRIu64
				" blocks, and ranges or bytes beyond them",
				r->name, r->blocks);
	for (size_t i = 0; i < r->n; i++)
		mapped += r->ranges[i].last - r->ranges[i].first + 1;
	if (r->mapped && mapped != r->mapped)
		return lkb_fail(r->err, LKB_INPUT,
				"'%s' contradicts itself: %" PRIu64
				" mapped blocks, and ranges of %" PRIu64,
				r->name, r->mapped, mapped);
	return 0;
}

/* How many ranges of a map there will be: a few bytes of text can be a great many. */
static int check_ranges(const struct reader *r)
{
	uint64_t unit = r->block_size / LKB_MAP_BLOCK, n = 1;

	for (size_t i = 0; i < r->n; i++)
		n += 1 + lkb_div_up((r->ranges[i].last - r->ranges[i].first + 1) * unit,
				    LKB_MAP_RANGE_MAX);
	if (n <= LKB_MAP_RANGES_MAX)
		return 0;
	return lkb_fail(r->err, LKB_INPUT, "'%s' maps more than %zu ranges of 1 MiB", r->name,
			LKB_MAP_RANGES_MAX);
}

static void add(struct lkb_map_list *l, struct lkb_map *m, enum lkb_map_class class, uint64_t start,
		uint64_t end)
{
	while (start < end) {
		uint64_t n = end - start;

		if (class == LKB_MAP_DATA && n > LKB_MAP_RANGE_MAX)
			n = LKB_MAP_RANGE_MAX;
		lkb_map_list_add(l, &m->arena, &(struct lkb_map_range){class, start, n, {{0}}, ""},
				 "");
		start += n;
	}
}

static struct lkb_map *make_map(const struct reader *r)
{
	struct lkb_map *m = lkb_alloc(sizeof(*m));
	uint64_t unit = r->block_size / LKB_MAP_BLOCK, next = 0;
	struct lkb_map_list list = {0};

	m->size = lkb_align_up(r->image_size, LKB_MAP_BLOCK);
	for (size_t i = 0; i < r->n; i++) {
		uint64_t start = r->ranges[i].first * unit, end = (r->ranges[i].last + 1) * unit;

		if (end > m->size / LKB_MAP_BLOCK)
			end = m->size / LKB_MAP_BLOCK;
		add(&list, m, LKB_MAP_ZERO, next, start);
		add(&list, m, LKB_MAP_DATA, start, end);
		next = end;
	}
	add(&list, m, LKB_MAP_ZERO, next, m->size / LKB_MAP_BLOCK);
	lkb_map_list_close(&list, m);
	return m;
}

static void make_sums(const struct reader *r, struct lkb_bmap *b)
{
	if (strcmp(r->sum_type, "sha256"))
		return;
	b->sums = lkb_alloc_array(r->n, sizeof(*b->sums));
	for (size_t i = 0; i < r->n; i++) {
		const struct range *from = &r->ranges[i];
		uint64_t off = from->first * r->block_size, end = (from->last + 1) * r->block_size;

		if (end > b->image_size)
			end = b->image_size;
		if (from->has_digest)
			b->sums[b->n_sums++] = (struct lkb_bmap_sum){off, end - off, from->digest};
	}
}

int lkb_bmap_parse(const char *text, size_t len, const char *name, struct lkb_bmap **ret,
		   struct lkb_error *err)
{
	struct reader r = {.name = name, .err = err, .parser = XML_ParserCreate("UTF-8")};
	int result = -1;

	if (len > LKB_BMAP_TEXT_MAX)
		lkb_fail(err, LKB_INPUT, "'%s' has more than 64 MiB", name);
	else if (!read_xml(&r, text, len) && !check_file_sum(&r, text, len) && !check_numbers(&r) &&
		 !check_ranges(&r)) {
		struct lkb_bmap *b = lkb_alloc(sizeof(*b));

		b->image_size = r.image_size;
		b->map = make_map(&r);
		make_sums(&r, b);
		*ret = b;
		result = 0;
	}
	XML_ParserFree(r.parser);
	free(r.ranges);
	return result;
}

void lkb_bmap_free(struct lkb_bmap *b)
{
	if (!b)
		return;
	lkb_map_free(b->map);
	free(b->sums);
	free(b);
}

bool lkb_bmap_like(const char *text, size_t len)
{
	return len > 5 && (!memcmp(text, "<?xml", 5) || !memcmp(text, "<bmap", 5));
}
