/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/size.h"
#include "image/iso/iso_priv.h"
#include "image/stat.h"

/* Entries of the system use sharing protocol: two letters, a length, a version, what they say. */

#define ENTRY_MAX 255u
#define NAME_PART 250u /* bytes of a name in one entry */
#define CE        28u

void iso_susp_clear(struct iso_susp *s)
{
	lkb_str_clear(&s->bytes);
}

static void add(struct iso_susp *s, const char *letters, const void *p, size_t n)
{
	uint8_t head[4] = {(uint8_t)letters[0], (uint8_t)letters[1], (uint8_t)(n + 4), 1};

	lkb_str_addn(&s->bytes, head, sizeof(head));
	lkb_str_addn(&s->bytes, p, n);
}

void iso_susp_start(struct iso_susp *s)
{
	add(s, "SP", "\xbe\xef\0", 3);
}

/* Which words say that Rock Ridge follows: P1282 in its appendix. */
void iso_susp_extensions(struct iso_susp *s)
{
	static const char id[] = "IEEE_P1282";
	static const char what[] =
		"THE IEEE P1282 PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS.";
	static const char source[] =
		"PLEASE CONTACT THE IEEE STANDARDS DEPARTMENT, PISCATAWAY, NJ, USA "
		"FOR THE P1282 SPECIFICATION.";
	char text[4 + sizeof(id) + sizeof(what) + sizeof(source)] = {
		sizeof(id) - 1, sizeof(what) - 1, sizeof(source) - 1, 1};
	size_t n = 4;

	memcpy(text + n, id, sizeof(id) - 1);
	n += sizeof(id) - 1;
	memcpy(text + n, what, sizeof(what) - 1);
	n += sizeof(what) - 1;
	memcpy(text + n, source, sizeof(source) - 1);
	n += sizeof(source) - 1;
	add(s, "ER", text, n);
}

static void add_name(struct iso_susp *s, const char *name)
{
	size_t left = strlen(name);
	char part[1 + NAME_PART];

	while (left > 0) {
		size_t n = left < NAME_PART ? left : NAME_PART;

		part[0] = left > n; /* goes on in the next entry */
		memcpy(part + 1, name, n);
		add(s, "NM", part, n + 1);
		name += n;
		left -= n;
	}
}

/* A symbolic link's target as components, cut wherever an entry is full. */
struct target {
	struct iso_susp *s;
	uint8_t entry[ENTRY_MAX - 4]; /* flags, then components */
	size_t used;
};

static void end_entry(struct target *t, bool goes_on)
{
	t->entry[0] = goes_on;
	add(t->s, "SL", t->entry, t->used);
	t->used = 1;
}

/* `more` components follow. Some readers take the end of an entry for no end of a component, so
 * that an entry that is full ends inside of one wherever it can. */
static void add_component(struct target *t, uint8_t flags, const char *text, size_t n, bool more)
{
	do {
		size_t room = sizeof(t->entry) - t->used, part;

		/* A component of no bytes means something: that there is a slash. */
		if (room < 2 + (n > 0)) {
			end_entry(t, true);
			room = sizeof(t->entry) - t->used;
		}
		part = n < room - 2 ? n : room - 2;
		if (more && part == n && part > 1 && room - 2 - part < 3)
			part--;
		t->entry[t->used++] = flags | (part < n); /* bit 0: goes on in the next */
		t->entry[t->used++] = (uint8_t)part;
		memcpy(t->entry + t->used, text, part);
		t->used += part;
		text += part;
		n -= part;
		if (n > 0)
			end_entry(t, true);
	} while (n > 0);
}

/* Slashes one behind the other and one at the end are components of no bytes, so that readers get
 * the target to the byte. */
static void add_target(struct iso_susp *s, const char *target)
{
	enum { DOT = 2, DOTS = 4, ROOT = 8 };
	struct target t = {.s = s, .used = 1};

	if (*target == '/') {
		target++;
		add_component(&t, ROOT, "", 0, *target != '\0');
	}
	for (bool more = *target != '\0'; more;) {
		size_t n = strcspn(target, "/");

		more = target[n] == '/';
		if (n == 1 && *target == '.')
			add_component(&t, DOT, "", 0, more);
		else if (n == 2 && target[0] == '.' && target[1] == '.')
			add_component(&t, DOTS, "", 0, more);
		else
			add_component(&t, 0, target, n, more);
		target += n + more;
	}
	end_entry(&t, false);
}

static void add_posix(struct iso_susp *s, const struct iso_node *node)
{
	uint8_t p[40];

	iso_put_both32(p, lkb_stat_mode(node->inode));
	iso_put_both32(p + 8, node->links);
	iso_put_both32(p + 16, node->inode->meta.uid);
	iso_put_both32(p + 24, node->inode->meta.gid);
	iso_put_both32(p + 32, node->serial);
	add(s, "PX", p, sizeof(p));
}

/* Of contents, of access, of attributes: the first is the file's, the others are the image's. */
static void add_times(struct iso_susp *s, const struct iso_node *node, int64_t epoch)
{
	uint8_t p[22] = {0x02 | 0x04 | 0x08};

	iso_put_date(p + 1, (int64_t)lkb_stat_mtime(node->inode, epoch));
	iso_put_date(p + 8, epoch);
	iso_put_date(p + 15, epoch);
	add(s, "TF", p, sizeof(p));
}

/* One number in the lower half, as most have it, if that is what it looks like to Linux; else the
 * two halves, which is how Linux reads what has a bit in the upper one. */
static void add_device(struct iso_susp *s, const struct lkb_inode *inode)
{
	bool whole = inode->major <= 0xfff && inode->minor <= 0xff;
	uint8_t p[16];

	iso_put_both32(p, whole ? 0 : inode->major);
	iso_put_both32(p + 8, whole ? lkb_stat_device(inode) : inode->minor);
	add(s, "PN", p, sizeof(p));
}

void iso_susp_node(struct iso_susp *s, const struct iso_node *node, const char *name,
		   int64_t epoch)
{
	if (name)
		add_name(s, name);
	add_posix(s, node);
	add_times(s, node, epoch);
	if (name && lkb_stat_is_device(node->inode))
		add_device(s, node->inode);
	if (name && node->inode->type == LKB_NODE_SYMLINK)
		add_target(s, node->inode->target);
}

/* ---- where entries stand ---- */

/* How many bytes of whole entries fit: all that are left, or as many as leave room for a pointer to
 * the others. */
static size_t fit(const uint8_t *p, size_t left, size_t room)
{
	size_t n = 0;

	if (left <= room)
		return left;
	while (n < left && n + p[n + 2] + CE <= room)
		n += p[n + 2];
	return n;
}

static void add_pointer(struct lkb_str *to, uint32_t sector, size_t off, size_t n)
{
	uint8_t p[CE] = {'C', 'E', CE, 1};

	iso_put_both32(p + 4, sector);
	iso_put_both32(p + 12, (uint32_t)off);
	iso_put_both32(p + 20, (uint32_t)n);
	lkb_str_addn(to, p, sizeof(p));
}

static void pad_to(struct lkb_str *s, size_t len)
{
	while (s->len < len)
		lkb_str_addc(s, '\0');
}

/* Linux reads a continuation from one sector only, so what is longer becomes a chain of them. */
void iso_susp_lay(const struct iso_susp *s, size_t room, struct lkb_str *record,
		  struct lkb_str *more, uint32_t more_sector)
{
	const uint8_t *p = (const uint8_t *)s->bytes.s;
	size_t left = s->bytes.len, n, area, at;
	struct lkb_str *out = record;

	for (;;) {
		n = fit(p, left, room);
		lkb_str_addn(out, p, n);
		p += n;
		left -= n;
		if (left == 0)
			return;
		area = fit(p, left, ISO_SECTOR);
		if (area < left)
			area += CE;
		at = more->len + (out == more ? CE : 0);
		if (at % ISO_SECTOR + area > ISO_SECTOR)
			at = (size_t)lkb_align_up(at, ISO_SECTOR);
		add_pointer(out, more_sector + (uint32_t)(at / ISO_SECTOR), at % ISO_SECTOR, area);
		pad_to(more, at);
		out = more;
		room = area;
	}
}
