#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Package state from outside the tree and recipes want the same file: rpm's macros hold the
# place of the database, and the paths that the guest's build told rpm to leave out. A
# recipe sees the file as it comes in, and the plan writes each name once.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/packages.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
R=$scratch/r
mount_new ext4 96M "$R" || skip_unless_required "no ext4"
mkhost "$R"

residue='%_netsharedpath		/dev:/etc/rc.d/init.d/halt:/sbin/new-kernel-pkg:/usr/bin/rhgb-client:/proc'

# red_hat_guest NAME CTID: built and packaged from outside, as `vserver build -m yum` did
red_hat_guest() {
	add_guest "$R" "$1" "$2" "$1.example.org" "192.0.2.$(($2 - 500))" rpm_tree
	add_external "$R" "$1"
	echo 'CentOS release 5.5 (Final)' >"$R/vservers/$1/etc/redhat-release"
}

# In the guest's own file.
red_hat_guest own 551
printf '%%_dbpath /.rpmdb\n%s\n%%_install_langs de\n' "$residue" >"$R/vservers/own/etc/rpm/macros"
# In a file that comes from outside.
red_hat_guest out 552
rm "$R/vservers/out/etc/rpm/macros"
printf '%%_dbpath /.rpmdb\n%s\n%%_install_langs fr\n' "$residue" >"$R/vservers/.pkg/out/rpm/etc/macros"
# In a directory that comes from outside as well.
red_hat_guest new 553
rm -r "$R/vservers/new/etc/rpm"
cp "$R/vservers/.pkg/out/rpm/etc/macros" "$R/vservers/.pkg/new/rpm/etc/macros"
age "$R/vservers"
chmod 000 "$R/vservers"

# Every name is written, made and hidden at most once: once_each GUEST
once_each() {
	run_check "$1: plan" vs plan "$1" --fixups all -o "$scratch/$1.plan"
	is "$(sed -n 's/^[0-9]* \(write\|mkdir\|hide\|times\) .*\bat=\([^ ]*\).*/\1 \2/p' "$scratch/$1.plan" | sort | uniq -d)" "" \
		"$1: no name twice"
	ok "$1: the macros are written" grep -q 'write .*etc/rpm/macros ' "$scratch/$1.plan"
	run vs plan "$1" --fixups all --diff
	said "$1: the recipe is named" 'VS510.*redhat-rpm-paths: /etc/rpm/macros'
}

round() {
	local g=$1 ctid=$2 left=$3 method
	once_each "$g"
	host_tree "$scratch/before" "$R"
	for method in rename copy; do
		run_check "$g: convert by $method" vs convert "$g" --yes --fixups all --method "$method"
		is "$(cat "$R/vz/private/$ctid/etc/rpm/macros")" "$left" "$g: $method: both lines are gone"
		ok "$g: $method: the database is in" cmp "$R/vz/private/$ctid/var/lib/rpm/Packages" \
			"$R/vservers/.pkg/$g/rpm/state/Packages"
		run_check "$g: $method: verify" vs verify "$g"
		run_check "$g: $method: undo" vs undo "$g"
		unchanged "$g: $method: everything is back"
	done
	run_check "$g: without recipes" vs convert "$g" --yes --fixups none
	is "$(cat "$R/vz/private/$ctid/etc/rpm/macros")" "$residue
$left" "$g: the place of the database goes, the rest stays"
	run_check "$g: undo" vs undo "$g"
	unchanged "$g: everything is back again"
}
round own 551 '%_install_langs de'
round out 552 '%_install_langs fr'
round new 553 '%_install_langs fr'

# A recipe of the administrator that reaches into what comes from outside does nothing there.
mkdir -p "$R/etc/vs2vz.d/fixups"
cat >"$R/etc/vs2vz.d/fixups/reach.fix" <<'EOF'
recipe format=1 order=900 family=adapt
about
| a recipe that writes where package state comes in
reason
| none
when
do
  text /var/lib/rpm/Packages
  | mine
when
do
  remove /.rpmdb
when
do
  remove /var/lib/rpm
when
do
  mode /var/lib/rpm is=0700
EOF
run_check "a plan with a recipe that reaches in" vs plan own --fixups all -o "$scratch/reach.plan"
said "it is told" 'VS505.*/var/lib/rpm'
ok "no step of it" test -z "$(grep -E '(write|hide|mode) .*var/lib/rpm/|mode .*var/lib/rpm' "$scratch/reach.plan")"
is "$(grep -cE 'hide .*at=[^ ]*/(.rpmdb|var/lib/rpm) ' "$scratch/reach.plan")" 2 "what gives way gives way once"
host_tree "$scratch/before" "$R"
run_check "convert" vs convert own --yes --fixups all
run_check "undo" vs undo own
unchanged "everything is back"
done_testing
