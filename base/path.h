/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_PATH_H
#define LKB_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* The caller frees the results. */
char *lkb_path_join(const char *dir, const char *name);     /* name may be absolute: then it wins */
char *lkb_path_dirname(const char *path);                    /* "." if there is no slash */
const char *lkb_path_basename(const char *path);             /* borrowed: after the last slash */
/* Base name without its last extension: "a/hello.yml" -> "hello". */
char *lkb_path_stem(const char *path);

/* A name that is nearly that of a file in the same directory: the path of that one; the caller
 * frees it. NULL if there is none, or too much to choose from. */
char *lkb_near_file(const char *path);

/* True if ".." is one of the names in `len` bytes of the path. */
bool lkb_path_has_dotdot(const char *path, size_t len);

/* Shell-style match of one name: '*' any run (slashes too), '?' one byte; nothing else special. */
bool lkb_glob_match(const char *pattern, const char *name);

#endif
