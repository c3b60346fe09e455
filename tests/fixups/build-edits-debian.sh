#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a build under VServer did to a Debian tree (util-vserver: distrib/debian/initpost):
#
#	build-edits-debian.sh TREE [STYLE]
#
# STYLE plain keeps the links of halt, as the build did. The lists of startpar lose what
# insserv -r takes out of them.
set -eu
cd "$1"
style=${2:-sysv}

if [ -f etc/inittab ]; then
	sed -i -e 's/\(^[^#].*getty.*$\)/#\1/' etc/inittab
fi
if [ -f etc/init.d/sendsigs ]; then
	sed -i -e 's/^\(\s\+splash_back\)$/#\1/' etc/init.d/sendsigs
fi
printf '%s\n' '# /etc/hosts' '' "127.0.0.1	localhost" '' \
	'# The following lines are desirable for IPv6 capable hosts' \
	'# (added automatically by netbase upgrade)' '' \
	"::1	ip6-localhost ip6-loopback" 'fe00::0 ip6-localnet' 'ff00::0 ip6-mcastprefix' \
	'ff02::1 ip6-allnodes' 'ff02::2 ip6-allrouters' 'ff02::3 ip6-allhosts' >etc/hosts

for script in etc/init.d/*; do
	name=${script##*/}
	case $name in
	sysklogd | syslog-ng | rsyslog | dsyslog) continue ;;
	README | skeleton | sendsigs | single | rc | rc.local | rcS) continue ;;
	halt) [ "$style" != plain ] || continue ;;
	esac
	rm -f etc/rc?.d/[SK][0-9][0-9]"$name"
	for list in etc/init.d/.depend.*; do
		[ ! -f "$list" ] || sed -i -e "/^$name:/d" -e "s/ $name\\( \\|\$\\)/\\1/g" "$list"
	done
done

if [ -d etc/init ]; then
	for job in etc/init/*.conf; do
		case ${job##*/} in
		control-alt-delete.conf | rc.conf | rsyslog.conf | syslog-ng.conf) continue ;;
		esac
		sed -i -e 's/^/#/' "$job"
	done
	printf '%s\n' 'start on startup' 'emits virtual-filesystems' 'emits local-filesystems' \
		'emits remote-filesystems' 'emits filesystem' 'task' 'script' \
		'	initctl emit filesystem' 'end script' >etc/init/vserver.conf
fi
