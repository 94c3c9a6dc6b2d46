/* KeyfactorAPI: CAs, templates, and what the caller may enroll for. See kf_api.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "catalog/profile_view.h"
#include "rest/rest_profile.h"

#include "kf_api.h"
#include "kf_ask.h"
#include "kf_rows.h"

/* Of AllowedEnrollmentTypes. */
#define PFX_ENROLLMENT 1
#define CSR_ENROLLMENT 2

#define KEEPS_FOREVER 1 /* of a CA's KeyRetention */

static bool
has_kra(const struct worker_env *env)
{
	return env->conf->kra.socket != NULL && *env->conf->kra.socket != '\0';
}

/* What a key that the KRA makes needs, and what a CSR does. */
static int
enrollment_types(const struct worker_env *env, bool needs_approval)
{
	return CSR_ENROLLMENT | (has_kra(env) && !needs_approval ? PFX_ENROLLMENT : 0);
}

/* list; NULL: out of memory, when something went wrong. Takes it. */
static gh_json *
checked(gh_json *list, int bad)
{
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* ---- CAs ---- */

/* What is of agents, hosts, thresholds and scans there is none of. */
static int
set_absent(gh_json *o)
{
	static const char *const texts[] = {"HostName", "ForestRoot", "ConfigurationTenant",
	    "Agent", "ExplicitUser", "Properties"};
	static const char *const flags[] = {"Delegate", "DelegateEnrollment", "Remote",
	    "MonitorThresholds", "RFCEnforcement", "ExplicitCredentials", "SubscriberTerms",
	    "EnforceUniqueDN", "UseAllowedRequesters"};
	static const char *const numbers[] = {"IssuanceMax", "IssuanceMin", "DenialMax",
	    "FailureMax", "KeyRetentionDays", "CAType"};
	int bad = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		bad |= gh_json_set_string(o, texts[i], "");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		bad |= gh_json_set_bool(o, flags[i], false);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		bad |= gh_json_set_int(o, numbers[i], 0);
	return bad | gh_json_set(o, "AllowedRequesters", gh_json_new_array());
}

/* A CA that issues no more has no types of enrollment. */
static gh_json *
ca_json(const struct worker_env *env, const struct ca *ca)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_int(o, "Id", ca->id) |
	    gh_json_set_string(o, "LogicalName", ca->name) | set_absent(o) |
	    gh_json_set_bool(o, "Standalone", true) |
	    gh_json_set_int(o, "AllowedEnrollmentTypes",
		ca_may_issue(ca) ? enrollment_types(env, ca_needs_approval(ca)) : 0) |
	    gh_json_set_int(o, "KeyRetention", has_kra(env) ? KEEPS_FOREVER : 0);

	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
kf_ca_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct kf_row_field fields[] = {{"Id", "Id", false},
	    {"LogicalName", "LogicalName", false}, {"HostName", "HostName", false},
	    {"ForestRoot", "ForestRoot", false},
	    {"ConfigurationTenant", "ConfigurationTenant", false},
	    {"Standalone", "Standalone", false}, {0}};
	const struct ca_set *cas = &env->catalog->cas;
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	for (size_t i = 0; i < cas->n; i++)
		bad |= gh_json_append(list, ca_json(env, cas->ca[i]));
	kf_rows_reply(call, checked(list, bad), fields, rep);
}

void
kf_ca_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct ca *ca = ca_set_find_id(&env->catalog->cas, call_number(call->parts, "id"));

	if (ca != NULL)
		kf_json(rep, ca_json(env, ca));
	else
		kf_fail(rep, 404, "not_found", "There is no such certification authority.");
}

/* ---- what a template says ---- */

/* The first kind of key, as KeyType and KeySize; of several each is taken. */
static int
set_key(gh_json *o, const gh_json *form)
{
	const gh_json *rule = gh_json_at(gh_json_get(form, "keys"), 0),
		      *curve = gh_json_at(gh_json_get(rule, "curves"), 0);
	bool is_ec = strcmp(kf_string(rule, "type"), "EC") == 0;
	int64_t bits = 0;
	char text[24];

	(void)gh_json_int(gh_json_get(rule, "min_bits"), &bits);
	if (gh_json_string(curve) != NULL)
		(void)sscanf(gh_json_string(curve), "P-%" SCNd64, &bits);
	snprintf(text, sizeof(text), "%" PRId64, bits);
	return gh_json_set_string(o, "KeyType", is_ec ? "ECC" : kf_string(rule, "type")) |
	    gh_json_set_string(o, "KeySize", text) |
	    gh_json_set_string(o, "Curve", gh_json_string(curve));
}

/* Its fields of metadata, of those that clients of Keyfactor see. */
static int
set_fields(gh_json *o, const struct worker_env *env, const struct catalog_template *t)
{
	const struct catalog *c = env->catalog;
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	for (size_t i = 0; i < c->fields; i++) {
		const struct metadata_field *f = &c->field[i];
		gh_json *e;

		if (!f->allow_api)
			continue;
		e = gh_json_new_object();
		bad |= gh_json_set_int(e, "Id", f->id) | gh_json_set_int(e, "MetadataId", f->id) |
		    gh_json_set_string(e, "DefaultValue",
			f->default_value != NULL ? f->default_value : "") |
		    gh_json_set_string(e, "Validation", f->regex != NULL ? f->regex : "") |
		    gh_json_set_int(e, "Enrollment", profile_requires(t, f) ? 1 : 0) |
		    gh_json_set_string(e, "Message", f->message != NULL ? f->message : "") |
		    gh_json_set_string(e, "Options", "");
		bad |= gh_json_append(list, e);
	}
	return bad | gh_json_set(o, "MetadataFields", list);
}

/* What both answers about a template have. */
static int
set_common(gh_json *o, const struct worker_env *env, const struct catalog_template *t)
{
	static const char *const lists[] = {"EnrollmentFields", "TemplateRegexes"};
	gh_json *form = tmpl_describe_form(t->tmpl);
	int bad = form == NULL ? -1 : set_key(o, form) | set_fields(o, env, t);

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		bad |= gh_json_set(o, lists[i], gh_json_new_array());
	gh_json_free(form);
	return bad | gh_json_set_bool(o, "RFCEnforcement", false);
}

/* ---- templates ---- */

/* Do they read numbers where the vendor's manual has words? Those generated from its OpenAPI
 * description do, and fail at a word; the client written by hand, and Terraform's provider with it,
 * fails at a number. Both ask for the same version of the API in the same words: what they call
 * themselves is all that differs. */
static bool
reads_numbers(const struct call *call)
{
	static const char *const generated[] = {"OpenAPI-Generator/", "python-httpx/"};
	const char *agent = gh_http_header(call->http, "user-agent");

	for (size_t i = 0; agent != NULL && i < sizeof(generated) / sizeof(generated[0]); i++)
		if (strncmp(agent, generated[i], strlen(generated[i])) == 0)
			return true;
	return false;
}

static int
set_retention(gh_json *o, const struct call *call, bool archives)
{
	return reads_numbers(call)
	    ? gh_json_set_int(o, "KeyRetention", archives ? KEEPS_FOREVER : 0)
	    : gh_json_set_string(o, "KeyRetention", archives ? "Indefinite" : "None");
}

static gh_json *
template_json(const struct worker_env *env, const struct call *call, const gh_json *profile)
{
	const char *name = kf_string(profile, "name"), *shown = kf_string(profile, "display_name");
	const struct catalog_template *t = catalog_find_template(env->catalog, name);
	bool approval = gh_json_bool(gh_json_get(profile, "approval"), false);
	bool archives = t != NULL && has_kra(env) && tmpl_archival(t->tmpl) != TMPL_ARCHIVAL_NONE;
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_int(o, "Id", t != NULL ? t->id : 0) |
	    gh_json_set_string(o, "CommonName", name) |
	    gh_json_set_string(o, "TemplateName", name) |
	    gh_json_set_string(o, "FriendlyName", *shown != '\0' ? shown : name) |
	    gh_json_set_string(o, "DisplayName", *shown != '\0' ? shown : name) |
	    set_retention(o, call, archives) | gh_json_set_bool(o, "KeyArchival", archives) |
	    gh_json_set_string(o, "ForestRoot", "") |
	    gh_json_set_string(o, "ConfigurationTenant", "") |
	    gh_json_set_int(o, "AllowedEnrollmentTypes", enrollment_types(env, approval)) |
	    gh_json_set_bool(o, "RequiresApproval", approval) |
	    gh_json_set_bool(o, "UseAllowedRequesters", false) |
	    gh_json_set(o, "AllowedRequesters", gh_json_new_array()) |
	    (t != NULL ? set_common(o, env, t) : 0);

	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* As Enrollment/CSR/Context/My tells it, with the CA that would serve the caller, where it is known
 * before he asks. */
static gh_json *
context_json(const struct worker_env *env, const gh_json *profile)
{
	const char *name = kf_string(profile, "name"), *shown = kf_string(profile, "display_name"),
		   *ca_name = kf_string(profile, "ca");
	const struct catalog_template *t = catalog_find_template(env->catalog, name);
	gh_json *o = gh_json_new_object(), *cas = gh_json_new_array(), *ca;
	int bad = gh_json_set_int(o, "Id", t != NULL ? t->id : 0) |
	    gh_json_set_string(o, "Name", name) |
	    gh_json_set_string(o, "DisplayName", *shown != '\0' ? shown : name) |
	    gh_json_set_string(o, "Forest", "") |
	    gh_json_set_bool(o, "RequiresApproval",
		gh_json_bool(gh_json_get(profile, "approval"), false)) |
	    gh_json_set(o, "ExtendedKeyUsages", gh_json_new_array()) |
	    (t != NULL ? set_common(o, env, t) : 0);

	if (*ca_name != '\0') {
		ca = gh_json_new_object();
		bad |= gh_json_set_string(ca, "Name", ca_name) |
		    gh_json_set_bool(ca, "RFCEnforcement", false) |
		    gh_json_set_bool(ca, "SubscriberTerms", false);
		bad |= gh_json_append(cas, ca);
	}
	bad |= gh_json_set(o, "CAs", cas);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* What the caller may see, entries of rest_profile_list. NULL: rep tells why not. */
static gh_json *
profiles(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct kf_question q = {.handler = rest_profile_list,
	    .method = GH_HTTP_GET,
	    .query = "limit=1000"};
	gh_json *page, *entries;

	if (!kf_ask(env, call, &q, &page, rep))
		return NULL;
	entries = gh_json_ref(gh_json_get(page, "entries"));
	gh_json_free(page);
	return entries;
}

/* Of this id alone, or 0. */
static int
put_templates(const struct worker_env *env, const struct call *call, const gh_json *entries,
    int64_t id, gh_json *list)
{
	int bad = list == NULL;

	for (size_t i = 0; i < gh_json_size(entries); i++) {
		gh_json *t = template_json(env, call, gh_json_at(entries, i));
		int64_t its = 0;

		(void)gh_json_int(gh_json_get(t, "Id"), &its);
		if (id != 0 && id != its)
			gh_json_free(t);
		else
			bad |= gh_json_append(list, t);
	}
	return bad;
}

void
kf_template_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct kf_row_field fields[] = {{"Id", "Id", false},
	    {"CommonName", "CommonName", false}, {"ShortName", "CommonName", false},
	    {"TemplateName", "TemplateName", false}, {"FriendlyName", "FriendlyName", false},
	    {"DisplayName", "DisplayName", false}, {"KeyType", "KeyType", false},
	    {"KeySize", "KeySize", false}, {"ForestRoot", "ForestRoot", false},
	    {"ConfigurationTenant", "ConfigurationTenant", false},
	    {"AllowedEnrollmentType", "AllowedEnrollmentTypes", true},
	    {"AllowedEnrollmentTypes", "AllowedEnrollmentTypes", true},
	    {"RequiresApproval", "RequiresApproval", false},
	    {"HasPrivateKeyRetention", "KeyArchival", false}, {"IsDefaultTemplate", NULL, false},
	    {0}};
	gh_json *list = gh_json_new_array(), *entries = profiles(env, call, rep);

	if (entries != NULL)
		kf_rows_reply(call, checked(list, put_templates(env, call, entries, 0, list)),
		    fields, rep);
	else
		gh_json_free(list);
	gh_json_free(entries);
}

void
kf_template_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *list = gh_json_new_array(), *entries = profiles(env, call, rep);

	if (entries == NULL)
		;
	else if (put_templates(env, call, entries, call_number(call->parts, "id"), list) != 0)
		kf_json(rep, NULL);
	else if (gh_json_size(list) == 0)
		kf_fail(rep, 404, "not_found", "There is no such template.");
	else
		kf_json(rep, gh_json_ref(gh_json_at(list, 0)));
	gh_json_free(entries);
	gh_json_free(list);
}

/* The profile whole, to the list. false: rep tells why not. */
static bool
put_context(struct worker_env *env, const struct call *call, const char *name, gh_json *list,
    struct gh_http_reply *rep)
{
	const struct kf_question q = {.handler = rest_profile_show,
	    .method = GH_HTTP_GET,
	    .profile = name};
	gh_json *profile;
	int bad;

	if (!kf_ask(env, call, &q, &profile, rep))
		return false;
	bad = gh_json_append(list, context_json(env, profile));
	gh_json_free(profile);
	if (bad != 0)
		kf_json(rep, NULL);
	return bad == 0;
}

void
kf_context(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *list = gh_json_new_array(), *entries = profiles(env, call, rep), *o;
	bool ok = entries != NULL;
	int bad;

	for (size_t i = 0; ok && i < gh_json_size(entries); i++) {
		const gh_json *p = gh_json_at(entries, i);

		if (gh_json_bool(gh_json_get(p, "may_enroll"), false))
			ok = put_context(env, call, kf_string(p, "name"), list, rep);
	}
	gh_json_free(entries);
	if (!ok) {
		gh_json_free(list);
		return;
	}
	o = gh_json_new_object();
	bad = gh_json_set(o, "Templates", list) |
	    gh_json_set(o, "StandaloneCAs", gh_json_new_array());
	kf_json(rep, checked(o, bad));
}
