# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for vs2vz(8); guest names come from `vs2vz status`.

# A line each, blanks and stars included; bash 3 has no mapfile.
_vs2vz_reply()
{
	local word

	COMPREPLY=()
	while IFS= read -r word; do
		COMPREPLY+=("$word")
	done
}

_vs2vz_words()
{
	local cmd=$1

	case $cmd in
	scan|check|plan|convert|status|resume|undo|commit|verify)
		vs2vz -q --color never status 2>/dev/null | awk 'NR > 1 && !/^ / { print $1 }' ;;
	insulate|uninsulate)
		vs2vz -q --color never status 2>/dev/null |
			awk 'NR > 1 && !/^ / && $4 != "-" { print $2 }' | sort -u ;;
	help)
		vs2vz help 2>/dev/null | awk '/^(commands|topics|files)/ { on = 1 } /^$/ { on = 0 }
			on && /^  [a-z]/ { print $1 }'
		return ;;
	explain)
		vs2vz help findings 2>/dev/null | awk '/^  VS[0-9][0-9][0-9]/ { print substr($1, 1, 5) }'
		vs2vz help fixups 2>/dev/null | awk '/^RECIPES/ { on = 1 } on && /^  [a-z]/ { print $1 }'
		echo fixups ;;
	esac
	vs2vz help ${cmd:+"$cmd"} 2>/dev/null |
		awk '/^  +(-[A-Za-z], )?--/ { for (i = 1; i <= NF; i++) if ($i ~ /^--/) { print $i; break } }'
}

_vs2vz()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} cmd= i
	local commands="scan check plan convert status resume undo commit insulate uninsulate verify explain rules doctor report help"

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case " $commands " in
		*" ${COMP_WORDS[i]} "*) cmd=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $prev in
	--device|--dump-device|--image) _vs2vz_reply < <(compgen -f -- "$cur"); return ;;
	--insulate) _vs2vz_reply < <(compgen -W "image: lv: device: none" -- "$cur"); return ;;
	--lv) _vs2vz_reply < <(compgen -W "$(vgs --noheadings -o vg_name 2>/dev/null)" -- "$cur"); return ;;
	--root) _vs2vz_reply < <(compgen -d -- "$cur"); return ;;
	-c|--config|--log|-o|--out|--plan)
		_vs2vz_reply < <(compgen -f -- "$cur"); return ;;
	--method) _vs2vz_reply < <(compgen -W "auto rename copy" -- "$cur"); return ;;
	--limits) _vs2vz_reply < <(compgen -W "guest sample" -- "$cur"); return ;;
	--verify) _vs2vz_reply < <(compgen -W "full quick" -- "$cur"); return ;;
	--color) _vs2vz_reply < <(compgen -W "auto always never" -- "$cur"); return ;;
	--format) _vs2vz_reply < <(compgen -W "text json html" -- "$cur"); return ;;
	--fixups) _vs2vz_reply < <(compgen -W "all none" -- "$cur"); return ;;
	esac
	if [ -z "$cmd" ] && [ "${cur#-}" = "$cur" ]; then
		_vs2vz_reply < <(compgen -W "$commands" -- "$cur")
	else
		_vs2vz_reply < <(compgen -W "$(_vs2vz_words "$cmd")" -- "$cur")
	fi
}
complete -F _vs2vz vs2vz
