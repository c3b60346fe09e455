/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes and listening sockets from a /proc of plain files, and our own from the
 * kernel's: names with parentheses, odd lines, sockets held by several processes.
 */
#include "base/procs.h"

#include "fixture.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#define TCP_HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"

static struct fixture fx;

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

static bool everyone(const struct proc *p, const void *ctx)
{
	(void)ctx;
	return p->pid > 0;
}

static bool in_seven(const struct proc *p, const void *ctx)
{
	(void)ctx;
	return p->veid == 7;
}

static void processes_are_read(void **state)
{
	struct procs all, some;

	(void)state;
	fixture_file(&fx, "/12/stat", "12 (a) b) S 3 12 12 0 -1\n");
	fixture_file(&fx, "/12/status", "Name:\ta\nenvID:\t7\nState:\tS\n");
	fixture_link(&fx, "/", "/12/root");
	fixture_file(&fx, "/3/stat", "3 (init) S 0 3 3 0 -1\n");
	fixture_file(&fx, "/4/stat", "rubbish");
	fixture_file(&fx, "/5/stat", "5 ()");
	fixture_file(&fx, "/12x/stat", "12 (x) S 1 1\n");
	fixture_dir(&fx, "/vz");
	assert_int_equal(procs_read(&all, &fx.root, &fx.pool, &fx.err), 0);
	assert_int_equal(all.nr, 2);
	assert_int_equal(all.v[0].pid, 3);
	assert_string_equal(all.v[1].program, "a) b");
	assert_int_equal(all.v[1].parent, 3);
	assert_int_equal(all.v[1].state, 'S');
	assert_string_equal(all.v[1].root, "/");
	assert_true(all.v[1].root_ino != 0);
	procs_keep(&some, &all, in_seven, NULL, &fx.pool);
	assert_int_equal(some.nr, 1);
	assert_int_equal(some.v[0].pid, 12);
}

static void command_lines_are_bounded(void **state)
{
	char text[8];

	(void)state;
	fixture_bytes(&fx, "/3/cmdline", "init\0-z\0long", 12);
	proc_command(text, sizeof(text), &fx.root, 3);
	assert_string_equal(text, "init -z");
	proc_command(text, sizeof(text), &fx.root, 4);
	assert_string_equal(text, "");
}

static void sockets_find_their_programs(void **state)
{
	struct listeners ports;
	struct procs all;

	(void)state;
	fixture_file(&fx, "/3/stat", "3 (sshd) S 0 3 3 0 -1\n");
	fixture_file(&fx, "/9/stat", "9 (child) S 3 3 3 0 -1\n");
	fixture_link(&fx, "socket:[501]", "/3/fd/4");
	fixture_link(&fx, "socket:[501]", "/9/fd/4");
	fixture_link(&fx, "socket:[503]", "/9/fd/5");
	fixture_link(&fx, "/dev/null", "/9/fd/0");
	fixture_file(&fx, "/3/net/tcp", TCP_HEAD
		"   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 501 1 x\n"
		"   1: 0100007F:0017 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 502 1 x\n"
		"   2: zz\n"
		"   3: 0100007F:0018 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 999 1 x\n"
		"   4: 0100007F:001");
	fixture_file(&fx, "/3/net/udp6", TCP_HEAD
		"  77: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 "
		"00000000:00000000 00:00000000 00000000   101        0 503 2 x\n");
	assert_int_equal(procs_read(&all, &fx.root, &fx.pool, &fx.err), 0);
	listeners_read(&ports, &fx.root, &all, &fx.pool);
	assert_int_equal(ports.nr, 2);
	assert_string_equal(ports.v[0].program, "sshd");	/* the lowest number */
	assert_int_equal(ports.v[0].port, 22);
	assert_string_equal(ports.v[0].protocol, "tcp");
	assert_string_equal(ports.v[1].program, "child");
	assert_string_equal(ports.v[1].protocol, "udp");
	assert_int_equal(ports.v[1].port, 53);
	if (htonl(1) != 1) {	/* the tables are in the machine's order */
		assert_string_equal(ports.v[0].address, "127.0.0.1");
		assert_string_equal(ports.v[1].address, "::1");
	}
	listeners_read(&ports, &fx.root, &(struct procs){ 0 }, &fx.pool);
	assert_int_equal(ports.nr, 0);
}

/* Against the kernel: a socket of this program is found under its own name. */
static void our_own_socket(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	struct listeners ports;
	struct procs all, mine;
	struct root proc;
	bool found = false;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		skip();
	assert_int_equal(root_init(&proc, "/proc", &fx.err), 0);
	assert_int_equal(procs_read(&all, &proc, &fx.pool, &fx.err), 0);
	procs_keep(&mine, &all, everyone, NULL, &fx.pool);
	listeners_read(&ports, &proc, &mine, &fx.pool);
	for (size_t i = 0; i < ports.nr; i++)
		found |= ports.v[i].port == ntohs(at.sin_port) && ports.v[i].pid == getpid() &&
			 strcmp(ports.v[i].address, "127.0.0.1") == 0;
	assert_true(found);
	close(fd);
	root_release(&proc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(processes_are_read),
		TEST(command_lines_are_bounded),
		TEST(sockets_find_their_programs),
		TEST(our_own_socket),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
