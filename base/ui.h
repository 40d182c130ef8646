/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_UI_H
#define LKB_BASE_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Where modules say what they are doing. cmd/ sets one sink (tty bar, plain lines, JSON lines or
 * nothing); modules never print. All functions accept a NULL ui. */
struct lkb_ui;

struct lkb_ui_ops {
	void (*step)(struct lkb_ui *ui, const char *text);
	void (*bytes)(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total);
	void (*message)(struct lkb_ui *ui, const char *text);
	void (*warning)(struct lkb_ui *ui, const char *text);
};

struct lkb_ui {
	const struct lkb_ui_ops *ops;
	bool verbose; /* details are wanted */
	const char *limit; /* what progress in bytes is held up by, "device"; NULL = not known */
};

/* A new piece of work starts: "image 'localhost/runc:bookworm': reading layers". */
void lkb_ui_step(struct lkb_ui *ui, const char *fmt, ...) LKB_PRINTF(2, 3);
/* Progress in bytes; total 0 = not known. Cheap enough to call once a megabyte. */
void lkb_ui_bytes(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total);
void lkb_ui_message(struct lkb_ui *ui, const char *fmt, ...) LKB_PRINTF(2, 3);
void lkb_ui_warning(struct lkb_ui *ui, const char *fmt, ...) LKB_PRINTF(2, 3);
/* What only -v shows: what was found where, which bytes were taken, which programs are run. */
void lkb_ui_detail(struct lkb_ui *ui, const char *fmt, ...) LKB_PRINTF(2, 3);

#endif
