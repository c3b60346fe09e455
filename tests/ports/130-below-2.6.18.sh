#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The single file below 2.6.18: times to the microsecond, none for symbolic links.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/torture.sh"
. "$top/tests/lib/old-kernels.sh"
need_loop
need_tools setfacl setfattr chattr e2fsck

single_file 2.6.18 x86_64
conversions 2.6.18
done_testing
