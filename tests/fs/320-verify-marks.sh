#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest with tags and unified, shared files is mended in place: verify agrees, names
# what came back of the marks afterwards, and undo brings all of it back.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools debugfs perl chattr getfattr setfattr

R=$scratch/host
mount_new ext4 256M "$R" || { result 1 "cannot make a file system"; done_testing; exit; }
mkhost "$R"
add_guest "$R" web1 300 web1.example.org 192.0.2.1 fedora_tree
add_guest "$R" web2 301 web2.example.org 192.0.2.2 fedora_tree
for g in web1 web2; do
	for i in grep sed awk; do
		seq 1 400 | sed "s,^,$i ," | put "$R/vservers/$g/usr/bin/$i" 755
	done
	echo 'an administrator made it so' | put "$R/vservers/$g/etc/protected"
	age "$R/vservers/$g"
	tag_tree id24 $((299 + ${g#web})) "$R/vservers/$g" -not -path './usr/bin/*'
done
UNIFY=usr unify "$R/vservers/.hash" "$R/vservers/web1" "$R/vservers/web2"
ln -s /vservers/.hash "$R/etc/vservers/.defaults/apps/vunify/hash/00"
run_check "hidden flags" hide_on "$R" 0x08000000 $(inodes_below "$R/vservers/.hash")
chattr +i "$R/vservers/web1/etc/protected"
age "$R/etc"
host_tree "$scratch/before" "$R"

run vs plan web1 web2
said "the owners" 'web1.*carry tag 300 by method id24'
said "the unified files" "VS401.*VServer's flag tells unified ones"
said "whose the shared files are" "VS402.*with .*/vservers/\.hash.*web2"
said "what is done" 'repair .*/vservers/web1.*id24'
said_not "nothing is asked" 'inhibitor VS4'
run_check "convert" vs convert web1 web2 --yes --ctid web1=701 --ctid web2=702
run_check "verify agrees" vs verify web1 web2
run_check "undo" vs undo web1 web2
unchanged "owners, flags and links are as they were"
run_check "convert again" vs convert web1 web2 --yes --ctid web1=701 --ctid web2=702
ct=$R/vz/private/701
is "$(stat -c %u:%g "$ct/etc/passwd")" 0:0 "true owners"
is "$(stat -c %h "$ct/usr/bin/grep")" 1 "no file is shared any more"
ok "the protected file still is" sh -c 'lsattr "$1" | grep -q "^....i"' - "$ct/etc/protected"
ok "a write in one container" sh -c 'echo x >>"$1"' - "$ct/usr/bin/grep"
ok "is not seen in the other" sh -c '! tail -n 1 "$1" | grep -q x' - "$R/vz/private/702/usr/bin/grep"

# The write above is the container's own: what it wrote stays, all else goes back.
run vs undo web1 web2
said "it is listed" 'usr/bin/grep'
run_check "and once more" vs convert web1 web2 --yes --ctid web1=701 --ctid web2=702
ln "$ct/usr/bin/sed" "$R/vz/private/702/sed-of-701"
run vs verify web1
said "a file that two containers can write to" "still-shared"
said_not "nothing else is left" 'tags-left|unified-left'
rm "$R/vz/private/702/sed-of-701"
chown -h 16777216:738197504 "$ct/etc/passwd"
run vs verify web1
said "a tag" "tags-left"
said_not "no shared file" 'still-shared'
chown -h 0:0 "$ct/etc/passwd"
chattr +i "$ct/usr/bin/awk"
run_check "the hidden flag again" hide_on "$R" 0x08000000 "$(stat -c %i "$ct/usr/bin/awk")"
run vs verify web1
said "a unified file" 'unified-left'
chattr -i "$ct/usr/bin/awk"
run vs verify web2
said_not "the other container has none of it" 'still-shared|tags-left|unified-left'
unmount_below "$R"
done_testing
