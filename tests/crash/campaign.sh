#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Cuts the whole program: a host with three guests is converted, undone and committed
# by a vs2vz with the fault layer inside (tests/crash/fault.c), cut before its N-th
# change, and led on or back by a healthy one. Afterwards the host must be what it was,
# or what an undisturbed run makes of it.
#
#	campaign.sh VS2VZ-FAULT
#
# STEP, LIMIT, ONLY: see campaign-lib.sh.
# Of the guests web1 moves by rename, web2 lies on another file system (a tmpfs) and is
# copied, mail has a configuration of the legacy style, uni is repaired in place: its owners
# carry tags, some of its files are unified with a hash store.
. "$(dirname "$0")/campaign-lib.sh" || exit 1

new_host() {
	base_host
	mount -t tmpfs -o size=16m none "$host/srv" || exit 1
	guest web1 201 /vservers/web1
	guest web2 202 /srv/web2
	legacy mail 203
	guest uni 300 /vservers/uni
	mark "$host/vservers/uni"
	end_host
}

new_host
record 1 >"$work/before"
good=0
if healthy convert --all --yes; then
	record "" >"$work/after"
	healthy undo --all && judge "$work/before" 1 "undo" && good=1
fi
say "$good" "convert and undo without a fault give the same host"
if [ "$good" != 1 ]; then
	sed 's/^/# /' "$work/out" | tail
	echo "1..$nr"
	exit 1
fi
new_host
healthy convert --all --yes && healthy commit --all --yes && good=1
record "" >"$work/committed"

C="convert --all --yes" R="resume --yes" U="undo --all" K="commit --all --yes"
campaign "crash in convert, then resume" "crash:%d" "" "$C" "$R" "$work/after" ""
campaign "crash in convert, then undo" "crash:%d" "" "$C" "$U" "$work/before" 1
campaign "crash in undo, then undo" "crash:%d" "healthy $C" "$U" "$U" "$work/before" 1
campaign "crash in commit, then commit" "crash:%d" "healthy $C" "$K" "$K" "$work/committed" ""
# The host's part that was cut, and one more of the second try: both end with the commit.
again=1
recover() {
	[ "$again" != 1 ] || healthy $C || healthy resume --yes
	healthy "$@"
}
campaign "crash in convert, then convert again and commit" "crash:%d" "" "$C" "$K" "$work/committed" ""
again=
campaign "I/O error in convert, then undo" "eio:%d" "" "$C" "$U" "$work/before" 1
campaign "disk full in convert, then undo" "enospc:%d" "" "$C" "$U" "$work/before" 1
campaign "I/O errors for ever in convert, then undo" "eio-forever:%d" "" "$C" "$U" "$work/before" 1
campaign "I/O error in undo, then undo" "eio:%d" "healthy $C" "$U" "$U" "$work/before" 1
for seed in 0 1 2 3; do
	campaign "power cut $seed in convert, then resume" "power:%d:$seed" "" "$C" "$R" "$work/after" ""
	campaign "power cut $seed in convert, then undo" "power:%d:$seed" "" "$C" "$U" "$work/before" 1
	campaign "power cut $seed in undo, then undo" "power:%d:$seed" "healthy $C" "$U" "$U" "$work/before" 1
done
done_campaigns
