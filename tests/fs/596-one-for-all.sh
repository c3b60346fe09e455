#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One guest never stops another, and never speaks for it: configurations whose tree is not
# their own, names that are too long, or patterns, or numbers; and images of containers in
# places that are not for them.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop

diag "trees that are not their own"
R=$scratch/trees
mkhost "$R"
add_guest "$R" web 1042 web.example.org 192.0.2.1
add_guest "$R" mail 1043 mail.example.org 192.0.2.2
cp -a "$R/etc/vservers/web" "$R/etc/vservers/copy-of-web"
mkdir -p "$R/usr/share/doc" "$R/home/user"
for d in / /usr /home /vservers /vz /var/lib; do
	name=a$(echo "$d" | tr / -)
	mkdir "$R/etc/vservers/$name"
	ln -s "$d" "$R/etc/vservers/$name/vdir"
	put_line "$R/etc/vservers/$name/context" 1042
done
long=$(printf 'long%.0s' {1..63})
add_guest "$R" "$long" 1060 long.example.org 192.0.2.7
add_guest "$R" choosy 1061 choosy.example.org 192.0.2.8
put "$R/etc/vs2vz.d/choosy.conf" <<<'guest "choosy" { sample = "nosuch" }'
age "$R"
host_tree "$scratch/before" "$R"
tree "$scratch/web" "$R/vservers/web"
tree "$scratch/mail" "$R/vservers/mail"
run_status 4 "those that can be are converted" vs convert --all --yes
same_tree "$scratch/web" 1042 "the guest, not its copy, has its number"
same_tree "$scratch/mail" 1043 "the other one too"
is "$(find "$R/vz/private" -mindepth 1 -maxdepth 1 | wc -l)" 2 "nothing else has moved"
run_status 2 "a sample that is missing is said of its guest" vs plan choosy
said "by a finding" 'VS221.*nosuch|nosuch.*'
run_status 2 "the long name" vs convert "$long" --yes
said "by a finding" VS222
run_status 2 "the copy, when all is converted" vs convert copy-of-web --yes
run_check "undo" vs undo --all
unchanged "everything is as it was"

diag "trees in trees"
R=$scratch/nested
mkdir "$R"
mount_new ext4 64M "$R"
mkhost "$R"
add_guest "$R" web 1042 web.example.org 192.0.2.1
add_guest "$R" mail 1043 mail.example.org 192.0.2.2
# Somebody's configuration names a directory in the tree of web, with its number and address.
mkdir -p "$R/vservers/web/srv/data"
echo "web's own" >"$R/vservers/web/srv/data/file"
mkdir "$R/etc/vservers/nosy"
ln -s /vservers/web/srv/data "$R/etc/vservers/nosy/vdir"
put_line "$R/etc/vservers/nosy/context" 1042
put_line "$R/etc/vservers/nosy/interfaces/0/ip" 192.0.2.1
# And one that names the directory of two guests.
mkdir "$R/vservers/customers" "$R/etc/vservers/customers"
ln -s /vservers/customers "$R/etc/vservers/customers/vdir"
for i in 1 2; do
	add_guest "$R" "shop$i" "105$i" "shop$i.example.org" "192.0.2.1$i"
	mv "$R/vservers/shop$i" "$R/vservers/customers/shop$i"
	ln -sfn "/vservers/customers/shop$i" "$R/etc/vservers/shop$i/vdir"
done
age "$R"
host_tree "$scratch/before" "$R"
tree "$scratch/web" "$R/vservers/web"
tree "$scratch/shop1" "$R/vservers/customers/shop1"
run_check "plan of the outer one" vs plan web
said "what goes along is said" "VS156.*/vservers/web/srv/data: the tree of guest 'nosy' goes along"
run_status 2 "plan of the inner one" vs plan nosy
said "it is the one that is blocked" "VS114.*/vservers/web/srv/data: it is a part of the tree of guest 'web'"
run_status 2 "plan of the directory of guests" vs plan customers
said "it is blocked" "VS114.*/vservers/customers: it is no system, and holds the tree of guest 'shop1'"
run_check "nothing goes along with a guest that it names" vs plan shop1
said_not "not a word" "customers.*goes along|shop1: .*a part of"
run_status 4 "all others are converted" vs convert --all --yes
same_tree "$scratch/web" 1042 "the outer one whole, with its own number"
same_tree "$scratch/shop1" 1051 "a guest of the directory"
ok "the other as well" test -d "$R/vz/private/1052/etc" -a -d "$R/vz/private/1043/etc"
ok "no more than they" test "$(find "$R/vz/private" -mindepth 1 -maxdepth 1 | wc -l)" = 4
run_check "undo" vs undo --all
unchanged "everything is as it was"

diag "words that fit two"
R=$scratch/words
mkhost "$R"
add_guest "$R" 345 1000 n.example.org 192.0.2.1
add_guest "$R" v345 345 v.example.org 192.0.2.2
add_guest "$R" '*' 1001 star.example.org 192.0.2.3
host_tree "$scratch/before" "$R"
run_check "convert" vs convert --all --yes --ctid 345=1000 --ctid v345=345
host_tree "$scratch/converted" "$R"
for c in "undo 345" "commit 345 --yes" "undo 345 -n" "status 345" "verify 345" "resume 345" "insulate 345 --image /srv/x.img --yes"; do
	# shellcheck disable=SC2086
	run_status 64 "$c" vs $c
	said "$c: both spellings" 'guest/345 or ct/345'
done
host_tree "$scratch/now" "$R"
same_files "$scratch/converted" "$scratch/now" "none of these changed anything"
run vs status
said "the next command names one of them" 'verify guest/345'
run_check "the guest of that name" vs undo guest/345
ok "it is back" test -d "$R/vservers/345/etc"
ok "the other one is not" test -d "$R/vz/private/345/etc"
run_check "the container of that number" vs undo ct/345
ok "it is back" test -d "$R/vservers/v345/etc"
run_check "convert again" vs convert --all --yes --ctid 345=1000 --ctid v345=345
run_check "a guest whose name is a pattern" vs undo '*'
ok "it is back" test -d "$R/vservers/*/etc"
ok "the others are not" test -d "$R/vz/private/345/etc" -a -d "$R/vz/private/1000/etc"
run_check "undo" vs undo --all
unchanged "everything is as it was"

diag "places for images"
R=$scratch/places
mkhost "$R"
add_guest "$R" web 1042 web.example.org 192.0.2.1
add_guest "$R" mail 1043 mail.example.org 192.0.2.2
mkdir "$R/ram" "$R/srv"
mount -t tmpfs -o size=200M none "$R/ram"
host_tree "$scratch/before" "$R"
run_status 2 "a file system in memory" vs convert web --yes --insulate image:/ram:40M
said "is named" "VS632.*/ram' is a file system of type tmpfs|'/ram' is a file system of type tmpfs"
unchanged "nothing was changed"
run_status 2 "the guest's own tree" vs convert web --yes --insulate image:/vservers/web/srv:40M
said "is named" VS633
unchanged "nothing was changed"
run_check "who knows better" vs convert web --yes --insulate image:/ram:40M --override VS632
ok "it is there" test -f "$R/ram/1042.img"
run_check "undo" vs undo web
unchanged "undone"
run_check "two containers" vs convert --all --yes
run_check "for good" vs commit --all --yes
for d in /vz/private/1042/srv /vz/private/1043 /vz/root/1042 /etc/vz/conf /etc/vservers; do
	run_status 2 "insulate: $d" vs insulate 1042 --yes --image "$d/one.img:40M"
	said "is named" 'VS633'
done
run_status 2 "insulate: memory" vs insulate 1042 --yes --image /ram/one.img:40M
said "is named" VS632
run_check "insulate: a place of its own" vs insulate 1042 --yes --image /srv/one.img:40M
run_status 4 "one is not committed yet, the other can be" vs insulate 1042 1043 -n --image "/srv/ct/:40M"
run_check "undo" vs undo ct/1042
umount "$R/ram"
done_testing
