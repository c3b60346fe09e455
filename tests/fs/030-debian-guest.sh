#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real Debian guest with its services, by both methods.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
tarball=$("$top/tests/lib/debian-guest.sh" 2>"$scratch/why") || skip_unless_required "$(tail -n 1 "$scratch/why")"

debian_tree() {
	tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' --acls -xpf "$tarball"
	tree_nodes "$1"
}

R=$scratch/r
mount_new ext4 3G "$R"
mkhost "$R"
mount_new ext4 3G "$R/srv"
add_guest "$R" deb201 40010 deb201.example.org 192.0.2.201 debian_tree
# Only the times of the configuration: those of the tree are Debian's own.
run vs scan
said "the distribution is recognised" 'deb201.*[Dd]ebian'

diag "rename"
started=$(date +%s%N)
round_trip deb201 201
diag "took $(((($(date +%s%N) - started)) / 1000000)) ms"
ok "init is in place" test -e "$R/vz/private/201/sbin/init"
ok "OSTEMPLATE" grep -q '^OSTEMPLATE="debian-' "$(conf_of 201)"
run_check "undo" vs undo --all

diag "copy"
sed -i 's,^VE_PRIVATE=.*,VE_PRIVATE=/srv/private/$VEID,' "$R/etc/vz/vz.conf"
host_tree "$scratch/before" "$R"
tree "$scratch/guest" "$R/vservers/deb201"
run_check "convert" vs convert --all --yes
tree "$scratch/after" "$R/srv/private/201"
same_files "$scratch/guest" "$scratch/after" "the copy is faithful"
has_line "$(conf_of 201)" 'VE_PRIVATE="/srv/private/201"'
run_check "verify" vs verify deb201
run_check "undo" vs undo --all
unchanged "everything is back"

# A flipped bit in the copy is found.
run_check "convert" vs convert --all --yes
victim=$(find "$R/srv/private/201/bin/" -type f -size +100k | sort | head -n 1)
stamp=$(stat -c %y "$victim")
printf X | dd of="$victim" bs=1 seek=50000 conv=notrunc status=none
touch -d "$stamp" "$victim"
run_mustfail "verify finds one changed byte" vs verify deb201
said "and names the file" "${victim##*/}"
done_testing
