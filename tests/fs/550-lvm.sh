#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Logical volumes that vs2vz makes: by convert and insulate, taken back exactly, killed
# between the volume and its file system. Volumes of others are never touched. What plays
# lvm and the device mapper is told in tests/lib/lvm.sh.
. "$(dirname "$0")/../lib/lvm.sh"
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
need_tools lvm mkfs.ext4 mkfs.btrfs e2fsck blkid
have_fs ext4 || skip_unless_required "no ext4"

R=$scratch/h
vg=vs2vz$$
devices=()
finish() {
	local d
	lvm_stop
	for d in "${devices[@]}"; do losetup -d "$d" 2>/dev/null; done
	clean_up
}
trap finish EXIT
lvm_start "$vg" 260M

new_host() {
	wipe "$R"
	mkdir -p "$R"
	mount_new ext4 256M "$R"
	mkhost "$R"
	add_v345 "$R"
	add_guest "$R" web 5000 web.example.org 192.0.2.5
	tree "$scratch/guest" "$R/vservers/v345"
	tree "$scratch/web" "$R/vservers/web"
	begin
}

# What is to come back: the host, and the volume group
begin() {
	host_tree "$scratch/before" "$R"
	lvm_state >"$scratch/lvm-before"
	rm -f "$lvm_dir/calls"
}

all_as_before() {
	unchanged "$1: the host"
	lvm_state >"$scratch/lvm-now"
	same_files "$scratch/lvm-before" "$scratch/lvm-now" "$1: the volume group"
}

not_called() { ok "$1: lvm was not told to change anything" test ! -e "$lvm_dir/calls"; }

# is_whole VOLUME TREE TEXT
is_whole() {
	run e2fsck -fn "$1"
	result "$status" "$3: e2fsck finds nothing" || show_last
	mkdir -p "$scratch/m"
	mount -o ro "$1" "$scratch/m"
	tree "$scratch/own" "$scratch/m"
	umount "$scratch/m"
	same_files "$2" "$scratch/own" "$3: the tree is in it"
}

tags() { "$lvm" lvs --noheadings -o lv_tags "$vg/$1" 2>/dev/null | tr -d ' '; }
lv_bytes() { "$lvm" lvs --noheadings --units b --nosuffix -o lv_size "$vg/$1" 2>/dev/null | tr -d ' '; }

# ---- two guests, there and back

new_host
run_check "plan" vs plan --all --insulate "lv:$vg"
said "the plan names the volume" "lv +$vg/ct345 \([0-9]+ bytes, tag vs2vz-"
unchanged "a plan changes nothing"
not_called "plan"
run_check "convert" vs convert --all --yes --insulate "lv:$vg"
is_whole "/dev/$vg/ct345" "$scratch/guest" "v345"
is_whole "/dev/$vg/ct5000" "$scratch/web" "web"
uuid=$(blkid -p -o value -s UUID "/dev/$vg/ct345")
is "$(tags ct345)" "vs2vz-$uuid" "the tag is the UUID of the file system"
has_line "$R/etc/vz/conf/345.conf" "VE_DEVICE=\"UUID=$uuid\""
is "$(blockdev --getsize64 "/dev/$vg/ct345")" "$(lv_bytes ct345)" "whole extents"
is $(($(lv_bytes ct345) % (4 << 20))) 0 "of 4 MiB"
run_check "verify" vs verify
run_check "status" vs status
run_check "one goes back" vs undo web
ok "its volume is gone" test ! -e "/dev/$vg/ct5000"
run_check "undo, dry" vs undo v345 -n
said "it names the volume" "lv +$vg/ct345"
run_check "the other goes back" vs undo v345
all_as_before "undo"

# ---- what stands against it

begin
run_status 2 "no such volume group" vs convert v345 --yes --insulate "lv:$vg-none"
said "it is named" VS612
all_as_before "no such volume group"
run_status 2 "more than there is" vs convert v345 --yes --insulate "lv:$vg:10G"
said "it is named" VS613
all_as_before "more than there is"
not_called "more than there is"
run_status 2 "two that do not fit together" vs plan --all --insulate "lv:$vg:150M"
said "the second is named" 'web: /dev/[a-z0-9]+/ct5000: it would have .* are promised'
said_not "and it alone" 'v345: /dev/'
run_status 2 "too small" vs plan v345 --insulate "lv:$vg:1M"
said "it is named" VS620
all_as_before "too small"

"$lvm" lvcreate --zero y --name ct345 --size 64m --addtag mine "$vg" >/dev/null 2>&1
mkfs.ext4 -q -F -U "$(cat /proc/sys/kernel/random/uuid)" "/dev/$vg/ct345"
sum=$(md5sum <"/dev/$vg/ct345")
begin
run_status 2 "somebody's volume has the name" vs convert v345 --yes --insulate "lv:$vg"
said "it is named" VS608
is "$(md5sum <"/dev/$vg/ct345")" "$sum" "its bytes are what they were"
all_as_before "somebody's volume"
not_called "somebody's volume"
if [ "$driver" = kernel ]; then
	"$lvm" lvchange -an "$vg/ct345"
else
	losetup -d "$(readlink "/dev/$vg/ct345")"
	rm "/dev/$vg/ct345"
fi
begin
run_status 2 "and is not active" vs convert v345 --yes --insulate "lv:$vg"
said "it is named, with the cure" "VS601|lvchange -ay $vg/ct345"
all_as_before "not active"
not_called "not active"
"$lvm" lvremove -f "$vg/ct345" >/dev/null 2>&1

begin
echo lvcreate >"$lvm_dir/fail"
run_mustfail "lvcreate fails" vs convert v345 --yes --insulate "lv:$vg"
said "and says why" 'told to fail'
rm "$lvm_dir/fail"
all_as_before "lvcreate fails"
echo vgs >"$lvm_dir/fail"
run_status 2 "lvm does not work" vs convert v345 --yes --insulate "lv:$vg:64M"
said "the cure is the command" "lvcreate -n ct345 -L 64M $vg"
rm "$lvm_dir/fail"
all_as_before "lvm does not work"

# ---- extents that still show what they held

stale() {
	"$lvm" lvcreate --zero y --name old --size 200m "$vg" >/dev/null 2>&1
	mkfs.btrfs -qf "/dev/$vg/old" >/dev/null
	"$lvm" lvremove -f "$vg/old" >/dev/null 2>&1
}
stale
begin
run_check "stale signatures" vs convert v345 --yes --insulate "lv:$vg"
is_whole "/dev/$vg/ct345" "$scratch/guest" "stale signatures"
run_check "undo" vs undo v345
all_as_before "stale signatures"

# ---- somebody uses it, or put something else there

run_check "convert" vs convert v345 --yes --insulate "lv:$vg"
mount "/dev/$vg/ct345" "$scratch/m"
run_mustfail "undo is refused while it is mounted" vs undo v345
umount "$scratch/m"
run_check "undo goes on" vs undo v345
all_as_before "undo after a mount"
run_check "convert" vs convert v345 --yes --insulate "lv:$vg"
mkfs.ext4 -q -F -U "$(cat /proc/sys/kernel/random/uuid)" "/dev/$vg/ct345"
sum=$(md5sum <"/dev/$vg/ct345")
run vs undo v345
said "what is there now is listed" "/dev/$vg/ct345"
is "$(md5sum <"/dev/$vg/ct345")" "$sum" "and has not been touched"
unchanged "the host is as before"
"$lvm" lvremove -f "$vg/ct345" >/dev/null 2>&1

# ---- killed

for at in meta made; do
	for way in resume undo; do
		stale
		begin
		: >"$lvm_dir/die-$at"
		[ "$driver-$at" != kernel-meta ] || { rm "$lvm_dir/die-$at"; continue; }
		run vs convert v345 --yes --insulate "lv:$vg"
		is "$status" 137 "killed, $at"
		run vs status
		ok "$at: status works" test "$status" -lt 5
		if [ "$way" = resume ]; then
			run_check "$at: resume" vs resume --yes
			is_whole "/dev/$vg/ct345" "$scratch/guest" "$at: resumed"
			is "$(grep -c '^lvcreate' "$lvm_dir/calls")" 1 "$at: made once"
		fi
		run_check "$at: undo" vs undo v345
		all_as_before "$at, $way"
	done
done

# What lvcreate has not done when we die is never done behind the next run's back
begin
: >"$lvm_dir/die-first"
run vs convert v345 --yes --insulate "lv:$vg"
is "$status" 137 "killed while lvcreate runs"
while kill -0 "$(cat "$lvm_dir/last")" 2>/dev/null; do sleep 0.1; done
ok "lvcreate was killed as well" test ! -e "$lvm_dir/went-on"
run_check "undo" vs undo v345
all_as_before "killed while lvcreate runs"

# Cut before any change, or one change that fails: both ways lead on
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock; }
fault=$VS2VZ_BUILD/vs2vz-fault
if [ -x "$fault" ]; then
	n=1 fired=yes
	families=(crash eio enospc)
	while [ -n "$fired" ]; do
		stale
		begin
		family=${families[$((n % 3))]}
		rm -f "$scratch/report"
		VS2VZ_FAULT=$family:$n VS2VZ_FAULT_REPORT=$scratch/report "$fault" --root "$R" -q \
			convert v345 --yes --insulate "lv:$vg" >/dev/null 2>&1
		fired=$(grep fired "$scratch/report" 2>/dev/null)
		if [ $((n % 2)) = 0 ]; then
			run vs resume --yes
			run vs convert v345 --yes --insulate "lv:$vg"
			is_whole "/dev/$vg/ct345" "$scratch/guest" "$family $n"
		fi
		run vs undo --all
		all_as_before "$family $n"
		n=$((n + ${VS2VZ_TEST_LONG:+-3} + 5))
	done
	ok "the campaign came to its end" test "$n" -gt 20
	n=3 fired=yes
	while [ -n "$fired" ]; do
		begin
		run vs convert v345 --yes --insulate "lv:$vg"
		rm -f "$scratch/report"
		family=${families[$((n % 3))]}
		VS2VZ_FAULT=$family:$n VS2VZ_FAULT_REPORT=$scratch/report "$fault" --root "$R" -q \
			undo v345 >/dev/null 2>&1
		fired=$(grep fired "$scratch/report" 2>/dev/null)
		run vs undo --all
		all_as_before "undo, $family $n"
		n=$((n + ${VS2VZ_TEST_LONG:+-3} + 5))
	done
	ok "the campaign of undo came to its end" test "$n" -gt 10
else
	skip "cuts" "no vs2vz-fault"
fi

# ---- containers that exist; commit

run_check "convert" vs convert v345 --yes
run_check "commit" vs commit v345 --yes
tree "$scratch/guest" "$R/vz/private/345"
begin
run_check "insulate, any name" vs insulate 345 --lv "$vg" --yes
is_whole "/dev/$vg/ct345" "$scratch/guest" "insulate"
run_check "undo" vs undo 345
all_as_before "insulate"
run_check "insulate, a name and a size" vs insulate 345 --lv "$vg/shop:100M" --yes
is "$(lv_bytes shop)" $((100 << 20)) "the size that was asked for"
run_check "verify" vs verify ct/345
run_check "commit" vs commit 345 --yes
is_whole "/dev/$vg/shop" "$scratch/guest" "commit"
begin
run_check "from one to another" vs insulate 345 --lv "$vg" --yes
said "the old one stays" VS627
run_check "undo" vs undo 345
all_as_before "from one to another"
run_check "uninsulate" vs uninsulate 345 --yes
run_check "commit" vs commit 345 --yes
same_tree "$scratch/guest" 345 "the tree is in the private area again"
is_whole "/dev/$vg/shop" "$scratch/guest" "the volume that was given up"
not_called_remove=$(grep -c '^lvremove.*shop' "$lvm_dir/calls")
is "$not_called_remove" 0 "nobody removed it"
done_testing
