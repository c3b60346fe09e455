#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One conversion below valgrind.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root
need_tools valgrind

R=$scratch/r
mkhost "$R"
add_v345 "$R"
add_sample_guest "$R" web1
add_legacy_guest "$R" mail 77 mail.example.org 192.0.2.50
host_tree "$scratch/before" "$R"
for c in "scan" "check" "plan --all --diff" "scan --json" "convert --all --yes" "status" "verify" \
	"undo --all" "rules" "explain VS310" "help"; do
	# shellcheck disable=SC2086
	run valgrind -q --error-exitcode=99 --leak-check=no "$VS2VZ" --root "$R" $c
	ok "$c is clean" test "$status" -lt 5 || show_last
done
unchanged "undone"
done_testing
