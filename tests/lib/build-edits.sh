# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a tree looks like after util-vserver built a guest from it, and after it ran for
# years under VServer: the edits of distrib/debian/initpost and of the device list (see
# docs/fixups.md for what is made of them), done by hand, so that a real Debian tree can
# stand for a guest that never ran its own init.
#
#	vserver_debian TREE SERVICE...	built by the debootstrap method, started in style
#					sysv; the named services were switched on later
#	vserver_openrc TREE		style plain, the way OpenRC was told about VServer
#	vserver_systemd TREE		style plain, nothing but the devices

# /dev as the shipped list makes it: no console, no initctl, nothing for a terminal.
vserver_dev() {
	local d=$1/dev
	rm -rf "$d"
	mkdir -m 755 "$d"
	mknod -m 666 "$d/null" c 1 3
	mknod -m 666 "$d/zero" c 1 5
	mknod -m 666 "$d/full" c 1 7
	mknod -m 644 "$d/random" c 1 8
	mknod -m 644 "$d/urandom" c 1 9
	mknod -m 666 "$d/tty" c 5 0
	mknod -m 666 "$d/ptmx" c 5 2
	chmod 666 "$d"/{null,zero,full,tty,ptmx}
	ln -s /proc/self/fd "$d/fd"
	ln -s fd/0 "$d/stdin"
	ln -s fd/1 "$d/stdout"
	ln -s fd/2 "$d/stderr"
	mkdir -m 755 "$d/pts"
	mkdir "$d/shm"
	chmod 1777 "$d/shm"
}

# Written by the build, and by each start: names, the mtab with a disk that never was. The
# host name is that of the guest's configuration.
vserver_files() {
	local t=$1
	printf '%s\n' '# /etc/hosts' '' $'127.0.0.1\tlocalhost' '' \
		'# The following lines are desirable for IPv6 capable hosts' \
		'# (added automatically by netbase upgrade)' '' $'::1\tip6-localhost ip6-loopback' \
		'fe00::0 ip6-localnet' 'ff00::0 ip6-mcastprefix' 'ff02::1 ip6-allnodes' \
		'ff02::2 ip6-allrouters' 'ff02::3 ip6-allhosts' >"$t/etc/hosts"
	echo "${t##*/}.example.org" >"$t/etc/hostname"
	chmod 644 "$t/etc/hostname"
	echo '# UNCONFIGURED FSTAB FOR BASE SYSTEM' >"$t/etc/fstab"
	rm -f "$t/etc/mtab"
	echo '/dev/hdv1 / ufs defaults 0 0' >"$t/etc/mtab"
	echo 'en_US.UTF-8 UTF-8' >>"$t/etc/locale.gen"
}

is_kept() {
	case $1 in
	sysklogd|syslog-ng|rsyslog|dsyslog|README|skeleton|sendsigs|single|rc|rc.local|rcS) return 0 ;;
	esac
	return 1
}

# update-rc.d -f NAME remove, for all scripts but those that the build leaves alone and
# those that were switched on by hand afterwards. What startpar reads is made anew by the
# guest's own insserv, as update-rc.d had it done.
vserver_boot_links() {
	local t=$1 script name
	shift
	for script in "$t"/etc/init.d/*; do
		name=${script##*/}
		is_kept "$name" || [[ " $* " == *" $name "* ]] ||
			rm -f "$t"/etc/rc[0-6S].d/[SK][0-9][0-9]"$name"
	done
	[ ! -f "$t/etc/init.d/.depend.boot" ] || chroot "$t" /sbin/insserv -d >/dev/null 2>&1
}

vserver_debian() {
	local t=$1
	shift
	vserver_dev "$t"
	vserver_files "$t"
	vserver_boot_links "$t" "$@"
	sed -i 's/^[^#:]*:[0-9]*:respawn:.*getty/#&/' "$t/etc/inittab"
	[ ! -f "$t/etc/init.d/sendsigs" ] || sed -i 's/^[^#]*splash_back/#&/' "$t/etc/init.d/sendsigs"
}

vserver_openrc() {
	vserver_dev "$1"
	vserver_files "$1"
	sed -i 's/^#rc_sys=.*/rc_sys="vserver"/' "$1/etc/rc.conf"
}

vserver_systemd() {
	vserver_dev "$1"
	vserver_files "$1"
}
