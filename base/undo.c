/* SPDX-License-Identifier: Apache-2.0 */
#include "base/undo.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum kind { FREE, TAKEN, UNLINK, REMOVE_DIR, KILL };

#define SLOTS 64
#define PATH_ROOM 1024

static struct {
	atomic_int kind;
	int pid;
	char path[PATH_ROOM];
} table[SLOTS];

static int note(enum kind kind, const char *path, int pid)
{
	size_t n = path ? strlen(path) : 0;
	int i;

	if (n >= PATH_ROOM)
		return -1;
	for (i = 0; i < SLOTS; i++) {
		int expected = FREE;

		/* TAKEN first, the real kind last: a signal never sees half an entry. */
		if (!atomic_compare_exchange_strong(&table[i].kind, &expected, TAKEN))
			continue;
		if (path)
			memcpy(table[i].path, path, n + 1);
		table[i].pid = pid;
		atomic_store(&table[i].kind, kind);
		return i;
	}
	return -1;
}

int lkb_undo_unlink(const char *path)
{
	return note(UNLINK, path, 0);
}

int lkb_undo_remove_dir(const char *path)
{
	return note(REMOVE_DIR, path, 0);
}

int lkb_undo_kill(int pid)
{
	return note(KILL, NULL, pid);
}

void lkb_undo_forget(int ticket)
{
	if (ticket >= 0)
		atomic_store(&table[ticket].kind, FREE);
}

/* rm does what needs opendir(), which a signal handler may not call. */
static void remove_dir(const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", "--", path, (char *)NULL);
		_exit(127);
	}
}

void lkb_undo_all(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (atomic_load(&table[i].kind) == KILL)
			kill(table[i].pid, SIGTERM);
	for (i = 0; i < SLOTS; i++) {
		int kind = atomic_load(&table[i].kind);

		if (kind == UNLINK)
			unlink(table[i].path);
		else if (kind == REMOVE_DIR)
			remove_dir(table[i].path);
		if (kind > TAKEN)
			atomic_store(&table[i].kind, FREE);
	}
}
