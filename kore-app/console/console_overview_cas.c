/* The CAs of the overview. See console_overview.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "http_cache.h"
#include "public/ca_pages.h"
#include "public/crl_serve.h"
#include "rest/rest_stored.h"
#include "timestamp.h"

#include "console_ask.h"
#include "console_ca_key.h"
#include "console_overview.h"
#include "console_page.h"

#define NAME_MAX_SHOWN 100 /* of the name of a number */

static struct call_parts
part_of(const char *text, const char *suffix)
{
	struct call_parts parts = {.n = 1, .part = {{.name = "name}"}}};

	snprintf(parts.part[0].text, sizeof(parts.part[0].text), "%s%s", text, suffix);
	return parts;
}

/* A header's date, as the API writes times; "": there is none. */
static const char *
date_of(const struct gh_http_reply *rep, const char *name, char out[GH_TIMESTAMP_SIZE], int64_t *at)
{
	const char *value = console_answer_header(rep, name);

	*at = 0;
	*out = '\0';
	if (value != NULL && gh_http_date_parse(value, at))
		gh_timestamp_format(*at, out);
	return out;
}

/* Of the CRL that relying parties get: when it was made, and until when it holds. */
static int
put_crl(struct worker_env *env, const struct call *call, gh_json *ca)
{
	const struct call_parts parts = part_of(gh_json_string(gh_json_get(ca, "slug")), ".crl");
	const struct console_ask what = {.handler = crl_get,
	    .method = GH_HTTP_GET,
	    .parts = &parts};
	char made[GH_TIMESTAMP_SIZE], ends[GH_TIMESTAMP_SIZE];
	struct gh_http_reply rep = {0};
	struct gh_error err = {0};
	int64_t begin, end;
	int bad;

	if (console_fetch(env, call, &what, &rep, &err) != 0)
		return gh_json_set_string(ca, "crl", "none");
	bad = gh_json_set_string(ca, "crl_made", date_of(&rep, "Last-Modified", made, &begin)) |
	    gh_json_set_string(ca, "crl_ends", date_of(&rep, "Expires", ends, &end)) |
	    console_set_minute(ca, "crl_until", ends);
	gh_http_reply_clear(&rep);
	return bad | gh_json_set_string(ca, "crl", end > gh_now() ? "good" : "late");
}

/* All CAs as those see them who administer, for who is one of them; else NULL. */
static gh_json *
ask_authorities(struct worker_env *env, const struct call *call)
{
	gh_json *page = NULL;
	struct gh_error err = {0};

	if (console_sees_all(call->requester) &&
	    console_get(env, call, rest_authorities, "limit=1000", &page, &err) != 0) {
		gh_json_free(page);
		page = gh_json_new_object(); /* no key is known */
	}
	return page;
}

/* Whether its key can be used now, and the token that it is in. all: of ask_authorities. */
static int
put_key(gh_json *ca, const gh_json *all)
{
	const gh_json *rows = gh_json_get(all, "entries"), *key = NULL;
	const char *slug = gh_json_string(gh_json_get(ca, "slug"));

	if (all == NULL)
		return 0;
	for (size_t i = 0; slug != NULL && key == NULL && i < gh_json_size(rows); i++) {
		const gh_json *row = gh_json_at(rows, i);
		const char *said = gh_json_string(gh_json_get(row, "slug"));

		key = said != NULL && strcmp(said, slug) == 0 ? gh_json_get(row, "key") : NULL;
	}
	return gh_json_set_string(ca, "key", console_ca_key(key)) |
	    gh_json_set_string(ca, "token", gh_json_string(gh_json_get(key, "token")));
}

/* Of its OCSP signer: until when it is good, where it has one. */
static int
put_ocsp(gh_json *ca, const gh_json *values)
{
	const char *slug = gh_json_string(gh_json_get(ca, "slug"));
	char name[sizeof("ocsp_signer_left_") + NAME_MAX_SHOWN], until[GH_TIMESTAMP_SIZE];
	int64_t left;

	snprintf(name, sizeof(name), "ocsp_signer_left_%.*s", NAME_MAX_SHOWN,
	    slug != NULL ? slug : "");
	if (!gh_json_int(gh_json_get(values, name), &left))
		return 0;
	gh_timestamp_format(gh_now() + left, until);
	return gh_json_set_string(ca, "ocsp", left > 0 ? "good" : "late") |
	    gh_json_set_string(ca, "ocsp_ends", until) |
	    console_set_minute(ca, "ocsp_until", until);
}

int
overview_put_cas(struct worker_env *env, const struct call *call, gh_json *data,
    struct gh_error *err)
{
	const struct console_ask what = {.handler = ca_pages_list, .method = GH_HTTP_GET};
	const gh_json *values = gh_json_get(gh_json_get(data, "house"), "values");
	gh_json *page = NULL, *all = ask_authorities(env, call), *cas;
	int rc = console_ask(env, call, &what, &page, err), bad = 0;

	cas = gh_json_get(page, "entries");
	for (size_t i = 0; rc == 0 && i < gh_json_size(cas); i++) {
		gh_json *ca = gh_json_at(cas, i);
		const char *state = gh_json_string(gh_json_get(ca, "state"));

		bad |= console_set_day(ca, "day", gh_json_string(gh_json_get(ca, "not_after")));
		if (state != NULL && strcmp(state, "active") == 0)
			bad |= put_crl(env, call, ca) | put_key(ca, all) | put_ocsp(ca, values);
	}
	if (rc == 0 && (bad != 0 || gh_json_set(data, "cas", gh_json_ref(cas)) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "overview");
	gh_json_free(page);
	gh_json_free(all);
	return rc;
}
