# SPDX-License-Identifier: GPL-2.0-or-later
#
# File systems in files, mounted by loop devices, for tests that run as root.

# have_fs TYPE: both the kernel and mkfs know it
have_fs() {
	command -v "mkfs.$1" >/dev/null || return 1
	grep -qw "$1" /proc/filesystems || modprobe -q "$1" 2>/dev/null || return 1
	grep -qw "$1" /proc/filesystems
}

# mount_new TYPE SIZE DIR [MKFS-OPTION...]: a new file system on DIR
mount_new() {
	local type=$1 size=$2 dir=$3 image force=-q
	shift 3
	image=$(mktemp "$scratch/$type.XXXXXX.img")
	truncate -s "$size" "$image"
	[ "$type" = btrfs ] && force=-fq
	[ "$type" = xfs ] && force=-fq
	mkdir -p "$dir"
	"mkfs.$type" "$force" "$@" "$image" >"$scratch/mkfs.log" 2>&1 || { cat "$scratch/mkfs.log" >&2; return 1; }
	mount -o loop "$image" "$dir" || return 1
	# A lost+found would be an object that the tests must always mention.
	rmdir "$dir/lost+found" 2>/dev/null
	chmod 755 "$dir"
}

# What a kernel before 2.6.22 can set: microseconds, and none of what is no file or
# directory.
settable_times() {
	if [ "${VS2VZ_TEST_TIMES:-}" = microseconds ]; then
		sed -E 's/( mtime=-?[0-9]+\.[0-9]{6})[0-9]{3}/\1/; /^[^ ]+ [^fd] /s/ mtime=[-0-9.]+//'
	else
		cat
	fi
}

# tree FILE DIR [MANIFEST-OPTION...]: write the manifest of DIR to FILE. One that could not be
# made equals no other.
unread=0
tree() {
	local file=$1 dir=$2
	shift 2
	(set -o pipefail; "$MANIFEST" "$@" "$dir" | settable_times) >"$file" || [ -s "$file" ] ||
		echo "no manifest of $dir, try $((unread += 1))" >"$file"
}

# host_tree FILE R: everything of a host but what the tool keeps for itself
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz; }

# Loop devices that go with the test, where it says: trap finish EXIT
devices=()
finish() {
	local d
	for d in "${devices[@]}"; do losetup -d "$d" 2>/dev/null; done
	clean_up
}

# new_device SIZE: a blank one, in $device
new_device() {
	local image
	image=$(mktemp "$scratch/device.XXXXXX")
	truncate -s "$1" "$image"
	device=$(losetup -f --show "$image") || exit 1
	devices+=("$device")
}
