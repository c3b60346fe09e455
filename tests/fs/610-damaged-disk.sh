#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Objects of a real ext4 that the kernel refuses to look at (their inodes are wiped): a
# configuration, a part of one, the defaults of all, a tree, the directory of the trees, a
# journal. What is not seen is named and has a status; it is never called absent, and the
# guests beside it are converted as ever, once somebody says that the disk may be used
# although the kernel has found errors on it (VS424).
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
need_loop
need_tools mkfs.ext4 debugfs
have_fs ext4 || skip_unless_required "no ext4"
R=$scratch/h
disk=$scratch/disk

vs() { "$VS2VZ" --root "$R" "$@"; }

new_host() {
	wipe "$R"
	mkdir -p "$R"
	rm -f "$disk"
	truncate -s 96M "$disk"
	mkfs.ext4 -q -F "$disk" && mount -o loop "$disk" "$R" && chmod 755 "$R" || exit 1
	mkhost "$R"
	add_guest "$R" shop 2042 shop.example.org 192.0.2.42
	add_guest "$R" mail 2043 mail.example.org 192.0.2.43
	printf 'IPROOT="eth0:192.0.2.44/255.255.255.0"\nONBOOT=yes\nS_CONTEXT=2044\n' \
		>"$R/etc/vservers/old.conf"
	small_tree "$R/vservers/old"
}

# As a disk does that lost a block: the name is there, what it means is not.
lose() {
	umount "$R" || exit 1
	debugfs -w -R "clri $1" "$disk" >"$scratch/debugfs" 2>&1
	mount -o loop,errors=continue "$disk" "$R" || exit 1
}

refusal='Structure needs cleaning|Input/output error|Stale file handle|Bad message'

# one PATH GUEST: something of one guest
one() {
	local path=$1 guest=$2 other=mail
	[ "$guest" = mail ] && other=shop
	new_host
	lose "$path"
	run_status 2 "$path: check says that something is blocked" vs check
	said "$path: check names guest and reason" "$guest.*($refusal)|$guest: .*$path"
	said_not "$path: no tree is called ownerless" 'VS115'
	run_status 1 "$path: scan is not done" vs scan
	said "$path: scan lists the guest" "^ *$guest "
	said "$path: scan lists the others" "^ *$other "
	run_status 1 "$path: status is not done" vs status
	said "$path: status lists the guest" "^$guest "
	said_not "$path: nothing offers to convert it" "convert $guest"
	run_status 2 "$path: plan" vs plan --all
	run_status 4 "$path: convert does the others" vs convert --all --yes --override VS424
	run vs status
	said "$path: $other is converted" "^$other +[0-9]+ +converted"
	said_not "$path: $guest is not" "^$guest +[0-9-]+ +converted"
	run_check "$path: and undo" vs undo --all
}

# all PATH: something that all guests depend on; nothing is done
all() {
	new_host
	lose "$1"
	run_status "1|2" "$1: check" vs check
	said "$1: check gives the reason" "$refusal"
	said_not "$1: nobody says that there is no guest" 'no guests|VS108|VS115'
	run_status "1|2" "$1: convert does nothing" vs convert --all --yes
	said_not "$1: nothing was converted" '[0-9] converted'
	run_status 1 "$1: status" vs status
	said_not "$1: status does not say that there is no guest" 'no guests'
	run_status 1 "$1: scan" vs scan
}

one /etc/vservers/shop shop
one /etc/vservers/shop/interfaces/0/ip shop
one /etc/vservers/shop/interfaces shop
one /etc/vservers/mail/uts/nodename mail
one /etc/vservers/old.conf old
one /vservers/shop shop
one /vservers/shop/etc shop
all /etc/vservers
all /etc/vservers/.defaults
all /etc/vz/vz.conf

# The journal of one guest: it is not begun again, and the others go back.
new_host
run_check "convert" vs convert --all --yes
lose /var/lib/vs2vz/guests/mail/log
run_status 1 "a lost log: status is not done" vs status
said "the guest is listed" '^mail .*(unreadable|damaged)'
said_not "nothing leads to a second conversion" 'convert mail'
run_status '2|4' "a lost log: convert" vs convert --all --yes
run_status '1|3|4' "a lost log: undo takes the others back and says so" vs undo --all
said "the others are back" 'shop: done, undone'
said "the reason stands there" "$refusal"
done_testing
