#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program is complete in one file: every command, option, setting, finding and
# recipe has its words in `vs2vz help`, what one page refers to is there, and it fits a
# terminal of 80 columns.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1
[ -x "$VS2VZ" ] || skip_unless_required "the program is not built"

help() { "$VS2VZ" help "$@" 2>/dev/null; }

overview=$(help)
commands=$(sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$overview" | grep -v '^help$')
topics=$(sed -n '/^topics,/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$overview")
documents=$(sed -n '/^files,/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$overview")
ok "there are commands, topics and documents" test -n "$commands" -a -n "$topics" -a -n "$documents"

# Each file of templates/help is a topic, or belongs to a command.
for f in templates/help/*.txt; do
	grep -qx "$(basename "$f" .txt)" <<<"$topics"
	result $? "$f is a topic"
done
for f in templates/help/commands/*.txt; do
	name=$(basename "$f" .txt)
	grep -qx "$name" <<<"$commands" && help "$name" | grep -qFx -- "$(head -n 1 "$f")"
	result $? "$f is on the page of a command"
done
for c in $commands; do
	same_files <(help "$c") <("$VS2VZ" "$c" --help 2>/dev/null) "help $c is $c --help"
	help "$c" | grep -q "^usage: vs2vz $c"
	result $? "help $c has its usage"
done
for t in $topics; do
	ok "help $t" test "$(help "$t" | wc -l)" -ge 10
done
for d in $documents; do
	ok "help $d" test "$(help "$d" | wc -l)" -ge 10
done

help all >"$scratch/all"
is "$(awk 'length($0) > 79' "$scratch/all" | head -n 5)" "" "no line of help is over 79 columns"
is "$(LC_ALL=C grep -n '[^ -~]' "$scratch/all" | head -n 5)" "" "help is printable ASCII"
is "$(grep -n '^@' "$scratch/all")" "" "every place is filled"
for name in $commands $topics; do
	[ "$name" = all ] || grep -q "^usage: vs2vz $name\b\|^$name: " "$scratch/all"
	result $? "help all has $name"
done

# What the tables hold is in the pages.
options=$(sed -n 's/^\t{ "\([a-z-]*\)", .*store_.*/\1/p;/^\t{ "[a-z-]*", .*,$/s/^\t{ "\([a-z-]*\)".*/\1/p' \
	vs2vz/options_rows.c | sort -u)
ok "options are found" test "$(wc -w <<<"$options")" -ge 40
bad=
for o in $options; do
	help options | grep -q -- "--$o\b" || bad="$bad $o"
done
is "$bad" "" "help options has every option"
bad=
for key in $(sed -n 's/^#\([a-z_]*\) = .*/\1/p' conf-samples/vs2vz.conf); do
	help config | sed -n "/^SETTINGS/,/^SECTIONS/p" | grep -q "^  $key = " || bad="$bad $key"
done
is "$bad" "" "help config has every setting"
bad=
for key in $(sed -n '/cfg_opt_t guest\[\]/,/CFG_END/s/.*CFG_[A-Z_]*("\([a-z]*\)".*/\1/p' vs2vz/settings.c); do
	help config | sed -n "/^SECTIONS/,/^EXAMPLE/p" | grep -q "^      $key\b" || bad="$bad $key"
done
is "$bad" "" "help config has every key of a guest"
bad=
for id in $(sed -n 's/^\tVS_[A-Z0-9_]*[[:blank:]]*= \([0-9]*\),.*/VS\1/p' vs2vz/model/finding_ids.h); do
	help findings | grep -q "^  $id" || bad="$bad $id"
done
is "$bad" "" "help findings has every finding"
bad=
for f in templates/fixups/*.fix; do
	help fixups | grep -q "^  $(basename "$f" .fix) " || bad="$bad $f"
done
is "$bad" "" "help fixups has every recipe"
bad=
for n in $(sed -n 's/^\tEXIT_[A-Z]* = \([0-9]*\),.*/\1/p' vs2vz/exits.h); do
	help exit-codes | grep -q "^ *$n " || bad="$bad $n"
done
is "$bad" "" "help exit-codes has every status"

# What the pages refer to exists.
bad=
for word in $(grep -o 'vs2vz help [a-z-]*' "$scratch/all" | awk '{ print $3 }' | sort -u); do
	grep -qx "$word" <<<"$commands
$topics
$documents" || bad="$bad $word"
done
is "$bad" "" "pages refer to pages that exist"
bad=
for word in $(grep -oE '(^  +|`)vs2vz( --?[a-z]+( /mnt)?)* [a-z]+' "$scratch/all" | awk '{ print $NF }' | sort -u); do
	grep -qx "$word" <<<"$commands
help" || bad="$bad $word"
done
is "$bad" "" "pages name commands that exist"
bad=
for id in $(grep -oE 'VS[0-9]{3}' "$scratch/all" | sort -u); do
	"$VS2VZ" explain "$id" >/dev/null 2>&1 || bad="$bad $id"
done
is "$bad" "" "pages name findings that exist"
bad=
for o in $(grep -oE -- '(^|[ `(])--[a-z][a-z-]+' "$scratch/all" | sed 's/.*--//' | sort -u); do
	grep -qx "$o" <<<"$options" || bad="$bad $o"
done
is "$bad" "" "pages name options that exist"

# The same bytes as the files that are installed.
same_files <(help config-sample) conf-samples/vs2vz.conf "config-sample"
same_files <(help map-sample) conf-samples/map.conf "map-sample"
same_files <(help ct-sample) conf-samples/ve-vs2vz.conf-sample "ct-sample"
same_files <(help completion) templates/completion/vs2vz.bash "completion"
for f in docs/schema/*-1.0.json; do
	name=$(basename "$f" -1.0.json)
	same_files <(help "schema-$name") "$f" "schema-$name"
done

# An unknown topic.
run_status 64 "an unknown topic" "$VS2VZ" help hwoto
said "the nearest one is named" "unknown help topic 'hwoto'; did you mean 'howto'\?"
said "the list follows" '^  rescue '
run_status 64 "one that is far from all" "$VS2VZ" help $'\e[2Jqwertyuiop'
said "is escaped" 'x1B\[2Jqwertyuiop'
said "with the list" '^  howto '

# Nothing else is needed, neither files nor /proc: the texts come first.
is "$(grep -n 'share/vs2vz' vs2vz/*.c vs2vz/*/*.c | head -n 3)" "" "no file below share is read"

# The manual names the topics, completion knows them.
for name in $topics $documents; do
	grep -q "^\.It Cm $name$" docs/vs2vz.8
	result $? "the manual names $name"
done
complete() {
	PATH=$(dirname "$VS2VZ"):$PATH bash -c '. templates/completion/vs2vz.bash
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _vs2vz; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}
is "$(complete vs2vz help how)" howto "completion of a topic"
is "$(complete vs2vz help schema-r)" schema-report "completion of a document"
is "$(complete vs2vz help insul)" insulate "completion of a command's page"
is "$(complete vs2vz check --before)" --before-reboot "completion of an option"
bad=
for c in $commands; do
	complete vs2vz "${c%?}" | grep -qx "$c" || bad="$bad $c"
done
is "$bad" "" "completion has every command"
done_testing
