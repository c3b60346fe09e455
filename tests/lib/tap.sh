# SPDX-License-Identifier: GPL-2.0-or-later
#
# TAP verbs for shell tests, and a scratch folder that goes away with everything
# mounted below it. Sourced first by every test:
#
#	. "$(dirname "$0")/../lib/tap.sh"
#	...
#	done_testing
#
# $VS2VZ is the program, $MANIFEST prints trees; $scratch is a new folder. Failing
# checks show the last command, its status and what it printed as comments.

set -u
export LC_ALL=C LANGUAGE=C TZ=UTC NO_COLOR=1
umask 022

# Root's tests have mounts of their own each: what one mounts must not be kept busy by a
# process that copies the mount table for another one meanwhile.
if [ "$(id -u)" = 0 ] && [ "${VS2VZ_OWN_MOUNTS:-}" != $$ ] &&
   unshare -m --propagation private true 2>/dev/null; then
	VS2VZ_OWN_MOUNTS=$$ exec unshare -m --propagation private bash "$0" "$@"
fi

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${VS2VZ:=$top/build/vs2vz}"
: "${VS2VZ_BUILD:=$(dirname "$(readlink -f "$VS2VZ")")}"
: "${MANIFEST:=$VS2VZ_BUILD/tests/manifest}"
tests_run=0
tests_failed=0
status=0

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# What only root can test may be left out by hand, never on a machine that judges.
skip_unless_required() {
	[ -n "${CI:-}" ] || skip_all "$*"
	echo "1..1"
	echo "not ok 1 - this machine must run it: $*"
	exit 1
}

need_root() { [ "$(id -u)" = 0 ] || skip_unless_required "needs root"; }

need_loop() {
	need_root
	losetup -f >/dev/null 2>&1 || skip_unless_required "no loop device"
}

need_tools() {
	local t
	for t; do
		command -v "$t" >/dev/null || skip_unless_required "$t is not installed"
	done
}

# ok CONDITION-STATUS TEXT...
result() {
	local rc=$1
	shift
	tests_run=$((tests_run + 1))
	if [ "$rc" = 0 ]; then
		echo "ok $tests_run - $*"
	else
		tests_failed=$((tests_failed + 1))
		echo "not ok $tests_run - $*"
	fi
	return "$rc"
}

# ok TEXT COMMAND ARG...
ok() {
	local text=$1
	shift
	"$@" >"$scratch/.ok" 2>&1
	result $? "$text" || { head -n 30 "$scratch/.ok" | sed 's/^/# /'; return 1; }
}

# is GOT WANTED TEXT
is() {
	[ "$1" = "$2" ]
	result $? "$3" || { diag "got    '$1'"; diag "wanted '$2'"; return 1; }
}

skip() {
	tests_run=$((tests_run + 1))
	echo "ok $tests_run - $1 # SKIP $2"
}

show_last() {
	diag "command: $last"
	diag "status:  $status"
	head -n 25 "$scratch/out" | sed 's/^/# out: /'
	head -n 25 "$scratch/err" | sed 's/^/# err: /'
}

# Run it; stdout and stderr go to $scratch/out and err, the status to $status.
run() {
	last=$*
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
	cat "$scratch/out" "$scratch/err" >"$scratch/both"
	return 0
}

# run_check TEXT COMMAND...: must end with 0
run_check() { run_status 0 "$@"; }

# run_status STATUS TEXT COMMAND...: STATUS may be a list, "1|6"
run_status() {
	local want=$1 text=$2
	shift 2
	run "$@"
	[[ "|$want|" == *"|$status|"* ]]
	result $? "$text (exit $want)" || { show_last; return 1; }
}

# run_mustfail TEXT COMMAND...: any failure, but no crash and no time-out
run_mustfail() {
	local text=$1
	shift
	run "$@"
	[ "$status" != 0 ] && [ "$status" -lt 124 ]
	result $? "$text (must fail)" || { show_last; return 1; }
}

# said TEXT EXTENDED-REGEX: the last command printed it
said() {
	grep -Eq -- "$2" "$scratch/both"
	result $? "$1" || { diag "not said: $2"; show_last; return 1; }
}

said_not() {
	! grep -aEq -- "$2" "$scratch/both"
	result $? "$1" || { diag "said: $(grep -aE -- "$2" "$scratch/both" | head -n 3)"; return 1; }
}

# has_line FILE LINE
has_line() {
	grep -Fxq -- "$2" "$1"
	result $? "$2 in ${1##*/}" || { head -n 60 "$1" | sed 's/^/# /'; return 1; }
}

same_files() {
	cmp -s "$1" "$2"
	result $? "$3" || { diff "$1" "$2" | head -n 30 | cut -c1-300 | sed 's/^/# /'; return 1; }
}

done_testing() {
	echo "1..$tests_run"
	[ "$tests_failed" = 0 ] || exit 1
	exit 0
}

# ---- the scratch folder

mounts_at() { awk -v d="$1" '$5 == d || index($5, d "/") == 1 { print $5 }' /proc/self/mountinfo; }

unmount_below() {
	local p
	while read -r p; do
		umount "$p" 2>/dev/null || umount -l "$p" 2>/dev/null
	done < <(mounts_at "$1" | sort -r)
}

# Never removes through a mount: what is mounted there may be this machine's own.
wipe() {
	[ -e "$1" ] || return 0
	unmount_below "$1"
	[ -z "$(mounts_at "$1")" ] || { diag "still mounted, left: $1"; return 1; }
	rm -rf "$1" 2>/dev/null && return 0
	chattr -R -f -ia "$1" 2>/dev/null
	rm -rf "$1"
}

clean_up() {
	local p
	for p in $(jobs -p); do
		kill -CONT "$p" 2>/dev/null
		kill -KILL "$p" 2>/dev/null
	done
	wait 2>/dev/null
	wipe "$scratch"
}

scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/vs2vz-test.XXXXXX") || exit 1
chmod 755 "$scratch"
: >"$scratch/out" >"$scratch/err"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# loops_below PATH: the file of a loop device that stays below it, ten seconds long. Who looks
# at all loop devices at that moment keeps one for as long.
loops_below() {
	local i left
	for i in $(seq 100); do
		left=$(losetup -n -O BACK-FILE | grep -F "$1" | head -n 1)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	echo "$left"
}
