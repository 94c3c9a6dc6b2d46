/* Member "notify": groups that hear of what becomes of the template's requests and certificates.
 * docs/notifications.md */
#include <string.h>

#include "load.h"

#define GROUPS_MAX 16
#define BY_DEFAULT "cert.expiring"

/* Function template_tells of migration 0020 reads the same member. */
static const char *const events[] = {"enroll.pending", "enroll.issued", "request.approved",
    "request.denied", "request.canceled", "request.expired", "cert.revoked", "cert.held",
    "cert.unheld", BY_DEFAULT};

static const char *
accept_event(const char *text)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(events[i], text) == 0)
			return text;
	return NULL;
}

/* Nobody would want to write to everybody. */
static const char *
accept_group(const char *text)
{
	return strcmp(text, "*") != 0 && strcmp(text, "S-1-1-0") != 0 &&
		strcmp(text, "S-1-5-11") != 0 && strlen(text) <= 600
	    ? text
	    : NULL;
}

static const struct schema_check
    event_check = {accept_event, "is no event that a template can name (docs/notifications.md)"},
    group_check = {accept_group, "must be a group of at most 600 bytes, and not everybody"};

int
tmpl_load_notify(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	static const struct schema_member member[] = {{"groups", GH_JSON_ARRAY, true,
							  offsetof(struct tmpl_notify, groups),
							  schema_list, 1, GROUPS_MAX, &group_check},
	    {"events", GH_JSON_ARRAY, false, offsetof(struct tmpl_notify, events), schema_list, 1,
		TMPL_LIST_MAX, &event_check},
	    {NULL, 0, false, 0, NULL, 0, 0, NULL}};

	(void)m;
	return schema_load(member, v, at, out, err);
}

bool
tmpl_tells(const struct tmpl *t, const char *event)
{
	return t->notify.groups.n > 0 &&
	    (t->notify.events.n > 0 ? tmpl_list_has(&t->notify.events, event)
				    : strcmp(event, BY_DEFAULT) == 0);
}
