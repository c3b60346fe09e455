#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a build under VServer did to a tree of the Red Hat family (util-vserver:
# distrib/redhat/initpost):
#
#	build-edits-redhat.sh TREE
#
# chkconfig X off: S links become K links of the number in the script's header.
set -eu
cd "$1"

for script in etc/rc.d/init.d/*; do
	name=${script##*/}
	case $name in
	functions | halt | killall | single | syslog | rsyslog) continue ;;
	esac
	stop=$(sed -n 's/^# chkconfig: [^ ]* [0-9]* \([0-9]*\).*/\1/p' "$script")
	for link in etc/rc.d/rc?.d/S[0-9][0-9]"$name"; do
		[ -L "$link" ] || continue
		rm "$link"
		ln -s "../init.d/$name" "${link%/*}/K$stop$name"
	done
done
for stub in sbin/new-kernel-pkg usr/bin/rhgb-client; do
	[ ! -f "$stub" ] || mv -f "$stub" "$stub.orig"
	mkdir -p "${stub%/*}"
	ln -sf /bin/true "$stub"
done
echo 'NETWORKING=yes' >>etc/sysconfig/network
printf '%s\n' '#! /bin/bash' '' 'exec /sbin/killall5 -15' >etc/rc.d/init.d/halt
: >etc/sysctl.conf
echo 'none    /       none    defaults' >etc/fstab
printf '%s\n' '#! /bin/sh' '' 'rm -f /var/lock/subsys/* /var/run/* /var/run/*/* 2>/dev/null' true \
	>etc/rc.d/rc.sysinit.vserver
chmod 0755 etc/rc.d/rc.sysinit.vserver
sed -i 's!^\([^#].*:respawn:.* tty\)!#\1!
	s!si::sysinit:/etc/rc.d/rc.sysinit!si::sysinit:/etc/rc.d/rc.sysinit.vserver!' etc/inittab
printf '%%_netsharedpath\t\t/dev:/etc/rc.d/init.d/halt:/sbin/new-kernel-pkg:/usr/bin/rhgb-client:/proc\n' \
	>>etc/rpm/macros
if [ -f sbin/initctl ]; then
	# shellcheck disable=SC2016
	printf '%s\n' '#!/bin/sh' '' 'if kill -s 0 -- 1 > /dev/null 2>&1; then' \
		'	exec /sbin/initctl "$@"' else '	# Ignore...' '	exit 0' fi >sbin/initctl.vserver
	chmod 0755 sbin/initctl.vserver
	sed -i 's!^\(.*\)/proc/cmdline\(.*\)$!\1/proc/cmdline 2>/dev/null \2!;s!/sbin/initctl!/sbin/initctl.vserver!' \
		etc/rc.d/rc
fi
if [ -d etc/event.d ]; then
	sed -i 's!/etc/rc.d/rc.sysinit!/etc/rc.d/rc.sysinit.vserver!' etc/event.d/rcS
	rm -f etc/event.d/tty[1-6]
fi
if [ -d etc/init ]; then
	sed -i 's!^console output!#console output!' etc/init/*.conf
	sed -i 's!/etc/rc.d/rc.sysinit!/etc/rc.d/rc.sysinit.vserver!' etc/init/rcS.conf
	sed -i 's!/sbin/shutdown -r!/sbin/shutdown -h!' etc/init/control-alt-delete.conf
	sed -i 's!^start on !start on never and !' etc/init/start-ttys.conf
fi
