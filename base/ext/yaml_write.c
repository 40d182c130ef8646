/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include <yaml.h>

#include "base/ext/schema_write.h"

struct writer {
	yaml_emitter_t emitter;
	struct lkb_str *out;
	bool failed;
};

static int write_bytes(void *ctx, unsigned char *bytes, size_t n)
{
	lkb_str_addn(ctx, bytes, n);
	return 1;
}

/* An event belongs to the emitter once it was given to it. */
static void emit(struct writer *w, yaml_event_t *ev, int made)
{
	if (!made || !yaml_emitter_emit(&w->emitter, ev))
		w->failed = true;
}

/* Words that some version of YAML takes for null or a truth value. */
static bool is_word_of_yaml(const char *text)
{
	static const char *const words[] = { "null", "true", "false", "yes", "no", "on", "off",
					     "y", "n" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(words[i], text))
			return true;
	return false;
}

static bool is_plain(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_/.-";

	return *text && (strchr(letters, *text) || *text == '/') &&
	       strspn(text, more) == strlen(text) && !is_word_of_yaml(text);
}

static void write_text(struct writer *w, const char *text, bool plain)
{
	yaml_scalar_style_t style = plain ? YAML_PLAIN_SCALAR_STYLE
				    : strchr(text, '\n') ? YAML_LITERAL_SCALAR_STYLE
							 : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	yaml_event_t ev;

	emit(w, &ev, yaml_scalar_event_initialize(&ev, NULL, NULL, (const yaml_char_t *)text,
						  (int)strlen(text), plain, 1, style));
}

static void write_value(struct writer *w, const json_t *value);

static void write_object(struct writer *w, const json_t *object)
{
	const char *key;
	json_t *value;
	yaml_event_t ev;

	emit(w, &ev, yaml_mapping_start_event_initialize(&ev, NULL, NULL, 1,
							 YAML_BLOCK_MAPPING_STYLE));
	json_object_foreach((json_t *)object, key, value) {
		write_text(w, key, is_plain(key));
		write_value(w, value);
	}
	emit(w, &ev, yaml_mapping_end_event_initialize(&ev));
}

static void write_array(struct writer *w, const json_t *array)
{
	yaml_event_t ev;

	emit(w, &ev, yaml_sequence_start_event_initialize(&ev, NULL, NULL, 1,
							  YAML_BLOCK_SEQUENCE_STYLE));
	for (size_t i = 0; i < json_array_size(array); i++)
		write_value(w, json_array_get(array, i));
	emit(w, &ev, yaml_sequence_end_event_initialize(&ev));
}

static void write_value(struct writer *w, const json_t *value)
{
	char number[32];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		write_object(w, value);
		break;
	case JSON_ARRAY:
		write_array(w, value);
		break;
	case JSON_STRING:
		write_text(w, json_string_value(value), is_plain(json_string_value(value)));
		break;
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		write_text(w, number, true);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		write_text(w, json_is_true(value) ? "true" : "false", true);
		break;
	default: /* tables give neither null nor fractions */
		w->failed = true;
		break;
	}
}

int lkb_yaml_write(const json_t *value, struct lkb_str *ret, struct lkb_error *err)
{
	struct writer w = { .out = ret };
	yaml_event_t ev;

	if (!yaml_emitter_initialize(&w.emitter))
		return lkb_fail(err, LKB_BUG, "libyaml cannot be started");
	yaml_emitter_set_output(&w.emitter, write_bytes, ret);
	yaml_emitter_set_unicode(&w.emitter, 1);
	yaml_emitter_set_width(&w.emitter, -1);
	emit(&w, &ev, yaml_stream_start_event_initialize(&ev, YAML_UTF8_ENCODING));
	emit(&w, &ev, yaml_document_start_event_initialize(&ev, NULL, NULL, NULL, 1));
	write_value(&w, value);
	emit(&w, &ev, yaml_document_end_event_initialize(&ev, 1));
	emit(&w, &ev, yaml_stream_end_event_initialize(&ev));
	yaml_emitter_delete(&w.emitter);
	if (w.failed)
		return lkb_fail(err, LKB_BUG, "the document cannot be written as YAML");
	return 0;
}
