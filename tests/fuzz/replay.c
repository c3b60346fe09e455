/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands where libFuzzer's main would: feeds a fuzz target with the stored inputs and
 * with a fixed number of repeatable mutations of them, so that every build of the
 * tests runs the targets with any compiler. Prints TAP.
 *
 *	replay_fuzz_words [FILE...]	default: tests/fuzz/corpus/NAME/ of the program's name
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536
#define MUTATIONS 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t seed = 88172645463325252u;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static size_t mutate(uint8_t *data, size_t size)
{
	static const char bytes[] = "\0\n\r\t =%|\"'\\$`#/.:-\xff\x80" "0A";

	for (unsigned n = 1 + next_random() % 6; n; n--) {
		size_t at = size ? next_random() % size : 0;

		switch (next_random() % 4) {
		case 0:
			if (size)
				data[at] = (uint8_t)next_random();
			break;
		case 1:
			if (size)
				data[at] = (uint8_t)bytes[next_random() % (sizeof(bytes) - 1)];
			break;
		case 2:
			size = at;
			break;
		default:
			if (size * 2 < INPUT_MAX && size) {
				memmove(data + at + size / 2, data + at, size - at);
				size += size / 2;
			}
		}
	}
	return size;
}

/* A copy of exact size, so that the sanitizer sees every byte beyond it. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static int replay(const char *path)
{
	static uint8_t original[INPUT_MAX], work[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t size;

	if (!f)
		return -1;
	size = fread(original, 1, sizeof(original), f);
	fclose(f);
	feed(original, size);
	for (unsigned i = 0; i < MUTATIONS; i++) {
		memcpy(work, original, size);
		feed(work, mutate(work, size));
	}
	return 0;
}

static int replay_folder(const char *folder, int nr)
{
	char path[5000];
	struct dirent *e;
	DIR *dir = opendir(folder);

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		printf("%sok %d - %s\n", replay(path) < 0 ? "not " : "", ++nr, e->d_name);
		fflush(stdout);
	}
	if (dir)
		closedir(dir);
	return nr;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	char folder[4096];
	int nr = 0;

	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s",
		 strncmp(name, "replay_", 7) ? name : name + 7);
	if (argc == 1)
		nr = replay_folder(folder, 0);
	for (int i = 1; i < argc; i++)
		printf("%sok %d - %s\n", replay(argv[i]) < 0 ? "not " : "", ++nr, argv[i]);
	printf("1..%d\n", nr);
	return nr ? 0 : 1;
}
