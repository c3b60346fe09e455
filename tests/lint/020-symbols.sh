#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may call what: read from the objects, where no macro can hide it.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

# symbols (extended regex) | objects that may use them (extended regex) | what it is
table='
^(rename|renameat|renameat2|mkdir|mkdirat|rmdir|unlink|unlinkat|remove|link|linkat|symlink|symlinkat|mknod|mknodat|mkfifo|mkfifoat)$	base/sys	names are changed by sys.c alone
^(chmod|fchmod|fchmodat|lchmod|chown|fchown|lchown|fchownat|utime|utimes|utimensat|futimens|lutimes)$	base/sys	metadata are changed by sys.c alone
^(setxattr|lsetxattr|fsetxattr|removexattr|lremovexattr|fremovexattr)$	base/sys	attributes are changed by sys.c alone
^(pwrite|pwrite64|ftruncate|ftruncate64|truncate|truncate64|fallocate|fallocate64|posix_fallocate|posix_fallocate64|fsync|fdatasync|syncfs|sync|sendfile|sendfile64|copy_file_range|splice)$	base/sys	content is changed by sys.c alone
^(write|writev|dprintf|vdprintf)$	base/(sys|log|progress|err)|main	bytes are written by sys.c, messages by log.c
^(creat|creat64|open|open64|fopen|fopen64|freopen|opendir|open_by_handle_at)$	base/(inroot|root|walkpath)[a-z_]*	plain paths are opened in one place
^(openat|openat64)$	base/(sys|inroot|names|walkpath|root|std)[a-z_]*	everything else is opened by the door
^(realpath|canonicalize_file_name|__realpath_chk|system|popen|execv|execvp|execl|execlp|vfork|posix_spawn|posix_spawnp|chroot|umount|clone)$	-	nobody resolves paths or starts programs by the library
^(fork|execve|waitpid)$	run/start_(jail|inside|vzctl)|step/(tool|mounted)	programs are started by the start test; e2fsck, lvm and vzquota by tool.c; a child that mounts in private
^kill$	run/start_(jail|vzctl|stop|groups)|openvz/.*lock[a-z_]*|step/tool|base/loop	signals are sent by the start test, and to a program whose time is over; the lock and a loop device left behind ask who lives
^(mount|unshare)$	run/start_(jail|inside|mounts|groups)|step/mounted	mounts are made in private: by a rehearsal, and to see into a file system
^(umount2|chdir|fchdir|setns|pivot_root)$	run/start_(jail|inside|mounts|groups)	nobody else leaves or unmounts anything
^cap_	run/start_rights	libcap
^(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|alloca|tmpnam|tempnam|mktemp|__strcpy_chk|__strcat_chk|__sprintf_chk)$	-	no function without bounds
^sys_	(step|run)/.*|base/(sys|atomic)|openvz/.*lock[a-z_]*	changes are made by steps, the loop, atomic.c and the lock
^(blkid|mnt)_	base/fsinfo[a-z_]*	libblkid and libmount
^cfg_	settings[a-z_]*	libconfuse
^json_	report_(json|load)[a-z_]*|before_json	jansson
^ext2fs_	(base/hidden|step/image)[a-z_]*	libext2fs
^XXH	base/hash|step/content	libxxhash
^(printf|puts|putchar|vprintf|__printf_chk)$	main|report[a-z_]*	stdout belongs to the report
'

# One line for each symbol that an object wants: NAME SYMBOL. An object whose source is gone
# is of no interest.
wanted=$scratch/wanted
(cd "$VS2VZ_BUILD/obj/vs2vz" && find . -name '*.o' | sort | xargs -r nm -A -u) 2>/dev/null |
	sed -n 's,^\./\(.*\)\.o: *[Uwv] \([^@]*\).*,\1 \2,p' |
	while read -r name symbol; do
		[ ! -f "vs2vz/$name.c" ] || printf '%s %s\n' "$name" "$symbol"
	done >"$wanted"
ok "there are objects" test -s "$wanted"
while IFS=$'\t' read -r symbols who what; do
	[ -n "$symbols" ] || continue
	is "$(symbols=$symbols who="^($who)\$" awk '
		$2 ~ ENVIRON["symbols"] && $1 !~ ENVIRON["who"] { print $1 ":" $2 }' "$wanted")" "" "$what"
done <<<"$table"
done_testing
