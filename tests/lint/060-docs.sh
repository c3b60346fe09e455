#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Documents that are derived, or promise something, are true.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

[ -x "$VS2VZ" ] || skip_all "the program is not built"

run_check "rules --markdown" "$VS2VZ" rules --markdown
if [ -f docs/mapping.md ]; then
	same_files docs/mapping.md "$scratch/out" "docs/mapping.md is what 'vs2vz rules --markdown' prints"
else
	skip "docs/mapping.md" "not kept"
fi

bad=
for id in $(sed -n 's/^\tVS_[A-Z0-9_]*[[:blank:]]*= \([0-9]*\),.*/VS\1/p' vs2vz/model/finding_ids.h); do
	"$VS2VZ" explain "$id" >"$scratch/out" 2>&1 && [ "$(wc -l <"$scratch/out")" -ge 3 ] || bad="$bad $id"
done
is "$bad" "" "every finding can be explained"

for m in docs/*.[58]; do
	[ -f "$m" ] || continue
	if command -v mandoc >/dev/null; then
		ok "$m is clean" test -z "$(mandoc -T lint -W error "$m" 2>&1)"
	else
		skip "$m" "no mandoc"
	fi
done
"$VS2VZ" help >"$scratch/help" 2>&1
for c in scan check plan convert status resume undo commit insulate uninsulate verify explain \
		rules doctor report; do
	ok "help names $c" grep -qw "$c" "$scratch/help"
	ok "the manual names $c" grep -qw "$c" docs/vs2vz.8
	run_check "vs2vz $c --help" "$VS2VZ" "$c" --help
done
for n in 0 1 2 3 4 5 6 7 8 64 130; do
	ok "the manual explains exit status $n" grep -Eq "(^|[^0-9])$n([^0-9]|$)" docs/vs2vz.8
done
for t in $(sed -n 's/^\([a-z-]*\):.*##.*/\1/p' GNUmakefile | grep -E '^(check|demo|install)$'); do
	ok "README names make $t" grep -q "make $t" README.md
done
# Formats and versions as the sources have them: FORMAT-OF FILE DEFINE NAME-IN-THE-TABLE
version=$(sed -n 's/^version *:= *//p' GNUmakefile)
is "$(sed -n 's/^## //p' docs/NEWS.md | head -n 1)" "$version" "NEWS begins with this version"
is "$("$VS2VZ" --version)" "vs2vz $version" "and the program says it"
while IFS='|' read -r file define name; do
	value=$(sed -n "s/^#define $define *\"\{0,1\}\([0-9.]*\)\"\{0,1\}.*/\1/p" "$file")
	ok "docs/versions.md has $name $value" \
		test -n "$value" -a "$(awk -F ' *[|] *' -v n="$name" '$2 == n { print $3 }' docs/versions.md)" = "$value"
done <<'END'
vs2vz/step/plan.h|PLAN_FORMAT|plan
vs2vz/run/logfile.h|LOG_FORMAT|log
vs2vz/decide/recipe.h|RECIPE_FORMAT|recipes
vs2vz/report.h|REPORT_FORMAT|report (JSON)
vs2vz/before.h|BEFORE_FORMAT|facts before the reboot (JSON)
END
ok "the sample configuration is accepted" bash -c "
	mkdir -p '$scratch/r/etc' && cp conf-samples/vs2vz.conf '$scratch/r/etc/vs2vz.conf' &&
	'$VS2VZ' --root '$scratch/r' rules >/dev/null"
done_testing
