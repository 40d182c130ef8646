/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "rootfs/spec/spec_priv.h"

/* LinuxKit's schema, key for key, and the one key of our own. What a key means is in
 * lkboard-spec(5); the rows here decide what is accepted. */

#define REQUIRED (LKB_KEY_REQUIRED | LKB_KEY_NONEMPTY)
#define MAX_ID 4294967294
#define MAX_MAJOR 4095
#define MAX_MINOR 1048575

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
	LKB_KEY(struct lkb_spec_kernel, ucode, LKB_T_STRING,
		"path of the archive of CPU microcode in the image, for amd64; none",
		.check = lkb_spec_bad_tar),
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

static const struct lkb_schema_key mapping_keys[] = {
	LKB_KEY_AS("hostID", struct lkb_spec_mapping, host_id, LKB_T_INT,
		   "first number in the system", .max = MAX_ID, .flags = LKB_KEY_REQUIRED),
	LKB_KEY_AS("containerID", struct lkb_spec_mapping, container_id, LKB_T_INT,
		   "first number in the container", .max = MAX_ID, .flags = LKB_KEY_REQUIRED),
	LKB_KEY(struct lkb_spec_mapping, size, LKB_T_INT, "how many numbers", .min = 1,
		.max = MAX_ID, .flags = LKB_KEY_REQUIRED),
};
static const struct lkb_schema mapping_schema =
	LKB_SCHEMA("mapping", struct lkb_spec_mapping, mapping_keys);

static const char *const device_types[] = { "a", "b", "c", "p", "u", NULL };

static const struct lkb_schema_key device_keys[] = {
	LKB_KEY(struct lkb_spec_device, path, LKB_T_STRING, "path of the device, or 'all'",
		.flags = REQUIRED, .check = lkb_spec_bad_device),
	LKB_KEY(struct lkb_spec_device, type, LKB_T_STRING,
		"b: block, c or u: character, p: pipe, a: any", .choices = device_types),
	LKB_KEY(struct lkb_spec_device, major, LKB_T_INT, "major number", .max = MAX_MAJOR),
	LKB_KEY(struct lkb_spec_device, minor, LKB_T_INT, "minor number", .max = MAX_MINOR),
	LKB_KEY(struct lkb_spec_device, mode, LKB_T_STRING, "permissions, in octal",
		.check = lkb_spec_bad_octal, .hint = "a mode is written like \"0660\""),
};
static const struct lkb_schema device_schema =
	LKB_SCHEMA("device", struct lkb_spec_device, device_keys);

static const struct lkb_schema_key interface_keys[] = {
	LKB_KEY(struct lkb_spec_interface, name, LKB_T_STRING, "name of the network interface",
		.flags = REQUIRED, .check = lkb_spec_bad_interface),
	LKB_KEY(struct lkb_spec_interface, add, LKB_T_STRING,
		"kind of interface to make, such as veth or wireguard; one that is there is moved",
		.check = lkb_spec_bad_module),
	LKB_KEY(struct lkb_spec_interface, peer, LKB_T_STRING,
		"name of a veth's other end, which stays in the system",
		.check = lkb_spec_bad_interface),
	LKB_KEY_AS("createInRoot", struct lkb_spec_interface, create_in_root, LKB_T_BOOL,
		   "make it in the system's namespace and move it; false"),
};
static const struct lkb_schema interface_schema =
	LKB_SCHEMA("interface", struct lkb_spec_interface, interface_keys);

#define BIND_NS(kind, words) \
	LKB_KEY(struct lkb_spec_bind_ns, kind, LKB_T_STRING, words, .check = lkb_spec_bad_absolute)

static const struct lkb_schema_key bind_ns_keys[] = {
	BIND_NS(cgroup, "where its cgroup namespace is kept"),
	BIND_NS(ipc, "where its IPC namespace is kept"),
	BIND_NS(mnt, "where its mount namespace is kept"),
	BIND_NS(net, "where its network namespace is kept"),
	BIND_NS(pid, "where its process namespace is kept"),
	BIND_NS(user, "where its user namespace is kept"),
	BIND_NS(uts, "where its host name namespace is kept"),
};
static const struct lkb_schema bind_ns_schema =
	LKB_SCHEMA("bindNS", struct lkb_spec_bind_ns, bind_ns_keys);

static const struct lkb_schema_key runtime_keys[] = {
	LKB_KEY(struct lkb_spec_runtime, cgroups, LKB_T_STRLIST, "control groups to make",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_image_path),
	LKB_KEY(struct lkb_spec_runtime, mounts, LKB_T_OBJLIST, "mounts to make in the system",
		.object = &mount_schema),
	LKB_KEY(struct lkb_spec_runtime, mkdir, LKB_T_STRLIST, "directories to make in the system",
		.check = lkb_spec_bad_absolute),
	LKB_KEY(struct lkb_spec_runtime, interfaces, LKB_T_OBJLIST,
		"network interfaces to make or to move into the container",
		.object = &interface_schema),
	LKB_KEY_AS("bindNS", struct lkb_spec_runtime, bind_ns, LKB_T_OBJECT,
		   "paths that keep its namespaces for others", .object = &bind_ns_schema),
	LKB_KEY_AS("namespace", struct lkb_spec_runtime, containerd_ns, LKB_T_STRING,
		   "containerd's namespace of a service; services.linuxkit",
		   .check = lkb_spec_bad_containerd_ns),
};
static const struct lkb_schema runtime_schema =
	LKB_SCHEMA("runtime", struct lkb_spec_runtime, runtime_keys);

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
	LKB_KEY(struct lkb_spec_image, userns, LKB_T_STRING,
		"user namespace: host (or root), new, or a path; host",
		.check = lkb_spec_bad_namespace),
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
	LKB_KEY(struct lkb_spec_image, resources, LKB_T_OBJECT, "limits of its control group",
		.object = &lkb_spec_resources_schema, .flags = LKB_KEY_WHOLE),
	LKB_KEY(struct lkb_spec_image, sysctl, LKB_T_STRMAP, "kernel parameters of its namespaces",
		.check = lkb_spec_bad_line),
	LKB_KEY(struct lkb_spec_image, rlimits, LKB_T_STRLIST, "resource limits: NAME,SOFT,HARD",
		.check = lkb_spec_bad_rlimit),
	LKB_KEY_AS("uidMappings", struct lkb_spec_image, uid_mappings, LKB_T_OBJLIST,
		   "users of its user namespace", .object = &mapping_schema),
	LKB_KEY_AS("gidMappings", struct lkb_spec_image, gid_mappings, LKB_T_OBJLIST,
		   "groups of its user namespace", .object = &mapping_schema),
	LKB_KEY(struct lkb_spec_image, annotations, LKB_T_STRMAP, "annotations of its config.json"),
	LKB_KEY(struct lkb_spec_image, runtime, LKB_T_OBJECT,
		"what the system sets up around the container", .object = &runtime_schema),
};
static const struct lkb_schema image_schema =
	LKB_SCHEMA("image", struct lkb_spec_image, image_keys);

static const struct lkb_schema label_schema = {
	.name = "label", .size = sizeof(struct lkb_spec_image),
	.keys = image_keys + NAME_AND_IMAGE,
	.n_keys = sizeof(image_keys) / sizeof(*image_keys) - NAME_AND_IMAGE,
	.pos_offset = offsetof(struct lkb_spec_image, pos),
};

static const char *const volume_formats[] = { "filesystem", "oci", NULL };

static const struct lkb_schema_key volume_keys[] = {
	LKB_KEY(struct lkb_spec_volume, name, LKB_T_STRING, "what binds and mounts call it",
		.flags = REQUIRED, .check = lkb_spec_bad_volume),
	LKB_KEY(struct lkb_spec_volume, image, LKB_T_STRING, "OCI image it holds; it is empty",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_image),
	LKB_KEY(struct lkb_spec_volume, readonly, LKB_T_BOOL, "nobody can write to it; false"),
	LKB_KEY(struct lkb_spec_volume, format, LKB_T_STRING,
		"filesystem: the image's files; oci: the image as an OCI layout; filesystem",
		.choices = volume_formats),
	LKB_KEY(struct lkb_spec_volume, platforms, LKB_T_STRLIST,
		"OS/ARCH of the images that format oci holds; the board's",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_platform),
};
static const struct lkb_schema volume_schema =
	LKB_SCHEMA("volume", struct lkb_spec_volume, volume_keys);

static const char *const metadata_formats[] = { "yaml", "json", NULL };

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
	LKB_KEY(struct lkb_spec_file, metadata, LKB_T_STRING,
		"the merged spec itself, as yaml or json", .choices = metadata_formats),
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
static const char *const restart_policies[] = { "no", "on-failure", "always", NULL };

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
	LKB_KEY(struct lkb_spec_lkboard, restart, LKB_T_STRMAP,
		"services that are started again when they end: NAME: always or on-failure; no",
		.choices = restart_policies),
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
	SECTION(volumes, LKB_T_OBJLIST, "file systems that containers share",
		.object = &volume_schema),
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

/* The object of one key, found in a table of keys. */
static const struct lkb_schema *object_of(const struct lkb_schema *schema, const char *name,
					  size_t len)
{
	for (size_t i = 0; i < schema->n_keys; i++)
		if (strlen(schema->keys[i].name) == len &&
		    !strncmp(schema->keys[i].name, name, len))
			return schema->keys[i].object;
	return NULL;
}

const struct lkb_schema *lkb_spec_schema_at(const char *path)
{
	const struct lkb_schema *at = &spec_schema;

	while (at && *path) {
		size_t len = strcspn(path, ".["); /* no object has a key with a dot */

		at = object_of(at, path, len);
		path += len;
		path += strspn(path, "[].");
	}
	return at;
}
