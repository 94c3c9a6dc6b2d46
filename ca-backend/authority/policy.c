/* Change to JSON, JSON to limits. See policy.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "calendar.h"
#include "store/ca/approval_password_row.h"

#include "policy.h"
#include "utf8.h"

#define MAX_VALIDITY_DAYS (100 * 366)
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 16384
#define GROUP_MAX 1024

bool
ca_policy_is_changed(const struct ca_policy_change *c)
{
	return c->max_validity != CA_POLICY_KEEP || c->approval != CA_POLICY_KEEP ||
	    c->keys != NULL || c->ekus != NULL || c->extensions != NULL || c->groups != NULL;
}

/* Dotted OID of an OID or of a name that OpenSSL knows. out: at least 80 bytes. */
static bool
parse_oid(const char *text, char *out, size_t size)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(text, 0);
	int n = oid != NULL ? OBJ_obj2txt(out, (int)size, oid, 1) : 0;

	ASN1_OBJECT_free(oid);
	ERR_clear_error();
	return n > 0 && (size_t)n < size;
}

/* ---- change to JSON ---- */

/* "RSA:3072" */
static int
append_key(gh_json *list, const char *word, const char *text, struct gh_error *err)
{
	static const char *const types[] = {"RSA", "EC", "Ed25519"};
	size_t n = strcspn(text, ":"), i = 0;
	gh_json *key;
	char *end = NULL;
	long bits = text[n] == ':' ? strtol(text + n + 1, &end, 10) : 0;

	while (i < 3 && (strlen(types[i]) != n || strncasecmp(types[i], text, n) != 0))
		i++;
	if (i == 3)
		return gh_refuse(err, GH_E_CONF,
		    "%s %.60s: the types are RSA, EC and Ed25519, or any", word, text);
	if (text[n] == ':' && i != 0)
		return gh_refuse(err, GH_E_CONF, "%s %.60s: only RSA takes a length", word, text);
	if (text[n] == ':' && (*end != '\0' || bits < RSA_BITS_MIN || bits > RSA_BITS_MAX))
		return gh_refuse(err, GH_E_CONF, "%s %.60s: from %d to %d bits", word, text,
		    RSA_BITS_MIN, RSA_BITS_MAX);
	key = gh_json_new_object();
	if (key == NULL || gh_json_set_string(key, "type", types[i]) != 0 ||
	    (bits != 0 && gh_json_set_int(key, "min_bits", bits) != 0)) {
		gh_json_free(key);
		key = NULL;
	}
	return gh_json_append(list, key) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "policy");
}

static int
append_oid(gh_json *list, const char *word, const char *text, struct gh_error *err)
{
	char oid[80];

	if (!parse_oid(text, oid, sizeof(oid)))
		return gh_refuse(err, GH_E_CONF,
		    "%s %.80s: neither an OID nor a name that is known", word, text);
	return gh_json_append(list, gh_json_new_string(oid)) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "policy");
}

static int
append_group(gh_json *list, const char *word, const char *text, struct gh_error *err)
{
	if (*text == '\0' || strlen(text) > GROUP_MAX || !gh_utf8_is_clean(text))
		return gh_refuse(err, GH_E_CONF,
		    "%s is a group by DN, SID or name, of at most %d bytes", word, GROUP_MAX);
	return gh_json_append(list, gh_json_new_string(text)) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "policy");
}

/* Any is an empty list. */
static int
set_list(gh_json *policy, const char *member, const char *word, const char *const *values,
    int (*append)(gh_json *list, const char *word, const char *text, struct gh_error *err),
    struct gh_error *err)
{
	gh_json *list;
	int rc = 0;

	if (values == NULL)
		return 0;
	list = gh_json_new_array();
	for (size_t i = 0; list != NULL && rc == 0 && values[i] != NULL; i++)
		rc = append(list, word, values[i], err);
	if (rc != 0) {
		gh_json_free(list);
		return rc;
	}
	return gh_json_set(policy, member, list) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "policy");
}

int
ca_policy_apply(const struct ca_policy_change *c, gh_json *policy,
    const struct authority_words *words, struct gh_error *err)
{
	int rc;

	if (c->max_validity != CA_POLICY_KEEP &&
	    (c->max_validity < 0 || c->max_validity > MAX_VALIDITY_DAYS))
		return gh_refuse(err, GH_E_CONF, "%s is from 0 to %d days", words->max_validity,
		    MAX_VALIDITY_DAYS);
	if (c->approval != CA_POLICY_KEEP && c->approval != 0 && c->approval != 1)
		return gh_refuse(err, GH_E_CONF, "%s is 0 or 1", words->approval);
	if ((c->max_validity != CA_POLICY_KEEP &&
		gh_json_set_int(policy, "max_validity_days", c->max_validity) != 0) ||
	    (c->approval != CA_POLICY_KEEP &&
		gh_json_set_bool(policy, "approval_required", c->approval != 0) != 0))
		return gh_fail(err, GH_E_NOMEM, "policy");
	if ((rc = set_list(policy, "keys", words->key, c->keys, append_key, err)) != 0 ||
	    (rc = set_list(policy, "ekus", words->eku, c->ekus, append_oid, err)) != 0)
		return rc;
	if ((rc = set_list(policy, "groups", words->group, c->groups, append_group, err)) != 0)
		return rc;
	return set_list(policy, "extensions", words->extension, c->extensions, append_oid, err);
}

gh_json *
ca_policy_shown(const gh_json *policy)
{
	gh_json *o = gh_json_new_object();
	int bad = o == NULL;

	for (void *it = gh_json_iter(policy); bad == 0 && it != NULL;
	     it = gh_json_next(policy, it)) {
		const char *name = gh_json_iter_name(it);

		bad = strcmp(name, STORE_APPROVAL_PASSWORD) == 0
		    ? gh_json_set_bool(o, name, true)
		    : gh_json_set(o, name, gh_json_ref(gh_json_iter_value(it)));
	}
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* ---- JSON to limits ---- */

static int
wrong(struct gh_error *err, const char *member)
{
	return gh_refuse(err, GH_E_CONF, "the policy of the CA is damaged: member \"%s\"", member);
}

static int
limit_keys(const gh_json *keys, struct signer_limits *l, struct gh_error *err)
{
	if (gh_json_size(keys) == 0)
		return 0;
	l->allow_rsa = l->allow_ec = l->allow_ed25519 = 0;
	for (size_t i = 0; i < gh_json_size(keys); i++) {
		const gh_json *bits = gh_json_get(gh_json_at(keys, i), "min_bits");
		const char *type = gh_json_string(gh_json_get(gh_json_at(keys, i), "type"));
		int64_t n = RSA_BITS_MIN;

		if (type == NULL || (bits != NULL && !gh_json_int(bits, &n)) || n < RSA_BITS_MIN ||
		    n > RSA_BITS_MAX)
			return wrong(err, "keys");
		if (strcmp(type, "RSA") == 0) {
			l->allow_rsa = 1;
			l->min_rsa_bits = (uint16_t)n;
		} else if (strcmp(type, "EC") == 0) {
			l->allow_ec = 1;
		} else if (strcmp(type, "Ed25519") == 0) {
			l->allow_ed25519 = 1;
		} else {
			return wrong(err, "keys");
		}
	}
	return 0;
}

static int
limit_oids(const gh_json *policy, const char *member, struct signer_oids *out, struct gh_error *err)
{
	const gh_json *list = gh_json_get(policy, member);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(list); i++) {
		const char *oid = gh_json_string(gh_json_at(list, i));

		rc = oid != NULL ? signer_oids_add(out, oid, err) : wrong(err, member);
	}
	return rc;
}

int
ca_policy_limits(const gh_json *policy, long path_len, struct signer_limits *out,
    struct gh_error *err)
{
	const gh_json *days = gh_json_get(policy, "max_validity_days");
	int64_t n = 0;
	int rc;

	*out = (struct signer_limits){.min_rsa_bits = RSA_BITS_MIN,
	    .allow_rsa = 1,
	    .allow_ec = 1,
	    .allow_ed25519 = 1};
	if (days != NULL && (!gh_json_int(days, &n) || n < 0 || n > MAX_VALIDITY_DAYS))
		return wrong(err, "max_validity_days");
	out->max_validity = n * GH_DAY_SECONDS;
	if (path_len != 0) {
		out->may_sign_ca = 1;
		out->path_len = path_len < 0 ? SIGNER_PATH_LEN_ANY : (uint8_t)(path_len - 1);
	}
	if ((rc = limit_keys(gh_json_get(policy, "keys"), out, err)) != 0 ||
	    (rc = limit_oids(policy, "ekus", &out->ekus, err)) != 0)
		return rc;
	return limit_oids(policy, "extensions", &out->extensions, err);
}
