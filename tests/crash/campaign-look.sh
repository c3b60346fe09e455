#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Not seen is not absent: every look of the program (open, list, stat, readlink, read: see
# fault_look.c) fails once, with each errno that a sick disk or a full table gives, in every
# command that reads the host. What comes out is what comes out of an undisturbed run, to
# the byte, or a status that says otherwise and the words of the errno. Nobody's guest
# vanishes, and nothing is called ownerless.
#
#	campaign-look.sh VS2VZ-FAULT
#
# STEP: every how manyth look (default 1); LIMIT, ONLY: see campaign-lib.sh.
. "$(dirname "$0")/campaign-lib.sh" || exit 1
export LC_ALL=C

new_host() {
	base_host
	mount -t tmpfs -o size=16m none "$host/srv" || exit 1
	guest web1 201 /vservers/web1
	guest web2 202 /srv/web2
	legacy mail 203
	guest uni 300 /vservers/uni
	mark "$host/vservers/uni"
	end_host
}
guests="mail uni web1 web2"

words() {	# ERRNO
	case $1 in
	eio) echo "Input/output error" ;;
	enfile) echo "Too many open files in system" ;;
	emfile) echo "Too many open files" ;;
	enomem) echo "Cannot allocate memory" ;;
	eacces) echo "Permission denied" ;;
	euclean) echo "Structure needs cleaning" ;;
	esac
}

# stdout, stderr and status of one run; no fault: "".
run_once() {	# FAULT WHERE COMMAND...
	fault=$1 where=$2
	shift 2
	VS2VZ_FAULT=$fault VS2VZ_FAULT_REPORT=$work/report VS2VZ_FAULT_TRACE=$work/trace \
		"$tool" --root "$host" -q "$@" >"$where.out" 2>"$where.err" </dev/null
	echo $? >"$where.rc"
	sed -i 's/vs2vz-[0-9a-f]\{16\}/vs2vz-TOKEN/g' "$where.out"
}

complain() {	# FAULT COMMAND WHY
	echo "# $1 in '$2': $3"
	cat "$work/report" "$work/trace" 2>/dev/null | sed 's/^/#   /'
	sed 's/^/#   err: /' "$work/now.err" | head -4
	diff "$work/good.out" "$work/now.out" | sed 's/^/#   out: /' | head -8
	return 1
}

# The same to the byte, or a status and the words.
judge_look() {	# FAULT ERRNO COMMAND
	rc=$(cat "$work/now.rc")
	[ "$rc" -lt 126 ] || { complain "$1" "$3" "ended with $rc"; return 1; }
	if [ "$rc" = "$(cat "$work/good.rc")" ] && cmp -s "$work/good.out" "$work/now.out"; then
		return 0
	fi
	[ "$rc" != 0 ] && [ "$rc" != 5 ] || { complain "$1" "$3" "another answer, and status $rc"; return 1; }
	grep -qF "$(words "$2")" "$work/now.out" "$work/now.err" ||
		{ complain "$1" "$3" "status $rc, but not the words of the errno"; return 1; }
	! grep -qiE "no guests|VS115|VS108" "$work/now.out" ||
		{ complain "$1" "$3" "a guest is taken away in words"; return 1; }
	! grep -qF "/etc/vservers' could not be looked at" "$work/now.err" || return 0
	! grep -q "VS119.* /etc/vservers$" "$work/now.out" || return 0
	for name in $guests; do	# named, unless the command gave up, or says where they are
		[ ! -s "$work/now.out" ] || grep -q "$name" "$work/now.out" ||
			{ complain "$1" "$3" "$name is not named any more"; return 1; }
	done
}

# Every look of a command that changes nothing.
looks() {	# LABEL PREPARE COMMAND...
	label=$1 prepare=$2
	shift 2
	new_host
	$prepare || { say 0 "$label: cannot be prepared"; return; }
	run_once look-none:0 "$work/good" "$@"
	read -r calls _ <"$work/report"
	for errno in eio enfile emfile enomem eacces euclean; do
		case "$label, $errno" in *"${ONLY:-}"*) ;; *) continue ;; esac
		n=$first here_tried=0 bad=0
		while [ "$n" -le "$calls" ] && [ "$here_tried" -lt "$limit" ] && [ "$bad" -lt "${BAD:-3}" ]; do
			rm -f "$work/trace" "$work/report"
			run_once "look-$errno:$n" "$work/now" "$@"
			fired || break
			here_tried=$((here_tried + 1))
			judge_look "look-$errno:$n" "$errno" "$*" || bad=$((bad + 1))
			n=$((n + step))
		done
		tried=$((tried + here_tried)) survived=$((survived + here_tried - bad))
		[ "$here_tried" -gt 0 ] && [ "$bad" = 0 ] && good=1 || good=0
		say "$good" "$label, $errno" "$here_tried of $calls looks, $bad wrong"
	done
}

# And of convert: it does all of it, or says what it could not see, and undo leads back.
# A run that says "done" has made what an undisturbed one makes.
told() {	# what the status of the failing run says is what the host shows
	rc=$(cat "$work/fault.rc")
	[ "$rc" -lt 126 ] || { echo "# $fault: ended with $rc"; return 1; }
	[ "$rc" != 0 ] || { record "" >"$work/now" && cmp -s "$work/after" "$work/now"; } ||
		{ echo "# $fault: status 0, and not all was done"
		  diff "$work/after" "$work/now" | head -4 | sed 's/^/#   /'; return 1; }
	# What reads a record of its own calls whatever is not whole an I/O error.
	[ "$rc" = 0 ] || grep -qF -e "$(words "$errno")" -e "$(words eio)" "$work/out.fault" ||
		{ echo "# $fault: status $rc, but not the words of the errno"
		  sed 's/^/#   /' "$work/out.fault" | tail -4; return 1; }
}
recover() {
	if ! told; then
		sed 's/^/#   /' "$work/trace" "$work/report" 2>/dev/null
		return 1
	fi
	healthy "$@"
}
faulty() {	# FAULT ARGUMENTS...
	fault=$1
	shift
	rm -f "$work/trace"
	VS2VZ_FAULT=$fault VS2VZ_FAULT_REPORT=$work/report VS2VZ_FAULT_TRACE=$work/trace \
		"$tool" --root "$host" "$@" >"$work/out.fault" 2>&1
	echo $? >"$work/fault.rc"
}
converts() {
	new_host
	record 1 >"$work/before"
	healthy convert --all --yes || { say 0 "convert: cannot be done at all"; return; }
	record "" >"$work/after"
	for errno in eio enfile emfile enomem eacces euclean; do
		campaign "convert, $errno, then undo" "look-$errno:%d" "" "convert --all --yes" \
			"undo --all" "$work/before" 1
	done
}

# And of undo: what it takes for its own, and what it keeps, is what it saw. A link that was
# there before stays, whatever cannot be read of the note that says so.
undoes() {
	new_host
	record "" >"$work/after"
	for errno in eio emfile; do
		campaign "undo, $errno" "look-$errno:%d" converted "undo --all --yes" "undo --all" \
			"$work/after" ""
	done
}

converted() { healthy convert --all --yes; }
looks "scan" true scan
looks "check" true check
looks "plan" true plan --all
looks "status" true status
looks "status of a converted host" converted status
converts
undoes
done_campaigns
