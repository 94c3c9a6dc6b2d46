/* A template as a form: what a client sends, and what it gets. See tmpl_describe_form. */
#include "model.h"

/* A member, taken over; failed: something was missing for it, or before it. */
static void
put(gh_json *o, const char *name, gh_json *v, bool *failed)
{
	*failed |= gh_json_set(o, name, v) != 0;
}

static void
put_text(gh_json *o, const char *name, const char *text, bool *failed)
{
	*failed |= gh_json_set_string(o, name, text) != 0;
}

/* o when nothing failed, else NULL. */
static gh_json *
finish(gh_json *o, bool failed)
{
	if (!failed)
		return o;
	gh_json_free(o);
	return NULL;
}

/* --- keys ------------------------------------------------------------------------------------- */

static gh_json *
key_rule(const struct tmpl_key_rule *r)
{
	gh_json *o = gh_json_new_object();
	bool failed = o == NULL;

	put_text(o, "type", ca_key_type_name((enum ca_key_type)r->type), &failed);
	if (r->type == CA_KEY_RSA) {
		failed |= gh_json_set_int(o, "min_bits", r->min_bits) != 0;
		failed |= gh_json_set_int(o, "max_bits", r->max_bits) != 0;
	}
	if (r->type == CA_KEY_EC)
		put(o, "curves", tmpl_describe_curves(r->curves), &failed);
	return finish(o, failed);
}

static gh_json *
key_rules(const struct tmpl *t)
{
	gh_json *a = gh_json_new_array();
	bool failed = a == NULL;

	for (size_t i = 0; i < t->keys && !failed; i++)
		failed = gh_json_append(a, key_rule(&t->key[i])) != 0;
	return finish(a, failed);
}

/* --- names from the request ------------------------------------------------------------------- */

/* The names of the types whose bits are set; in all: 0 means all of them. */
static gh_json *
rdn_types(uint32_t bits, bool zero_is_all)
{
	gh_json *a = gh_json_new_array();
	bool failed = a == NULL;
	const char *name;

	for (int i = 0; i < 32 && !failed && *(name = tmpl_rdn_name(i)) != '?'; i++)
		if ((bits & 1u << i) != 0 || (bits == 0 && zero_is_all))
			failed = gh_json_append(a, gh_json_new_string(name)) != 0;
	return finish(a, failed);
}

static gh_json *
san_types(uint32_t bits)
{
	gh_json *a = gh_json_new_array();
	bool failed = a == NULL;

	for (const struct tmpl_san_type *s = tmpl_san_type; s->name != NULL && !failed; s++)
		if ((bits & s->bit) != 0)
			failed = gh_json_append(a, gh_json_new_string(s->name)) != 0;
	return finish(a, failed);
}

static gh_json *
supplied_subject(const struct tmpl *t)
{
	gh_json *o = gh_json_new_object();
	bool failed = o == NULL;

	put_text(o, "from", "request", &failed);
	put(o, "allowed", rdn_types(t->subject.allow, true), &failed);
	put(o, "required", rdn_types(t->subject.require, false), &failed);
	put_text(o, "common_name", t->subject.common_name == TMPL_CN_DNS ? "dns" : "any", &failed);
	return finish(o, failed);
}

/* Patterns are left out where any name will do. */
static gh_json *
supplied_san(const struct tmpl *t)
{
	const struct tmpl_san_rules *r = &t->san;
	gh_json *o = gh_json_new_object();
	bool failed = o == NULL;

	put_text(o, "from", "request", &failed);
	put(o, "types", san_types(r->types), &failed);
	put(o, "required", san_types(r->require), &failed);
	failed |= gh_json_set_bool(o, "wildcards", r->wildcards) != 0;
	if (r->dns.n > 0)
		put(o, "dns", tmpl_describe_list(&r->dns), &failed);
	if (r->email.n > 0)
		put(o, "email", tmpl_describe_list(&r->email), &failed);
	if (r->ip.n > 0)
		put(o, "ip", tmpl_describe_list(&r->ip), &failed);
	if (r->other_names.n > 0)
		put(o, "other_names", tmpl_describe_list(&r->other_names), &failed);
	return finish(o, failed);
}

/* --- names from the directory ----------------------------------------------------------------- */

/* A machine's common name is its DNS name, as subject.c has it. */
static gh_json *
directory_part(const struct tmpl *t, const struct tmpl_name_flag *f)
{
	bool is_host = t->machine && f->add == tmpl_subject_common_name;
	gh_json *o = gh_json_new_object();
	bool failed = o == NULL;

	put_text(o, "name", f->part.name, &failed);
	put_text(o, "attribute", is_host ? "dNSHostName" : f->part.attribute, &failed);
	return finish(o, failed);
}

static gh_json *
directory_names(const struct tmpl *t, bool in_san)
{
	gh_json *o = gh_json_new_object(), *parts = gh_json_new_array();
	bool failed = o == NULL || parts == NULL;

	for (const struct tmpl_name_flag *f = tmpl_name_flag; f->name != NULL && !failed; f++)
		if ((t->name_flags & f->bit) != 0 && (t->name_flags & f->yields_to) == 0 &&
		    f->part.name != NULL && f->part.in_san == in_san)
			failed = gh_json_append(parts, directory_part(t, f)) != 0;
	put_text(o, "from", "directory", &failed);
	put(o, "parts", parts, &failed);
	return finish(o, failed);
}

/* --- what it gets ----------------------------------------------------------------------------- */

static gh_json *
key_usages(const struct tmpl *t)
{
	gh_json *a = gh_json_new_array();
	uint32_t seen = 0;
	bool failed = a == NULL;

	/* a bit with two names is told by the first */
	for (const struct tmpl_flag *f = tmpl_key_usage_name; f->name != NULL && !failed; f++) {
		if ((t->key_usage & f->bit & ~seen) != 0)
			failed = gh_json_append(a, gh_json_new_string(f->name)) != 0;
		seen |= f->bit;
	}
	return finish(a, failed);
}

static gh_json *
policies(const struct tmpl *t)
{
	gh_json *a = gh_json_new_array();
	bool failed = a == NULL;

	for (size_t i = 0; i < t->policies && !failed; i++)
		failed = gh_json_append(a, gh_json_new_string(t->policy[i].oid)) != 0;
	return finish(a, failed);
}

static gh_json *
certificate(const struct tmpl *t)
{
	static const char *const sid[] = {[TMPL_SID_DEFAULT] = "if-present",
	    [TMPL_SID_REQUIRE] = "require",
	    [TMPL_SID_IF_PRESENT] = "if-present",
	    [TMPL_SID_NEVER] = "never"};
	gh_json *o = gh_json_new_object();
	bool failed = o == NULL;

	failed |= gh_json_set_int(o, "validity_seconds", t->validity) != 0;
	failed |= gh_json_set_int(o, "renewal_seconds", t->overlap) != 0;
	put(o, "key_usage", key_usages(t), &failed);
	put(o, "extended_key_usage", tmpl_describe_list(&t->eku), &failed);
	put(o, "policies", policies(t), &failed);
	put_text(o, "sid", sid[t->sid], &failed);
	return finish(o, failed);
}

gh_json *
tmpl_describe_form(const struct tmpl *t)
{
	static const char *const requester[] = {[TMPL_BY_TYPE] = "user",
	    [TMPL_REQUESTER_USER] = "user",
	    [TMPL_REQUESTER_MACHINE] = "machine",
	    [TMPL_REQUESTER_ANY] = "any"};
	static const char *const archival[] = {[TMPL_ARCHIVAL_NONE] = "none",
	    [TMPL_ARCHIVAL_OPTIONAL] = "optional",
	    [TMPL_ARCHIVAL_REQUIRED] = "required"};
	bool is_supplied = (t->name_flags & TMPL_NAME_SUPPLIED_SUBJECT) != 0;
	gh_json *o = gh_json_new_object();
	bool failed = o == NULL;

	put_text(o, "name", tmpl_name(t), &failed);
	put_text(o, "display_name", tmpl_display_name(t), &failed);
	put_text(o, "description", t->description != NULL ? t->description : "", &failed);
	put_text(o, "purpose", tmpl_purpose(t), &failed);
	put_text(o, "requester", requester[t->requester], &failed);
	failed |= gh_json_set_bool(o, "approval", tmpl_needs_approval(t)) != 0;
	put(o, "keys", key_rules(t), &failed);
	put(o, "subject", is_supplied ? supplied_subject(t) : directory_names(t, false), &failed);
	put(o, "san", is_supplied ? supplied_san(t) : directory_names(t, true), &failed);
	put_text(o, "archival", archival[t->archival], &failed);
	put_text(o, "recovery_policy", t->recovery_policy, &failed);
	put(o, "certificate", certificate(t), &failed);
	return finish(o, failed);
}
