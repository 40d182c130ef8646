/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_CMD_H
#define LKB_CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "base/error.h"
#include "base/str.h"
#include "base/ui.h"
#include "rootfs/oci/store.h"

/* Everything a command gets from the world outside: one value, made by main. */
struct lkb_ctx {
	struct lkb_ui *ui;      /* NULL with -q or --progress none */
	bool json;              /* --progress json: errors and results are JSON lines on stderr */
	char *store_dir;        /* owned; NULL if nothing says where it is */
	char *configs_dir;      /* owned; NULL if none was found */
	char *ondevice_dir;     /* owned; where the static programs for boards stand */
	const char *home;       /* HOME or NULL; borrowed from the environment */
	const char *state_home; /* XDG_STATE_HOME or NULL; borrowed from the environment */
	const char *epoch_text; /* SOURCE_DATE_EPOCH or NULL; borrowed from the environment */
};

/* Opens the store. Only commands that need one fail where there is no place for it. */
int lkb_ctx_store(const struct lkb_ctx *ctx, struct lkb_store **ret, struct lkb_error *err);

/* The platform that an option names: "arm64", "arm/v7", "linux/amd64". LKB_USAGE. */
int lkb_read_platform(const char *option, const char *text, struct lkb_platform *ret,
		      struct lkb_error *err);

enum lkb_opt_type {
	LKB_OPT_FLAG,   /* bool */
	LKB_OPT_STRING, /* const char * */
	LKB_OPT_LIST,   /* struct lkb_strv, one entry a use */
	LKB_OPT_UINT,   /* unsigned */
};

/* One option: a row from which parser, --help, completion and the man page's check come. */
struct lkb_opt {
	char letter; /* 0 = none */
	const char *name;
	enum lkb_opt_type type;
	size_t offset;   /* in the command's option struct */
	const char *arg; /* what its value is called: "DIR"; NULL for flags */
	const char *help;
};

struct lkb_cmd {
	const char *name;     /* "build", "pkg build" */
	const char *operands; /* "BOARD SPEC..." */
	const char *summary;
	size_t min_operands, max_operands;
	size_t options_size;
	const struct lkb_opt *options;
	size_t n_options;
	int (*run)(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		   struct lkb_error *err);
};

/* Every command, in the order of --help; ends with an entry without a name. */
extern const struct lkb_cmd *const lkb_commands[];
/* What stands before the command. */
extern const struct lkb_opt lkb_global_options[];
extern const size_t lkb_n_global_options;

struct lkb_global_options {
	bool quiet, verbose, help, version;
	const char *progress, *store, *configs;
};

/* Parses options out of args into the struct at `options` (zeroed by the caller) and leaves the
 * operands, in order, in args[0..*ret_n). "--" ends options; with stop_at_operand the first operand
 * does too. LKB_USAGE with a "did you mean". */
int lkb_opt_parse(const struct lkb_opt *rows, size_t n_rows, void *options, char **args, size_t n,
		  bool stop_at_operand, size_t *ret_n, struct lkb_error *err);
/* Frees what LKB_OPT_LIST options own. */
void lkb_opt_clear(const struct lkb_opt *rows, size_t n_rows, void *options);

/* The command that the operands name ("pkg" "build" or "build"); *ret_words is how many of them. */
int lkb_cmd_find(char **operands, size_t n, const struct lkb_cmd **ret, size_t *ret_words,
		 struct lkb_error *err);

void lkb_help_all(struct lkb_str *out);
void lkb_help_cmd(const struct lkb_cmd *cmd, struct lkb_str *out);
/* A bash completion script. */
void lkb_completion_bash(struct lkb_str *out);

/* Prints errors and warnings to stderr as design and JSON mode want them. */
void lkb_report_error(const struct lkb_ctx *ctx, const struct lkb_error *err);
void lkb_report_diags(const struct lkb_ctx *ctx, const struct lkb_diags *diags);
/* In JSON mode, a file that was made is an event too. */
void lkb_report_result(const struct lkb_ctx *ctx, const char *path, uint64_t bytes,
		       const char *digest);

/* The sinks of --progress. `kind` is auto, tty, plain, json or none; *ret may be NULL (none). */
int lkb_ui_make(const char *kind, bool quiet, struct lkb_ui **ret, bool *ret_json,
		struct lkb_error *err);
void lkb_ui_free(struct lkb_ui *ui);

/* Prints to stdout; a full disk or closed pipe there is LKB_IO. */
int lkb_print(const char *text, struct lkb_error *err);

#endif
