#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kill -9 at any moment of converting by copy; then forwards, or back.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root

rounds=${VS2VZ_TEST_LONG:+60}
rounds=${rounds:-12}
big_tree() { small_tree "$1"; many_files "$1/var" 3000; }

R=$scratch/r
mkhost "$R"
add_guest "$R" one 5001 one.example.org 192.0.2.1 big_tree
add_guest "$R" two 5002 two.example.org 192.0.2.2
tree "$scratch/one" "$R/vservers/one"
tree "$scratch/two" "$R/vservers/two"
host_tree "$scratch/before" "$R"

# How long does it take when nobody disturbs it?
started=$(date +%s%N)
run_check "undisturbed" vs convert --all --yes --method copy
whole=$((($(date +%s%N) - started) / 1000))
run_check "and back" vs undo --all
unchanged "the host is as before"

# A repeatable sequence in steps of one prime: moments spread over the whole run.
moment=0
kill_at_moment() {
	moment=$(((moment + 617) % 1000))
	"$VS2VZ" --root "$R" "$@" >/dev/null 2>&1 &
	local pid=$!
	sleep "$(awk -v w="$whole" -v m="$moment" 'BEGIN { printf "%.6f", w * m / 1e9 }')"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
}

whole_guests() {
	same_tree "$scratch/one" 5001 "$1: the first guest is whole"
	same_tree "$scratch/two" 5002 "$1: the second guest is whole"
}

for n in $(seq "$rounds"); do
	kill_at_moment convert --all --yes --method copy
	diag "round $n, killed after $moment/1000"
	run vs status
	ok "status works" test "$status" -lt 5
	case $((n % 3)) in
	0)
		run_check "undo" vs undo --all
		unchanged "back after a kill" ;;
	1)
		run_status "0|4" "resume" vs resume --yes
		run_check "convert goes on" vs convert --all --yes --method copy
		whole_guests "resumed"
		run_check "undo" vs undo --all
		unchanged "back after resume" ;;
	2)
		kill_at_moment undo --all
		run_check "undo, killed once" vs undo --all
		unchanged "back after two kills" ;;
	esac
done
ok "no leftovers" test -z "$(find "$R/vz/private" "$R/vservers" -name '*vs2vz*')"
done_testing
