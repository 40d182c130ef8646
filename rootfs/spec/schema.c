/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "rootfs/spec/spec_priv.h"

/* LinuxKit's schema, key for key, and the one key of our own. What a key means is in
 * lkboard-spec(5); the rows here decide what is accepted. */

#define REQUIRED (LKB_KEY_REQUIRED | LKB_KEY_NONEMPTY)

static const struct lkb_schema_key kernel_keys[] = {
	LKB_KEY(struct lkb_spec_kernel, image, LKB_T_STRING, "OCI image with the kernel",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_image,
		.hint = LKB_SPEC_IMAGE_HINT),
	LKB_KEY(struct lkb_spec_kernel, cmdline, LKB_T_STRING, "kernel command line",
		.check = lkb_spec_bad_cmdline,
		.hint = "the command line is one line: fold long text with '>-'"),
	LKB_KEY(struct lkb_spec_kernel, binary, LKB_T_STRING,
		"path of the kernel in the image; 'kernel'", .check = lkb_spec_bad_image_path,
		.hint = "write the path in the image, such as boot/vmlinuz",
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_spec_kernel, tar, LKB_T_STRING,
		"path of the archive of modules in the image; 'kernel.tar'; none: 'none' or ''",
		.check = lkb_spec_bad_tar,
		.hint = "write the path in the image, such as kernel.tar, or none"),
	LKB_KEY(struct lkb_spec_kernel, ucode, LKB_T_STRING,
		"path of the archive of CPU microcode in the image, for amd64; none",
		.check = lkb_spec_bad_tar,
		.hint = "write the path in the image, such as ucode.cpio, or ''"),
};
static const struct lkb_schema kernel_schema =
	LKB_SCHEMA("kernel", struct lkb_spec_kernel, kernel_keys);

static const char *const volume_formats[] = { "filesystem", "oci", NULL };

static const struct lkb_schema_key volume_keys[] = {
	LKB_KEY(struct lkb_spec_volume, name, LKB_T_STRING, "what binds and mounts call it",
		.flags = REQUIRED, .check = lkb_spec_bad_volume,
		.hint = "use a to z, 0 to 9, '_' and '-', at most 200"),
	LKB_KEY(struct lkb_spec_volume, image, LKB_T_STRING, "OCI image it holds; it is empty",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_image,
		.hint = LKB_SPEC_IMAGE_HINT),
	LKB_KEY(struct lkb_spec_volume, readonly, LKB_T_BOOL, "nobody can write to it; false"),
	LKB_KEY(struct lkb_spec_volume, format, LKB_T_STRING,
		"filesystem: the image's files; oci: the image as an OCI layout; filesystem",
		.choices = volume_formats),
	LKB_KEY(struct lkb_spec_volume, platforms, LKB_T_STRLIST,
		"OS/ARCH of the images that format oci holds; the board's",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_platform,
		.hint = "write it like linux/arm64"),
};
static const struct lkb_schema volume_schema =
	LKB_SCHEMA("volume", struct lkb_spec_volume, volume_keys);

static const char *const metadata_formats[] = { "yaml", "json", NULL };

static const struct lkb_schema_key file_keys[] = {
	LKB_KEY(struct lkb_spec_file, path, LKB_T_STRING, "where, from the root", .flags = REQUIRED,
		.check = lkb_spec_bad_image_path,
		.hint = "write the path from the root, such as etc/motd, without '..'"),
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
		.flags = REQUIRED, .hint = "write a format such as sd or kernel+initrd"),
};
static const struct lkb_schema output_schema =
	LKB_SCHEMA("output", struct lkb_spec_output, output_keys);

static const char *const root_modes[] = { "disk", "ram", NULL };
static const char *const restart_policies[] = { "no", "on-failure", "always", NULL };

static const struct lkb_schema_key lkboard_keys[] = {
	LKB_KEY(struct lkb_spec_lkboard, version, LKB_T_STRING, "version of the image; 0",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_version,
		.hint = "use letters, digits and '._+~-', at most 63, a letter or digit first"),
	LKB_KEY(struct lkb_spec_lkboard, hostname, LKB_T_STRING, "host name; the spec's name",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_hostname,
		.hint = LKB_SPEC_HOSTNAME_HINT),
	LKB_KEY(struct lkb_spec_lkboard, root, LKB_T_STRING, "disk or ram; the board's default",
		.choices = root_modes),
	LKB_KEY(struct lkb_spec_lkboard, boot_size, LKB_T_SIZE, "boot partition; the board's"),
	LKB_KEY(struct lkb_spec_lkboard, slot_size, LKB_T_SIZE,
		"each of the two slots; the board's"),
	LKB_KEY(struct lkb_spec_lkboard, data_size, LKB_T_SIZE, "data partition; the board's"),
	LKB_KEY(struct lkb_spec_lkboard, data, LKB_T_STRING,
		"where the data partition is mounted; /var/lib/data",
		.check = lkb_spec_bad_mountpoint,
		.hint = "write an absolute path below the root, such as /var/lib/data"),
	LKB_KEY(struct lkb_spec_lkboard, overlays, LKB_T_STRLIST,
		"device-tree overlays, from the directory of the spec", .flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_spec_lkboard, config_txt, LKB_T_STRLIST, "further lines of config.txt",
		.check = lkb_spec_bad_line, .hint = LKB_SPEC_LINE_HINT),
	LKB_KEY(struct lkb_spec_lkboard, modules, LKB_T_STRLIST, "kernel modules to load",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_spec_bad_module,
		.hint = "write the name of a module, such as i2c-dev"),
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
		.check = lkb_spec_bad_image, .hint = LKB_SPEC_IMAGE_HINT),
	SECTION(onboot, LKB_T_OBJLIST, "containers that run to their end at boot, in order",
		.object = &lkb_spec_image_schema),
	SECTION(onshutdown, LKB_T_OBJLIST, "containers that run to their end at shutdown, in order",
		.object = &lkb_spec_image_schema),
	SECTION(services, LKB_T_OBJLIST, "containers that keep running, under containerd",
		.object = &lkb_spec_image_schema),
	SECTION(volumes, LKB_T_OBJLIST, "file systems that containers share",
		.object = &volume_schema),
	SECTION(files, LKB_T_OBJLIST, "files added to the root, last of all",
		.object = &file_schema),
	LKB_KEY_IGNORED("trust", "has no effect: Docker Content Trust is being switched off",
			"images that were to be signed, in specs of 2017 and 2018",
			.hint = "pin images by digest, NAME@sha256:..., or ask for cosign's "
				"signatures with --policy, lkboard-policy(5)"),
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
