#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest that was built under VServer, whose owners carry tags and whose files it shares
# with another guest, immutable but for unlinking: files that recipes edit among them.
# The container has plain owners, files of its own and its boot back; the other guest and
# the store notice nothing; undo brings back every tag, link, flag and byte.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
. "$top/tests/lib/recipes.sh"
need_loop
need_tools debugfs perl setfattr getfattr chattr
R=$scratch/r
mount_new ext4 256M "$R" || skip_unless_required "no ext4"

# A built Debian 6 with programs of some size and people's files.
built_tree() {
	local t=$1 i
	perl "$top/tests/fixups/tree.pl" make "$t" "$top/tests/fixups/families/debian-6.0.tree" || return 1
	"$top/tests/fixups/build-edits-debian.sh" "$t"
	for i in grep sed awk tar; do
		seq 1 400 | sed "s/^/$i /" | put "$t/usr/bin/$i" 755
	done
	mkdir -p "$t/srv/mail"
	for i in $(seq 1 200); do
		echo "mail $i" >"$t/srv/mail/$i"
	done
	own 500:500 "$t/srv/mail"/*
	echo data | put "$t/srv/data"
	own 500:500 "$t/srv/mail" "$t/srv/data"
}

mkhost "$R"
for n in 345 346; do
	add_guest "$R" "v$n" "$n" "v$n.example.org" "192.0.2.$((n - 300))" true
	rm -rf "$R/vservers/v$n"
	mkdir "$R/vservers/v$n"
	built_tree "$R/vservers/v$n"
done
mkdir "$R/vservers/.hash"
ln -s /vservers/.hash "$R/etc/vservers/.defaults/apps/vunify/hash/00"
age "$R/vservers"
# Shared files carry no tag, or all guests but one would be refused.
tag_tree id24 345 "$R/vservers/v345" -not -path './etc/*' -not -path './usr/*'
UNIFY='etc usr' unify "$R/vservers/.hash" "$R/vservers/v345" "$R/vservers/v346"
age "$R/etc"
# shellcheck disable=SC2046
hide_on "$R" 0x08000000 $(inodes_below "$R/vservers/.hash")

shared() { is "$(stat -c %i "$R/vservers/v345/$1")" "$(stat -c %i "$R/vservers/v346/$1")" "$2: $1 is shared"; }
flags_on_disk() {
	sync
	inodes_below "$R/vservers/.hash" | sed 's/.*/stat <&>/' >"$scratch/ask"
	debugfs -f "$scratch/ask" "$(image_of "$R")" 2>/dev/null | grep '^Inode:' >"$1"
}

# others TEXT: v346 and the store are what they were
others() {
	tree "$scratch/now" "$R/vservers/v346"
	same_files "$scratch/v346" "$scratch/now" "$1: the other guest is as it was"
	flags_on_disk "$scratch/flags-now"
	same_files "$scratch/flags" "$scratch/flags-now" "$1: unified files keep their flags"
}

shared etc/inittab "before"
shared etc/rsyslog.conf "before"
shared etc/init.d/.depend.boot "before"
is "$(stat -c %u:%g "$R/vservers/v345/srv/data")" "$((1 << 24 | 500)):$((89 << 24 | 500))" "before: owners are tagged"
tree "$scratch/v346" "$R/vservers/v346"
flags_on_disk "$scratch/flags"
host_tree "$scratch/before" "$R"

for method in rename copy; do
	ct=$R/vz/private/345
	run vs plan v345 --fixups all --method "$method"
	said "$method: marks are mended" 'tag'
	said "$method: recipes take the build back" 'VS510 +fixed: debian-boot-links'
	run_check "$method: convert" vs convert v345 --yes --fixups all --method "$method"
	ok "$method: a shared file is edited" grep -q '^#\$ModLoad imklog' "$ct/etc/rsyslog.conf"
	ok "$method: a shared list is new" grep -q '^TARGETS = .*mountall.sh' "$ct/etc/init.d/.depend.boot"
	is "$(find "$ct" -printf '%U\n%G\n' | sort -nu | tr '\n' ' ')" '0 500 ' "$method: owners are plain"
	is "$(lsattr -R "$ct" 2>/dev/null | awk '/^[^/]/ && $1 ~ /i/ { n++ } END { print n + 0 }')" 0 "$method: nothing is immutable"
	is "$(find "$ct" -type f -links +1 ! -name '*.vs2vz-*-old' | wc -l)" 0 "$method: nothing is shared"
	others "$method"
	run_check "$method: verify" vs verify v345
	run_check "$method: undo" vs undo v345
	unchanged "$method: tags, links, flags and the build are back"
	others "$method, undo"
done

# A container that writes does not reach the other guest.
run_check "convert" vs convert v345 --yes --fixups all
ok "it can be written" sh -c 'echo >>"$1/usr/bin/grep" && sed -i 1q "$1/etc/inittab" && rm "$1/etc/hosts"' - "$ct"
others "a container that writes"
done_testing
