#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What judges a machine: runs README's commands and adds up, and cannot say "passed" when
# one of them failed, died or ran nothing. make is a stand-in here.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

mkdir "$scratch/bin"
cat >"$scratch/bin/make" <<-'END'
	#!/bin/bash
	echo "$1" >>"$ASKED"
	[ "$1" = check ] && text=$CHECK || text=$PORTS
	printf 'ok 1 - 9 passed, 9 failed, they say\n%b\n' "${text#* }"
	exit "${text%% *}"
END
chmod 755 "$scratch/bin/make"

# judged STATUS LAST-LINE TEXT CHECK PORTS: each "STATUS WHAT-IT-PRINTS"
judged() {
	: >"$scratch/asked"
	run env PATH="$scratch/bin:$PATH" ASKED="$scratch/asked" CHECK="$4" PORTS="$5" .ci/run
	[ "$status" = "$1" ]
	result $? "$3: status $1" || show_last
	is "$(tail -n 1 "$scratch/out")" "$2" "$3: the sum"
	is "$(tr '\n' ' ' <"$scratch/asked")" "check check-ports " "$3: both ran"
}

judged 0 "7 passed, 0 failed" "both pass" "0 4 passed, 0 failed" "0 3 passed, 0 failed"
judged 0 "7 passed, 0 failed, 3 skipped" "skips are counted" \
	"0 4 passed, 0 failed, 1 skipped" "0 3 passed, 0 failed, 2 skipped"
judged 0 "7 passed, 0 failed" "the last line of each counts" \
	"0 1 passed, 1 failed\nmore\n4 passed, 0 failed" "0 3 passed, 0 failed\nThe end"
judged 1 "5 passed, 2 failed" "the first fails" "2 2 passed, 2 failed" "0 3 passed, 0 failed"
judged 1 "6 passed, 1 failed" "the second fails" "0 4 passed, 0 failed" "2 2 passed, 1 failed"
judged 1 "4 passed, 1 failed" "the second says nothing" "0 4 passed, 0 failed" "0 nothing to do"
judged 1 "3 passed, 1 failed" "the first does not build" "2 cc: error" "0 3 passed, 0 failed"
judged 1 "7 passed, 1 failed" "the second fails and denies it" \
	"0 4 passed, 0 failed" "1 3 passed, 0 failed"
judged 1 "4 passed, 1 failed" "nothing ran" "0 4 passed, 0 failed" "0 0 passed, 0 failed"

for target in $(sed -n 's/^for target in \(.*\); do$/\1/p' .ci/run); do
	ok "README names make $target" grep -q "make $target" README.md
done
done_testing
