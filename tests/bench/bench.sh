#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make bench`: the tree engine against what an administrator would use. Needs root.
#
# Two ext4 images on loop devices; the rounds of all tools are interleaved, so that
# other load meets all of them; medians, and ratios within one run. Copies include a
# final sync of the target.
#
#	BENCH_ONLY='PART...'    some parts alone (default: all of them, in this order):
#		trees	survey, copy, verify, remove and marks of the sets guest and mail
#		image	a file system of its own, made and filled: the set own-fs
#		linear	the same for many names in one directory and many linked inodes
#		guests	the rename path
#	BENCH_DIR=DIR           where the images are made (default: a new folder in /var/tmp)
#	BENCH_ROUNDS=3          rounds of each tool
#	BENCH_FILES=200000      small files of 1 to 8 KB
#	BENCH_BYTES=1500        MiB of /usr where neither a guest is given nor one can be made
#	BENCH_INODES=100000     inodes of the set own-fs, 25 KB each
#	BENCH_LINEAR='25000 50000 100000 200000'	items of the part linear
#	BENCH_BEARABLE=25000    up to so many of them mke2fs -d is run as well
#	BENCH_GUESTS=1000       guests for the rename path; 0: not at all
#	BENCH_COLD=1            also with dropped caches (drops those of the whole machine)
#	BENCH_OUT=FILE          write the report as markdown, for example docs/benchmarks.md
#	VS2VZ_TEST_GUEST=TAR    a guest tree to use (default: the Debian guest of the tests,
#				four copies of it, so that there is something to measure)
set -u
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
: "${VS2VZ:=$top/build/vs2vz}"
: "${TREETOOL:=$(dirname "$(readlink -f "$VS2VZ")")/tests/treetool}"
: "${BENCH_ROUNDS:=3}" "${BENCH_FILES:=200000}" "${BENCH_BYTES:=1500}" "${BENCH_GUESTS:=1000}"
: "${BENCH_INODES:=100000}" "${BENCH_LINEAR:=25000 50000 100000 200000}" "${BENCH_BEARABLE:=25000}"
: "${BENCH_ONLY:=trees image linear guests}"
: "${BENCH_COLD:=}" "${BENCH_OUT:=}" "${VS2VZ_TEST_GUEST:=}"

die() { echo "bench: $*" >&2; exit 1; }
say() { echo "bench: $*" >&2; }
has() { command -v "$1" >/dev/null; }
wanted() { [[ " $BENCH_ONLY " == *" $1 "* ]]; }

for part in $BENCH_ONLY; do
	[[ " trees image linear guests " == *" $part "* ]] || die "BENCH_ONLY: there is no part '$part'"
done

[ "$(id -u)" = 0 ] || die "needs root: mounts, owners"
[ -x "$TREETOOL" ] || die "$TREETOOL is not built (make)"
has mke2fs || die "needs e2fsprogs"

if [ -n "${BENCH_DIR:-}" ]; then
	mkdir -p "$BENCH_DIR" || exit 1
	own=$(mktemp -d "$BENCH_DIR/bench.XXXXXX") || exit 1
else
	own=$(mktemp -d /var/tmp/vs2vz-bench.XXXXXX) || exit 1
fi
src=$own/src dst=$own/dst point=$own/point
target=$own/target.img
times=$own/times
: >"$times"
: >"$own/sets"
: >"$own/linear"

clean() {
	trap '' INT TERM
	cd /
	for m in "$point" "$src" "$dst"; do
		if mountpoint -q "$m"; then umount "$m" || umount -l "$m"; fi
	done
	rm -rf --one-file-system "$own"
}
trap clean EXIT
trap 'exit 130' INT TERM

image() {
	truncate -s "$2" "$own/$1.img" &&
	mke2fs -q -F -t ext4 -i 4096 -E lazy_itable_init=0,lazy_journal_init=0 "$own/$1.img" &&
	mkdir "$own/$1" && mount -o loop "$own/$1.img" "$own/$1" || die "cannot make an image"
}

# ---- data

usr_tree() {	# as much of /usr as fits
	local left=$((BENCH_BYTES * 1024)) d size
	mkdir -p "$1"
	for d in /usr/bin /usr/sbin /usr/share/* /usr/include /usr/lib/*; do
		[ -d "$d" ] && [ ! -L "$d" ] || continue
		size=$(du -skx "$d" | cut -f1)
		[ "$size" -lt "$left" ] || continue
		mkdir -p "$1$(dirname "$d")"
		cp -a "$d" "$1$d" && left=$((left - size))
	done
	: >"$1/all"
	ln "$1/all" "$1/all.link"
	setfattr -n user.origin -v usr "$1/usr/bin" 2>/dev/null || :
}

mail_tree() {
	perl -e '
		my ($dir, $nr) = @ARGV;
		srand 1;
		my $noise = join "", map { chr int rand 256 } 1 .. 65536;
		for my $i (0 .. $nr - 1) {
			my $d = sprintf "%s/d%03d", $dir, $i % 500;
			mkdir $d if $i < 500;
			my $size = 1024 + int rand 7168;
			open my $f, ">", sprintf("%s/%07d.mail", $d, $i) or die "$!\n";
			print $f substr $noise, int(rand(65536 - $size)), $size;
			close $f or die "$!\n";
		}' "$1" "$2" || die "cannot make the small files"
}

# Small files and, one in fifty, a large one: 25 KB each on average.
own_tree() {
	perl -e '
		my ($root, $nr) = @ARGV;
		srand 2;
		my $noise = join "", map { chr int rand 256 } 1 .. 1048576;
		$noise .= $noise;
		my $dirs = int($nr / 25) || 1;
		for my $i (0 .. $dirs - 1) {
			mkdir sprintf "%s/%03d", $root, $i / 100;
			mkdir sprintf "%s/%03d/%02d", $root, $i / 100, $i % 100;
		}
		for my $i (0 .. $nr - $dirs - int(($dirs + 99) / 100) - 1) {
			my $size = $i % 50 ? int rand 12000 : 500000 + int rand 1000000;
			my $d = $i % $dirs;
			open my $f, ">", sprintf("%s/%03d/%02d/file-%06d", $root, $d / 100, $d % 100, $i)
				or die "$!\n";
			print $f substr $noise, int(rand 1000000), $size;
			close $f or die "$!\n";
		}' "$1" "$2" || die "cannot make the tree of own-fs"
}

# names: empty files of one directory; links: empty files with two names each
linear_tree() {	# KIND DIR ITEMS
	perl -e '
		my ($kind, $root, $nr) = @ARGV;
		for my $i (0 .. $nr - 1) {
			my $d = $kind eq "names" ? $root : sprintf "%s/%03d", $root, $i / 1000;
			mkdir $d if $kind ne "names" && $i % 1000 == 0;
			open my $f, ">", "$d/name-$i" or die "$!\n";
			close $f;
			$kind eq "names" || link "$d/name-$i", "$d/other-$i" or die "$!\n";
		}' "$1" "$2" "$3" || die "cannot make the tree of linear"
}

# ---- measuring

# timed SET WORK TOOL COMMAND...: one run, its seconds into the table
timed() {
	local set=$1 work=$2 tool=$3 from to
	shift 3
	from=$(date +%s.%N)
	"$@" >"$own/output" 2>&1 || { tail -n 3 "$own/output" >&2; die "$tool failed ($work, $set)"; }
	to=$(date +%s.%N)
	echo "$set $work $tool $from $to" | awk '{ printf "%s %s %s %.3f\n", $1, $2, $3, $5 - $4 }' >>"$times"
}

cold() { sync; echo 3 >/proc/sys/vm/drop_caches; }
warm() { find "$1" -type f -print0 | xargs -0 -n 500 cat >/dev/null; }

empty() { rm -rf "$dst/copy" "$own/sums"; mkdir "$dst/copy"; sync -f "$dst"; }

copy_cp() { cp -a "$1/." "$dst/copy/" && sync -f "$dst"; }
copy_rsync() { rsync -aHAXS --numeric-ids "$1/" "$dst/copy/" && sync -f "$dst"; }
copy_tar() {
	tar -C "$1" --xattrs --xattrs-include='*' --acls --numeric-owner -cf - . |
		tar -C "$dst/copy" --xattrs --xattrs-include='*' --acls --numeric-owner -xpf - &&
		sync -f "$dst"
}
copy_pax() { (cd "$1" && pax -rw -pe . "$dst/copy") && sync -f "$dst"; }
copy_vs2vz() { "$TREETOOL" -s "$own/sums" copy "$1" "$dst/copy"; }

find_lsattr() { find "$1" -printf '%i %m %U %G %s %T@ %n %p\n' && lsattr -aR "$1"; }

surveys() {	# SET DIR SUFFIX
	local before=:
	[ -z "$3" ] || before=cold
	$before; timed "$1" "survey$3" vs2vz "$TREETOOL" survey "$2"
	$before; timed "$1" "survey$3" vs2vz-xattrs "$TREETOOL" -x survey "$2"
	$before; timed "$1" "survey$3" find-printf find "$2" -printf '%i %m %U %G %s %T@ %n %p\n'
	$before; timed "$1" "survey$3" du-s du -s "$2"
	$before; timed "$1" "survey$3" find+lsattr find_lsattr "$2"
}

copies() {	# SET DIR SUFFIX
	local tool tools="vs2vz cp tar" before="warm $2"
	has rsync && tools="$tools rsync"
	has pax && tools="$tools pax"
	[ -z "$3" ] || { before=cold; tools="vs2vz cp"; }
	for tool in $tools; do
		empty
		$before
		timed "$1" "copy$3" "$tool" "copy_$tool" "$2"
		[ "$tool" != vs2vz ] || verifies "$1" "$2" "$3"
		[ "$tool" = vs2vz ] || removes "$1" "$tool"
	done
}

# The copy of treetool is there, with its records. It reads the target back from the disk;
# diff(1) cannot compare device nodes: they are left out.
diff_trees() { diff -r --no-dereference -x dev "$1" "$2"; }

# diff takes what is in memory, except in the cold rounds.
verifies() {
	if [ -n "$3" ]; then	# both read from the disk
		cold; timed "$1" "verify$3" vs2vz "$TREETOOL" -s "$own/sums" verify "$2" "$dst/copy"
		cold; timed "$1" "verify$3" diff-r diff_trees "$2" "$dst/copy"
		return
	fi
	timed "$1" verify vs2vz "$TREETOOL" -s "$own/sums" verify "$2" "$dst/copy"
	timed "$1" verify vs2vz-metadata "$TREETOOL" verify "$2" "$dst/copy"
	timed "$1" verify diff-r diff_trees "$2" "$dst/copy"
	timed "$1" remove vs2vz "$TREETOOL" remove "$dst/copy"
}

removes() {
	[ "$2" = cp ] || return
	mkdir -p "$dst/copy"
	timed "$1" remove rm-rf rm -rf "$dst/copy"
}

# Owners with tag 300 by ID24, as VServer writes them for root; and root's again.
tag_all() { chown -hR 16777216:738197504 "$1" && sync -f "$1"; }
strip_vs2vz() { "$TREETOOL" -T 300 -f "$own/record" strip "$1"; }
strip_chown() { chown -hR 0:0 "$1" && sync -f "$1"; }

# With a record of all that was there, on the disk before the first change; chown keeps none.
strips() {	# SET DIR
	local tool
	for tool in vs2vz chown; do
		tag_all "$2"
		rm -rf "$own/record"
		mkdir "$own/record"
		timed "$1" strip-tags "$tool" "strip_$tool" "$2"
	done
}

round() {	# SET DIR
	# Whoever comes first shall not pay for a cold cache.
	lsattr -aR "$2" >/dev/null 2>&1
	tar -C "$2" -cf - . 2>/dev/null | cat >/dev/null
	surveys "$1" "$2" ""
	copies "$1" "$2" ""
	[ -n "$BENCH_COLD" ] || return 0
	surveys "$1" "$2" -cold
	copies "$1" "$2" -cold
}

# ---- a file system of its own

# Each begins without the file, makes it, and ends when all of it is on the disk. vs2vz
# takes all space of the file at once, as it does for a container; the others leave holes.
image_vs2vz() { "$TREETOOL" -s "$own/sums" -i "$3" -n "$(($2 << 20))" image "$1" "$target"; }
image_mkfs_cp() {
	truncate -s "$2M" "$target" && mkfs.ext4 -q -F -N "$3" "$target" &&
		mount -o loop "$target" "$point" && cp -a "$1/." "$point/" && umount "$point" &&
		sync "$target"
}
image_mke2fs_d() {
	truncate -s "$2M" "$target" && mke2fs -q -F -t ext4 -N "$3" -d "$1" "$target" && sync "$target"
}

without_target() { rm -f "$target" "$own/sums"; sync -f "$own"; }

images() {	# SET DIR SUFFIX
	local tool before="warm $2"
	[ -z "$3" ] || before=cold
	for tool in vs2vz mkfs_cp mke2fs_d; do
		without_target
		$before
		timed "$1" "image$3" "$(echo "$tool" | sed 's/mkfs_cp/mkfs+mount+cp/; s/_/-/')" \
			"image_$tool" "$2" "$own_mib" "$((BENCH_INODES * 2))"
	done
	without_target
}

# One run; "KIND ITEMS TOOL SECONDS PEAK" into the table of its own.
linear_run() {	# KIND ITEMS TOOL
	without_target
	find "$src/linear/$1-$2" -printf '%s' >/dev/null
	timed linear "$1-$2" "$3" "image_$3" "$src/linear/$1-$2" 1024 400000
	echo "$1 $2 $3 $(tail -n 1 "$times" | cut -d' ' -f4)" \
		"$(sed -n 's/^peak=\([0-9]*\) KiB/\1/p' "$own/output")" >>"$own/linear"
	sed -i '$d' "$times"
}

linear() {
	local kind nr
	for kind in names links; do
		for nr in $BENCH_LINEAR; do
			linear_run "$kind" "$nr" vs2vz
			[ "$nr" -gt "$BENCH_BEARABLE" ] || linear_run "$kind" "$nr" mke2fs_d
		done
	done
	without_target
}

# Rows: kind, items, tool, median seconds, microseconds for each item, largest peak (MiB).
linear_rows() {
	sort -k1,1 -k3,3r -k2,2n -k4,4n "$own/linear" | awk '
		function done() {
			if (!n) return
			m = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
			printf "%s %.2f %.1f %s\n", key, m, m * 1e6 / items,
				peak ? sprintf("%.1f", peak / 1024) : "-"
			n = peak = 0
		}
		{ k = $1 " " $2 " " $3; if (k != key) { done(); key = k; items = $2 } v[++n] = $4 }
		$5 > peak { peak = $5 }
		END { done() }'
}

linear_table() {
	printf '%-7s %8s %-10s %8s %9s %9s\n' linear items tool median us/item peak-MiB
	linear_rows | while read -r kind nr tool median each peak; do
		printf '%-7s %8s %-10s %8s %9s %9s\n' "$kind" "$nr" "${tool/_/-}" "$median" "$each" "$peak"
	done
}

linear_report() {
	cat <<-END

	## Linearity

	A file system made and filled from *names*: so many empty files in one directory, and from
	*links*: so many empty files of two names each, a thousand files in each directory. The time
	for each of them must not grow with their number. Peak is the largest resident memory.

	| data | items | tool | median | microseconds each | peak MiB |
	|---|---|---|---|---|---|
	END
	linear_rows | while read -r kind nr tool median each peak; do
		echo "| $kind | $nr | ${tool/_/ -} | $median | $each | $peak |"
	done
}

# ---- rename path: the program itself on a host with many small guests

guests() {
	local r=$own/host i
	[ "$BENCH_GUESTS" -gt 0 ] && [ -x "$VS2VZ" ] || return 0
	say "making $BENCH_GUESTS guests"
	r=$src/host
	. "$top/tests/lib/host.sh"
	mkhost "$r"
	add_guest "$r" g1001 1001 g1001.example.org 10.0.0.1
	for ((i = 2; i <= BENCH_GUESTS; i++)); do
		clone_guest "$r" g1001 "g$((1000 + i))" "$((1000 + i))" \
			"10.$((i / 62500)).$((i / 250 % 250)).$((i % 250 + 1))"
	done
	sync -f "$src"
	timed "guests" survey vs2vz-scan "$VS2VZ" --root "$r" -q scan
	timed "guests" rename vs2vz-convert "$VS2VZ" --root "$r" -q convert --all --yes
	timed "guests" rename vs2vz-undo "$VS2VZ" --root "$r" -q undo --all
}

# A guest like another: the shape of the v345 sample, other names and numbers.
clone_guest() {
	local r=$1 from=$2 to=$3 id=$4 ip=$5 g=$1/etc/vservers/$3
	cp -a "$r/etc/vservers/$from" "$g" && cp -a "$r/vservers/$from" "$r/vservers/$to" || exit 1
	echo "$to" >"$g/name"
	echo "$id" >"$g/context"
	echo "$to.example.org" >"$g/uts/nodename"
	echo "$ip" >"$g/interfaces/0/ip"
	ln -sfn "/etc/vservers/.defaults/vdirbase/$to" "$g/vdir"
	ln -sfn "/etc/vservers/.defaults/cachebase/$to" "$g/cache"
	ln -sfn "/var/run/vservers/$to" "$g/run"
}

# ---- report

machine() {
	echo "$(nproc) CPUs ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1))," \
		"$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo) memory," \
		"Linux $(uname -r | cut -d- -f1), ext4 on loop devices, coreutils $(cp --version | sed -n '1s/.* //p')"
}

# Rows: set, work, tool, median, minimum, maximum, ratio of our row to this one.
rows() {
	sort -k1,1 -k2,2 -k3,3 -k4,4n "$times" | awk '
		function done(  m) {
			if (!n) return
			m = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
			order[++rows] = key; median[key] = m; low[key] = v[1]; high[key] = v[n]; n = 0
		}
		{ k = $1 " " $2 " " $3; if (k != key) { done(); key = k } v[++n] = $4 }
		END {
			done()
			for (i = 1; i <= rows; i++) {
				split(order[i], p, " ")
				ours = p[1] " " p[2] " vs2vz"
				ratio = "-"
				if (ours in median && p[3] !~ /^vs2vz/)
					ratio = sprintf("%.2f", median[ours] / median[order[i]])
				printf "%s %s %s %.2f %.2f %.2f %s\n", p[1], p[2], p[3],
					median[order[i]], low[order[i]], high[order[i]], ratio
			}
		}'
}

table() {
	printf '%-7s %-12s %-15s %8s %17s %9s\n' set work tool median min-max vs2vz/it
	rows | while read -r set work tool median low high ratio; do
		printf '%-7s %-12s %-15s %8s %8s-%-8s %9s\n' "$set" "$work" "$tool" "$median" "$low" "$high" "$ratio"
	done
}

report() {
	cat <<-END
	# Benchmarks

	Made by \`make bench\`. $(machine).

	$(cat "$own/sets")

	Seconds; median, smallest and largest of $BENCH_ROUNDS interleaved rounds; copies include the
	final sync of the target and, for vs2vz, a hash of everything that was read. The last column
	is the time of vs2vz divided by the time of the tool in that row: below 1 is faster. When
	verifying, vs2vz reads the target back from the disk; diff -r takes what is in memory.

	The work *image*: a new ext4 in an image file, filled with the tree. vs2vz makes and fills it
	without mounting it; mkfs+mount+cp is mkfs.ext4, a loop mount, cp -a and umount; mke2fs-d is
	mke2fs -d. Each begins without the file and ends when all of it is on the disk. The time of
	vs2vz includes taking all space of the file and a hash of everything that was read, not the
	e2fsck and the comparison that follow in a conversion.

	| data | work | tool | median | min-max | vs2vz / tool |
	|---|---|---|---|---|---|
	END
	rows | while read -r set work tool median low high ratio; do
		echo "| $set | $work | $tool | $median | $low-$high | $ratio |"
	done
}

# ---- run

unpack() {
	mkdir -p "$2"
	tar -C "$2" --xattrs --xattrs-include='*' --acls --numeric-owner -xpf "$1" ||
		die "cannot unpack $1"
}

guest_tree() {
	local debian n
	if [ -n "$VS2VZ_TEST_GUEST" ]; then
		unpack "$VS2VZ_TEST_GUEST" "$1"
	elif debian=$("$top/tests/lib/debian-guest.sh" 2>/dev/null); then
		for n in 1 2 3 4; do
			unpack "$debian" "$1/$n"
		done
	else
		usr_tree "$1"
	fi
}

describe() {
	echo "*$1*: $(find "$src/$1" | wc -l) names, $(du -sm "$src/$1" | cut -f1) MiB." |
		tee -a "$own/sets" >&2
}

image src 8G
image dst 6G
mkdir "$point"
say "making data in $own"
if wanted trees; then
	mkdir "$src/guest" "$src/mail"
	guest_tree "$src/guest"
	mail_tree "$src/mail" "$BENCH_FILES"
	describe guest
	describe mail
fi
if wanted image; then
	mkdir "$src/own-fs"
	own_tree "$src/own-fs" "$BENCH_INODES"
	own_mib=$(($(du -sm "$src/own-fs" | cut -f1) * 3 / 2 + 256))
	describe own-fs
fi
if wanted linear; then
	mkdir "$src/linear"
	for kind in names links; do
		for nr in $BENCH_LINEAR; do
			mkdir "$src/linear/$kind-$nr"
			linear_tree "$kind" "$src/linear/$kind-$nr" "$nr"
		done
	done
fi
sync -f "$src"
for ((i = 1; i <= BENCH_ROUNDS; i++)); do
	say "round $i of $BENCH_ROUNDS"
	if wanted trees; then
		round guest "$src/guest"
		round mail "$src/mail"
		strips mail "$src/mail"
	fi
	if wanted image; then
		images own-fs "$src/own-fs" ""
		[ -z "$BENCH_COLD" ] || images own-fs "$src/own-fs" -cold
	fi
	! wanted linear || linear
done
! wanted guests || guests
table
[ ! -s "$own/linear" ] || linear_table
if [ -n "$BENCH_OUT" ]; then
	{ report; [ ! -s "$own/linear" ] || linear_report; } >"$BENCH_OUT" || die "cannot write $BENCH_OUT"
	say "written: $BENCH_OUT"
fi
