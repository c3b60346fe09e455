#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a target file system cannot hold is named before the work, and the numbers are
# true: a guest that has as much as the target takes of everything is copied whole, one
# that has one more of it is refused with the object's name.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
need_loop
need_tools perl setfattr

# most TREE WHAT NUMBER: an object of that size
most() {
	local d=$1/most
	mkdir -p "$d"
	case $2 in
	names) perl -e '
		my ($d, $n) = @ARGV;
		mkdir "$d/names"; open my $f, ">", "$d/names/f"; close $f;
		link "$d/names/f", "$d/names/l$_" or die "$!" for 1 .. $n - 1' "$d" "$3" ;;
	subdirs) perl -e 'mkdir "$ARGV[0]/$_" or die "$!" for 1 .. $ARGV[1]' "$d" "$3" ;;
	text) perl -e 'symlink "x" x $ARGV[1], "$ARGV[0]/text" or die "$!"' "$d" "$3" ;;
	bytes) truncate -s "$3" "$d/bytes" ;;
	value) : >"$d/value" && setfattr -n user.v -v "$(printf "%0$3d" 0)" "$d/value" ;;
	esac
}

# counted TREE WHAT: what is there
counted() {
	local d=$1/most
	case $2 in
	names) stat -c %h "$d/names/f" ;;
	subdirs) find "$d" -mindepth 1 -maxdepth 1 -type d | wc -l ;;
	text) stat -c %s "$d/text" ;;
	bytes) stat -c %s "$d/bytes" ;;
	value) getfattr --absolute-names --only-values -n user.v "$d/value" | wc -c ;;
	esac
}

from_options=()
# try SOURCE-TYPE WHAT NUMBER TARGET-TYPE [MKFS-OPTION...]
try() {
	local from=$1 what=$2 number=$3 to=$4 object
	shift 4
	if ! have_fs "$from" || ! have_fs "$to"; then
		skip "$what: $from to $to" "no such file system here"
		return
	fi
	R=$scratch/host
	mount_new ext4 64M "$R" && mkhost "$R" && mount_new "$from" 320M "$R/vservers" "${from_options[@]}" &&
		mount_new "$to" 400M "$R/vz/private" "$@" ||
		{ result 1 "cannot build $from to $to"; return; }
	add_guest "$R" fits 301 fits.example.org 192.0.2.1
	add_guest "$R" over 302 over.example.org 192.0.2.2
	most "$R/vservers/fits" "$what" "$number"
	most "$R/vservers/over" "$what" $((number + 1))
	# The driver of ext4 takes more than that of ext3 did.
	[ "$to" = ext3 ] ||
		run_mustfail "$to itself refuses one $what more" most "$R/vz/private" "$what" $((number + 1))
	rm -rf "$R/vz/private/most"
	object=$what
	[ "$what" = names ] && object=names/f
	[ "$what" = subdirs ] && object=
	run_status 2 "$to: check sees one $what too many" vs check
	said "$to: $what: the object is named" "over: /vservers/over/most(/$object)?"
	run_status 2 "$to: one more is not begun" vs convert over --yes
	ok "$to: the source of it stands" test "$(counted "$R/vservers/over" "$what")" = $((number + 1))
	run_check "$to: $number $what are copied" vs convert fits --yes
	is "$(counted "$R/vz/private/301" "$what")" "$number" "$to: all of $what is there"
	run_check "$to: verify" vs verify fits
	run_check "$to: undo" vs undo fits
	is "$(counted "$R/vservers/fits" "$what")" "$number" "$to: $what is back"
	unmount_below "$R"
	rm -f "$scratch"/*.img
}

mapped=$(((12 + 256 + 256 * 256 + 256 * 256 * 256) * 1024))
try xfs names 65000 ext4 -N 100000
try xfs names 32000 ext3 -O ^dir_nlink,^extent,^huge_file
try xfs subdirs 31998 ext3 -b 4096 -N 70000 -O ^dir_nlink
from_options=(-b 4096)
try ext4 text 1023 xfs
try ext4 text 1023 ext4 -b 1024
try ext4 value $((1024 - 32 - 4 - 16 - 4)) ext4 -b 1024 -I 128
from_options=()
try xfs bytes $((0xffffffff * 4096)) ext4 -b 4096
try xfs bytes $((0xffffffff * 1024)) ext4 -b 1024
try xfs bytes "$mapped" ext3 -b 1024
try xfs names 65535 btrfs
try xfs value 16222 btrfs -n 16k

# What a container's own file system cannot hold.
R=$scratch/own
mount_new ext4 64M "$R" && mkhost "$R" && mount_new xfs 320M "$R/vservers" || result 1 "own"
mkdir -p "$R/srv"
add_guest "$R" large 303 large.example.org 192.0.2.3
most "$R/vservers/large" bytes $((0xffffffff * 4096 + 1))
run_status 2 "own file system: a file that is too large" vs convert large --yes --insulate image:/srv:80M
said "own file system: it is named" '/vservers/large/most/bytes: .*17592186040321 bytes .16 TiB.; ext4'
ok "own file system: nothing was made" test ! -e "$R/srv/303.img"
done_testing
