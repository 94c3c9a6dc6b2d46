/* What a template says of itself to clients, and the accessors of tmpl.h. */
#include "model.h"

const char *
tmpl_name(const struct tmpl *t)
{
	return t->name;
}

const char *
tmpl_display_name(const struct tmpl *t)
{
	return t->display_name != NULL ? t->display_name : t->name;
}

bool
tmpl_needs_approval(const struct tmpl *t)
{
	return (t->enrollment_flags & TMPL_ENROLL_PEND_ALL) != 0;
}

int
tmpl_approvals(const struct tmpl *t)
{
	return t->approvals > 0 ? t->approvals : 1;
}

bool
tmpl_waits_for_locked_ca(const struct tmpl *t)
{
	return t->ca_locked == TMPL_CA_LOCKED_PENDING;
}

enum tmpl_archival
tmpl_archival(const struct tmpl *t)
{
	return (enum tmpl_archival)t->archival;
}

const char *
tmpl_recovery_policy(const struct tmpl *t)
{
	return t->recovery_policy;
}

bool
tmpl_takes_names(const struct tmpl *t)
{
	return (t->name_flags & TMPL_NAME_SUPPLIED_SUBJECT) != 0;
}

int64_t
tmpl_renewal_overlap(const struct tmpl *t)
{
	return t->overlap;
}

/* Bit 0: digitalSignature. */
bool
tmpl_is_for_signatures(const struct tmpl *t)
{
	return t->key_usage == 0 || (t->key_usage & 1) != 0;
}

const gh_json *
tmpl_required_metadata(const struct tmpl *t)
{
	return t->metadata_json;
}

gh_json *
tmpl_describe_list(const struct tmpl_list *l)
{
	gh_json *a = gh_json_new_array();
	size_t i;

	for (i = 0; i < l->n && a != NULL; i++) {
		if (gh_json_append(a, gh_json_new_string(l->v[i])) != 0) {
			gh_json_free(a);
			return NULL;
		}
	}
	return a;
}

/* Smallest key of a rule, bits. */
static int
key_size(const struct tmpl_key_rule *r)
{
	size_t i;

	if (r->type == CA_KEY_RSA)
		return r->min_bits;
	for (i = 0; i < GH_CURVES && r->type == CA_KEY_EC; i++) {
		if ((r->curves & 1u << i) != 0)
			return gh_curve_bits((enum gh_curve)i);
	}
	return 256; /* Ed25519 */
}

gh_json *
tmpl_describe_curves(uint32_t curves)
{
	gh_json *a = gh_json_new_array();
	size_t i;

	for (i = 0; i < GH_CURVES && a != NULL; i++) {
		if ((curves & 1u << i) != 0 &&
		    gh_json_append(a, gh_json_new_string(gh_curve_name((enum gh_curve)i))) != 0) {
			gh_json_free(a);
			return NULL;
		}
	}
	return a;
}

static gh_json *
describe_key(const struct tmpl_key_rule *r)
{
	gh_json *o = gh_json_new_object();
	int failed;

	if (o == NULL)
		return NULL;
	failed = gh_json_set_string(o, "KeyType", ca_key_type_name((enum ca_key_type)r->type));
	failed |= gh_json_set_int(o, "KeySize", key_size(r));
	if (r->type == CA_KEY_RSA)
		failed |= gh_json_set_int(o, "MaxKeySize", r->max_bits);
	if (r->type == CA_KEY_EC)
		failed |= gh_json_set(o, "Curves", tmpl_describe_curves(r->curves));
	if (failed) {
		gh_json_free(o);
		return NULL;
	}
	return o;
}

static gh_json *
describe_keys(const struct tmpl *t)
{
	gh_json *a = gh_json_new_array();
	size_t i;

	for (i = 0; i < t->keys && a != NULL; i++) {
		if (gh_json_append(a, describe_key(&t->key[i])) != 0) {
			gh_json_free(a);
			return NULL;
		}
	}
	return a;
}

gh_json *
tmpl_describe(const struct tmpl *t)
{
	bool supplied = (t->name_flags & TMPL_NAME_SUPPLIED_SUBJECT) != 0;
	gh_json *o = gh_json_new_object();
	int failed;

	if (o == NULL)
		return NULL;
	failed = gh_json_set_string(o, "TemplateName", tmpl_name(t));
	failed |= gh_json_set_string(o, "DisplayName", tmpl_display_name(t));
	failed |=
	    gh_json_set_string(o, "Description", t->description != NULL ? t->description : "");
	failed |= gh_json_set_string(o, "Oid", t->oid != NULL ? t->oid : "");
	failed |= gh_json_set_int(o, "MajorVersion", t->major);
	failed |= gh_json_set_int(o, "MinorVersion", t->minor);
	failed |=
	    gh_json_set_string(o, "KeyType", ca_key_type_name((enum ca_key_type)t->key[0].type));
	failed |= gh_json_set_int(o, "KeySize", key_size(&t->key[0]));
	failed |= gh_json_set(o, "KeyTypes", describe_keys(t));
	/* whole days, rounded up: 12 hours are not "0" */
	failed |= gh_json_set_int(o, "ValidityPeriod",
	    (t->validity + GH_DAY_SECONDS - 1) / GH_DAY_SECONDS);
	failed |= gh_json_set_int(o, "RenewalOverlap", t->overlap / GH_DAY_SECONDS);
	failed |= gh_json_set(o, "ExtendedKeyUsage", tmpl_describe_list(&t->eku));
	failed |= gh_json_set_string(o, "SubjectFrom", supplied ? "request" : "directory");
	failed |= gh_json_set_bool(o, "RequiresApproval", tmpl_needs_approval(t));
	failed |= gh_json_set(o, "RequiredMetadata", tmpl_describe_list(&t->metadata));
	if (failed) {
		gh_json_free(o);
		return NULL;
	}
	return o;
}
