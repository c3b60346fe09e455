#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Systems older and newer than this one: the program and its tests compile there, every
# warning is an error.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/chroots.sh"
. "$top/tests/lib/sources.sh"
at=/srv/vs2vz
arch=$(dpkg --print-architecture 2>/dev/null) || skip_unless_required "no Debian"

# builds SUITE COMPILER...
builds() {
	local suite=$1 c dir=$scratch/$1
	shift
	# shellcheck disable=SC2086
	need_chroot "$dir" "$suite" "$arch" "$@" $build_packages libcmocka-dev
	copy_sources "$dir$at"
	for c; do
		run_check "$suite, $c: built, warnings are errors" in_chroot "$dir" \
			make -C $at -j2 CC="$c" WERROR=1 programs
		run_check "$suite, $c: the program runs" in_chroot "$dir" $at/build/vs2vz --version
		diag "$suite: $(in_chroot "$dir" "$c" --version | head -n 1)"
	done
	umount "$dir/proc"
	wipe "$dir"
}

builds bullseye gcc
builds trixie gcc clang
done_testing
