/* See discover.h. rootDSE: RFC 4512, 5.1, and MS-ADTS 3.1.1.3.2. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "asn1_time.h"
#include "filter.h"
#include "timestamp.h"

#include "discover.h"
#include "search.h"

#define CAPABILITY_AD "1.2.840.113556.1.4.800" /* MS-ADTS 3.1.1.3.4.3.1 */

/* First value as text; "" when there is none, or it does not fit. */
static void
take(LDAP *ld, LDAPMessage *entry, const char *attr, char out[DIR_FACT_SIZE])
{
	struct berval **v = ldap_get_values_len(ld, entry, attr);

	out[0] = '\0';
	if (v != NULL && v[0] != NULL && v[0]->bv_len < DIR_FACT_SIZE &&
	    memchr(v[0]->bv_val, '\0', v[0]->bv_len) == NULL) {
		memcpy(out, v[0]->bv_val, v[0]->bv_len);
		out[v[0]->bv_len] = '\0';
	}
	ldap_value_free_len(v);
}

static bool
has_value(LDAP *ld, LDAPMessage *entry, const char *attr, const char *value)
{
	struct berval **v = ldap_get_values_len(ld, entry, attr);
	bool found = false;

	for (size_t i = 0; v != NULL && v[i] != NULL && !found; i++)
		found =
		    v[i]->bv_len == strlen(value) && memcmp(v[i]->bv_val, value, v[i]->bv_len) == 0;
	ldap_value_free_len(v);
	return found;
}

/* GeneralizedTime as domain controllers write it, "20261129091505.0Z"; 0 for anything else. */
static int64_t
read_time(const char *text)
{
	int64_t t;

	return strspn(text, "0123456789") == 14 &&
		strcmp(text + 14 + strcspn(text + 14, "Z"), "Z") == 0 &&
		gh_asn1_time_digits(text, &t)
	    ? t
	    : 0;
}

/* The names by which the domain's accounts are called: MS-ADTS 6.1.1.2.1. A directory that hides
 * them leaves them empty. */
static int
read_domain(struct dir *d, const char *configuration, struct dir_facts *out, struct gh_error *err)
{
	static const char *const attrs[] = {"nETBIOSName", "dnsRoot", NULL};
	char base[DIR_FACT_SIZE + 32];
	struct gh_buf filter;
	struct dir_query q = {base, LDAP_SCOPE_SUBTREE, NULL, attrs, 1};
	LDAPMessage *res, *entry;
	int rc;

	snprintf(base, sizeof(base), "CN=Partitions,%s", configuration);
	gh_buf_init(&filter, DIR_FILTER_MAX);
	gh_buf_puts(&filter, "(&(objectClass=crossRef)(nETBIOSName=*)");
	dir_filter_equal(&filter, "nCName", out->base, strlen(out->base));
	gh_buf_putc(&filter, ')');
	rc = gh_buf_check(&filter, err);
	q.filter = (const char *)filter.data;
	if (rc == 0)
		rc = dir_search(d, &q, &res, err);
	gh_buf_free(&filter);
	if (rc != 0)
		return rc == GH_E_NOT_IN_DIRECTORY ? 0 : rc;
	entry = ldap_first_entry(d->service.ld, res);
	if (entry != NULL) {
		take(d->service.ld, entry, attrs[0], out->netbios);
		take(d->service.ld, entry, attrs[1], out->realm);
		for (char *p = out->realm; *p != '\0'; p++)
			*p = (char)toupper((unsigned char)*p);
	}
	ldap_msgfree(res);
	return 0;
}

int
dir_discover(struct dir *d, struct dir_facts *out, struct gh_error *err)
{
	static const char *const attrs[] = {"supportedCapabilities", "defaultNamingContext",
	    "namingContexts", "configurationNamingContext", "currentTime", NULL};
	const struct dir_query q = {"", LDAP_SCOPE_BASE, "(objectClass=*)", attrs, 1};
	char configuration[DIR_FACT_SIZE] = "", now[DIR_FACT_SIZE] = "";
	LDAPMessage *res, *entry;
	int rc = dir_search(d, &q, &res, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc == GH_E_NOT_IN_DIRECTORY ? gh_fail(err, GH_E_DIR_DOWN, "no rootDSE") : rc;
	snprintf(out->server, sizeof(out->server), "%s", d->s->uri[d->service.uri]);
	entry = ldap_first_entry(d->service.ld, res);
	if (entry != NULL) {
		out->is_ad = has_value(d->service.ld, entry, attrs[0], CAPABILITY_AD);
		take(d->service.ld, entry, attrs[1], out->base);
		if (out->base[0] == '\0')
			take(d->service.ld, entry, attrs[2], out->base);
		take(d->service.ld, entry, attrs[3], configuration);
		take(d->service.ld, entry, attrs[4], now);
	}
	ldap_msgfree(res);
	out->time = read_time(now);
	if (out->is_ad && configuration[0] != '\0' && out->base[0] != '\0')
		rc = read_domain(d, configuration, out, err);
	return rc;
}

int
dir_sample(struct dir *d, char **dn, struct gh_error *err)
{
	static const char *const attrs[] = {LDAP_NO_ATTRS, NULL};
	/* people, not the domain's own accounts; an entry without mail shows less of the
	 * templates */
	const char *const filters[] = {
	    d->s->profile.is_ad ? "(&(objectCategory=person)(objectClass=user)(mail=*))"
				: "(&(objectClass=person)(mail=*))",
	    d->s->profile.is_ad ? "(&(objectCategory=person)(objectClass=user))"
				: "(objectClass=person)",
	};
	struct dir_query q = {d->s->conf->directory.base, LDAP_SCOPE_SUBTREE, NULL, attrs, 1};
	LDAPMessage *res = NULL;
	char *found = NULL;
	int rc = 0;

	*dn = NULL;
	for (size_t i = 0; rc == 0 && found == NULL && i < sizeof(filters) / sizeof(filters[0]);
	     i++) {
		q.filter = filters[i];
		rc = dir_search(d, &q, &res, err);
		if (rc == 0 && ldap_count_entries(d->service.ld, res) > 0)
			found = ldap_get_dn(d->service.ld, ldap_first_entry(d->service.ld, res));
		if (rc == 0)
			ldap_msgfree(res);
	}
	if (rc != 0)
		return rc;
	if (found == NULL)
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "no person below %.300s",
		    d->s->conf->directory.base);
	*dn = strdup(found);
	ldap_memfree(found);
	return *dn != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "DN");
}
