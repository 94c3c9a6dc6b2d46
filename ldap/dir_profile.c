/* The two kinds of directory, row by row, and what the configuration changes of them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"

#include "dir_profile.h"

#define PATTERN_MAX 1024

static const char *const ad_attrs[DIR_ATTR_COUNT] = {
    [DIR_CN] = "cn",
    [DIR_DISPLAY_NAME] = "displayName",
    [DIR_GIVEN_NAME] = "givenName",
    [DIR_SURNAME] = "sn",
    [DIR_MAIL] = "mail",
    [DIR_UPN] = "userPrincipalName",
    [DIR_DNS_HOST_NAME] = "dNSHostName",
    [DIR_SAM_ACCOUNT_NAME] = "sAMAccountName",
    [DIR_SPN] = "servicePrincipalName",
    [DIR_OBJECT_GUID] = "objectGUID",
    [DIR_OBJECT_SID] = "objectSid",
    [DIR_OU] = "ou",
    [DIR_O] = "o",
    [DIR_TITLE] = "title",
    [DIR_ACCOUNT_CONTROL] = "userAccountControl",
    [DIR_ACCOUNT_EXPIRES] = "accountExpires",
    [DIR_PREFERRED_LANGUAGE] = "preferredLanguage",
};

static void
replace(struct dir_profile *p, enum dir_attr a, const char *name)
{
	if (*name != '\0')
		p->attr[a] = name;
}

static void
map_attributes(struct dir_profile *p, const struct gh_conf *conf)
{
	size_t n = 0;

	memcpy(p->attr, ad_attrs, sizeof p->attr);
	if (!p->is_ad)
		p->attr[DIR_SAM_ACCOUNT_NAME] = "uid";
	replace(p, DIR_CN, conf->directory.attr_cn);
	replace(p, DIR_MAIL, conf->directory.attr_mail);
	replace(p, DIR_UPN, conf->directory.attr_upn);
	replace(p, DIR_DNS_HOST_NAME, conf->directory.attr_dns);
	replace(p, DIR_SAM_ACCOUNT_NAME, conf->directory.attr_sam);
	replace(p, DIR_OBJECT_GUID, conf->directory.attr_guid);
	replace(p, DIR_OBJECT_SID, conf->directory.attr_sid);

	for (size_t a = 0; a < DIR_ATTR_COUNT; a++)
		p->request[n++] = p->attr[a];
	p->request[n++] = "objectClass";
	p->request[n++] = p->id;
	p->request[n++] = p->password_mark;
	/* Active Directory's memberOf has neither nested groups nor the primary one: groups.c */
	if (!p->is_ad) {
		p->request[n++] = DIR_MEMBER_OF;
		p->request[n++] = DIR_LOCKED_TIME;
	}
	p->request[n] = NULL;
}

static char *pattern(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* NULL when it is too long or memory is short. */
static char *
pattern(const char *fmt, ...)
{
	char text[PATTERN_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= sizeof text ? NULL : strdup(text);
}

static bool
make_user_patterns(struct dir_profile *p, const char *configured)
{
	const char *people =
	    p->is_ad ? "(objectCategory=person)(objectClass=user)" : "(objectClass=inetOrgPerson)";

	if (*configured != '\0')
		return (p->user = strdup(configured)) != NULL;
	p->user = pattern("(&%s(%s=%%s))", people, p->attr[DIR_SAM_ACCOUNT_NAME]);
	p->upn = pattern("(&%s(%s=%%u))", people, p->attr[DIR_UPN]);
	if (!p->is_ad && (p->mail = pattern("(&%s(%s=%%u))", people, p->attr[DIR_MAIL])) == NULL)
		return false;
	return p->user != NULL && p->upn != NULL;
}

static bool
make_computer_patterns(struct dir_profile *p, const char *configured)
{
	const char *dns = p->attr[DIR_DNS_HOST_NAME], *sam = p->attr[DIR_SAM_ACCOUNT_NAME];

	if (*configured != '\0') {
		p->computer = strdup(configured);
		p->host = strdup(configured);
	} else if (p->is_ad) {
		p->computer = pattern("(&(objectCategory=computer)(%s=%%s$))", sam);
		p->host = pattern("(&(objectCategory=computer)(%s=%%s))", dns);
	} else {
		p->computer = pattern("(&(objectClass=device)(|(cn=%%s)(%s=%%s$)))", sam);
		p->host = pattern("(&(objectClass=device)(%s=%%s))", dns);
	}
	return p->computer != NULL && p->host != NULL;
}

/* An attribute description (RFC 4512, 2.5), since it goes into filters as it is. */
static bool
is_attribute_name(const char *name)
{
	return *name != '\0' && strlen(name) <= 128 &&
	    name[strspn(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.;")] == '\0';
}

static int
check(const struct dir_profile *p, const struct gh_conf *conf, struct gh_error *err)
{
	const char *user = conf->directory.user_filter, *computer = conf->directory.computer_filter;
	int rc;

	for (size_t a = 0; a < DIR_ATTR_COUNT; a++)
		if (!is_attribute_name(p->attr[a]))
			return gh_refuse(err, GH_E_CONF,
			    "directory: \"%.100s\" is no attribute name", p->attr[a]);
	if (*user != '\0' && (rc = dir_filter_check(user, "user_filter", err)) != 0)
		return rc;
	if (*computer != '\0' && (rc = dir_filter_check(computer, "computer_filter", err)) != 0)
		return rc;
	return 0;
}

int
dir_profile_init(struct dir_profile *p, const struct gh_conf *conf, struct gh_error *err)
{
	int rc;

	memset(p, 0, sizeof *p);
	if (strcmp(conf->directory.type, "ad") != 0 &&
	    strcmp(conf->directory.type, "openldap") != 0)
		return gh_refuse(err, GH_E_CONF, "directory.type: must be \"ad\" or \"openldap\"");
	p->is_ad = strcmp(conf->directory.type, "ad") == 0;
	/* in a domain cn is unique only inside its container, sAMAccountName everywhere */
	p->id = p->is_ad ? "objectGUID" : "entryUUID";
	/* of OpenLDAP: the overlay ppolicy has it (draft-behera-ldap-password-policy-10, 5.3.2) */
	p->password_mark = p->is_ad ? "pwdLastSet" : "pwdChangedTime";
	p->group_name = p->is_ad ? "sAMAccountName" : "cn";
	map_attributes(p, conf);
	if ((rc = check(p, conf, err)) != 0)
		return rc;
	if (!make_user_patterns(p, conf->directory.user_filter) ||
	    !make_computer_patterns(p, conf->directory.computer_filter)) {
		dir_profile_clear(p);
		return gh_fail(err, GH_E_NOMEM, "directory filters");
	}
	return 0;
}

void
dir_profile_clear(struct dir_profile *p)
{
	free(p->user);
	free(p->upn);
	free(p->mail);
	free(p->computer);
	free(p->host);
	memset(p, 0, sizeof *p);
}
