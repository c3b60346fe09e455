#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make install` puts where, and that `make uninstall` leaves what was there before.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

[ -x "$VS2VZ" ] || skip_all "the program is not built"
D=$scratch/d

# As make itself does, with the program that is there: made TARGET [VARIABLE=VALUE...]
made() {
	run env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s DESTDIR="$D" program="$VS2VZ" "$@"
	[ "$status" = 0 ] || show_last
}

# Every object below it, with what can be compared
objects() { (cd "$1" && find . -printf '%y %m %p %l\n' | sort); }

there() { (cd "$D" && find . -type f | sed 's,^\.,,' | sort); }

mkdir -p "$D/usr/sbin" "$D/usr/share/man/man8" "$D/etc/logrotate.d" "$D/usr/share/vs2vz-other"
echo other >"$D/etc/logrotate.d/other"
echo other >"$D/usr/share/man/man8/vs2vz-other.8"
objects "$D" >"$scratch/before"

made install prefix=/usr
ok "make install" test "$status" = 0
there >"$scratch/files"
for f in /usr/sbin/vs2vz /usr/share/man/man8/vs2vz.8 /usr/share/man/man5/vs2vz.conf.5 \
		/usr/share/bash-completion/completions/vs2vz /etc/bash_completion.d/vs2vz \
		/etc/logrotate.d/vs2vz /usr/share/doc/vs2vz/README.md /usr/share/doc/vs2vz/LICENSE \
		/usr/share/doc/vs2vz/docs/NEWS.md /usr/share/vs2vz/conf-samples/vs2vz.conf \
		/usr/share/vs2vz/schema/report-1.0.json /usr/share/vs2vz/templates/ct.mount.in \
		/usr/share/vs2vz/templates/fixups/mtab-link.fix; do
	has_line "$scratch/files" "$f"
done
is "$(comm -23 <(find templates/fixups conf-samples docs/schema -type f | sed 's,.*/,,' | sort) \
	<(sed 's,.*/,,' "$scratch/files" | sort))" "" "every recipe, sample and schema"
is "$(cd "$D" && find . -type f -newer "$scratch/before" ! -perm 644 ! -path ./usr/sbin/vs2vz)" "" "files are 644"
is "$(stat -c %a "$D/usr/sbin/vs2vz")" 755 "the program is 755"
ok "and is the one that was built" cmp "$VS2VZ" "$D/usr/sbin/vs2vz"
is "$(grep -rl "$D\|@[a-z]*@" "$D/etc" "$D/usr/share/bash-completion")" "" "no place of the build stands in a file"
objects "$D" >"$scratch/installed"
made install prefix=/usr
objects "$D" >"$scratch/again"
same_files "$scratch/installed" "$scratch/again" "make install again changes nothing"

made uninstall prefix=/usr
ok "make uninstall" test "$status" = 0
objects "$D" >"$scratch/after"
same_files "$scratch/before" "$scratch/after" "it leaves what was there before, empty folders too"
made uninstall prefix=/usr
ok "a second one has nothing to do" test "$status" = 0
objects "$D" >"$scratch/after"
same_files "$scratch/before" "$scratch/after" "and does nothing"

# What an older version brought goes; what an administrator edited or added stays.
made install prefix=/usr
echo old >"$D/usr/share/vs2vz/templates/old.in"
echo "$D/usr/share/vs2vz/templates/old.in" >>"$D/usr/share/vs2vz/installed"
echo mine >"$D/usr/share/vs2vz/templates/mine"
echo '# edited' >>"$D/etc/logrotate.d/vs2vz"
made install prefix=/usr
said "an edited file is kept by install" "^keep .*/etc/logrotate.d/vs2vz"
ok "and has its line" grep -qx '# edited' "$D/etc/logrotate.d/vs2vz"
made uninstall prefix=/usr
said "and by uninstall" "^keep .*/etc/logrotate.d/vs2vz"
objects "$D" | sed 's/^[a-z] [0-9]* //' | grep vs2vz | grep -v other | sort >"$scratch/left"
printf '%s \n' ./etc/logrotate.d/vs2vz ./usr/share/vs2vz ./usr/share/vs2vz/templates \
	./usr/share/vs2vz/templates/mine | sort >"$scratch/wanted"
same_files "$scratch/wanted" "$scratch/left" "nothing else stays"

rm -rf "$D"
made install prefix=/opt/v
is "$(cd "$D" && find . -maxdepth 2 | sort | tr '\n' ' ')" ". ./opt ./opt/v " "another prefix keeps all below it"
made uninstall prefix=/opt/v
ok "and the folders that install made go as well" test ! -e "$D/opt"
done_testing
