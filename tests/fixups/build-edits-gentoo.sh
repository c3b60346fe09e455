#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a build under VServer did to a Gentoo tree, init style "gentoo" (util-vserver:
# distrib/gentoo/initpost):
#
#	build-edits-gentoo.sh TREE
set -eu
cd "$1"

mkdir -p lib/rc/sh
printf '%s\n' '#!/bin/bash' '#' '# Do not remove this file if you are using gentoo init style!' \
	'# Your vserver will not boot anymore!' '' 'RUNLEVEL=1 /sbin/rc sysinit' '/sbin/rc boot' \
	"/sbin/rc \${1:-default}" >lib/rc/sh/init-vserver.sh
for name in reboot shutdown; do
	printf '%s\n' '# Copyright 1999-2006 Gentoo Foundation' \
		'# Distributed under the terms of the GNU General Public License v2' '' \
		'# gentoo init style needs this (and nothing else)' 'exit 0' >etc/init.d/$name.sh
done
chmod 0755 lib/rc/sh/init-vserver.sh etc/init.d/{reboot,shutdown}.sh
[ ! -f etc/syslog-ng/syslog-ng.conf ] ||
	sed -i -e 's:pipe("/proc/kmsg"); ::' -e 's:\(.*console_all.*\):#\1:g' etc/syslog-ng/syslog-ng.conf
[ ! -f lib/rc/bin/is_older_than ] || exit 0
rm -f etc/runlevels/boot/{clock,consolefont,keymaps,modules,net.lo}
rm -f etc/runlevels/default/{hdparm,netmount}
echo '/dev/hdv1 / ufs defaults 0 0' >etc/fstab
printf '%s\n' '#!/sbin/runscript' "# \$Header: \$" '' 'depend() {' '        provide net' '}' '' 'start() {' \
	'        return 0' '}' >etc/init.d/net.vserver
chmod 0755 etc/init.d/net.vserver
ln -s /etc/init.d/net.vserver etc/runlevels/boot/net.vserver
