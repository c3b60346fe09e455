/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample of every guest: the one that was chosen for it, or the common one. All are
 * read and checked before anything is decided; the text of the one in hand is kept.
 */
#include <string.h>

#include "decide/inside.h"

struct sample_of_guest {
	const char *name;
	const char *path;	/* NULL: built in */
	const char *why;	/* it cannot be used; NULL */
};

static const char *wanted_for(const struct deciding *d, const struct guest *guest)
{
	const struct answer *answer = answer_of(d->choices, guest->name);

	return answer && answer->sample ? answer->sample : d->choices->sample;
}

static int take(struct deciding *d, const struct sample_of_guest *sample, struct err *err)
{
	bool here = d->sample_name && strcmp(d->sample_name, sample->name) == 0;

	d->sample_name = sample->name;
	d->sample_path = sample->path;
	if (here)
		return 0;
	if (sample_read(&d->sample, d->root, sample->path, err) < 0) {
		d->sample_name = NULL;
		return -1;
	}
	d->sample_conf = (struct conf){ 0 };
	if (d->taker)
		pool_release(&d->sample_pool);
	conf_parse(&d->sample_conf, d->sample.data, d->sample.len,
		   d->taker ? &d->sample_pool : d->keep);
	return 0;
}

static int find_common(struct deciding *d, struct sample_of_guest *common, struct err *err)
{
	if (sample_find(&common->name, &common->path, d->host, d->root, d->choices->sample,
			d->pool, err) < 0 || take(d, common, err) < 0)
		return -1;
	if (!common->path)
		finding_add(d->findings, VS_NO_SAMPLE, NULL, d->host->conf_dir,
			    "no ve-vps.basic.conf-sample or ve-basic.conf-sample; '%s' is built in",
			    show(common->name));
	return 0;
}

int samples_read(struct deciding *d, struct err *err)
{
	struct sample_of_guest common = { 0 };

	if (find_common(d, &common, err) < 0)
		return -1;
	d->samples = pool_array(d->pool, d->out->nr + 1, sizeof(*d->samples));
	for (size_t i = 0; i < d->out->nr; i++) {
		const struct guest *guest = d->out->v[i].guest;
		const char *wanted = wanted_for(d, guest);
		struct sample_of_guest *sample = &d->samples[i];

		*sample = common;
		if (wanted == d->choices->sample)
			continue;
		/* A sample of one guest that is not there is no matter of the others. */
		if (sample_find(&sample->name, &sample->path, d->host, d->root, wanted, d->pool,
				err) < 0 || take(d, sample, err) < 0) {
			sample->why = pool_strdup(d->pool, err->text);
			err_clear(err);
		}
	}
	return 0;
}

int sample_use(struct deciding *d, const struct decision *decision, struct err *err)
{
	const struct sample_of_guest *sample = &d->samples[decision - d->out->v];

	return sample->why ? fail(err, "%s", sample->why) : take(d, sample, err);
}
