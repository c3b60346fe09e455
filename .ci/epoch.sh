#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Prints the time that everything made of this source carries, so that two builds are
# equal: $SOURCE_DATE_EPOCH, else that of the last commit, in a tarball the same time,
# which stands in .ci/epoch.
set -eu
cd "$(dirname "$0")/.."

if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
	epoch=$SOURCE_DATE_EPOCH
elif [ -e .git ]; then
	epoch=$(git -c safe.directory="$PWD" log -1 --format=%ct)
else
	epoch=$(cat .ci/epoch)
fi
case $epoch in
''|*[!0-9]*)
	echo "epoch: no time of the source: neither SOURCE_DATE_EPOCH, nor git, nor a tarball of 'make dist'" >&2
	exit 1 ;;
esac
echo "$epoch"
