/* From an audience to addresses of e-mail. See notify_recipient.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "entry_roles.h"
#include "log.h"
#include "mail_address.h"
#include "members.h"

#include "notify_recipient.h"

static void
clear_one(struct recipient *r)
{
	free(r->address);
	free(r->name);
	free(r->language);
}

void
recipients_clear(struct recipients *r)
{
	for (size_t i = 0; i < r->n; i++)
		clear_one(&r->one[i]);
	free(r->one);
	memset(r, 0, sizeof(*r));
}

static bool
has(const struct recipients *r, const char *address)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcasecmp(r->one[i].address, address) == 0)
			return true;
	return false;
}

static int
grow(struct recipients *r, struct gh_error *err)
{
	size_t cap = r->cap == 0 ? 8 : 2 * r->cap;
	struct recipient *more;

	if (r->n < r->cap)
		return 0;
	if ((more = realloc(r->one, cap * sizeof(*more))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "recipients");
	r->one = more;
	r->cap = cap;
	return 0;
}

/* Copies its parts. An address that is there already, in any case of letters, is not added again,
 * and one that is no address is left out. */
static int
recipients_add(struct recipients *r, const char *address, const char *name, const char *language,
    struct gh_error *err)
{
	struct recipient one;
	int rc;

	if (!gh_mail_address_is_valid(address) || has(r, address) || r->n >= NOTIFY_RECIPIENTS_MAX)
		return 0;
	if ((rc = grow(r, err)) != 0)
		return rc;
	one = (struct recipient){strdup(address), strdup(name), strdup(language)};
	if (one.address == NULL || one.name == NULL || one.language == NULL) {
		clear_one(&one);
		return gh_fail(err, GH_E_NOMEM, "recipients");
	}
	r->one[r->n++] = one;
	return 0;
}

/* --- people of the directory ------------------------------------------------------------------ */

/* Without an address nobody is told, and whose account is disabled hears nothing any more. */
static int
add_entry(const struct dir_entry *e, struct recipients *out, struct gh_error *err)
{
	const char *mail = dir_entry_text(e, DIR_MAIL), *name = dir_entry_text(e, DIR_DISPLAY_NAME);

	if (mail == NULL || e->is_disabled)
		return 0;
	if (name == NULL)
		name = dir_entry_text(e, DIR_CN);
	return recipients_add(out, mail, name != NULL ? name : "", "", err);
}

/* Only by his id: names are given anew. A local user has none, and no address. */
static int
add_person(const struct worker_env *env, const char *id, struct recipients *out,
    struct gh_error *err)
{
	struct dir_entry *e;
	int rc;

	if (*id == '\0' || env->dir == NULL)
		return 0;
	rc = dir_find_id(env->dir, id, &e, err);
	if (rc == GH_E_NOT_IN_DIRECTORY)
		return 0;
	if (rc != 0)
		return rc;
	rc = add_entry(e, out, err);
	dir_entry_free(e);
	return rc;
}

/* His own groups are asked, too, so that nobody hears more here than he is told after a log-in. */
static int
add_member(const struct worker_env *env, const char *dn, unsigned role, struct recipients *out,
    struct gh_error *err)
{
	struct dir_entry *e;
	int rc = dir_find_dn(env->dir, dn, &e, err);

	if (rc == GH_E_NOT_IN_DIRECTORY)
		return 0;
	if (rc != 0)
		return rc;
	if ((entry_roles(env->conf, e) & role) != 0)
		rc = add_entry(e, out, err);
	dir_entry_free(e);
	return rc;
}

/* Groups are separated by semicolons. */
static int
add_role(const struct worker_env *env, const char *groups, unsigned role, struct recipients *out,
    struct gh_error *err)
{
	char group[GH_CONF_GROUP_MAX + 1];
	struct dir_members m = {0};
	int rc = 0;

	while (env->dir != NULL && *groups != '\0' && rc == 0) {
		size_t n;

		groups += strspn(groups, "; ");
		n = strcspn(groups, ";");
		if (n > 0 && n < sizeof(group)) {
			memcpy(group, groups, n);
			group[n] = '\0';
			rc = dir_members_read(env->dir, group, &m, err);
		}
		groups += n;
	}
	for (size_t i = 0; i < m.n && rc == 0; i++)
		rc = add_member(env, m.dn[i], role, out, err);
	if (m.is_cut)
		gh_log(GH_LOG_WARN, "more than %d people have a role: not all of them are told",
		    DIR_MEMBERS_MAX);
	dir_members_clear(&m);
	if (rc != 0)
		recipients_clear(out);
	return rc;
}

int
notify_recipients(const struct worker_env *env, const struct notification *n,
    struct recipients *out, struct gh_error *err)
{
	const struct {
		const char *audience, *groups;
		unsigned role;
	} roles[] = {
	    {"agents", env->conf->roles.agent_groups, REQUESTER_ROLE_AGENT},
	    {"officers", env->conf->roles.officer_groups, REQUESTER_ROLE_OFFICER},
	    {"administrators", env->conf->roles.admin_groups, REQUESTER_ROLE_ADMIN},
	};
	int rc;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(n->audience, roles[i].audience) == 0)
			return add_role(env, roles[i].groups, roles[i].role, out, err);
	rc = add_person(env, n->recipient_id, out, err);
	if (rc != 0)
		recipients_clear(out);
	return rc;
}
