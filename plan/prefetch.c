/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers are decompressed into the store on first use. Where several images wait for that, a few
 * forked workers do it side by side: each reads an image as the plan will, and what is left of it
 * is the store's derived data. Nothing else comes back from them, so the result of a build cannot
 * depend on their number; a fault shows itself again when the plan reads that image.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/undo.h"
#include "plan/plan_priv.h"

#define WORKERS_MAX 64u

/* What the workers share: the images to be read, the largest first, and which one is next. */
struct work {
	struct lkb_store *store;
	const struct lkb_image **images; /* owned array */
	uint64_t *sizes;                 /* owned; what each image's own missing layers have */
	size_t n;
	atomic_size_t *next; /* in memory that all share */
};

/* rootfs/oci/store.h says where derived data stands. */
static bool is_derived(const struct lkb_store *store, const struct lkb_sha256 *diff_id)
{
	lkb_autofree char *path = lkb_format("%s/derived/layer-v1/%s.tar", lkb_store_dir(store),
					     lkb_sha256_text(diff_id).s);

	return !access(path, F_OK);
}

/* Bytes of the image's layers that have to be derived yet, and that no image before it has too.
 * Plain layers are used where they stand. */
static uint64_t missing_bytes(const struct lkb_store *store, const struct lkb_image *image,
			      struct lkb_strv *claimed)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < image->n_layers; i++) {
		struct lkb_sha256_text id = lkb_sha256_text(&image->layers[i].diff_id);

		if (lkb_sha256_equal(&image->layers[i].digest, &image->layers[i].diff_id) ||
		    lkb_strv_has(claimed, id.s) || is_derived(store, &image->layers[i].diff_id))
			continue;
		lkb_strv_add(claimed, id.s);
		sum += image->layers[i].size + 1;
	}
	return sum;
}

static void find_work(struct work *w, const struct lkb_rootfs_images *images)
{
	lkb_autostrv claimed = {0};
	size_t i, at;

	w->images = lkb_alloc_array(images->n, sizeof(*w->images));
	w->sizes = lkb_alloc_array(images->n, sizeof(*w->sizes));
	for (i = 0; i < images->n; i++) {
		uint64_t size = missing_bytes(w->store, images->items[i], &claimed);

		if (!size)
			continue;
		for (at = w->n++; at && w->sizes[at - 1] < size; at--) {
			w->images[at] = w->images[at - 1];
			w->sizes[at] = w->sizes[at - 1];
		}
		w->images[at] = images->items[i];
		w->sizes[at] = size;
	}
}

static void on_signal(int number)
{
	lkb_undo_all();
	_exit(LKB_INTERRUPTED);
}

/* The worker undoes what it has noted itself and leaves its parent's to the parent. It comes here
 * with all signals blocked. */
static void become_worker(pid_t parent)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t none;
	size_t i;

	lkb_undo_drop();
	for (i = 0; i < LKB_ARRAY_SIZE(ends); i++)
		sigaction(ends[i], &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(LKB_INTERRUPTED);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) worker(const struct work *w, pid_t parent)
{
	size_t i;

	become_worker(parent);
	while ((i = atomic_fetch_add(w->next, 1)) < w->n) {
		lkb_auto(lkb_tree) tree = NULL;

		lkb_store_image_tree(w->store, w->images[i], NULL, &tree, NULL);
	}
	_exit(0);
}

struct started {
	pid_t pid;
	int undo;
};

static struct started start(const struct work *w)
{
	struct started s = {-1, -1};
	pid_t parent = getpid();
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	s.pid = fork();
	if (!s.pid)
		worker(w, parent);
	if (s.pid > 0)
		s.undo = lkb_undo_kill(s.pid);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return s;
}

static void wait_for(const struct started *s)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	lkb_undo_forget(s->undo);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Processors that this process may use. */
static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

static size_t run_workers(struct work *w, size_t n)
{
	struct started workers[WORKERS_MAX];
	size_t running = 0, i;

	w->next = mmap(NULL, sizeof(*w->next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (w->next == MAP_FAILED)
		return 0;
	atomic_init(w->next, 0);
	for (i = 0; i < n; i++) {
		workers[running] = start(w);
		running += workers[running].pid > 0;
	}
	for (i = 0; i < running; i++)
		wait_for(&workers[i]);
	munmap(w->next, sizeof(*w->next));
	return running;
}

size_t lkb_prefetch(struct lkb_store *store, const struct lkb_rootfs_images *images, unsigned jobs,
		    struct lkb_ui *ui)
{
	struct work w = {.store = store};
	size_t n = jobs ? jobs : processors(), started = 0;

	find_work(&w, images);
	if (n > WORKERS_MAX)
		n = WORKERS_MAX;
	if (n > w.n)
		n = w.n;
	/* One alone would do what the plan does next anyway. */
	if (n > 1) {
		lkb_ui_step(ui, "images: %zu are unpacked by %zu processes", w.n, n);
		started = run_workers(&w, n);
	}
	free(w.images);
	free(w.sizes);
	return started;
}
