#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may include whom: a room sees itself and the rooms below it.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

# room: rooms it may include
allowed() {
	case $1 in
	base) echo "base" ;;
	model) echo "base model" ;;
	vserver | openvz | step) echo "base model $1" ;;
	decide) echo "base model vserver openvz step decide" ;;
	run) echo "base model vserver openvz step run" ;;
	esac
}

for room in base model vserver openvz step decide run; do
	bad=
	for f in vs2vz/"$room"/*.[ch]; do
		[ -f "$f" ] || continue
		for inc in $(sed -n 's/^#include "\(.*\)"/\1/p' "$f"); do
			into=${inc%%/*}
			[[ "$inc" == */* && " $(allowed "$room") " == *" $into "* ]] || bad="$bad $f:$inc"
		done
	done
	is "$bad" "" "$room includes only what lies below it"
done

# Own header first.
bad=
for f in vs2vz/*/*.c vs2vz/*.c; do
	own=${f#vs2vz/}
	own=${own%.c}.h
	[ -f "vs2vz/$own" ] || continue
	first=$(sed -n 's/^#include "\(.*\)"/\1/p' "$f" | head -n 1)
	[ "$first" = "$own" ] || bad="$bad $f"
done
is "$bad" "" "every file includes its own header first"

# One library, one file (the copier hashes its stream itself).
only() {
	local header=$1 allow=$2 text=$3 found
	found=$(grep -lE "#include <$header" vs2vz/*.[ch] vs2vz/*/*.[ch] | grep -vxE "$allow" | xargs)
	is "$found" "" "$text"
}
only '(blkid|libmount)' 'vs2vz/base/fsinfo[a-z_]*\.c' "libblkid and libmount stay in fsinfo"
only 'confuse' 'vs2vz/settings[a-z_]*\.[ch]' "libconfuse stays in settings"
only 'jansson' 'vs2vz/(report_(json|load)[a-z_]*|before_json)\.[ch]' "jansson stays in the three files that read and write JSON"
only 'xxhash' 'vs2vz/(base/hash|step/content)\.[ch]' "xxhash stays in hash and the copier"
only 'sys/capability' 'vs2vz/run/start_rights\.c' "libcap stays in start_rights"
only 'ext2fs' 'vs2vz/(base/hidden|step/image)[a-z_]*\.[ch]' "libext2fs stays in hidden and image"
done_testing
