#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Commands around insulated containers: several at once, saved plans, what status tells,
# reading and rehearsing one that is down, VE_DUMP_DEVICE, mistakes. What is only looked
# at stays bit for bit what it was.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
need_tools mkfs.ext4 e2fsck blkid
have_fs ext4 || skip_unless_required "no ext4"

R=$scratch/h
trap finish EXIT

# A new device with an ext4, in $device and $uuid
device_with_fs() {
	new_device 64M
	uuid=$(cat /proc/sys/kernel/random/uuid)
	mkfs.ext4 -q -U "$uuid" "$device"
}

# The lock of vzctl leaves its folder's time behind, as vzctl does.
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock; }
device_of() { grep -c '^VE_DEVICE=' "$R/etc/vz/conf/$1.conf"; }
sum_of() { md5sum <"$1"; }

mkdir -p "$R"
mount_new ext4 512M "$R"
mkhost "$R"
mkdir -p "$R/srv"
add_v345 "$R"
add_guest "$R" web 5000 web.example.org 192.0.2.5
add_guest "$R" db 6000 db.example.org 192.0.2.6
run_check "three containers" vs convert --all --yes
run_check "committed" vs commit --all --yes
age "$R/srv"
age "$R/etc"
age "$R/vz"
host_tree "$scratch/before" "$R"
tree "$scratch/db" "$R/vz/private/6000"

# ---- words that do not fit

run_status 64 "no container" vs insulate --image /srv/x.img
said "is told" 'needs a container'
run_status 64 "a container that is none" vs insulate 345 346 --image /srv/ct/
said "is named" "no container '346'"
run_status 64 "one image for two" vs insulate 345 web --image /srv/x.img
said "is told how" 'image DIR/'
run_status 64 "one device for all" vs insulate --all --device /dev/sdx
run_status 64 "a UUID that is none" vs insulate 345 --device /dev/sdx --overwrite --yes
said "says where it is found" 'blkid'
run_status 64 "-o without -n" vs insulate 345 --image /srv/x.img -o "$scratch/plan"
run_status 64 "no plan" vs uninsulate --plan "$scratch/nowhere"
run_status 2 "a directory" vs insulate 345 --image /srv --yes
said "is told how" 'image DIR/'
run_status 2 "no logical volume" vs insulate 345 web --lv vs2vz-none --yes
said "its name is made from the CTID" 'VS6[01][12] .*/dev/vs2vz-none/ct5000'
run_status 4 "two that do not fit together" vs insulate 345 web --image "/srv/ct/:300M" -n
said "one of them is blocked for space" 'plan: 1 container changes, 1 blocked'
said "it is named" VS201
mount -t tmpfs -o size=128k none "$R/var/lib/vs2vz"
run_status 4 "no room for both journals" vs insulate 345 web --image /srv/ct/ -n
said "the state directory is named" '^  .*: /var/lib/vs2vz: needs [0-9.]+ KiB, .* are available'
umount "$R/var/lib/vs2vz"
unchanged "nothing of this changed anything"

# ---- several, by a saved plan

run_check "a plan" vs insulate 345 web --image /srv/ct/ -n -o "$scratch/plan"
said "of two containers" 'plan: 2 containers change'
said "how to run it" "vs2vz --root $R insulate --plan $scratch/plan"
unchanged "planning changes nothing"
run_status 64 "convert does not take it" vs convert --plan "$scratch/plan"
said "and says who does" "vs2vz insulate --plan"
run_check "run" vs insulate --plan "$scratch/plan"
is "$(device_of 345)$(device_of 5000)$(device_of 6000)" 110 "two have a file system of their own"
run_status 6 "a second time it is stale" vs insulate --plan "$scratch/plan"
run_status 4 "one that is blocked stops no other one" vs insulate 345 db --image /srv/ct/ --yes
said "the reason" VS630
is "$(device_of 6000)" 1 "the other one is done"
run_check "undo of that one" vs undo ct/6000
run_check "undo of one" vs undo ct/5000
is "$(device_of 345)$(device_of 5000)" 10 "and the other stays"
run_check "undo of the other" vs undo 345
unchanged "both are undone"

run_check "as JSON, quiet" vs insulate --all --image /srv/ct/ --yes -q --json
said "all of them" '"name": "ct/6000"'
is "$(device_of 345)$(device_of 5000)$(device_of 6000)" 111 "--all is all"

# ---- what it is now

run_check "status" vs status
said "the kind" 'ct/5000 +5000 +converted +insulated'
uuid=$(blkid -c /dev/null -p -o value -s UUID "$R/srv/ct/5000.img")
said "image and UUID" "/srv/ct/5000.img +UUID $uuid"
run_check "status as JSON" vs status --json
said "the kind" '"kind": "insulated"'
said "the UUID" "\"uuid\": \"$uuid\""
cat "$R"/srv/ct/*.img >"$scratch/images"
sum=$(sum_of "$scratch/images")
rm "$scratch/images"
run_check "verify" vs verify
said_not "old journals are not compared with bare directories" 'v345|differs'
run_check "verify by the name of the guest" vs verify web
said "means the later journal" '^ct/5000: done'
for command in scan check "check --before-reboot" status verify "undo -n 345" report; do
	# shellcheck disable=SC2086
	run vs $command
	[ "$status" = 0 ] || [ "$status" = 2 ]
	result $? "$command runs" || show_last
done
is "$(cat "$R"/srv/ct/*.img | md5sum)" "$sum" "not a byte of the images changed"
is "$(loops_below "$R/srv")" "" "no loop device is left"

# ---- the image is away: nothing that may be the last copy goes

mv "$R/srv/ct/5000.img" "$R/srv/away"
run_check "status without the image" vs status
said "says so" "VE_DEVICE: '/srv/ct/5000.img' is not there"
run_mustfail "undo" vs undo ct/5000
said "is told how" '--discard-changes'
run_status 2 "undo -n" vs undo ct/5000 -n
run_status 2 "commit" vs commit ct/5000 --yes
truncate -s 16M "$R/srv/ct/5000.img"
mkfs.ext4 -q "$R/srv/ct/5000.img"
run_status 2 "commit with another one in its place" vs commit ct/5000 --yes
said "is told" 'was not made by this step'
ok "what it was made from is there" test -d "$(aside "$R/vz/private" 5000)"
mv "$R/srv/away" "$R/srv/ct/5000.img"
run_check "commit of all" vs commit --all --yes

# ---- back, several at once

run_check "a plan that takes the scripts away" vs uninsulate --all -n -o "$scratch/plan"
run_check "two of them" vs uninsulate 345 5000 --yes
ok "the scripts stay for the third" test -x "$R/etc/vz/conf/vps.premount"
run_status 6 "the plan of all three is stale" vs uninsulate --plan "$scratch/plan"
run_check "a plan for the third" vs uninsulate 6000 -n -o "$scratch/plan"
run_check "one goes back meanwhile" vs undo ct/345
run_status 2 "it would take the scripts of another one away" vs uninsulate --plan "$scratch/plan"
said "which is named" 'container 345 is insulated'
run_check "all that are left" vs uninsulate --all --yes
ok "the scripts are gone" test ! -e "$R/etc/vz/conf/vps.premount"
run_check "one goes back to its own" vs undo ct/5000
ok "the scripts are there again" test -x "$R/etc/vz/conf/vps.premount" -a -x "$R/etc/vz/conf/vps.postumount"
run_check "and leaves it again" vs uninsulate 5000 --yes
ok "the scripts as well" test ! -e "$R/etc/vz/conf/vps.premount"
run_check "commit" vs commit --all --yes
is "$(find "$R/etc/vz" -name '*vs2vz*')" "" "nothing of all that is left"
is "$(ls -A "$R/srv/ct")" "" "the images are gone"
same_tree "$scratch/db" 6000 "the tree is what it was"
run_check "nothing to do" vs uninsulate 345 5000 --yes

# ---- VE_DUMP_DEVICE

device_with_fs
dump=$device dump_uuid=$uuid
device_with_fs
sum=$(sum_of "$device")$(sum_of "$dump")
# refused_dump TEXT WORDS OPTION...
refused_dump() {
	local text=$1 words=$2
	shift 2
	run_status 2 "dump device: $text" vs insulate 345 --yes "$@"
	said "$text: named" VS626
	said "$text: why" "$words"
	is "$(device_of 345)" 0 "$text: nothing was changed"
}
own=(--device "$device" "--overwrite=${uuid^^}")
refused_dump "beside an image" 'is an image file' --image /srv/x.img --dump-device "$dump"
refused_dump "VE_DEVICE itself" 'becomes VE_DEVICE' "${own[@]}" --dump-device "$device"
refused_dump "VE_DEVICE by its UUID" 'becomes VE_DEVICE' "${own[@]}" --dump-device "UUID=$uuid"
refused_dump "a slip of the pen" 'nothing has the name' "${own[@]}" --dump-device /dev/vs2vz-none
refused_dump "no UUID of a device" 'nothing has the name' "${own[@]}" \
	--dump-device UUID=7f3c1de2-6a50-4b64-9e0f-0c5d3a4b1a02
refused_dump "a character device" 'no block device' "${own[@]}" --dump-device /dev/null
is "$(sum_of "$device")$(sum_of "$dump")" "$sum" "no byte of the devices is another one"
wipefs -aq "$dump"
refused_dump "an empty device" 'no file system' "${own[@]}" --dump-device "$dump"
mkfs.ext4 -q -U "$dump_uuid" "$dump"
sum=$(sum_of "$dump")
run_check "one that fits" vs insulate 345 --yes "${own[@]}" --dump-device "UUID=$dump_uuid"
has_line "$R/etc/vz/conf/345.conf" "VE_DUMP_DEVICE=\"UUID=$dump_uuid\""
is "$(sum_of "$dump")" "$sum" "nothing was written to it"
first=$device
run_check "commit" vs commit 345 --yes
refused_dump_other() {
	run_status 2 "the device of another container" vs insulate web --yes --device "$device" \
		"--overwrite=$uuid" --dump-device "$first"
	said "it is named" 'is the VE_DEVICE of container 345'
}
device_with_fs
refused_dump_other
run_status 2 "another UUID was named" vs insulate web --device "$device" \
	--overwrite 7f3c1de2-6a50-4b64-9e0f-0c5d3a4b1a02 --yes
said "both are told" "UUID $uuid.*names another, 7f3c1de2"
run_check "back" vs uninsulate 345 --yes
ok "neither device is named" bash -c "! grep -q 'VE_.*DEVICE' '$R/etc/vz/conf/345.conf'"
run_check "commit" vs commit 345 --yes

# ---- what goes by another kind of name than ext4's

if command -v pvcreate >/dev/null; then
	new_device 64M
	pvcreate -qq -y --driverloaded n --config 'devices{use_devicesfile=0} backup{backup=0 archive=0}' \
		"$device" >/dev/null 2>&1 3<&- || result 1 "a physical volume"
	pv=$(blkid -c /dev/null -p -o value -s UUID "$device")
	sum=$(sum_of "$device")
	run_status 2 "a physical volume" vs insulate web --device "$device" --yes
	said "it is named" "LVM2_member, UUID $pv"
	run_status 2 "its name in small letters" vs insulate web --device "$device" --yes "--overwrite=${pv,,}"
	is "$(sum_of "$device")" "$sum" "nothing was written"
	run_check "its own name" vs insulate web --device "$device" --yes "--overwrite=$pv"
	is "$(blkid -c /dev/null -p -o value -s TYPE "$device")" ext4 "it is the container's"
	run_check "and back" vs undo ct/5000
else
	skip "a physical volume" "no lvm"
fi

# ---- rehearsed on a private mount

grep -qw overlay /proc/filesystems || modprobe -q overlay 2>/dev/null
if ! grep -qw overlay /proc/filesystems; then
	skip "rehearsal" "no overlayfs"
	done_testing
fi
tarball=$("$top/tests/lib/debian-guest.sh" 2>"$scratch/why") ||
	{ skip "rehearsal" "$(tail -n 1 "$scratch/why")"; done_testing; }
debian_tree() {
	tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' --acls -xpf "$tarball"
	tree_nodes "$1"
}
wipe "$R"
mkdir -p "$R"
mount_new ext4 2G "$R"
mkhost "$R"
mkdir -p "$R/srv"
add_guest "$R" deb201 40010 deb201.example.org 192.0.2.201 debian_tree
run_check "convert" vs convert deb201 --yes --insulate image:/srv
sum=$(sum_of "$R/srv/201.img")
run_check "verify --start" vs verify --start
said "it came up" 'rehearsal: .*up.*, runlevel 2'
said "and serves" 'tcp 0.0.0.0:22 \(sshd\)'
is "$(sum_of "$R/srv/201.img")" "$sum" "not a byte of its file system changed"
is "$(loops_below "$R/srv")" "" "no loop device is left"
is "$(mounts_at "$R" | grep -vFx "$R" | head -n 1)" "" "nothing is mounted"
run_check "commit" vs commit deb201 --yes
run_check "to another image" vs insulate 201 --image /srv/other.img --yes
sum=$(sum_of "$R/srv/other.img")
run_check "verify --start, by the name of the guest" vs verify --start deb201
said "once" 'ct/201, rehearsal: .*up'
is "$(sum_of "$R/srv/other.img")" "$sum" "not a byte of that one changed"
mkdir "$scratch/m"
mount -o loop "$R/srv/other.img" "$scratch/m"
run_mustfail "mounted elsewhere it is not touched" vs verify --start deb201
said "the place is named" "in use: $scratch/m"
umount "$scratch/m"
done_testing
