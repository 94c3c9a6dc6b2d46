/* Revoking, putting on hold and releasing in the console. See console.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "authority/revoke.h"
#include "form.h"
#include "rest/rest_certificate.h"
#include "rest/rest_list.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_cert.h"
#include "console_page.h"

static const char *const changes[] = {"revoked", "hold", "valid", NULL};

/* NULL: it is none. */
static const char *
change_of(const char *text)
{
	for (size_t i = 0; text != NULL && changes[i] != NULL; i++)
		if (strcmp(changes[i], text) == 0)
			return changes[i];
	return NULL;
}

/* --- asking again ----------------------------------------------------------------------------- */

/* Those that revoke for good; of an owner's certificate the API refuses what is not his to say. */
static gh_json *
reasons_of(const struct call *call, const char *selected)
{
	const struct words *w = page_words(call->http);
	gh_json *list = gh_json_new_array();
	int bad = list != NULL ? 0 : -1;

	for (int i = 0; i <= REASON_MAX; i++) {
		const char *name = revocation_reason_name(i);
		char number[12], key[64];

		if (name == NULL || revoke_state_of(i) != STORE_CERT_REVOKED)
			continue;
		snprintf(number, sizeof(number), "%d", i);
		snprintf(key, sizeof(key), "certificate_reason.reason_%s", number);
		bad |= console_option(list, name, words_get(w, key), selected);
	}
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* The fields as they were sent, or empty. */
static int
put_form(gh_json *data, const struct call *call, const char *to)
{
	const char *comment = gh_form_get(call->form, "comment"),
		   *date = gh_form_get(call->form, "invalidity_date");
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = gh_json_set_string(values, "comment", comment != NULL ? comment : "") |
	    gh_json_set_string(values, "invalidity_date", date != NULL ? date : "") |
	    console_set(options, "reason", reasons_of(call, gh_form_get(call->form, "reason")));

	return bad | console_set(data, "values", values) | console_set(data, "options", options) |
	    gh_json_set_string(data, "to", to) |
	    gh_json_set_bool(data, "is_revocation", strcmp(to, "revoked") == 0);
}

/* errors: of the form that was sent, or NULL. */
static void
show(struct worker_env *env, const struct call *call, const char *to, gh_json *errors,
    struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *cert = NULL, *data;
	int rc = console_cert_get(env, call, &cert, &err);

	if (rc == 0 && errors == NULL && !console_cert_may(env, call, cert, to))
		rc = gh_refuse(&err, GH_E_FORBIDDEN,
		    "You may not do this, or the state of the certificate does not allow it.");
	if (rc != 0) {
		page_refuse(call, &err, rep);
		gh_json_free(cert);
		return;
	}
	data = gh_json_new_object();
	if (gh_json_set(data, "cert", gh_json_ref(cert)) != 0 || put_form(data, call, to) != 0 ||
	    (errors != NULL && gh_json_set(data, "errors", gh_json_ref(errors)) != 0)) {
		gh_json_free(data);
		data = NULL;
	}
	console_reply(env, call, errors != NULL ? 422 : 200, "certificate_change", data, rep);
	gh_json_free(cert);
}

void
console_certificate_ask(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[] = {{"to", NULL}, {"lang", NULL}};
	const size_t n = sizeof(p) / sizeof(p[0]);
	struct rest_fields f = {0};
	struct gh_error err = {0};
	int rc = rest_params_read(call, p, n, &f, &err);
	const char *to = change_of(p[0].value);

	if (rc == 0 && (rc = rest_fields_check(&f, &err)) == 0 && to == NULL)
		rc = gh_refuse(&err, GH_E_VALIDATION, "The change is revoked, hold or valid.");
	if (rc == 0)
		show(env, call, to, NULL, rep);
	else
		page_refuse(call, &err, rep);
	rest_fields_clear(&f);
	rest_params_clear(p, n);
}

/* --- doing it --------------------------------------------------------------------------------- */

/* What a form leaves empty is not said. */
static int
set_said(gh_json *o, const char *name, const struct call *call)
{
	const char *text = gh_form_get(call->form, name);

	return text != NULL && *text != '\0' ? gh_json_set_string(o, name, text) : 0;
}

/* NULL: out of memory. */
static gh_json *
body_of(const struct call *call, const char *to)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "status", to) == 0 && set_said(o, "comment", call) == 0 &&
	    (strcmp(to, "revoked") != 0 ||
		(set_said(o, "reason", call) == 0 && set_said(o, "invalidity_date", call) == 0)))
		return o;
	gh_json_free(o);
	return NULL;
}

static int
change(struct worker_env *env, const struct call *call, const char *to, gh_json **answer,
    struct gh_error *err)
{
	char etag[REVOKE_ETAG_SIZE];
	int version = console_version(call);
	gh_json *body;
	int rc;

	if (version == 0)
		return gh_refuse(err, GH_E_UNCONDITIONAL,
		    "The form does not say which state of the certificate it is about.");
	if ((body = body_of(call, to)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "change of a certificate");
	const struct console_ask what = {.handler = rest_certificate_change,
	    .method = GH_HTTP_PUT,
	    .body = body,
	    .if_match = revoke_etag(version, etag)};
	rc = console_ask(env, call, &what, answer, err);
	gh_json_free(body);
	return rc;
}

void
console_certificate_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	const char *to = change_of(gh_form_get(call->form, "to"));
	struct gh_error err = {0};
	gh_json *answer = NULL;
	char path[64];
	int rc;

	if (to == NULL)
		rc = gh_refuse(&err, GH_E_BAD_REQUEST, "The form does not say what to do.");
	else
		rc = change(env, call, to, &answer, &err);
	if (rc == 0) {
		snprintf(path, sizeof(path), "/console/certificates/%" PRId64,
		    call_number(call->parts, "id"));
		page_redirect(rep, path);
	} else if (rc == GH_E_VALIDATION && answer != NULL) {
		show(env, call, to, answer, rep);
		gh_http_reply_cause(rep, &err);
	} else if (rc == GH_E_CONFLICT || rc == GH_E_PRECONDITION) {
		console_cert_show(env, call, &err, rep);
	} else {
		page_refuse(call, &err, rep);
	}
	gh_json_free(answer);
}
