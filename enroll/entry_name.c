/* From an entry to a name and a requester. See entry_name.h. */
#include <stdio.h>
#include <string.h>

#include "entry_name.h"

bool
entry_name(const struct gh_conf *conf, const struct dir_entry *e, char *out, size_t size)
{
	const char *account = dir_entry_text(e, DIR_SAM_ACCOUNT_NAME);
	const char *domain = conf->directory.netbios_domain;
	bool has_domain = domain != NULL && *domain != '\0';
	char name[512];
	int n;

	if (account == NULL)
		return true;
	n = snprintf(name, sizeof(name), "%s%s%s", has_domain ? domain : "", has_domain ? "\\" : "",
	    account);
	if (n < 0 || (size_t)n >= sizeof(name) || (size_t)n >= size)
		return false;
	memcpy(out, name, (size_t)n + 1);
	return true;
}

bool
entry_requester(const struct gh_conf *conf, const struct dir_entry *e, const char *name,
    struct requester *out)
{
	*out = (struct requester){.kind = REQUESTER_DIRECTORY};
	if (strlen(name) >= sizeof(out->name) || strlen(e->dn) >= sizeof(out->dn))
		return false;
	strcpy(out->name, name);
	strcpy(out->dn, e->dn);
	snprintf(out->id, sizeof(out->id), "%s", e->id);
	return entry_name(conf, e, out->name, sizeof(out->name));
}
