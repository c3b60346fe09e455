#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The host of the written experience: v345 becomes container 345 by one rename.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root

for layout in debian rpm; do
	R=$scratch/$layout
	mkhost "$R" "$layout"
	add_v345 "$R"
	conf=$(conf_of 345)
	inode=$(stat -c %i "$R/vservers/v345")
	diag "layout $layout"

	reading_commands_write_nothing
	run vs scan
	said "scan names the guest, its number and address" 'v345.*345'
	said "scan names the address" '192\.168\.0\.145'

	round_trip v345 345
	is "$(stat -c %i "$R/vz/private/345")" "$inode" "the tree itself was moved, not copied"
	ok "VE_ROOT exists" test -d "$R/vz/root/345"
	ok "the old tree is gone" test ! -e "$R/vservers/v345"
	ok "VServer's configuration stays" test -f "$R/etc/vservers/v345/context"
	for line in 'HOSTNAME="test345.my.org"' 'IP_ADDRESS="192.168.0.145"' 'ONBOOT="yes"' \
		'VE_ROOT="/vz/root/345"' 'VE_PRIVATE="/vz/private/345"' 'ORIGIN_SAMPLE="vps.basic"'; do
		has_line "$conf" "$line"
	done
	ok "one line for each key" test -z "$(sed -n 's/=.*//p' "$conf" | grep -v '^#' | sort | uniq -d)"
	ok "comments of the sample stay" grep -Fxq \
		'# Comments and unknown lines must survive a conversion byte for byte.' "$conf"
	ok "a shell reads it" bash -c ". '$conf' && [ \"\$HOSTNAME\" = test345.my.org ]"
	ok "OSTEMPLATE names the distribution" grep -q '^OSTEMPLATE="fedora-' "$conf"
	is "$(stat -c '%a %u:%g' "$conf")" "644 0:0" "mode and owner of the configuration"
	if command -v vzcfgvalidate >/dev/null; then
		ok "vzcfgvalidate" vzcfgvalidate "$conf"
	fi

	tree=$R/vz/private/345
	names=$(find "$tree" -printf x | wc -c)
	touch -r "$tree" "$scratch/stamp"
	: >"$tree/new"
	run_status 1 "verify finds what the container made" vs verify v345
	said "and names it, and whose it is" "new: new .the container's"
	said "and how many objects it compared" "compared: $((names + 1)) objects, [0-9]* keys, contents of [0-9]* files"
	rm "$tree/new"
	touch -r "$scratch/stamp" "$tree"

	run_check "undo --all" vs undo --all
	unchanged "undo --all brought everything back"
	run_check "the ways back and forth stay open" vs convert --all --yes
	same_tree "$scratch/guest" 345 "the tree after all that"
	run_check "undo at last" vs undo --all
	unchanged "everything is as it was"
done
done_testing
