/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running kernel. System calls are asked by base/compat.c, the rest is read from
 * /proc and, for what is loaded when it is needed, from modules.dep. With --root this is
 * the kernel that vs2vz runs on; the host's own is only known by its directories.
 */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/compat.h"

#define TEXT_MAX (16u << 20)

/* Does a file of /proc have the word, between blanks? *seen: why not. */
static bool proc_has(const struct doctor *d, const char *path, const char *word)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	size_t len = strlen(word);
	struct err err;

	if (root_read(&d->s->proc, path, TEXT_MAX, &text, &err) < 0)
		return false;
	for (const char *at = text.data; (at = strstr(at, word)); at += len)
		if ((at == text.data || strchr(" \t\n", at[-1])) &&
		    (!at[len] || strchr(" \t\n", at[len])))
			return true;
	return false;
}

/* What modprobe would find for the running kernel; NULL: nothing. */
static const char *module_file(const struct doctor *d, const char *name)
{
	static const char *const lists[] = { "modules.dep", "modules.builtin" };
	struct pool *pool = &d->s->pool;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *path = pool_printf(pool, "/lib/modules/%s/%s", d->release, lists[i]);
		struct buf text CLEANUP_BUF = BUF_INIT;
		struct err err;

		if (root_read(&d->real, path, TEXT_MAX, &text, &err) == 0 &&
		    strstr(text.data, pool_printf(pool, "/%s.ko", name)))
			return path;
	}
	return NULL;
}

static enum doctor_answer ask_release(struct doctor *d, const char *arg, const char **seen)
{
	struct utsname name;

	(void)arg;
	if (uname(&name) < 0)
		return DOCTOR_UNKNOWN;
	*seen = pool_printf(&d->s->pool, "%s %s, %s", show(name.sysname), show(name.release),
			    show(name.machine));
	return DOCTOR_YES;
}

static const char *installed_kernels(const struct doctor *d)
{
	const char *list = NULL;

	for (size_t i = 0; i < d->service.nr_kernels; i++)
		list = pool_printf(&d->s->pool, "%s%s%s", list ? list : "", list ? ", " : "",
				   show(d->service.kernel[i].release));
	return list ? list : "none";
}

static enum doctor_answer ask_openvz(struct doctor *d, const char *arg, const char **seen)
{
	static const char *const words[] = {
		[KERNEL_OPENVZ] = "an OpenVZ kernel, and this is its host system",
		[KERNEL_OPENVZ_CT] = "an OpenVZ kernel, but this is one of its containers",
		[KERNEL_VSERVER] = "a Linux-VServer kernel",
		[KERNEL_OTHER] = "there is no /proc/vz",
	};

	(void)arg;
	if (!d->s->live) {
		*seen = pool_printf(&d->s->pool, "the host is not running; OpenVZ kernels below "
				    "its /lib/modules: %s", installed_kernels(d));
		return DOCTOR_UNKNOWN;
	}
	if (d->blind) {
		*seen = d->blind;
		return DOCTOR_UNKNOWN;
	}
	*seen = words[d->s->host.kernel];
	return d->s->host.kernel == KERNEL_OPENVZ ? DOCTOR_YES : DOCTOR_NO;
}

/* A path of /proc. */
static enum doctor_answer ask_proc(struct doctor *d, const char *arg, const char **seen)
{
	enum doctor_answer answer;
	struct stat st;
	struct err err;

	answer = root_lstat(&d->s->proc, arg, &st, &err) == 0 ? DOCTOR_YES :
		 err_is_absent(&err) ? DOCTOR_NO : DOCTOR_UNKNOWN;
	*seen = pool_printf(&d->s->pool, answer == DOCTOR_YES ? "/proc%s" : "there is no /proc%s", arg);
	return answer;
}

static enum doctor_answer ask_vswap(struct doctor *d, const char *arg, const char **seen)
{
	if (!d->s->live) {
		*seen = "only the host's running kernel tells";
		return DOCTOR_UNKNOWN;
	}
	return ask_proc(d, arg, seen);
}

static enum doctor_answer ask_namespaces(struct doctor *d, const char *arg, const char **seen)
{
	static const char *const spaces[] = { "ipc", "mnt", "net", "pid", "uts" };
	const char *missing = NULL;
	struct stat st;
	struct err err;

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (root_lstat(&d->s->proc, pool_printf(&d->s->pool, "%s/%s", arg, spaces[i]), &st,
			       &err) < 0)
			missing = pool_printf(&d->s->pool, "%s%s%s", missing ? missing : "",
					      missing ? ", " : "missing: ", spaces[i]);
	*seen = missing ? missing : "ipc, mnt, net, pid, uts";
	return missing ? DOCTOR_NO : DOCTOR_YES;
}

/* "overlay": known to the kernel now, or as soon as it is mounted. */
static enum doctor_answer ask_file_system(struct doctor *d, const char *arg, const char **seen)
{
	const char *module = NULL;

	*seen = "/proc/filesystems";
	if (proc_has(d, "/filesystems", arg))
		return DOCTOR_YES;
	module = module_file(d, arg);
	*seen = module ? pool_printf(&d->s->pool, "%s; not loaded now", module)
		       : "neither in /proc/filesystems nor among the modules";
	return module ? DOCTOR_YES : DOCTOR_NO;
}

/* A word of /proc/devices, and the module that makes it. */
static enum doctor_answer ask_driver(struct doctor *d, const char *arg, const char **seen)
{
	const char *module;

	*seen = "/proc/devices";
	if (proc_has(d, "/devices", arg) || proc_has(d, "/misc", arg))
		return DOCTOR_YES;
	module = module_file(d, strcmp(arg, "device-mapper") == 0 ? "dm-mod" : arg);
	*seen = module ? pool_printf(&d->s->pool, "%s; not loaded now", module)
		       : "neither in /proc/devices nor among the modules";
	return module ? DOCTOR_YES : DOCTOR_NO;
}

static enum doctor_answer ask_loop_control(struct doctor *d, const char *arg, const char **seen)
{
	return doctor_exists(d, &d->real, arg, seen);
}

static enum doctor_answer ask_seccomp(struct doctor *d, const char *arg, const char **seen)
{
	bool there = proc_has(d, "/self/status", arg);

	*seen = there ? "/proc/self/status" : "no line in /proc/self/status";
	return there ? DOCTOR_YES : DOCTOR_NO;
}

static enum doctor_answer ask_precision(struct doctor *d, const char *arg, const char **seen)
{
	bool fine = kernel_can(CAN_SET_NANOSECONDS);

	(void)d, (void)arg;
	*seen = fine ? "nanoseconds, as far as the file system keeps them (ext3: seconds)"
		     : "microseconds; times of links and nodes cannot be set";
	return fine ? DOCTOR_YES : DOCTOR_NO;
}

/* A descriptor that is none is refused by a kernel that knows the call. */
static enum doctor_answer ask_fallocate(struct doctor *d, const char *arg, const char **seen)
{
	bool known = syscall(SYS_fallocate, -1, 0, 0L, 1L, 0L, 0L) == 0 || errno != ENOSYS;

	(void)d, (void)arg;
	*seen = "Linux 2.6.23 and later";
	return known ? DOCTOR_YES : DOCTOR_NO;
}

static const struct doctor_row rows[] = {
	{ "release", ask_release, NULL, false, NULL, NULL, NULL },
	{ "openvz", ask_openvz, NULL, true, "convert verify",
	  "convert is refused (VS101 to VS103), verify --start rehearses instead of calling vzctl",
	  "boot the OpenVZ kernel: `vs2vz help howto`" },
	{ "vswap", ask_vswap, "/vz/vswap", false, "convert",
	  "samples with PHYSPAGES and SWAPPAGES alone do not limit a container",
	  "choose a sample without vSwap: --sample NAME" },
	{ "name-spaces", ask_namespaces, "/self/ns", false, "verify",
	  "a start cannot be rehearsed", "verify --start under the OpenVZ kernel calls vzctl" },
	{ "cgroup-name-spaces", ask_proc, "/self/ns/cgroup", false, "verify",
	  "guests with systemd cannot be rehearsed", NULL },
	{ "overlay", ask_file_system, "overlay", false, "verify", "a start cannot be rehearsed",
	  "modprobe overlay, where the kernel has it" },
	{ "seccomp", ask_seccomp, "Seccomp:", false, "verify", "a start cannot be rehearsed", NULL },
	{ "ext4", ask_file_system, "ext4", false, "convert insulate",
	  "volumes become ext3 where the host's kernel has no ext4", NULL },
	{ "loop", ask_driver, "loop", false, "convert insulate verify",
	  "containers in image files cannot be mounted", "modprobe loop" },
	{ "loop-control", ask_loop_control, "/dev/loop-control", false, "insulate verify",
	  "free loop devices are searched for among those in /dev; where all are taken, image\n"
	  "files are not mounted", "modprobe loop max_loop=64, where all are taken" },
	{ "device-mapper", ask_driver, "device-mapper", false, "convert insulate",
	  "there are no logical volumes: --lv and lv:VG are refused", "modprobe dm-mod" },
	{ "fallocate", ask_fallocate, NULL, false, "convert insulate",
	  "an image file takes its space while it is filled, not beforehand", NULL },
	{ "precise-times", ask_precision, NULL, false, "convert undo verify",
	  "times are compared as far as this kernel can set them; the plan says so",
	  "a kernel from 2.6.22 on (rescue system) for what must be exact" },
};

/* Below --root nothing depends on the kernel that runs: convert is not refused for it. */
static const struct doctor_row offline = {
	"openvz", ask_openvz, NULL, false, NULL, NULL, NULL,
};

/* Which commands use an ability of base/compat.h; all work without, in another way. */
static const char *const users[CAN_NR] = {
	[CAN_OPENAT2] = "scan check plan convert undo commit verify",
	[CAN_FCHMODAT2] = "convert undo",
	[CAN_LOOP_CONFIGURE] = "insulate verify",
	[CAN_MOUNT_ROOT] = "scan check plan convert",
	[CAN_MOUNTINFO] = "scan check plan convert undo commit",
	[CAN_MOUNT_IDS] = "scan check plan convert",
	[CAN_STATX] = "scan check plan convert",
	[CAN_RENAMEAT2] = "convert undo",
	[CAN_SEEK_HOLES] = "convert insulate verify",
	[CAN_SYNCFS] = "convert insulate undo",
	[CAN_NO_AUTOMOUNT] = "scan check plan",
	[CAN_SET_CLOEXEC] = "verify insulate",
};

/* What base/compat.c only learns when it is used. */
static enum doctor_answer try_mount_ids(struct doctor *d, const char **seen)
{
	const char *path = pool_printf(&d->s->pool, "/self/fdinfo/%d", d->real.fd);
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;
	bool there = root_read(&d->s->proc, path, 4096, &text, &err) == 0 &&
		     strstr(text.data, "mnt_id:");

	*seen = there ? "/proc/self/fdinfo has them" : "/proc/self/fdinfo has none";
	return there ? DOCTOR_YES : DOCTOR_NO;
}

static enum doctor_answer try_seek(struct doctor *d, const char **seen)
{
	static const char *const files[] = { "/etc/passwd", "/etc/fstab", "/etc/hostname" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct err err;
		int CLEANUP_FD fd = root_open(&d->real, files[i], &err);

		if (fd < 0)
			continue;
		*seen = pool_printf(&d->s->pool, "tried on %s", files[i]);
		return lseek(fd, 0, SEEK_HOLE) >= 0 || errno == ENXIO ? DOCTOR_YES : DOCTOR_NO;
	}
	*seen = "there is no file to try it on";
	return DOCTOR_UNKNOWN;
}

/* Trying it would take a loop device: the version must do, a back-port stays unknown. */
static enum doctor_answer try_loop_configure(struct doctor *d, const char **seen)
{
	unsigned major = 0, minor = 0;
	bool newer = sscanf(d->release, "%u.%u", &major, &minor) == 2 &&
		     (major > 5 || (major == 5 && minor >= 8));

	*seen = newer ? "Linux 5.8 and later" : "older than Linux 5.8; told when it is first used";
	return newer ? DOCTOR_YES : DOCTOR_UNKNOWN;
}

static enum doctor_answer (*const tries[CAN_NR])(struct doctor *d, const char **seen) = {
	[CAN_LOOP_CONFIGURE] = try_loop_configure,
	[CAN_MOUNT_IDS] = try_mount_ids,
	[CAN_SEEK_HOLES] = try_seek,
};

void doctor_kernel(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		doctor_ask(d, "kernel", !d->s->live && rows[i].answer == ask_openvz ? &offline : &rows[i]);
	for (int i = 0; i < CAN_NR; i++) {
		const struct kernel_ability *a = &kernel_abilities[i];
		struct doctor_line line = {
			.area = "kernel", .name = a->name, .commands = users[i], .lacks = a->without,
			.seen = pool_printf(&d->s->pool, "Linux %s and later", a->since),
			.answer = kernel_can((enum kernel_can)i) ? DOCTOR_YES : DOCTOR_NO,
		};

		if (tries[i] && line.answer == DOCTOR_YES)
			line.answer = tries[i](d, &line.seen);
		if (i != CAN_SET_NANOSECONDS)
			doctor_add(d, &line);
	}
}
