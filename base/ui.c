/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ui.h"

#include <stdarg.h>

#include "base/str.h"

typedef void text_fn(struct lkb_ui *ui, const char *text);

static void send_text(struct lkb_ui *ui, text_fn *fn, const char *fmt, va_list ap)
{
	lkb_autostr s = {0};

	lkb_str_vaddf(&s, fmt, ap);
	fn(ui, lkb_str_get(&s));
}

void lkb_ui_step(struct lkb_ui *ui, const char *fmt, ...)
{
	va_list ap;

	if (!ui)
		return;
	va_start(ap, fmt);
	send_text(ui, ui->ops->step, fmt, ap);
	va_end(ap);
}

void lkb_ui_message(struct lkb_ui *ui, const char *fmt, ...)
{
	va_list ap;

	if (!ui)
		return;
	va_start(ap, fmt);
	send_text(ui, ui->ops->message, fmt, ap);
	va_end(ap);
}

void lkb_ui_warning(struct lkb_ui *ui, const char *fmt, ...)
{
	va_list ap;

	if (!ui)
		return;
	va_start(ap, fmt);
	send_text(ui, ui->ops->warning, fmt, ap);
	va_end(ap);
}

void lkb_ui_detail(struct lkb_ui *ui, const char *fmt, ...)
{
	va_list ap;

	if (!ui || !ui->verbose)
		return;
	va_start(ap, fmt);
	send_text(ui, ui->ops->message, fmt, ap);
	va_end(ap);
}

void lkb_ui_bytes(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total)
{
	if (ui)
		ui->ops->bytes(ui, what, done, total);
}
