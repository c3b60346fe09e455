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
#		commit	what the look before a deletion costs: commit of a copied guest of
#			BENCH_FILES small files
#		guests	the program itself on hosts of many small guests: time and memory
#	BENCH_DIR=DIR           where the images are made (default: a new folder in /var/tmp)
#	BENCH_ROUNDS=3          rounds of each tool
#	BENCH_FILES=200000      small files of 1 to 8 KB
#	BENCH_BYTES=1500        MiB of /usr where neither a guest is given nor one can be made
#	BENCH_INODES=100000     inodes of the set own-fs, 25 KB each
#	BENCH_LINEAR='25000 50000 100000 200000'	items of the part linear
#	BENCH_BEARABLE=25000    up to so many of them mke2fs -d is run as well
#	BENCH_GUESTS='200 1000 5000'	guests of the hosts
#	BENCH_COLD=1            also with dropped caches (drops those of the whole machine)
#	BENCH_OUT=FILE          write the report as markdown; docs/benchmarks.md is made by
#				BENCH_COLD=1 BENCH_OUT=docs/benchmarks.md make bench
#	VS2VZ_TEST_GUEST=TAR    a guest tree to use (default: the Debian guest of the tests,
#				four copies of it, so that there is something to measure)
set -u
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
: "${VS2VZ:=$top/build/vs2vz}"
: "${TREETOOL:=$(dirname "$(readlink -f "$VS2VZ")")/tests/treetool}"
: "${PEAK:=$(dirname "$(readlink -f "$VS2VZ")")/tests/peak}"
: "${BENCH_ROUNDS:=3}" "${BENCH_FILES:=200000}" "${BENCH_BYTES:=1500}" "${BENCH_GUESTS:=200 1000 5000}"
: "${BENCH_INODES:=100000}" "${BENCH_LINEAR:=25000 50000 100000 200000}" "${BENCH_BEARABLE:=25000}"
: "${BENCH_ONLY:=trees image linear commit guests}"
: "${BENCH_COLD:=}" "${BENCH_OUT:=}" "${VS2VZ_TEST_GUEST:=}"

die() { echo "bench: $*" >&2; exit 1; }
say() { echo "bench: $*" >&2; }
has() { command -v "$1" >/dev/null; }
wanted() { [[ " $BENCH_ONLY " == *" $1 "* ]]; }

for part in $BENCH_ONLY; do
	[[ " trees image linear commit guests " == *" $part "* ]] || die "BENCH_ONLY: there is no part '$part'"
done

[ "$(id -u)" = 0 ] || die "needs root: mounts, owners"
[ -x "$TREETOOL" ] && [ -x "$PEAK" ] || die "$TREETOOL or $PEAK is not built (make programs)"
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

# timed SET WORK TOOL COMMAND...: one run, its seconds into the table, with the number of
# $items (what the time is divided by; "-": nothing) and the KiB that it left in $own/peak.
items=-
timed() {
	local set=$1 work=$2 tool=$3 from to
	shift 3
	rm -f "$own/peak"
	from=$(date +%s.%N)
	"$@" >"$own/output" 2>&1 || { tail -n 3 "$own/output" >&2; die "$tool failed ($work, $set)"; }
	to=$(date +%s.%N)
	echo "$set $items $work $tool $from $to $(cat "$own/peak" 2>/dev/null || echo -)" |
		awk '{ printf "%s %s %s %s %.3f %s\n", $1, $2, $3, $4, $6 - $5, $7 }' >>"$times"
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
	$before; timed "$1" "survey$3" vs2vz-xattrs "$TREETOOL" -xl survey "$2"
	mkdir -p "$own/records"
	$before; timed "$1" "survey$3" vs2vz-recorded "$TREETOOL" -xl -f "$own/records" survey "$2"
	$before; timed "$1" "look$3" vs2vz "$TREETOOL" -f "$own/records" look "$2"
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

linear_run() {	# KIND ITEMS TOOL
	without_target
	find "$src/linear/$1-$2" -printf '%s' >/dev/null
	items=$2
	timed "$1" image "${3/_/-}" linear_image "$3" "$src/linear/$1-$2"
	items=-
}
linear_image() {	# TOOL DIR
	"image_$1" "$2" 1024 400000 >"$own/image-log" 2>&1 || { cat "$own/image-log"; return 1; }
	sed -n 's/^peak=\([0-9]*\) KiB/\1/p' "$own/image-log" >"$own/peak"
	[ -s "$own/peak" ] || rm "$own/peak"
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

# ---- commit

# Its dry run asks all that it asks before it deletes. Private areas are on the second disk.
commits() {
	local r=$src/host-commit before=:
	. "$top/tests/lib/host.sh"
	for suffix in "" ${BENCH_COLD:+-cold}; do
		rm -rf "$r" "$dst/private"
		mkhost "$r"
		mkdir "$dst/private"
		mount --bind "$dst/private" "$r/vz/private" || die "cannot bind the private areas"
		add_guest "$r" mail 1001 mail.example.org 10.0.4.2
		mkdir -p "$r/vservers/mail/srv"
		mail_tree "$r/vservers/mail/srv" "$BENCH_FILES"
		"$VS2VZ" --root "$r" -q convert mail --yes --method copy >/dev/null ||
			die "cannot convert"
		sync
		[ -z "$suffix" ] || before=cold
		$before
		timed commit "commit$suffix" vs2vz-look "$VS2VZ" --root "$r" -q commit mail -n
		$before
		timed commit "commit$suffix" vs2vz "$VS2VZ" --root "$r" -q commit mail --yes
		umount "$r/vz/private"
	done
	rm -rf "$r" "$dst/private"
}

# By how much the look makes a commit longer, of all rounds together. Where caches were
# dropped it reads what the deletion reads after it, so that no difference would tell.
look_costs() {
	awk '$1 == "commit" && $3 == "commit" { sum[$4] += $5 }
	END { if (sum["vs2vz"] > sum["vs2vz-look"])
		printf "the look before it makes a commit %.2f times as long", sum["vs2vz"] / (sum["vs2vz"] - sum["vs2vz-look"]) }' "$times"
}

# ---- the program itself on hosts with many small guests

# small WORK COMMAND...: one command of the program on the host $r
small() {
	local work=$1
	shift
	timed guests "$work" vs2vz "$PEAK" "$own/peak" "$VS2VZ" --root "$r" -q "$@"
}

# Guests of 30 objects, all recipes; undo leaves the host as it was for the next round.
guests() {
	local r nr i
	. "$top/tests/lib/host.sh"
	for nr in $BENCH_GUESTS; do
		say "making $nr guests"
		r=$src/host-$nr
		mkhost "$r"
		rm -f "$r/etc/vs2vz.d/tests.conf"
		add_guest "$r" g1001 1001 g1001.example.org 10.0.4.2
		"$top/tests/lib/many-guests" "$r" g1001 1002 "$((1000 + nr))" ||
			die "cannot make the guests"
		sync -f "$src"
		items=$nr
		for ((i = 1; i <= BENCH_ROUNDS; i++)); do
			small scan scan
			small scan-json scan --json
			small check check
			small plan plan --all
			small plan-json plan --all --json
			small plan-file plan --all -o "$own/plan"
			small convert convert --all --yes
			small status status
			small undo undo --all
		done
		items=-
		rm -rf "$r"
	done
}

# ---- report

machine() {
	echo "$(nproc) CPUs ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1))," \
		"$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo) memory," \
		"Linux $(uname -r | cut -d- -f1), ext4 on loop devices, coreutils $(cp --version | sed -n '1s/.* //p')"
}

# Rows: set, items, work, tool, median, minimum, maximum, ratio of our row to this one,
# microseconds for each item, largest peak in MiB.
rows() {
	sort -k1,1 -k3,3 -k4,4 -k2,2n -k5,5n "$times" | awk '
		function done(  m) {
			if (!n) return
			m = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
			order[++rows] = key; median[key] = m; low[key] = v[1]; high[key] = v[n]
			most[key] = peak; n = peak = 0
		}
		{ k = $1 " " $2 " " $3 " " $4; if (k != key) { done(); key = k } v[++n] = $5 }
		$6 != "-" && $6 > peak { peak = $6 }
		END {
			done()
			for (i = 1; i <= rows; i++) {
				k = order[i]
				split(k, p, " ")
				ours = p[1] " " p[2] " " p[3] " vs2vz"
				printf "%s %.2f %.2f %.2f %s %s %s\n", k, median[k], low[k], high[k],
					ours in median && p[4] !~ /^vs2vz/ ? sprintf("%.2f", median[ours] / median[k]) : "-",
					p[2] == "-" ? "-" : sprintf("%.1f", median[k] * 1e6 / p[2]),
					most[k] ? sprintf("%.1f", most[k] / 1024) : "-"
			}
		}'
}

table() {
	local form='%-7s %7s %-12s %-15s %8s %17s %9s %9s %9s\n'
	# shellcheck disable=SC2059
	printf "$form" set items work tool median min-max vs2vz/it us/item peak-MiB
	rows | while read -r set items work tool median low high ratio each peak; do
		# shellcheck disable=SC2059
		printf "$form" "$set" "$items" "$work" "$tool" "$median" "$low-$high" "$ratio" "$each" "$peak"
	done
}

report() {
	cat <<-END
	# Benchmarks

	Made by \`make bench\` in one run: \`BENCH_COLD=1 BENCH_OUT=docs/benchmarks.md make bench\`.
	$(machine).

	$(cat "$own/sets")

	Seconds; median, smallest and largest of $BENCH_ROUNDS interleaved rounds; copies include the
	final sync of the target and, for vs2vz, a hash of everything that was read. *vs2vz / tool* is
	the time of vs2vz divided by the time of the tool in that row: below 1 is faster. *each* is
	the median for each item in microseconds, *peak* the largest resident memory in MiB. When
	verifying, vs2vz reads the target back from the disk; diff -r takes what is in memory, so that
	the rows with dropped caches (*-cold*) are the fair ones. *strip-tags* takes VServer's tags
	off all owners: vs2vz writes a record of what was there, to the disk before the first change,
	chown -hR keeps none.

	The work *image*: a new ext4 in an image file, filled with the tree. vs2vz makes and fills it
	without mounting it; mkfs+mount+cp is mkfs.ext4, a loop mount, cp -a and umount; mke2fs-d is
	mke2fs -d. Each begins without the file and ends when all of it is on the disk. The time of
	vs2vz includes taking all space of the file and a hash of everything that was read, not the
	e2fsck and the comparison that follow in a conversion. Of *names* it is made from so many
	empty files in one directory, of *links* from so many empty files of two names each, a
	thousand files in each directory: the time for each must not grow with their number.

	*commit*: commit of a guest of so many small files that was copied; *vs2vz-look* is its dry
	run, which asks what commit asks before it deletes: both trees are walked, 64 files or 64 MiB
	are read from the disk. It is to make a commit at most 1.3 times as long$(wanted commit &&
	echo ": here $(look_costs)").

	*guests*: the program itself on a host of so many small guests (30 objects each, all recipes);
	memory is to stay below 64 MiB and 32 KiB for each guest, and the time for each must not grow
	with their number. status is that of converted guests.

	| data | items | work | tool | median | min-max | vs2vz / tool | each | peak |
	|---|---|---|---|---|---|---|---|---|
	END
	rows | while read -r set items work tool median low high ratio each peak; do
		echo "| $set | $items | $work | $tool | $median | $low-$high | $ratio | $each | $peak |"
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
	! wanted commit || commits
done
! wanted commit || say "$(look_costs)"
! wanted guests || guests
table
if [ -n "$BENCH_OUT" ]; then
	report >"$BENCH_OUT" || die "cannot write $BENCH_OUT"
	say "written: $BENCH_OUT"
fi
