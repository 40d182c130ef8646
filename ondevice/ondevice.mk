# The programs for the board: static, libc only, one set an architecture.
#   $(O)/ondevice/ARCH/{init,system-init}
# Included by the top Makefile, which has O, Q, CPPFLAGS_ALL, WARN and CFLAGS_ALL. Unit tests named
# tests/unit/test_ondevice_*.c link $(ONDEVICE_HOST_LIB) before liblkboard.a.

ONDEVICE_ARCHES    := arm64 amd64
ONDEVICE_CC_arm64  ?= aarch64-linux-gnu-gcc
ONDEVICE_CC_amd64  ?= x86_64-linux-gnu-gcc
ONDEVICE_CFLAGS    := -std=gnu11 $(WARN) -Os -fstack-protector-strong -ffunction-sections \
		      -fdata-sections -fno-pie -ffile-prefix-map=$(CURDIR)=.
ONDEVICE_LDFLAGS   := -static -no-pie -s -Wl,--gc-sections -Wl,--build-id=none

# What the programs link: their own files, and of these only what they use.
ONDEVICE_LIB_SRCS  := $(sort $(wildcard base/*.c bootloader/slot/*.c))
ONDEVICE_COMMON    := $(sort $(wildcard ondevice/common/*.c))
ONDEVICE_INITRD    := $(sort $(wildcard ondevice/initrd/*.c))
ONDEVICE_SYSTEM    := $(sort $(wildcard ondevice/system/*.c))
ONDEVICE_MAINS     := ondevice/initrd/init.c ondevice/system/main.c
ONDEVICE_PRODUCTS  := $(foreach a,$(ONDEVICE_ARCHES),$(O)/ondevice/$(a)/init \
			$(O)/ondevice/$(a)/system-init)

define ondevice_arch
$(O)/ondevice/$(1)/obj/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC      $$< ($(1))"
	$$(Q)$$(ONDEVICE_CC_$(1)) $$(CPPFLAGS_ALL) $$(ONDEVICE_CFLAGS) -MMD -MP -c -o $$@ $$<

$(O)/ondevice/$(1)/obj/libbase.a: $(ONDEVICE_LIB_SRCS:%.c=$(O)/ondevice/$(1)/obj/%.o)
	$$(Q)rm -f $$@
	$$(Q)$$(AR) rcsD $$@ $$^

$(O)/ondevice/$(1)/init: $(patsubst %.c,$(O)/ondevice/$(1)/obj/%.o,$(ONDEVICE_COMMON) \
		$(ONDEVICE_INITRD)) $(O)/ondevice/$(1)/obj/libbase.a
	@echo "  LINK    $$@"
	$$(Q)$$(ONDEVICE_CC_$(1)) $$(ONDEVICE_CFLAGS) $$(ONDEVICE_LDFLAGS) -o $$@ $$^

$(O)/ondevice/$(1)/system-init: $(patsubst %.c,$(O)/ondevice/$(1)/obj/%.o,$(ONDEVICE_COMMON) \
		$(ONDEVICE_SYSTEM)) $(O)/ondevice/$(1)/obj/libbase.a
	@echo "  LINK    $$@"
	$$(Q)$$(ONDEVICE_CC_$(1)) $$(ONDEVICE_CFLAGS) $$(ONDEVICE_LDFLAGS) -o $$@ $$^

-include $(patsubst %.c,$(O)/ondevice/$(1)/obj/%.d,$(ONDEVICE_COMMON) $(ONDEVICE_INITRD) \
	$(ONDEVICE_SYSTEM) $(ONDEVICE_LIB_SRCS))
endef
$(foreach a,$(ONDEVICE_ARCHES),$(eval $(call ondevice_arch,$(a))))

ondevice: $(ONDEVICE_PRODUCTS)

# Everything but the two mains, for unit tests on the build machine (with the sanitizers, if on).
ONDEVICE_HOST_LIB  := $(O)/ondevice/host/libondevice.a
ONDEVICE_HOST_OBJS := $(patsubst %.c,$(O)/ondevice/host/obj/%.o,$(filter-out $(ONDEVICE_MAINS),$(ONDEVICE_COMMON) \
			$(ONDEVICE_INITRD) $(ONDEVICE_SYSTEM)))

$(O)/ondevice/host/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(ONDEVICE_HOST_LIB): $(ONDEVICE_HOST_OBJS)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^

-include $(ONDEVICE_HOST_OBJS:.o=.d)

.PHONY: ondevice
