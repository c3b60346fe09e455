# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests with external package management: what util-vserver left in tree and base.

# An rpm guest whose database is outside; yum there, a yum.conf of its own.
rpm_tree() {
	local t=$1
	small_tree "$t"
	mkdir -p "$t"/{.rpmdb,etc/rpm,var/lib,var/cache/yum,etc/yum.repos.d}
	elf "$t/bin/rpm"
	elf "$t/usr/bin/yum"
	ln -sfn /.rpmdb "$t/var/lib/rpm"
	printf '%%_dbpath /.rpmdb\n%%_netsharedpath /dev:/proc\n' >"$t/etc/rpm/macros"
	echo 'own' >"$t/etc/yum.conf"
}

# add_external R NAME: configuration and base
add_external() {
	local r=$1 name=$2 b=$1/vservers/.pkg/$2
	mkdir -p "$r/etc/vservers/$name/apps/pkgmgmt" "$b"/rpm/{etc,state} \
		"$b"/yum/{etc/yum.repos.d,cache/base,lib} "$b"/apt/{etc,state}
	ln -sfn "/etc/vservers/.defaults/vdirbase/.pkg/$name" "$r/etc/vservers/$name/apps/pkgmgmt/base"
	printf '\0\5\26\141binary\n' >"$b/rpm/state/Packages"
	truncate -s 300K "$b/rpm/state/Packages"
	printf 'tail' >>"$b/rpm/state/Packages"
	echo idx >"$b/rpm/state/Name"
	chmod 640 "$b/rpm/state/Name"
	own 0:37 "$b/rpm/state/Name"
	printf '%%_netsharedpath /dev:/proc\n%%_dbpath\t/.rpmdb/\n' >"$b/rpm/etc/macros"
	printf '%%_install_langs en\n  %%_dbpath /.rpmdb\n' >"$b/rpm/etc/macros.host"
	echo i386-redhat-linux >"$b/rpm/etc/platform"
	echo host >"$b/yum/etc/yum.conf"
	echo '[base]' >"$b/yum/etc/yum.repos.d/base.repo"
	echo '<xml/>' >"$b/yum/cache/base/repomd.xml"
	echo deb >"$b/apt/etc/sources.list"
	age "$b"
	age "$r/etc/vservers/$name"
}
