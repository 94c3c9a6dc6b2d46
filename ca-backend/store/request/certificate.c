/* The row of a certificate: what the inventory is searched by, taken from the leaf. */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "dn_print.h"
#include "formats/cert_parts.h"
#include "formats/foreign_cert.h"
#include "formats/names_text.h"
#include "issuing/cdp.h"
#include "store/store_private.h"
#include "utf8.h"

#include "cert_row.h"

#define CERT_COLUMNS_N 11

static void
put_digest(struct store_params *p, enum gh_hash hash, const void *der, size_t len)
{
	char *sum = malloc(GH_DIGEST_MAX);

	p->failed |= sum == NULL || !gh_digest(hash, der, len, (unsigned char *)sum);
	store_put_bytes(p, sum, gh_digest_size(hash));
	p->owned[p->n - 1] = sum;
}

static void
put_subject(struct store_params *p, const struct gh_der *name)
{
	char *text = gh_dn_print(name->p, name->len, true);

	p->failed |= text == NULL;
	if (text != NULL)
		text[gh_utf8_cut(text, strlen(text), CERT_SUBJECT_MAX)] = '\0';
	store_put_text(p, text);
	if (p->owned[p->n - 1] == NULL)
		p->owned[p->n - 1] = text;
	else
		free(text); /* it was not UTF-8, and copied */
}

/* The first ones; cut, between two UTF-8 characters, where they are too long for the GIN index,
 * which takes entries up to about 2700 bytes. */
static gh_json *
indexed_names(const struct gh_der *san)
{
	gh_json *all = ca_san_json_der(san->p, san->len), *list = gh_json_new_array();
	char cut[CERT_NAME_MAX + 1];

	for (size_t i = 0; list != NULL && i < gh_json_size(all) && i < CERT_NAMES_MAX; i++) {
		const char *s = gh_json_string(gh_json_at(all, i));
		size_t n = s != NULL ? gh_utf8_cut(s, strlen(s), CERT_NAME_MAX) : 0;

		memcpy(cut, s != NULL ? s : "", n);
		cut[n] = '\0';
		if (gh_json_append(list, gh_json_new_string(cut)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	if (all == NULL) {
		gh_json_free(list);
		list = NULL;
	}
	gh_json_free(all);
	return list;
}

static void
put_names(struct store_params *p, const struct gh_der *san)
{
	gh_json *list = indexed_names(san);

	p->failed |= list == NULL;
	store_put_texts(p, list);
	gh_json_free(list);
}

/* As the signer makes them: filled up with zeros to SERIAL_BYTES. */
static void
put_own_serial(struct store_params *p, const struct gh_der *serial)
{
	size_t sign = serial->len > 1 && serial->p[0] == 0, len = serial->len - sign,
	       zeros = len < SERIAL_BYTES ? SERIAL_BYTES - len : 0;
	unsigned char *b = calloc(1, zeros + len);

	p->failed |= b == NULL || (serial->p[0] & 0x80) != 0;
	if (b != NULL)
		memcpy(b + zeros, serial->p + sign, len);
	store_put_bytes(p, b, zeros + len);
	p->owned[p->n - 1] = (char *)b;
}

/* shard: the one whose CRL the certificate names. */
static void
put_shard(struct store_params *p, const struct store_new_cert *c, const struct gh_der *spki)
{
	int shard = c->is_unsharded ? CDP_NO_SHARD : cdp_shard(c->ca, spki->p, spki->len);

	if (shard == CDP_NO_SHARD)
		store_put_text(p, NULL);
	else
		store_put_int(p, shard);
}

void
store_put_content(struct store_params *p, const struct cert_parts *parts, const struct gh_der *cert)
{
	put_subject(p, &parts->subject);
	put_names(p, &parts->san);
	store_put_int(p, parts->not_before);
	store_put_int(p, parts->not_after);
	put_digest(p, GH_SHA1, cert->p, cert->len);
	put_digest(p, GH_SHA256, cert->p, cert->len);
	put_digest(p, GH_SHA256, parts->spki.p, parts->spki.len);
	store_put_bytes(p, cert->p, cert->len);
}

/* STORE_CERT_COLUMNS as parameters, all null for NULL. */
static int
put_cert(struct store_params *p, const struct store_new_cert *c, struct gh_error *err)
{
	struct cert_parts parts;

	if (c == NULL) {
		for (int i = 0; i < CERT_COLUMNS_N; i++)
			store_put_text(p, NULL);
		return 0;
	}
	if (!cert_parts_read(c->der, c->len, &parts))
		return gh_fail(err, GH_E_INTERNAL, "the leaf is no certificate");
	store_put_int(p, c->ca->id);
	put_own_serial(p, &parts.serial);
	store_put_content(p, &parts, &(struct gh_der){c->der, c->len});
	put_shard(p, c, &parts.spki);
	return p->failed ? gh_fail(err, GH_E_INTERNAL, "certificate row") : 0;
}

int
store_put_issued(struct store_params *p, const struct store_decision *d,
    const struct enroll_outcome *out, struct gh_error *err)
{
	struct store_new_cert c = {.ca = d->ca};

	if (out->disposition != DB_DISP_ISSUED)
		return put_cert(p, NULL, err);
	if (out->chain.n == 0 || d->ca == NULL)
		return gh_fail(err, GH_E_INTERNAL, "issued without certificate or CA");
	c.der = out->chain.cert[0].der;
	c.len = out->chain.cert[0].len;
	return put_cert(p, &c, err);
}

int
store_new_cert(struct store *s, const struct requester *who, const struct store_new_cert *c,
    int64_t *id, struct gh_error *err)
{
	/* $1-$6 actor, $7 event, $8 requester, $9-$19 certificate */
	static const struct store_statement st = {"certificate_add",
	    "WITH c AS (INSERT INTO certificate (" STORE_CERT_COLUMNS
	    ", request_id, requester, status) "
	    "  VALUES ($9, $10, $11, $12::text[], to_timestamp($13::bigint), to_timestamp($14::bigint), $15, "
	    "    $16, $17, $18, $19::int, 0, $8, 20) RETURNING id, subject, serial), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT $7, 'success', subject, $1, $2::int, $3, $4, $5, "
	    "    COALESCE($6, hex_upper(serial)) FROM c WHERE $7::text IS NOT NULL) "
	    "SELECT id FROM c"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*id = 0;
	store_put_actor(&p, who, NULL, c->detail);
	store_put_text(&p, c->event);
	store_put_text(&p, c->requester);
	if ((rc = put_cert(&p, c, err)) == 0 && (rc = store_run(s, &st, &p, &res, err)) == 0)
		*id = store_int(res, 0, 0);
	store_params_clear(&p);
	PQclear(res);
	return rc;
}
