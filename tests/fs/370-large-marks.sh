#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest of 100,000 inodes, of which 30,000 are unified with two other guests and a hash
# store, all others tagged by ID24: converted, verified, taken back exactly, within the
# memory that is promised for it.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools perl chattr debugfs setfattr getfattr

shared=30000 own=70000
R=$scratch/host
mount_new ext4 600M "$R" -b 1024 -N 300000 && mkhost "$R" || { result 1 "cannot make a file system"; done_testing; exit; }
for n in 1 2 3; do add_guest "$R" "big$n" "30$n" "big$n.example.org" "192.0.2.3$n"; done
mkdir -m 700 "$R/vservers/.hash"
mkdir -p "$R/vservers/big1/srv" "$R"/vservers/big{1,2,3}/usr/share
ln -s /vservers/.hash "$R/etc/vservers/.defaults/apps/vunify/hash/00"
perl -e '
	my ($v, $shared, $own) = @ARGV;
	sub make { my ($path, $text) = @_; open my $f, ">", $path or die "$path: $!"; print $f $text }
	for my $i (0 .. 299) {
		mkdir sprintf("%s/.hash/%03d", $v, $i) or die;
		mkdir sprintf("%s/big%d/usr/share/%03d", $v, $_, $i) or die for 1 .. 3;
		mkdir sprintf("%s/big1/srv/%03d", $v, $i) or die;
	}
	for my $i (0 .. $shared - 1) {
		my $d = sprintf "%03d", $i % 300;
		make("$v/.hash/$d/$i", $i % 10 ? "" : "file $i of a package\n");
		link "$v/.hash/$d/$i", "$v/big$_/usr/share/$d/f$i" or die for 1 .. 3;
	}
	for my $i (0 .. $own - 1) {
		my $path = sprintf "%s/big1/srv/%03d/f%d", $v, $i % 300, $i;
		make($path, $i % 10 ? "" : "file $i\n");
		chown $i % 40 * 50, $i % 30 * 100, $path;
		chmod 04755, $path if $i % 1000 == 7;
	}' "$R/vservers" "$shared" "$own" || result 1 "cannot make the files"
for n in 1 2 3; do tag_tree id24 "30$n" "$R/vservers/big$n" -not -path './usr/share/*'; done
find "$R/vservers/.hash" -type f -exec chattr +i -- {} +
# shellcheck disable=SC2046
run_check "hidden flags" hide_on "$R" 0x08000000 $(inodes_below "$R/vservers/.hash")
is "$(($(find "$R/vservers/big1" -printf '%i\n' | sort -u | wc -l) >= shared + own))" 1 "100,000 inodes"
host_tree "$scratch/before" "$R"

# 64 MiB, and 40 bytes for each multiply-linked inode, in KiB
most=$((64 * 1024 + shared * 40 / 1024))

# measured TEXT COMMAND...: it ends with 0, and never takes more memory
measured() {
	local text=$1 peak=0 now pid
	shift
	last=$*
	"$VS2VZ" --root "$R" -q "$@" >"$scratch/out" 2>"$scratch/err" </dev/null &
	pid=$!
	while now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
		peak=$now
		sleep 0.1
	done
	wait "$pid"
	status=$?
	is "$status" 0 "$text" || show_last
	cat "$scratch/out" "$scratch/err" >"$scratch/both"
	diag "$text: $peak of $most KiB"
	[ "$peak" -gt 1000 ] && [ "$peak" -le "$most" ]
	result $? "$text: memory"
}

measured "convert" convert --all --yes
is "$(find "$R/vz/private/301" -uid +65535 -o -gid +65535 | wc -l)" 0 "no tag is left"
is "$(find "$R/vz/private/301/usr/share" -type f -links 1 | wc -l)" "$shared" "no file is shared"
is "$(find "$R/vz/private/301/srv" -type f -perm 4755 | wc -l)" "$((own / 1000))" "set-id bits are there"
measured "verify" verify
measured "undo" undo --all
said_not "nothing is kept back" 'undo-kept'
unchanged "owners, flags, link groups and times are as they were"
done_testing
