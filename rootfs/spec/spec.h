/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_SPEC_SPEC_H
#define LKB_ROOTFS_SPEC_SPEC_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/ext/hash.h"
#include "base/ext/schema.h"

/* LinuxKit's YAML spec as structs, one field a key, read by the schema table in spec/schema.c.
 * Absent is zero everywhere (base/ext/schema.h). All of it lives in one arena. */

struct lkb_spec_kernel {
	struct lkb_pos pos; /* of the section; .file NULL if there is none */
	const char *image, *cmdline, *binary, *tar, *ucode;
};

struct lkb_spec_mount {
	struct lkb_pos pos;
	const char *destination, *type, *source;
	struct lkb_strlist options;
};

struct lkb_spec_device {
	struct lkb_pos pos;
	const char *path, *type;
	struct lkb_opt_int major, minor;
	const char *mode;
};

/* Users or groups of a user namespace. */
struct lkb_spec_mapping {
	struct lkb_pos pos;
	struct lkb_opt_int host_id, container_id, size;
};

/* Limits of a control group: runtime-spec's LinuxResources (config-linux.md), in the words of
 * LinuxKit's schema. */
struct lkb_spec_rule { /* devices of a kind, allowed or not */
	struct lkb_pos pos;
	enum lkb_tristate allow;
	const char *type, *access;
	struct lkb_opt_int major, minor;
};
struct lkb_spec_weight { /* of one block device */
	struct lkb_pos pos;
	struct lkb_opt_int major, minor, weight, leaf_weight;
};
struct lkb_spec_throttle { /* bytes or operations a second of one block device */
	struct lkb_pos pos;
	struct lkb_opt_int major, minor, rate;
};
struct lkb_spec_hugepage {
	struct lkb_pos pos;
	const char *page_size; /* "2MB", or bytes in decimal */
	struct lkb_opt_int limit;
};
struct lkb_spec_priority { /* of what a network interface sends */
	struct lkb_pos pos;
	const char *name;
	struct lkb_opt_int priority;
};
struct lkb_spec_memory {
	struct lkb_pos pos;
	struct lkb_opt_int limit, reservation, swap, kernel, kernel_tcp, swappiness;
	enum lkb_tristate disable_oom_killer;
};
struct lkb_spec_cpu {
	struct lkb_pos pos;
	struct lkb_opt_int shares, quota, period, realtime_runtime, realtime_period;
	const char *cpus, *mems;
};
struct lkb_spec_pids {
	struct lkb_pos pos;
	struct lkb_opt_int limit;
};
struct lkb_spec_blockio {
	struct lkb_pos pos;
	struct lkb_opt_int weight, leaf_weight;
	struct lkb_objlist weight_device; /* struct lkb_spec_weight */
	/* struct lkb_spec_throttle */
	struct lkb_objlist read_bps, write_bps, read_iops, write_iops;
};
struct lkb_spec_network {
	struct lkb_pos pos;
	struct lkb_opt_int class_id;
	struct lkb_objlist priorities; /* struct lkb_spec_priority */
};
struct lkb_spec_resources {
	struct lkb_pos pos;
	struct lkb_objlist devices; /* struct lkb_spec_rule */
	struct lkb_spec_memory memory;
	struct lkb_spec_cpu cpu;
	struct lkb_spec_pids pids;
	struct lkb_spec_blockio blockio;
	struct lkb_objlist hugepage_limits; /* struct lkb_spec_hugepage */
	struct lkb_spec_network network;
};

/* What the system's init does around a container: runtime.json. */
struct lkb_spec_interface {
	struct lkb_pos pos;
	const char *name, *add, *peer;
	enum lkb_tristate create_in_root;
};
struct lkb_spec_bind_ns { /* paths that its namespaces are kept at */
	struct lkb_pos pos;
	const char *cgroup, *ipc, *mnt, *net, *pid, *user, *uts;
};
struct lkb_spec_runtime {
	struct lkb_pos pos;
	struct lkb_strlist cgroups, mkdir;
	struct lkb_objlist mounts;     /* struct lkb_spec_mount */
	struct lkb_objlist interfaces; /* struct lkb_spec_interface */
	struct lkb_spec_bind_ns bind_ns;
	const char *containerd_ns;     /* `namespace` */
};

/* An image object of onboot, onshutdown or services; also what the label org.mobyproject.config
 * holds (then without name and image). */
struct lkb_spec_image {
	struct lkb_pos pos;
	const char *name, *image;
	struct lkb_strlist capabilities, capabilities_add, ambient;
	struct lkb_objlist mounts; /* struct lkb_spec_mount */
	struct lkb_strlist binds, binds_add;
	struct lkb_objlist devices; /* struct lkb_spec_device */
	struct lkb_strlist tmpfs, command, env;
	const char *cwd, *net, *ipc, *uts, *pid, *userns;
	enum lkb_tristate readonly, no_new_privileges;
	struct lkb_strlist masked_paths, readonly_paths;
	const char *uid, *gid; /* number, or the name of an image object */
	struct lkb_strlist additional_gids;
	const char *hostname, *rootfs_propagation, *cgroups_path;
	struct lkb_opt_int oom_score_adj;
	struct lkb_strmap sysctl, annotations;
	struct lkb_strlist rlimits;
	struct lkb_objlist uid_mappings, gid_mappings; /* struct lkb_spec_mapping */
	struct lkb_spec_resources resources;
	struct lkb_spec_runtime runtime;
};

/* A file system that containers share, at /containers/volumes/NAME. */
struct lkb_spec_volume {
	struct lkb_pos pos;
	const char *name, *image; /* no image: it is empty */
	enum lkb_tristate readonly;
	const char *format; /* "oci": the image as an OCI layout; else its files */
	struct lkb_strlist platforms; /* of format oci */
};

struct lkb_spec_file {
	struct lkb_pos pos;
	const char *path, *symlink, *contents;
	const char *source;      /* as it was written */
	const char *source_path; /* what open() needs */
	const char *metadata;    /* "yaml" or "json" */
	enum lkb_tristate directory, optional;
	struct lkb_opt_int mode;
	const char *uid, *gid;
};

/* The one key LinuxKit does not know: what it has no word for. */
struct lkb_spec_lkboard {
	struct lkb_pos pos;
	const char *version;    /* of the image, shown by status; default "0" */
	const char *hostname;   /* default: the spec's name */
	const char *root;       /* "disk" or "ram"; NULL = the board's default */
	struct lkb_opt_int boot_size, slot_size, data_size; /* bytes */
	const char *data;       /* where the data partition is mounted; NULL = /var/lib/data */
	struct lkb_strlist overlays;    /* device-tree overlays: paths as they were written */
	struct lkb_strlist overlay_paths; /* what open() needs */
	struct lkb_strlist config_txt;  /* lines added to config.txt */
	struct lkb_strlist modules;     /* kernel modules loaded by the system init */
	struct lkb_strmap restart;      /* service -> "always", "on-failure" or "no" */
};

struct lkb_spec {
	struct lkb_arena arena; /* owns everything below */
	const char *name;       /* base name of the first file */
	struct lkb_strlist files_read; /* the files it came from, in order */
	struct lkb_sha256 *digests;    /* of each file's bytes; files_read.n of them */
	struct lkb_spec_kernel kernel;
	struct lkb_strlist init;
	struct lkb_objlist onboot, onshutdown, services; /* struct lkb_spec_image */
	struct lkb_objlist volumes;                      /* struct lkb_spec_volume */
	struct lkb_objlist files;                        /* struct lkb_spec_file */
	struct lkb_strlist outputs; /* formats, 2017's `outputs:`; for -f's default */
	struct lkb_spec_lkboard lkboard;
};

/* Reads and merges files in order by LinuxKit's rule (kernel's fields replaced where given, lists
 * appended). A path may be "-", standard input. Faults of all files, and files that cannot be
 * read, go to *diags, sorted; -1 if there is an error among them, and *err is the first. *ret is
 * owned by the caller.
 *
 * Paths in the spec (`source`, `overlays`) are relative to the file they stand in, and "~/" is
 * `home`, which cmd/ takes from the environment; *ret has them as they were written and resolved.
 * With home NULL, "~/" is refused. Images that are given as "@pkg:DIRECTORY" become references. */
int lkb_spec_read(const char *const *paths, size_t n, const char *home, struct lkb_spec **ret,
		  struct lkb_diags *diags, struct lkb_error *err);
/* One text instead of files; `name` stands for its path. For tests and fuzzing. */
int lkb_spec_parse(const char *text, size_t len, const char *name, struct lkb_spec **ret,
		   struct lkb_diags *diags, struct lkb_error *err);
void lkb_spec_free(struct lkb_spec *s);
LKB_DEFINE_AUTO(lkb_spec, lkb_spec_free)

#define LKB_SPEC_LABEL "org.mobyproject.config"
/* Reads the value of an org.mobyproject.config label (JSON or YAML) by the same table. `where`
 * names the image in messages. The result lives in the arena. On failure *ret is not touched. */
int lkb_spec_label(const char *text, const char *where, struct lkb_arena *arena,
		   struct lkb_spec_image *ret, struct lkb_error *err);

/* One item of `rlimits`: NAME,SOFT,HARD in any case, with or without RLIMIT_, blanks around the
 * words. NULL, or what is wrong with it as the end of "which ..."; then *ret is not touched. */
struct lkb_spec_rlimit {
	const char *name;    /* "NOFILE" */
	uint64_t soft, hard; /* UINT64_MAX = unlimited */
};
const char *lkb_spec_rlimit(const char *text, struct lkb_spec_rlimit *ret);

/* True for a mount that binds, by its type or an option. */
bool lkb_spec_is_bind(const char *type, const struct lkb_strlist *options);
/* True if the options of a mount make it read-only: the last of "ro" and "rw" counts. */
bool lkb_spec_is_readonly(const struct lkb_strlist *options);

/* A size of huge pages, "2MB" or bytes in decimal, as the runtime-spec writes it. NULL, or what is
 * wrong with it as the end of "which ..."; then *ret is not touched. */
struct lkb_spec_page_size {
	char s[24];
};
const char *lkb_spec_page_size(const char *text, struct lkb_spec_page_size *ret);

/* The words that the capability keys take: first the names of capabilities(7), sorted. */
#define LKB_N_CAPABILITIES 41
extern const char *const lkb_spec_capabilities[];

/* The merged spec as a JSON object that this reader reads again; what was accepted without effect
 * (`trust`) and `outputs` are not in it. The caller owns it. */
struct json_t *lkb_spec_write(const struct lkb_spec *spec);

/* The table itself, for documentation checks and tests. */
const struct lkb_schema *lkb_spec_schema(void);
/* The table of an object below it: "services[]", "services[].resources"; NULL if there is none. */
const struct lkb_schema *lkb_spec_schema_at(const char *path);

#endif
