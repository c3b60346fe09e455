#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every header compiles alone.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

cc=${CC:-gcc}
command -v "$cc" >/dev/null || skip_all "no compiler"
for h in vs2vz/*.h vs2vz/*/*.h; do
	[ -f "$h" ] || continue
	ok "$h" "$cc" -std=c11 -Wall -Wextra -Werror -fsyntax-only -Ivs2vz -D_GNU_SOURCE \
		-D_FILE_OFFSET_BITS=64 -x c "$h" -Wno-pragma-once-outside-header
done
done_testing
