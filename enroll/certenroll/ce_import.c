/* Certificates from elsewhere over the Classic API. See ce_import.h. */
#include <string.h>

#include "catalog/catalog.h"
#include "inventory/cert_import.h"
#include "utf8.h"

#include "ce.h"
#include "ce_format.h"
#include "ce_import.h"
#include "ce_lookup.h"
#include "ce_metadata.h"
#include "ce_parse.h"

struct body {
	gh_json *json, *metadata; /* owned; metadata: by name, or NULL */
	const char *content, *password;
};

/* ---- the body ---- */

static int
find_either(const gh_json *json, const char *name, const char *other, gh_json **out,
    struct gh_error *err)
{
	int rc = gh_json_find(json, name, out, err);

	return rc == 0 && *out == NULL ? gh_json_find(json, other, out, err) : rc;
}

static int
read_content(struct body *b, struct gh_error *err)
{
	gh_json *v;
	int rc = find_either(b->json, "Content", "Certificate", &v, err);

	if (rc != 0)
		return rc;
	b->content = gh_json_string(v);
	if (b->content == NULL || *b->content == '\0')
		return gh_refuse(err, GH_E_BAD_REQUEST, "Content is missing, or not a string.");
	return 0;
}

/* [{"MetadataFieldTypeName","Value"}], as some clients write them, by name. */
static int
name_pairs(const gh_json *list, gh_json *out, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(list); i++) {
		const char *name;
		gh_json *value;

		if ((rc = ce_find_text(gh_json_at(list, i), "MetadataFieldTypeName", &name, err)) !=
			0 ||
		    (rc = gh_json_find(gh_json_at(list, i), "Value", &value, err)) != 0)
			return rc;
		if (name == NULL || gh_json_get(out, name) != NULL)
			return gh_refuse(err, GH_E_METADATA,
			    "Metadata: element %zu has no MetadataFieldTypeName, or that of another",
			    i + 1);
		if (gh_json_set(out, name,
			value != NULL ? gh_json_ref(value) : gh_json_new_string(NULL)) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "metadata");
	}
	return rc;
}

static int
read_metadata(const struct worker_env *env, struct body *b, struct gh_error *err)
{
	gh_json *v;
	int rc = find_either(b->json, "Metadata", "MetadataList", &v, err);

	if (rc != 0 || gh_json_type(v) == GH_JSON_NULL)
		return rc;
	if (gh_json_type(v) == GH_JSON_OBJECT) {
		b->metadata = gh_json_ref(v);
	} else if (gh_json_type(v) == GH_JSON_ARRAY) {
		if ((b->metadata = gh_json_new_object()) == NULL)
			return gh_fail(err, GH_E_NOMEM, "metadata");
		rc = name_pairs(v, b->metadata, err);
	} else {
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "Metadata is no object.");
	}
	return rc == 0 ? ce_metadata_check(env, b->metadata, err) : rc;
}

/* An empty one is none. */
static int
read_password(struct body *b, struct gh_error *err)
{
	int rc = ce_find_text(b->json, "Password", &b->password, err);

	if (rc != 0 || b->password == NULL)
		return rc;
	if (gh_utf8_length(b->password, strlen(b->password)) > CERT_IMPORT_PASSWORD_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Password has at most %d characters.",
		    CERT_IMPORT_PASSWORD_MAX);
	if (*b->password == '\0')
		b->password = NULL;
	return 0;
}

static int
read_body(const struct worker_env *env, const struct call *call, struct body *b,
    struct gh_error *err)
{
	int rc;

	if ((rc = ce_object_parse(call->http->body, call->http->body_len, &b->json, err)) != 0 ||
	    (rc = read_content(b, err)) != 0 || (rc = read_password(b, err)) != 0)
		return rc;
	return read_metadata(env, b, err);
}

/* ---- the answer ---- */

static bool
is_taken(const gh_json *entry)
{
	return gh_json_type(gh_json_get(entry, "id")) == GH_JSON_INT;
}

/* CMSID is that of the first one that was taken, which is the leaf of a PKCS#12. Where none was,
 * what the first one was refused for. */
static int
answer(const struct cert_import_report *report, gh_json *out, struct gh_error *err)
{
	const gh_json *first = gh_json_at(report->entries, 0), *taken = NULL;
	const char *why = gh_json_string(gh_json_get(first, "reason"));
	int bad;

	for (size_t i = 0; taken == NULL && i < gh_json_size(report->entries); i++)
		if (is_taken(gh_json_at(report->entries, i)))
			taken = gh_json_at(report->entries, i);
	if (taken == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Nothing was imported: %.300s.",
		    why != NULL ? why : "there is no certificate in it");
	bad = gh_json_set(out, "CMSID", gh_json_ref(gh_json_get(taken, "id"))) |
	    gh_json_set_int(out, "Stored", report->stored) |
	    gh_json_set_int(out, "Present", report->present) |
	    gh_json_set_int(out, "Refused", report->refused) |
	    gh_json_set_int(out, "PrivateKeys", report->keys) |
	    gh_json_set(out, "Entries", gh_json_ref(report->entries));
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "import");
}

static int
import(struct worker_env *env, const struct call *call, const struct body *b, gh_json *out,
    struct gh_error *err)
{
	const struct cert_import in = {.store = env->store,
	    .cas = &env->catalog->cas,
	    .field = env->catalog->field,
	    .fields = env->catalog->fields,
	    .who = call->requester,
	    .request_id = call->http->request_id,
	    .password = b->password,
	    .metadata = b->metadata,
	    .max = CERT_IMPORT_CALL_MAX};
	struct cert_import_report report = {.entries = gh_json_new_array()};
	gh_json *typed = NULL;
	/* wrong metadata are a mistake of the call, not of each certificate */
	int rc = cert_import_metadata(&in, &typed, err);

	if (rc == 0)
		rc = cert_import(&in, b->content, strlen(b->content), &report, err);
	if (rc == 0)
		rc = answer(&report, out, err);
	gh_json_free(typed);
	gh_json_free(report.entries);
	return rc;
}

void
ce_import(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *out = gh_json_new_object();
	struct gh_error err = {0};
	struct body b = {0};
	int rc = read_body(env, call, &b, &err);

	if (rc == 0 && (rc = import(env, call, &b, out, &err)) == 0)
		ce_format_json(rep, 200, gh_json_ref(out));
	else
		ce_render_error(&err, env->conf->certenroll.denied_status, rep);
	gh_json_free(out);
	gh_json_free(b.metadata);
	gh_json_free(b.json);
}
