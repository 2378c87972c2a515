/* SPDX-License-Identifier: MIT */
/* luks_device - see luks_device.h. */
#include "unlock/luks_device.h"
#include "device/find.h"

enum cause luks_device_open(struct luks_device *d, const char *spec, struct error *err)
{
	d->detached.fd = -1;
	d->place = (struct place){.device = &d->data};
	return find_open(spec, &d->data, err);
}

enum cause luks_device_open_header(struct luks_device *d, const char *spec, struct error *err)
{
	enum cause cause = spec ? find_open(spec, &d->detached, err) : CAUSE_OK;

	if (spec && !cause)
		d->place.header = &d->detached;
	return cause;
}

enum cause luks_device_load(struct luks_device *d, struct error *err)
{
	return place_load(&d->place, &d->luks, &d->report, err);
}

void luks_device_close(struct luks_device *d)
{
	blkdev_close(&d->data);
	blkdev_close(&d->detached);
}

const struct blkdev *luks_device_header(const struct luks_device *d)
{
	return place_header(&d->place);
}
