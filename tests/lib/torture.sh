# SPDX-License-Identifier: GPL-2.0-or-later
#
# The hardest trees that a file system can hold: torture_tree DIR ($wide names in one
# directory), then set_times DIR, set_flags DIR. Needs setfacl, setfattr, chattr.

# Deeper than PATH_MAX: 60 levels of 120 bytes.
deep_path() {
	(
		cd "$1" || exit 1
		name=$(printf 'd%.0s' {1..120})
		for _ in $(seq 60); do
			mkdir "$name" && cd "$name" || exit 1
		done
		echo deep >file
		ln -s "$name" link
	)
}

torture_tree() {
	local t=$1 i
	small_tree "$t"
	odd_names "$t/root"
	mkdir "$t/deep" && deep_path "$t/deep"
	mkdir "$t/wide"
	perl -e 'for (1 .. $ARGV[1]) { open my $f, ">", "$ARGV[0]/entry-$_" or die }' "$t/wide" "$wide"
	# holes
	mkdir "$t/holes"
	truncate -s 5G "$t/holes/empty-5g"
	printf 'middle' | dd of="$t/holes/middle" bs=1 seek=4500000000 conv=notrunc status=none
	truncate -s 4600000000 "$t/holes/middle"
	head -c 70000 /dev/urandom >"$t/holes/random"
	: >"$t/holes/zero-length"
	# owners and modes
	mkdir "$t/owners"
	for i in 0 1 65534 65535 65536 16777216 2147483648 4294967294; do
		: >"$t/owners/$i"
		chown "$i:$i" "$t/owners/$i"
	done
	: >"$t/owners/suid"
	chown 1:1 "$t/owners/suid"
	chmod 6755 "$t/owners/suid"
	mkdir -m 3777 "$t/owners/sticky"
	: >"$t/owners/none"
	chmod 000 "$t/owners/none"
	ln -s /etc/passwd "$t/owners/link"
	chown -h 4242:4243 "$t/owners/link"
	# extended attributes
	mkdir "$t/xattrs"
	echo a >"$t/xattrs/acl"
	setfacl -m u:1234:rwx,g:5678:r "$t/xattrs/acl"
	setfacl -d -m u:1234:rwx "$t/xattrs"
	echo c >"$t/xattrs/cap"
	setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 "$t/xattrs/cap"
	setfattr -n user.binary -v 0x00ff0a0d00 "$t/xattrs/acl"
	setfattr -n trusted.overlay.opaque -v y "$t/xattrs"
	setfattr -n user.empty "$t/xattrs/cap"
	# links of every kind
	mkdir "$t/links"
	ln "$t/holes/random" "$t/links/across"
	ln -s target "$t/links/soft"
	ln "$t/links/soft" "$t/links/soft-again"
	mkfifo "$t/links/fifo"
	ln "$t/links/fifo" "$t/links/fifo-again"
	unix_socket "$t/links/sock"
	mknod "$t/links/block" b 240 262143
	mknod "$t/links/char" c 511 7
	ln "$t/links/char" "$t/links/char-again"
	ln -s "$(printf 'y%.0s' {1..1000})" "$t/links/long-target"
}

set_times() {
	mkdir "$1/times"
	touch -d '1950-01-01 00:00:00.123456789' "$1/times/before-epoch"
	touch -d '1969-12-31 23:59:59.999999999' "$1/times/just-before"
	touch -d '2030-02-03 04:05:06.000000001' "$1/times/future"
	ln -s nowhere "$1/times/link"
	setfattr -h -n trusted.of-a-link -v z "$1/times/link"
	touch -h -d '1999-09-09 09:09:09.090909090' "$1/times/link"
}

set_flags() {
	local f
	mkdir -p "$1/flags/append-dir"
	for f in a d A S; do
		echo "flag $f" >"$1/flags/$f"
		chattr "+$f" "$1/flags/$f"
	done
	chattr +a "$1/flags/append-dir"
}
