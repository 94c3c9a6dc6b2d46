/* The user of a client certificate: found by the certified name, and then held against what cannot
 * be written. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/status/revocation.h"

#include "auth_cert.h"
#include "auth_entry.h"
#include "auth_user_cert.h"

/* The directory finds by any name; the attribute must be the one that the certificate certifies. */
static int
check_attribute(const struct dir_entry *e, enum dir_attr a, const char *name, struct gh_error *err)
{
	if (a == DIR_MAIL && e->mail_is_shared)
		return gh_fail(err, GH_E_AUTH_FAILED,
		    "another entry has the mail address of %s, too", e->dn);
	for (size_t i = 0; i < e->attr[a].n; i++)
		if (e->attr[a].v[i].len == strlen(name) &&
		    strcasecmp((const char *)e->attr[a].v[i].data, name) == 0)
			return 0;
	return gh_fail(err, GH_E_AUTH_FAILED, "entry %s has not the %s of the client certificate",
	    e->dn, dir_attr_name(a));
}

/* One that we issued counts no more once it, or a CA above it, is revoked or on hold. Others are
 * the business of their CAs, which TLS asks nothing of. */
static int
recognize(struct worker_env *env, const struct gh_http_request *http, struct store_own_cert *out,
    struct gh_error *err)
{
	int rc = store_recognize(env->store, http->client_cert, http->client_cert_len, out, err);

	if (rc != 0)
		return rc;
	if (out->is_revoked)
		return gh_fail(err, GH_E_AUTH_FAILED, "client certificate is revoked or on hold");
	return !out->is_issuer_revoked
	    ? 0
	    : gh_fail(err, GH_E_AUTH_FAILED,
		  "a CA above the client certificate is revoked or on hold");
}

static int
check_sid(const struct auth_cert *cert, const struct dir_entry *e, struct gh_error *err)
{
	if (cert->sid == NULL || (e->sid != NULL && strcmp(cert->sid, e->sid) == 0))
		return 0;
	return gh_fail(err, GH_E_AUTH_FAILED, "SID %s of the client certificate is not that of %s",
	    cert->sid, e->dn);
}

/* Whoever asked for our certificate, and nobody who has his name now. */
static int
check_requester(const struct auth_cert *cert, const struct requester *asked,
    const struct dir_entry *e, struct gh_error *err)
{
	if (asked->kind != REQUESTER_DIRECTORY)
		return gh_fail(err, GH_E_AUTH_FAILED,
		    "client certificate was not requested by a directory user");
	if (*asked->id != '\0' && *e->id != '\0')
		return strcasecmp(asked->id, e->id) == 0
		    ? 0
		    : gh_fail(err, GH_E_AUTH_FAILED,
			  "client certificate was requested by %s (%s), not by %s", asked->name,
			  asked->dn, e->dn);
	return cert->sid != NULL
	    ? 0
	    : gh_fail(err, GH_E_AUTH_FAILED,
		  "client certificate without SID, and it is not "
		  "known which entry requested it: the user must enroll again");
}

/* *is_weak: the certificate and the entry have nothing in common but a name. */
static int
check_binding(const struct gh_conf *conf, const struct auth_cert *cert,
    const struct store_own_cert *own, const struct dir_entry *e, bool *is_weak,
    struct gh_error *err)
{
	int rc = check_sid(cert, e, err);

	*is_weak = false;
	if (rc != 0)
		return rc;
	if (own->is_ours)
		return check_requester(cert, &own->requester, e, err);
	if (cert->sid != NULL)
		return 0;
	*is_weak = true;
	return strcmp(conf->gateway.client_mapping, "name") == 0
	    ? 0
	    : gh_fail(err, GH_E_AUTH_FAILED,
		  "client certificate is not ours and has no SID, and gateway.client_mapping is \"strong\"");
}

static int
find_user(struct worker_env *env, const struct auth_cert *cert, const struct store_own_cert *own,
    enum dir_attr a, struct auth_result *out, struct gh_error *err)
{
	struct dir_entry *e = NULL;
	bool is_weak = false;
	int rc = dir_find(env->dir, cert->name, &e, err);

	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, GH_E_AUTH_FAILED,
		    "user of the client certificate has no entry, or not exactly one");
	if (rc != 0)
		return rc;
	if ((rc = check_attribute(e, a, cert->name, err)) != 0 ||
	    (rc = check_binding(env->conf, cert, own, e, &is_weak, err)) != 0) {
		dir_entry_free(e);
		return rc;
	}
	rc = auth_entry_accept(env, e, out, err);
	if (is_weak)
		auth_entry_drop_groups(&out->requester);
	return rc;
}

int
auth_user_by_cert(struct worker_env *env, const struct gh_http_request *http,
    struct auth_result *out, struct gh_error *err)
{
	bool by_mail = strcmp(env->conf->gateway.client_name, "mail") == 0;
	struct store_own_cert own;
	struct auth_cert cert;
	int rc;

	if ((rc = auth_cert_read(http->client_cert, http->client_cert_len,
		 by_mail ? AUTH_CERT_MAIL : AUTH_CERT_UPN, &cert, err)) != 0)
		return rc;
	snprintf(out->requester.name, sizeof(out->requester.name), "%s", cert.name);
	out->requester.via_client_cert = true;
	if ((rc = recognize(env, http, &own, err)) == 0)
		rc = find_user(env, &cert, &own, by_mail ? DIR_MAIL : DIR_UPN, out, err);
	auth_cert_clear(&cert);
	return rc;
}
