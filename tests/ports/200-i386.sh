#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A 32-bit system: the program is built there without a warning, and the tests that need
# no other machine pass, below the system's own "/". So does the single file.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/chroots.sh"
. "$top/tests/lib/sources.sh"
at=/srv/vs2vz
files=$(dirname "$VS2VZ_BUILD")/static

# shellcheck disable=SC2086
need_chroot "$scratch/i386" bookworm i386 gcc $build_packages $test_packages
for d in dev sys; do mount --rbind "/$d" "$scratch/i386/$d"; done	# loop devices
copy_sources "$scratch/i386$at"
run_check "built, warnings are errors" in_chroot "$scratch/i386" \
	make -C $at -j2 WERROR=1 programs
run_check "tests of units, lint and cases" in_chroot "$scratch/i386" \
	make -C $at JOBS=2 WERROR=1 check-fast
said "they ran, and none failed" '^[0-9]{3,} passed, 0 failed'
diag "$(grep -E '^[0-9]+ passed' "$scratch/out")"
ok "the program is one of 32 bit" in_chroot "$scratch/i386" \
	sh -c 'head -c 5 "$0" | od -An -c | grep -q "177 *E *L *F *001"' "$at/build/gcc/vs2vz"

run_check "the seed's host, renamed" in_chroot "$scratch/i386" \
	bash $at/tests/fs/010-seed-host.sh
said_not "no test of it failed" '^not ok'
cp "$files/i686/vs2vz" "$scratch/i386/root/single"
run_check "the seed's host, by the single file" in_chroot "$scratch/i386" env VS2VZ=/root/single \
	VS2VZ_BUILD=$at/build/gcc bash $at/tests/fs/010-seed-host.sh
said_not "no test of it failed" '^not ok'
unmount_below "$scratch/i386"
done_testing
