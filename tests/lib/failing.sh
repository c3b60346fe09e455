# SPDX-License-Identifier: GPL-2.0-or-later
#
# Disks that fail when they are told to (tests/failing-disk.c), and disks of others that
# lie beside them. Source after tap.sh and fs.sh.

FAILING=$VS2VZ_BUILD/tests/failing-disk
disks=()
images=()

need_failing_disk() {
	need_loop
	[ -x "$FAILING" ] || skip_unless_required "no libfuse3 to build with"
	[ -c /dev/fuse ] || skip_unless_required "no /dev/fuse"
	mkdir "$scratch/try"
	failing_server "$scratch/try" 1M || skip_unless_required "FUSE cannot be mounted"
	umount "$scratch/try"
}

# failing_server DIRECTORY SIZE
failing_server() {
	truncate -s "$2" "$1.img"
	"$FAILING" "$1.img" "$1" 2>"$scratch/server.err" &
	server=$!
	for _ in $(seq 50); do
		[ ! -e "$1/control" ] || return 0
		sleep 0.1
	done
	return 1
}

# new_disk SIZE [LOSETUP-OPTION...]: its device in $disk, its orders go to $control
new_disk() {
	local at=$scratch/disk${#disks[@]} size=$1
	shift
	mkdir "$at"
	failing_server "$at" "$size" || exit 1
	disk=$(losetup -f --show "$@" "$at/disk") || exit 1
	disks+=("$disk")
	control=$at/control
}

order() { echo "$*" >"$control"; }

refused_calls() { cut -d' ' -f3 "$control"; }

# Sound again, and nothing is remembered of what was written in vain.
heal() {
	blockdev --flushbufs "$disk" 2>/dev/null
	order heal
	blockdev --flushbufs "$disk"
}

blank() {
	order heal
	dd if=/dev/zero of="$disk" bs=1M count=2 conv=fsync 2>/dev/null
	blockdev --flushbufs "$disk"
}

stop_disks() {
	local c d
	for c in "$scratch"/disk*/control; do
		[ ! -e "$c" ] || echo heal >"$c" 2>/dev/null
	done
	unmount_below "$scratch"
	for d in "${disks[@]}" "${images[@]}"; do
		losetup -d "$d" 2>/dev/null
	done
	clean_up
}

# ---- what belongs to others

# other SIZE: a new device, in $device
other() {
	local image
	image=$(mktemp "$scratch/other.XXXXXX")
	truncate -s "$1" "$image"
	device=$(losetup -f --show "$image") || exit 1
	images+=("$device")
}

# poke DEVICE OFFSET: bytes from stdin
poke() { dd of="$1" bs=1 seek="$2" conv=notrunc,fsync 2>/dev/null; }

others_lie_beside() {
	other 8M
	mkfs.ext4 -q -F "$device"
	if have_fs xfs; then
		other 512M
		mkfs.xfs -q -f "$device"
	fi
	other 8M
	mkswap "$device" >/dev/null 2>&1
	# LVM: label_header and pv_header in sector 1 (lvm2: lib/format_text/layout.h)
	other 8M
	printf 'LABELONE\1\0\0\0\0\0\0\0\0\0\0\0\40\0\0\0LVM2 001' | poke "$device" 512
	# md 1.2: superblock at 4096 (kernel: include/uapi/linux/raid/md_p.h)
	other 8M
	printf '\374\116\053\251\1\0\0\0' | poke "$device" 4096
	other 8M
	printf '\200\0\0\0\203\0\0\0\0\010\0\0\0\020\0\0' | poke "$device" 446
	printf '\125\252' | poke "$device" 510
	other 8M
	head -c 8M /dev/urandom >"$device"
	sync
	others_sums >"$scratch/others"
}

others_sums() {
	local d
	# Any write at all gives the file behind it another time.
	for d in "${images[@]}"; do
		head -c 8M "$d" | md5sum
		stat -c '%y %b' "$(losetup -n -O BACK-FILE "$d")"
	done
}

others_untouched() {
	others_sums >"$scratch/others-now"
	same_files "$scratch/others" "$scratch/others-now" "$1: no device of others was written to"
}
