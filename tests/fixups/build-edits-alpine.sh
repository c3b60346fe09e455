#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a build under VServer did to an Alpine tree (util-vserver: distrib/alpine/initpost):
#
#	build-edits-alpine.sh TREE
set -eu
cd "$1"

mkdir -p etc/rcL.d etc/rcK.d
rm -f etc/mtab etc/runlevels/*/*
ln -s /etc/init.d/syslog etc/runlevels/default/syslog
printf 'none\t/\tnone\tdefaults\n' >etc/fstab
printf '%s\n' '::wait:/etc/init.d/rcL' '::ctrlaltdel:/etc/init.d/rcK' \
	'::ctrlaltdel:/usr/bin/killall5 -15' >etc/inittab
