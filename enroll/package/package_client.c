/* Clients of packages. See package_client.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "catalog/est_label.h"

#include "package_client.h"

static const char *
kind_word(const struct requester *who)
{
	switch (who->kind) {
	case REQUESTER_DIRECTORY:
		return "user";
	case REQUESTER_EST_USER:
		return "est-user";
	case REQUESTER_DEVICE:
		return "device";
	default:
		return NULL; /* no client */
	}
}

void
package_client_key(const struct requester *who, char out[PACKAGE_CLIENT_SIZE])
{
	const char *word = kind_word(who);
	bool has_id = who->id[0] != '\0';

	snprintf(out, PACKAGE_CLIENT_SIZE, "%s%s:%s", word != NULL ? word : "none",
	    has_id ? "-id" : "", has_id ? who->id : who->name);
	for (char *p = out; *p != '\0'; p++) /* names are, but for their case, one */
		*p = (char)tolower((unsigned char)*p);
}

/* "LABEL/SUBJECT": two manufacturers may give one subject, and so may two labels of ours, each to
 * others. What is of no label is nobody's. */
static bool
is_subject_at(const char *name, const struct requester *who)
{
	size_t n = est_label_name_len(name);

	return n > 0 && name[n] == '/' && who->has_own_cert && strchr(who->name, '=') != NULL &&
	    strlen(who->cert_label) == n && strncasecmp(name, who->cert_label, n) == 0 &&
	    strcasecmp(name + n + 1, who->name) == 0;
}

static bool
is_called(const char *name, const struct requester *who)
{
	return who->kind == REQUESTER_DEVICE ? is_subject_at(name, who)
					     : strcasecmp(name, who->name) == 0;
}

/* "12" may be the number of one EST user and the name of another, who is meant. */
static bool
is_known_by_id(const struct requester *who)
{
	return who->id[0] != '\0' && who->kind != REQUESTER_EST_USER;
}

bool
package_is_for(const char *audience, const struct requester *who, const struct dir_entry *entry)
{
	const char *name = strchr(audience, ':'), *word;
	size_t n;

	if (strcmp(audience, "all") == 0)
		return true;
	if (name == NULL || who == NULL || (word = kind_word(who)) == NULL)
		return false;
	n = (size_t)(name++ - audience);
	if (n == strlen("group") && strncmp(audience, "group", n) == 0)
		return entry != NULL && dir_entry_is_member(entry, name);
	if (n != strlen(word) || strncmp(audience, word, n) != 0)
		return false;
	return is_called(name, who) || (who->dn[0] != '\0' && strcasecmp(name, who->dn) == 0) ||
	    (is_known_by_id(who) && strcasecmp(name, who->id) == 0);
}
