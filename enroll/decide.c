/*
 * The policy half of the pipeline. The order matters: nothing is asked of the directory for a
 * template that the application does not have, and nothing of the signer before all rules agree.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509.h>

#include "log.h"
#include "timestamp.h"

#include "clock.h"
#include "ca_locked.h"
#include "decide.h"
#include "metadata.h"
#include "utf8.h"

static void (*on_decided)(const char *template_name, enum db_disposition disposition);

void
enroll_on_decided(void (*fn)(const char *template_name, enum db_disposition disposition))
{
	on_decided = fn;
}

static bool
app_has_template(const struct app *app, const char *name)
{
	for (char **t = app->templates; t != NULL && *t != NULL; t++)
		if (strcasecmp(*t, name) == 0)
			return true;
	return false;
}

/* The same answer whether the template exists elsewhere or not: an application cannot list the
 * others'. */
static int
find_template(const struct enroll_env *env, const struct app *app, const char *name,
    struct decision *d, struct gh_error *err)
{
	if (app != NULL && !app_has_template(app, name))
		return gh_fail(err, GH_E_TEMPLATE_UNKNOWN,
		    "application %s does not have template %s", app->name, name);
	if ((d->tmpl = catalog_find_template(env->catalog, name)) == NULL)
		return gh_fail(err, GH_E_TEMPLATE_UNKNOWN, "template %s is not in the catalog",
		    name);
	return 0;
}

/* Without an application there must be no choice: one CA that can sign and is no root. */
static const struct ca *
only_issuing_ca(const struct catalog *c)
{
	const struct ca *found = NULL;

	for (size_t i = 0; i < c->cas; i++) {
		if (!ca_may_issue(c->ca[i]) || c->ca[i]->chain.n < 2)
			continue;
		if (found != NULL)
			return NULL;
		found = c->ca[i];
	}
	return found;
}

/* Also asked before a request is left pending: a queue for a CA that is gone helps nobody. */
static int
find_ca(const struct enroll_env *env, const struct app *app, struct decision *d,
    struct gh_error *err)
{
	const char *name = app != NULL ? app->ca_name : "(only one)";
	const struct ca *ca =
	    app != NULL ? catalog_find_ca(env->catalog, name) : only_issuing_ca(env->catalog);

	if (ca == NULL)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s is not in the catalog", name);
	if (!ca_may_issue(ca))
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s is %s or has no key here", name,
		    ca_state_name(ca->state));
	if (X509_cmp_current_time(X509_get0_notBefore(ca->cert)) >= 0 ||
	    X509_cmp_current_time(X509_get0_notAfter(ca->cert)) <= 0)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s is expired or not yet valid", name);
	d->ca = ca;
	return 0;
}

static int
check_entry(const struct tmpl *t, const struct app *app, const struct dir_entry *e,
    struct gh_error *err)
{
	if (e->is_disabled)
		return gh_fail(err, GH_E_ACCOUNT_DISABLED, "entry %s is disabled", e->dn);
	return tmpl_may_enroll(t, e, app != NULL ? app->groups : NULL, err);
}

static int
leave_pending(struct enroll_outcome *out, const char *message)
{
	out->disposition = DB_DISP_PENDING;
	out->status_code = 0;
	snprintf(out->message, sizeof(out->message), "%s", message);
	return 0;
}

/* A locked key is no reason to lose a request: it waits where the template says so, or may come
 * again. */
static int
sign(struct enroll_env *env, const struct decision *d, const struct cert_spec *spec,
    bool is_approved, struct enroll_outcome *out, struct gh_error *err)
{
	unsigned char *cert = NULL;
	size_t len = 0;
	int rc;

	rc = ca_sign(d->ca, env->signer, spec, &cert, &len, err);
	if (rc == GH_E_CA_LOCKED && !is_approved && tmpl_waits_for_locked_ca(d->tmpl->tmpl))
		return leave_pending(out,
		    "Taken Under Submission: the key of the certification authority is locked");
	if (rc == GH_E_CA_LOCKED)
		ca_locked_explain(env, d->ca, err);
	if (rc != 0)
		return rc;
	rc = ca_outcome_set_cert(out, d->ca, cert, len, err);
	free(cert);
	if (rc != 0)
		return rc;
	out->disposition = DB_DISP_ISSUED;
	out->status_code = 0;
	out->message[0] = '\0';
	return 0;
}

static int
check_metadata(struct enroll_env *env, const struct enroll_request *req, struct decision *d,
    struct gh_error *err)
{
	return metadata_check(env->catalog->field, env->catalog->fields, req->metadata,
	    tmpl_required_metadata(d->tmpl->tmpl), &d->metadata, err);
}

/* Everything that follows once template, CA and entry are known. */
static int
apply(struct enroll_env *env, const struct dir_entry *entry, const struct enroll_request *req,
    bool is_approved, struct decision *d, struct enroll_outcome *out, struct gh_error *err)
{
	struct cert_spec *spec = NULL;
	int rc;

	rc = tmpl_apply(d->tmpl->tmpl, entry, req->csr, gh_now(), env->conf->ca.backdate, &spec,
	    err);
	if (rc == 0)
		rc = catalog_check_identity(env->catalog, spec, err);
	if (rc == 0 && !is_approved)
		rc = check_metadata(env, req, d, err);
	if (rc != 0) {
		cert_spec_free(spec);
		return rc;
	}
	if (!is_approved && (tmpl_needs_approval(d->tmpl->tmpl) || ca_needs_approval(d->ca)))
		rc = leave_pending(out, "Taken Under Submission");
	else
		rc = sign(env, d, spec, is_approved, out, err);
	cert_spec_free(spec);
	return rc;
}

int
enroll_decide(struct enroll_env *env, const struct app *app, struct dir_entry *entry,
    const struct enroll_request *req, bool is_approved, struct decision *d,
    struct enroll_outcome *out, struct gh_error *err)
{
	struct dir_entry *own = NULL;
	int rc;

	memset(d, 0, sizeof(*d));
	memset(out, 0, sizeof(*out));
	if ((rc = clock_check(env->conf, err)) != 0 ||
	    (rc = find_template(env, app, req->template_name, d, err)) != 0 ||
	    (rc = ca_pkcs10_check(req->csr, err)) != 0)
		return rc;
	if (entry == NULL) {
		if ((rc = dir_find(env->dir, req->requester.name, &own, err)) != 0)
			return rc;
		entry = own;
	}
	if ((rc = check_entry(d->tmpl->tmpl, app, entry, err)) == 0 &&
	    (rc = find_ca(env, app, d, err)) == 0)
		rc = apply(env, entry, req, is_approved, d, out, err);
	dir_entry_free(own);
	if (rc != 0)
		enroll_outcome_clear(out);
	return rc;
}

void
enroll_decision_clear(struct decision *d)
{
	gh_json_free(d->metadata);
	memset(d, 0, sizeof(*d));
}

void
enroll_denial_text(const struct gh_error *err, char *out, size_t size)
{
	const struct gh_error_info *info = gh_error_info(err->code);

	snprintf(out, size, "Denied by Policy Module  0x%08" PRIX32 ", %s", info->hresult,
	    *err->message != '\0' ? err->message : info->message);
	enroll_utf8_clean(out);
}

void
enroll_outcome_deny(struct enroll_outcome *out, const struct gh_error *err)
{
	enroll_outcome_clear(out);
	out->disposition = DB_DISP_DENIED;
	out->status_code = gh_error_info(err->code)->hresult;
	enroll_denial_text(err, out->message, sizeof(out->message));
}

void
enroll_report(const struct enroll_request *req, const struct enroll_outcome *out,
    const char *template_name)
{
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, out->cms_request_id);
	gh_log_event(GH_LOG_INFO,
	    out->is_replay                            ? "recorded answer repeated"
		: out->disposition == DB_DISP_ISSUED  ? "certificate issued"
		: out->disposition == DB_DISP_PENDING ? "request taken under submission"
						      : "request denied",
	    "template", template_name, "requester", req->requester.name, "cms_request_id", id,
	    "serial", out->serial, "issuer", out->issuer_dn, "reason", out->message, NULL);
	if (on_decided != NULL && !out->is_replay)
		on_decided(template_name, out->disposition);
}
