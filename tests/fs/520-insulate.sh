#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers with a file system of their own: by convert, for containers that exist, from
# one to another and back; on devices and in image files. The tree is the guest's in every
# place, undo is exact, and nothing that holds data is ever written to.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/ctscripts.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools mkfs.ext4 e2fsck blkid
have_fs ext4 || skip_unless_required "no ext4"

R=$scratch/h
trap finish EXIT

new_host() {
	wipe "$R"
	mkdir -p "$R"
	mount_new ext4 256M "$R"
	mkhost "$R"
	mkdir -p "$R/srv"
}

# The tree on a device or image: own_tree OUTPUT VOLUME
own_tree() {
	mkdir -p "$scratch/m"
	mount -o loop,ro "$2" "$scratch/m" || return 1
	tree "$1" "$scratch/m"
	umount "$scratch/m"
}

is_whole() {
	run e2fsck -fn "$1"
	result "$status" "$3: e2fsck finds nothing" || show_last
	own_tree "$scratch/own" "$1"
	same_files "$2" "$scratch/own" "$3: the tree is in it"
}

nothing_left() {
	is "$(loops_below "$R/")" "" "$1: no loop device is left"
	is "$(mounts_at "$R" | grep -vFx "$R" | head -n 1)" "" "$1: nothing is mounted"
}

# ---- convert: an image file for each guest

new_host
add_v345 "$R"
add_guest "$R" web 5000 web.example.org 192.0.2.5
tree "$scratch/guest" "$R/vservers/v345"
tree "$scratch/web" "$R/vservers/web"
host_tree "$scratch/before" "$R"
run_check "plan" vs plan --all --insulate image:/srv/ct
said "the plan names image, kind and size" "makefs .*/vservers/v345 -> /srv/ct/345.img \\(${VS2VZ_TEST_EXT:-ext4}, [0-9]+ bytes"
said "the scripts are in it" 'write .*/etc/vz/conf/vps.premount'
unchanged "a plan changes nothing"
run_check "convert" vs convert --all --yes --insulate image:/srv/ct
is_whole "$R/srv/ct/345.img" "$scratch/guest" "v345"
is_whole "$R/srv/ct/5000.img" "$scratch/web" "web"
is "$(blkid -c /dev/null -o value -s LABEL "$R/srv/ct/345.img")" ct345 "the label names the container"
is "$(stat -c '%F %a %u:%g' "$R/vz/private/345")" "directory 755 0:0" "the bare mount point"
is "$(ls -A "$R/vz/private/345")" "" "is empty"
ok "and cannot be written to" bash -c "! touch '$R/vz/private/345/x' 2>/dev/null"
has_line "$R/etc/vz/conf/345.conf" 'VE_DEVICE="/srv/ct/345.img"'
has_line "$R/etc/vz/conf/345.conf" 'DISK_QUOTA="no"'
has_line "$R/etc/vz/conf/345.conf" 'VE_LAYOUT="simfs"'
nothing_left "convert"
run_check "verify" vs verify
nothing_left "verify"
host_tree "$scratch/converted" "$R"
run_check "a second convert has nothing to do" vs convert --all --yes --insulate image:/srv/ct
host_tree "$scratch/now" "$R"
same_files "$scratch/converted" "$scratch/now" "a second convert changes nothing"

touch -r "$R" "$scratch/stamp"
# vzctl's order with the scripts that were written.
{
	vzctl_verbs
	cat <<-'END'
	vz_mount; cat "$root/home/user/notes"; on "$private"; vz_umount; on "$private"
	END
} >"$scratch/commands"
BARE=yes in_host "$scratch/commands" dash >"$scratch/both" 2>&1
printf '%s\n' 'vps.premount: 0' 'vzctl: 0' remember 1 'vps.postumount: 0' 'vzctl: 0' 0 >"$scratch/wanted"
same_files "$scratch/wanted" "$scratch/both" "vzctl mounts it, and takes it off"
tidy_host
touch -r "$scratch/stamp" "$R"
run_check "one goes back" vs undo web
ok "the scripts stay for the other" test -x "$R/etc/vz/conf/vps.premount"
ok "its image is gone" test ! -e "$R/srv/ct/5000.img"
run_check "the other goes back" vs undo v345
unchanged "undo brought everything back"
nothing_left "undo"

# ---- the container changed its file system

run_check "convert" vs convert v345 --yes --insulate image:/srv/ct:64M
is "$(stat -c %s "$R/srv/ct/345.img")" $((64 << 20)) "the size that was asked for"
mount -o loop "$R/srv/ct/345.img" "$scratch/m"
echo new >"$scratch/m/new"
umount "$scratch/m"
run_mustfail "undo is refused when the container wrote something" vs undo v345
said "and both ways to go on are named" 'bring-back takes.*discard-changes leaves'
said "and says what" "[/']new'"
run_status 1 "verify sees it" vs verify
mount -o loop "$R/srv/ct/345.img" "$scratch/m"
run_mustfail "undo is refused while it is mounted" vs undo v345 --discard-changes
umount "$scratch/m"
run_check "undo brings it back when asked to" vs undo v345 --bring-back
is "$(cat "$R/vservers/v345/new")" new "what the container wrote is in the guest"
rm "$R/vservers/v345/new"

# ---- edits in the tree, marks of VServer

new_host
edited_tree() {
	small_tree "$1"
	printf '1:2345:respawn:/sbin/getty 38400 tty1\nid:2:initdefault:\n' >"$1/etc/inittab"
	echo '/dev/hdv1 / ufs defaults 0 0' >"$1/etc/fstab"
	: >"$1/halt"
}
add_guest "$R" web 345 web.example.org 192.0.2.5 edited_tree
own 1000:1000 "$R/vservers/web/var/log/messages"
tree "$scratch/clean" "$R/vservers/web"
tag_tree id24 345 "$R/vservers/web"
put_line "$R/etc/vs2vz.d/map.conf" 'guest "web" { tagging = "id24" tag = {345} }'
host_tree "$scratch/before" "$R"
run_check "tagged: convert" vs convert web --yes --insulate image:/srv
own_tree "$scratch/own" "$R/srv/345.img"
same_files "$scratch/clean" "$scratch/own" "the owners in it are true ones"
run_check "tagged: verify" vs verify
run_check "tagged: undo" vs undo web
unchanged "the tags are back"
run_check "edited: convert" vs convert web --yes --insulate image:/srv --fixups all
run e2fsck -fn "$R/srv/345.img"
result "$status" "e2fsck finds nothing after the edits" || show_last
mount -o loop,ro "$R/srv/345.img" "$scratch/m"
ok "recipes edited the tree in its own file system" grep -q '^#.*getty' "$scratch/m/etc/inittab"
ok "what they hid is kept until commit" compgen -G "$scratch/m/.halt.vs2vz-*-old"
umount "$scratch/m"
run_check "edited: verify" vs verify
run_check "edited: undo" vs undo web
unchanged "edits and tags are undone"
run_check "edited: convert again" vs convert web --yes --insulate image:/srv --fixups all
run_check "edited: commit" vs commit web --yes
nothing_left "commit"
mount -o loop,ro "$R/srv/345.img" "$scratch/m"
is "$(find "$scratch/m" -name '*vs2vz*')" "" "commit cleaned up in its own file system"
umount "$scratch/m"
ok "the source is gone" test -z "$(aside "$R/vservers" web)"
ok "the scripts stay" test -x "$R/etc/vz/conf/vps.premount"

# ---- devices: what holds data is not touched

new_host
add_v345 "$R"
tree "$scratch/guest" "$R/vservers/v345"
host_tree "$scratch/before" "$R"
# refused TEXT FINDING DEVICE [OPTION...]: blocked, and not one byte is another
refused() {
	local text=$1 finding=$2 at=$3 sum
	shift 3
	sum=$({ md5sum <"$at"; } 2>/dev/null)
	run_status 2 "$text" vs convert v345 --yes --insulate "device:$at" "$@"
	said "$text: named" "$finding"
	is "$({ md5sum <"$at"; } 2>/dev/null)" "$sum" "$text: its bytes are what they were"
	unchanged "$text: the host as well"
}
refused "no such device" VS601 /dev/vs2vz-none
refused "a character device" VS602 /dev/null
new_device 64M
uuid=$(cat /proc/sys/kernel/random/uuid)
mkfs.ext4 -q -F -U "$uuid" "$device"
refused "another file system" VS608 "$device"
refused "another file system, and another UUID may go" VS608 "$device" \
	--overwrite 7f3c1de2-6a50-4b64-9e0f-0c5d3a4b1a02
mkdir -p "$scratch/mounted"
mount -o ro "$device" "$scratch/mounted"
refused "mounted" VS603 "$device" --overwrite "$uuid"
umount "$scratch/mounted"
formatted=$device
new_device 8M
refused "too small" VS606 "$device"
new_device 64M
# One partition of type 83, from sector 2048
printf '\200\0\0\0\203\0\0\0\0\010\0\0\0\140\0\0' | dd of="$device" bs=1 seek=446 conv=notrunc 2>/dev/null
printf '\125\252' | dd of="$device" bs=1 seek=510 conv=notrunc 2>/dev/null
refused "a partition table" VS605 "$device"
run_status 2 "no logical volume" vs plan v345 --insulate lv:vs2vz-none:2G
said "it is named: VS601 without an lvm, VS612 with one" 'VS612|VS601'
run_status 64 "a size that is none" vs plan v345 --insulate image:/srv:big
run_status 64 "no place" vs plan v345 --insulate floppy
echo there >"$R/srv/345.img"
run_status 2 "an image that exists" vs plan v345 --insulate image:/srv
said "it is named" VS610
rm "$R/srv/345.img"
run_status 2 "an image that is too small" vs plan v345 --insulate image:/srv:1M
said "it is named" VS620
age "$R/srv"
host_tree "$scratch/before" "$R"

run_check "the UUID that was named may go" vs convert v345 --yes --insulate "device:$formatted" \
	--overwrite "$uuid"
is_whole "$formatted" "$scratch/guest" "a device"
uuid=$(blkid -c /dev/null -o value -s UUID "$formatted")
has_line "$R/etc/vz/conf/345.conf" "VE_DEVICE=\"UUID=$uuid\""
run_check "verify" vs verify
add_guest "$R" web 5000 web.example.org 192.0.2.5
run_status 2 "a device that a container has" vs plan web --insulate "device:$formatted" --overwrite "$uuid"
said "it is named" VS609
rm -rf "$R/etc/vservers/web" "$R/vservers/web"
age "$R/vservers"
run_check "undo" vs undo v345
age "$R/etc/vservers"
is "$(blkid -c /dev/null -p -o value -s TYPE "$formatted" 2>/dev/null)" "" "nothing is left on the device"

# ---- scripts of the host

printf '#!/bin/sh\necho earlier\n' | put "$R/etc/vz/conf/vps.premount" 755
age "$R/etc/vz"
host_tree "$scratch/before" "$R"
run_check "an earlier vps.premount" vs convert v345 --yes --insulate image:/srv
said "it is named" VS624
grep -q "^chained='/etc/vz/conf/vps.premount.before-vs2vz'$" "$R/etc/vz/conf/vps.premount"
result $? "it is called"
run_check "undo" vs undo v345
unchanged "it has its name again"
# An ELF header that names no library: a program in one piece
mkdir -p "$R/usr/sbin"
{
	printf '\177ELF\2\1\1\0'
	head -c 46 /dev/zero
	printf '\070\0'
	head -c 100 /dev/zero
} >"$R/usr/sbin/vzctl"
run_status 2 "a vzctl without premount" vs plan v345 --insulate image:/srv
said "it is named" VS622
echo 'vps.premount' >>"$R/usr/sbin/vzctl"
run_check "a vzctl with it" vs plan v345 --insulate image:/srv
said_not "nothing is said of it" 'VS622|VS631'
echo 'no program' >"$R/usr/sbin/vzctl"
run_check "a vzctl that cannot be read does not block" vs plan v345 --insulate image:/srv
said "it is asked to look" VS631
said_not "and not called old" VS622
# The real one and its library, as a build from source leaves them: ldconfig was told
if command -v cc >/dev/null; then
	echo 'const char *which(void) { return "vps.premount"; }' >"$scratch/l.c"
	echo 'extern const char *which(void); int main(void) { return *which(); }' >"$scratch/p.c"
	mkdir -p "$R/usr/odd-linux-gnu"
	cc -shared -fPIC -Wl,-soname,libvzctl-4.11.1.so -o "$R/usr/odd-linux-gnu/libvzctl-4.11.1.so" \
		"$scratch/l.c" &&
		cc -o "$R/usr/sbin/vzctl" "$scratch/p.c" "$R/usr/odd-linux-gnu/libvzctl-4.11.1.so"
	result $? "a program with a library"
	run_check "its library is where nobody looks" vs plan v345 --insulate image:/srv
	said "which is said" 'VS631'
	said "with its name" 'libvzctl-4.11.1.so is in none of the'
	echo /usr/odd-linux-gnu >"$R/etc/ld.so.conf"
	ldconfig -X -r "$R" && rm "$R/etc/ld.so.conf"
	result $? "ldconfig"
	run_check "the cache of ldconfig has it" vs plan v345 --insulate image:/srv
	said_not "nothing is said of it" 'VS622|VS631'
	rm "$R/etc/ld.so.cache"
	mkdir -p "$R/etc/ld.so.conf.d"
	echo 'include ld.so.conf.d/*.conf' >"$R/etc/ld.so.conf"
	echo '/usr/odd-linux-gnu # from source' >"$R/etc/ld.so.conf.d/vz.conf"
	run_check "ld.so.conf has it" vs plan v345 --insulate image:/srv
	said_not "nothing is said of it" 'VS622|VS631'
	rm -r "$R/etc/ld.so.conf" "$R/etc/ld.so.conf.d"
	cc -o "$R/usr/sbin/vzctl" "$scratch/p.c" "$R/usr/odd-linux-gnu/libvzctl-4.11.1.so" \
		-Wl,--enable-new-dtags -Wl,-rpath,'$ORIGIN/../odd-linux-gnu'
	run_check "the program itself names the directory" vs plan v345 --insulate image:/srv
	said_not "nothing is said of it" 'VS622|VS631'
	sed -i 's/premount/PREMOUNT/' "$R/usr/odd-linux-gnu/libvzctl-4.11.1.so"
	run_status 2 "a library of old" vs plan v345 --insulate image:/srv
	said "which is named" 'VS622|libvzctl-4.11.1.so'
else
	skip "a vzctl with a library" "no compiler"
fi
rm -rf "$R/usr" "$R/var/cache/ldconfig"
rm "$R/etc/vz/conf/vps.premount"

# ---- containers that exist: four directions

new_host
t=$R/vz/private/345
mkdir -p "$t" "$R/vz/root/345"
fedora_tree "$t"
{
	cat "$R/etc/vz/conf/ve-vps.basic.conf-sample"
	printf '%s\n' 'VE_ROOT="/vz/root/$VEID"' 'VE_PRIVATE="/vz/private/$VEID"' 'NAME="web"'
} >"$R/etc/vz/conf/345.conf"
age "$R/etc"
age "$R/vz"
# The lock of vzctl leaves its folder's time behind, as vzctl does.
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock; }
tree "$scratch/guest" "$t"
host_tree "$scratch/before" "$R"
run_status 64 "no such container" vs insulate 999 --image /srv/x.img
run_status 64 "no place" vs insulate 345
run_check "uninsulate of a shared one is nothing to do" vs uninsulate 345
run_check "dry run" vs insulate web --image /srv/345.img -n
unchanged "a dry run changes nothing"
run_status 2 "nobody answers" vs insulate web --image /srv/345.img
unchanged "nothing was changed"
run_check "shared to own" vs insulate web --image /srv/345.img --yes
is_whole "$R/srv/345.img" "$scratch/guest" "shared to own"
has_line "$R/etc/vz/conf/345.conf" 'VE_DEVICE="/srv/345.img"'
nothing_left "shared to own"
run_check "status" vs status
said "it has a line of its own" 'ct/345 +345 +converted'
run_check "verify" vs verify
run_status 2 "not before commit" vs uninsulate 345 --yes
said "it is named" VS630
run_check "undo" vs undo 345
unchanged "shared to own is undone"
run_check "shared to own again" vs insulate 345 --image /srv/345.img --yes
run_check "commit" vs commit 345 --yes
is "$(ls -A "$R/vz/private")" 345 "the old tree is gone"

host_tree "$scratch/before" "$R"
new_device 64M
run_check "own to own, on a device" vs insulate 345 --device "$device" --yes
is_whole "$device" "$scratch/guest" "own to own"
uuid=$(blkid -c /dev/null -o value -s UUID "$device")
has_line "$R/etc/vz/conf/345.conf" "VE_DEVICE=\"UUID=$uuid\""
run_check "verify" vs verify
run_check "undo" vs undo ct/345
unchanged "own to own is undone"
run_check "own to own again" vs insulate 345 --device "$device" --yes
run_check "commit" vs commit 345 --yes
ok "the old image is gone" test ! -e "$R/srv/345.img"

host_tree "$scratch/before" "$R"
sum=$(md5sum <"$device")
run_check "own to shared" vs uninsulate 345 --yes
said "the device is named" VS627
same_tree "$scratch/guest" 345 "the tree is in the private area again"
ok "no VE_DEVICE" bash -c "! grep -q 'VE_.*DEVICE' '$R/etc/vz/conf/345.conf'"
ok "the scripts are gone" test ! -e "$R/etc/vz/conf/vps.premount"
run_check "verify" vs verify
run_check "undo" vs undo 345
unchanged "own to shared is undone"
run_check "own to shared again" vs uninsulate 345 --yes
run_check "commit" vs commit 345 --yes
is "$(md5sum <"$device")" "$sum" "nothing was written to the old device"
nothing_left "own to shared"
same_tree "$scratch/guest" 345 "after all of it the tree is what it was"
mkdir "$t/root.hdd"
: >"$t/root.hdd/DiskDescriptor.xml"
run_status 2 "ploop is refused" vs insulate 345 --image /srv/345.img --yes
said "it is named" VS625
done_testing
