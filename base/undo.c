/* SPDX-License-Identifier: Apache-2.0 */
#include "base/undo.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { FREE, TAKEN, UNLINK, REMOVE_DIR, RMDIR, KILL };

#define SLOTS 64
#define PATH_ROOM 1024
#define GRACE_MS 2000 /* that a child has to end by itself */
#define STEP_MS 10

static struct {
	atomic_int kind;
	int pid;
	char path[PATH_ROOM];
} table[SLOTS];

static _Atomic(const char *) words;

void lkb_undo_say(const char *text)
{
	atomic_store(&words, text);
}

const char *lkb_undo_words(void)
{
	const char *text = atomic_load(&words);

	return text ? text : "nothing half-written was left";
}

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

int lkb_undo_rmdir(const char *path)
{
	return note(RMDIR, path, 0);
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

/* rm does what needs opendir(), which a signal handler may not call; and fork() may wait for locks
 * that the interrupted thread holds. */
static void remove_dir(const char *path)
{
	pid_t pid = _Fork();

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", "--", path, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* True if the child is no more. It is not reaped: whoever started it may be waiting for it. */
static bool has_ended(int pid)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) < 0 || info.si_pid;
}

/* A helper that still writes would fill again what is removed after this. */
static void end_children(void)
{
	int left = GRACE_MS, i;

	for (i = 0; i < SLOTS; i++)
		if (atomic_load(&table[i].kind) == KILL)
			kill(table[i].pid, SIGTERM);
	for (i = 0; i < SLOTS; i++) {
		if (atomic_load(&table[i].kind) != KILL)
			continue;
		for (; left > 0 && !has_ended(table[i].pid); left -= STEP_MS)
			poll(NULL, 0, STEP_MS);
		if (!has_ended(table[i].pid))
			kill(table[i].pid, SIGKILL);
	}
}

void lkb_undo_all(void)
{
	int before = errno, i;

	end_children();
	for (i = 0; i < SLOTS; i++) {
		int kind = atomic_load(&table[i].kind);

		if (kind == UNLINK)
			unlink(table[i].path);
		else if (kind == REMOVE_DIR)
			remove_dir(table[i].path);
		if (kind > TAKEN && kind != RMDIR)
			atomic_store(&table[i].kind, FREE);
	}
	/* Only now are they empty. */
	for (i = 0; i < SLOTS; i++) {
		if (atomic_load(&table[i].kind) != RMDIR)
			continue;
		rmdir(table[i].path);
		atomic_store(&table[i].kind, FREE);
	}
	errno = before;
}

void lkb_undo_drop(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		atomic_store(&table[i].kind, FREE);
}
