/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_UNDO_H
#define LKB_BASE_UNDO_H

/* What must not stay behind when a signal ends the program: temporary files and directories and
 * helper processes. A fixed table, so that a signal handler can walk it. */

/* Notes a path to be unlinked; returns a ticket for lkb_undo_forget(). The string is copied. With a
 * full table or a path of 1 KiB the ticket is -1: then it stays behind after a signal, as it does
 * after SIGKILL. */
int lkb_undo_unlink(const char *path);
/* Notes a private directory of ours, to be removed with all that is in it. */
int lkb_undo_remove_dir(const char *path);
/* Notes a directory that is removed if nothing is left in it. */
int lkb_undo_rmdir(const char *path);
/* Notes a child to be ended: SIGTERM, and SIGKILL if it has not ended two seconds later. */
int lkb_undo_kill(int pid);
void lkb_undo_forget(int ticket); /* -1 is fine */

/* Does all that is noted, from a signal handler if need be. Idempotent. Children come first: what
 * they write would otherwise come back. */
void lkb_undo_all(void);

/* What is said when a signal ends the program, instead of "nothing half-written was left"; NULL =
 * that again. Borrowed: it must outlive what it is about. */
void lkb_undo_say(const char *text);
const char *lkb_undo_words(void);

/* Forgets all that is noted, undone or not: for a forked child, whose parent will see to it. */
void lkb_undo_drop(void);

#endif
