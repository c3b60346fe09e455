#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a tree or volume is known by: never by an inode number or the name of a device. A
# volume that got another name is found by its UUID, and what has its old name is left
# alone; a foreign file system at a tree's place is no tree of ours.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
need_tools mkfs.ext4 blkid

trap finish EXIT
# vzctl's lock is taken and given back.
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock; }
R=$scratch/h
mount_new ext4 256M "$R"
mkhost "$R"
add_guest "$R" web 345 web.example.org 192.0.2.5 small_tree
tree "$scratch/guest" "$R/vservers/web"
host_tree "$scratch/before" "$R"

# rename_device: the volume becomes another device, and another one has its name
rename_device() {
	local image=$1 foreign=$2
	losetup -d "$device" || return 1
	losetup "$device" "$foreign" && other=$(losetup -f --show "$image") || return 1
	devices+=("$other")
}

foreign=$scratch/foreign
truncate -s 64M "$foreign"
mkfs.ext4 -q "$foreign"
new_device 128M
image=$(losetup -n -O BACK-FILE "$device")
run_check "convert onto a device" vs convert web --yes --insulate "device:$device"
uuid=$(blkid -c /dev/null -o value -s UUID "$device")
rename_device "$image" "$foreign"
sum=$(md5sum <"$foreign")
run_check "the device has another name: verify" vs verify web
said "what is where is said" "file system $uuid is on '$other' now; '$device', where it was, is left alone"
mkdir "$scratch/m"
mount "$other" "$scratch/m"
echo changed >"$scratch/m/etc/changed"
umount "$scratch/m"
run_status 1 "a change of the container is seen" vs verify web
said "and named" "etc/changed: new .the container's"
run_check "undo --bring-back" vs undo web --bring-back
ok "brings it back" test -f "$R/vservers/web/etc/changed"
is "$(blkid -c /dev/null -p -o value -s UUID "$other")" "" "what was made is gone from the device"
is "$(md5sum <"$foreign")" "$sum" "what has its old name was not written to"
rm "$R/vservers/web/etc/changed"

# And undo alone, another time.
losetup -d "$device"
losetup "$device" "$image"
run_check "convert onto the device" vs convert web --yes --insulate "device:$device"
rename_device "$image" "$foreign"
run_check "undo" vs undo web
is "$(md5sum <"$foreign")" "$sum" "what has its old name was not written to"
ok "the guest is back" test -f "$R/vservers/web/etc/passwd"

# A guest whose tree is the root of a file system of its own: inode 2, as of any other.
own=$scratch/own
truncate -s 64M "$own"
mkfs.ext4 -q "$own"
mkdir -p "$R/vservers/big"
mount -o loop "$own" "$R/vservers/big"
add_guest "$R" big 346 big.example.org 192.0.2.6 small_tree
run_check "a tree that is a mount point" vs convert big --yes
echo of-the-container >"$R/vz/private/346/etc/motd"
umount "$R/vservers/big"
mount -o loop "$foreign" "$R/vservers/big"
echo precious >"$R/vservers/big/precious"
foreign_uuid=$(blkid -c /dev/null -o value -s UUID "$foreign")
host_tree "$scratch/before" "$R"
run_mustfail "another file system is mounted at its place: bring-back" vs undo big --bring-back
said "both are named" "$foreign_uuid, not $(blkid -c /dev/null -o value -s UUID "$own")"
unchanged "nothing was changed"
run_mustfail "nor does discard throw the only copy away" vs undo big --discard-changes
unchanged "nothing was changed"
run_mustfail "and plain undo is refused" vs undo big
unchanged "nothing was changed"
umount "$R/vservers/big"
mount -o loop "$own" "$R/vservers/big"
run_check "the right one again: bring-back" vs undo big --bring-back
ok "has the change" grep -q of-the-container "$R/vservers/big/etc/motd"

# The record of what was made is checked.
run_check "convert" vs convert web --yes --method copy
record=$(ls "$R"/var/lib/vs2vz/guests/web/copy.*)
ok "identity and check" grep -Eq '^[0-9a-f-]{36}/[0-9]+/[0-9]+ [0-9a-f]{8}$' "$record"
cp -p "$record" "$scratch/record"
sed -i 's/1/2/' "$record"
cmp -s "$record" "$scratch/record" && sed -i 's/3/4/' "$record"
run_mustfail "a damaged record" vs undo web
said "is named" "record 'copy\.[0-9]*' is damaged"
cp -p "$scratch/record" "$record"
run_check "undo" vs undo web
done_testing
