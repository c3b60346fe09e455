#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# doctor of the single files, on this kernel and on those of old.
. "$(dirname "$0")/../lib/tap.sh"
need_root

for arch in x86_64 i686; do
	program=${VS2VZ_BUILD%/*}/static/$arch/vs2vz
	[ -x "$program" ] || skip_unless_required "$program is not built: make static ARCH=$arch"
	run env -u VS2VZ_OWN_MOUNTS VS2VZ="$program" VS2VZ_BUILD="$VS2VZ_BUILD" "$top/tests/fs/240-doctor.sh"
	is "$status" 0 "$arch: all answers are right"
	is "$(grep -v '^ok' "$scratch/out" | grep -v '^1\.\.')" "" "$arch: nothing failed"
	is "$(grep -c SKIP "$scratch/out")" 0 "$arch: nothing was left out"
	run "$program" doctor
	said "$arch: it says that it is static" '^  yes +build .*static'
done
done_testing
