#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
#	dist.sh VERSION FILE.tar.gz
#
# The source as a tarball: of the last commit, or of an unpacked tarball again. The same
# bytes each time: names sorted, one owner, one time, no name in gzip's head.
set -eu
version=$1
file=$2
cd "$(dirname "$0")/.."
epoch=$(.ci/epoch.sh)
mkdir -p "$(dirname "$file")"
work=$(mktemp -d "$(dirname "$file")/dist.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/vs2vz-$version
mkdir "$tree"

if [ -e .git ]; then
	git="git -c safe.directory=$PWD"
	[ -z "$($git status --porcelain --untracked-files=no)" ] ||
		echo "dist: changes that are not committed are not in the tarball" >&2
	$git archive HEAD >"$work/tar"
	tar -xf "$work/tar" -C "$tree"
else
	tar -cf "$work/tar" --exclude=./build --exclude=./demo --exclude=./compile_commands.json \
		--exclude="./$(dirname "$file")" .
	tar -xf "$work/tar" -C "$tree"
fi
# Only the bit for execution is the source's; the rest is the umask of whoever unpacked it.
chmod -R u=rwX,go=rX "$tree"
tar -C "$work" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" \
	-cf "$work/sorted" "vs2vz-$version"
gzip -9n <"$work/sorted" >"$work/gz"
mv "$work/gz" "$file"
