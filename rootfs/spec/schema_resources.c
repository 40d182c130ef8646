/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/spec/spec_priv.h"

/* `resources`: the words are LinuxKit's, meaning and bounds are those of the runtime-spec
 * (config-linux.md, "Control groups") and of the kernel's cgroup files. */

#define MAX_MAJOR 4095
#define MAX_MINOR 1048575
#define NO_BOUND INT64_MAX

#define BYTES_HINT "write bytes such as 67108864, which are 64 MiB"
#define LIMIT_HINT BYTES_HINT ", or -1 for no limit"

#define INT(type, field, words, ...) LKB_KEY(struct type, field, LKB_T_INT, words, ##__VA_ARGS__)
#define INT_AS(name, type, field, words, ...) \
	LKB_KEY_AS(name, struct type, field, LKB_T_INT, words, ##__VA_ARGS__)

/* As in LinuxKit and the runtimes, 0 is no value of its own where it would be out of bounds. */
#define WEIGHT .min = 10, .max = 1000, .flags = LKB_KEY_ZERO

static const char *const rule_types[] = { "a", "b", "c", NULL };

static const struct lkb_schema_key rule_keys[] = {
	LKB_KEY(struct lkb_spec_rule, allow, LKB_T_BOOL, "true: they may be used; false"),
	LKB_KEY(struct lkb_spec_rule, type, LKB_T_STRING, "b: block, c: character, a: any; a",
		.choices = rule_types),
	INT(lkb_spec_rule, major, "major number; any", .max = MAX_MAJOR),
	INT(lkb_spec_rule, minor, "minor number; any", .max = MAX_MINOR),
	LKB_KEY(struct lkb_spec_rule, access, LKB_T_STRING,
		"r: read, w: write, m: make nodes of; all of them", .check = lkb_spec_bad_access,
		.hint = "access is written like rwm"),
};
static const struct lkb_schema rule_schema = LKB_SCHEMA("rule", struct lkb_spec_rule, rule_keys);

static const struct lkb_schema_key memory_keys[] = {
	INT(lkb_spec_memory, limit, "bytes at most; -1: no limit", .min = -1, .max = NO_BOUND,
	    .hint = LIMIT_HINT),
	INT(lkb_spec_memory, reservation, "bytes that stay when memory is short; -1: no limit",
	    .min = -1, .max = NO_BOUND, .hint = LIMIT_HINT),
	INT(lkb_spec_memory, swap, "bytes of memory and swap at most; -1: no limit", .min = -1,
	    .max = NO_BOUND, .hint = LIMIT_HINT),
	INT(lkb_spec_memory, kernel, "bytes of the kernel's memory; cgroup 1 only", .min = -1,
	    .max = NO_BOUND, .hint = LIMIT_HINT),
	INT_AS("kernelTCP", lkb_spec_memory, kernel_tcp,
	       "bytes of TCP buffers; cgroup 1 only", .min = -1, .max = NO_BOUND,
	       .hint = LIMIT_HINT),
	INT(lkb_spec_memory, swappiness, "how willingly it is swapped out; cgroup 1 only",
	    .max = 100),
	LKB_KEY_AS("disableOOMKiller", struct lkb_spec_memory, disable_oom_killer, LKB_T_BOOL,
		   "it waits for memory and is not killed; cgroup 1 only"),
};
static const struct lkb_schema memory_schema =
	LKB_SCHEMA("memory", struct lkb_spec_memory, memory_keys);

static const struct lkb_schema_key cpu_keys[] = {
	INT(lkb_spec_cpu, shares, "share of the processor time, against 1024 of others", .min = 2,
	    .max = 262144, .flags = LKB_KEY_ZERO),
	INT(lkb_spec_cpu, quota, "microseconds that it runs in a period; -1: no limit", .min = -1,
	    .max = NO_BOUND),
	INT(lkb_spec_cpu, period, "microseconds of a period; 100000", .min = 1000,
	    .max = 1000000, .flags = LKB_KEY_ZERO),
	INT_AS("realtimeRuntime", lkb_spec_cpu, realtime_runtime,
	       "microseconds that it runs in real time in a period; cgroup 1 only", .min = -1,
	       .max = NO_BOUND),
	INT_AS("realtimePeriod", lkb_spec_cpu, realtime_period,
	       "microseconds of a real-time period; cgroup 1 only", .min = 1, .max = NO_BOUND,
	       .flags = LKB_KEY_ZERO),
	LKB_KEY(struct lkb_spec_cpu, cpus, LKB_T_STRING, "processors it may use, such as 0-2,7",
		.check = lkb_spec_bad_numbers, .hint = "write it like 0-2,7"),
	LKB_KEY(struct lkb_spec_cpu, mems, LKB_T_STRING, "memory nodes it may use, such as 0-1",
		.check = lkb_spec_bad_numbers, .hint = "write it like 0-2,7"),
};
static const struct lkb_schema cpu_schema = LKB_SCHEMA("cpu", struct lkb_spec_cpu, cpu_keys);

static const struct lkb_schema_key pids_keys[] = {
	INT(lkb_spec_pids, limit, "processes and threads at most; -1: no limit", .min = -1,
	    .max = NO_BOUND),
};
static const struct lkb_schema pids_schema = LKB_SCHEMA("pids", struct lkb_spec_pids, pids_keys);

static const struct lkb_schema_key weight_keys[] = {
	INT(lkb_spec_weight, major, "major number", .max = MAX_MAJOR, .flags = LKB_KEY_REQUIRED),
	INT(lkb_spec_weight, minor, "minor number", .max = MAX_MINOR, .flags = LKB_KEY_REQUIRED),
	INT(lkb_spec_weight, weight, "share of the device's time", WEIGHT),
	INT_AS("leafWeight", lkb_spec_weight, leaf_weight,
	       "share against the groups below; cgroup 1 only", WEIGHT),
};
static const struct lkb_schema weight_schema =
	LKB_SCHEMA("weight", struct lkb_spec_weight, weight_keys);

static const struct lkb_schema_key throttle_keys[] = {
	INT(lkb_spec_throttle, major, "major number", .max = MAX_MAJOR, .flags = LKB_KEY_REQUIRED),
	INT(lkb_spec_throttle, minor, "minor number", .max = MAX_MINOR, .flags = LKB_KEY_REQUIRED),
	INT(lkb_spec_throttle, rate, "bytes or operations a second", .max = NO_BOUND,
	    .flags = LKB_KEY_REQUIRED),
};
static const struct lkb_schema throttle_schema =
	LKB_SCHEMA("throttle", struct lkb_spec_throttle, throttle_keys);

#define THROTTLE(name, field, words) \
	LKB_KEY_AS(name, struct lkb_spec_blockio, field, LKB_T_OBJLIST, words, \
		   .object = &throttle_schema)

static const struct lkb_schema_key blockio_keys[] = {
	INT(lkb_spec_blockio, weight, "share of the devices' time", WEIGHT),
	INT_AS("leafWeight", lkb_spec_blockio, leaf_weight,
	       "share against the groups below; cgroup 1 only", WEIGHT),
	LKB_KEY_AS("weightDevice", struct lkb_spec_blockio, weight_device, LKB_T_OBJLIST,
		   "weights of single devices", .object = &weight_schema),
	THROTTLE("throttleReadBpsDevice", read_bps, "bytes read a second"),
	THROTTLE("throttleWriteBpsDevice", write_bps, "bytes written a second"),
	THROTTLE("throttleReadIOPSDevice", read_iops, "reads a second"),
	THROTTLE("throttleWriteIOPSDevice", write_iops, "writes a second"),
};
static const struct lkb_schema blockio_schema =
	LKB_SCHEMA("blockio", struct lkb_spec_blockio, blockio_keys);

static const struct lkb_schema_key hugepage_keys[] = {
	LKB_KEY_AS("pageSize", struct lkb_spec_hugepage, page_size, LKB_T_STRING,
		   "size of the pages, such as 2MB, or in bytes", .check = lkb_spec_bad_page_size,
		   .flags = LKB_KEY_REQUIRED | LKB_KEY_NONEMPTY,
		   .hint = "a page size is written like 2MB or 1GB"),
	INT(lkb_spec_hugepage, limit, "bytes at most", .max = NO_BOUND, .flags = LKB_KEY_REQUIRED,
	    .hint = BYTES_HINT),
};
static const struct lkb_schema hugepage_schema =
	LKB_SCHEMA("hugepage", struct lkb_spec_hugepage, hugepage_keys);

static const struct lkb_schema_key priority_keys[] = {
	LKB_KEY(struct lkb_spec_priority, name, LKB_T_STRING, "name of the network interface",
		.check = lkb_spec_bad_interface, .flags = LKB_KEY_REQUIRED | LKB_KEY_NONEMPTY,
		.hint = LKB_SPEC_INTERFACE_HINT),
	INT(lkb_spec_priority, priority, "priority of its packets", .max = UINT32_MAX,
	    .flags = LKB_KEY_REQUIRED),
};
static const struct lkb_schema priority_schema =
	LKB_SCHEMA("priority", struct lkb_spec_priority, priority_keys);

static const struct lkb_schema_key network_keys[] = {
	INT_AS("classID", lkb_spec_network, class_id,
	       "class of what it sends; cgroup 1 only", .max = UINT32_MAX),
	LKB_KEY(struct lkb_spec_network, priorities, LKB_T_OBJLIST,
		"priorities of network interfaces; cgroup 1 only", .object = &priority_schema),
};
static const struct lkb_schema network_schema =
	LKB_SCHEMA("network", struct lkb_spec_network, network_keys);

static const struct lkb_schema_key resources_keys[] = {
	LKB_KEY(struct lkb_spec_resources, devices, LKB_T_OBJLIST,
		"rules for devices, before those of the container's own devices",
		.object = &rule_schema),
	LKB_KEY(struct lkb_spec_resources, memory, LKB_T_OBJECT, "memory",
		.object = &memory_schema),
	LKB_KEY(struct lkb_spec_resources, cpu, LKB_T_OBJECT, "processors",
		.object = &cpu_schema),
	LKB_KEY(struct lkb_spec_resources, pids, LKB_T_OBJECT, "processes",
		.object = &pids_schema),
	LKB_KEY(struct lkb_spec_resources, blockio, LKB_T_OBJECT, "block devices",
		.object = &blockio_schema),
	LKB_KEY_AS("hugepageLimits", struct lkb_spec_resources, hugepage_limits, LKB_T_OBJLIST,
		   "huge pages", .object = &hugepage_schema),
	LKB_KEY(struct lkb_spec_resources, network, LKB_T_OBJECT, "network",
		.object = &network_schema),
};
const struct lkb_schema lkb_spec_resources_schema =
	LKB_SCHEMA("resources", struct lkb_spec_resources, resources_keys);
