/* SPDX-License-Identifier: Apache-2.0 */
/* flat FILE: a JSON file as lines for shells, "mounts.0.destination<TAB>/run/x"; options of a
 * mount have no number, "mounts.0.options<TAB>bind". Fixture of a test, for files
 * without escapes; what it does not understand ends it with code 1. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1 << 20];
static const char *p = text;
static char path[1024];

static void skip(void)
{
	while (*p && strchr(" \t\r\n", *p))
		p++;
}

static bool take(char c)
{
	skip();
	if (*p != c)
		return false;
	p++;
	return true;
}

static void need(char c)
{
	if (!take(c))
		exit(1);
}

static size_t string(const char **ret)
{
	size_t n;

	need('"');
	n = strcspn(p, "\"\\");
	*ret = p;
	p += n;
	need('"');
	return n;
}

static void value(void);

/* The path with one more step, while what is behind it is read. */
static void below(const char *step, size_t n)
{
	size_t old = strlen(path);

	snprintf(path + old, sizeof(path) - old, "%s%.*s", old ? "." : "", (int)n, step);
	value();
	path[old] = '\0';
}

static void array(void)
{
	int i = 0;

	if (take(']'))
		return;
	do {
		char number[16];

		skip();
		snprintf(number, sizeof(number), "%d", i++);
		if (*p == '"' && strstr(path, "options"))
			value();
		else
			below(number, strlen(number));
	} while (take(','));
	need(']');
}

static void object(void)
{
	if (take('}'))
		return;
	do {
		const char *key;
		size_t n;

		n = string(&key);
		need(':');
		below(key, n);
	} while (take(','));
	need('}');
}

static void value(void)
{
	const char *s;
	size_t n;

	if (take('{')) {
		object();
	} else if (take('[')) {
		array();
	} else if (skip(), *p == '"') {
		n = string(&s);
		printf("%s\t%.*s\n", path, (int)n, s);
	} else {
		n = strcspn(p, ",]} \t\r\n");
		printf("%s\t%.*s\n", path, (int)n, p);
		p += n;
	}
}

int main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!f || !fread(text, 1, sizeof(text) - 1, f))
		return 1;
	value();
	return 0;
}
