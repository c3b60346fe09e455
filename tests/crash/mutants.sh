#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Do the crash tests notice when a sync or a guard is missing? Each mutant is the
# program with one of them taken out; the campaign must fail for every one.
#
#	mutants.sh BUILD	BUILD holds libvs2vz.a; objects go to BUILD/mutants
#
# CC, CPPFLAGS, CFLAGS, LDLIBS as for the program; STEP and MUTANT (part of a name).
set -u
here=$(cd "$(dirname "$0")" && pwd)
mutants=mutants
: "${LDLIBS:=$(pkg-config --libs blkid com_err ext2fs mount libxxhash)}"
. "$here/mutants-lib.sh"
layer='fault fault_ext2 fault_look power power_block snapshot world world_image'
for f in crash-unit $layer; do
	$CC $CPPFLAGS $CFLAGS -c -o "$out/$f.o" "$here/$f.c" || exit 1
done
MARKS=		# marks and images have worlds of their own

link_mutant() {
	$CC $CFLAGS $("$here/wraps.sh") -o "$out/mutant" "$out/crash-unit.o" \
		$(printf "$out/%s.o " $layer) "$out/mutant.o" "$build/libvs2vz.a" $LDLIBS
}
passes() { WORLD=$MARKS FIRST=1 ONLY=$1 STEP=${STEP:-1} "$out/mutant"; }

mutant "log is not synced" run/logfile.c "power cut in" \
	's/if (sys_fsync(j->log) < 0)/if (0)/'
mutant "new journals are not synced" run/journal.c "power cut in convert" \
	's/if (sys_syncfs(state) < 0)/if (0)/'
mutant "the name of a new journal is not synced" run/journal.c "power cut in convert" \
	's/if (k < nr \&\& sync_dir(fds\[i\], err) < 0)/if (0)/'
mutant "a torn line of the log is refused" run/logfile.c "crash in" \
	's/^\t\t\tbreak;$/\t\t\treturn damaged(j, "is torn", err);/'
mutant "directories are not flushed" step/step.c "power cut in" \
	's/if ((whole ? sys_syncfs.*$/if (0)/'
mutant "a half-made link is not mended" step/kind_link.c "crash in undo" \
	's/mend(&f.spot.at, s, err) < 0)/(!f.there \&\& mend(\&f.spot.at, s, err) < 0))/'
mutant "a file that is not staged is not synced before its rename" step/kind_write.c "power cut in" \
	's/^\treturn work_sync_now(w, err);/\treturn 0;/'
mutant "staged files are not flushed before their renames" run/run.c "power cut in convert" \
	'/^static int stage_batch/,/^}/s/if (work_sync_now(w, err) < 0)/if (0)/'
mutant "a record is not synced" base/atomic.c "power cut in convert" \
	's/sys_fsync(f->fd) < 0)$/0)/'
mutant "no before-image" step/kind_write.c "crash in convert" \
	's/if (saved_write(w, s->nr, &t->image, err) < 0 ||/if (/;s/(saved_write(w, s->nr, &t.image, err) < 0 ||/(/'
mutant "an image is made again when flags are lifted" step/saved.c "resumed, then undo" \
	's/if (saved != SAVED_WHOLE || image.inode/if (1 || image.inode/'
mutant "the old inode does not come back" step/kind_write_undo.c "convert, then undo" \
	's/^\tif (old->held)$/\tif (0)/'
mutant "a cut step leaves the second name of the old inode" step/kind_write_undo.c "crash in convert, then undo" \
	's/if (target_holds_at(t) \&\&/if (0 \&\&/'
mutant "a lock comes before its name is on the disk" step/file.c "power cut in undo" \
	's/if (flags & META_LOCKS && sys_fsync(at->dirfd) < 0)/if (0)/'
mutant "leftovers stay" step/kind_write_undo.c "crash in convert" \
	's/if (file_clean(&content, &t.f.spot.at, err) < 0)/if (0)/'
mutant "leftovers of nodes stay" step/kind_node.c "crash in convert" \
	'/^static int node_undo/,/^}/s/if (temp_free(&temp, &f, &want, s, w, err) < 0)/if (0)/'
mutant "what was hidden and is back is taken for the step's own" step/kind_hide.c "crash in undo" \
	's/^\treturn is;/\treturn 0;/'
mutant "locks of what is hidden are not noted" step/kind_hide.c "crash in convert, then undo" \
	's/if (saved_write(w, s->nr, &image, err) < 0 || work_sync_now(w, err) < 0)/if (0)/'
mutant "locks of what is hidden are lifted before they are on the disk" step/kind_hide.c "power cut in" \
	's/if (saved_write(w, s->nr, &image, err) < 0 || work_sync_now(w, err) < 0)/if (saved_write(w, s->nr, \&image, err) < 0)/'
mutant "what is hidden is not flushed" step/kind_hide.c "power cut in" \
	's/work_sync_later(w, h.f.spot.at.dirfd);/;/'
mutant "a mode is not flushed" step/kind_mode.c "power cut in" \
	's/work_sync_later(w, fd);/;/'
mutant "a tree moves below a directory that is not on the disk" step/kind_move.c "power cut in" \
	's/if (work_sync_pending(w, m.to.spot.at.dirfd) &&/if (0 \&\&/'
mutant "a directory goes before what left it has arrived" step/kind_dir.c "power cut in" \
	's/return work_sync_pending(w, fd) ? work_sync_now(w, err) : 0;/return 0;/'
mutant "moves are not durable before steps inside" run/run.c "power cut in" \
	's/return (other->kind->moves \&\& reaches_into(s, other)) ||/return 0 \&\&/;s/(s->kind->moves \&\& reaches_into(other, s));/1;/'
mutant "a rename leaves its directories unflushed" step/kind_move.c "power cut in" \
	's/work_sync_later(w, [a-z]*->spot.at.dirfd);/;/'
mutant "a copy is renamed before it is settled" step/kind_copy.c "power cut in" \
	's/^\([ \t]*\)tree_settle(to, err) < 0)/\10)/'
mutant "a copy has no record" step/kind_copy.c "crash in convert" \
	's/if (made_write(s, w, fd, err) < 0)/if (0)/'
mutant "a copy goes away under its name" step/kind_copy.c "power cut in undo" \
	's/return sync_dir(c->part.dirfd, err);/return 0;/'
mutant "the record of a copy goes first" step/kind_copy.c "power cut in undo" \
	's/return sync_dir(c->part.dirfd, err) < 0 ? -1 : made_drop/return made_drop/'
mutant "undo skips the steps in doubt" run/logfile.c "in convert, then undo" \
	's/j->last = b + 1;/j->last = j->first;/'
MARKS=marks
mutant "the record of marks is not synced" step/marks_record.c "power cut in convert" \
	's/ || sys_fsync(y->fd) < 0)$/)/'
mutant "the record's name is not synced" step/marks_record.c "power cut in convert" \
	's/return rc < 0 ? -1 : sync_dir(w->folder, err);/return rc;/'
mutant "copies of shared inodes are not synced" step/marks_hold.c "power cut in convert" \
	's/if (sys_syncfs(h->fd) < 0)/if (0)/'
mutant "half-made copies are used" step/marks_hold.c "crash in convert" \
	's/h->complete = strcmp.*$/h->complete = true;/'
mutant "a repaired tree is not synced" step/kind_marks.c "power cut in convert" \
	's/return sys_syncfs(p->tree) < 0 ?/return 0 ?/'
mutant "set-id bits stay lost" step/marks_inode.c "crash in convert" \
	's/((st->st_mode ^ want->mode) \& 07777 ||/(0 ||/'
mutant "originals stay thawed" step/kind_marks.c "crash in commit" \
	's/if (again \&\& each_part(p, rescue_part, err) < 0)/if (0)/'
mutant "directories keep the time of the repair" step/kind_marks.c "crash in convert, then undo" \
	's/mtim.tv_nsec) : 0;/mtim.tv_nsec) : UINT64_MAX;/'
mutant "half an undo counts as converted" step/kind_marks.c "crash in undo, then resume" \
	's/if (end_undo(s, w, err) < 0)/if (0)/'
mutant "the record of marks goes before the undo is synced" step/kind_marks.c "power cut in undo" \
	's/return rc < 0 ? -1 : sync_tree(p, err);/return rc;/;s/empty_hold(p, err) < 0 || sync_tree(p, err) < 0 ||/empty_hold(p, err) < 0 ||/'
mutant "whatever has the name of the holding folder is that folder" step/marks_hold.c "convert" \
	's/^\tif (!S_ISDIR(st->st_mode) || h->made.inode)$/\tif (1)/;s/made_is(&h->made, at, st, err) : 0;/1 : 1;/'
MARKS=image
mutant "whose image it is is not noted" step/makefs_place.c "crash in convert, then undo" \
	's/if (!m->part_made \&\& made_write(m->s/if (0 \&\& made_write(m->s/'
mutant "a half-made image stands at its place" step/makefs_place.c "crash in convert, then resume" \
	's/^\tm->part_made = /\tstrcpy(m->part.name, m->file.spot.at.name); m->part.there = m->file.there; m->part.st = m->file.st;&/;s/if (sys_rename_new(&m->part.at, &m->file.spot.at) < 0)/if (0)/'
mutant "whatever has the name of an image in the making is that image" step/makefs_place.c "convert" \
	's/return S_ISREG(st->st_mode) \&\& !st->st_size.*$/return 1;/'
mutant "a mount point stays locked" step/kind_mountpoint.c "crash in convert, then undo" \
	's/if (set_immutable(fd, false) < 0 || sys_rmdir/if (sys_rmdir/'
mutant "a mount point loses its time" step/kind_mountpoint.c "crash in convert, then undo" \
	's/times\[1\] = \*mtime;/times[1].tv_nsec = UTIME_OMIT;/'
mutant "the name of an image is not synced" step/makefs_place.c "power cut in convert" \
	's/return sync_dir(m->part.at.dirfd, err);/return 0;/'
mutants_end
