/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What conditions and edits there are, and what each takes: docs/fixups.md as a table.
 */
#include "decide/fix_inside.h"

const struct verb condition_verbs[] = {
	{ "distro", 1, "from below", NULL, false, false, fix_distro, NULL },
	{ "init", 1, NULL, NULL, false, false, fix_init, NULL },
	{ "arch", 1, NULL, NULL, false, false, fix_arch, NULL },
	{ "kernel", 0, "from below", NULL, false, false, fix_kernel, NULL },
	{ "vz7", 0, NULL, NULL, false, false, fix_vz7, NULL },
	{ "exists", 1, "type", NULL, false, true, fix_exists, NULL },
	{ "absent", 1, NULL, NULL, false, true, fix_absent, NULL },
	{ "executable", 1, NULL, NULL, false, true, fix_executable, NULL },
	{ "empty", 1, NULL, NULL, false, true, fix_empty, NULL },
	{ "mode", 1, "is!", NULL, false, true, fix_mode_is, NULL },
	{ "link", 1, "target", NULL, false, true, fix_link_is, NULL },
	{ "node", 1, "type! major minor", NULL, false, true, fix_node_is, NULL },
	{ "line", 1, "match any fill", "|", true, true, fix_line, NULL },
	{ "text", 1, NULL, "|", true, true, fix_text, NULL },
	{ "all-commented", 1, NULL, NULL, false, true, fix_all_commented, NULL },
	{ "item", 1, "is has", NULL, false, false, fix_item, NULL },
	{ "value", 1, NULL, NULL, false, false, fix_value_known, NULL },
	{ "running", 1, NULL, NULL, false, false, fix_running, NULL },
	{ "service", 1, "state", NULL, false, false, fix_service, NULL },
	{ "name", 1, NULL, NULL, false, false, fix_name, NULL },
	{ "ran", 1, NULL, NULL, false, false, fix_ran, NULL },
	{ NULL, 0, NULL, NULL, false, false, NULL, NULL },
};

const struct verb change_verbs[] = {
	{ "comment", 1, "match", "|!", true, true, NULL, fix_comment },
	{ "uncomment", 1, "match", "|!", true, true, NULL, fix_uncomment },
	{ "restore", 1, NULL, NULL, false, true, NULL, fix_restore },
	{ "drop", 1, "match", "|!", true, true, NULL, fix_drop },
	{ "replace", 1, NULL, "|>", true, true, NULL, fix_replace },
	{ "substitute", 1, NULL, "|>", true, true, NULL, fix_substitute },
	{ "append", 1, "create fill", "|", true, true, NULL, fix_append },
	{ "insert", 1, "place! match fill", ">|!", true, true, NULL, fix_insert },
	{ "set", 1, "key! value! style section create fill", NULL, false, true, NULL, fix_set },
	{ "unset", 1, "key! style section", NULL, false, true, NULL, fix_unset },
	{ "text", 1, "mode fill", "|", true, true, NULL, fix_write },
	{ "link", 1, "target!", NULL, false, true, NULL, fix_link },
	{ "remove", 1, NULL, NULL, false, true, NULL, fix_remove },
	{ "rename", 1, "to!", NULL, false, true, NULL, fix_rename },
	{ "node", 1, "type! major minor mode! owner", NULL, false, true, NULL, fix_node },
	{ "mkdir", 1, "mode owner", NULL, false, true, NULL, fix_mkdir },
	{ "mode", 1, "is!", NULL, false, true, NULL, fix_mode },
	{ "services", 2, "level", NULL, false, false, NULL, fix_services },
	{ "override", 1, NULL, NULL, false, false, NULL, fix_override },
	{ "mask", 1, NULL, NULL, false, false, NULL, fix_mask },
	{ "unmask", 1, NULL, NULL, false, false, NULL, fix_unmask },
	{ "say", 1, NULL, "|", true, false, NULL, fix_say },
	{ NULL, 0, NULL, NULL, false, false, NULL, NULL },
};
