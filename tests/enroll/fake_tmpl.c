/* Templates that do what their JSON says: {"name", "approval", "may": code, "apply": code,
 * "required": [], "supplied", "unruled": names, "archival", "recovery_policy"}. Archival is not
 * checked. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "fake.h"

struct tmpl {
	gh_json *json;
	int64_t may, apply;
};

int
tmpl_load(const char *text, size_t len, struct tmpl **out, struct gh_error *err)
{
	struct tmpl *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL)
		return gh_fail(err, GH_E_NOMEM, "template");
	if (gh_json_parse(text, len, GH_JSON_STRICT, &t->json, err) != 0 ||
	    gh_json_string(gh_json_get(t->json, "name")) == NULL) {
		tmpl_free(t);
		return gh_refuse(err, GH_E_TEMPLATE_INVALID, "name: missing");
	}
	(void)gh_json_int(gh_json_get(t->json, "may"), &t->may);
	(void)gh_json_int(gh_json_get(t->json, "apply"), &t->apply);
	*out = t;
	return 0;
}

void
tmpl_free(struct tmpl *t)
{
	if (t != NULL)
		gh_json_free(t->json);
	free(t);
}

const char *
tmpl_name(const struct tmpl *t)
{
	return gh_json_string(gh_json_get(t->json, "name"));
}

const char *
tmpl_display_name(const struct tmpl *t)
{
	return tmpl_name(t);
}

const char *
tmpl_purpose(const struct tmpl *t)
{
	return gh_json_string(gh_json_get(t->json, "purpose"));
}

bool
tmpl_needs_approval(const struct tmpl *t)
{
	return gh_json_bool(gh_json_get(t->json, "approval"), false);
}

int
tmpl_approvals(const struct tmpl *t)
{
	int64_t n;

	return gh_json_int(gh_json_get(t->json, "approvals"), &n) ? (int)n : 1;
}

/* "tells": one event. */
bool
tmpl_tells(const struct tmpl *t, const char *event)
{
	const char *told = gh_json_string(gh_json_get(t->json, "tells"));

	return told != NULL && strcmp(told, event) == 0;
}

bool
tmpl_takes_names(const struct tmpl *t)
{
	return gh_json_bool(gh_json_get(t->json, "supplied"), false);
}

int64_t
tmpl_renewal_overlap(const struct tmpl *t)
{
	(void)t;
	return 3600;
}

bool
tmpl_waits_for_locked_ca(const struct tmpl *t)
{
	return gh_json_bool(gh_json_get(t->json, "waits"), false);
}

enum tmpl_archival
tmpl_archival(const struct tmpl *t)
{
	const char *a = gh_json_string(gh_json_get(t->json, "archival"));

	return a == NULL                 ? TMPL_ARCHIVAL_NONE
	    : strcmp(a, "required") == 0 ? TMPL_ARCHIVAL_REQUIRED
					 : TMPL_ARCHIVAL_OPTIONAL;
}

const char *
tmpl_recovery_policy(const struct tmpl *t)
{
	return gh_json_string(gh_json_get(t->json, "recovery_policy"));
}

gh_json *
tmpl_describe(const struct tmpl *t)
{
	gh_json *j = gh_json_new_object();

	if (j != NULL && gh_json_set_string(j, "TemplateName", tmpl_name(t)) != 0) {
		gh_json_free(j);
		return NULL;
	}
	return j;
}

gh_json *
tmpl_describe_form(const struct tmpl *t)
{
	gh_json *j = gh_json_new_object();

	if (gh_json_set_string(j, "name", tmpl_name(t)) != 0 ||
	    gh_json_set_string(j, "display_name", tmpl_name(t)) != 0 ||
	    gh_json_set_string(j, "description", "") != 0 ||
	    gh_json_set_string(j, "purpose", NULL) != 0 ||
	    gh_json_set_string(j, "requester", "any") != 0 ||
	    gh_json_set(j, "keys", gh_json_new_array()) != 0 ||
	    gh_json_set(j, "subject", gh_json_new_object()) != 0 ||
	    gh_json_set(j, "san", gh_json_new_object()) != 0 ||
	    gh_json_set(j, "certificate", gh_json_new_object()) != 0)
		abort();
	return j;
}

const gh_json *
tmpl_required_metadata(const struct tmpl *t)
{
	return gh_json_get(t->json, "required");
}

int
tmpl_may_enroll(const struct tmpl *t, const struct subject_source *from, char *const *extra_groups,
    struct gh_error *err)
{
	(void)extra_groups;
	if (from->entry == NULL && !from->needs_no_entry)
		return gh_fail(err, GH_E_TEMPLATE_DENIED, "no entry");
	return t->may != 0 ? gh_fail(err, (enum gh_code)t->may, "the template says no") : 0;
}

bool
tmpl_is_in_group(const struct dir_entry *e, char *const *groups)
{
	for (; *groups != NULL; groups++)
		if (dir_entry_is_member(e, *groups))
			return true;
	return false;
}

int
tmpl_apply(const struct tmpl *t, const struct subject_source *from, int64_t now, int64_t backdate,
    struct cert_spec **out, struct gh_error *err)
{
	struct cert_spec *s;
	const struct ca_pkcs10 *csr = from->csr;
	const char *cn = from->entry != NULL ? dir_entry_text(from->entry, DIR_CN) : "no entry";

	*out = NULL;
	if (t->apply != 0)
		return gh_fail(err, (enum gh_code)t->apply, "the template refuses");
	if ((s = cert_spec_new()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "spec");
	s->spki = malloc(csr->spki_len);
	memcpy(s->spki, csr->spki, csr->spki_len);
	s->spki_len = csr->spki_len;
	s->not_before = now - backdate;
	s->not_after = now + 86400;
	if (s->subject == NULL)
		s->subject = X509_NAME_new();
	if (X509_NAME_add_entry_by_txt(s->subject, "CN", MBSTRING_UTF8, (const unsigned char *)cn,
		-1, -1, 0) != 1)
		abort();
	if (gh_json_string(gh_json_get(t->json, "unruled")) != NULL)
		s->unruled_names = strdup(gh_json_string(gh_json_get(t->json, "unruled")));
	*out = s;
	return 0;
}
