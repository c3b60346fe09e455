#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The state directory is gone, elsewhere, read-only, in a guest's tree, or without room:
# what conversions left is named, nothing is converted a second time and nothing is called
# of no use; when it is back everything goes on.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
need_root
R=$scratch/h
S=$R/var/lib/vs2vz

vs() { "$VS2VZ" --root "$R" "$@"; }

# blog moves by rename, shop is copied from another file system, and one that is no guest's.
new_host() {
	wipe "$R"
	mkdir -p "$R"
	mount -t tmpfs -o size=64m none "$R" && mkdir "$R/srv" &&
		mount -t tmpfs -o size=32m none "$R/srv" || exit 1
	mkhost "$R"
	add_guest "$R" blog 3001 blog.example.org 192.0.2.61
	add_guest "$R" shop 3002 shop.example.org 192.0.2.62
	mv "$R/vservers/shop" "$R/srv/shop"
	ln -sfn /srv/shop "$R/etc/vservers/shop/vdir"
	age "$R"
}

new_host
host_tree "$scratch/before" "$R"
run_check "convert" vs convert --all --yes
set_aside=$(aside "$R/srv" shop)
ok "the copied source was set aside" test -d "$set_aside"
host_tree "$scratch/converted" "$R"

diag "the state directory is gone"
mv "$S" "$scratch/state"
touch -d '2008-04-28 10:46:13.123456789' "$R/var/lib"
run_status 1 "status" vs status
said "blog has no journal" '^blog +3001 +no journal'
said "shop neither" '^shop +3002 +no journal'
said "the tree that was set aside is named" "${set_aside#"$R"}"
said_not "nobody says that there is no guest" 'no guests'
said "and the marks of both" '/etc/vservers/blog/vs2vz: marked as converted'
said_not "nothing leads to a conversion or a commit" '(convert|commit|undo) (blog|shop)'
run_status 1 "scan" vs scan
run_status 2 "check" vs check
said "check says what is lost" 'VS719'
said_not "check removes nothing" 'VS115|VS708|and remove it'
run_status 2 "plan" vs plan --all
run_status 2 "convert" vs convert --all --yes
said "the reason" 'VS719|no journal'
run_status 2 "undo --all" vs undo --all
said "undo names the guests" '(^|error: )blog:'
said "and what to do" 'bring the state directory back'
said_not "undo does not say that there is no guest" 'no guests'
run_status 2 "undo of one" vs undo shop
run_status 2 "commit --all" vs commit --all --yes
run_status 2 "resume" vs resume --yes
run_status 2 "verify" vs verify
touch -d '2008-04-28 10:46:13.123456789' "$R/var/lib"
host_tree "$scratch/now" "$R"
same_files "$scratch/converted" "$scratch/now" "nothing was changed by all this"

diag "the marks are gone as well"
cp -a "$R/etc/vservers" "$scratch/conf"
rm -f "$R"/etc/vservers/{blog,shop}/{vs2vz,disabled}
run_status 1 "status without marks" vs status
said "shop has no journal still" '^shop .*no journal'
said_not "and is not offered" 'convert shop'
run_status 2 "convert without marks" vs convert --all --yes
rm -rf "$R/etc/vservers"
cp -a "$scratch/conf" "$R/etc/vservers"

diag "and back"
rm -rf "$S"
mv "$scratch/state" "$S"
run_check "status of a host that is whole" vs status
said "blog is converted" '^blog +3001 +converted'
run_check "undo" vs undo --all
touch -d '2008-04-28 10:46:13.123456789' "$R/var/lib" "$R/etc"
host_tree "$scratch/after" "$R"
same_files "$scratch/before" "$scratch/after" "undo is exact"

diag "set aside by somebody that cannot be told"
mkdir "$R/srv/.other.vs2vz-0123456789abcdef"
run_status 1 "status" vs status
said "it is named" '/srv/.other.vs2vz-0123456789abcdef: set aside'
run_status 2 "undo --all" vs undo --all
run_status 2 "convert waits" vs convert --all --yes
run_check "unless somebody knows better" vs convert --all --yes --override VS719
run_status 4 "undo of the guests, and the strange one is said" vs undo --all
said "the guests are back" '2 undone'
rmdir "$R/srv/.other.vs2vz-0123456789abcdef"
mkdir "$R/srv/.other.vs2vz-notes"
run_check "a name that only looks like ours" vs status

diag "in the tree of a guest"
# in_tree TEXT: check and convert see it, and nothing is written there.
in_tree() {
	run_status 2 "$1: check" vs check
	said "$1: the finding" 'VS155'
	run_status 2 "$1: convert is refused" vs convert --all --yes
	said "$1: the reason" 'VS155.*in the tree of guest .blog'
	run_status 2 "$1: undo is refused" vs undo --all --yes
	is "$(find "$R/vservers/blog/var/state" "$R/vservers/blog/var/sub" -mindepth 1 | wc -l)" 0 \
		"$1: nothing was written there"
}
new_host
rmdir "$S"
mkdir -p "$R/vservers/blog/var/state" "$R/vservers/blog/var/sub"
ln -s ../../vservers/blog/var/state "$S"
age "$R"
in_tree "a link"
ok "the tree stays where it was" test -d "$R/vservers/blog/etc"
rm "$S"
ln -s ../../vservers/blog/var/state "$R/var/lib/way"
echo 'state_dir = "/var/lib/way/below"' >"$R/etc/vs2vz.conf"
in_tree "a link on the way, and not there yet"
rm "$R/var/lib/way" "$R/etc/vs2vz.conf"
mkdir "$S"
mount --bind "$R/vservers/blog/var/state" "$S"
in_tree "a bind mount"
umount "$S"
mount --bind "$R/vservers/blog" "$R/mnt" 2>/dev/null || { mkdir "$R/mnt" && mount --bind "$R/vservers/blog" "$R/mnt"; }
echo 'state_dir = "/mnt/var/state"' >"$R/etc/vs2vz.conf"
in_tree "in a bind mount of the tree"
umount "$R/mnt"
mount -t tmpfs none "$R/vservers/blog/var/sub" && mkdir "$R/vservers/blog/var/sub/state"
mount --bind "$R/vservers/blog/var/sub/state" "$S"
rm "$R/etc/vs2vz.conf"
run_status 2 "what is mounted in the tree: convert is refused" vs convert --all --yes
said "the reason" 'VS155.*in the tree of guest .blog'
ok "nothing was written there" test -z "$(ls "$S")"
umount "$S" "$R/vservers/blog/var/sub"
mkdir -p "$R/var/log/vs2vz"
mount --bind "$R/vservers/blog/var/state" "$R/var/log/vs2vz"
run_status 2 "a log directory there: convert is refused" vs convert --all --yes
said "it is named, with the setting" 'log directory .*in the tree of guest .blog.*log_dir'
umount "$R/var/log/vs2vz"
run_status '0|2' "without it all is well" vs check
said_not "nothing is said" VS155

diag "read only"
new_host
mount -t tmpfs -o ro none "$S"
run_status 1 "convert with a read-only state directory" vs convert --all --yes
said "the directory, and what to do" "the state directory '/var/lib/vs2vz' cannot be used.*state_dir"
umount "$S"
mount -t tmpfs -o ro none "$R/var/log/vs2vz"
run_status 1 "convert with a read-only log directory" vs convert --all --yes
said "the directory, and what to do" "the log directory '/var/log/vs2vz' cannot be used.*log_dir"
umount "$R/var/log/vs2vz"
run vs status
said "nothing was changed" '^blog .* found'

diag "a damaged journal: a dry run says what the command says"
new_host
run_check "convert" vs convert --all --yes
sed -i '2s/./X/' "$S/guests/blog/log"
for command in undo commit; do
	run_status 3 "$command" vs "$command" blog --yes
	run_status 3 "$command -n" vs "$command" -n blog
	said "$command -n names the guest and the reason" 'blog: .*journal'
done

diag "without room for the journals"
# What the journal of a guest would take by check: a number and its unit.
needed() { sed -n "s/^  $1: .*\/var\/lib\/vs2vz: needs \([0-9]*\) $2.*/\1/p" "$scratch/both"; }
new_host
mkdir -p "$S"
mount -t tmpfs -o size=16k,nr_inodes=6 none "$S"
run_status 2 "check counts files and bytes" vs check
said "what is needed, and where" '^  blog: /var/lib/vs2vz: needs [0-9.]+ KiB; .*available'
bytes=$(needed blog KiB) inodes=$(needed blog inodes)
umount "$S"
mount -t tmpfs -o size=168k none "$S"
run_status 2 "check with room for one" vs check
run_status 4 "one is converted" vs convert --all --yes
ok "its journal has no more files than were counted" \
	test "$(find "$S/guests/blog" | wc -l)" -le "${inodes:-0}"
ok "and no more bytes" test "$(du -sk "$S/guests/blog" | cut -f 1)" -le "${bytes:-0}"
run_status 0 "and goes back" vs undo --all
umount "$S"
mount -t tmpfs -o size=1m none "$S"
run_status '0|2' "with room for both" vs check
said_not "nothing is missing" 'VS20[12]|/var/lib/vs2vz: needs'
run_check "both are converted" vs convert --all --yes
run_check "and go back" vs undo --all
umount "$S"

diag "what was saved before the reboot"
run_status '0|2' "saved where there was nothing" vs check --before-reboot --save
echo '{}' >"$S/before.json"
run_status 2 "not over what is there, by another kernel" vs check --before-reboot --save
said "the reason" 'is kept: this is no VServer kernel'
is "$(cat "$S/before.json")" '{}' "it is kept"
done_testing
