#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The linker flags that put fault.c before every function of base/sys.h.
# A function without a wrapper in fault.c fails to link: nothing is forgotten. The last
# one is libext2fs's door to a device (fault_ext2.c).
here=$(dirname "$0")
sed -n 's/^[a-z].*[ *]\(sys_[a-z_]*\)(.*/-Wl,--wrap=\1/p' "${1:-$here/../../vs2vz/base/sys.h}"
echo -Wl,--wrap=unix_io_manager
