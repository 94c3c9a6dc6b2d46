/* The certificate of an archived key. See key_certificate.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cert_parts.h"
#include "json_row.h"

#include "key_certificate.h"

void
key_certificate_clear(struct key_certificate *c)
{
	free(c->der.p);
	memset(c, 0, sizeof(*c));
}

static int
read_row(const gh_json *row, struct key_certificate *out, struct gh_error *err)
{
	struct cert_parts parts;
	int rc = gh_json_row_base64(gh_json_get(row, "der"), "certificate", &out->der.p,
	    &out->der.len, err);

	if (rc != 0)
		return rc;
	if (gh_json_int(gh_json_get(row, "ca_id"), &out->ca_id) && out->ca_id < 0)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "The certificate was issued elsewhere: no keys are kept for it.");
	if (!gh_json_int(gh_json_get(row, "ca_id"), &out->ca_id) ||
	    !cert_parts_read(out->der.p, out->der.len, &parts))
		return gh_fail(err, GH_E_DB, "certificate in the inventory");
	out->spki = parts.spki;
	return 0;
}

int
key_certificate_get(struct kra_means *m, int64_t id, struct key_certificate *out,
    struct gh_error *err)
{
	char text[24];
	gh_json *row;
	int rc;

	memset(out, 0, sizeof(*out));
	snprintf(text, sizeof(text), "%lld", (long long)id);
	rc = store_get_cert(m->store, text, &row, err);
	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, rc, "There is no such certificate.");
	if (rc != 0)
		return rc;
	if ((rc = read_row(row, out, err)) != 0)
		key_certificate_clear(out);
	gh_json_free(row);
	return rc;
}
