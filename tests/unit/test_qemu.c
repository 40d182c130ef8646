/* SPDX-License-Identifier: Apache-2.0 */
/* The QEMU runner against a fake emulator: a shell script that the test writes. */
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "board/qemu_priv.h"

#define CARD_SIZE 4096

static struct lkb_tmpdir dir;
static char *fake, *card;
static struct lkb_board board;
static const char *args[] = {"-no-reboot"};
static const char *net_args[] = {"-netdev", "user,id=n%HOSTFWD%,x=y"};

static char *in_dir(const char *name)
{
	return lkb_format("%s/%s", dir.path, name);
}

/* The emulator's "guest" for one test. $1... are the arguments of QEMU. */
static void guest(const char *script)
{
	lkb_autofree char *text = lkb_format("#!/bin/sh\ncd '%s'\n%s\n", dir.path, script);
	struct lkb_error err = {0};

	assert_int_equal(lkb_write_file(fake, text, strlen(text), 0755, &err), 0);
}

static struct lkb_qemu_run a_run(void)
{
	return (struct lkb_qemu_run){
		.board = &board, .timeout_s = 20, .console_in = -1, .console_out = -1};
}

static int setup(void **state)
{
	struct lkb_error err = {0};
	static const char zeros[CARD_SIZE];

	assert_int_equal(lkb_tmpdir_make(&dir, &err), 0);
	fake = in_dir("fake-qemu");
	card = in_dir("card,with a comma.img");
	assert_int_equal(lkb_write_file(card, zeros, sizeof(zeros), 0644, &err), 0);
	board = (struct lkb_board){
		.name = "rpi3", .arch = "arm64", .memory = {true, (int64_t)1 << 30},
		.qemu = {.program = fake, .machine = "raspi3b", .accel = "tcg,thread=single",
			 .args = {.set = true, .n = 1, .items = args}, .disk = "sd",
			 .card_power_of_two = LKB_YES, .console = {true, 1},
			 .net_args = {.set = true, .n = 2, .items = net_args}},
	};
	return 0;
}

static int teardown(void **state)
{
	lkb_tmpdir_clear(&dir);
	free(fake);
	free(card);
	return 0;
}

static void run_fails(const struct lkb_qemu_run *run, enum lkb_error_kind kind,
		      const char *message)
{
	struct lkb_error err = {0};

	assert_int_equal(lkb_qemu_run(run, &err), -1);
	assert_string_equal(err.message, message);
	assert_int_equal(err.kind, kind);
}

static void run_succeeds(const struct lkb_qemu_run *run)
{
	struct lkb_error err = {0};

	if (lkb_qemu_run(run, &err))
		fail_msg("%s", err.message);
}

/* The process whose number the guest wrote into a file is gone, reaped or not ours. */
static void assert_gone(const char *pid_file)
{
	lkb_autofree char *path = in_dir(pid_file), *text = NULL;
	uint64_t deadline = lkb_clock_monotonic_ms() + 5000;
	struct lkb_error err = {0};
	size_t len;
	long pid;

	assert_int_equal(lkb_read_file(path, 100, &text, &len, &err), 0);
	pid = strtol(text, NULL, 10);
	assert_true(pid > 1);
	/* A grandchild is reaped by init, in its own time. */
	while (!kill((pid_t)pid, 0) && lkb_clock_monotonic_ms() < deadline)
		usleep(10000);
	assert_int_not_equal(kill((pid_t)pid, 0), 0);
}

static void test_ends_when_all_texts_were_seen(void **state)
{
	static const char *const until[] = {"service ok", "onboot ok"};
	struct lkb_qemu_run run = a_run();

	run.until = until;
	run.n_until = 2;
	guest("echo $$ >pid; echo 'lkboard: onboot ok'; echo 'lkboard: service ok';"
	      " exec sleep 100");
	run_succeeds(&run);
	assert_gone("pid");
}

static void test_a_text_may_come_in_pieces(void **state)
{
	static const char *const until[] = {"aab"};
	struct lkb_qemu_run run = a_run();

	run.until = until;
	run.n_until = 1;
	guest("printf x; printf a; sleep 0.1; printf a; sleep 0.1; printf a; sleep 0.1; printf b;"
	      " exec sleep 100");
	run_succeeds(&run);
}

static void test_a_guest_may_end_by_itself(void **state)
{
	static const char *const until[] = {"reached", "never"};
	struct lkb_qemu_run run = a_run();

	guest("echo reached; echo 'some last words'");
	run_succeeds(&run);
	run.until = until;
	run.n_until = 2;
	run_fails(&run, LKB_DIDNT, "the guest ended before the console said 'never'");
}

static void test_the_last_words_count(void **state)
{
	static const char *const until[] = {"the very last words"};
	struct lkb_qemu_run run = a_run();

	run.until = until;
	run.n_until = 1;
	guest("head -c 50000 /dev/zero | tr '\\0' x; printf 'the very last words'");
	run_succeeds(&run);
}

static void test_time_out(void **state)
{
	static const char *const until[] = {"a", "never", "nor this"};
	struct lkb_qemu_run run = a_run();
	struct lkb_error err = {0};

	run.timeout_s = 1;
	run.until = until;
	run.n_until = 3;
	guest("echo $$ >pid; echo; echo ' kernel panic'; echo; exec sleep 100");
	assert_int_equal(lkb_qemu_run(&run, &err), -1);
	assert_int_equal(err.kind, LKB_DIDNT);
	assert_string_equal(err.message, "the console did not say 'never', 'nor this' within 1 s");
	assert_string_equal(err.hint, "the last line on the console: ' kernel panic'");
	assert_gone("pid");
}

static void test_time_out_of_a_guest_that_never_stops_talking(void **state)
{
	static const char *const until[] = {"never"};
	struct lkb_qemu_run run = a_run();
	uint64_t start = lkb_clock_monotonic_ms();

	run.timeout_s = 1;
	run.until = until;
	run.n_until = 1;
	guest("exec yes");
	run_fails(&run, LKB_DIDNT, "the console did not say 'never' within 1 s");
	assert_true(lkb_clock_monotonic_ms() - start < 5000);
}

static void test_time_out_with_nothing_to_wait_for(void **state)
{
	struct lkb_qemu_run run = a_run();

	run.timeout_s = 1;
	guest("exec sleep 100");
	run_fails(&run, LKB_DIDNT, "the guest did not end within 1 s");
}

static void test_a_guest_that_fails(void **state)
{
	struct lkb_qemu_run run = a_run();
	lkb_autofree char *want = NULL;

	guest("echo 'unknown machine' >&2; echo 'try another' >&2; exit 1");
	want = lkb_format("'%s' failed with exit code 1: unknown machine; try another", fake);
	run_fails(&run, LKB_DIDNT, want);
}

static void test_a_guest_that_dies(void **state)
{
	struct lkb_qemu_run run = a_run();
	lkb_autofree char *want = NULL;

	guest("kill -SEGV $$");
	want = lkb_format("'%s' was killed by signal 11 (Segmentation fault)", fake);
	run_fails(&run, LKB_DIDNT, want);
}

static void test_a_guest_that_does_not_listen_to_sigterm(void **state)
{
	static const char *const until[] = {"up"};
	struct lkb_qemu_run run = a_run();

	run.until = until;
	run.n_until = 1;
	guest("trap '' TERM; echo $$ >pid; echo up; while :; do sleep 1; done");
	run_succeeds(&run);
	assert_gone("pid");
}

static void test_what_the_guest_left_behind_is_ended_too(void **state)
{
	struct lkb_qemu_run run = a_run();

	guest("sleep 100 & echo $! >pid; echo bye");
	run_succeeds(&run);
	assert_gone("pid");
}

static void test_a_program_that_is_missing(void **state)
{
	struct lkb_qemu_run run = a_run();
	struct lkb_error err = {0};

	board.qemu.program = "no-such-emulator";
	board.qemu.package = "qemu-system-arm";
	assert_int_equal(lkb_qemu_run(&run, &err), -1);
	assert_int_equal(err.kind, LKB_MISSING);
	assert_string_equal(err.hint, "apt-get install qemu-system-arm");
	board.qemu.program = fake;
}

/* A signal to us ends the guest too; nothing is left and the signal is not delivered again. */
static void test_interrupted(void **state)
{
	static const char *const until[] = {"never"};
	struct lkb_qemu_run run = a_run();
	struct lkb_error err = {0};
	void (*inherited)(int) = signal(SIGINT, SIG_DFL);
	pid_t killer;

	run.until = until;
	run.n_until = 1;
	guest("echo $$ >pid; echo up; exec sleep 100");
	killer = fork();
	if (!killer) {
		usleep(500000);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	assert_int_equal(lkb_qemu_run(&run, &err), -1);
	assert_int_equal(err.kind, LKB_INTERRUPTED);
	assert_gone("pid");
	waitpid(killer, NULL, 0);
	signal(SIGINT, inherited);
}

static void test_the_console_goes_both_ways(void **state)
{
	static const char *const until[] = {"you said: hello"};
	struct lkb_qemu_run run = a_run();
	struct lkb_error err = {0};
	int to[2], from[2];
	char buf[100];
	size_t n;

	assert_int_equal(pipe(to) | pipe(from), 0);
	assert_int_equal(write(to[1], "hello\n", 6), 6);
	run.until = until;
	run.n_until = 1;
	run.console_in = to[0];
	run.console_out = from[1];
	guest("read x; echo \"you said: $x\"; exec sleep 100");
	run_succeeds(&run);
	close(from[1]);
	assert_int_equal(lkb_read_upto(from[0], buf, sizeof(buf), &n, "pipe", &err), 0);
	assert_int_equal(n, strlen("you said: hello\n"));
	assert_memory_equal(buf, "you said: hello\n", n);
	close(from[0]);
	close(to[0]);
	close(to[1]);
}

/* A terminal is raw while QEMU runs, Ctrl-C is the guest's, Ctrl-] ends the run. */
static void test_a_terminal(void **state)
{
	struct lkb_qemu_run run = a_run();
	struct termios before, after;
	int master, slave;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	run.console_in = slave;
	guest("echo $$ >pid; dd bs=1 count=1 of=got 2>/dev/null; exec sleep 100");
	if (!fork()) {
		usleep(300000);
		if (write(master, "\003", 1) == 1)
			usleep(300000);
		_exit(write(master, "\035", 1) != 1);
	}
	run_succeeds(&run);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_int_equal(before.c_lflag, after.c_lflag);
	assert_gone("pid");
	{
		lkb_autofree char *path = in_dir("got"), *got = NULL;
		struct lkb_error err = {0};
		size_t len;

		assert_int_equal(lkb_read_file(path, 10, &got, &len, &err), 0);
		assert_string_equal(got, "\003");
	}
	wait(NULL);
	close(master);
	close(slave);
}

static void test_input_nobody_reads(void **state)
{
	struct lkb_qemu_run run = a_run();
	int to[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(write(to[1], "hello\n", 6), 6);
	close(to[1]);
	run.console_in = to[0];
	guest("exec <&-; sleep 0.3; echo done");
	run_succeeds(&run);
	close(to[0]);
}

/* What fails in the middle of a run is an error, and not taken for a signal that never came. */
static void test_nobody_takes_the_output(void **state)
{
	struct lkb_qemu_run run = a_run();

	run.console_out = open("/dev/full", O_WRONLY);
	guest("echo hello; exec sleep 100");
	alarm(60);
	run_fails(&run, LKB_IO, "cannot write 'the console's output': No space left on device");
	alarm(0);
	close(run.console_out);
}

/* QEMU gets an overlay of a power of two; the card is not touched, and the overlay goes away. */
static void test_the_card_stays_as_it_is(void **state)
{
	lkb_autofree char *overlay = NULL, *size = NULL, *after = NULL, *path = in_dir("overlay");
	struct lkb_qemu_run run = a_run();
	struct lkb_error err = {0};
	size_t len;

	if (access("/usr/bin/qemu-img", X_OK)) {
		print_message("qemu-img is not installed\n");
		skip();
	}
	run.disk = card;
	guest("for a; do case \"$a\" in file=*) f=${a#file=}; f=${f%%,format=*}; esac; done\n"
	      "printf %s \"$f\" >overlay\n"
	      "qemu-img info -U \"$f\" | grep '^virtual size' >size\n"
	      "qemu-io -f qcow2 -c 'write -P 255 0 4096' \"$f\" >/dev/null");
	run_succeeds(&run);
	assert_int_equal(lkb_read_file(path, 4096, &overlay, &len, &err), 0);
	assert_true(len > 0);
	assert_int_equal(access(overlay, F_OK), -1);
	free(path);
	path = in_dir("size");
	assert_int_equal(lkb_read_file(path, 4096, &size, &len, &err), 0);
	assert_string_equal(size, "virtual size: 1 MiB (1048576 bytes)\n");
	assert_int_equal(lkb_read_file(card, CARD_SIZE, &after, &len, &err), 0);
	assert_int_equal(len, CARD_SIZE);
	assert_true(lkb_is_zero(after, len));
}

static void assert_argv(const struct lkb_qemu_run *run, const char *disk, const char *vars,
			const char *want)
{
	lkb_autostrv argv = {0};
	lkb_autostr line = {0};
	struct lkb_error err = {0};
	size_t i;

	if (lkb_qemu_argv(run, disk, vars, &argv, &err))
		fail_msg("%s", err.message);
	for (i = 1; i < argv.n; i++)
		lkb_str_addf(&line, "%s%s", i > 1 ? " " : "", argv.items[i]);
	assert_string_equal(lkb_str_get(&line), want);
}

static void test_arguments(void **state)
{
	static const char *const extra[] = {"-d", "int"};
	struct lkb_qemu_run run = a_run();

	guest("");
	assert_argv(&run, NULL, NULL,
		    "-machine raspi3b -accel tcg,thread=single -m 1024M -display none -monitor "
		    "none -no-reboot -serial null -chardev stdio,id=console,signal=off "
		    "-serial chardev:console -nic none");
	run.net = true;
	run.hostfwd = "tcp:127.0.0.1:8080-:80,tcp::2222-:22";
	run.kernel = "u-boot.bin";
	run.dtb = "b.dtb";
	run.extra = extra;
	run.n_extra = 2;
	assert_argv(&run, "/tmp/a,b/0000", NULL,
		    "-machine raspi3b -accel tcg,thread=single -m 1024M -display none -monitor "
		    "none -no-reboot -serial null -chardev stdio,id=console,signal=off "
		    "-serial chardev:console -netdev "
		    "user,id=n,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=tcp::2222-:22,x=y "
		    "-kernel u-boot.bin -dtb b.dtb "
		    "-drive file=/tmp/a,,b/0000,format=qcow2,if=sd,cache=unsafe -d int");
}

static void test_a_boot_from_the_network(void **state)
{
	static const char *netboot[] = {"-netdev", "user,id=n%BOOT%%HOSTFWD%", "-boot", "n"};
	struct lkb_qemu_run run = a_run();
	lkb_autostrv argv = {0};
	struct lkb_error err = {0};

	guest("");
	run.tftp = "/tmp/a,b";
	run.bootfile = "boot.ipxe";
	run.hostfwd = "tcp::2222-:22";
	assert_int_equal(lkb_qemu_argv(&run, NULL, NULL, &argv, &err), -1);
	assert_string_equal(err.message, "board 'rpi3' has no network in QEMU");
	board.qemu.netboot_args = (struct lkb_strlist){.set = true, .n = 4, .items = netboot};
	board.qemu.efi.code = "/fw/code.fd";
	assert_argv(&run, NULL, "/tmp/0001",
		    "-machine raspi3b -accel tcg,thread=single -m 1024M -display none -monitor "
		    "none -no-reboot -serial null -chardev stdio,id=console,signal=off "
		    "-serial chardev:console "
		    "-netdev user,id=n,tftp=/tmp/a,,b,bootfile=boot.ipxe,hostfwd=tcp::2222-:22 "
		    "-boot n -drive if=pflash,unit=0,format=raw,readonly=on,file=/fw/code.fd "
		    "-drive if=pflash,unit=1,format=qcow2,cache=unsafe,file=/tmp/0001");
	board.qemu.netboot_args = (struct lkb_strlist){0};
	board.qemu.efi.code = NULL;
}

/* The architecture of this machine, as boards call it. */
static const char *own_arch(void)
{
	struct utsname u;

	assert_int_equal(uname(&u), 0);
	return !strcmp(u.machine, "x86_64") ? "amd64" : "arm64";
}

static void test_kvm_has_a_machine_of_its_own(void **state)
{
	static const char *kvm_args[] = {"-cpu", "host"};
	struct lkb_qemu_run run = a_run();
	struct lkb_board before = board;

	guest("");
	board.arch = own_arch();
	board.qemu.kvm = (struct lkb_board_kvm){
		.machine = "virt,gic-version=host",
		.args = {.set = true, .n = 2, .items = kvm_args}};
	board.qemu.efi.code = "/fw/code.fd";
	run.kvm = true;
	assert_argv(&run, "/tmp/0000", "/tmp/0001",
		    "-machine virt,gic-version=host -accel kvm -m 1024M -display none -monitor "
		    "none -cpu host -serial null -chardev stdio,id=console,signal=off "
		    "-serial chardev:console -nic none "
		    "-drive if=pflash,unit=0,format=raw,readonly=on,file=/fw/code.fd "
		    "-drive if=pflash,unit=1,format=qcow2,cache=unsafe,file=/tmp/0001 "
		    "-drive file=/tmp/0000,format=qcow2,if=sd,cache=unsafe");
	board = before;
}

static void test_a_machine_without_kvm(void **state)
{
	struct lkb_qemu_run run = a_run();
	struct lkb_board before = board;
	struct lkb_error err = {0};

	if (!access("/dev/kvm", F_OK)) {
		print_message("this machine has /dev/kvm\n");
		skip();
	}
	guest("");
	board.arch = own_arch();
	board.qemu.kvm.machine = "m";
	run.kvm = true;
	assert_int_equal(lkb_qemu_run(&run, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	assert_string_equal(err.message, "this machine has no KVM: '/dev/kvm' is not there");
	assert_string_equal(err.hint, "leave --kvm out");
	board = before;
}

static void test_firmware_is_two_flash_chips(void **state)
{
	struct lkb_qemu_run run = a_run();

	guest("");
	board.qemu.efi = (struct lkb_board_efi){.code = "/fw/a,b.fd", .vars = "/fw/vars.fd",
						.package = "ovmf"};
	assert_argv(&run, "/tmp/0000", "/tmp/0001",
		    "-machine raspi3b -accel tcg,thread=single -m 1024M -display none -monitor "
		    "none -no-reboot -serial null -chardev stdio,id=console,signal=off "
		    "-serial chardev:console -nic none "
		    "-drive if=pflash,unit=0,format=raw,readonly=on,file=/fw/a,,b.fd "
		    "-drive if=pflash,unit=1,format=qcow2,cache=unsafe,file=/tmp/0001 "
		    "-drive file=/tmp/0000,format=qcow2,if=sd,cache=unsafe");
	board.qemu.efi = (struct lkb_board_efi){0};
}

static void test_firmware_that_is_not_there(void **state)
{
	struct lkb_qemu_run run = a_run();
	struct lkb_error err = {0};

	guest("");
	run.efi = true;
	board.qemu.efi = (struct lkb_board_efi){0};
	run.disk = card;
	assert_int_equal(lkb_qemu_run(&run, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	assert_string_equal(err.message, "board 'rpi3' has no UEFI firmware in QEMU");
	board.qemu.efi = (struct lkb_board_efi){.code = "/nonexistent", .vars = "/x",
						.package = "ovmf"};
	assert_int_equal(lkb_qemu_run(&run, &err), -1);
	assert_int_equal(err.kind, LKB_MISSING);
	assert_string_equal(err.message, "the firmware '/nonexistent' is not there");
	assert_string_equal(err.hint, "install the Debian package 'ovmf'");
	board.qemu.efi = (struct lkb_board_efi){0};
}

static void test_arguments_that_contradict_each_other(void **state)
{
	struct lkb_qemu_run run = a_run();
	lkb_autostrv argv = {0};
	struct lkb_error err = {0};

	guest("");
	run.hostfwd = "tcp::80-:80";
	assert_int_equal(lkb_qemu_argv(&run, NULL, NULL, &argv, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	assert_string_equal(err.message, "a port forward needs the network");
	run = a_run();
	run.kvm = true;
	assert_int_equal(lkb_qemu_argv(&run, NULL, NULL, &argv, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	assert_string_equal(err.message, "board 'rpi3' can only be emulated");
	board.qemu.kvm.machine = "m";
	board.arch = "riscv64";
	assert_int_equal(lkb_qemu_argv(&run, NULL, NULL, &argv, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	assert_non_null(strstr(err.message, "cannot run board 'rpi3' (riscv64)"));
	assert_string_equal(err.hint, "leave --kvm out");
	board.arch = "arm64";
	board.qemu.kvm.machine = NULL;
	run = a_run();
	board.qemu.disk = NULL;
	assert_int_equal(lkb_qemu_argv(&run, "card", NULL, &argv, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	assert_string_equal(err.message, "board 'rpi3' has no disk in QEMU");
	board.qemu.disk = "sd";
	assert_null(argv.items);
}

/* The monitor is a socket at the guest's descriptor 3. */
static void test_a_device_is_plugged_in_when_the_console_says_so(void **state)
{
	static const char *const until[] = {"plugged"};
	struct lkb_qemu_run run = a_run();

	board.qemu.net_plug = (struct lkb_board_plug){
		.device = "usb-net,netdev=\"n\"", .after = "Starting kernel"};
	run.until = until;
	run.n_until = 1;
	run.net = true;
	guest("printf 'U-Boot\\nStarting '; sleep 0.2; echo 'kernel ...'; read -r a <&3; read -r b <&3\n"
	      "[ \"$a\" = '{\"execute\":\"qmp_capabilities\"}' ] || exit 3\n"
	      "[ \"$b\" = '{\"arguments\":{\"command-line\":\"device_add usb-net,netdev=\\\"n\\\"\"},"
	      "\"execute\":\"human-monitor-command\"}' ] || exit 4\n"
	      "echo '{\"QMP\": {}}' >&3; echo '{\"return\": \"\"}' >&3; echo plugged; exec sleep 100");
	run_succeeds(&run);
	guest("echo 'Starting kernel'; read -r a <&3\n"
	      "echo '{\"return\": {}}' >&3; printf '{\"return\": \"Error: no such' >&3; sleep 0.2\n"
	      "printf '%s\\n' ' thing\\r\\n\"}' >&3; exec sleep 100");
	run_fails(&run, LKB_DIDNT, "QEMU does not take the device 'usb-net,netdev=\"n\"': "
				   "Error: no such thing");
	/* Without a network there is no monitor either. */
	run.net = false;
	guest("echo 'Starting kernel'; echo x 2>/dev/null >&3 || echo plugged; exec sleep 100");
	run_succeeds(&run);
	board.qemu.net_plug = (struct lkb_board_plug){0};
}

static void test_texts_are_found_however_the_stream_is_cut(void **state)
{
	static const char *const texts[] = {"abcabd", "aaa", "d", ""};
	static const char stream[] = "ababcabcabdaabaaa";
	size_t cut;

	for (cut = 0; cut < sizeof(stream); cut++) {
		struct lkb_watch w = {0};

		lkb_watch_init(&w, texts, 4);
		assert_int_equal(w.n_seen, 1); /* the empty text */
		lkb_watch_feed(&w, stream, cut);
		lkb_watch_feed(&w, stream + cut, sizeof(stream) - 1 - cut);
		assert_int_equal(w.n_seen, 4);
		lkb_watch_clear(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_when_all_texts_were_seen),
		cmocka_unit_test(test_a_text_may_come_in_pieces),
		cmocka_unit_test(test_a_guest_may_end_by_itself),
		cmocka_unit_test(test_the_last_words_count),
		cmocka_unit_test(test_time_out),
		cmocka_unit_test(test_time_out_of_a_guest_that_never_stops_talking),
		cmocka_unit_test(test_time_out_with_nothing_to_wait_for),
		cmocka_unit_test(test_a_guest_that_fails),
		cmocka_unit_test(test_a_guest_that_dies),
		cmocka_unit_test(test_a_guest_that_does_not_listen_to_sigterm),
		cmocka_unit_test(test_what_the_guest_left_behind_is_ended_too),
		cmocka_unit_test(test_a_program_that_is_missing),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_the_console_goes_both_ways),
		cmocka_unit_test(test_a_terminal),
		cmocka_unit_test(test_input_nobody_reads),
		cmocka_unit_test(test_nobody_takes_the_output),
		cmocka_unit_test(test_the_card_stays_as_it_is),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_a_boot_from_the_network),
		cmocka_unit_test(test_kvm_has_a_machine_of_its_own),
		cmocka_unit_test(test_a_machine_without_kvm),
		cmocka_unit_test(test_firmware_is_two_flash_chips),
		cmocka_unit_test(test_firmware_that_is_not_there),
		cmocka_unit_test(test_arguments_that_contradict_each_other),
		cmocka_unit_test(test_a_device_is_plugged_in_when_the_console_says_so),
		cmocka_unit_test(test_texts_are_found_however_the_stream_is_cut),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
