#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# File systems made and filled without being mounted: what the kernel shows of them is
# the tree, and e2fsck has nothing to say. Then writes that fail or never come: the
# source stays as it was, and the next try is whole.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/torture.sh"
need_loop
need_tools setfacl setfattr chattr e2fsck strace

treetool=$VS2VZ_BUILD/tests/treetool
ok "the tools are built" test -x "$treetool" -a -x "$MANIFEST"
wide=40000
disk=$scratch/disk
point=$scratch/point
mount_new ext4 1G "$disk" -N 120000
mkdir "$point"

# make_image ROW-OPTION TREE IMAGE SIZE: a file of that size, with old bytes in it
make_image() {
	rm -f "$3"
	truncate -s "$4" "$3"
	"$treetool" ${1:+"$1"} -s "$scratch/sums" image "$2" "$3" >"$scratch/log" 2>&1
}

# An object whose only other names are outside of the tree has no group here.
without_outside() { sed -E 's|^(/[^ ]+) (.*) same=\1( .*)?$|\1 \2\3|' "$1"; }

# shows IMAGE TREE TEXT: clean, and the kernel shows the tree
shows() {
	ok "$3: e2fsck is content" e2fsck -fn "$1"
	mount -o loop,ro,noload "$1" "$point" || { result 1 "$3: can be mounted"; return; }
	tree "$scratch/.want" "$2"
	tree "$scratch/.got" "$point"
	without_outside "$scratch/.want" >"$scratch/want"
	without_outside "$scratch/.got" >"$scratch/got"
	ok "$3: the same tree" diff "$scratch/want" "$scratch/got"
	umount "$point"
}

mkdir "$disk/hard"
torture_tree "$disk/hard"
# Attributes beside the inode, and in a block of their own.
echo many >"$disk/hard/xattrs/many"
for i in 1 2 3 4 5 6 7; do
	setfattr -n "user.attribute-$i" -v "$(printf "$i%.0s" {1..400})" "$disk/hard/xattrs/many"
done
ln -s many "$disk/hard/xattrs/of-a-link"
setfattr -h -n trusted.long -v "$(printf 'l%.0s' {1..2000})" "$disk/hard/xattrs/of-a-link"
mkdir "$disk/hard/xattrs/dir"
setfattr -n user.long -v "$(printf 'd%.0s' {1..3000})" "$disk/hard/xattrs/dir"
# A file in many pieces: more extents than one block of them holds.
perl -e 'open my $f, ">", $ARGV[0] or die; for (0 .. 2999) { seek $f, $_ * 8192, 0; print $f "piece $_" }' \
	"$disk/hard/holes/pieces"
# Names outside of the tree.
ln "$disk/hard/holes/pieces" "$disk/outside"
mkfifo "$disk/fifo-outside"
ln "$disk/fifo-outside" "$disk/hard/links/fifo-inside"
set_times "$disk/hard"
set_flags "$disk/hard"
chmod 755 "$disk/hard"
mkdir "$disk/small"
small_tree "$disk/small"
head -c 300000 /dev/urandom >"$disk/small/data"

for row in '' -3; do
	name=ext${row#-}
	[ -n "$row" ] || name=ext4
	make_image "$row" "$disk/hard" "$scratch/image" 700M
	is $? 0 "$name: filled from the hardest tree" || diag "$(cat "$scratch/log")"
	shows "$scratch/image" "$disk/hard" "$name"
	mount -o loop,ro,noload "$scratch/image" "$point"
	is "$(stat -c %h "$point/holes/pieces" "$point/links/fifo-inside" | tr '\n' ' ')" "1 1 " \
		"$name: names outside do not count"
	ok "$name: the engine sees no difference" \
		"$treetool" -s "$scratch/sums" verify "$disk/hard" "$point"
	ok "$name: the index finds each name" perl -e \
		'for (1 .. $ARGV[1]) { -e "$ARGV[0]/entry-$_" or die "entry-$_" }' "$point/wide" "$wide"
	umount "$point"
	mount -o loop "$scratch/image" "$point"
	ok "$name: the kernel goes on writing in it" sh -c "echo more >'$point/wide/new' && \
		rm '$point/wide/entry-7' && mkdir '$point/new' && echo x >>'$point/holes/pieces'"
	umount "$point"
	ok "$name: and it stays clean" e2fsck -fn "$scratch/image"
done

# ---- too small, and old bytes on the device

make_image '' "$disk/hard" "$scratch/image" 24M
is $? 1 "a tree that does not fit is refused"
ok "the reason is named" grep -q 'no space left\|no inodes left\|too small' "$scratch/log"

yes 'old bytes of another file system' | head -c 64M >"$scratch/image"
ok "filled over old bytes" "$treetool" image "$disk/small" "$scratch/image"
shows "$scratch/image" "$disk/small" "over old bytes"

# ---- writes that never come

tree "$scratch/source-before" "$disk/small"
writes=$(truncate -s 64M "$scratch/image"
	strace -f -qq -e trace=pwrite64 -o "$scratch/trace" "$treetool" -t 1 image "$disk/small" \
		"$scratch/image" >/dev/null && grep -c pwrite64 "$scratch/trace")
diag "$writes writes"
ok "there is something to cut" test "${writes:-0}" -gt 10

# cut HOW N [MORE]: the N-th write of libext2fs or ours does not come
cut() {
	rm -f "$scratch/image"
	truncate -s 64M "$scratch/image"
	{ strace -f -qq -e trace=pwrite64,write -e "inject=pwrite64:$1:when=$2" ${3:+-e "$3"} -o /dev/null \
		"$treetool" -t 1 image "$disk/small" "$scratch/image"; } >"$scratch/log" 2>&1
}

# The next try over what the cut left is whole.
whole_again() {
	"$treetool" image "$disk/small" "$scratch/image" >/dev/null && e2fsck -fn "$scratch/image"
}

step=$((writes / 24 + 1))
[ -z "${VS2VZ_TEST_LONG:-}" ] || step=1
bad='' silent=''
for ((n = 1; n <= writes; n += step)); do
	cut signal=KILL "$n"
	whole_again >/dev/null 2>&1 || bad="$bad kill:$n"
	cut error=EIO "$n+" inject=write:error=EIO
	[ $? = 1 ] || silent="$silent $n+"
	# libext2fs tries a single one again, with write().
	cut error=EIO "$n" || [ $? = 1 ] || silent="$silent $n"
	grep -q '^treetool: ' "$scratch/log" || e2fsck -fn "$scratch/image" >/dev/null 2>&1 ||
		silent="$silent $n"
done
is "$bad" "" "killed at a write, the next try is whole"
is "$silent" "" "no write that failed goes unnoticed"
tree "$scratch/source-after" "$disk/small"
ok "the source stayed as it was" diff "$scratch/source-before" "$scratch/source-after"
chattr -R -f -a "$disk/hard/flags"
done_testing
