# SPDX-License-Identifier: GPL-2.0-or-later
#
# Power cuts by tests/block-recorder.c: what a command writes to one or two disks is
# recorded once, and of that as many disks are made as are asked for, each as a cut would
# have left it. Source after tap.sh and fs.sh; $R is where the first disk is mounted,
# $fs its type; the second one, where $second names a place below $R, is mounted there.

RECORDER=$VS2VZ_BUILD/tests/block-recorder
second=
made=0 lost=0

need_recorder() {
	need_loop
	[ -x "$RECORDER" ] || skip_unless_required "no libfuse3 to build with"
	[ -c /dev/fuse ] || skip_unless_required "no /dev/fuse"
	have_fs "$fs" || skip_unless_required "no $fs"
	# What a sync of this machine costs is of no interest here.
	store=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "$scratch")" vs2vz-disks.XXXXXX) ||
		exit 1
	trap stop_recorder EXIT
}

stop_recorder() {
	unmount_below "$scratch"
	rm -rf "$store"
	clean_up
}

disks_in_use() { echo 0 ${second:+1}; }

# The btrfs module knows a file system by its UUID and refuses an older copy of what it saw.
forget_btrfs() { [ "$fs" != btrfs ] || btrfs device scan --forget >/dev/null 2>&1; }

# mount_disks DEVICE-OR-IMAGE-0 [DEVICE-OR-IMAGE-1]
mount_disks() {
	local loop=
	[ -b "$1" ] || loop="-o loop"
	mkdir -p "$R"
	# shellcheck disable=SC2086
	mount -t "$fs" $loop "$1" "$R" || return 1
	[ -z "$second" ] || { mkdir -p "$R$second"; mount -t "$fs" $loop "$2" "$R$second"; }
}

unmount_disks() {
	umount "$R$second" && { [ -z "$second" ] || umount "$R"; }
	forget_btrfs
}

# blank_disks: new file systems, mounted; what is built there until save_disks is the base
blank_disks() {
	local i size=64M force=-fq
	case $fs in xfs) size=320M ;; btrfs) size=128M ;; *) force=-Fq ;; esac
	for i in $(disks_in_use); do
		rm -f "$store/base$i"
		truncate -s "$size" "$store/base$i"
		"mkfs.$fs" "$force" "$store/base$i" >/dev/null 2>&1 || return 1
	done
	mount_disks "$store/base0" "$store/base1" || return 1
	rmdir "$R/lost+found" "$R$second/lost+found" 2>/dev/null
	chmod 755 "$R" "$R$second"
}

save_disks() { unmount_disks; }

# The disks as they were saved, to look at or to change: base_disks ... save_disks
base_disks() { mount_disks "$store/base0" "$store/base1"; }

copy_disks() {
	local i
	for i in $(disks_in_use); do
		rm -f "$store/$1$i"
		cp --sparse=always "$store/base$i" "$store/$1$i" || return 1
	done
}

# record_disks FUNCTION: calls it on recorded disks; marks "begin" and "end" around it
record_disks() {
	local i at=$scratch/recorded loops=()
	mkdir -p "$at"
	copy_disks live || return 1
	"$RECORDER" record "$store/log" "$at" "$store"/live[0-9] 2>"$scratch/recorder.err" &
	recorder=$!
	for i in $(seq 100); do
		[ ! -e "$at/control" ] || break
		sleep 0.05
	done
	for i in $(disks_in_use); do
		loops+=("$(losetup -f --show "$at/disk$i")") || return 1
	done
	mount_disks "${loops[@]}" || return 1
	echo begin >"$at/control"
	"$1"
	echo end >"$at/control"
	unmount_disks
	for i in "${loops[@]}"; do losetup -d "$i"; done
	for i in $(seq 100); do
		umount "$at" 2>/dev/null && break
		sleep 0.05
	done
	wait "$recorder" 2>/dev/null
	rm -f "$store"/live[0-9]
	first_record=$("$RECORDER" list "$store/log" | awk '$2 == "begin" { print $1 }')
	last_record=$("$RECORDER" list "$store/log" | awk '$2 == "end" { print $1; exit }')
}

# cut_disks RECORDS SEED: mounted as they are after the power came back
cut_disks() {
	copy_disks cut || return 1
	"$RECORDER" cut "$store/log" "$1" "$2" "$store"/cut[0-9] >"$scratch/cut" || return 1
	forget_btrfs
	made=$((made + 1))
	mount_disks "$store/cut0" "$store/cut1"
}

drop_disks() {
	unmount_disks || unmount_below "$R"
	rm -f "$store"/cut[0-9]
}
