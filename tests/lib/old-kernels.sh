# SPDX-License-Identifier: GPL-2.0-or-later
#
# Test scripts run once more below a kernel of old (tests/old-kernel.c), where $VS2VZ is a
# script that starts the program there. Needs tap.sh.

# below KERNEL PROGRAM [OPTION...]: $VS2VZ for scripts; others use $VS2VZ_BELOW before a
# command, with the program itself in $VS2VZ_PROGRAM
below() {
	local kernel=$1 program=$2
	shift 2
	VS2VZ_BELOW="$VS2VZ_BUILD/tests/old-kernel -k $kernel $*"
	VS2VZ_PROGRAM=$program
	VS2VZ=$scratch/vs2vz-$kernel
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$VS2VZ_BELOW" "$program" >"$VS2VZ"
	chmod 755 "$VS2VZ"
	export VS2VZ VS2VZ_BUILD VS2VZ_BELOW VS2VZ_PROGRAM MANIFEST
}

# single_file KERNEL ARCH: what `make static` made, below that kernel
single_file() {
	local program=${VS2VZ_BUILD%/*}/static/$2/vs2vz
	[ -x "$program" ] || skip_unless_required "$program is not built: make static ARCH=$2"
	[ -x "$VS2VZ_BUILD/tests/old-kernel" ] || skip_unless_required "no tracer for this machine"
	[ "$1" != 2.6.18 ] || export VS2VZ_TEST_TIMES=microseconds VS2VZ_TEST_EXT=ext3
	below "$1" "$program"
	run_check "the single file starts" "$VS2VZ" --version
}

# again NAME SCRIPT...: their results are taken over
again() {
	local name=$1 script line plan n
	shift
	for script; do
		plan='' n=0
		while IFS= read -r line; do
			case $line in
			"ok "*) result 0 "$name, $script: ${line#ok * - }"; n=$((n + 1)) ;;
			"not ok "*) result 1 "$name, $script: ${line#not ok * - }"; n=$((n + 1)) ;;
			1..*) plan=${line#1..} ;;
			*) printf '%s\n' "$line" ;;
			esac
		done < <(bash "$top/tests/fs/$script" 2>&1)
		is "$n" "${plan%% *}" "$name: $script ran to its end"
	done
}

# conversions KERNEL: what a host goes through, below it
conversions() {
	again "$1" 010-seed-host.sh 020-copy.sh 070-hostile-guest.sh 112-planted-links.sh \
		114-standard-host.sh 310-marks-while-copying.sh 320-tags.sh 520-insulate.sh
	hard_image
	no_start_test
	doors "$1"
}

# Old kernels do not tell holes: gigabytes of them are read, and tell nothing more.
hard_tree() {
	torture_tree "$1"
	rm "$1"/holes/{empty-5g,middle}
	truncate -s 9M "$1/holes/empty"
	printf 'middle' | dd of="$1/holes/middle" bs=1 seek=4500000 conv=notrunc status=none
	truncate -s 4600000 "$1/holes/middle"
	set_times "$1"
}

# The hardest tree into an image and back.
hard_image() {
	R=$scratch/hard
	mkdir "$R"
	mount_new ext4 512M "$R" -N 20000
	mkhost "$R"
	mkdir "$R/srv"
	wide=2000
	add_guest "$R" hard 345 hard.example.org 192.0.2.5 hard_tree
	tree "$scratch/guest" "$R/vservers/hard"
	host_tree "$scratch/before" "$R"
	run_check "a hard tree: convert into an image" vs convert hard --yes --insulate image:/srv
	run e2fsck -fn "$R/srv/345.img"
	result "$status" "e2fsck is content" || show_last
	mkdir -p "$scratch/m"
	mount -o loop,ro "$R/srv/345.img" "$scratch/m" && tree "$scratch/own" "$scratch/m"
	umount "$scratch/m"
	same_files "$scratch/guest" "$scratch/own" "the tree is in it"
	run_check "undo" vs undo hard
	host_tree "$scratch/now" "$R"
	same_files "$scratch/before" "$scratch/now" "undo brought everything back"
	is "$(loops_below "$R/")" "" "no loop device is left"
	wipe "$R"
}

# A start test is refused, with the reason.
no_start_test() {
	R=$scratch/start
	mkhost "$R"
	add_guest "$R" web 345 web.example.org 192.0.2.5
	run_check "convert" vs convert web --yes
	run_status 2 "a start test is refused" vs verify web --start
	said "and the kernel is named" 'VS540.*start-impossible'
	said "with what it lacks" 'kernel 2\.6\.[0-9.]+[-0-9a-z.]* is older than'
	run_check "undo" vs undo web
	wipe "$R"
}

# The door and its swaps; env(1) stands between for a test that is linked dynamically.
doors() {
	# shellcheck disable=SC2086
	run $VS2VZ_BELOW env "$VS2VZ_BUILD/tests/test_inroot"
	result "$status" "$1: the door, 10,000 swaps" || show_last
}
