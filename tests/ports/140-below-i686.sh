#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The single file of 32 bit below each kernel: its calls are those of another table.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/old-kernels.sh"
need_loop

for kernel in 042stab141 2.6.32 2.6.18; do
	single_file "$kernel" i686
	again "$kernel, i686" 010-seed-host.sh 020-copy.sh
	[ "$kernel" != 042stab141 ] || again "$kernel, i686" 112-planted-links.sh
done
done_testing
