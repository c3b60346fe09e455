/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libext2fs writes goes past base/sys.c: the tables of a new file system. Its door to
 * the device, unix_io_manager, is replaced by one that counts each write, lets it through,
 * fails it or ends the process. Linked with --wrap=unix_io_manager.
 */
#include "fault.h"

#include <errno.h>
#include <sys/types.h>

#include <ext2fs/ext2fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern io_manager __real_unix_io_manager;
extern io_manager __wrap_unix_io_manager;

static struct struct_io_manager ours;
io_manager __wrap_unix_io_manager = &ours;

/* The program opens "/proc/self/fd/N". */
static int fd_of(io_channel ch)
{
	int fd;

	return sscanf(ch->name, "/proc/self/fd/%d", &fd) == 1 ? fd : -1;
}

static errcode_t door_open(const char *name, int flags, io_channel *ch)
{
	errcode_t code = __real_unix_io_manager->open(name, flags, ch);

	if (!code)
		(*ch)->manager = &ours;
	return code;
}

/* A count below zero is one of bytes. */
static size_t bytes_of(io_channel ch, int count)
{
	return count < 0 ? (size_t)-count : (size_t)count * (size_t)ch->block_size;
}

/* Of a write that the end of the process cuts, half arrives. */
static void tear(io_channel ch, unsigned long long block, int count, const void *data)
{
	size_t len = bytes_of(ch, count);

	if (!fault_ends_next() || len < 2)
		return;
	__real_unix_io_manager->write_blk64(ch, block, -(int)(len / 2), data);
	__real_unix_io_manager->flush(ch);
}

static errcode_t door_write64(io_channel ch, unsigned long long block, int count,
			      const void *data)
{
	bool in = fault_enter();
	errcode_t code;

	if (in)
		tear(ch, block, count, data);
	if (in && fault_hit()) {
		code = errno;
	} else {
		if (fault_power())
			power_block(fd_of(ch), (off_t)block * ch->block_size, bytes_of(ch, count));
		code = __real_unix_io_manager->write_blk64(ch, block, count, data);
	}
	fault_leave(in);
	return code;
}

static errcode_t door_write(io_channel ch, unsigned long block, int count, const void *data)
{
	return door_write64(ch, block, count, data);
}

static errcode_t door_write_byte(io_channel ch, unsigned long at, int count, const void *data)
{
	bool in = fault_enter();
	errcode_t code;

	if (in && fault_hit()) {
		code = errno;
	} else {
		if (fault_power())
			power_block(fd_of(ch), (off_t)at, (size_t)count);
		code = __real_unix_io_manager->write_byte(ch, at, count, data);
	}
	fault_leave(in);
	return code;
}

/* Written as zeros by libext2fs where the device cannot do it. */
static errcode_t door_clear(io_channel ch, unsigned long long block, unsigned long long count)
{
	(void)ch;
	(void)block;
	(void)count;
	return EXT2_ET_UNIMPLEMENTED;
}

static errcode_t door_flush(io_channel ch)
{
	bool in = fault_enter();
	errcode_t code;
	struct stat st;

	if (in && fault_hit()) {
		code = errno;
	} else {
		code = __real_unix_io_manager->flush(ch);
		if (!code && fault_power() && fstat(fd_of(ch), &st) == 0)
			power_block_synced(&st, false);
	}
	fault_leave(in);
	return code;
}

__attribute__((constructor)) static void set_up_door(void)
{
	ours = *__real_unix_io_manager;
	ours.open = door_open;
	ours.write_blk = door_write;
	ours.write_blk64 = door_write64;
	ours.write_byte = door_write_byte;
	ours.flush = door_flush;
	ours.zeroout = door_clear;
	ours.discard = door_clear;
}
