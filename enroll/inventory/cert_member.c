/* Chosen members. See cert_member.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "catalog/metadata_value.h"

#include "cert_member.h"
#include "query_field.h"

/* As ca-backend/store/cert_columns.h and inventory/cert_statement.c tell of a certificate. */
static const char *const all[] = {"id", "serial", "subject", "sans", "requester", "template",
    "status", "not_before", "not_after", "thumbprint", "metadata", "version", "reason",
    "revoked_at", "invalidity_date", "removed_at", "revoked_by", "comment", "ca", "issuer"};
#define ALL (sizeof(all) / sizeof(all[0]))

#define PREFIX_LENGTH (sizeof(METADATA_PREFIX) - 1)
_Static_assert(CERT_MEMBER_SIZE > PREFIX_LENGTH + METADATA_NAME_MAX, "a field of metadata fits");

static const char *
find(const char *name)
{
	for (size_t i = 0; i < ALL; i++)
		if (strcmp(all[i], name) == 0)
			return all[i];
	return NULL;
}

static bool
is_field(const char *name)
{
	return strncasecmp(name, METADATA_PREFIX, PREFIX_LENGTH) == 0;
}

/* As it is written in the answer, into out. false: there is no such member. */
static bool
spell(const char *name, const struct metadata_field *defined, size_t n, char out[CERT_MEMBER_SIZE])
{
	const struct metadata_field *f;

	if (!is_field(name)) {
		snprintf(out, CERT_MEMBER_SIZE, "%s", name);
		return find(name) != NULL;
	}
	name += PREFIX_LENGTH;
	f = metadata_field_find(defined, n, name);
	snprintf(out, CERT_MEMBER_SIZE, METADATA_PREFIX "%s", f != NULL ? f->name : name);
	return defined == NULL || f != NULL;
}

static bool
has(const struct cert_members *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->name[i], name) == 0)
			return true;
	return false;
}

/* Adds what stands at text up to the comma. */
static bool
add(struct cert_members *m, const char *text, size_t len, const struct metadata_field *defined,
    size_t n, struct gh_error *err)
{
	char name[CERT_MEMBER_SIZE], spelled[CERT_MEMBER_SIZE];
	const char *why = NULL;

	snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name)), text);
	if (len >= sizeof(name) || !spell(name, defined, n, spelled))
		why = "There is no field \"%.*s\".";
	else if (has(m, spelled))
		why = "\"%.*s\" is there twice.";
	else if (m->n == CERT_MEMBERS_MAX)
		why = "\"%.*s\" is one field too many.";
	if (why != NULL) {
		gh_refuse(err, GH_E_BAD_REQUEST, why, (int)(len < 40 ? len : 40), text);
		return false;
	}
	memcpy(m->name[m->n++], spelled, sizeof(spelled));
	return true;
}

bool
cert_members_read(const char *list, const struct metadata_field *defined, size_t n,
    struct cert_members *out, struct gh_error *err)
{
	out->n = 0;
	for (const char *at = list; at != NULL; at = *at == ',' ? at + 1 : NULL) {
		size_t len = strcspn(at, ",");

		if (!add(out, at, len, defined, n, err))
			return false;
		at += len;
	}
	return true;
}

const char *
cert_members_at(const struct cert_members *m, size_t i)
{
	if (m->n > 0)
		return i < m->n ? m->name[i] : NULL;
	return i < ALL ? all[i] : NULL;
}

gh_json *
cert_members_value(const struct cert_members *m, size_t i, const gh_json *entry)
{
	const char *name = cert_members_at(m, i);

	return is_field(name) ? gh_json_get(gh_json_get(entry, "metadata"), name + PREFIX_LENGTH)
			      : gh_json_get(entry, name);
}

static int
choose(const struct cert_members *m, const gh_json *entry, gh_json *to)
{
	gh_json *o = gh_json_new_object();
	int rc = o != NULL ? 0 : -1;

	for (size_t i = 0; i < m->n && rc == 0; i++) {
		gh_json *v = cert_members_value(m, i, entry);

		rc = gh_json_set(o, m->name[i],
		    v != NULL ? gh_json_ref(v) : gh_json_new_string(NULL));
	}
	if (rc == 0)
		return gh_json_append(to, o);
	gh_json_free(o);
	return rc;
}

int
cert_members_choose(const struct cert_members *m, gh_json **entries, struct gh_error *err)
{
	gh_json *to;
	int rc = 0;

	if (m->n == 0)
		return 0;
	if ((to = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "page");
	for (size_t i = 0; i < gh_json_size(*entries) && rc == 0; i++)
		rc = choose(m, gh_json_at(*entries, i), to);
	if (rc != 0) {
		gh_json_free(to);
		return gh_fail(err, GH_E_NOMEM, "page");
	}
	gh_json_free(*entries);
	*entries = to;
	return 0;
}
