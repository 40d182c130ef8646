/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/faults.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"write-eio", "enospc", "read-eio", "drop", "flip",
				    "fsync-eio", "gone",   "wrap",     "slow"};
static const char *const events[] = {"write", "read", "flush", "bytes"};

static bool overlap(const struct fault *f, uint64_t off, uint64_t len)
{
	return off < f->off + f->len && f->off < off + len;
}

struct fault *faults_hit(struct faults *list, enum fault_kind kind, uint64_t off, uint64_t len)
{
	for (size_t i = 0; i < list->n; i++) {
		struct fault *f = &list->items[i];

		if (f->kind != kind || f->met < f->n_after || !overlap(f, off, len))
			continue;
		f->seen++;
		if ((f->every && (f->seen - 1) % f->every) || (f->times && f->hits >= f->times))
			continue;
		f->hits++;
		return f;
	}
	return NULL;
}

void faults_happened(struct faults *list, enum fault_event event, uint64_t off, uint64_t len)
{
	for (size_t i = 0; i < list->n; i++) {
		struct fault *f = &list->items[i];

		if (event == ON_WRITE)
			f->bytes += len;
		if (f->met == f->n_after)
			continue;

		enum fault_event wanted = f->after[f->met].event;
		uint64_t arg = f->after[f->met].arg;
		bool met = wanted == ON_BYTES ? f->bytes >= arg
			   : wanted != event  ? false
			   : event == ON_FLUSH || (arg >= off && arg - off < len);

		if (met) {
			f->met++;
			f->bytes = 0;
		}
	}
}

static int index_of(const char *word, size_t len, const char *const *words, int n)
{
	for (int i = 0; i < n; i++) {
		if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0)
			return i;
	}
	return -1;
}

static bool number(const char *s, uint64_t *ret)
{
	static const char units[] = "KMG";
	char *end;
	const char *unit;

	if (!isdigit((unsigned char)*s))
		return false;
	*ret = strtoull(s, &end, 10);
	if (*end && (unit = strchr(units, *end))) {
		*ret <<= 10 * (unit - units + 1);
		end++;
	}
	return *end == '\0';
}

static bool add_event(struct fault *f, const char *word)
{
	const char *colon = strchrnul(word, ':');
	int event = index_of(word, (size_t)(colon - word), events, N_FAULT_EVENTS);
	uint64_t arg = 0;

	if (event < 0 || f->n_after == MAX_FAULT_EVENTS || (*colon && !number(colon + 1, &arg)))
		return false;
	f->after[f->n_after].event = (enum fault_event)event;
	f->after[f->n_after++].arg = arg;
	return true;
}

static bool parse_words(struct fault *f, char *rest, uint64_t disk_size)
{
	uint64_t *numbers[] = {&f->off, &f->len};
	size_t n = 0;

	for (char *word; (word = strsep(&rest, " "));) {
		uint64_t *option = strcmp(word, "times") == 0   ? &f->times
				   : strcmp(word, "every") == 0 ? &f->every
								: NULL;
		bool fine = option				 ? rest && number(strsep(&rest, " "), option)
			    : strcmp(word, "after") == 0 ? rest && add_event(f, strsep(&rest, " "))
			    : n < 2			 ? number(word, numbers[n++])
							 : false;
		if (!fine)
			return false;
	}
	/* What is about the whole disk has its number in `len`. */
	if (f->kind == WRAP || f->kind == SLOW) {
		f->len = f->off;
		f->off = 0;
		return f->len > 0;
	}
	if (n < 2)
		f->len = f->kind == FLIP ? 1 : disk_size;
	f->len = f->len < disk_size ? f->len : disk_size;
	return true;
}

bool faults_add(struct faults *list, char *line, uint64_t disk_size)
{
	struct fault f = {0};
	char *rest = line;
	char *word = strsep(&rest, " ");
	int kind = index_of(word, strlen(word), kinds, N_FAULT_KINDS);

	if (kind < 0 || list->n == MAX_FAULTS)
		return false;
	f.kind = (enum fault_kind)kind;
	if (!parse_words(&f, rest, disk_size))
		return false;
	list->items[list->n++] = f;
	return true;
}

void faults_show(const struct faults *list, struct lkb_str *ret)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct fault *f = &list->items[i];

		lkb_str_addf(ret, "%s %" PRIu64 " %" PRIu64 " %s hits %" PRIu64 "\n", kinds[f->kind],
			     f->off, f->len, f->met == f->n_after ? "armed" : "waits", f->hits);
	}
}
