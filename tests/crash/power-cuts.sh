#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Power cuts on real file systems: each kind of work is recorded at the block device
# (tests/block-recorder.c), and disks are made of it as a cut would have left them:
# writes since the last flush dropped, whole or in part, an older one missing where a
# younger one is there. Each disk is mounted, `resume` or `undo` leads on or back, and the
# host must be what it was before, or what an undisturbed run makes of it.
#
#	power-cuts.sh TYPE	ext4, xfs or btrfs
#
# DISKS: of each kind (default 3; 17 with VS2VZ_TEST_LONG, 408 over all three types);
# KINDS: some of them.
fs=${1:-ext4}
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
. "$top/tests/lib/recorder.sh"
need_tools strace setfattr setfacl chattr
R=$scratch/h
need_recorder
count=${DISKS:-${VS2VZ_TEST_LONG:+17}}
count=${count:-3}
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock; }

# ---- hosts

guest_tree() {
	unified_tree "$1" 20
	printf '1:2345:respawn:/sbin/getty 38400 tty1\nid:2:initdefault:\n' >"$1/etc/inittab"
	echo '/dev/hdv1 / ufs defaults 0 0' >"$1/etc/fstab"
	: >"$1/halt"
	mkdir -p "$1/srv"
	many_files "$1/srv" 40
	head -c 300000 /dev/urandom >"$1/srv/data"
}

plain_host() {
	blank_disks || return 1
	mkhost "$R"
	add_guest "$R" web 345 web.example.org 192.0.2.5 guest_tree
}

# As VServer leaves them: owners with tags, files unified with a store.
marked_host() {
	plain_host || return 1
	tag_tree id24 345 "$R/vservers/web"
	UNIFY="usr" unify "$R/vservers/.hash" "$R/vservers/web"
	put_line "$R/etc/vs2vz.d/map.conf" 'guest "web" { tagging = "id24" tag = {345} }'
}

# converted HOST OPTION...
converted() {
	"$1" || return 1
	shift
	run_check "$what: convert first" vs convert web --yes "$@"
}

copied_host() { converted plain_host --fixups all; }
repaired_host() { converted marked_host --fixups all; }
insulated_host() { converted plain_host --fixups all --insulate image:/srv; }

# What the container's root changes: each kind of change once. No recipes: those would
# change the times of directories each time anew.
changed_host() {
	local ct=$R/vz/private/345
	converted plain_host || return 1
	echo "of the container" >"$ct/srv/new"
	rm "$ct/srv/data"
	mkdir "$ct/srv/directory"
	mv "$ct/etc/passwd-link" "$ct/srv/directory/moved"
	echo "changed" >>"$ct/var/log/messages"
	chmod 600 "$ct/etc/debian_version"
	ln "$ct/srv/new" "$ct/srv/again"
	ln -s nowhere "$ct/srv/soft"
	setfattr -n user.note -v changed "$ct/bin/sh"
}

# ---- what is true of a disk after the cut

# What recipes wrote is of this run or of the one before the cut, and so is the token.
newly() { sed -E 's/ mtime=1[7-9][0-9]{8}\.[0-9]+/ mtime=new/; s/vs2vz-[0-9a-f]{16}/vs2vz-TOKEN/g'; }

# container_tree FILE
container_tree() {
	local at=$R/vz/private/345
	if [ -f "$R/srv/345.img" ]; then
		at=$scratch/m
		mkdir -p "$at"
		mount -o loop "$R/srv/345.img" "$at" || return 1	# its own log is replayed
	fi
	tree /dev/stdout "$at" | newly >"$1"
	[ "$at" != "$scratch/m" ] || umount "$at"
}

# Equal, or the difference: no test of its own.
same_as() {
	cmp -s "$1" "$2" && return
	diag "$3 is not what it should be:"
	diff "$1" "$2" | head -n 10 | cut -c1-200 | sed 's/^/# /'
	return 1
}

whole_container() {
	container_tree "$scratch/container" && same_as "$scratch/after" "$scratch/container" "the container"
}

# says STATUSES COMMAND...
says() {
	local want=$1
	shift
	run vs "$@"
	[[ "|$want|" == *"|$status|"* ]] && return
	show_last
	return 1
}

# Cut before its journal stood it is not begun; the host's part goes with --all.
goes_back() {
	run vs undo web
	[ "$status" = 0 ] && return
	grep -Eq "no converted guest is called" "$scratch/both" || { show_last; return 1; }
	says 0 undo --all
}

lead_back() {
	goes_back || return 1
	host_tree "$scratch/now" "$R"
	same_as "$scratch/before" "$scratch/now" "the host"
}

# What was said to be done needs nothing more.
stays_done() { says 0 verify web && whole_container && lead_back; }

lead_on() {
	# shellcheck disable=SC2086
	says "0|4" resume --yes && says 0 $command && stays_done
}

stays_committed() {
	local left
	whole_container || return 1
	left=$(find "$R/vservers" "$R/vz/private" -maxdepth 1 -name '.*vs2vz*')
	[ -z "$left" ] || { diag "left: $left"; return 1; }
	says 0 status && grep -q 'web.*committed' "$scratch/both"
}

# What recipes replaced goes with the commit: in the middle of it some of that is there.
lead_commit() {
	container_tree "$scratch/container" || return 1
	grep -v '\.vs2vz-[^ /]* ' "$scratch/container" >"$scratch/committing"
	same_as "$scratch/after" "$scratch/committing" "the container" &&
		says 0 commit web --yes && stays_committed
}

stays_brought() {
	tree "$scratch/now" "$R/vservers/web"
	same_as "$scratch/after" "$scratch/now" "the guest with what was brought back"
}

lead_brought() {
	# shellcheck disable=SC2086
	run vs $command
	[ "$status" = 0 ] || goes_back && stays_brought
}

# ---- kinds of work

container_after() { container_tree "$scratch/after"; }
guest_after() { tree "$scratch/after" "$R/vservers/web"; }

command='' remember=''
recorded() {
	# shellcheck disable=SC2086
	run_check "$what: $command" vs $command
	echo end >"$scratch/recorded/control"	# what follows is done by this script
	$remember
}

# wants NAME: is it asked for?
wants() { case " ${KINDS:-$1} " in *" $1 "*) ;; *) return 1 ;; esac; }

# kind NAME SECOND-DISK HOST COMMAND REMEMBER JUDGE... LAST-JUDGE: the judges take turns, the
# last one judges the disk that is cut when the command has just ended
salt=53
kind() {
	local host=$3 judges judge end k good=0 nr
	wants "$1" || return
	what="$1 on $fs" second=$2 command=$4 remember=$5
	shift 5
	judges=("$@")
	end=$((${#judges[@]} - 1))
	$host || { result 1 "$what: no host"; return; }
	host_tree "$scratch/before" "$R"
	save_disks
	record_disks recorded || { result 1 "$what: not recorded"; return; }
	for ((k = 0; k < count; k++)); do
		judge=${judges[k % end]}
		nr=$((first_record + (last_record - first_record) * ((k * 617 + salt) % 1000) / 1000))
		[ "$k" != $((count - 1)) ] || { nr=$last_record judge=${judges[end]}; }
		if cut_disks "$nr" $((k + salt)) && $judge; then
			good=$((good + 1))
		else
			diag "$what: $judge after record $nr of $first_record to $last_record, seed" \
				"$((k + salt)); not flushed and lost: $(cat "$scratch/cut")"
		fi
		drop_disks
	done
	lost=$((lost + count - good)) salt=$((salt + 271))
	[ "$good" = "$count" ]
	result $? "$what: $good of $count disks are whole, cut in $((last_record - first_record)) writes and flushes"
}

convert="convert web --yes --fixups all"
kind rename "" plain_host "$convert" container_after lead_on lead_back stays_done
kind copy /vz plain_host "$convert" container_after lead_on lead_back stays_done
kind marks "" marked_host "$convert" container_after lead_on lead_back stays_done
kind insulate /srv plain_host "$convert --insulate image:/srv" container_after lead_on lead_back stays_done
kind bring-back /vz changed_host "undo web --bring-back" guest_after lead_brought stays_brought
kind commit /vz copied_host "commit web --yes" container_after lead_commit stays_committed
kind commit-marks "" repaired_host "commit web --yes" container_after lead_commit stays_committed
kind commit-insulated /srv insulated_host "commit web --yes" container_after lead_commit stays_committed
kinds_made=$made kinds_lost=$lost

# ---- would it be seen? A program whose syncs do nothing loses the only copy.

copy_and_commit() {
	local c
	for c in "convert web --yes" "commit web --yes"; do
		# shellcheck disable=SC2086
		run strace -f -qq -o /dev/null -e inject=fsync,fdatasync,syncfs,sync,sync_file_range:retval=0 \
			"$VS2VZ" --root "$R" $c
		result "$status" "$what: $c" || show_last
	done
	# The first disk's own time for it comes, the second one's had not come yet.
	sync -f "$R/vservers"
}
if wants unsynced; then
	what="syncs that do nothing on $fs" second=/vz
	plain_host
	tree "$scratch/before" "$R/vservers/web"
	save_disks
	record_disks copy_and_commit
	cut_disks "$last_record" 0
	result $? "$what: the disks can be mounted"
	ok "$what: the source is gone" test ! -e "$R/vservers/web/etc"
	tree "$scratch/now" "$R/vz/private/345" 2>/dev/null
	ok "$what: the copy is lost" bash -c "! cmp -s '$scratch/before' '$scratch/now'"
	drop_disks
fi
diag "power cuts on $fs: disks made $kinds_made, lost $kinds_lost"
done_testing
