#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The disk of a container's own file system fails, fills up, vanishes or loses power, at
# points spread over the whole run. The failure is said and never hidden behind status 0,
# the guest's tree is whole, and when the disk is sound again, or gone for good, the way
# on or back ends right. Disks of others that lie beside it are never written to.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/failing.sh"
need_tools mkfs.ext4 e2fsck blkid
need_failing_disk
have_fs ext4 || skip_unless_required "no ext4"
trap stop_disks EXIT
points=${VS2VZ_TEST_LONG:+all}
points=${points:-12}

R=$scratch/h
# What lies in srv has a disk of its own.
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock -x srv; }

# A tree that recipes edit, so that steps work inside the new file system as well.
edited_tree() {
	small_tree "$1"
	printf '1:2345:respawn:/sbin/getty 38400 tty1\nid:2:initdefault:\n' >"$1/etc/inittab"
	: >"$1/halt"
	mkdir -p "$1/srv"
	head -c 300000 /dev/urandom >"$1/srv/data"
}

new_host() {
	wipe "$R"
	mkdir -p "$R"
	mount_new ext4 128M "$R"
	mkhost "$R"
	mkdir "$R/srv"
	add_guest "$R" web 345 web.example.org 192.0.2.5 edited_tree
	host_tree "$scratch/before" "$R"
}

# The tree on a sound device, without times (recipes set some) and tokens. own_tree OUTPUT VOLUME
own_tree() {
	mkdir -p "$scratch/m"
	mount -o loop,ro "$2" "$scratch/m" || return 1
	tree /dev/stdout "$scratch/m" | sed -E 's/ mtime=[^ ]*//; s/vs2vz-[0-9a-f]{16}/vs2vz-TOKEN/' >"$1"
	umount "$scratch/m"
}

is_whole() {
	run e2fsck -fn "$disk"
	result "$status" "$1: e2fsck finds nothing" || show_last
	own_tree "$scratch/own" "$disk"
	same_files "$scratch/edited" "$scratch/own" "$1: the tree is whole"
}

writes() { cut -d' ' -f1 "$control"; }

# all_points COUNT: which writes are the last good ones
all_points() {
	local i
	[ "$points" = all ] && { seq 0 "$1"; return; }
	for i in $(seq 0 $((points - 1))); do
		echo $(($1 * i / (points - 1)))
	done
}

modes=(write once full gone)
# fails_at N MODE
fails_at() {
	case $2 in
	once) order write "$1" 1 ;;
	*) order "$2" "$1" ;;
	esac
	at_start=$(refused_calls)
}

was_hurt() { [ "$(refused_calls)" != "$at_start" ]; }

# The command failed on a disk that failed: told TEXT DEVICE
told() {
	case $status in
	1 | 2 | 3) result 0 "$1: failed, exit $status" ;;
	*) result 1 "$1: failed, exit $status" || show_last ;;
	esac
	said "$1: the device is named" "$2"
	said "$1: the last line says where it stands" '^result: '
}

# rounds OPERAND COMMAND...: fail it everywhere; leaves everything as before
rounds() {
	local operand=$1 k=0 n text mode total
	shift
	host_tree "$scratch/before" "$R"
	blank
	total=$(writes)
	run_check "$1: on a sound disk" vs "$@"
	total=$(($(writes) - total))
	blockdev --flushbufs "$disk"
	own_tree "$scratch/edited" "$disk"
	run_check "$1: and back" vs undo "$operand"
	unchanged "$1: the host is as before"
	for n in $(all_points "$total"); do
		mode=${modes[k++ % 4]}
		text="$1, $mode after write $n of $total"
		blank
		fails_at "$n" "$mode"
		run vs "$@"
		if ! was_hurt; then
			[ "$status" = 0 ]
			result $? "$text: not reached, done" || show_last
			heal
		elif [ "$status" = 0 ]; then
			# It was tried again and went well: then it must be there.
			[ "$mode" = once ]
			result $? "$text: status 0 after one failure only" || show_last
			heal
			is_whole "$text"
		else
			told "$text" "$disk"
			run vs status
			ok "$text: status works" test "$status" = 0
			[ $((k % 2)) = 0 ] || run vs undo "$operand"
			heal
		fi
		run_status 0 "$text: undo" vs undo "$operand"
		unchanged "$text: the host is as before"
	done
	others_untouched "$1"
}

# The shell's word about a killed process is no news.
said_killed() { "$@" 2>/dev/null; }

# cuts OPERAND COMMAND...: the power goes; on, or back
cuts() {
	local operand=$1 k=0 n text total
	shift
	blank
	total=$(writes)
	run_check "$1: on a sound disk" vs "$@"
	total=$(($(writes) - total))
	run_check "$1: and back" vs undo "$operand"
	for n in $(all_points "$total"); do
		text="$1, power cut after write $n of $total"
		blank
		k=$((k + 1))
		# shellcheck disable=SC2016
		said_killed run bash -c 'echo "cut $1 $2 $$" >"$3"; shift 3; exec "$@"' cut "$n" $((n + k)) \
			"$control" "$VS2VZ" --root "$R" "$@"
		heal
		if [ $((k % 2)) = 0 ]; then
			run_status "0|4" "$text: resume" vs resume --yes
			run vs "$@"
			run_check "$text: verify" vs verify "$operand"
			is_whole "$text"
		fi
		run_check "$text: undo" vs undo "$operand"
		unchanged "$text: the host is as before"
	done
	others_untouched "$1, power cuts"
}

others_lie_beside
new_host
new_disk 40M
insulated="--insulate device:$disk --fixups all"
# shellcheck disable=SC2086
rounds web convert web --yes $insulated
# shellcheck disable=SC2086
cuts web convert web --yes $insulated

# ---- converted, then it fails

for mode in "${modes[@]}"; do
	text="converted, then $mode"
	blank
	# shellcheck disable=SC2086
	run_check "$text: convert" vs convert web --yes $insulated
	blockdev --flushbufs "$disk"
	fails_at 0 "$mode"
	run vs undo web
	if [ "$status" = 0 ]; then
		unchanged "$text: undo while it fails brings everything back"
		[ "$mode" = once ] || said "$text: what is left is named" "$disk.* is left"
	else
		told "$text: undo while it fails" "$disk"
	fi
	heal
	run_check "$text: undo on the sound disk" vs undo web
	unchanged "$text: everything is back"
done
for mode in "${modes[@]}"; do
	text="commit, $mode"
	[ -z "$(ls -A "$R/vz/private")" ] || new_host
	blank
	# shellcheck disable=SC2086
	run_check "$text: convert" vs convert web --yes $insulated
	uuid=$(blkid -c /dev/null -p -o value -s UUID "$disk")
	blockdev --flushbufs "$disk"
	fails_at 0 "$mode"
	run vs commit web --yes
	if was_hurt && [ "$status" = 0 ]; then
		[ "$mode" = once ]
		result $? "$text: status 0 after one failure only" || show_last
	elif was_hurt; then
		told "$text" "$disk|$uuid"
	fi
	heal
	run_check "$text: commit on the sound disk" vs commit web --yes
	run e2fsck -fn "$disk"
	result "$status" "$text: e2fsck finds nothing" || show_last
	own_tree "$scratch/own" "$disk"
	ok "$text: nothing is left in it" bash -c "! grep vs2vz '$scratch/own'"
done
others_untouched "commit"

# ---- places that cannot be read: back into the shared one

host_tree "$scratch/before" "$R"
uuid=$(blkid -c /dev/null -p -o value -s UUID "$disk")
for range in "0 4096" "4096 16384" "1048576 41943040" "8388608 9437184"; do
	text="uninsulate, unreadable $range"
	blockdev --flushbufs "$disk"
	# shellcheck disable=SC2086
	order read $range
	at_start=$(refused_calls)
	run vs uninsulate 345 --yes
	if was_hurt; then
		[ "$status" != 0 ] && [ "$status" -lt 5 ]
		result $? "$text: failed, exit $status" || show_last
		said "$text: the device is named" "$disk|$uuid"
	fi
	heal
	run vs undo ct/345
	unchanged "$text: everything is as before"
done
run_check "on the sound disk" vs uninsulate 345 --yes
run_check "and back" vs undo ct/345
unchanged "everything is as before"

# ---- from one file system of its own to another

old=$disk
points=${VS2VZ_TEST_LONG:+all}
points=${points:-4}
new_disk 40M --direct-io=on
rounds ct/345 insulate 345 --device "$disk" --yes
cuts ct/345 insulate 345 --device "$disk" --yes
run e2fsck -fn "$old"
result "$status" "the source's file system is whole" || show_last

# ---- a shared one becomes insulated

run_check "uninsulate" vs uninsulate 345 --yes
run_check "commit" vs commit 345 --yes
rounds ct/345 insulate 345 --device "$disk" --yes

# ---- gone for good

blank
run_check "insulate" vs insulate 345 --device "$disk" --yes
kill -KILL "$server"
wait "$server" 2>/dev/null
blockdev --flushbufs "$disk" 2>/dev/null
run vs verify
ok "verify sees that it is gone" test "$status" != 0
run_mustfail "undo would leave behind what the container wrote" vs undo ct/345
said "it says how to go on" 'discard-changes'
run_check "undo without the disk" vs undo ct/345 --discard-changes
said "what is left is named" "$disk.* is left"
unchanged "everything is as before"

# ---- an image file where there is no room, and on a disk that fails

new_host
mount -t tmpfs -o size=4M tmpfs "$R/srv"
run vs convert web --yes --insulate image:/srv
ok "an image in a full tmpfs" test "$status" = 1 -o "$status" = 2
said "the place is named" '/srv/345.img'
said "there is no room" 'no-space'
unchanged "nothing was changed"
is "$(ls -A "$R/srv")" "" "no half image is left"
umount "$R/srv"

# A mount table that somebody copied meanwhile holds a file system a little longer.
when_free() {
	local try
	for try in $(seq 50); do
		run "$@"
		[ "$status" = 0 ] && return
		[ "$1" = e2fsck ] && [ "$status" -lt 8 ] && return
		sleep 0.1
	done
	result 1 "$1 after $try tries" || show_last
}

new_disk 64M
k=0
for n in 5 40 80 120; do
	mode=${modes[k++ % 4]}
	text="image on a disk, $mode after write $n"
	order heal
	when_free mkfs.ext4 -q -F "$disk"
	mount "$disk" "$R/srv"
	sync
	fails_at "$n" "$mode"
	run vs convert web --yes --insulate image:/srv --fixups all
	if was_hurt && [ "$status" = 0 ]; then
		[ "$mode" = once ]
		result $? "$text: status 0 after one failure only" || show_last
	elif was_hurt; then
		told "$text" '/srv'
	fi
	[ $((k % 2)) = 0 ] || run vs undo web
	umount "$R/srv"
	heal
	when_free e2fsck -fy "$disk"
	mount "$disk" "$R/srv"
	run_check "$text: undo" vs undo web
	unchanged "$text: everything is as before"
	umount "$R/srv"
done
others_untouched "images"
done_testing
