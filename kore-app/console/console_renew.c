/* A certificate is followed by a new one. See console.h, docs/pki-rest.md#renewal */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "rest/rest_list.h"
#include "rest/rest_metadata_field.h"
#include "rest/rest_submit.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_cert.h"
#include "console_page.h"

/* status: of the answer; wrong: why it was not taken, or NULL. */
static void
show(struct worker_env *env, const struct call *call, const struct gh_error *wrong,
    struct gh_http_reply *rep)
{
	const char *typed = call->form != NULL ? gh_form_get(call->form, "csr_data") : NULL;
	gh_json *cert = NULL, *data, *values;
	struct gh_error err = {0};
	int rc = console_cert_get(env, call, &cert, &err), bad;

	if (rc == 0 && !console_cert_may_renew(call, cert))
		rc = gh_refuse(&err, GH_E_FORBIDDEN,
		    "Only its requester renews a certificate, while it is valid.");
	if (rc != 0) {
		page_refuse(call, &err, rep);
		gh_json_free(cert);
		return;
	}
	data = gh_json_new_object();
	values = gh_json_new_object();
	bad = gh_json_set(data, "cert", gh_json_ref(cert)) |
	    gh_json_set_string(values, "csr_data", typed != NULL ? typed : "") |
	    console_set(data, "values", values);
	if (wrong != NULL)
		bad |= console_set_wrong(data, wrong);
	if (bad != 0) {
		gh_json_free(data);
		data = NULL;
	}
	console_reply(env, call, wrong != NULL ? gh_error_info(wrong->code)->http_status : 200,
	    "certificate_renew", data, rep);
	if (wrong != NULL)
		gh_http_reply_cause(rep, wrong);
	gh_json_free(cert);
}

void
console_renew(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	show(env, call, NULL, rep);
}

/* Those of the old one that are still defined, so that what must be said is said again. */
static gh_json *
metadata_of(struct worker_env *env, const struct call *call, const gh_json *cert,
    struct gh_error *err)
{
	const struct console_ask what = {.handler = rest_metadata_fields, .method = GH_HTTP_GET};
	const gh_json *had = gh_json_get(cert, "metadata");
	gh_json *page = NULL, *out = gh_json_new_object(), *defined;
	int bad = console_ask(env, call, &what, &page, err);

	defined = gh_json_get(page, "entries");
	for (size_t i = 0; bad == 0 && i < gh_json_size(defined); i++) {
		const char *name = gh_json_string(gh_json_get(gh_json_at(defined, i), "name"));
		gh_json *value = gh_json_get(had, name);

		if (gh_json_type(value) != GH_JSON_NULL)
			bad = gh_json_set(out, name, gh_json_ref(value));
	}
	gh_json_free(page);
	if (bad == 0)
		return out;
	gh_json_free(out);
	return NULL;
}

static int
ask(struct worker_env *env, const struct call *call, const gh_json *cert, gh_json **answer,
    struct gh_error *err)
{
	const char *csr = gh_form_get(call->form, "csr_data"),
		   *profile = gh_json_string(gh_json_get(cert, "template"));
	struct call_parts parts = {.n = 1, .part = {{.name = "profile}"}}};
	gh_json *body = gh_json_new_object();
	char query[40];
	int rc = 0;

	snprintf(parts.part[0].text, sizeof(parts.part[0].text), "%s", profile);
	snprintf(query, sizeof(query), "renew=%" PRId64, call_number(call->parts, "id"));
	if (gh_json_set_string(body, "pkcs10", csr != NULL ? csr : "") != 0 ||
	    console_set(body, "metadata", metadata_of(env, call, cert, err)) != 0)
		rc = err->code != 0 ? (int)err->code : gh_fail(err, GH_E_NOMEM, "renewal");
	if (rc == 0) {
		const struct console_ask what = {.handler = rest_submit,
		    .method = GH_HTTP_POST,
		    .parts = &parts,
		    .query = query,
		    .body = body};

		rc = console_ask(env, call, &what, answer, err);
	}
	gh_json_free(body);
	return rc;
}

/* Is it about what was sent, so that another try can be better? */
static bool
is_worth_another(int rc)
{
	return gh_error_info((enum gh_code)rc)->http_status < 500 && rc != GH_E_NOT_FOUND;
}

void
console_renew_do(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *cert = NULL, *answer = NULL;
	struct gh_error err = {0};
	int64_t id = 0;
	char path[64];
	int rc = console_cert_get(env, call, &cert, &err);

	if (rc == 0 && !console_cert_may_renew(call, cert))
		rc = gh_refuse(&err, GH_E_FORBIDDEN,
		    "Only its requester renews a certificate, while it is valid.");
	else if (rc == 0 && (rc = ask(env, call, cert, &answer, &err)) != 0 && is_worth_another(rc))
		show(env, call, &err, rep);
	if (rc == 0) {
		(void)gh_json_int(gh_json_get(answer, "id"), &id);
		snprintf(path, sizeof(path), "/requests/%" PRId64, id);
		page_redirect(rep, path);
	} else if (rep->status == 0) {
		page_refuse(call, &err, rep);
	}
	gh_json_free(answer);
	gh_json_free(cert);
}
