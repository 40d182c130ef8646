/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_COMMANDS_H
#define LKB_CMD_COMMANDS_H

#include "cmd/cmd.h"

/* One file a command. */
extern const struct lkb_cmd lkb_cmd_build, lkb_cmd_plan, lkb_cmd_check, lkb_cmd_boards,
	lkb_cmd_pkg_build, lkb_cmd_pkg_lock, lkb_cmd_cache_ls, lkb_cmd_cache_import,
	lkb_cmd_cache_export, lkb_cmd_cache_pull, lkb_cmd_cache_rm, lkb_cmd_cache_prune,
	lkb_cmd_cache_verify, lkb_cmd_push, lkb_cmd_inspect, lkb_cmd_run, lkb_cmd_devices,
	lkb_cmd_flash, lkb_cmd_verify, lkb_cmd_completion;

/* Rows of an option table: OPT('o', "out", STRING, struct build_options, out, "DIR", "help"). */
#define LKB_OPT(letter, name, kind, type, field, arg, help) \
	{letter, name, LKB_OPT_##kind, offsetof(type, field), arg, help}

#endif
