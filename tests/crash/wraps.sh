#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The linker flags that put fault.c before every function of base/sys.h.
# A function without a wrapper in fault.c fails to link: nothing is forgotten. Then
# libext2fs's door to a device (fault_ext2.c), and what only looks (fault_look.c), which
# knows glibc's names alone: "wraps.sh changes" leaves it out.
here=$(dirname "$0")
sed -n 's/^[a-z].*[ *]\(sys_[a-z_]*\)(.*/-Wl,--wrap=\1/p' "$here/../../vs2vz/base/sys.h"
echo -Wl,--wrap=unix_io_manager
[ "${1:-}" = changes ] || sed -nE 's/^LOOK_CALL\([^,]*, [^,]*, ([a-z0-9]+),.*/-Wl,--wrap=\1/p
	s/^[a-z].*__real_(open64|openat64|ioctl|syscall)\(.*/-Wl,--wrap=\1/p' "$here/fault_look.c" | sort -u
