/* Certificates from elsewhere over REST. See rest_cert_import.h. */
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "inventory/cert_import.h"
#include "store/inventory/foreign_cert_remove.h"

#include "rest.h"
#include "rest_cert_import.h"
#include "rest_members.h"

#define NAME_MAX_CHARS 150

static int
read_body(const struct call *call, gh_json **body, struct cert_import *in, const char **content,
    struct rest_fields *f, struct gh_error *err)
{
	static const char *const names[] = {"content", "password", "metadata", "name", NULL};
	const gh_json *metadata;
	int rc = rest_body(call, body, err);

	if (rc != 0)
		return rc;
	rest_only(f, *body, NULL, names);
	*content = rest_text(f, *body, "content", 1, SIZE_MAX, true);
	in->password = rest_text(f, *body, "password", 0, CERT_IMPORT_PASSWORD_MAX, false);
	in->name = rest_text(f, *body, "name", 1, NAME_MAX_CHARS, false);
	metadata = gh_json_get(*body, "metadata");
	if (gh_json_type(metadata) != GH_JSON_NULL && gh_json_type(metadata) != GH_JSON_OBJECT)
		rest_field_wrong(f, "metadata", "The field metadata must be an object.");
	else if (metadata != NULL)
		in->metadata = metadata;
	return rest_fields_check(f, err);
}

static int
check_metadata(const struct cert_import *in, struct rest_fields *f, struct gh_error *err)
{
	const struct metadata_field *about;
	gh_json *typed = NULL;
	int rc = cert_import_metadata(in, &typed, err);

	gh_json_free(typed);
	about = rc != 0 ? metadata_blamed(in->field, in->fields, err) : NULL;
	if (about != NULL)
		rest_field_refused(f, about->name, err);
	return rc;
}

/* Takes the entries. */
static gh_json *
report_json(struct cert_import_report *r)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_int(o, "stored", r->stored);

	bad |= gh_json_set_int(o, "present", r->present);
	bad |= gh_json_set_int(o, "refused", r->refused);
	bad |= gh_json_set_int(o, "private_keys", r->keys);
	bad |= gh_json_set(o, "entries", r->entries);
	r->entries = NULL;
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_cert_import(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct cert_import in = {.store = env->store,
	    .cas = &env->catalog->cas,
	    .field = env->catalog->field,
	    .fields = env->catalog->fields,
	    .who = call->requester,
	    .request_id = call->http->request_id,
	    .max = CERT_IMPORT_CALL_MAX};
	struct cert_import_report report = {.entries = gh_json_new_array()};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	const char *content = NULL;
	gh_json *body = NULL;
	int rc = read_body(call, &body, &in, &content, &fields, &err);

	if (rc == 0 && (rc = check_metadata(&in, &fields, &err)) == 0)
		rc = cert_import(&in, content, strlen(content), &report, &err);
	if (rc == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		rest_json(rep, 200, report_json(&report));
	} else {
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	}
	gh_json_free(report.entries);
	gh_json_free(body);
	rest_fields_clear(&fields);
}

void
rest_cert_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};

	if (store_remove_foreign(env->store, call->requester, call_number(call->parts, "id"),
		call->http->request_id, NULL, &err) == 0)
		rep->status = 204;
	else
		rest_error(&err, call->http->request_id, NULL, rep);
}
