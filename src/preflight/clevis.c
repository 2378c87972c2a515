/* SPDX-License-Identifier: MIT */
/* clevis - see clevis.h. */
#include "preflight/clevis.h"
#include "base/folder.h"
#include "base/text.h"
#include "network/ip_option.h"
#include "token/clevis/pin.h"
#include <unistd.h>

#define CARDS "/sys/class/net"

enum { CMDLINE_BYTES = 4096 }; /* more than kernels take on most machines */

static struct pins pins;

static unsigned children_of(unsigned i)
{
	unsigned n = 0;

	for (unsigned child = i + 1; child < pins.count; child++)
		n += pins.at[child].parent == (int)i;
	return n;
}

static void say_pin(unsigned i, const char *where, const char *what, struct findings *f)
{
	const struct pin *pin = &pins.at[i];
	char url[URL_MAX_CHARS * 4 + 1];

	switch (pin->kind) {
	case PIN_TANG:
		text_escape(url, sizeof(url), pin->url.text);
		findings_add(f, WEIGHT_NOTE, CAUSE_OK, where, "%s: tang server %s, key %s", what, url,
			pin->kid);
		break;
	case PIN_SSS:
		findings_add(f, WEIGHT_NOTE, CAUSE_OK, where, "%s: sss: %u of its pins must answer, of %u",
			what, pin->threshold, children_of(i));
		break;
	case PIN_OTHER:
		findings_add(f, WEIGHT_WARNING, pin->why.cause, where, "%s: pin %s cannot be used: %s", what,
			pin->name, pin->why.text);
		break;
	}
}

/* One card with a driver in the image, or in the kernel, will do. */
static void judge_cards(const struct machine *m, const char *where, const char *what, struct findings *f)
{
	char module[64], missing[64] = "", path[128];
	struct folder cards;
	const char *card;

	if (!m->image->given || !folder_open(&cards, CARDS))
		return;
	while ((card = folder_next(&cards))) {
		text_format(path, sizeof(path), CARDS "/%s/device", card);
		if (access(path, F_OK))
			continue; /* lo, a bridge */
		text_format(path, sizeof(path), CARDS "/%s/phy80211", card);
		if (!access(path, F_OK))
			continue; /* Wi-Fi is not supported */
		text_format(path, sizeof(path), CARDS "/%s", card);
		if (image_has_driver(m->image, path, module, sizeof(module))) {
			folder_close(&cards);
			return;
		}
		text_format(missing, sizeof(missing), "%s", module);
	}
	folder_close(&cards);
	if (*missing)
		findings_add(f, WEIGHT_WARNING, CAUSE_KERNEL, where,
			"%s needs the driver of a network card, and %s is missing from the image", what,
			missing);
}

static void judge_ip_option(const struct machine *m, const char *where, const char *what, struct findings *f)
{
	char cmdline[CMDLINE_BYTES], escaped[CMDLINE_BYTES];
	struct ip_option option;
	const char *wrong;

	text_format(cmdline, sizeof(cmdline), "%s", m->cmdline ? m->cmdline : "");
	wrong = ip_option_read(cmdline, &option);
	if (!wrong)
		return;
	text_escape(escaped, sizeof(escaped), wrong);
	findings_add(f, WEIGHT_WARNING, CAUSE_UNSUPPORTED, where,
		"%s: /lib/latchkey/network does not support ip=%s: something else must configure the network "
		"at boot",
		what, escaped);
}

static void judge_network(const struct machine *m, const char *where, const char *what, struct findings *f)
{
	static const char program[] = "/lib/latchkey/network";

	if (m->image->given && !m->image->has_files)
		return;
	if (machine_has_file(m, program))
		judge_ip_option(m, where, what, f);
	else
		findings_add(f, WEIGHT_WARNING, CAUSE_DEVICE, where,
			"%s: there is no %s %s: something else must configure the network at boot", what,
			program, m->image->given ? "in the image" : "here");
}

void clevis_judge(const char *text, size_t len, const struct machine *m, const char *where, const char *what,
	struct findings *f)
{
	struct error err;

	if (pins_read(text, len, &pins, &err)) {
		findings_add(f, WEIGHT_WARNING, err.cause, where, "%s: %s", what, err.text);
		return;
	}
	for (unsigned i = 0; i < pins.count; i++)
		say_pin(i, where, what, f);
	if (!pin_can_give(&pins, 0))
		findings_add(f, WEIGHT_WARNING, CAUSE_UNSUPPORTED, where,
			"%s: too few of its pins can be used: the passphrase is needed", what);
	judge_network(m, where, what, f);
	judge_cards(m, where, what, f);
}
