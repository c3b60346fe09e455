#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Cuts the whole program: a host with three guests is converted, undone and committed
# by a vs2vz with the fault layer inside (tests/crash/fault.c), cut before its N-th
# change, and led on or back by a healthy one. Afterwards the host must be what it was,
# or what an undisturbed run makes of it.
#
#	campaign.sh VS2VZ-FAULT
#
# STEP: every how manyth N (default 1); LIMIT: cuts in one campaign; ONLY: part of a
# campaign's name. Needs root (owners, device nodes).
# Of the guests web1 moves by rename, web2 lies on another file system (a tmpfs) and is
# copied, mail has a configuration of the legacy style, uni is repaired in place: its owners
# carry tags, some of its files are unified with a hash store.
set -u
tool=${1:-${VS2VZ_BUILD:-build/gcc}/vs2vz-fault}
step=${STEP:-1}
limit=${LIMIT:-100000}
nr=0
tried=0
survived=0

if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP needs root"
	exit 0
fi
[ -x "$tool" ] || { echo "1..0 # SKIP no $tool"; exit 0; }
# Durability is modelled, not waited for: memory is as good as a disk.
[ -w /dev/shm ] && : "${TMPDIR:=/dev/shm}"
work=$(mktemp -d "${TMPDIR:-/tmp}/vs2vz-campaign.XXXXXX") || exit 1
host=$work/host
trap 'umount "$host/srv" 2>/dev/null; thaw; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
unset VS2VZ_FAULT VS2VZ_FAULT_GRAVE VS2VZ_FAULT_REPORT

guest() {	# NAME CONTEXT TREE
	conf=$host/etc/vservers/$1
	mkdir -p "$conf/interfaces/0" "$conf/uts" "$conf/apps/init"
	ln -s "$3" "$conf/vdir"
	echo "$2" >"$conf/context"
	echo "10.0.0.$2" >"$conf/interfaces/0/ip"
	echo eth0 >"$conf/interfaces/0/dev"
	echo 24 >"$conf/interfaces/0/prefix"
	echo "$1.example.org" >"$conf/uts/nodename"
	echo default >"$conf/apps/init/mark"
	tree "$host$3"
}

# As VServer leaves them: tag 300 by ID24; one frozen inode with a name in the store.
mark() {	# PATH
	find "$1" -exec chown -h 16777216:738197504 {} +
	mkdir -p "$1/usr/bin" "$host/vservers/.hash/ab"
	echo "a program of many guests" >"$host/vservers/.hash/ab/cdef-00000000"
	chmod 4755 "$1/bin/sh"
	ln "$host/vservers/.hash/ab/cdef-00000000" "$1/usr/bin/prog"
	ln "$1/usr/bin/prog" "$1/usr/bin/prog.too"
}

freeze() { chattr +i "$host/vservers/.hash/ab/cdef-00000000" 2>/dev/null; }
thaw() { find "$work" -type f -exec chattr -i {} + 2>/dev/null; }

legacy() {	# NAME CONTEXT
	printf 'IPROOT="eth0:10.0.0.%s/255.255.255.0"\nONBOOT=yes\nS_HOSTNAME=%s.example.org\nS_CONTEXT=%s\n' \
		"$2" "$1" "$2" >"$host/etc/vservers/$1.conf"
	tree "$host/vservers/$1"
}

tree() {	# PATH
	tree=$1
	mkdir -p "$tree/etc" "$tree/sbin" "$tree/bin" "$tree/dev" "$tree/var/run"
	echo "5.0.3" >"$tree/etc/debian_version"
	echo "root:x:0:0:root:/root:/bin/sh" >"$tree/etc/passwd"
	printf '#!/bin/sh\n' >"$tree/bin/sh"
	printf '#!/bin/sh\n' >"$tree/sbin/init"
	chmod 755 "$tree/bin/sh" "$tree/sbin/init"
	mknod "$tree/dev/null" c 1 3
	ln "$tree/etc/passwd" "$tree/etc/passwd-"
	chown 33:33 "$tree/var/run"
}

new_host() {
	umount "$host/srv" 2>/dev/null
	thaw
	rm -rf "$host" "$work/grave"
	mkdir -p "$host/srv"
	mount -t tmpfs -o size=16m none "$host/srv" || exit 1
	mkdir -p "$host/etc/vz/conf" "$host/etc/vz/names" "$host/vz/private" "$host/vz/root" \
		"$host/var/lib" "$host/var/log" "$host/etc/vservers" "$host/vservers" "$work/grave"
	cat >"$host/etc/vz/vz.conf" <<-'END'
		VIRTUOZZO=yes
		LOCKDIR=/vz/lock
		VE_ROOT=/vz/root/$VEID
		VE_PRIVATE=/vz/private/$VEID
		CONFIGFILE="basic"
		IPV6="yes"
	END
	printf 'ONBOOT="no"\nKMEMSIZE="14372700:14790164"\n' >"$host/etc/vz/conf/ve-basic.conf-sample"
	mkdir -p "$host/etc/rc3.d" "$host/etc/rc6.d"
	ln -s ../init.d/vservers-default "$host/etc/rc3.d/S98vservers-default"
	ln -s ../init.d/vservers-default "$host/etc/rc6.d/K10vservers-default"
	ln -s ../init.d/cron "$host/etc/rc3.d/S20cron"
	chown -h 5:6 "$host/etc/rc3.d/S98vservers-default"
	guest web1 201 /vservers/web1
	guest web2 202 /srv/web2
	legacy mail 203
	guest uni 300 /vservers/uni
	mark "$host/vservers/uni"
	find "$host" -exec touch -h -d '2009-03-04 05:06:07.123456789 UTC' {} +
	freeze
}

# The host as text; what is held has inode numbers for a name. "exact": every time; otherwise times of this century's 2020s are "new".
record() {
	( cd "$host" && find . \( -path ./var/lib/vs2vz -o -path ./var/log -o -path ./var/lib \) \
		-prune -o -printf '%p %y %m %U:%G %s %T@ %n %l\n' | awk -v exact="$1" '
		$2 == "d" { $5 = "-"; $7 = "-" }
		{ if (!exact && $6 > 1577836800) $6 = "new"; print }' | sort
	  find . \( -path ./var/lib/vs2vz -o -path ./var/log \) -prune -o -type f -print |
		sort | xargs -d '\n' md5sum
	  find . -path ./var/lib/vs2vz -prune -o -type f -exec lsattr {} + 2>/dev/null |
		awk '$1 ~ /i/ { print $2, "immutable" }' | sort ) |
		sed 's,\(/\.vs2vz-held-uni/\)[0-9a-f]*-[0-9a-f]*,\1ORIGINAL,'
}

healthy() { "$tool" --root "$host" -q "$@" >"$work/out" 2>&1; }
faulty() {	# FAULT ARGUMENTS...
	fault=$1
	shift
	VS2VZ_FAULT=$fault VS2VZ_FAULT_GRAVE=$work/grave VS2VZ_FAULT_REPORT=$work/report \
		"$tool" --root "$host" -q "$@" >"$work/out.fault" 2>&1
}
fired() { grep -q fired "$work/report" 2>/dev/null; }

say() {	# GOOD NAME REMARK
	nr=$((nr + 1))
	[ "$1" = 1 ] && echo "ok $nr - $2${3:+ # $3}" || echo "not ok $nr - $2${3:+ # $3}"
}

judge() {	# WANTED-RECORD EXACT LABEL
	record "$2" >"$work/now"
	cmp -s "$1" "$work/now" && return 0
	echo "# $3: the host is not what it should be"
	diff "$1" "$work/now" | head -8 | sed 's/^/# /'
	return 1
}

campaign() {	# NAME FAULT PREPARE CUT RECOVER WANTED EXACT
	case $1 in *"${ONLY:-}"*) ;; *) return ;; esac
	n=1 here_tried=0 here_survived=0
	while [ "$here_tried" -lt "$limit" ]; do
		fault=$(printf "$2" "$n")
		new_host
		rm -f "$work/report"
		[ -z "$3" ] || healthy $3 || { echo "# cannot prepare: $3"; break; }
		faulty "$fault" $4
		fired || break
		here_tried=$((here_tried + 1))
		recover=$5
		want=$6 exact=$7
		# A guest whose journal did not stand yet is none of resume's business: it was
		# not begun. Converting all is what the administrator had asked for.
		then=true
		[ "$recover" != "resume --yes" ] || then="healthy convert --all --yes"
		if ! healthy $recover || ! $then; then
			echo "# $fault: '$recover' ended with $?"
			sed 's/^/# /' "$work/out" | tail -5
		elif judge "$want" "$exact" "$1, $fault"; then
			here_survived=$((here_survived + 1))
		fi
		[ $((here_tried - here_survived)) -lt 3 ] || break
		n=$((n + step))
	done
	tried=$((tried + here_tried)) survived=$((survived + here_survived))
	good=0
	[ "$here_tried" -gt 0 ] && [ "$here_tried" = "$here_survived" ] && good=1
	say "$good" "$1" "cuts tried $here_tried, survived $here_survived"
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
campaign "crash in undo, then undo" "crash:%d" "$C" "$U" "$U" "$work/before" 1
campaign "crash in commit, then commit" "crash:%d" "$C" "$K" "$K" "$work/committed" ""
campaign "I/O error in convert, then undo" "eio:%d" "" "$C" "$U" "$work/before" 1
campaign "disk full in convert, then undo" "enospc:%d" "" "$C" "$U" "$work/before" 1
campaign "I/O errors for ever in convert, then undo" "eio-forever:%d" "" "$C" "$U" "$work/before" 1
campaign "I/O error in undo, then undo" "eio:%d" "$C" "$U" "$U" "$work/before" 1
for seed in 0 1 2 3; do
	campaign "power cut $seed in convert, then resume" "power:%d:$seed" "" "$C" "$R" "$work/after" ""
	campaign "power cut $seed in convert, then undo" "power:%d:$seed" "" "$C" "$U" "$work/before" 1
	campaign "power cut $seed in undo, then undo" "power:%d:$seed" "$C" "$U" "$U" "$work/before" 1
done
echo "# cuts tried $tried, survived $survived"
echo "1..$nr"
[ "$tried" = "$survived" ]
