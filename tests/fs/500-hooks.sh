#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vps.premount and vps.postumount of insulated containers, run by real shells in a private
# mount namespace, in the environment and the order that vzctl gives them, with real
# devices and image files: what they mount and take off, that twice is once, and that
# every fault makes the start fail, names its object and leaves nothing behind.
# shellcheck disable=SC2016
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/ctscripts.sh"
need_loop
need_tools mkfs.ext4 e2label blkid debugfs
unshare -m true 2>/dev/null || skip_unless_required "no mount namespaces"

R=$scratch/h
conf=$R/etc/vz/conf
BARE=yes
# Tests may run beside each other: devices are looked for on the whole machine.
new_uuid() { cat /proc/sys/kernel/random/uuid; }
uuid=$(new_uuid)
other=$(new_uuid)
label=hooks$$

# install SCRIPT [CHAINED]: as the program fills its template in; patience for tests
install_hook() {
	sed -e "s|@VZ_CONF@|'/etc/vz/vz.conf'|; s|@CHAINED@|'${2:-}'|" \
		-e "s/^patience=30/patience=${patience:-0}/" "$top/templates/$1.in" |
		put "$conf/$1" 755
}

# file_system FILE UUID [MKFS-OPTION...]: with something in it
file_system() {
	local file=$1 id=$2
	shift 2
	rm -f "$file"
	truncate -s 8M "$file"
	mkfs.ext4 -q -F -m 0 -U "$id" "$@" "$file"
	echo here >"$scratch/here"
	debugfs -w -R "write $scratch/here here" "$file" >/dev/null 2>&1
}

# A stale loop device of an earlier test would answer for a new file of its name.
detach() {
	local d
	for d in "${devices[@]}"; do losetup -d "$d" 2>/dev/null; done
	devices=()
}
devices=()

# device FILE: sets $device
attach() {
	device=$(losetup -f --show "$1") || exit 1
	devices+=("$device")
}
finish() {
	detach
	clean_up
}
trap finish EXIT

# ct LINE...: CTID.conf of container 345
ct() {
	{
		printf '%s\n' 'ONBOOT="no"' 'VE_ROOT="/vz/root/345"' 'VE_PRIVATE="/vz/private/345"' \
			'DISK_QUOTA="no"' "$@"
		# vzctl does not mind, so the scripts must not: a last line that is false
		echo '[ -n "$NOTHING" ]'
	} | put "$conf/345.conf"
}

new_host() {
	wipe "$R"
	mkhost "$R"
	mkdir -p "$R/vz/private/345" "$R/vz/root/345" "$R/images" "$R/elsewhere"
	install_hook vps.premount
	install_hook vps.postumount
}

# commands: stdin is run in the host; what it printed is in $scratch/said
commands() {
	{ vzctl_verbs; cat; } >"$scratch/commands"
	in_host "$scratch/commands" "${shell:-dash}" >"$scratch/said" 2>&1
	status=$?
	cp "$scratch/said" "$scratch/both"
	last="commands in the host by ${shell:-dash}"
	: >"$scratch/out"
	cp "$scratch/said" "$scratch/err"
}

# says TEXT LINE...: exactly this was printed
says() {
	local text=$1
	shift
	printf '%s\n' "$@" >"$scratch/wanted"
	same_files "$scratch/wanted" "$scratch/said" "$text"
}

# whole_life TEXT: up, twice, and down again
whole_life() {
	commands <<-'END'
	vz_mount; cat "$root/here"; on "$private"
	hook vps.premount; on "$private"
	vz_umount; on "$private"; ls "$private"
	hook vps.postumount
	END
	says "$1" 'vps.premount: 0' 'vzctl: 0' here 1 'vps.premount: 0' 1 'vps.postumount: 0' \
		'vzctl: 0' 0 'vps.postumount: 0'
}

for shell in dash 'bash -o posix'; do
	new_host
	file_system "$R/images/345.img" "$uuid" -L "$label"
	attach "$R/images/345.img"

	ct "VE_DEVICE=\"UUID=$uuid\""
	whole_life "$shell: a device by its UUID"
	ct "VE_DEVICE=\"LABEL=$label\""
	whole_life "$shell: by its label"
	ct "VE_DEVICE=\"$device\""
	whole_life "$shell: by its path"
	ok "$shell: a device that was attached stays" losetup "$device"
	detach

	ct 'VE_DEVICE="/images/345.img"'
	whole_life "$shell: an image file"
	is "$(losetup -j "$R/images/345.img")" "" "$shell: no loop device is left"

	ct
	commands <<-'END'
	echo shared >"$private/shared"
	vz_mount; cat "$root/shared"; on "$private"; vz_umount
	END
	says "$shell: a container without VE_DEVICE is left alone" 'vps.premount: 0' 'vzctl: 0' \
		shared 0 'vps.postumount: 0' 'vzctl: 0'
done

# No mountinfo, as before Linux 2.6.26.
new_host
sed -i 's,/proc/self/mountinfo,/proc/self/none,' "$conf"/vps.*
file_system "$R/images/345.img" "$uuid"
ct 'VE_DEVICE="/images/345.img"'
shell=dash
whole_life "a kernel without mountinfo"
attach "$R/images/345.img"
ct "VE_DEVICE=\"UUID=$uuid\""
commands <<END
mount "$device" /elsewhere
vz_mount
END
said "a device that is mounted elsewhere is refused there as well" "mounted elsewhere: /.*elsewhere"
detach

# ---- order, chained scripts, environment

new_host
file_system "$R/images/345.img" "$uuid"
ct 'VE_DEVICE="/images/345.img"'
for s in 345.premount vps.mount 345.mount 345.umount vps.umount 345.postumount; do
	printf '#!/bin/sh\ncat /vz/private/345/here\n' | put "$conf/$s" 755
done
commands <<'END'
vz_mount; vz_umount; on "$private"; attached /images/345.img
END
says "all scripts in vzctl's order see the file system" 'vps.premount: 0' here '345.premount: 0' here 'vps.mount: 0' \
	here '345.mount: 0' 'vzctl: 0' here '345.umount: 0' here 'vps.umount: 0' \
	here '345.postumount: 0' 'vps.postumount: 0' 'vzctl: 0' 0 0
printf '#!/bin/sh\nexit 1\n' | put "$conf/345.premount" 755
commands <<'END'
vz_mount; on "$private"
echo 'exit 0' >$conf/345.premount
vz_mount; on "$private"; on "$root"; vz_umount; on "$private"; attached /images/345.img
END
says "a later script that fails leaves it mounted, and the next start takes it as it is" \
	'vps.premount: 0' '345.premount: 1' 'vzctl: 79' 1 'vps.premount: 0' '345.premount: 0' \
	here 'vps.mount: 0' here '345.mount: 0' 'vzctl: 0' 1 1 here '345.umount: 0' here \
	'vps.umount: 0' here '345.postumount: 0' 'vps.postumount: 0' 'vzctl: 0' 0 0

# The earlier scripts of these names go on, with what vzctl gives them.
printf '#!/bin/sh\necho "earlier ${0##*/} $VEID $VE_CONFFILE $(env | sort | cut -d= -f1 | tr "\\n" " ")"\n' |
	tee "$conf/vps.premount.before" | put "$conf/vps.postumount.before" 755
chmod 755 "$conf/vps.premount.before"
rm -f "$conf"/345.* "$conf"/vps.mount "$conf"/vps.umount
install_hook vps.premount /etc/vz/conf/vps.premount.before
install_hook vps.postumount /etc/vz/conf/vps.postumount.before
ct 'VE_DEVICE="/images/345.img"'
commands <<'END'
vz_mount; on "$private"; vz_umount; on "$private"
END
vars='HOME PATH PWD TERM VEID VE_CONFFILE '
says "chained scripts run with vzctl's environment" \
	"earlier vps.premount.before 345 /etc/vz/conf/345.conf $vars" 'vps.premount: 0' 'vzctl: 0' 1 \
	"earlier vps.postumount.before 345 /etc/vz/conf/345.conf $vars" 'vps.postumount: 0' 'vzctl: 0' 0
printf '#!/bin/sh\nexit 7\n' | tee "$conf/vps.premount.before" >"$conf/vps.postumount.before"
commands <<'END'
vz_mount; on "$private"
hook vps.postumount
END
said "a chained vps.premount that fails ends the start" "before' failed"
said "before anything is mounted" '^0$'
said_not "and no status of its own is passed on" 'vps.premount: 7'
install_hook vps.premount
commands <<'END'
vz_mount; vz_umount; on "$private"
END
said "a chained vps.postumount that fails is told" "vps.postumount.before' failed"
said "and the file system is off all the same" '^0$'

# ---- faults: fault TEXT PATTERN: the start fails, says why, and leaves nothing mounted

fault() {
	local text=$1 pattern=$2
	commands <<-'END'
	vz_mount; echo "mounted: $(on "$private") $(on "$root")"
	END
	grep -Eq -- "$pattern" "$scratch/said" && grep -q '^vps.premount: 1$' "$scratch/said" &&
		grep -q '^mounted: 0 0$' "$scratch/said"
	result $? "$text" || show_last
}

new_host
file_system "$R/images/345.img" "$uuid"
ct "VE_DEVICE=\"UUID=$other\""
fault "no device with this UUID" "UUID=$other' did not appear"
ct 'VE_DEVICE="LABEL=none of these"'
fault "no device with this label" "did not appear"
ct 'VE_DEVICE="/dev/vs2vz/none"'
fault "no such device" "/dev/vs2vz/none' did not appear"
ct 'VE_DEVICE="/images/none.img"'
fault "no such image file" "/images/none.img' did not appear"
ct 'VE_DEVICE="/images"'
fault "a directory" "'/images' did not appear"
ct 'VE_DEVICE="images/345.img"'
fault "a relative path" "neither UUID=, LABEL= nor an absolute path"
ct 'VE_DEVICE="/images/345.img"' 'VE_PRIVATE=""'
fault "no private area" "VE_DEVICE without VE_PRIVATE"
ct 'VE_DEVICE="/images/345.img"' 'VE_PRIVATE="/vz/link"'
ln -s /vz/private/345 "$R/vz/link"
fault "a private area that is a link" "'/vz/link' is no directory"
ct 'VE_DEVICE="/images/345.img'
fault "CTID.conf is no shell text" "cannot read"
ct 'VE_DEVICE="/images/345.img"'
mv "$R/etc/vz/vz.conf" "$R/etc/vz/vz.conf.away"
fault "vz.conf is missing" "cannot read '/etc/vz/vz.conf'"
mv "$R/etc/vz/vz.conf.away" "$R/etc/vz/vz.conf"
commands <<'END'
env -i PATH="$PATH" /bin/dash $conf/vps.premount; echo "$?"
env -i PATH="$PATH" /bin/dash $conf/vps.postumount; echo "$?"
END
said "not called by vzctl" 'VEID and VE_CONFFILE are not set'
said_not "which is no success" '^0$'

e2label "$R/images/345.img" vs2vz-part
fault "a file system that is not complete" 'not complete: vs2vz resume'
file_system "$R/images/345.img" "$uuid"
debugfs -w -R 'rm here' "$R/images/345.img" >/dev/null 2>&1
debugfs -w -R 'rmdir lost+found' "$R/images/345.img" >/dev/null 2>&1
fault "a file system with nothing in it" 'is empty'
is "$(losetup -j "$R/images/345.img")" "" "its loop device is released"
file_system "$R/images/345.img" "$uuid"
debugfs -w -R 'clri <2>' "$R/images/345.img" >/dev/null 2>&1
debugfs -w -R 'ssv state 0' "$R/images/345.img" >/dev/null 2>&1
fault "a damaged file system" 'e2fsck -p .* ended with [48]'
file_system "$R/images/345.img" "$uuid"
printf '\377' | dd of="$R/images/345.img" bs=1 seek=1080 conv=notrunc 2>/dev/null
fault "no file system at all" 'cannot mount'

file_system "$R/images/345.img" "$uuid"
cp "$R/images/345.img" "$R/images/copy.img"
attach "$R/images/345.img"
attach "$R/images/copy.img"
ct "VE_DEVICE=\"UUID=$uuid\""
fault "two devices with one UUID" 'is on several devices: /dev/loop'
detach
attach "$R/images/345.img"
commands <<END
mount "$device" /elsewhere
vz_mount; on "\$private"; umount /elsewhere
END
said "mounted elsewhere: refused" "mounted elsewhere: /.*elsewhere"
said "and left there" '^0$'
file_system "$R/images/other.img" "$other"
commands <<'END'
mount -o loop /images/other.img "$private"
vz_mount; on "$private"; cat "$private/here"
umount "$private"
END
said "another file system on the private area: refused" 'has another file system \(device .*\) mounted'
said "and left there" '^here$'
detach

# Needs its journal: what a power cut leaves is mended and mounted.
file_system "$R/images/345.img" "$uuid"
debugfs -w -R 'ssv state 0' "$R/images/345.img" >/dev/null 2>&1
ct 'VE_DEVICE="/images/345.img"'
commands <<'END'
vz_mount; cat "$root/here"; vz_umount
END
said "a file system that was not unmounted is checked, and mounted" '^vzctl: 0$'
said_not "without a failure" '79'

# A device that takes its time.
patience=20 install_hook vps.premount
ct "VE_DEVICE=\"UUID=$uuid\""
ln "$R/images/345.img" "$R/images/late.img"
commands <<'END'
{ sleep 2; losetup -f --show /images/late.img >/tmp/late; } &
vz_mount; cat "$root/here"; vz_umount
wait
losetup -d "$(cat /tmp/late)"
END
said "a device that appears while it is waited for is mounted" '^here$'
said_not "the start does not fail" '79'

# ---- still in use

new_host
file_system "$R/images/345.img" "$uuid"
ct 'VE_DEVICE="/images/345.img"'
commands <<'END'
vz_mount
cd "$private"; sleep 100 & cd /
vz_umount; on "$private"
kill %1; wait 2>/dev/null
hook vps.postumount; on "$private"; attached /images/345.img
END
said "busy: vps.postumount fails and names who" "in use by process [0-9]+ \(sleep\)"
said "vzctl hears of it" 'vps.postumount: 1'
said "once free it comes off" '^vps.postumount: 0$'
is "$(tail -n 2 "$scratch/said" | tr '\n' ' ')" "0 0 " "and nothing is left behind"

# ---- a shared device for the checkpoint

new_host
file_system "$R/images/345.img" "$uuid"
file_system "$R/images/dump.img" "$other"
ct 'VE_DEVICE="/images/345.img"' 'VE_DUMP_DEVICE="/images/dump.img"'
sed 's/345/346/g' "$conf/345.conf" >"$conf/346.conf"
mkdir -p "$R/vz/private/346"
file_system "$R/images/346.img" "$(new_uuid)"
commands <<'END'
vz_mount; on /vz/dump; hook vps.premount; on /vz/dump; vz_umount; on "$private"; on /vz/dump
END
says "VE_DUMP_DEVICE comes and goes on DUMPDIR" \
	'vps.premount: 0' 'vzctl: 0' 1 'vps.premount: 0' 1 'vps.postumount: 0' 'vzctl: 0' 0 0
commands <<'END'
vz_mount
(VEID=346 VE_CONFFILE=/etc/vz/conf/346.conf; hook vps.premount)
vz_umount; on /vz/dump
(VEID=346 VE_CONFFILE=/etc/vz/conf/346.conf; hook vps.postumount); on /vz/dump
END
says "it stays while another container that is up wants it" 'vps.premount: 0' 'vzctl: 0' \
	'vps.premount: 0' 'vps.postumount: 0' 'vzctl: 0' 1 'vps.postumount: 0' 0
ct 'VE_DEVICE="/images/345.img"' 'VE_DUMP_DEVICE="/images/none.img"'
fault "no device for the dump: the file system is taken off again" '/images/none.img. did not appear'
is "$(losetup -j "$R/images/345.img")" "" "and its loop device released"
done_testing
