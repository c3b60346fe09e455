#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make demo`: builds a small VServer host in ./demo/host and converts it before the
# reader's eyes: dry run, convert, verify, undo with proof, convert. Only files below
# ./demo are touched; no special kernel is needed, root is (owners, device nodes).
set -u
export LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd)
: "${VS2VZ:=$top/build/vs2vz}"
: "${MANIFEST:=$(dirname "$(readlink -f "$VS2VZ")")/tests/manifest}"
demo=$top/demo
R=$demo/host

die() { echo "demo: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root: guests have owners and device nodes (sudo make demo)"
[ -x "$VS2VZ" ] || die "$VS2VZ is not built"
if [ -e "$demo" ]; then
	[ -f "$demo/.made-by-make-demo" ] || die "$demo exists and was not made by this; move it away"
	rm -rf "$demo"
fi
mkdir -p "$R" || exit 1
touch "$demo/.made-by-make-demo"
. "$top/tests/lib/host.sh"

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n# %s\n' "$*"; }

# vs WANTED-STATUS ARG...: show the command, run it
vs() {
	local want=$1 got
	shift
	printf '$ vs2vz --root demo/host %s\n' "$*"
	(cd "$top" && "$VS2VZ" --root demo/host "$@" </dev/null)
	got=$?
	[ "$got" = "$want" ] || die "exit status $got where $want was expected"
}

say "A host with three guests: v345 (Fedora Core 4), web1, and mail in the old style"
mkhost "$R" rpm
add_v345 "$R"
add_sample_guest "$R" web1
add_legacy_guest "$R" mail 77 mail.example.org 192.0.2.50
"$MANIFEST" -x var/lib/vs2vz -x var/log/vs2vz "$R" >"$demo/before"
vs 0 scan

say "What would be done: the plan is the program"
vs 0 plan --all

say "Do it"
vs 0 convert --all --yes
echo '$ cat demo/host/etc/sysconfig/vz-scripts/345.conf | tail -n 12'
tail -n 12 "$R/etc/sysconfig/vz-scripts/345.conf"
vs 0 status
vs 0 verify

say "A second time changes nothing"
vs 0 convert --all --yes

say "Back, and the proof that everything is as it was"
vs 0 undo --all
"$MANIFEST" -x var/lib/vs2vz -x var/log/vs2vz "$R" >"$demo/after"
diff "$demo/before" "$demo/after" || die "undo left a difference"
echo "$(wc -l <"$demo/before") objects compared (owners, modes, times, links, attributes, contents): all equal"

say "And forth again; the result stays in demo/host"
vs 0 convert --all --yes
vs 0 status
