# SPDX-License-Identifier: GPL-2.0-or-later
# What the campaigns share: a small host, its state as text, and the loop that cuts the
# program before its N-th change. Sourced, with the program as $1; the script that does
# so defines new_host, and ends with done_campaigns.
#
# STEP: every how manyth N (default 1); LIMIT: cuts in one campaign; ONLY: part of a
# campaign's name. Needs root (owners, device nodes).
set -u
tool=${1:-${VS2VZ_BUILD:-build/gcc}/vs2vz-fault}
step=${STEP:-1}
limit=${LIMIT:-100000}
first=1
nr=0
tried=0
survived=0

if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP needs root"
	exit 0
fi
[ -x "$tool" ] || { echo "1..0 # SKIP no $tool"; exit 0; }
# What is mounted here is nobody else's to copy and keep busy.
if [ "${VS2VZ_OWN_MOUNTS:-}" != $$ ] && unshare -m --propagation private true 2>/dev/null; then
	VS2VZ_OWN_MOUNTS=$$ exec unshare -m --propagation private sh "$0" "$@"
fi
# Durability is modelled, not waited for: memory is as good as a disk.
[ -w /dev/shm ] && : "${TMPDIR:=/dev/shm}"
work=$(mktemp -d "${TMPDIR:-/tmp}/vs2vz-campaign.XXXXXX") || exit 1
host=$work/host
tidy() { true; }
trap 'tidy; umount "$host/srv" 2>/dev/null; thaw; rm -rf "$work"' EXIT
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
thaw() { find "$work" \( -type f -o -type d \) -exec chattr -i {} + 2>/dev/null; }

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

# An installed OpenVZ, VServer before any guest.
base_host() {
	umount "$host/srv" 2>/dev/null
	thaw
	rm -rf "$host" "$work/grave"
	mkdir -p "$host/srv" "$host/etc/vz/conf" "$host/etc/vz/names" "$host/vz/private" "$host/vz/root" \
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
	mkdir -p "$host/etc/vs2vz.d"
	echo 'override "VS632" { reason = "the host of this test is in memory" }' >"$host/etc/vs2vz.d/test.conf"
	mkdir -p "$host/etc/rc3.d" "$host/etc/rc6.d"
	ln -s ../init.d/vservers-default "$host/etc/rc3.d/S98vservers-default"
	ln -s ../init.d/vservers-default "$host/etc/rc6.d/K10vservers-default"
	ln -s ../init.d/cron "$host/etc/rc3.d/S20cron"
	chown -h 5:6 "$host/etc/rc3.d/S98vservers-default"
}

# After the guests: old times, so that a changed one is seen.
end_host() {
	thaw
	find "$host" -exec touch -h -d '2009-03-04 05:06:07.123456789 UTC' {} +
	freeze
}

# What a script records beside: record_more EXACT, in the host's folder.
record_more() { true; }
unsummed='^$'		# and which files it sums in its own way

# The host as text; what is held has inode numbers for a name. "exact": every time;
# otherwise times of the 2020s are "new".
record() {	# EXACT
	( cd "$host" && find . \( -path ./var/lib/vs2vz -o -path ./var/log -o -path ./var/lib \
		-o -path ./vz/lock \) \
		-prune -o -printf '%p %y %m %U:%G %s %T@ %n %l\n' | awk -v exact="$1" '
		$2 == "d" { $5 = "-"; $7 = "-" }
		{ if (!exact && $6 > 1577836800) $6 = "new"; print }' | sort
	  find . \( -path ./var/lib/vs2vz -o -path ./var/log -o -path ./vz/lock \) -prune \
		-o -type f -print | grep -v "$unsummed" | sort | xargs -d '\n' md5sum
	  find . -path ./var/lib/vs2vz -prune -o -type f -exec lsattr {} + 2>/dev/null |
		awk '$1 ~ /i/ { print $2, "immutable" }' | sort
	  record_more "$1" ) |
		sed 's,\(/\.uni\.vs2vz-[0-9a-f]*-held/\)[0-9a-f]*-[0-9a-f]*,\1ORIGINAL,
			s,\.vs2vz-[0-9a-f]\{16\},.vs2vz-TOKEN,g'
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

# Of what goes wrong beside the host: nothing, unless the script knows better.
beside() { true; }

# A guest whose journal did not stand yet is none of resume's business: it was not begun.
# Then what the administrator had asked for is asked for again.
ask_again() { healthy "$@"; }
recover() { healthy "$@"; }

# PREPARE: a command of the shell; CUT and RECOVER: of the program.
campaign() {	# NAME FAULT PREPARE CUT RECOVER WANTED EXACT
	case $1 in *"${ONLY:-}"*) ;; *) return ;; esac
	n=$first here_tried=0 here_survived=0
	while [ "$here_tried" -lt "$limit" ]; do
		fault=$(printf "$2" "$n")
		new_host
		rm -f "$work/report"
		${3:-true} || { echo "# cannot prepare: $3"; break; }
		faulty "$fault" $4
		if ! fired; then	# begun behind the last change: once more, before it
			read -r calls _ <"$work/report" || break
			[ "$here_tried" = 0 ] && [ "$n" -gt "$calls" ] && [ "$calls" -gt 0 ] || break
			n=$(((n - 1) % calls + 1))
			continue
		fi
		here_tried=$((here_tried + 1))
		then=true
		[ "$5" != "resume --yes" ] || then="ask_again $4"
		if ! recover $5 || ! $then; then
			echo "# $fault: '$5' ended with $?"
			sed 's/^/# /' "$work/out" | tail -5
		elif judge "$6" "$7" "$1, $fault" && beside "$1, $fault"; then
			here_survived=$((here_survived + 1))
		else
			sed 's/^/#   /' "$work/report" "$work/out.fault" 2>/dev/null | head -8
		fi
		[ $((here_tried - here_survived)) -lt 3 ] || break
		n=$((n + step))
	done
	tried=$((tried + here_tried)) survived=$((survived + here_survived))
	good=0
	[ "$here_tried" -gt 0 ] && [ "$here_tried" = "$here_survived" ] && good=1
	say "$good" "$1" "cuts tried $here_tried, survived $here_survived"
}

done_campaigns() {
	echo "# cuts tried $tried, survived $survived"
	echo "1..$nr"
	[ "$tried" = "$survived" ]
}
