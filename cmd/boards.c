/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/size.h"
#include "board/board.h"
#include "cmd/commands.h"

static int need_board(struct lkb_ctx *ctx, const char *name, struct lkb_board **ret,
		      struct lkb_error *err)
{
	lkb_autodiags diags = {0};
	int r = lkb_board_find(ctx->configs_dir, name, ret, &diags, err);

	lkb_report_diags(ctx, &diags);
	if (r && diags.n_errors)
		err->message[0] = '\0';
	return r;
}

/* A profile in full is its file: it has comments that a print-out would lose. */
static int print_board(struct lkb_ctx *ctx, const char *name, struct lkb_error *err)
{
	lkb_auto(lkb_board) board = NULL;
	lkb_autofree char *text = NULL;
	size_t n;

	if (need_board(ctx, name, &board, err) ||
	    lkb_read_file(board->path, LKB_MIB, &text, &n, err))
		return -1;
	return lkb_print(text, err);
}

static int list_boards(struct lkb_ctx *ctx, struct lkb_error *err)
{
	lkb_autostrv names = {0};
	lkb_autostr out = {0};
	size_t i;

	if (lkb_board_names(ctx->configs_dir, &names, err))
		return -1;
	for (i = 0; i < names.n; i++) {
		lkb_auto(lkb_board) board = NULL;

		if (need_board(ctx, names.items[i], &board, err))
			return -1;
		lkb_str_addf(&out, "%-14s %-7s %s\n", board->name, board->arch, board->description);
	}
	return lkb_print(lkb_str_get(&out), err);
}

static int run_boards(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		      struct lkb_error *err)
{
	if (!ctx->configs_dir) {
		lkb_fail(err, LKB_USAGE, "the boards that come with lkboard were not found");
		return lkb_hint(err, "give --configs DIR or set LKBOARD_CONFIGS");
	}
	return n ? print_board(ctx, operands[0], err) : list_boards(ctx, err);
}

const struct lkb_cmd lkb_cmd_boards = {
	.name = "boards",
	.operands = "[NAME]",
	.summary = "list the boards, or print one profile in full",
	.max_operands = 1,
	.run = run_boards,
};
