#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Package state that VServer kept outside the tree comes in, and goes back out.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/packages.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
R=$scratch/r
mount_new ext4 96M "$R" || skip_unless_required "no ext4"

# A tree with rpm: everything that the container has beside it is the guest's.
mkhost "$R"
add_guest "$R" pk 501 pk.example.org 192.0.2.51 rpm_tree
add_external "$R" pk
age "$R/vservers"
chmod 000 "$R/vservers"
p=$R/vz/private/501

check_inside() {
	ok "$1: the database is a directory" test -d "$p/var/lib/rpm" -a ! -L "$p/var/lib/rpm"
	ok "$1: all of it, holes and owners too" diff -r "$R/vservers/.pkg/pk/rpm/state" "$p/var/lib/rpm"
	is "$(stat -c '%a %u:%g %Y' "$p/var/lib/rpm/Packages")" \
		"$(stat -c '%a %u:%g %Y' "$R/vservers/.pkg/pk/rpm/state/Packages")" "$1: mode, owner, time"
	is "$(cat "$p/etc/rpm/macros")" "%_netsharedpath /dev:/proc" "$1: one line less in the guest's macros"
	is "$(cat "$p/etc/rpm/platform")" "i386-redhat-linux" "$1: a file of the host's"
	is "$(cat "$p/etc/rpm/macros.host")" "%_install_langs en" "$1: macros of the host's, without the place"
	ok "$1: yum.conf of its own stays" grep -q own "$p/etc/yum.conf"
	ok "$1: repositories come" cmp "$p/etc/yum.repos.d/base.repo" "$R/vservers/.pkg/pk/yum/etc/yum.repos.d/base.repo"
	ok "$1: an empty cache gives way" cmp "$p/var/cache/yum/base/repomd.xml" "$R/vservers/.pkg/pk/yum/cache/base/repomd.xml"
	ok "$1: /.rpmdb is gone" test ! -e "$p/.rpmdb"
	ok "$1: no apt where there is none" test ! -e "$p/etc/apt" -a ! -e "$p/var/lib/apt"
}

host_tree "$scratch/before" "$R"
run_check "nothing blocks it" vs check pk
said "what comes in" 'VS310'
said "what to do then" 'rebuilddb'
said "what stays" 'etc/yum.conf: it differs'
run vs plan pk
said "the plan names the step" 'bring +/vservers/.pkg/pk/rpm/state -> /vz/private/501/var/lib/rpm'
unchanged "reading commands write nothing"

for method in rename copy; do
	run_check "$method: convert" vs convert pk --yes --method "$method"
	check_inside "$method"
	run_check "$method: verify" vs verify pk
	host_tree "$scratch/converted" "$R"
	run_check "$method: a second convert" vs convert pk --yes --method "$method"
	host_tree "$scratch/now" "$R"
	same_files "$scratch/converted" "$scratch/now" "$method: it changes nothing"
	run_check "$method: undo" vs undo pk
	unchanged "$method: undo brought everything back"
done

# The container installed a package: its database is not thrown away.
run_check "convert" vs convert pk --yes --method rename
echo installed >>"$p/var/lib/rpm/Packages"
tree "$scratch/db" "$p/var/lib/rpm"
run_check "undo goes on" vs undo pk
said "and says where the database is" 'rpm\.vs2vz-[0-9a-f]*-kept'
t=$R/vservers/pk
is "$(readlink "$t/var/lib/rpm")" /.rpmdb "the link is back"
kept=$(echo "$t"/var/lib/.rpm.vs2vz-*-kept)
tree "$scratch/now" "$kept"
same_files "$scratch/db" "$scratch/now" "the container's database is whole"
rm -r "$kept"
touch -d '2008-04-28 10:46:13.123456789' "$t/var/lib"
unchanged "the rest is as it was"

run_check "convert by copy" vs convert pk --yes --method copy
echo installed >>"$p/var/lib/rpm/Packages"
tree "$scratch/converted" "$p"
run_mustfail "a changed copy: undo wants a decision" vs undo pk
tree "$scratch/now" "$p"
same_files "$scratch/converted" "$scratch/now" "and has changed nothing"
run_check "discard" vs undo pk --discard-changes
unchanged "everything is back"

run_check "convert" vs convert pk --yes
run_check "commit" vs commit pk --yes
ok "the state on the host stays" test -f "$R/vservers/.pkg/pk/rpm/state/Packages"
ok "what was hidden is gone" test -z "$(find "$p" -name '*.vs2vz-*')"
check_inside "committed"

# hostile NAME COMMAND: the tree is prepared, the guest is blocked, nothing happens
hostile() {
	local name=$1
	add_guest "$R" "$name" "$2" "$name.example.org" "192.0.2.$(($2 - 500 + 60))" rpm_tree
	add_external "$R" "$name"
	( cd "$R/vservers/$name" && eval "$3" )
	tree "$scratch/all" "$R" -x var/log/vs2vz -x var/lib/vs2vz/manifests
	run_status 2 "$3" timeout 20 "$VS2VZ" --root "$R" check "$name"
	said "$name: it is named" 'VS361'
	run_mustfail "$name: not converted" timeout 20 "$VS2VZ" --root "$R" convert "$name" --yes
	tree "$scratch/now" "$R" -x var/log/vs2vz -x var/lib/vs2vz/manifests
	same_files "$scratch/all" "$scratch/now" "$name: nothing was touched"
	run vs plan "$name" --override VS361
	said_not "$name: no step at what is in the way" "bring .*rpm/state"
}
mkdir -p "$scratch/outside/lib/rpm"
hostile h1 511 "rm -rf var && ln -s $scratch/outside var"
hostile h2 512 "rm -rf var/lib && ln -s ../../../etc var/lib"
hostile h3 513 "rm var/lib/rpm && ln -s /etc var/lib/rpm"
hostile h4 514 "rm var/lib/rpm && mkfifo var/lib/rpm"
hostile h5 515 "rm -r var/lib && echo file >var/lib"
hostile h6 516 "rm var/lib/rpm && mknod var/lib/rpm c 1 3"
ok "nothing outside" test -z "$(ls -A "$scratch/outside/lib/rpm")"

# In the way of the macros only: the database comes, the rest does not.
add_guest "$R" h7 517 h7.example.org 192.0.2.97 rpm_tree
add_external "$R" h7
( cd "$R/vservers/h7" && rm etc/rpm/macros && mkfifo etc/rpm/macros && mkdir .rpmdb/own )
run_check "fifo for macros" timeout 20 "$VS2VZ" --root "$R" check h7
said "named" 'VS362'
tree "$scratch/guest" "$R/vservers/h7"
run_check "converted" vs convert h7 --yes
ok "the fifo is there" test -p "$R/vz/private/517/etc/rpm/macros"
ok "a directory in use stays" test -d "$R/vz/private/517/.rpmdb/own"
run_check "undone" vs undo h7
tree "$scratch/now" "$R/vservers/h7"
same_files "$scratch/guest" "$scratch/now" "exactly"

# No base, an empty base, a base in a guest's tree.
add_guest "$R" m1 521 m1.example.org 192.0.2.101 rpm_tree
mkdir -p "$R/etc/vservers/m1/apps/pkgmgmt"
add_guest "$R" m2 522 m2.example.org 192.0.2.102 rpm_tree
add_external "$R" m2
rm -r "$R/vservers/.pkg/m2/rpm"
add_guest "$R" m3 523 m3.example.org 192.0.2.103 rpm_tree
mkdir -p "$R/etc/vservers/m3/apps/pkgmgmt" "$R/vservers/m3/base/rpm/state"
ln -s /vservers/m3/base "$R/etc/vservers/m3/apps/pkgmgmt/base"
for g in m1 m2 m3; do
	run_status 2 "$g: blocked" vs check "$g"
	said "$g: missing" 'VS360'
	run vs plan "$g" --override VS360
	said_not "$g: no database to bring" 'bring.*rpm/state'
done
# Overriding links win over the base.
mkdir -p "$R/srv/db/of"
echo db >"$R/srv/db/of/Packages"
ln -s /srv/db/of "$R/etc/vservers/m1/apps/pkgmgmt/rpmstate"
run_check "an overriding link" vs check m1
run vs plan m1
said "counts" 'bring +/srv/db/of -> '
done_testing
