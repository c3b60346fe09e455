/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors 0, 1 and 2. A caller that closed one (`vs2vz ... >&-`) would have the first
 * file that we open take its number: results and messages would then be written into it.
 */
#ifndef VS2VZ_BASE_STD_H
#define VS2VZ_BASE_STD_H

/*
 * Those of the three that are closed are opened on the directory "/", where every read and
 * write fails. Call it before anything else is opened.
 */
void std_occupy(void);

#endif
