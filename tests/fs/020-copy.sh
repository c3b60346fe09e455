#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Conversion by copying: guests and containers on different file systems.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop

pair() {
	local from=$1 to=$2
	if ! have_fs "$from" || ! have_fs "$to"; then
		skip "$from to $to" "no such file system here"
		return
	fi
	R=$scratch/$from-$to
	mount_new "$from" 512M "$R" && mkhost "$R" && mount_new "$to" 512M "$R/vz/private" ||
		{ result 1 "cannot build $from to $to"; return; }
	chmod 700 "$R/vz/private"
	age "$R/vz/private"
	age "$R/vz"
	add_v345 "$R"
	diag "$from to $to"
	run vs plan --all
	said "the plan says that it copies" 'copy'
	round_trip v345 345
	is "$(stat -c %d "$R/vz/private/345")" "$(stat -c %d "$R/vz/private")" "the copy lies on the target"
	ok "the source is kept until commit" test -d "$(aside "$R/vservers" v345)"
	run_check "undo by dropping the copy" vs undo --all
	unchanged "the source is back"
	ok "nothing of the copy stays" test -z "$(ls -A "$R/vz/private")"
	unmount_below "$R"
}

pair ext4 ext4
pair ext4 xfs
pair xfs ext4
pair btrfs ext4
pair ext4 btrfs
pair ext3 ext4

# --method copy on one file system
R=$scratch/same
mount_new ext4 512M "$R"
mkhost "$R"
add_v345 "$R"
round_trip v345 345 --method copy

# A container that changed its copy: undo asks for a decision.
tree "$scratch/source" "$(aside "$R/vservers" v345)"
echo changed >>"$R/vz/private/345/etc/passwd"
echo new >"$R/vz/private/345/etc/new-file"
run_mustfail "undo of a changed copy is refused" vs undo v345
said "the refusal names the file" 'etc/passwd'
said "and both ways to go on" 'bring-back takes.*discard-changes leaves'
ok "the change is still there" grep -q changed "$R/vz/private/345/etc/passwd"
run_check "--discard-changes" vs undo v345 --discard-changes
tree "$scratch/now" "$R/vservers/v345"
same_files "$scratch/source" "$scratch/now" "the source as it was"
run_check "convert once more" vs convert v345 --yes --method copy
echo changed >>"$R/vz/private/345/etc/passwd"
tree "$scratch/changed" "$R/vz/private/345"
run_check "--bring-back" vs undo v345 --bring-back
tree "$scratch/now" "$R/vservers/v345"
same_files "$scratch/changed" "$scratch/now" "the source has the changes of the container"
done_testing
