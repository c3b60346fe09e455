#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Targets that hold less than the source: whole seconds, times of 32 bits, fewer flags,
# no small files in inodes. It is said before, a copy that nobody changed is the same for
# verify and undo, and changes that come back coarsen nothing that did not change.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
need_loop
need_tools chattr lsattr

# Times that not every file system holds, on everything that has one.
odd_times() {
	local t=$1 what
	mkdir -p "$t/times/dir/below" "$t/times/full"
	for what in late early old fine; do
		echo "$what" >"$t/times/$what"
		ln -s "$what" "$t/times/link-$what"
		mkdir "$t/times/dir/$what"
		ln "$t/times/$what" "$t/times/full/$what"
	done
	mkfifo "$t/times/fifo"
	age "$t"
	set_time "$t" late '2101-02-03 04:05:06.7'
	set_time "$t" early '1901-12-31 23:59:59.9'
	set_time "$t" old '1965-05-05 05:05:05.05'
	set_time "$t" fine '2009-09-09 09:09:09.123456789'
	touch -d '2009-09-09 09:09:09.987654321' "$t/times/dir" "$t/times/fifo" "$t"
}

set_time() {
	touch -h -d "$3" "$1/times/$2" "$1/times/link-$2"
	touch -d "$3" "$1/times/dir/$2"
}

# host TARGET-TYPE [MKFS-OPTION...]
host() {
	local to=$1
	shift
	unmount_below "$scratch/host"
	rm -f "$scratch"/*.img
	R=$scratch/host
	mount_new ext4 300M "$R" -b 4096 -I 256 && mkhost "$R" &&
		mount_new "$to" 320M "$R/vz/private" "$@" || { result 1 "cannot build $to"; return 1; }
	private=$(ls -t "$scratch/$to".*.img | head -n 1)
	add_guest "$R" web 301 web.example.org 192.0.2.1
}

# paths that differ between two manifests, sorted
differing() { diff "$1" "$2" | sed -n 's/^[<>] \([^ ]*\) .*/\1/p' | sort -u | tr '\n' ' '; }

# life TEXT EXPECTED-REGEX UNEXPECTED-REGEX: the guest web, converted and back in both ways
life() {
	local text=$1 t=$R/vservers/web c=$R/vz/private/301
	tree "$scratch/before" "$t"
	run vs check
	said "$text: it is said before" "$2"
	[ -z "$3" ] || said_not "$text: and no more than that" "$3"
	run_check "$text: convert" vs convert web --yes
	run_check "$text: verify" vs verify web
	umount "$R/vz/private" && mount -o loop "$private" "$R/vz/private"
	run_check "$text: verify when it was mounted again" vs verify web
	run_check "$text: undo without an option" vs undo web
	tree "$scratch/now" "$t"
	same_files "$scratch/before" "$scratch/now" "$text: nothing of the source changed"

	run_check "$text: convert again" vs convert web --yes
	echo new >"$c/times/full/new"
	echo gone >"$c/times/not" && rm "$c/times/not"
	run_mustfail "$text: undo asks what is to become of a change" vs undo web
	run_check "$text: undo --bring-back" vs undo web --bring-back
	tree "$scratch/now" "$t"
	is "$(differing "$scratch/before" "$scratch/now")" "/times /times/full /times/full/new " \
		"$text: what did not change has all its times and flags"
	is "$(cat "$t/times/full/new")" new "$text: the change is there"
}

if host ext4 -I 128; then
	odd_times "$R/vservers/web"
	life "ext4, inodes of 128 bytes" 'VS421 .*' ''
	run vs check
	said "the last time is named with its object" 'web: /vservers/web/times/(dir/)?late: 2101-02-03 04:05:06 UTC; .* until 2038-01-19'
	said "fractions are counted" 'VS422|objects changed at a fraction of a second'
fi
host ext3 -I 128 && odd_times "$R/vservers/web" && life "ext3, inodes of 128 bytes" VS422 ''
if have_fs ext2; then
	host ext2 -I 128 && odd_times "$R/vservers/web" && life "ext2" VS422 ''
fi
if have_fs xfs; then
	host xfs -m bigtime=0 && odd_times "$R/vservers/web" && life "xfs without bigtime" VS421 VS422
fi
host ext4 -I 256 && odd_times "$R/vservers/web" && run vs check &&
	said_not "inodes of 256 bytes hold them" 'VS42[12]'

# ---- flags
if have_fs xfs && host xfs; then
	t=$R/vservers/web
	mkdir -p "$t/times/full" "$t/times/dir/fine"
	chattr +S "$t/var/log/messages" && chattr +D "$t/usr" && chattr +td "$t/bin/sh"
	age "$t"
	life "flags" 'VS405' 'VS42[12]'
	run vs check
	said_not "a flag that xfs keeps is no finding" "'(synchronous updates|no dump)'"
	said "a flag that is lost is named" "/vservers/web/bin/sh: 'no tail-merging' .t. of 1 object; xfs"
	said "and that of a directory" "/vservers/web/usr: 'synchronous directory updates' .D."
fi

# Flags that ext4 keeps without a meaning are none against a file system of its own.
R=$scratch/own
mount_new ext4 300M "$R" -b 4096 -I 256 && mkhost "$R" && mkdir "$R/srv" || result 1 "own"
add_guest "$R" web 301 web.example.org 192.0.2.1
chattr +ct "$R/vservers/web/etc/passwd" && chattr +tSDT "$R/vservers/web/usr"
tree "$scratch/before" "$R/vservers/web"
run_check "chattr +c and +t do not forbid an image" vs convert web --yes --insulate image:/srv:40M
said_not "nothing is lost" VS405
mkdir "$scratch/view" && mount -o loop,ro "$R/srv/301.img" "$scratch/view"
tree "$scratch/now" "$scratch/view"
same_files "$scratch/before" "$scratch/now" "the image has every flag"
umount "$scratch/view"
run_check "undo" vs undo web

# ---- small files in inodes
R=$scratch/inline
if mount_new ext4 200M "$R" -b 4096 -I 1024 -O inline_data -N 30000; then
	mkhost "$R" && mkdir "$R/srv"
	mount_new ext4 400M "$R/srv"
	add_guest "$R" web 301 web.example.org 192.0.2.1
	mkdir -p "$R/vservers/web/home"
	perl -e 'for (1 .. 20000) { open my $f, ">", "$ARGV[0]/$_" or die; print $f "x" x 500 }' \
		"$R/vservers/web/home"
	is "$(stat -c %b "$R/vservers/web/home/77")" 1 "the source packs small files"
	run_check "an image for them is large enough" vs convert web --yes --insulate image:/srv:100%
	run_check "undo" vs undo web
fi
done_testing
