/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/spec/spec_priv.h"

/* An image object of onboot, onshutdown and services: LinuxKit's keys, but for `resources`, which
 * are in a table of their own. */

#define REQUIRED (LKB_KEY_REQUIRED | LKB_KEY_NONEMPTY)
#define MAX_ID 4294967294
#define MAX_MAJOR 4095
#define MAX_MINOR 1048575

/* What to write instead; one for all that can be wrong with a value. */
#define PATH_HINT "write an absolute path such as /var/lib/data, without '..'"
#define RUNTIME_HINT "write a path such as /run/web, or run/web in the container, without '..'"
#define NAMESPACE_HINT "write host, new, or the path of one such as /run/netns/web"
#define NETWORK_HINT "write host, new, none, or the path of one such as /run/netns/web"
#define CAPABILITY_HINT "write a name of capabilities(7), such as CAP_NET_ADMIN"
#define BIND_HINT "write it like /source:/destination or volume:/destination:ro"
#define NAMES_HINT "use letters and digits, with single '_', '.' or '-' between them"

static const struct lkb_schema_key mount_keys[] = {
	LKB_KEY(struct lkb_spec_mount, destination, LKB_T_STRING, "where, in the container",
		.check = lkb_spec_bad_absolute, .hint = PATH_HINT),
	LKB_KEY(struct lkb_spec_mount, type, LKB_T_STRING, "type of the file system"),
	LKB_KEY(struct lkb_spec_mount, source, LKB_T_STRING, "what is mounted; the type"),
	LKB_KEY(struct lkb_spec_mount, options, LKB_T_STRLIST, "mount options",
		.check = lkb_spec_bad_line, .hint = LKB_SPEC_LINE_HINT),
};
static const struct lkb_schema mount_schema =
	LKB_SCHEMA("mount", struct lkb_spec_mount, mount_keys);

/* In the runtime section, "where" may be relative: in the container's root file system. */
static const struct lkb_schema_key runtime_mount_keys[] = {
	LKB_KEY(struct lkb_spec_mount, destination, LKB_T_STRING,
		"where: an absolute path of the system, or one in the container's root",
		.check = lkb_spec_bad_relative, .hint = RUNTIME_HINT),
	LKB_KEY(struct lkb_spec_mount, type, LKB_T_STRING, "type of the file system"),
	LKB_KEY(struct lkb_spec_mount, source, LKB_T_STRING, "what is mounted; the type"),
	LKB_KEY(struct lkb_spec_mount, options, LKB_T_STRLIST, "mount options",
		.check = lkb_spec_bad_line, .hint = LKB_SPEC_LINE_HINT),
};
static const struct lkb_schema runtime_mount_schema =
	LKB_SCHEMA("mount", struct lkb_spec_mount, runtime_mount_keys);

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
		.flags = REQUIRED, .check = lkb_spec_bad_device,
		.hint = "write an absolute path such as /dev/sda, or all"),
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
		.flags = REQUIRED, .check = lkb_spec_bad_interface,
		.hint = LKB_SPEC_INTERFACE_HINT),
	LKB_KEY(struct lkb_spec_interface, add, LKB_T_STRING,
		"kind of interface to make, such as veth or wireguard; one that is there is moved",
		.check = lkb_spec_bad_kind, .hint = "write a kind such as veth or wireguard"),
	LKB_KEY(struct lkb_spec_interface, peer, LKB_T_STRING,
		"name of a veth's other end, which stays in the system",
		.check = lkb_spec_bad_interface, .hint = LKB_SPEC_INTERFACE_HINT),
	LKB_KEY_AS("createInRoot", struct lkb_spec_interface, create_in_root, LKB_T_BOOL,
		   "make it in the system's namespace and move it; false"),
};
static const struct lkb_schema interface_schema =
	LKB_SCHEMA("interface", struct lkb_spec_interface, interface_keys);

#define BIND_NS(kind, words) \
	LKB_KEY(struct lkb_spec_bind_ns, kind, LKB_T_STRING, words, \
		.check = lkb_spec_bad_path_or_none, \
		.hint = "write an absolute path such as /run/netns/web, without '..'")

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
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_image_path,
		.hint = "write a path below /sys/fs/cgroup, such as system/web"),
	LKB_KEY(struct lkb_spec_runtime, mounts, LKB_T_OBJLIST, "mounts to make before it starts",
		.object = &runtime_mount_schema),
	LKB_KEY(struct lkb_spec_runtime, mkdir, LKB_T_STRLIST,
		"directories to make before it starts",
		.check = lkb_spec_bad_relative, .hint = RUNTIME_HINT),
	LKB_KEY(struct lkb_spec_runtime, interfaces, LKB_T_OBJLIST,
		"network interfaces to make or to move into the container",
		.object = &interface_schema),
	LKB_KEY_AS("bindNS", struct lkb_spec_runtime, bind_ns, LKB_T_OBJECT,
		   "paths that keep its namespaces for others", .object = &bind_ns_schema),
	LKB_KEY_AS("namespace", struct lkb_spec_runtime, containerd_ns, LKB_T_STRING,
		   "containerd's namespace of a service; services.linuxkit",
		   .check = lkb_spec_bad_containerd_ns, .hint = NAMES_HINT),
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
		.flags = REQUIRED, .check = lkb_spec_bad_name,
		.hint = "use letters, digits and '_.+-', at most 200; not '.' or '-' first"),
	LKB_KEY(struct lkb_spec_image, image, LKB_T_STRING, "OCI image it runs",
		.flags = REQUIRED, .check = lkb_spec_bad_image, .hint = LKB_SPEC_IMAGE_HINT),
	LKB_KEY(struct lkb_spec_image, capabilities, LKB_T_STRLIST,
		"capabilities it has, or 'all' or 'none'", .choices = lkb_spec_capabilities,
		.hint = CAPABILITY_HINT),
	LKB_KEY_AS("capabilities.add", struct lkb_spec_image, capabilities_add, LKB_T_STRLIST,
		   "capabilities beside those of the image's label",
		   .choices = lkb_spec_capabilities, .hint = CAPABILITY_HINT),
	LKB_KEY(struct lkb_spec_image, ambient, LKB_T_STRLIST, "ambient capabilities",
		.choices = lkb_spec_capabilities, .hint = CAPABILITY_HINT),
	LKB_KEY(struct lkb_spec_image, mounts, LKB_T_OBJLIST, "further mounts",
		.object = &mount_schema),
	LKB_KEY(struct lkb_spec_image, binds, LKB_T_STRLIST,
		"bind mounts: SOURCE:DESTINATION[:OPTIONS]", .check = lkb_spec_bad_bind,
		.hint = BIND_HINT),
	LKB_KEY_AS("binds.add", struct lkb_spec_image, binds_add, LKB_T_STRLIST,
		   "bind mounts beside those of the image's label", .check = lkb_spec_bad_bind,
		   .hint = BIND_HINT),
	LKB_KEY(struct lkb_spec_image, devices, LKB_T_OBJLIST, "devices it may use",
		.object = &device_schema),
	LKB_KEY(struct lkb_spec_image, tmpfs, LKB_T_STRLIST, "tmpfs mounts: DESTINATION[:OPTIONS]",
		.check = lkb_spec_bad_tmpfs, .hint = "write it like /run or /run:size=10m,nosuid"),
	LKB_KEY(struct lkb_spec_image, command, LKB_T_STRLIST,
		"program and arguments; the image's entrypoint and command",
		.flags = LKB_KEY_NONEMPTY_LIST,
		.hint = "write the program and its arguments, or remove the key"),
	LKB_KEY(struct lkb_spec_image, env, LKB_T_STRLIST, "environment: NAME=VALUE; the image's",
		.check = lkb_spec_bad_env, .hint = "write it like NAME=VALUE"),
	LKB_KEY(struct lkb_spec_image, cwd, LKB_T_STRING, "working directory; the image's, or /",
		.check = lkb_spec_bad_path_or_none, .hint = PATH_HINT),
	LKB_KEY(struct lkb_spec_image, net, LKB_T_STRING,
		"network namespace: host (or root), new (or none), or a path; host",
		.check = lkb_spec_bad_net, .hint = NETWORK_HINT),
	LKB_KEY(struct lkb_spec_image, ipc, LKB_T_STRING,
		"IPC namespace: host (or root), new, or a path; host",
		.check = lkb_spec_bad_namespace, .hint = NAMESPACE_HINT),
	LKB_KEY(struct lkb_spec_image, uts, LKB_T_STRING,
		"host name namespace: host (or root), new, or a path; host",
		.check = lkb_spec_bad_namespace, .hint = NAMESPACE_HINT),
	LKB_KEY(struct lkb_spec_image, pid, LKB_T_STRING,
		"process namespace: host (or root), new, or a path; new",
		.check = lkb_spec_bad_namespace, .hint = NAMESPACE_HINT),
	LKB_KEY(struct lkb_spec_image, userns, LKB_T_STRING,
		"user namespace: host (or root), new, or a path; host",
		.check = lkb_spec_bad_namespace, .hint = NAMESPACE_HINT),
	LKB_KEY(struct lkb_spec_image, readonly, LKB_T_BOOL, "the root file system is read-only"),
	LKB_KEY_AS("maskedPaths", struct lkb_spec_image, masked_paths, LKB_T_STRLIST,
		   "paths it cannot read", .check = lkb_spec_bad_absolute, .hint = PATH_HINT),
	LKB_KEY_AS("readonlyPaths", struct lkb_spec_image, readonly_paths, LKB_T_STRLIST,
		   "paths it cannot write", .check = lkb_spec_bad_absolute, .hint = PATH_HINT),
	LKB_KEY(struct lkb_spec_image, uid, LKB_T_ID,
		"user: number, or name of an image object; 0"),
	LKB_KEY(struct lkb_spec_image, gid, LKB_T_ID,
		"group: number, or name of an image object; 0"),
	LKB_KEY_AS("additionalGids", struct lkb_spec_image, additional_gids, LKB_T_IDLIST,
		   "further groups"),
	LKB_KEY_AS("noNewPrivileges", struct lkb_spec_image, no_new_privileges, LKB_T_BOOL,
		   "set-user-ID programs give it nothing"),
	LKB_KEY(struct lkb_spec_image, hostname, LKB_T_STRING, "host name in its namespace",
		.check = lkb_spec_bad_hostname,
		.hint = LKB_SPEC_HOSTNAME_HINT),
	LKB_KEY_AS("oomScoreAdj", struct lkb_spec_image, oom_score_adj, LKB_T_INT,
		   "how willingly the kernel kills it for memory", .min = -1000, .max = 1000),
	LKB_KEY_AS("rootfsPropagation", struct lkb_spec_image, rootfs_propagation, LKB_T_STRING,
		   "mount propagation of its root", .choices = propagations),
	LKB_KEY_AS("cgroupsPath", struct lkb_spec_image, cgroups_path, LKB_T_STRING,
		   "path of its control group", .check = lkb_spec_bad_line,
		   .hint = LKB_SPEC_LINE_HINT),
	LKB_KEY(struct lkb_spec_image, resources, LKB_T_OBJECT, "limits of its control group",
		.object = &lkb_spec_resources_schema, .flags = LKB_KEY_WHOLE),
	LKB_KEY(struct lkb_spec_image, sysctl, LKB_T_STRMAP, "kernel parameters of its namespaces",
		.check = lkb_spec_bad_line, .hint = LKB_SPEC_LINE_HINT),
	LKB_KEY(struct lkb_spec_image, rlimits, LKB_T_STRLIST, "resource limits: NAME,SOFT,HARD",
		.check = lkb_spec_bad_rlimit,
		.hint = "write it like nofile,1024,4096 or core,0,unlimited"),
	LKB_KEY_AS("uidMappings", struct lkb_spec_image, uid_mappings, LKB_T_OBJLIST,
		   "users of its user namespace", .object = &mapping_schema),
	LKB_KEY_AS("gidMappings", struct lkb_spec_image, gid_mappings, LKB_T_OBJLIST,
		   "groups of its user namespace", .object = &mapping_schema),
	LKB_KEY(struct lkb_spec_image, annotations, LKB_T_STRMAP, "annotations of its config.json"),
	LKB_KEY(struct lkb_spec_image, runtime, LKB_T_OBJECT,
		"what the system sets up around the container", .object = &runtime_schema),
};
const struct lkb_schema lkb_spec_image_schema =
	LKB_SCHEMA("image", struct lkb_spec_image, image_keys);

static const struct lkb_schema label_schema = {
	.name = "label", .size = sizeof(struct lkb_spec_image),
	.keys = image_keys + NAME_AND_IMAGE,
	.n_keys = sizeof(image_keys) / sizeof(*image_keys) - NAME_AND_IMAGE,
	.pos_offset = offsetof(struct lkb_spec_image, pos),
};

const struct lkb_schema *lkb_spec_label_schema(void)
{
	return &label_schema;
}
