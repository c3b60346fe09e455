#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Cuts the whole program where containers get a file system of their own: by convert,
# for a container that exists, from one to another, back to the shared one; forwards,
# back, in commit, and where undo brings back what the container wrote. After each cut
# and what follows: the host and the devices are as they were or as an undisturbed run
# leaves them, no loop device, mount or half-made file is left, and not a byte of
# another device is another.
#
#	campaign-insulate.sh VS2VZ-FAULT
#
# STEP, LIMIT, ONLY: see campaign-lib.sh; of a STEP that is not 1 thirty times as much, as each
# cut makes, checks and mounts real file systems. WORLDS: some of the worlds below.
. "$(dirname "$0")/campaign-lib.sh" || exit 1
losetup -f >/dev/null 2>&1 || { echo "1..0 # SKIP no loop device"; exit 0; }
[ "$step" = 1 ] || step=$((step * 30))
devices=

tidy() {
	umount "$work/m" 2>/dev/null
	for d in $devices; do losetup -d "$d" 2>/dev/null; done
}

loop_device() {	# FILE SIZE: in $device
	truncate -s "$2" "$1"
	device=$(losetup -f --show "$1") || exit 1
	devices="$devices $device"
}

mkdir -p "$work/m"
loop_device "$work/target.dev" 48M
target=$device
loop_device "$work/other.dev" 4M
other=$device
mkfs.ext4 -q -F "$other" || exit 1
sync "$other"
other_sum=$(md5sum <"$other")

# Blank again, in no time.
blank() {
	truncate -s 0 "$work/target.dev"
	truncate -s 48M "$work/target.dev"
	blockdev --flushbufs "$target"
}

# What a volume holds, where it is no matter byte by byte.
# Mounted in private: nobody else's name space gets a copy that keeps it busy.
volume() {	# VOLUME
	unshare -m sh -c '
		mount --make-rprivate / 2>/dev/null
		type=$(blkid -c /dev/null -p -o value -s TYPE "$1" 2>/dev/null)
		echo "$1 $type" $(blkid -c /dev/null -p -o value -s LABEL "$1" 2>/dev/null)
		[ "$type" ] && mount -o loop,ro,noload "$1" "$2" 2>/dev/null && cd "$2" || exit
		find . -printf "in ${1##*/}: %p %y %m %U:%G %T@ %n %l\n" |
			awk "{ if (\$7 > 1577836800) \$7 = \"new\"; print }" | sort
		find . -type f | sort | xargs -rd "\n" md5sum' sh "$1" "$work/m"
}

unsummed='^\./img/\|^\./etc/vz/conf/[1-9]'
record_more() {	# EXACT
	for f in img/*.img img/.[!.]*; do
		[ ! -e "$f" ] || if [ "$1" ]; then md5sum "$f"; else volume "$f"; fi
	done
	volume "$target"
	lsattr -d vz/private/* 2>/dev/null | awk '$1 ~ /i/ { print $2, "immutable" }'
	sed 's/UUID=[0-9a-f-]*/UUID=/' etc/vz/conf/[1-9]*.conf 2>/dev/null
}

# The kernel takes its time to let go of a loop device.
loops_left() { losetup -n -O BACK-FILE | grep -F "$host/"; }
beside() {
	tries=0
	while loops_left >/dev/null && [ $tries -lt 50 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	left=$(loops_left; awk -v d="$host/" 'index($5, d) == 1 && $5 != d "srv" { print $5 }' \
		/proc/self/mountinfo; find "$host" -name '*vs2vz-*part*')
	sum=$(md5sum <"$other")
	[ -z "$left" ] && [ "$sum" = "$other_sum" ] && return
	echo "# $1: left behind: $left, the other device: $sum"
	return 1
}

# After a resume that found all done the command itself finds it done, or refuses.
ask_again() {
	healthy "$@" || [ $? = 2 ]
}

# A container that was insulated before has a journal at its end, until the next stands.
recover() {
	healthy "$@" || { [ $? = 2 ] && grep -q 'it was committed: there is no way back' "$work/out"; }
}

# ---- worlds: new_host makes one, convert_it changes it

mail() {
	printf '1:2345:respawn:/sbin/getty 38400 tty1\nid:2:initdefault:\n' >"$1/etc/inittab"
	echo '/dev/hdv1 / ufs defaults 0 0' >"$1/etc/fstab"
	: >"$1/halt"
	setfattr -n user.note -v kept "$1/etc/fstab" 2>/dev/null
}

guest_host() {
	guest uni 300 /vservers/uni
	mail "$host/vservers/uni"
	mark "$host/vservers/uni"
}

container_host() {
	tree "$host/vz/private/345"
	mail "$host/vz/private/345"
	mkdir -p "$host/vz/root/345"
	printf '%s\n' 'VE_ROOT="/vz/root/$VEID"' 'VE_PRIVATE="/vz/private/$VEID"' ONBOOT=no \
		>"$host/etc/vz/conf/345.conf"
}

in_image() { healthy insulate 345 --image /img/345.img --yes && healthy commit --all --yes; }
on_device() { healthy insulate 345 --device "$target" --yes && healthy commit --all --yes; }

# Made once, and copied for each cut: what a run before made has random in it.
save_host() {
	base_host
	mkdir "$host/img"
	blank
	$people
	end_host
	$before
	locked=$(lsattr -d "$host"/vz/private/* 2>/dev/null | awk '$1 ~ /i/ { print $2 }')
	end_host
	thaw
	rm -rf "$work/saved"
	cp -a "$host" "$work/saved"
}

new_host() {
	thaw
	rm -rf "$host" "$work/grave"
	mkdir "$work/grave"
	cp -a "$work/saved" "$host"
	blank
	freeze
	[ -z "$locked" ] || chattr +i $locked
}

# What the container writes while it is up; its root changes as well.
write_in() {
	echo "of the container" >"$1/etc/new"
	rm "$1/etc/passwd-"
	echo "changed" >"$1/etc/debian_version"
	mkdir "$1/srv"
	touch -h -d '2012-03-04 05:06:07' "$1/etc/new" "$1/etc/debian_version" "$1/srv" "$1/etc" "$1"
}
up() {	# VOLUME
	mount -o loop "$1" "$work/m" || return 1
	write_in "$work/m"
	umount "$work/m"
}
area() { write_in "$host/vz/private/345"; }

C= who=
changed() { healthy $C && written; }
learn() {	# what is right, from runs that nothing disturbs
	good=0
	save_host
	new_host
	record 1 >"$work/before"
	if healthy $C; then
		record "" >"$work/after"
		healthy undo "$who" && judge "$work/before" 1 "undo" && beside "undo" && good=1
	fi
	new_host
	healthy $C && healthy commit "$who" --yes || good=0
	record "" >"$work/committed"
	new_host
	if [ "$brings" ]; then
		changed && healthy undo "$who" --bring-back || good=0
		record "" >"$work/brought"
		grep -q 'etc/new' "$work/brought" || { good=0; echo "# nothing was brought back"; }
	fi
	say "$good" "$1: forwards, back, commit without a fault"
	[ "$good" = 1 ] || sed 's/^/# /' "$work/out" | tail
	[ "$good" = 1 ]
}

world() {	# NAME GUEST PEOPLE BEFORE WRITTEN COMMAND...
	case " ${WORLDS:-$1} " in *" $1 "*) ;; *) return ;; esac
	world=$1 who=$2 people=$3 before=$4 brings=$5
	shift 5
	C=$*
	written() { $brings; }
	learn "$world" || return
	R="resume --yes" U="undo --all" K="commit --all --yes" B="undo --all --bring-back"
	D="undo --all --discard-changes"
	cut "crash in convert, then resume" "crash:%d" "" "$C" "$R" "$work/after" ""
	cut "crash in convert, then undo" "crash:%d" "" "$C" "$U" "$work/before" 1
	cut "I/O error in convert, then resume" "eio:%d" "" "$C" "$R" "$work/after" ""
	cut "I/O error in convert, then undo" "eio:%d" "" "$C" "$U" "$work/before" 1
	cut "disk full in convert, then undo" "enospc:%d" "" "$C" "$U" "$work/before" 1
	cut "I/O errors for ever in convert, then undo" "eio-forever:%d" "" "$C" "$U" "$work/before" 1
	cut "crash in undo, then undo" "crash:%d" "healthy $C" "$U" "$U" "$work/before" 1
	cut "I/O error in undo, then undo" "eio:%d" "healthy $C" "$U" "$U" "$work/before" 1
	cut "crash in commit, then commit" "crash:%d" "healthy $C" "$K" "$K" "$work/committed" ""
	cut "I/O error in commit, then commit" "eio:%d" "healthy $C" "$K" "$K" "$work/committed" ""
	for seed in 0 1 2 3; do
		cut "power cut $seed in convert, then resume" "power:%d:$seed" "" "$C" "$R" "$work/after" ""
		cut "power cut $seed in convert, then undo" "power:%d:$seed" "" "$C" "$U" "$work/before" 1
		cut "power cut $seed in undo, then undo" "power:%d:$seed" "healthy $C" "$U" "$U" "$work/before" 1
	done
	[ "$brings" ] || return
	cut "crash in bringing back, then again" "crash:%d" changed "$B" "$B" "$work/brought" ""
	cut "I/O error in bringing back, then again" "eio:%d" changed "$B" "$B" "$work/brought" ""
	cut "disk full in bringing back, then again" "enospc:%d" changed "$B" "$B" "$work/brought" ""
	cut "power cut in bringing back, then again" "power:%d:0" changed "$B" "$B" "$work/brought" ""
	cut "power cut in bringing back, some lost, then again" "power:%d:2" changed "$B" "$B" "$work/brought" ""
	cut "crash in discarding, then again" "crash:%d" changed "$D" "$D" "$work/before" 1
	cut "power cut in discarding, then again" "power:%d:2" changed "$D" "$D" "$work/before" 1
}

# Of a sample each campaign begins elsewhere.
cut() {
	first=$(((first * 7 + 3) % step + 1))
	name=$world:\ $1
	shift
	campaign "$name" "$@"
}

world image uni guest_host "" "up $host/img/300.img" \
	convert uni --yes --insulate image:/img --fixups all
world device uni guest_host "" "up $target" \
	convert uni --yes --insulate "device:$target" --fixups all
world insulate 345 container_host "" "up $host/img/345.img" insulate 345 --image /img/345.img --yes
world own-to-own 345 container_host in_image "up $target" insulate 345 --device "$target" --yes
world uninsulate 345 container_host in_image area uninsulate 345 --yes
done_campaigns
