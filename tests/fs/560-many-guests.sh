#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hosts of many small guests, with all recipes: how much memory scan, check, plan, status
# and convert take (64 MiB and 32 KiB for each guest, and so much for each that is added),
# that nothing is lost on the way, and that the work for each does not grow with their
# number. Work is counted in instructions, not in seconds.
#
#	VS2VZ_TEST_MANY='300 1500'	a host and a larger one; 5000 in make check-long
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/host.sh"
need_root
need_tools perl valgrind

many=${VS2VZ_TEST_MANY:-200 1000}
[ -z "${VS2VZ_TEST_LONG:-}" ] || many='1000 5000'
counted='120 240'
[ -z "${VS2VZ_TEST_LONG:-}" ] || counted='250 500'
peak=$VS2VZ_BUILD/tests/peak
ok "the helper is built" test -x "$peak"

# host_of NUMBER: the host $R with so many guests of 30 objects, all recipes
host_of() {
	R=$scratch/host-$1
	[ ! -d "$R" ] || return 0
	mkhost "$R"
	rm -f "$R/etc/vs2vz.d/tests.conf"
	add_guest "$R" g1001 1001 g1001.example.org 10.0.4.2
	"$top/tests/lib/many-guests" "$R" g1001 1002 "$((1000 + $1))"
}

# What is in a document or text, as one number of guests.
in_json() { perl -MJSON::PP -0777 -ne 'print scalar @{ JSON::PP->new->utf8->decode($_)->{'"$1"'} }' "$2"; }
in_lines() { grep -c "$1" "$2"; }

# measure NAME STATUS COMMAND...: its peak in KiB into $scratch/NAME.NUMBER, output beside it
measure() {
	local name=$1 want=$2 rc
	shift 2
	"$peak" "$scratch/$name.$number" "$VS2VZ" --root "$R" -q "$@" >"$scratch/out" 2>"$scratch/err"
	rc=$?
	[ "$rc" = "$want" ] || sed 's/^/# /' "$scratch/err" | head -n 20
	is "$rc" "$want" "$number guests: $name"
}

all_commands() {
	measure scan 0 scan
	is "$(in_lines '^g[0-9]' "$scratch/out")" "$number" "scan shows all"
	measure scan-json 0 scan --json
	is "$(in_json guests "$scratch/out")" "$number" "its document holds all"
	measure check 0 check
	measure plan 0 plan --all
	is "$(in_lines '^guest g' "$scratch/out")" "$number" "plan shows all"
	measure plan-json 0 plan --all --json
	is "$(in_json 'plans' "$scratch/out")" "$((number + 1))" "its document holds all, and the host's steps"
	measure plan-file 0 plan --all -o "$scratch/plan"
	is "$(in_lines '^vs2vz-plan .* guest=' "$scratch/plan")" "$number" "the saved plan holds all"
	measure status 0 status
	is "$(in_lines '^g[0-9]' "$scratch/out")" "$number" "status shows all"
	measure status-json 0 status --json
	is "$(in_json guests "$scratch/out")" "$number" "its document holds all"
	measure convert 0 convert --all --yes
	is "$(in_lines ': done, converted' "$scratch/out")" "$number" "convert made all"
	is "$(in_json guests "$(ls "$R"/var/log/vs2vz/*.json)")" "$number" "the stored report holds all"
	measure status-after 0 status --json
	is "$(in_lines '"state": "converted"' "$scratch/out")" "$number" "status knows all"
}

for number in $many; do
	host_of "$number"
	all_commands
done

read -r few most <<<"$many"
for name in scan scan-json check plan plan-json plan-file status status-json convert status-after; do
	a=$(cat "$scratch/$name.$few") b=$(cat "$scratch/$name.$most")
	each=$(((b - a) / (most - few)))
	diag "$name: $a KiB with $few guests, $b with $most: $each KiB each"
	ok "$name: 64 MiB and 32 KiB for each guest" test "$b" -le "$((65536 + 32 * most))"
	ok "$name: 32 KiB for each guest that is added" test "$((b - a))" -le "$((32 * (most - few)))"
done

# instructions COMMAND...: what the program itself executes
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$VS2VZ" --root "$R" -q "$@" \
		2>&1 >/dev/null </dev/null | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

read -r few most <<<"$counted"
for command in "plan --all --json" "convert --all --yes" "status"; do
	for number in $few $most; do
		host_of "$number"
		# shellcheck disable=SC2086
		n=$(instructions $command)
		[ "$number" = "$few" ] && a=$n || b=$n
	done
	diag "$command: ${a:-?} instructions with $few guests, ${b:-?} with $most"
	ok "$command: twice the guests are at most 2.3 times the work" \
		test "$((${b:-999} * 10))" -le "$((${a:-1} * 23))"
done
done_testing
