#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Killed at any moment of insulating and uninsulating: both ways lead on, the tree is
# whole in one of its places, and no mount, loop device or half-made file is left.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
need_tools e2fsck
have_fs ext4 || skip_unless_required "no ext4"
rounds=${VS2VZ_TEST_LONG:+40}
rounds=${rounds:-6}

big_tree() {
	small_tree "$1"
	mkdir -p "$1/srv"
	many_files "$1/srv" 1500
}

R=$scratch/h
mkdir -p "$R"
mount_new ext4 256M "$R"
mkhost "$R"
add_guest "$R" web 345 web.example.org 192.0.2.5 big_tree
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock; }
tree "$scratch/guest" "$R/vservers/web"

own_tree() {
	mkdir -p "$scratch/m"
	mount -o loop,ro "$1" "$scratch/m" || return 1
	tree "$scratch/own" "$scratch/m"
	umount "$scratch/m"
}

nothing_left() {
	local i
	for i in {1..100}; do	# the kernel's own time after a kill
		losetup -n -O BACK-FILE | grep -qF "$R/" || break
		sleep 0.1
	done
	is "$(loops_below "$R/")" "" "$1: no loop device is left"
	is "$(find "$R/vz/private" "$R/srv" -name '*vs2vz*' 2>/dev/null | head -n 1)" "" "$1: nothing half made"
}

# A repeatable sequence in steps of one prime: moments spread over the whole run.
moment=0
kill_at_moment() {
	moment=$(((moment + 617) % 1000))
	"$VS2VZ" --root "$R" "$@" >/dev/null 2>&1 &
	local pid=$!
	sleep "$(awk -v w="$whole" -v m="$moment" 'BEGIN { printf "%.6f", w * m / 1e9 }')"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
}

# How long it takes undisturbed, in microseconds: measure COMMAND...
measure() {
	local started
	started=$(date +%s%N)
	run_check "undisturbed: $1" vs "$@"
	whole=$((($(date +%s%N) - started) / 1000))
}

# Killed before its journal stood it is not begun: only then undo has nothing to do, but
# for the host's part, which comes first and goes with --all.
undone() {
	run vs undo "$operand"
	[ "$status" = 0 ] || { [ $(($1 % 2)) = 1 ] &&
		grep -Eq "no converted guest is called|it was committed" "$scratch/both"; }
	result $? "undo" || show_last
	[ "$status" = 0 ] || run vs undo --all
}

# campaign OPERAND COMMAND...: kill it; back, or on and back
campaign() {
	local operand=$1 n
	shift
	host_tree "$scratch/before" "$R"
	measure "$@"
	run_check "and back" vs undo "$operand"
	unchanged "$1: the host is as before"
	for n in $(seq "$rounds"); do
		kill_at_moment "$@"
		diag "$1, round $n, killed after $moment/1000"
		run vs status
		ok "status works" test "$status" -lt 5
		if [ $((n % 2)) = 0 ]; then
			run_status "0|4" "resume" vs resume --yes
			run_status "0|2" "again" vs "$@"
			after "$n"
		fi
		undone "$n"
		unchanged "$1, round $n: undone"
		nothing_left "$1, round $n"
	done
}

after() {
	own_tree "$R/srv/345.img"
	same_files "$scratch/guest" "$scratch/own" "resumed: the tree is whole"
	run e2fsck -fn "$R/srv/345.img"
	result "$status" "resumed: e2fsck finds nothing" || show_last
}
campaign web convert web --yes --insulate image:/srv

run_check "convert for good" vs convert web --yes
run_check "commit" vs commit web --yes
campaign 345 insulate 345 --image /srv/345.img --yes

run_check "insulate for good" vs insulate 345 --image /srv/345.img --yes
run_check "commit" vs commit 345 --yes
after() { same_tree "$scratch/guest" 345 "resumed: the tree is whole"; }
campaign 345 uninsulate 345 --yes
done_testing
