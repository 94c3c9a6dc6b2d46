/* From an audience to addresses of e-mail. See audience.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "entry_roles.h"
#include "log.h"
#include "members.h"
#include "store/catalog/user_contact.h"
#include "store/status/notification_look.h"

#include "audience.h"
#include "mime.h"

#define LANGUAGE_SIZE 36 /* of a tag, and NUL */

struct audience {
	const struct worker_env *env;
	const struct notification *n;
	struct recipients *out;
	struct gh_error *err;
};

/* --- entries of the directory ----------------------------------------------------------------- */

/* The first of a list like that of Accept-Language (RFC 2798, 2.7), else that of the request. */
static void
language_of(const struct audience *a, const struct dir_entry *e, char out[LANGUAGE_SIZE])
{
	const char *list = dir_entry_text(e, DIR_PREFERRED_LANGUAGE);
	size_t n;

	if (list == NULL)
		list = a->n->language;
	list += strspn(list, " ");
	n = strcspn(list, " ,;");
	snprintf(out, LANGUAGE_SIZE, "%.*s", n < LANGUAGE_SIZE ? (int)n : 0, list);
}

/* Without an address nobody is told, and whose account is disabled hears nothing any more. */
static int
add_entry(const struct audience *a, const struct dir_entry *e)
{
	const char *mail = dir_entry_text(e, DIR_MAIL), *name = dir_entry_text(e, DIR_DISPLAY_NAME);
	char language[LANGUAGE_SIZE];

	if (mail == NULL || e->is_disabled)
		return 0;
	if (name == NULL && (name = dir_entry_text(e, DIR_CN)) == NULL)
		name = e->dn;
	language_of(a, e, language);
	return recipients_add(a->out, mail, name, language, a->err);
}

/* Not there is no error: *out NULL. */
static int
is_found(int rc, struct dir_entry **out)
{
	if (rc != 0)
		*out = NULL;
	return rc == GH_E_NOT_IN_DIRECTORY ? 0 : rc;
}

/* Only by his id: names are given anew. */
static int
find_person(const struct audience *a, struct dir_entry **out)
{
	*out = NULL;
	if (*a->n->recipient_id == '\0' || a->env->dir == NULL)
		return 0;
	return is_found(dir_find_id(a->env->dir, a->n->recipient_id, out, a->err), out);
}

typedef bool (*is_wanted)(const struct audience *a, const struct dir_entry *e, const void *arg);

/* His own groups are asked, too, so that nobody hears more here than he is told after a log-in. */
static int
add_members(const struct audience *a, const struct dir_members *m, is_wanted wanted,
    const void *arg)
{
	int rc = 0;

	for (size_t i = 0; i < m->n && rc == 0; i++) {
		struct dir_entry *e;

		rc = is_found(dir_find_dn(a->env->dir, m->dn[i], &e, a->err), &e);
		if (e != NULL && wanted(a, e, arg))
			rc = add_entry(a, e);
		dir_entry_free(e);
	}
	if (m->is_cut)
		gh_log_kv(GH_LOG_WARN, "too many people are to hear: not all of them are told",
		    "event", a->n->event, "audience", a->n->audience, NULL);
	return rc;
}

static bool
is_member(const struct audience *a, const struct dir_entry *e, const void *group)
{
	(void)a;
	return dir_entry_is_member(e, group);
}

static int
add_group(const struct audience *a)
{
	struct dir_members m = {0};
	int rc = 0;

	if (a->env->dir == NULL)
		return 0;
	if ((rc = dir_members_read(a->env->dir, a->n->recipient, &m, a->err)) == 0)
		rc = add_members(a, &m, is_member, a->n->recipient);
	dir_members_clear(&m);
	return rc;
}

/* --- roles ------------------------------------------------------------------------------------ */

static bool
has_role(const struct audience *a, const struct dir_entry *e, const void *role)
{
	return (entry_roles(a->env->conf, e) & *(const unsigned *)role) != 0;
}

/* Groups are separated by semicolons. */
static int
read_groups(const struct audience *a, const char *groups, struct dir_members *m)
{
	char group[GH_CONF_GROUP_MAX + 1];
	int rc = 0;

	while (*groups != '\0' && rc == 0) {
		size_t n;

		groups += strspn(groups, "; ");
		n = strcspn(groups, ";");
		if (n > 0 && n < sizeof(group)) {
			memcpy(group, groups, n);
			group[n] = '\0';
			rc = dir_members_read(a->env->dir, group, m, a->err);
		}
		groups += n;
	}
	return rc;
}

/* Local users: who has the role, or has this name. */
static int
add_local(const struct audience *a, unsigned role, const char *name)
{
	struct user_contact *c;
	size_t n;
	int rc = store_user_contacts(a->env->store, &c, &n, a->err);

	for (size_t i = 0; i < n && rc == 0; i++)
		if (c[i].enabled &&
		    ((c[i].roles & role) != 0 ||
			(name != NULL && strcasecmp(c[i].name, name) == 0)))
			rc = recipients_add(a->out, c[i].email, c[i].name,
			    *c[i].language != '\0' ? c[i].language : a->n->language, a->err);
	free(c);
	return rc;
}

static int
add_role(const struct audience *a, const char *groups, unsigned role)
{
	struct dir_members m = {0};
	int rc = add_local(a, role, NULL);

	if (rc == 0 && a->env->dir != NULL && (rc = read_groups(a, groups, &m)) == 0)
		rc = add_members(a, &m, has_role, &role);
	dir_members_clear(&m);
	return rc;
}

static int
add_officers(const struct audience *a)
{
	return add_role(a, a->env->conf->roles.officer_groups, REQUESTER_ROLE_OFFICER);
}

static int
add_administrators(const struct audience *a)
{
	return add_role(a, a->env->conf->roles.admin_groups, REQUESTER_ROLE_ADMIN);
}

static int
add_agents(const struct audience *a)
{
	return add_role(a, a->env->conf->roles.agent_groups, REQUESTER_ROLE_AGENT);
}

/* --- addresses that somebody wrote ------------------------------------------------------------ */

/* One form for one mailbox, by which it is counted: no quotes, which may stand around anything (RFC
 * 5321, 4.1.2), and the domain in A-labels. *out NULL: no such address. */
static int
plain_address(const char *address, char **out, struct gh_error *err)
{
	int rc = 0;

	*out = NULL;
	if (*address != '"' && (rc = mime_ascii_address(address, out, err)) == GH_E_VALIDATION)
		rc = 0;
	return rc;
}

static int
count_written(const struct audience *a, const char *address, bool *may_be_told)
{
	const char *requester = gh_json_string(gh_json_get(a->n->facts, "requester"));
	int max = a->env->conf->notify.address_per_day;
	int64_t count = 0;
	int rc = 0;

	if (max > 0)
		rc = store_count_written(a->env->store, a->n, address,
		    requester != NULL ? requester : "", max, &count, a->err);
	*may_be_told = rc == 0 && (max == 0 || count < max);
	if (rc == 0 && !*may_be_told)
		gh_log_kv(GH_LOG_WARN,
		    "an address in a request is not told: more than notify.address_per_day",
		    "event", a->n->event, "object", a->n->object, "requester", requester, NULL);
	return rc;
}

/* Who writes an address into a request or its metadata must not flood whoever has it. */
static int
add_written(const struct audience *a, const char *text)
{
	bool may_be_told = false;
	char *address;
	int rc = plain_address(text, &address, a->err);

	if (rc == 0 && address != NULL)
		rc = count_written(a, address, &may_be_told);
	if (may_be_told)
		rc = recipients_add(a->out, address, "", a->n->language, a->err);
	free(address);
	return rc;
}

static int
add_address(const struct audience *a)
{
	return add_written(a, a->n->recipient);
}

/* The owner that the metadata of request or certificate name. */
static int
add_owner_field(const struct audience *a)
{
	const char *field = a->env->conf->notify.owner_field;
	char *address = NULL;
	int rc = 0;

	if (*field == '\0')
		return 0;
	rc = store_notification_owner(a->env->store, a->n, field, &address, a->err);
	if (rc == 0 && address != NULL)
		rc = add_written(a, address);
	free(address);
	return rc;
}

/* --- one person ------------------------------------------------------------------------------- */

static int
add_person(const struct audience *a)
{
	struct dir_entry *e;
	int rc;

	if (a->n->recipient_kind == REQUESTER_ADMIN)
		return add_local(a, 0, a->n->recipient);
	if ((rc = find_person(a, &e)) != 0 || e == NULL)
		return rc;
	rc = add_entry(a, e);
	dir_entry_free(e);
	return rc;
}

/* An owner by metadata hears, too, but as somebody whom nobody knows. */
static int
add_requester(const struct audience *a)
{
	int rc = add_person(a);

	return rc != 0 ? rc : add_owner_field(a);
}

int
audience_add(const struct worker_env *env, const struct notification *n, struct recipients *out,
    struct gh_error *err)
{
	static const struct {
		const char *name;
		int (*add)(const struct audience *a);
	} rows[] = {
	    {"officers", add_officers},
	    {"administrators", add_administrators},
	    {"agents", add_agents},
	    {"owner", add_person},
	    {"agent", add_person},
	    {"requester", add_requester},
	    {"address", add_address},
	    {"group", add_group},
	};
	const struct audience a = {env, n, out, err};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, n->audience) == 0)
			return rows[i].add(&a);
	return gh_fail(err, GH_E_INTERNAL, "audience %.40s", n->audience);
}
