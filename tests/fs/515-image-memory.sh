#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How much memory it takes to fill a file system: 64 MiB and 40 bytes for each inode of
# several names, whatever the shape of the tree. Many names in one directory that are
# second names elsewhere, and many directories in one. What was made is whole, all names
# are there.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
need_loop
need_tools e2fsck perl

treetool=$VS2VZ_BUILD/tests/treetool
ok "the tools are built" test -x "$treetool"
linked=200000
subdirs=60000	# ext3 keeps fewer
disk=$scratch/disk
image=$scratch/image
point=$scratch/point
mount_new ext4 2G "$disk" -i 4096
mkdir "$point" "$disk/linked" "$disk/linked/wide" "$disk/dirs"
perl -e '
	my ($root, $nr) = @ARGV;
	for my $i (0 .. $nr - 1) {
		my $d = sprintf "%s/%03d", $root, $i / 1000;
		mkdir $d if $i % 1000 == 0;
		open my $f, ">", "$root/wide/a-name-of-some-length-$i" or die "$!\n";
		close $f;
		link "$root/wide/a-name-of-some-length-$i", "$d/other-$i" or die "$!\n";
	}' "$disk/linked" "$linked" || result 1 "names of one directory are made"
perl -e 'for (1 .. $ARGV[1]) { mkdir "$ARGV[0]/dir-$_" or die "$!\n" }' \
	"$disk/dirs" "$subdirs" || result 1 "directories are made"
sync -f "$disk"

# stays_within TREE LINKED ROW-OPTION TEXT
stays_within() {
	local most=$((64 * 1024 + $2 * 40 / 1024)) peak
	rm -f "$image"
	"$treetool" ${3:+"$3"} -s "$scratch/sums" -i 300000 -n "$((1 << 30))" image "$1" "$image" >"$scratch/log" 2>&1
	is $? 0 "$4: filled" || diag "$(cat "$scratch/log")"
	peak=$(sed -n 's/^peak=\([0-9]*\) KiB$/\1/p' "$scratch/log")
	diag "$4: peak ${peak:-unknown} KiB of $most"
	ok "$4: the memory stays within its bounds" test "${peak:-999999999}" -le "$most"
	ok "$4: e2fsck is content" e2fsck -fn "$image"
	mount -o loop,ro,noload "$image" "$point" || { result 1 "$4: can be mounted"; return; }
	ok "$4: all names are there" cmp <(cd "$1" && find . -printf '%p %n\n' | sort) \
		<(cd "$point" && find . -printf '%p %n\n' | sort)
	umount "$point"
}

stays_within "$disk/linked" "$linked" '' "ext4, $linked inodes of two names"
stays_within "$disk/linked" "$linked" -3 "ext3, $linked inodes of two names"
stays_within "$disk/dirs" 0 '' "ext4, $subdirs directories in one"
done_testing
