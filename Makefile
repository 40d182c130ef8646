# lkboard: `make demo` builds a Raspberry Pi card image and boots it, `make check` tests everything.
# All products go to out/. Targets: all deps check check-boot check-long check-clean asan fuzz bench
# demo golden install uninstall clean.

O        ?= out
CC       ?= gcc
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr/local
DESTDIR  ?=

MODULES  := base base/ext rootfs/tree rootfs/spec rootfs/oci rootfs/pkg rootfs board dtb \
	    bootloader/slot bootloader image/fs image plan cmd
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	    -Wwrite-strings -Wvla -Wno-unused-parameter -Werror
CPPFLAGS_ALL = -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -include base/banned.h $(CPPFLAGS)
CFLAGS_ALL   = -std=gnu11 $(WARN) -fstack-protector-strong $(CFLAGS) $(SAN)
LIBS     := -lcrypto -lyaml -ljansson -larchive -lfdt -lext2fs -lcom_err -lisal -lzstd -llzma -lz \
	    -lpthread

SRCS     := $(sort $(foreach m,$(MODULES),$(wildcard $(m)/*.c)))
OBJS     := $(SRCS:%.c=$(O)/%.o)
LIB_OBJS := $(filter-out $(O)/cmd/lkboard.o,$(OBJS))
UNITS    := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))

all: $(O)/lkboard ondevice

$(O)/lkboard: $(O)/cmd/lkboard.o $(O)/liblkboard.a
	$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LIBS)

$(O)/liblkboard.a: $(LIB_OBJS)
	@rm -f $@
	$(AR) rcsD $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Units: one program a file, cmocka, TAP for prove.
$(O)/tests/unit/%: tests/unit/%.c $(O)/liblkboard.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(O)/liblkboard.a $(LDFLAGS) -lcmocka $(LIBS)

unit: $(UNITS)

clean:
	rm -rf $(O)

-include $(OBJS:.o=.d) $(UNITS:=.d)

.PHONY: all unit clean
