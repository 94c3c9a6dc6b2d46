/* One look at the directory, cause by cause. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "dir_shared.h"

#include "probe.h"

#define CAPABILITY_AD "1.2.840.113556.1.4.800"    /* MS-ADTS 3.1.1.3.4.3.1 */
#define CAPABILITY_ADAM "1.2.840.113556.1.4.1851" /* the same for AD LDS */
/* Every object of Active Directory has it (MS-ADTS 3.1.1.2.3), and no entry elsewhere; the rootDSE
 * of a proxy in front of a domain may say nothing. */
#define CATEGORY "objectCategory"

static const struct {
	const char *name, *advice;
} states[DIR_STATES] = {
    [DIR_STATE_UNREACHABLE] = {"unreachable", "check directory.uris, the network and the server"},
    [DIR_STATE_TLS] = {"TLS failed",
	"check directory.ca_file, the names in the server's certificate and directory.starttls"},
    [DIR_STATE_CREDENTIALS] = {"credentials refused",
	"check directory.bind_dn and directory.password_file"},
    [DIR_STATE_BASE] = {"base missing",
	"check directory.base and what the service account may read"},
    [DIR_STATE_GROUP_BASE] = {"group base missing",
	"check directory.group_base and what the service account may read"},
    [DIR_STATE_TYPE] = {"wrong type", "check directory.type"},
    [DIR_STATE_UP] = {"up", ""},
};

const char *
dir_state_name(enum dir_state s)
{
	return states[s].name;
}

const char *
dir_state_advice(enum dir_state s)
{
	return states[s].advice;
}

size_t
dir_servers(const struct dir_shared *s)
{
	return s->uris;
}

/* Of a search that failed at a server that took the bind. Active Directory answers a foreign base
 * with a referral, and a search without a bind with an operations error. */
static enum dir_state
state_of(int code, enum dir_state missing)
{
	switch (code) {
	case LDAP_NO_SUCH_OBJECT:
	case LDAP_INVALID_DN_SYNTAX:
	case LDAP_REFERRAL:
		return missing;
	default:
		return dir_conn_is_broken(code) ? DIR_STATE_UNREACHABLE : DIR_STATE_CREDENTIALS;
	}
}

/* One entry by its DN. *res: NULL, or to be freed with ldap_msgfree. */
static enum dir_state
read_one(struct dir_conn *c, const char *dn, const char *attr, enum dir_state missing,
    LDAPMessage **res)
{
	const char *const attrs[] = {attr, NULL};
	const struct dir_query q = {dn, LDAP_SCOPE_BASE, "(objectClass=*)", attrs, 1};
	int code = dir_conn_search(c, &q, res);

	if (code != LDAP_SUCCESS) {
		ldap_msgfree(*res);
		*res = NULL;
		return state_of(code, missing);
	}
	if (ldap_first_entry(c->ld, *res) != NULL)
		return DIR_STATE_UP;
	snprintf(c->diagnostic, sizeof c->diagnostic, "no entry \"%.150s\" for the service account",
	    dn);
	return missing;
}

static bool
has_value(LDAP *ld, LDAPMessage *entry, const char *attr, const char *value)
{
	struct berval **v = ldap_get_values_len(ld, entry, attr);
	bool found = false;

	for (size_t i = 0; v != NULL && v[i] != NULL && !found; i++)
		found = value == NULL ||
		    (v[i]->bv_len == strlen(value) &&
			memcmp(v[i]->bv_val, value, v[i]->bv_len) == 0);
	ldap_value_free_len(v);
	return found;
}

/* A wrong directory.type would look like missing users and groups: OpenLDAP answers Active
 * Directory's matching rules with "no entry" and no error. has_category: of the base. */
static enum dir_state
check_type(struct dir_conn *c, bool has_category)
{
	static const char attr[] = "supportedCapabilities";
	bool is_ad = has_category;
	LDAPMessage *res;
	enum dir_state s = read_one(c, "", attr, DIR_STATE_UP, &res);

	if (s == DIR_STATE_UP && res != NULL) {
		LDAPMessage *entry = ldap_first_entry(c->ld, res);

		is_ad = is_ad ||
		    (entry != NULL &&
			(has_value(c->ld, entry, attr, CAPABILITY_AD) ||
			    has_value(c->ld, entry, attr, CAPABILITY_ADAM)));
	}
	ldap_msgfree(res);
	if (s != DIR_STATE_UP || is_ad == c->s->profile.is_ad)
		return s;
	snprintf(c->diagnostic, sizeof c->diagnostic,
	    "directory.type is \"%s\", but %s is %sActive Directory", c->s->conf->directory.type,
	    c->s->uri[c->uri], is_ad ? "" : "not ");
	return DIR_STATE_TYPE;
}

/* c is open and bound. */
static enum dir_state
check_contents(struct dir_conn *c)
{
	const struct gh_conf *conf = c->s->conf;
	bool has_category = false;
	LDAPMessage *res;
	enum dir_state s = read_one(c, conf->directory.base, CATEGORY, DIR_STATE_BASE, &res);

	if (s == DIR_STATE_UP)
		has_category = has_value(c->ld, ldap_first_entry(c->ld, res), CATEGORY, NULL);
	ldap_msgfree(res);
	if (s == DIR_STATE_UP && *conf->directory.group_base != '\0') {
		s = read_one(c, conf->directory.group_base, LDAP_NO_ATTRS, DIR_STATE_GROUP_BASE,
		    &res);
		ldap_msgfree(res);
	}
	return s == DIR_STATE_UP ? check_type(c, has_category) : s;
}

static int
report(const struct dir_conn *c, enum dir_state state, struct dir_report *r, struct gh_error *err)
{
	*r = (struct dir_report){.state = state};
	snprintf(r->server, sizeof r->server, "%s", c->s->uri[c->uri]);
	if (state == DIR_STATE_UP)
		return 0;
	snprintf(r->detail, sizeof r->detail, "%s", c->diagnostic);
	return gh_fail(err, GH_E_DIR_DOWN, "%s: %s", dir_state_name(state), r->detail);
}

int
dir_probe(struct dir *d, struct dir_report *r, struct gh_error *err)
{
	struct dir_conn *c = &d->service;
	enum dir_state state = DIR_STATE_UNREACHABLE;

	if (gh_now_us() - c->opened_us > DIR_PROBE_REBIND_SECONDS * INT64_C(1000000))
		dir_conn_close(c);
	/* a connection that ended since the last look says nothing about the server: once more on a
	 * new one */
	for (int attempt = 0; attempt < 2 && state == DIR_STATE_UNREACHABLE; attempt++) {
		if (dir_conn_open(c, true, err) != 0)
			return report(c, c->state, r, err);
		state = check_contents(c);
	}
	return report(c, state, r, err);
}

int
dir_probe_server(struct dir_shared *s, size_t server, struct dir_report *r, struct gh_error *err)
{
	struct dir_conn c;
	int rc;

	dir_conn_init(&c, s);
	if (dir_conn_open_server(&c, server, err) == 0)
		c.state = check_contents(&c);
	rc = report(&c, c.state, r, err);
	dir_conn_close(&c);
	return rc;
}
