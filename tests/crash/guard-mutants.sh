#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Does tests/fs/600-last-copy.sh notice when a guard of the last copy is missing? Each
# mutant is the whole program with one of them taken out; the section named must fail.
#
#	guard-mutants.sh BUILD	BUILD holds libvs2vz.a, main.o and tests; root
#
# CC, CPPFLAGS, CFLAGS, LDLIBS as for the program; MUTANT (part of a name).
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ "$(id -u)" != 0 ]; then
	[ -n "${CI:-}" ] || { echo "1..0 # SKIP needs root"; exit 0; }
	printf '1..1\nnot ok 1 - needs root\n'
	exit 1
fi
mutants=guard-mutants
: "${LDLIBS:=$(pkg-config --libs blkid com_err ext2fs libconfuse libcap jansson mount libxxhash)}"
. "$here/mutants-lib.sh"

link_mutant() {
	$CC $CFLAGS -o "$out/vs2vz" "$build/obj/vs2vz/main.o" "$out/mutant.o" \
		"$build/libvs2vz.a" $LDLIBS
}
passes() {
	LAST_COPY=$1 VS2VZ=$out/vs2vz VS2VZ_BUILD=$build MANIFEST=$build/tests/manifest \
		"$top/tests/fs/600-last-copy.sh"
}

mutant "steps are not asked before a commit" run/run.c renamed \
	's/if (s->kind->may_finish \&\& s->kind->may_finish(s, w, err) < 0)/if (0)/'
mutant "late writes do not count" step/last_copy.c late \
	's/if (!l->nr_late || l->w->source == SOURCE_GOES_ALL)/if (1)/'
mutant "times of the record alone tell late writes" step/last_copy.c clock \
	's/if (l->w->resumes || step_get(l->made, "volume"))/if (1)/'
mutant "the source is not walked again when it is set aside" step/kind_move.c meanwhile \
	's/return move_apply(s, w, err) < 0 ? -1 : last_copy_settle(s, w, err);/return move_apply(s, w, err);/'
mutant "a copy is not looked for" step/kind_copy.c source \
	's/\.may_finish = copy_may_finish,/.may_finish = NULL,/'
mutant "whatever stands at the copy's place is the copy" step/kind_copy.c place \
	'/^int copy_open/,/^}/s/if (!to_ours(&c))/if (0)/'
mutant "a renamed tree is not looked for" step/kind_move.c renamed \
	's/return m.to_ours ? 0 : fail_code/return 1 ? 0 : fail_code/'
mutant "a container without configuration is committed" back.c place \
	's/if (!r->ctid || layout_container(&known, r->ctid))/if (1)/'
mutant "contents of the copy are not compared" step/last_copy.c damaged \
	'/^static int judge_pair/,/^}/s/what = same ? NULL : "content";/what = NULL;/'
mutant "a name that the copy lost counts as the container's" step/last_copy.c damaged \
	's/return damaged(l, dir, e->name, "missing", err);/return 0;/'
mutant "a container's file system is not looked for" step/kind_makefs.c source \
	's/\.may_finish = makefs_may_finish,/.may_finish = NULL,/'
mutant "a copy goes though its source is not seen" step/kind_copy.c source \
	's/if ((to_ours(&c) || part_ours(&c)) && last_copy_source/if (0 \&\& last_copy_source/;s/(w->changed == CHANGED_DISCARD \&\& !w->complete))/w->changed == CHANGED_DISCARD)/'
mutant "a copy that is not there is as good as none" step/kind_copy.c away \
	's/if (!to_ours(&c) && w->complete && w->changed != CHANGED_DISCARD)/if (0)/'
mutant "who works in the source does not hinder" back.c busy \
	's/return source_in_use(s, r);/return false;/'
mutant "what is given up is not named" step/changes.c given \
	's/if (c->w->changed == CHANGED_DISCARD) {/if (0) {/;s/if (c->nr++ >= SHOWN_MAX)/if (1)/'
mutant "a resumed commit forgets that the source stays" run/run.c resume \
	'/^static int policy_recall/,/^}/s/if (w->source != SOURCE_GOES)/if (1)/'
mutant "an emptied copy is a copy" step/last_copy_life.c emptied \
	's/if (a->gone > a->known \/ 2)/if (0)/'
mutant "another tree in its place is a copy" step/last_copy_life.c restored \
	's/if (a->dirs_other > a->dirs \/ 2)/if (0)/'
mutant "what is gone before the first start is the container's doing" step/last_copy_life.c robbed \
	's/if (!commits || !a->odd || a->written)/if (1)/'
mutant "files put back are the container's" step/last_copy_life.c robbed \
	's/\*odd = other || (\*what/*odd = !now || (*what/'
mutant "older content in a file is the container's" step/last_copy_life.c robbed \
	's/return S_ISREG(now->st_mode) && !is_newer/return 0 \&\& !is_newer/'
mutant "files that only the copy has do not tell that a container ran" step/last_copy_life.c robbed \
	's/if (look_for_new(l, err) < 0)/if (0)/'
mutant "originals that were held back go though somebody wrote to them" step/kind_marks.c held \
	's/if (!l.late || w->source == SOURCE_GOES_ALL)/if (1)/'
mutant "what is in the folder of originals and is none goes" step/kind_marks.c held \
	'/^static int look_at_held/,/^}/s/if (!name->original)/if (0)/'
mutant "a file system marked with errors is as good as any" step/kind_makefs.c unhealthy \
	's/if (facts\.errors)/if (0)/'
mutant "a container's file system is not checked" step/kind_makefs.c unhealthy \
	's/return check_volume(m, m->at, "the file system", err);/return 0;/'
mutant "a disk marked with errors holds the copy" step/kind_copy.c unhealthy \
	's/if (rc == 0 \&\& fs\.facts\.errors)/if (0)/'
mutants_end
