#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A corpus of odd configurations, converted under both kinds of sample, with the limits
# of the guest alone and with those of the sample: every CTID.conf is one that vzctl, a
# shell that sources it and vzcfgvalidate would take, and nothing in it is executed.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root

# corpus R: the guests of corpus.txt, each with a base and what its line says
corpus() {
	local r=$1 name rest entry path nr=0 g
	while IFS='|' read -r name rest; do
		case $name in '#'* | '') continue ;; esac
		name=${name// /}
		nr=$((nr + 1))
		add_guest "$r" "$name" $((5000 + nr)) "$name.example.org" "198.51.100.$nr"
		g=$r/etc/vservers/$name
		while [ -n "$rest" ]; do
			entry=${rest%%|*}
			[ "$entry" = "$rest" ] && rest= || rest=${rest#*|}
			entry=${entry# }
			path=${entry%%=*}
			entry=${entry#*=}
			mkdir -p "$(dirname "$g/$path")"
			printf '%b' "${entry% }" >"$g/$path"
		done
	done <"$top/tests/data/corpus.txt"
	echo "$nr"
}

# sourced FILE: does a shell read the values that vzctl reads, running nothing?
sourced() {
	mkdir -p "$scratch/empty" && cd "$scratch/empty" || return 1
	bash -n "$1" || return 1
	env -i PATH=/nonexistent "$BASH" --norc --noprofile -c '. "$1"; [ -n "$VE_PRIVATE" ]' sh "$1" \
		>"$scratch/said" 2>&1 || return 1
	[ ! -s "$scratch/said" ] && [ -z "$(ls -A "$scratch/empty")" ]
}

vswap_sample() {
	put "$1/etc/vz/conf/ve-vps.basic.conf-sample" <<-END
	ONBOOT="no"
	PHYSPAGES="0:65536"
	SWAPPAGES="0:131072"
	DISKSPACE="2G:2.2G"
	DISKINODES="131072:144179"
	QUOTATIME="0"
	CPUUNITS="1000"
	END
}

for kind in counters vswap counters-sample vswap-sample; do
	R=$scratch/$kind
	mkhost "$R"
	[ ${kind%-sample} = counters ] || vswap_sample "$R"
	nr=$(corpus "$R")
	ok "$kind: the corpus has $nr guests" test "$nr" -ge 40
	run vs plan --all -v --json
	ok "$kind: the plan is JSON" perl -MJSON::PP -e 'local $/; decode_json(<STDIN>)' <"$scratch/out"
	least=
	[ ${kind%-sample} = counters ] || least=--least
	[ $kind = ${kind%-sample} ] || least="$least --limits sample"
	run vs convert --all --yes $least
	ok "$kind: converted, status $status" test "$status" = 0 -o "$status" = 4
	confs=$(find "$R/etc/vz/conf" -name '[1-9]*.conf' | sort)
	ok "$kind: most of them" test "$(wc -l <<<"$confs")" -ge 40
	ok "$kind: every file passes" "$top/tests/lib/vzconf-check" $confs
	bad=
	for c in $confs; do (sourced "$c") || bad="$bad ${c##*/}"; done
	is "$bad" "" "$kind: a shell sources every file, and nothing runs"
	is "$(find "$R" "$scratch/empty" -name 'INJECTED*')" "" "$kind: nothing was executed"
	case $kind in
	*-sample) wanted='^(NUMPROC="240:240"|PHYSPAGES="0:65536")$' ;;
	*) wanted='^(NUMPROC="unlimited:unlimited"|PHYSPAGES="0:1073741824")$' ;;
	esac
	ok "$kind: most guests had no limit" \
		test "$(cat $confs | grep -Ec "$wanted")" -ge $((nr / 2))
done

# The validator is no rubber stamp.
R=$scratch/counters
c=$(find "$R/etc/vz/conf" -name '101.conf')
while IFS='|' read -r edit what; do
	sed "$edit" "$c" >"$scratch/edited.conf"
	! "$top/tests/lib/vzconf-check" "$scratch/edited.conf" >"$scratch/out" 2>&1
	result $? "the validator sees $what"
done <<'END'
s/^NUMPROC=.*/NUMPROC="5:4"/|a barrier that is not its limit
s/^NUMFILE=.*/NUMFILE="10:10"/|too few files
s/^KMEMSIZE=.*/KMEMSIZE="10:10"/|too little kernel memory
s/^CPUUNITS=.*/CPUUNITS="7"/|a share out of range
s/^ONBOOT=.*/ONBOOT="YES"/|a word in the wrong case
s/^HOSTNAME=.*/HOSTNAME="$(x)"/|an unescaped dollar
s/^HOSTNAME=.*/HOSTNAME=x/|a value without quotes
s/^HOSTNAME=/ HOSTNAME =/|a key that is not in column 0
s/^VE_ROOT=.*//|a missing path
s/^NUMPTY=.*//|a missing beancounter
$s/$/\nWINGS="2"/|an unknown key
$s/$/\nONBOOT="no"/|a key twice
END
done_testing
