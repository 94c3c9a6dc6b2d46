/* Sightings. See scan_record.h. */
#include <stdio.h>

#include "store/inventory/endpoint_row.h"
#include "utf8.h"

#include "scan_record.h"

#define ERROR_SIZE 400

_Static_assert(STORE_SIGHTING_CHAIN_MAX >= CERT_CHAIN_MAX - 1, "a chain has room");

/* *why: of its own certificate. The others of the chain may be what they like. */
static int
take_chain(const struct cert_import *in, const struct scan_result *r, struct store_sighting *g,
    char why[ERROR_SIZE], struct gh_error *err)
{
	for (size_t i = 0; i < r->chain.n; i++) {
		const struct gh_der der = {r->chain.cert[i].der, r->chain.cert[i].len};
		struct gh_error refusal;
		int64_t id;
		int rc = cert_import_one(in, &der, &id, &refusal);

		if (rc != 0 && !cert_import_is_refusal(rc)) {
			*err = refusal;
			return rc;
		}
		if (i > 0)
			g->chain[g->chain_n++] = id;
		else if (rc != 0)
			snprintf(why, ERROR_SIZE, "its certificate is not taken: %s",
			    refusal.message);
		else
			g->certificate_id = id;
	}
	return 0;
}

int
scan_record(const struct cert_import *in, const struct scan_target *t, const struct scan_result *r,
    struct scan_counts *counts, struct gh_error *err)
{
	char why[ERROR_SIZE] = "";
	struct store_sighting g = {.host = t->host,
	    .port = t->port,
	    .start = scan_start_name(t->start),
	    .sni = t->sni,
	    .chain_more = r->more,
	    .verify = r->verify,
	    .ended_process = r->ended_process,
	    .stood_still = r->stood_still};
	bool changed = false;
	int rc;

	snprintf(why, sizeof(why), "%s", r->error);
	if ((rc = take_chain(in, r, &g, why, err)) != 0)
		return rc;
	gh_utf8_clean(why);
	g.error = *why != '\0' ? why : NULL;
	if ((rc = store_note_sighting(in->store, in->who, &g, &changed, err)) != 0)
		return rc;
	counts->served += g.certificate_id != 0;
	counts->failed += g.certificate_id == 0;
	counts->changed += changed;
	counts->ended_process += r->ended_process;
	return 0;
}
