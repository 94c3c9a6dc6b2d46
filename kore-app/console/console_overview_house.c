/* How the house is, for the overview. See console_overview.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "health/rest_status.h"

#include "console_ask.h"
#include "console_overview.h"
#include "console_page.h"

#define NAME_SIZE 40
#define ENDPOINTS "endpoints_" /* of the values: endpoints_failing ... */

/* Those that have a text of their own, house_code.NAME; the others are "other". */
static const char *const known[] = {"signer", "ca-certificate", "ca-key", "crl", "ocsp-signer",
    "audit", "syslog", "endpoints", "requests", "recoveries", "certificates", "job", "node",
    "notify"};

/* The key of its text: "ca-key" is ca_key. */
static const char *
name_of(const char *code, char out[NAME_SIZE])
{
	size_t i = 0;

	while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], code) != 0)
		i++;
	snprintf(out, NAME_SIZE, "%s", i < sizeof(known) / sizeof(known[0]) ? known[i] : "other");
	for (char *p = out; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	return out;
}

static bool
is_well(const gh_json *finding)
{
	const char *state = gh_json_string(gh_json_get(finding, "state"));

	return state != NULL && strcmp(state, "ok") == 0;
}

/* level: its state, as texts are called. */
static int
put_level(gh_json *house)
{
	static const char *const levels[] = {"ok", "warning", "critical"};
	const char *state = gh_json_string(gh_json_get(house, "state"));
	size_t i = 0;

	while (i < 2 && (state == NULL || strcasecmp(levels[i], state) != 0))
		i++;
	return gh_json_set_string(house, "level", levels[i]);
}

/* wrong, well: the findings of each kind, with "name" for people. */
static int
put_findings(gh_json *house)
{
	const gh_json *list = gh_json_get(house, "findings");
	gh_json *wrong = gh_json_new_array(), *well = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < gh_json_size(list); i++) {
		gh_json *f = gh_json_at(list, i);
		const char *code = gh_json_string(gh_json_get(f, "code"));
		char name[NAME_SIZE];

		bad |= gh_json_set_string(f, "name", name_of(code != NULL ? code : "", name)) |
		    gh_json_append(is_well(f) ? well : wrong, gh_json_ref(f));
	}
	bad |= gh_json_set_int(house, "n_wrong", (int64_t)gh_json_size(wrong)) |
	    gh_json_set_int(house, "n_well", (int64_t)gh_json_size(well)) |
	    gh_json_set_bool(house, "has_wrong", gh_json_size(wrong) > 0);
	return bad | console_set(house, "wrong", wrong) | console_set(house, "well", well);
}

/* What scans have found, where there is a list of endpoints: the numbers behind the finding. */
static int
put_endpoints(gh_json *data, const gh_json *house)
{
	const gh_json *values = gh_json_get(house, "values");
	gh_json *o = gh_json_new_object();
	int bad = 0;
	bool any = false;

	for (void *it = gh_json_iter(values); it != NULL; it = gh_json_next(values, it)) {
		const char *name = gh_json_iter_name(it);

		if (strncmp(name, ENDPOINTS, strlen(ENDPOINTS)) != 0)
			continue;
		any = true;
		bad |=
		    gh_json_set(o, name + strlen(ENDPOINTS), gh_json_ref(gh_json_iter_value(it)));
	}
	if (any && bad == 0)
		return gh_json_set(data, "endpoints", o);
	gh_json_free(o);
	return bad;
}

int
overview_put_house(struct worker_env *env, const struct call *call, gh_json *data,
    struct gh_error *err)
{
	const struct console_ask what = {.handler = rest_status, .method = GH_HTTP_GET};
	gh_json *house = NULL;
	int rc;

	if (!console_sees_all(call->requester))
		return 0;
	rc = console_ask(env, call, &what, &house, err);
	if (rc == 0 &&
	    ((put_findings(house) | put_level(house) | put_endpoints(data, house)) != 0 ||
		gh_json_set(data, "house", gh_json_ref(house)) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "overview");
	gh_json_free(house);
	return rc;
}
