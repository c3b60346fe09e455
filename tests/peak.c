/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command, and says how much memory it took:
 *
 *	peak FILE COMMAND [ARGUMENT...]
 *
 * FILE gets the largest resident memory of the command and of what it waited for, in KiB,
 * one number. The status is the command's; 127: it was not run; 128 and a signal's number.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	pid_t child;
	FILE *out;

	if (argc < 3) {
		fprintf(stderr, "usage: peak FILE COMMAND [ARGUMENT...]\n");
		return 127;
	}
	child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &used) < 0) {
		perror("peak");
		return 127;
	}
	out = fopen(argv[1], "w");
	if (!out || fprintf(out, "%ld\n", used.ru_maxrss) < 0 || fclose(out) != 0) {
		perror(argv[1]);
		return 127;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
