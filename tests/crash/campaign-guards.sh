#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Cuts the commands that delete one of two copies, where somebody has written into either:
# killed, with calls that fail (EIO, ENOSPC), and with each look failing once. Afterwards
# the same command, sound, ends as an undisturbed run does; and at every moment what the
# command has not been told to give up is there, whole, in one of the two places. What is
# refused changes nothing, whatever fails on the way to the refusal.
#
#	campaign-guards.sh VS2VZ-FAULT
#
# STEP, LIMIT, ONLY: see campaign-lib.sh; of looks, which are many, every 40th of those.
. "$(dirname "$0")/campaign-lib.sh" || exit 1
wide=$step

new_host() {
	base_host
	mount -t tmpfs -o size=16m none "$host/srv" || exit 1
	guest web 201 /srv/web
	guest uni 300 /vservers/uni
	mark "$host/vservers/uni"
	end_host
}

aged() { touch -h -d '2012-03-04 05:06:07' "$@"; }
aside() { find "$host/srv" -maxdepth 1 -name '.web.vs2vz*' | head -n 1; }

# The administrator finds the source and writes into it, later than the record.
late() {
	healthy convert --all --yes || return 1
	source=$(aside)
	sleep 0.02
	echo "written late" >"$source/etc/late"
	echo "changed late" >"$source/etc/debian_version"
	aged "$source/etc/late" "$source/etc/debian_version" "$source/etc"
}

# The container's root works.
changed() {
	healthy convert --all --yes || return 1
	ct=$host/vz/private/201
	echo "of the container" >"$ct/etc/new"
	rm "$ct/etc/passwd-"
	echo "changed" >"$ct/etc/debian_version"
	aged "$ct/etc/debian_version" "$ct/etc"	# not etc/new: who runs writes now
}

# Which of the two must be whole after a cut: nobody may give up both.
texts() { (cd "$1" 2>/dev/null && find . -type f -exec md5sum {} + | sort -k 2); }
keeps=none
one_is_whole() {
	case $keeps in
	container) texts "$host/vz/private/201" | cmp -s - "$work/container" ;;
	guest)	for tree in "$(aside)" "$host/srv/web"; do
			[ -z "$tree" ] || ! texts "$tree" | cmp -s - "$work/guest" || return 0
		done
		false ;;
	brought)	# the copy, or the source that has all of it
		texts "$host/vz/private/201" | cmp -s - "$work/container" ||
			texts "$host/srv/web" | cmp -s - "$work/container" ;;
	*) true ;;
	esac
}

recover() {
	one_is_whole || { echo "# $fault: neither is whole"; return 1; }
	healthy "$@"
	rc=$?
	[ "$rc" = "$wanted_rc" ] || { [ "$wanted_rc" = 0 ] && grep -q 'no converted guest' "$work/out"; }
}

# over NAME PREPARE KEEPS COMMAND...: learn what is right, then all faults
over() {
	name=$1 prepare=$2 keeps=$3
	shift 3
	wanted_rc=0
	new_host
	$prepare || { say 0 "$name: cannot be prepared"; return; }
	texts "$host/vz/private/201" >"$work/container"
	texts "$(aside)" >"$work/guest"
	record "" >"$work/prepared"
	healthy "$@"
	wanted_rc=$?
	record "" >"$work/wanted"
	case $name in
	*refused*)
		[ "$wanted_rc" = 2 ] || [ "$wanted_rc" = 1 ] && cmp -s "$work/prepared" "$work/wanted" && good=1 || good=0 ;;
	*) [ "$wanted_rc" = 0 ] && good=1 || good=0 ;;
	esac
	say "$good" "$name: without a fault, status $wanted_rc"
	[ "$good" = 1 ] || { sed 's/^/# /' "$work/out" | tail -5; return; }
	for family in crash eio enospc eio-forever look-eio look-enomem look-eacces; do
		step=$wide
		case $family in look-*) [ "$wide" = 1 ] || step=$((wide * 40)) ;; esac
		first=$(((first * 7 + 3) % step + 1))
		# A command that changes nothing before it refuses has few calls to fail.
		case $name,$family in *refused*,look-*) ;; *refused*) step=1 first=1 ;; esac
		campaign "$name: $family" "$family:%d" "$prepare" "$*" "$*" "$work/wanted" ""
	done
	step=$wide
}

over "commit" "healthy convert --all --yes" container commit --all --yes
over "commit of a changed container" changed container commit --all --yes
over "commit with late writes, refused" late none commit web --yes
over "commit that keeps the source" late container commit --all --yes --keep-source
over "commit that discards late writes" late container commit --all --yes --discard-changes
over "undo of a changed copy, refused" changed none undo web
over "undo that would bring back over late writes, refused" late none undo web --bring-back
over "undo that discards" changed guest undo --all --discard-changes
over "undo that brings back" changed brought undo --all --bring-back
done_campaigns
