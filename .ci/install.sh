#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
#	install.sh install|uninstall PROGRAM	with DESTDIR sbindir datadir mandir docdir sysconfdir
#
# One list of what is installed serves both ways. What was made is written down in
# DATADIR/vs2vz/installed (not with RECORD=no, for packages), so that uninstall takes away
# what an older version brought, and the folders that install had to make, but none that
# was there before.
set -eu
umask 022
action=$1
program=$2
cd "$(dirname "$0")/.."
: "${DESTDIR:=}" "${RECORD:=yes}" "${sbindir:?}" "${datadir:?}" "${mandir:?}" "${docdir:?}" "${sysconfdir:?}"
own=$DESTDIR$datadir/vs2vz
record=$own/installed
tab=$(printf '\t')

# one MODE SOURCE TARGET
one() { printf '%s\t%s\t%s\n' "$1" "$2" "$DESTDIR$3"; }

list() {
	one 755 "$program" "$sbindir/vs2vz"
	for f in docs/*.[1-8]; do
		one 644 "$f" "$mandir/man${f##*.}/${f##*/}"
	done
	# Help is read from the program alone; scripts and recipes are worth reading.
	find templates/*.in templates/fixups conf-samples docs/schema -type f | LC_ALL=C sort |
		while read -r f; do
		one 644 "$f" "$datadir/vs2vz/${f#docs/}"
	done
	for f in README.md LICENSE docs/*.md; do
		one 644 "$f" "$docdir/$f"
	done
	one 644 templates/completion/vs2vz.bash "$datadir/bash-completion/completions/vs2vz"
	one 644 templates/packaging/bash_completion.in "$sysconfdir/bash_completion.d/vs2vz"
	one 644 templates/packaging/logrotate "$sysconfdir/logrotate.d/vs2vz"
}

note() { [ "$RECORD" != yes ] || printf '%s\n' "$1" >>"$work/made"; }

make_dir() {
	[ ! -d "$1" ] || return 0
	make_dir "$(dirname "$1")"
	mkdir "$1"
	note "$1/"
}

# What stands in the file: text with a place in it is filled in.
render() {
	case $1 in
	templates/packaging/*.in) sed "s,@datadir@,$datadir,g" "$1" ;;
	*) cat "$1" ;;
	esac
}

# A file below /etc that somebody has edited is his: edited TARGET
edited() {
	case $1 in
	"$DESTDIR$sysconfdir"/*) [ -f "$1" ] && ! cmp -s "$work/new" "$1" ;;
	*) false ;;
	esac
}

install_all() {
	list | while IFS=$tab read -r mode from to; do
		render "$from" >"$work/new"
		if edited "$to"; then
			echo "keep $to: it is not as $from"
			continue
		fi
		make_dir "$(dirname "$to")"
		echo "install $to"
		install -m "$mode" "$work/new" "$to.vs2vz-new"
		mv -f "$to.vs2vz-new" "$to"
		case $to in "$DESTDIR$sysconfdir"/*) ;; *) note "$to" ;; esac
	done
	[ "$RECORD" = yes ] || return 0
	[ ! -f "$record" ] || cat "$record" >>"$work/made"
	LC_ALL=C sort -u "$work/made" >"$work/record"
	install -m 644 "$work/record" "$record"
}

# What list and record name, deepest first; a folder that holds something stays.
uninstall_all() {
	list | while IFS=$tab read -r mode from to; do
		render "$from" >"$work/new"
		if edited "$to"; then
			echo "keep $to: it is not as $from"
		else
			printf '%s\n' "$to"
		fi
	done >"$work/made"
	grep '^keep ' "$work/made" || :
	# Folders of ours alone, for where no record is.
	list | cut -f 3 | awk -v own="$own/" -v doc="$DESTDIR$docdir/" '{
		while (sub("/[^/]*$", "") && (index($0 "/", own) == 1 || index($0 "/", doc) == 1)) print $0 "/"
	}' | sort -u >>"$work/made"
	[ ! -f "$record" ] || awk -v below="$DESTDIR/" 'index($0, below) == 1' "$record" >>"$work/made"
	rm -f "$record"
	grep -v '^keep ' "$work/made" | LC_ALL=C sort -ru | while IFS= read -r path; do
		case $path in
		*/) [ ! -d "$path" ] || rmdir "${path%/}" 2>/dev/null || : ;;
		*) [ ! -e "$path" ] && [ ! -L "$path" ] || { echo "remove $path"; rm -f "$path"; } ;;
		esac
	done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/made"
case $action in
install) install_all ;;
uninstall) uninstall_all ;;
*) echo "install.sh: install or uninstall, not '$action'" >&2; exit 64 ;;
esac
