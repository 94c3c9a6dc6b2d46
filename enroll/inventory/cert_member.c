/* Chosen members. See cert_member.h. */
#include <string.h>

#include "cert_member.h"

/* As ca-backend/store/cert_columns.h and inventory/cert_statement.c tell of a certificate. */
static const char *const all[] = {"id", "serial", "subject", "sans", "requester", "template",
    "status", "not_before", "not_after", "thumbprint", "metadata", "version", "reason",
    "revoked_at", "invalidity_date", "removed_at", "revoked_by", "comment", "ca", "issuer"};
#define ALL (sizeof(all) / sizeof(all[0]))

static const char *
find(const char *name, size_t n)
{
	for (size_t i = 0; i < ALL; i++)
		if (strlen(all[i]) == n && memcmp(all[i], name, n) == 0)
			return all[i];
	return NULL;
}

static bool
has(const struct cert_members *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->name[i] == name)
			return true;
	return false;
}

bool
cert_members_read(const char *list, struct cert_members *out, struct gh_error *err)
{
	*out = (struct cert_members){.n = 0};
	for (const char *at = list; at != NULL; at = *at == ',' ? at + 1 : NULL) {
		size_t n = strcspn(at, ",");
		const char *name = find(at, n);

		if (name == NULL || has(out, name)) {
			gh_refuse(err, GH_E_BAD_REQUEST,
			    name != NULL ? "\"%.*s\" is there twice."
					 : "There is no field \"%.*s\".",
			    (int)(n < 40 ? n : 40), at);
			return false;
		}
		out->name[out->n++] = name;
		at += n;
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

static int
choose(const struct cert_members *m, const gh_json *entry, gh_json *to)
{
	gh_json *o = gh_json_new_object();
	int rc = o != NULL ? 0 : -1;

	for (size_t i = 0; i < m->n && rc == 0; i++) {
		gh_json *v = gh_json_get(entry, m->name[i]);

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
