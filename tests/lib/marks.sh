# SPDX-License-Identifier: GPL-2.0-or-later
#
# Marks that VServer leaves on inodes, made without VServer: tags in owners by its
# arithmetic (no code of the program in it), unified files, hidden flags. Needs
# tap.sh and root. The order for one tree: tag_tree, unify, hide_flags; a test looks
# at the result (tree) after that.

# tag_tree METHOD TAG TREE [FIND-TEST...]: owners as uid16, gid16 or id24 keep them for
# context TAG, below TREE and of itself. Set-id bits, capabilities and times stay, as
# for files that the guest made. Immutable files cannot be tagged.
tag_tree() {
	local method=$1 tag=$2 tree=$3
	shift 3
	# chown takes capabilities away
	(cd "$tree" && getfattr -R -P -h -m '^security\.capability$' -d -e hex . \
		>"$scratch/marks.caps" 2>/dev/null)
	(cd "$tree" && find . "$@" -printf '%i %U %G %m %y\t%p\0' | perl -n -0 -e '
		BEGIN { ($method, $tag) = splice @ARGV, 0, 2 }
		# an id that has no room becomes -2, cut to the room
		sub fit { my ($id, $most) = @_; $id > $most ? $most - 1 : $id }
		chomp;
		my ($facts, $path) = split /\t/, $_, 2;
		my ($ino, $uid, $gid, $mode, $type) = split / /, $facts;
		next if $seen{$ino}++;
		if ($method eq "uid16") {
			$uid = fit($uid, 0xFFFF) | $tag << 16;
		} elsif ($method eq "gid16") {
			$gid = fit($gid, 0xFFFF) | $tag << 16;
		} elsif ($method eq "id24") {
			$uid = fit($uid, 0xFFFFFF) | ($tag & 0xFF00) << 16;
			$gid = fit($gid, 0xFFFFFF) | ($tag & 0x00FF) << 24;
		} else {
			die "no method $method\n";
		}
		push @{$owner{"$uid:$gid"}}, $path;
		push @{$mode{$mode}}, $path if $type ne "l" and oct($mode) & 06000;
		sub each_of {
			my ($command, $paths) = @_;
			open my $to, "|-", "xargs", "-0", @$command or die;
			print $to "$_\0" for @$paths;
			close $to or die;
		}
		END {
			each_of(["chown", "-h", $_, "--"], $owner{$_}) for sort keys %owner;
			each_of(["chmod", $_, "--"], $mode{$_}) for sort keys %mode;
		}' "$method" "$tag") &&
	(cd "$tree" && setfattr -h --restore="$scratch/marks.caps")
}

# unified_tree TREE [FILES]: usr/ is the same in all guests, to the nanosecond. Needs
# host.sh, setfattr, setfacl.
unified_tree() {
	local t=$1 nr=${2:-200} i
	small_tree "$t"
	mkdir -p "$t/usr/share/many" "$t/usr/lib"
	for i in $(seq 1 "$nr"); do
		printf 'file %s of a package\n' "$i" >"$t/usr/share/many/f$i"
	done
	perl -e 'print "0123456789abcdef" x 40000' >"$t/usr/lib/libbig.so"
	truncate -s 3M "$t/usr/lib/holes"
	echo 'a program with a set-id bit' >"$t/usr/bin/suid"
	own 33:33 "$t/usr/bin/suid"
	chmod 4755 "$t/usr/bin/suid"
	echo 'a program with a capability' >"$t/usr/bin/cap"
	setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 "$t/usr/bin/cap"
	echo 'a file with an access list' >"$t/usr/share/acl"
	setfacl -m u:500:rw "$t/usr/share/acl"
	# one inode, three names inside
	echo 'a compiler of three names' >"$t/usr/bin/gcc"
	ln "$t/usr/bin/gcc" "$t/usr/bin/cc"
	ln "$t/usr/bin/gcc" "$t/usr/lib/gcc"
	# the guest's own link group, and the administrator's own frozen file
	echo own >"$t/root/own"
	ln "$t/root/own" "$t/var/own-again"
	echo 'nameserver 192.0.2.53' >"$t/etc/resolv.conf"
}

# unify STORE TREE...: as vhashify leaves it. Regular files of 16 bytes and more that are
# alike in content, mode, owner and mtime become one inode, with a name in the store
# (HH/HH/REST-NNNNNNNN), immutable. UNIFY names the folders of a tree (default: usr bin
# lib sbin opt). Times of directories stay.
unify() {
	local store=$1 tree folder
	shift
	mkdir -p "$store"
	chmod 700 "$store"
	store=$(readlink -f "$store")
	find "$store" -type f -exec chattr -i -- {} +
	for tree; do
		for folder in ${UNIFY:-usr bin lib sbin opt}; do
			[ ! -d "$tree/$folder" ] || [ -L "$tree/$folder" ] ||
				unify_folder "$store" "$tree/$folder" || return 1
		done
	done
	find "$store" -type f -exec chattr +i -- {} +
}

# One folder into the store. A name takes two steps, link beside and rename over.
unify_folder() {
	local dir time
	find "$2" -type d -printf '%T@ %p\0' >"$scratch/marks.dirs"
	find "$2" -type f -size +15c -printf '%m %U %G %T@\t%p\0' >"$scratch/marks.facts"
	cut -z -f2- <"$scratch/marks.facts" | xargs -0r sha1sum -z -- >"$scratch/marks.sums"
	perl -e '
		my ($store, $facts, $sums) = @ARGV;
		sub known { join " ", (lstat $_[0])[2, 4, 5, 9] }
		$/ = "\0";
		open my $f, "<", $facts or die;
		open my $s, "<", $sums or die;
		umask 077;
		while (<$f>) {
			chomp;
			my ($path) = (split /\t/, $_, 2)[1];
			my ($h, $n) = (substr(<$s>, 0, 40), 0);
			my ($a, $b, $rest) = $h =~ /^(..)(..)(.*)$/ or die;
			my ($at, $tmp) = (undef, "$path;x7Rt2q");
			mkdir "$store/$a"; mkdir "$store/$a/$b";
			do { $at = sprintf "%s/%s/%s/%s-%08x", $store, $a, $b, $rest, $n++ }
			while (-e $at and known($at) ne known($path));
			if (!-e $at) { link $path, $at or die "$at: $!" }
			next if (lstat $at)[1] == (lstat $path)[1];
			link $at, $tmp or die "$tmp: $!";
			rename $tmp, $path or die "$path: $!";
		}' "$1" "$scratch/marks.facts" "$scratch/marks.sums" || return 1
	while read -r -d '' time dir; do
		touch -d "@$time" -- "$dir"
	done <"$scratch/marks.dirs"
}

# Inode numbers of the regular files below, each once: inodes_below DIR [FIND-TEST...]
inodes_below() {
	local dir=$1
	shift
	find "$dir" -type f "$@" -printf '%i\n' | sort -nu
}

# The image that a loop mount comes from: image_of DIR
image_of() { losetup -nO BACK-FILE "$(findmnt -fno SOURCE -M "$1")" | sed 's/ *$//'; }

# hide_flags IMAGE BITS INODE...: set bits of i_flags, known to the kernel or not, on an ext
# image that is not mounted. 0x08000000 IUNLINK, 0x04000000 barrier, 0x20000000 COW,
# 0x8000 the 2.4 form of IUNLINK and barrier.
hide_flags() {
	local image=$1 bits=$2
	shift 2
	printf 'stat <%s>\n' "$@" >"$scratch/marks.ask"
	debugfs -f "$scratch/marks.ask" "$image" 2>/dev/null | perl -ne '
		BEGIN { $bits = hex shift @ARGV }
		$ino = $1 if /^Inode: (\d+)/;
		printf "sif <%d> flags 0x%x\n", $ino, hex($1) | $bits if /\bFlags: 0x([0-9a-f]+)/;
		' "$bits" >"$scratch/marks.do"
	[ "$(wc -l <"$scratch/marks.do")" = $# ] || { diag "hide_flags: an inode is missing"; return 1; }
	debugfs -w -f "$scratch/marks.do" "$image" >"$scratch/marks.log" 2>&1
	! grep -v '^debugfs' "$scratch/marks.log"
}

# word_inodes IMAGE WORD INODE...: the four bytes at 124 of inodes of an ext4 image that is
# not mounted. debugfs calls them the author, after another system's use of them.
word_inodes() {
	local image=$1 word=$2
	shift 2
	printf "sif <%s> author $word\n" "$@" >"$scratch/marks.do"
	debugfs -w -f "$scratch/marks.do" "$image" >"$scratch/marks.log" 2>&1
	! grep -v '^debugfs' "$scratch/marks.log"
}

# The two for a mounted image: it is unmounted meanwhile. Another mount namespace that
# was made in between keeps it mounted until it ends. hide_on DIR BITS INODE...,
# word_on DIR WORD INODE...
hide_on() { on_image hide_flags "$@"; }
word_on() { on_image word_inodes "$@"; }
on_image() {
	local do=$1 dir=$2 image i
	shift 2
	sync -f "$dir"
	image=$(image_of "$dir") && umount "$dir" || return 1
	for ((i = 0; i < 100; i++)); do
		[ -n "$(losetup -nO NAME -j "$image")" ] || break
		sleep 0.1
	done
	"$do" "$image" "$@"
	local rc=$?
	mount -o loop "$image" "$dir" && return $rc
}
