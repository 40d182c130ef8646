# lkboard. From nothing: `apt-get install -y make && make demo`, then `make check`. README.md says
# more; everything that is made goes to out/.

O        ?= out
CC       := gcc
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr/local
DESTDIR  ?=
V        ?=
Q        := $(if $(V),,@)

MODULES  := base base/ext rootfs/tree rootfs/spec rootfs/oci/registry rootfs/oci rootfs/oci/trust \
	    rootfs/inventory rootfs/lock rootfs/pkg rootfs board dtb bootloader/slot bootloader image/fs \
	    image/iso image image/formats flash flash/remote plan cmd
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	    -Wwrite-strings -Wvla -Wno-unused-parameter -Werror
CPPFLAGS_ALL = -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -include base/banned.h $(CPPFLAGS)
CFLAGS_ALL   = -std=gnu11 $(WARN) -fstack-protector-strong $(CFLAGS) $(SAN)
LIBS     := -luring -lexpat -lcrypto -lyaml -ljansson -larchive -lfdt -lext2fs -lcom_err -lsquashfs -lisal \
	    -lzstd -llzma -lz -lpthread

SRCS     := $(sort $(foreach m,$(MODULES),$(wildcard $(m)/*.c)))
OBJS     := $(SRCS:%.c=$(O)/%.o)
LIB_OBJS := $(filter-out $(O)/cmd/lkboard.o,$(OBJS))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNITS    := $(UNIT_SRC:%.c=$(O)/%) $(O)/tests/unit/test_compress_zlib
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
REPLAYS  := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/tests/replay/%)
FUZZERS  := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/tests/fuzz/%)

# What `make deps` installs. The first line is what the program itself is built with and runs.
DEPS_RUN   := mtools u-boot-tools kmod grub-common qemu-system-arm qemu-efi-aarch64 qemu-utils
DEPS_BUILD := gcc libc6-dev libyaml-dev libarchive-dev libjansson-dev libssl-dev libfdt-dev \
	      libext2fs-dev libsquashfs-dev libcurl4-openssl-dev libzstd-dev libisal-dev zlib1g-dev \
	      liblzma-dev liburing-dev libexpat1-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross
DEPS_TEST  := libcmocka-dev dosfstools gdisk e2fsprogs device-tree-compiler bmap-tools fdisk mandoc \
	      cryptsetup-bin skopeo runc crun cpio libarchive-tools xz-utils zstd python3 file \
	      genimage umoci time gawk strace curl git python3-jsonschema qemu-system-x86 ovmf \
	      openssh-client openssl docker-registry golang-github-opencontainers-specs-dev \
	      python3-license-expression squashfs-tools squashfs-tools-ng erofs-utils xorriso \
	      genisoimage 7zip nginx-light iucode-tool libubootenv-tool libfuse3-dev fuse3 pkg-config

all: $(O)/lkboard ondevice

$(O)/lkboard: $(O)/cmd/lkboard.o $(O)/liblkboard.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LIBS)

$(O)/liblkboard.a: $(LIB_OBJS)
	@echo "  AR      $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

include ondevice/ondevice.mk

# Units: one program a file, cmocka. Those of ondevice/ link its host library instead.
$(O)/tests/unit/test_ondevice_%: tests/unit/test_ondevice_%.c $(ONDEVICE_HOST_LIB) $(O)/liblkboard.a
	@mkdir -p $(@D)
	@echo "  UNIT    $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(ONDEVICE_HOST_LIB) \
		$(O)/liblkboard.a $(LDFLAGS) -lcmocka $(LIBS)

$(O)/tests/unit/%: tests/unit/%.c $(O)/liblkboard.a
	@mkdir -p $(@D)
	@echo "  UNIT    $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(O)/liblkboard.a $(LDFLAGS) -lcmocka $(LIBS)

# The fall-back of machines without ISA-L: the same tests over zlib.
$(O)/tests/unit/test_compress_zlib: tests/unit/test_compress.c base/ext/inflate_zlib.c $(O)/liblkboard.a
	@mkdir -p $(@D)
	@echo "  UNIT    $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) -DLKB_WITHOUT_ISAL $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) -lcmocka $(LIBS)

# Fuzz targets: replayed over their corpus by `make check`, run by `make fuzz` (clang).
FUZZ_ONDEVICE := $(foreach t,ondevice settings,$(O)/tests/replay/fuzz_$(t) $(O)/tests/fuzz/fuzz_$(t))
$(FUZZ_ONDEVICE): FUZZ_LIB = $(ONDEVICE_HOST_LIB)
$(FUZZ_ONDEVICE): $(ONDEVICE_HOST_LIB)
$(O)/tests/replay/%: tests/fuzz/%.c tests/fuzz/replay.c $(O)/liblkboard.a
	@mkdir -p $(@D)
	@echo "  REPLAY  $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -o $@ $< tests/fuzz/replay.c $(FUZZ_LIB) \
		$(O)/liblkboard.a $(LDFLAGS) $(LIBS)

# What the hostile images come to, as text (tests/cli/hostile.sh).
$(O)/tests/hostile/show_tree: tests/hostile/show_tree.c $(O)/liblkboard.a
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(O)/liblkboard.a $(LDFLAGS) $(LIBS)

# `flash --set` for a file (tests/boot/settings-long.sh).
$(O)/tests/boot/apply_settings: tests/boot/apply_settings.c $(O)/liblkboard.a
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(O)/liblkboard.a $(LDFLAGS) $(LIBS)

# The system's init as a program of this machine, with a fast clock (tests/cli/init.sh).
$(O)/tests/pid1/init: $(O)/tests/pid1/fast_clock.o $(O)/ondevice/host/obj/ondevice/system/main.o \
		$(ONDEVICE_HOST_LIB) $(O)/liblkboard.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LIBS)

# What spoils disks and calls under `lkboard flash`, and makes maps for it (tests/cli/flash-*.sh).
FAULTS   := $(addprefix $(O)/tests/fault/,faultfs mkmap shim.so)
FUSE     := pkg-config fuse3
$(O)/tests/fault/faultfs: tests/fault/faultfs.c tests/fault/faults.c tests/fault/faults.h $(O)/liblkboard.a
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $$($(FUSE) --cflags) -o $@ $(filter %.c %.a,$^) \
		$(LDFLAGS) $$($(FUSE) --libs)

$(O)/tests/fault/mkmap: tests/fault/mkmap.c $(O)/liblkboard.a
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(O)/liblkboard.a $(LDFLAGS) $(LIBS)

# Goes into other programs, so no sanitizer.
$(O)/tests/fault/shim.so: tests/fault/shim.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) -std=gnu11 $(WARN) $(CFLAGS) -fPIC -shared -o $@ $< -ldl

units: $(FAULTS) $(UNITS) $(O)/tests/hostile/show_tree $(O)/tests/pid1/init \
	$(O)/tests/boot/apply_settings
replays: $(REPLAYS)

# --- tests ------------------------------------------------------------------------------------

check: all units replays
	$(Q)O=$(O) tests/run.sh check

# Every format that boots, booted: JOBS=N at a time (2).
check-boot: all
	$(Q)O=$(O) tests/run.sh formats

check-long: all units replays
	$(Q)O=$(O) tests/run.sh lint unit replay cli long boot

check-clean:
	$(Q)tests/clean/check-clean.sh

# Everything again under AddressSanitizer and UndefinedBehaviorSanitizer.
asan:
	$(Q)$(MAKE) O=$(O)/asan SAN="-fsanitize=address,undefined -fno-sanitize-recover=all \
		-fno-omit-frame-pointer" CFLAGS="-O1 -g" all units replays
	$(Q)O=$(O)/asan LKBOARD_CONFIGS=$(CURDIR)/configs LKBOARD_TEST_STORE=$(abspath $(O)/store) \
		tests/run.sh unit replay cli

# FUZZ_SECONDS each, FUZZ_JOBS at a time; TARGETS="tar spec" for some only.
FUZZ_SECONDS ?= 60
FUZZ_JOBS    ?= 1
TARGETS      ?=
fuzz:
	$(Q)tests/deps.sh clang libclang-rt-14-dev
	$(Q)$(MAKE) O=$(O)/fuzz CC=clang SAN="-fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=all" CFLAGS="-O1 -g" $(O)/fuzz/liblkboard.a fuzzers
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_JOBS=$(FUZZ_JOBS) tests/fuzz/run.sh $(O)/fuzz $(TARGETS)

fuzzers: $(FUZZERS)
$(O)/tests/fuzz/%: tests/fuzz/%.c $(O)/liblkboard.a
	@mkdir -p $(@D)
	@echo "  FUZZ    $@"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fsanitize=fuzzer -o $@ $< $(FUZZ_LIB) \
		$(O)/liblkboard.a $(LDFLAGS) $(LIBS)

bench: all
	$(Q)$(MAKE) -s $(O)/tests/bench/bench_card $(O)/tests/bench/bench_flatten $(O)/tests/fault/mkmap
	$(Q)O=$(O) tests/bench/bench.sh

$(O)/tests/bench/%: tests/bench/%.c $(O)/liblkboard.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $< $(O)/liblkboard.a $(LDFLAGS) $(LIBS)

# Writes the golden files anew from what the program says now; read the diff before you commit it.
golden: all units
	$(Q)O=$(O) LKBOARD_GOLDEN=update tests/run.sh unit cli

# --- the demo -----------------------------------------------------------------------------------

demo: deps
	$(Q)$(MAKE) all
	$(Q)O=$(O) tests/demo.sh

# --- dependencies, installation -----------------------------------------------------------------

deps:
	$(Q)tests/deps.sh $(DEPS_RUN) $(DEPS_BUILD) $(DEPS_TEST)

install: all
	install -D -m 755 $(O)/lkboard $(DESTDIR)$(PREFIX)/bin/lkboard
	mkdir -p $(DESTDIR)$(PREFIX)/share/lkboard $(DESTDIR)$(PREFIX)/lib/lkboard
	cp -R configs/boards configs/packages configs/policies configs/specs \
		$(DESTDIR)$(PREFIX)/share/lkboard/
	for a in $(ONDEVICE_ARCHES); do \
		install -D -m 755 -t $(DESTDIR)$(PREFIX)/lib/lkboard/ondevice/$$a \
			$(O)/ondevice/$$a/init $(O)/ondevice/$$a/system-init || exit 1; \
	done
	for s in 1 5; do \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$$s docs/man/*.$$s || exit 1; \
	done
	$(O)/lkboard completion > $(O)/lkboard.bash
	install -D -m 644 $(O)/lkboard.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/lkboard

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/lkboard
	rm -rf $(DESTDIR)$(PREFIX)/share/lkboard $(DESTDIR)$(PREFIX)/lib/lkboard
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/lkboard.1 \
		$(DESTDIR)$(PREFIX)/share/man/man5/lkboard-*.5 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/lkboard

clean:
	rm -rf $(O)

-include $(OBJS:.o=.d) $(UNITS:=.d) $(REPLAYS:=.d) $(O)/tests/hostile/show_tree.d \
	$(O)/tests/boot/apply_settings.d $(O)/tests/fault/mkmap.d \
	$(O)/tests/pid1/fast_clock.d $(O)/ondevice/host/obj/ondevice/system/main.d

.PHONY: all units replays fuzzers check check-boot check-long check-clean asan fuzz bench golden \
	demo deps install uninstall clean ondevice
