#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Conversions below the kernel that hosts of OpenVZ run, with this very build. The single
# file below all old kernels: tests/ports.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/old-kernels.sh"
need_root

kernel=042stab141
[ -x "$VS2VZ_BUILD/tests/old-kernel" ] || skip_unless_required "no tracer for this machine"
"$VS2VZ_BUILD/tests/old-kernel" true || skip_unless_required "no tracer or no filter is allowed here"

# C libraries of some distributions end where uname tells an old release.
lend=
below "$kernel" "$VS2VZ"
run "$VS2VZ" --version
[ "$status" = 0 ] || lend="-l release"
# shellcheck disable=SC2086
below "$kernel" "$VS2VZ_PROGRAM" $lend
run_check "the program starts" "$VS2VZ" --version
again "$kernel" 010-seed-host.sh 112-planted-links.sh 114-standard-host.sh
done_testing
