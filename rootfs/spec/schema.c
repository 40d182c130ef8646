/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/spec/spec_priv.h"

/* LinuxKit's schema, key for key, and the one key of our own. What a key means is in
 * lkboard-spec(5); the rows here decide what is accepted. */

#define NOT_YET "is not supported by this version of lkboard"
#define REQUIRED (LKB_KEY_REQUIRED | LKB_KEY_NONEMPTY)

static const struct lkb_schema_key kernel_keys[] = {
	LKB_KEY(struct lkb_spec_kernel, image, LKB_T_STRING, "OCI image with the kernel",
		.check = lkb_spec_bad_image, .flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_spec_kernel, cmdline, LKB_T_STRING, "kernel command line",
		.check = lkb_spec_bad_cmdline,
		.hint = "the command line is one line: fold long text with '>-'"),
	LKB_KEY(struct lkb_spec_kernel, binary, LKB_T_STRING,
		"path of the kernel in the image; 'kernel'", .check = lkb_spec_bad_image_path,
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_spec_kernel, tar, LKB_T_STRING,
		"path of the archive of modules in the image; 'kernel.tar'; none: 'none' or ''",
		.check = lkb_spec_bad_tar),
	LKB_KEY_REFUSED("ucode", NOT_YET, "CPU microcode archive in the image"),
};
static const struct lkb_schema kernel_schema =
	LKB_SCHEMA("kernel", struct lkb_spec_kernel, kernel_keys);

static const struct lkb_schema_key mount_keys[] = {
	LKB_KEY(struct lkb_spec_mount, destination, LKB_T_STRING, "where, in the container",
		.check = lkb_spec_bad_absolute),
	LKB_KEY(struct lkb_spec_mount, type, LKB_T_STRING, "type of the file system"),
	LKB_KEY(struct lkb_spec_mount, source, LKB_T_STRING, "what is mounted; the type"),
	LKB_KEY(struct lkb_spec_mount, options, LKB_T_STRLIST, "mount options",
		.check = lkb_spec_bad_line),
};
static const struct lkb_schema mount_schema =
	LKB_SCHEMA("mount", struct lkb_spec_mount, mount_keys);

static const char *const device_types[] = { "a", "b", "c", "p", "u", NULL };

static const struct lkb_schema_key device_keys[] = {
	LKB_KEY(struct lkb_spec_device, path, LKB_T_STRING, "path of the device, or 'all'",
		.flags = REQUIRED, .check = lkb_spec_bad_device),
	LKB_KEY(struct lkb_spec_device, type, LKB_T_STRING,
		"b: block, c or u: character, p: pipe, a: any", .choices = device_types),
	LKB_KEY(struct lkb_spec_device, major, LKB_T_INT, "major number", .max = 4095),
	LKB_KEY(struct lkb_spec_device, minor, LKB_T_INT, "minor number", .max = 1048575),
	LKB_KEY(struct lkb_spec_device, mode, LKB_T_STRING, "permissions, in octal",
		.check = lkb_spec_bad_octal, .hint = "a mode is written like \"0660\""),
};
static const struct lkb_schema device_schema =
	LKB_SCHEMA("device", struct lkb_spec_device, device_keys);

const char *const lkb_spec_capabilities[] = {
	"CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF",
	"CAP_CHECKPOINT_RESTORE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
	"CAP_FOWNER", "CAP_FSETID", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_KILL", "CAP_LEASE",
	"CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN",
	"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_RAW", "CAP_PERFMON", "CAP_SETFCAP",
	"CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
	"CAP_SYS_CHROOT", "CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE",
	"CAP_SYS_RAWIO", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG",
	"CAP_WAKE_ALARM",
	/* These stand alone; LinuxKit takes them in any case. */
	"all", "All", "ALL", "none", "None", "NONE", NULL
};

static const char *const propagations[] = { "private", "rprivate", "slave", "rslave", "shared",
					    "rshared", "unbindable", "runbindable", NULL };

#define NAME_AND_IMAGE 2 /* rows at the top that a label does not have */

static const struct lkb_schema_key image_keys[] = {
	LKB_KEY(struct lkb_spec_image, name, LKB_T_STRING, "name of the container",
		.flags = REQUIRED, .check = lkb_spec_bad_name),
	LKB_KEY(struct lkb_spec_image, image, LKB_T_STRING, "OCI image it runs",
		.flags = REQUIRED, .check = lkb_spec_bad_image),
	LKB_KEY(struct lkb_spec_image, capabilities, LKB_T_STRLIST,
		"capabilities it has, or 'all' or 'none'", .choices = lkb_spec_capabilities),
	LKB_KEY_AS("capabilities.add", struct lkb_spec_image, capabilities_add, LKB_T_STRLIST,
		   "capabilities beside those of the image's label",
		   .choices = lkb_spec_capabilities),
	LKB_KEY(struct lkb_spec_image, ambient, LKB_T_STRLIST, "ambient capabilities",
		.choices = lkb_spec_capabilities),
	LKB_KEY(struct lkb_spec_image, mounts, LKB_T_OBJLIST, "further mounts",
		.object = &mount_schema),
	LKB_KEY(struct lkb_spec_image, binds, LKB_T_STRLIST,
		"bind mounts: SOURCE:DESTINATION[:OPTIONS]", .check = lkb_spec_bad_bind),
	LKB_KEY_AS("binds.add", struct lkb_spec_image, binds_add, LKB_T_STRLIST,
		   "bind mounts beside those of the image's label", .check = lkb_spec_bad_bind),
	LKB_KEY(struct lkb_spec_image, devices, LKB_T_OBJLIST, "devices it may use",
		.object = &device_schema),
	LKB_KEY(struct lkb_spec_image, tmpfs, LKB_T_STRLIST, "tmpfs mounts: DESTINATION[:OPTIONS]",
		.check = lkb_spec_bad_tmpfs),
	LKB_KEY(struct lkb_spec_image, command, LKB_T_STRLIST,
		"program and arguments; the image's entrypoint and command",
		.flags = LKB_KEY_NONEMPTY_LIST),
	LKB_KEY(struct lkb_spec_image, env, LKB_T_STRLIST, "environment: NAME=VALUE; the image's",
		.check = lkb_spec_bad_env),
	LKB_KEY(struct lkb_spec_image, cwd, LKB_T_STRING, "working directory; the image's, or /",
		.check = lkb_spec_bad_absolute),
	LKB_KEY(struct lkb_spec_image, net, LKB_T_STRING,
		"network namespace: host (or root), new (or none), or a path; host",
		.check = lkb_spec_bad_net),
	LKB_KEY(struct lkb_spec_image, ipc, LKB_T_STRING,
		"IPC namespace: host (or root), new, or a path; host",
		.check = lkb_spec_bad_namespace),
	LKB_KEY(struct lkb_spec_image, uts, LKB_T_STRING,
		"host name namespace: host (or root), new, or a path; host",
		.check = lkb_spec_bad_namespace),
	LKB_KEY(struct lkb_spec_image, pid, LKB_T_STRING,
		"process namespace: host (or root), new, or a path; new",
		.check = lkb_spec_bad_namespace),
	LKB_KEY_REFUSED("userns", NOT_YET, "user namespace"),
	LKB_KEY(struct lkb_spec_image, readonly, LKB_T_BOOL, "the root file system is read-only"),
	LKB_KEY_AS("maskedPaths", struct lkb_spec_image, masked_paths, LKB_T_STRLIST,
		   "paths it cannot read", .check = lkb_spec_bad_absolute),
	LKB_KEY_AS("readonlyPaths", struct lkb_spec_image, readonly_paths, LKB_T_STRLIST,
		   "paths it cannot write", .check = lkb_spec_bad_absolute),
	LKB_KEY(struct lkb_spec_image, uid, LKB_T_ID,
		"user: number, or name of an image object; 0"),
	LKB_KEY(struct lkb_spec_image, gid, LKB_T_ID,
		"group: number, or name of an image object; 0"),
	LKB_KEY_AS("additionalGids", struct lkb_spec_image, additional_gids, LKB_T_IDLIST,
		   "further groups"),
	LKB_KEY_AS("noNewPrivileges", struct lkb_spec_image, no_new_privileges, LKB_T_BOOL,
		   "set-user-ID programs give it nothing"),
	LKB_KEY(struct lkb_spec_image, hostname, LKB_T_STRING, "host name in its namespace",
		.check = lkb_spec_bad_hostname),
	LKB_KEY_AS("oomScoreAdj", struct lkb_spec_image, oom_score_adj, LKB_T_INT,
		   "how willingly the kernel kills it for memory", .min = -1000, .max = 1000),
	LKB_KEY_AS("rootfsPropagation", struct lkb_spec_image, rootfs_propagation, LKB_T_STRING,
		   "mount propagation of its root", .choices = propagations),
	LKB_KEY_AS("cgroupsPath", struct lkb_spec_image, cgroups_path, LKB_T_STRING,
		   "path of its control group", .check = lkb_spec_bad_line),
	LKB_KEY_REFUSED("resources", NOT_YET, "limits of its control group"),
	LKB_KEY(struct lkb_spec_image, sysctl, LKB_T_STRMAP, "kernel parameters of its namespaces",
		.check = lkb_spec_bad_line),
	LKB_KEY(struct lkb_spec_image, rlimits, LKB_T_STRLIST, "resource limits: NAME,SOFT,HARD",
		.check = lkb_spec_bad_rlimit),
	LKB_KEY_REFUSED("uidMappings", NOT_YET, "users of its user namespace"),
	LKB_KEY_REFUSED("gidMappings", NOT_YET, "groups of its user namespace"),
	LKB_KEY(struct lkb_spec_image, annotations, LKB_T_STRMAP, "annotations of its config.json"),
	LKB_KEY_REFUSED("runtime", NOT_YET, "what is set up around the container"),
};
static const struct lkb_schema image_schema =
	LKB_SCHEMA("image", struct lkb_spec_image, image_keys);

static const struct lkb_schema label_schema = {
	.name = "label", .size = sizeof(struct lkb_spec_image),
	.keys = image_keys + NAME_AND_IMAGE,
	.n_keys = sizeof(image_keys) / sizeof(*image_keys) - NAME_AND_IMAGE,
	.pos_offset = offsetof(struct lkb_spec_image, pos),
};

static const struct lkb_schema_key file_keys[] = {
	LKB_KEY(struct lkb_spec_file, path, LKB_T_STRING, "where, from the root", .flags = REQUIRED,
		.check = lkb_spec_bad_image_path),
	LKB_KEY(struct lkb_spec_file, directory, LKB_T_BOOL, "true: a directory"),
	LKB_KEY(struct lkb_spec_file, symlink, LKB_T_STRING, "target of a symbolic link",
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_spec_file, contents, LKB_T_STRING, "text of the file"),
	LKB_KEY(struct lkb_spec_file, source, LKB_T_STRING,
		"file to copy, from the directory of the spec, or from ~/",
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY_REFUSED("metadata", NOT_YET, "the merged spec itself, as yaml or json"),
	LKB_KEY(struct lkb_spec_file, optional, LKB_T_BOOL, "the source may be missing"),
	LKB_KEY(struct lkb_spec_file, mode, LKB_T_MODE,
		"permissions; \"0600\", of a directory \"0700\""),
	LKB_KEY(struct lkb_spec_file, uid, LKB_T_ID,
		"owner: number, or name of an image object; 0"),
	LKB_KEY(struct lkb_spec_file, gid, LKB_T_ID,
		"group: number, or name of an image object; 0"),
};
static const struct lkb_schema file_schema = LKB_SCHEMA("file", struct lkb_spec_file, file_keys);

static const struct lkb_schema_key output_keys[] = {
	LKB_KEY(struct lkb_spec_output, format, LKB_T_STRING, "a format of lkboard build -f",
		.flags = REQUIRED),
};
static const struct lkb_schema output_schema =
	LKB_SCHEMA("output", struct lkb_spec_output, output_keys);

static const char *const root_modes[] = { "disk", "ram", NULL };

static const struct lkb_schema_key lkboard_keys[] = {
	LKB_KEY(struct lkb_spec_lkboard, version, LKB_T_STRING, "version of the image; 0",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_version),
	LKB_KEY(struct lkb_spec_lkboard, hostname, LKB_T_STRING, "host name; the spec's name",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_hostname),
	LKB_KEY(struct lkb_spec_lkboard, root, LKB_T_STRING, "disk or ram; the board's default",
		.choices = root_modes),
	LKB_KEY(struct lkb_spec_lkboard, boot_size, LKB_T_SIZE, "boot partition; the board's"),
	LKB_KEY(struct lkb_spec_lkboard, slot_size, LKB_T_SIZE,
		"each of the two slots; the board's"),
	LKB_KEY(struct lkb_spec_lkboard, data_size, LKB_T_SIZE, "data partition; the board's"),
	LKB_KEY(struct lkb_spec_lkboard, data, LKB_T_STRING,
		"where the data partition is mounted; /var/lib/data",
		.check = lkb_spec_bad_mountpoint),
	LKB_KEY(struct lkb_spec_lkboard, overlays, LKB_T_STRLIST,
		"device-tree overlays, from the directory of the spec", .flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_spec_lkboard, config_txt, LKB_T_STRLIST, "further lines of config.txt",
		.check = lkb_spec_bad_line),
	LKB_KEY(struct lkb_spec_lkboard, modules, LKB_T_STRLIST, "kernel modules to load",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_module),
};
static const struct lkb_schema lkboard_schema =
	LKB_SCHEMA("lkboard", struct lkb_spec_lkboard, lkboard_keys);

#define SECTION(field, type, doc, ...) \
	LKB_KEY_AS(#field, struct lkb_spec_document, spec.field, type, doc, ##__VA_ARGS__)

static const struct lkb_schema_key spec_keys[] = {
	SECTION(kernel, LKB_T_OBJECT, "the kernel", .object = &kernel_schema),
	SECTION(init, LKB_T_STRLIST, "OCI images unpacked to the root, in order",
		.check = lkb_spec_bad_image),
	SECTION(onboot, LKB_T_OBJLIST, "containers that run to their end at boot, in order",
		.object = &image_schema),
	SECTION(onshutdown, LKB_T_OBJLIST, "containers that run to their end at shutdown, in order",
		.object = &image_schema),
	SECTION(services, LKB_T_OBJLIST, "containers that keep running, under containerd",
		.object = &image_schema),
	LKB_KEY_REFUSED("volumes", NOT_YET, "file systems that containers share"),
	SECTION(files, LKB_T_OBJLIST, "files added to the root, last of all",
		.object = &file_schema),
	LKB_KEY_IGNORED("trust", "has no effect: Docker Content Trust is being switched off",
			"images that were to be signed, in specs of 2017 and 2018",
			.hint = "pin images by digest: NAME@sha256:..."),
	LKB_KEY(struct lkb_spec_document, outputs, LKB_T_OBJLIST,
		"formats to build when -f names none, in specs of 2017", .object = &output_schema),
	SECTION(lkboard, LKB_T_OBJECT, "what LinuxKit has no word for", .object = &lkboard_schema),
};
static const struct lkb_schema spec_schema =
	LKB_SCHEMA_NO_POS("spec", struct lkb_spec_document, spec_keys);

const struct lkb_schema *lkb_spec_schema(void)
{
	return &spec_schema;
}

const struct lkb_schema *lkb_spec_label_schema(void)
{
	return &label_schema;
}
