#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The end of a hash store: named when nobody needs it, removed only where asked.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
need_tools chattr lsattr
have_fs ext4 || skip_unless_required "no ext4"

# unify NAME FILE...: into the store, immutable, as vhashify leaves it
unify() {
	local t=$R/vservers/$1 f sum
	shift
	for f; do
		sum=$(sha1sum <"$t/$f" | cut -c1-40)
		mkdir -p "$store/${sum:0:2}/${sum:2:2}"
		f2=$store/${sum:0:2}/${sum:2:2}/${sum:4}-00000000
		[ -e "$f2" ] && chattr -i "$f2"
		if [ -e "$f2" ]; then ln -f "$f2" "$t/$f"; else ln "$t/$f" "$f2"; fi
		chattr +i "$f2"
	done
}

fill_tree() {
	local i
	small_tree "$1"
	for i in 1 2 3 4 5; do head -c $((i * 5000)) /dev/zero | tr '\0' "$i" >"$1/usr/bin/prog$i"; done
}

make_host() {
	mkhost "$R"
	mkdir -p "$store"
	chmod 700 "$store"
	ln -s /vservers/.hash "$R/etc/vservers/.defaults/apps/vunify/hash/00"
	local n
	for n in a b c; do
		add_guest "$R" u$n "50$(printf %d "'$n")" u$n.example.org "192.0.2.$(printf %d "'$n")" fill_tree
		[ $n = c ] || mkdir -p "$R/etc/vservers/u$n/apps/vunify"
	done
	for n in a b c; do unify u$n usr/bin/prog{1,2,3,4,5}; done
	chmod 000 "$R/vservers"
}

# life METHOD: up to the store that nobody needs
life() {
	local method=$1
	convert() { vs convert "$@" --yes --method "$method"; }
	is "$(find "$store" -type f | wc -l)" 5 "the store has one name of each file"
	run_check "convert two of three" convert ua ub
	run_check "commit one" vs commit ua --yes
	said_not "not a word: another may need the store" 'VS71[5-8]'
	is "$(find "$store" -type f | wc -l)" 5 "nor is it touched"
	run_status 4 "asked to remove it" vs commit ub --yes --remove-hash-store
	said "it stays for a guest of VServer's that shares its files" 'VS717'
	said "named" 'uc \(not committed, shares'
	run_status 2 "asked again, nothing else to do" vs commit --all --yes --remove-hash-store
	is "$(find "$store" -type f | wc -l)" 5 "it is whole"

	run_check "convert the last" convert uc
	run_mustfail "a converted one could still go back" vs commit ua ub --yes --remove-hash-store
	run_check "undo the last" vs undo uc
	run_check "convert it again" convert uc
	run_status 2 "the question wants an answer" vs commit --all --remove-hash-store
	is "$(find "$store" -type f | wc -l)" 5 "without it nothing goes"
	run_check "commit the last" vs commit uc --yes
	said "now the store is named" 'VS715'
	said "and how it goes" '5 files'
	said "with the command" 'remove-hash-store'
	is "$(find "$store" -type f | wc -l)" 5 "and left"
}

for m in rename copy; do
	R=$scratch/$m
	store=$R/vservers/.hash
	mount_new ext4 64M "$R"
	make_host
	life "$m"
done

# Not vhashify's: nothing goes at all.
echo mine >"$store/README"
run_status 2 "something else is in it" vs commit --all --yes --remove-hash-store
said "it is named" 'VS718'
said "by name" 'README'
is "$(find "$store" -type f | wc -l)" 6 "nothing went"
rm "$store/README"
ln -sfn /etc "$R/etc/vservers/.defaults/apps/vunify/hash/01"
tree "$scratch/etc" "$R/etc"
run_status 4\|2 "a link that leads to /etc" vs commit --all --yes --remove-hash-store
said "that is no store" 'VS718'
tree "$scratch/now" "$R/etc"
same_files "$scratch/etc" "$scratch/now" "/etc is whole"
rm "$R/etc/vservers/.defaults/apps/vunify/hash/01"
ok "the store itself went" test ! -e "$store"
for p in 1 3 5; do
	ok "a container's file is whole" cmp "$R"/vz/private/5097/usr/bin/prog$p "$R"/vz/private/5098/usr/bin/prog$p
done
is "$(stat -c %a "$R/vservers")" 0 "/vservers keeps its mode"
run_check "once more: nothing to do" vs commit --all --yes --remove-hash-store

# A mount point is emptied and stays; a mount inside is never crossed.
mkdir -p "$store"
mount_new ext4 16M "$store"
chmod 700 "$store"
mkdir -p "$store/ab/cd"
echo content >"$store/ab/cd/0123456789abcdef0123456789abcdef0123-00000000"
chattr +i "$store/ab/cd/0123456789abcdef0123456789abcdef0123-00000000"
mkdir "$store/ee"
mount -t tmpfs none "$store/ee"
echo other >"$store/ee/file"
run_status 2 "a mount in the store" vs commit --all --yes --remove-hash-store
said "is named" 'mounted in it'
ok "what is mounted is whole" test -f "$store/ee/file"
umount "$store/ee"
run_check "a store on its own file system" vs commit --all --yes --remove-hash-store
ok "is empty" test -z "$(ls -A "$store")"
ok "and a mount point still" mountpoint -q "$store"
umount "$store"

# Interrupted: the same command goes on.
mkdir -p "$store"
for i in $(seq 0 15); do
	d=$store/$(printf '%02x/%02x' "$i" "$i")
	mkdir -p "$d"
	for k in $(seq 1 40); do echo $k >"$d/$(printf '%036x' $k)-00000000"; done
done
find "$store" -type f -exec chattr +i {} +
timeout -s INT 0.02 "$VS2VZ" --root "$R" commit --all --yes --remove-hash-store >/dev/null 2>&1
run_check "again, to the end" vs commit --all --yes --remove-hash-store
ok "gone" test ! -e "$store"
done_testing
