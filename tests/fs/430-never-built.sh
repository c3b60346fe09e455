#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real Debian tree that no build of VServer has ever touched: recipes adapt it, and not one
# takes back what nobody did.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/recipes.sh"
need_loop
need_tools debootstrap
tarball=$(bash "$top/tests/lib/debian-guest.sh") || skip_unless_required "no Debian tree can be made here"
R=$scratch/r
mount_new ext4 1G "$R" || skip_unless_required "no ext4"
mkhost "$R"
add_guest "$R" deb 601 deb.example.org 192.0.2.61 true
rm -rf "$R/vservers/deb"
mkdir "$R/vservers/deb"
tar -C "$R/vservers/deb" --numeric-owner --xattrs --xattrs-include='*' --acls -xf "$tarball"

run vs plan deb --fixups all
never_taken_back "no recipe takes anything back"
said "others adapt it" 'VS510 +fixed: inittab-gettys: /etc/inittab'
# The build takes its links: then the same test sees it.
cp -a "$R/vservers/deb/etc" "$scratch/etc"
"$top/tests/fixups/build-edits-debian.sh" "$R/vservers/deb"
run vs plan deb --fixups all
ok "a built tree is told from it" test -n "$(un_builds)"
rm -rf "$R/vservers/deb/etc"
cp -a "$scratch/etc" "$R/vservers/deb/etc"

host_tree "$scratch/before" "$R"
for method in rename copy; do
	run_check "$method: convert" vs convert deb --yes --fixups all --method "$method"
	run_check "$method: verify" vs verify deb
	ok "$method: services start" test "$(started "$R/vz/private/601" | grep -c '/etc/rc2.d \(ssh\|cron\|rsyslog\)$')" -ge 2
	ok "$method: the clock does not" test -z "$(started "$R/vz/private/601" | grep hwclock)"
	nothing_more "$method" deb 601
	run_check "$method: undo" vs undo deb
	unchanged "$method: everything is back"
done
done_testing
