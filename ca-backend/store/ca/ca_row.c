/* Rows of CAs: new ones, completed ones, changed settings. See ca_row.h. */
#include "ca_change.h"
#include "ca_json.h"
#include "ca_row.h"

int
store_create_ca(struct store *s, const struct requester *who, const struct store_new_ca *n,
    int64_t *id, struct gh_error *err)
{
	const struct ca *ca = n->ca;
	const struct ca_new_row row = {.ca = ca,
	    .parent_name = n->parent != NULL ? n->parent->name : NULL,
	    .subject = ca->issuer_dn};
	struct ca_change c;
	int rc;

	*id = 0;
	if (ca->cert == NULL)
		return gh_fail(err, GH_E_INTERNAL, "CA without certificate");
	rc = ca_change_begin(&c, s, who, n->parent, NULL, NULL, err);
	if (rc == 0)
		rc = ca_change_insert(&c, &row, id, err);
	if (rc == 0 && n->parent != NULL)
		rc = ca_change_add_issued(s, who, n->parent, ca->chain.cert[0].der,
		    ca->chain.cert[0].len, err);
	if (rc == 0)
		rc = store_audit_change(s, who, n->event, ca->name, ca->issuer_dn, err);
	if ((rc = ca_change_finish(&c, rc, err)) != 0)
		*id = 0;
	return rc;
}

int
store_create_pending_ca(struct store *s, const struct requester *who, const struct ca *ca,
    const char *subject, const unsigned char *csr, size_t csr_len, int64_t *id,
    struct gh_error *err)
{
	const struct ca_new_row row = {.ca = ca,
	    .subject = subject,
	    .csr = csr,
	    .csr_len = csr_len};
	struct ca_change c;
	int rc;

	*id = 0;
	rc = ca_change_begin(&c, s, who, NULL, NULL, NULL, err);
	if (rc == 0)
		rc = ca_change_insert(&c, &row, id, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.csr-made", ca->name, subject, err);
	if ((rc = ca_change_finish(&c, rc, err)) != 0)
		*id = 0;
	return rc;
}

int
store_ca_csr_made(struct store *s, const struct requester *who, const struct ca *ca,
    struct gh_error *err)
{
	return store_audit_change(s, who, "ca.csr-made", ca->name, "for the present key", err);
}

int
store_complete_ca(struct store *s, const struct requester *who, const struct ca *read,
    const struct ca *done, const struct ca *parent, struct gh_error *err)
{
	struct ca_change c;
	int rc = ca_change_begin(&c, s, who, parent, read, ca_is_pending, err);

	if (rc == 0)
		rc = ca_change_put_certificate(&c, read->id, done,
		    parent != NULL ? parent->name : NULL, err);
	if (rc == 0 && parent != NULL)
		rc = ca_change_add_issued(s, who, parent, done->chain.cert[0].der,
		    done->chain.cert[0].len, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.completed", read->name, done->issuer_dn, err);
	return ca_change_finish(&c, rc, err);
}

static int
put_settings(struct ca_change *c, const struct ca *wanted, struct gh_error *err)
{
	gh_json *row;
	int rc = ca_change_content(c, wanted->id, &row, err);

	return rc != 0
	    ? rc
	    : ca_change_put(c, GRANT_CA, row,
		  ca_json_set_settings(row, wanted) |
		      ca_json_set_bytes(row, "sealed", wanted->sealed, wanted->sealed_len),
		  err);
}

int
store_set_ca(struct store *s, const struct requester *who, const struct ca *read,
    const struct ca *wanted, const char *detail, struct gh_error *err)
{
	struct ca_change c;
	int rc = ca_change_begin(&c, s, who, NULL, read, ca_is_not_retired, err);

	if (rc == 0)
		rc = put_settings(&c, wanted, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.policy-changed", read->name, detail, err);
	return ca_change_finish(&c, rc, err);
}
