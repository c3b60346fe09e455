#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the build of the old style did to its copy of the host's tree (util-vserver:
# legacy/vserver), as far as scripts of Slackware have anything of it:
#
#	build-edits-legacy.sh TREE
set -eu
cd "$1"

echo '/dev/hdv1 / ext2 defaults 1 1' >etc/fstab
echo '/dev/hdv1 / ext2 rw 0 0' >etc/mtab
: >dev/hdv1
echo prod >etc/PROFILE
echo elf >sbin/vreboot
ln -s vreboot sbin/vhalt
