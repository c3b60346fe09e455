#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the packages bring for others to read: bash-completion of both generations, and log
# rotation.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/chroots.sh"
. "$top/tests/lib/release.sh"
need_root
need_tools debootstrap
C=$scratch/system
need_chroot "$C" bookworm amd64 bash-completion logrotate
cp "$release/vs2vz_${version}_amd64.deb" "$C/tmp/vs2vz.deb"
run_check "the deb is installed" in_chroot "$C" dpkg -i /tmp/vs2vz.deb
own=/usr/share/bash-completion/completions/vs2vz

# completed SETUP WORD...: what is offered for the last word, after SETUP in a fresh bash.
# How often our file was read is counted by a trap on its first function.
completed() {
	local setup=$1
	shift
	cat >"$C/tmp/try.sh" <<-END
		shopt -s extglob
		reads=0
		.() { builtin . "\$@"; }
		source() { builtin source "\$@"; }
		complete() { case "\$*" in *_vs2vz*) reads=\$((reads + 1)) ;; esac; builtin complete "\$@"; }
		$setup
		echo "at start: \$reads"
		# As readline does: a command without a rule is given to the default one, status 124
		# means that there is a rule now.
		if ! complete -p vs2vz >/dev/null 2>&1; then
			loader=\$(builtin complete -p -D 2>/dev/null | sed 's/.*-F \([^ ]*\).*/\1/')
			\$loader vs2vz
			echo "loader: \$?"
		fi
		COMP_WORDS=($*) COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=\${#COMP_LINE}
		_vs2vz vs2vz "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
		echo "in the end: \$reads"
		printf 'offered: %s\n' "\${COMPREPLY[@]}"
	END
	run in_chroot "$C" bash --norc /tmp/try.sh
}

diag "version 2 loads it when it is needed"
completed '. /usr/share/bash-completion/bash_completion' vs2vz con
said "not at the start" '^at start: 0$'
said "by its loader" '^loader: 124$'
said "once" '^in the end: 1$'
said "convert is offered" '^offered: convert$'
said_not "without a word" 'not found|error|bash:'

# Version 1 knows nothing but this folder; what is there is read when a shell starts.
diag "version 1 reads /etc/bash_completion.d"
one='for i in /etc/bash_completion.d/*; do [[ ${i##*/} != @(*~|*.bak|*.dpkg*|*.rpm*) ]] && [ -r "$i" ] && . "$i"; done'
completed "$one" vs2vz con
said "at the start" '^at start: 1$'
said "once" '^in the end: 1$'
said "convert is offered" '^offered: convert$'
said_not "without a word" 'not found|error|bash:'

# The hosts of that time have bash 3: nothing that bash 4 brought is there.
completed "enable -n mapfile readarray; $one" vs2vz convert --meth
said "nothing of bash 4 is needed" '^offered: --method$'
said_not "without a word" 'not found|error|bash:'
ok "nor in what it is written with" bash -c "! grep -nE '\\$\{[^}]*(\^|,,|@[A-Z])|declare -[A-Z]|local -[An]|&>>|\|&|compopt|coproc|;;&' '$C$own'"
: >"$C/srv/a b"
: >"$C/srv/*"
completed "$one" vs2vz --log '/srv/'
said "names of files with blanks are whole" '^offered: /srv/a b$'
said "and are not expanded" '^offered: /srv/\*$'

diag "log rotation"
mkdir -p "$C/var/log/vs2vz"
for run in one two; do
	echo "log $run" >"$C/var/log/vs2vz/$run.log"
	echo "{}" >"$C/var/log/vs2vz/$run.json"
done
: >"$C/var/log/vs2vz/empty.log"
rotate() { in_chroot "$C" logrotate -s /tmp/state "$@" /etc/logrotate.d/vs2vz; }
logs() { (cd "$C/var/log/vs2vz" && find . -type f -printf '%P\n' | sort | tr '\n' ' '); }
run_check "logrotate reads it" rotate -d
said_not "and finds no fault" 'error|unknown'
run_check "the first time" rotate
is "$(logs)" "empty.log one.json one.log two.json two.log " "nothing happens in the month of the run"

exec 7>>"$C/var/log/vs2vz/two.log"
run rotate -f
is "$(logs)" "empty.log one.json one.log two.json two.log " "nor while a run writes"
exec 7>&-
run_check "a month later" rotate -f
is "$(logs)" "empty.log one.json one.log.1.gz two.json two.log.1.gz " "logs are compressed, reports stay"
is "$(gzip -dc "$C/var/log/vs2vz/two.log.1.gz")" "log two" "nothing is lost"
run_check "another month" rotate -f
run_check "and another" rotate -f
is "$(logs)" "empty.log one.json one.log.1.gz two.json two.log.1.gz " "they stay"
rm -r "$C/var/log/vs2vz"
run_check "without any log" rotate -f
said_not "it has nothing to say" .
done_testing
