#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A host as util-vserver leaves it, seen from itself ("/" is its root): the links vdir ->
# /etc/vservers/.defaults/vdirbase/NAME and vdirbase -> /vservers lead to the trees, and a
# link that a container's root makes to a directory of the host leads nowhere.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop

R=$scratch/host
mkdir "$R"
mount_new ext4 128M "$R"
mkhost "$R"
samples="v345 ext1 gen1 web1 web2"
for guest in $samples; do add_sample_guest "$R" "$guest"; done

# The program and what it is linked with.
program=${VS2VZ_PROGRAM:-$VS2VZ}
ldd "$program" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
	cp -L --parents "$library" "$R"
done
cp "$program" "$R/vs2vz"
mkdir -p "$R"/{proc,sys,dev,root,tmp}
mount -t proc proc "$R/proc"
mount --bind /sys "$R/sys"
mount --bind /dev "$R/dev"
age "$R/root"

# shellcheck disable=SC2086
inside() { ${VS2VZ_BELOW:-} chroot "$R" /vs2vz "$@"; }
host_tree() { tree "$1" "$R" -x var/lib/vs2vz -x var/log/vs2vz -x proc -x sys -x dev -x root -x tmp; }

run_status "0|2" "scan" inside scan
for guest in $samples; do
	said "scan has a tree for $guest" "^$guest "
done
said_not "no guest is without a tree" 'no tree'
run inside plan --all --override VS102
said_not "no tree is an orphan" 'VS115'
for guest in $samples; do
	ctid=$(sed -n "s,^ *~ move *\\(/vservers/$guest\\) -> /vz/private/\\([0-9]*\\)\$,\\2,p" "$scratch/out")
	ok "$guest: the tree itself is moved" test -n "$ctid"
done

host_tree "$scratch/before"
run_status "0|4" "convert" inside convert v345 --yes --override VS102 --fixups all
ok "the tree is in its place" test -d "$R/vz/private/345/etc"
ok "and not in the old one" test ! -e "$R/vservers/v345"

# The container's root, with an absolute link this time.
tree=$R/vz/private/345
mkdir "$R/tmp/real"
cp -a "$tree/etc" "$R/root/victim"
touch -r "$tree" "$scratch/time"
mv "$tree/etc" "$R/tmp/real/etc"
ln -s /root/victim "$tree/etc"
touch -r "$scratch/time" "$tree"
tree "$scratch/victim" "$R/root"
run_check "undo passes by a link in the place of etc" inside undo v345
said "and names it" "'/vz/private/345/etc' is a symbolic link"
tree "$scratch/now" "$R/root"
same_files "$scratch/victim" "$scratch/now" "what it leads to is as it was"
tree=$R/vservers/v345
ok "the tree is back" test -d "$tree/bin"
is "$(readlink "$tree/etc")" /root/victim "with the container's link in it"
ok "and its edits are in the etc that the container moved away" test -d "$R/tmp/real/etc"
rm "$tree/etc"
touch -r "$scratch/time" "$tree"
host_tree "$scratch/now"
for f in before now; do grep -v '^/vservers/v345/etc[/ ]' "$scratch/$f" >"$scratch/$f.rest"; done
same_files "$scratch/before.rest" "$scratch/now.rest" "everything else is as it was"
done_testing
