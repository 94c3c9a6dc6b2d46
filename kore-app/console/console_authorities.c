/* CAs in the console: all, and one with the password of its key. See console_admin.h. */
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "rest/rest_authority.h"
#include "rest/rest_ca_password.h"
#include "rest/rest_stored.h"
#include "rest/rest_switch.h"
#include "timestamp.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_ca_key.h"
#include "console_confirm.h"
#include "console_page.h"
#include "console_tree.h"

#define PATH_SIZE (CALL_PART_SIZE + 32)

/* --- list ------------------------------------------------------------------------------------- */

/* NULL: out of memory. */
static gh_json *
tree_of(const gh_json *authorities)
{
	gh_json *data = gh_json_new_object(), *tree = console_tree(authorities);
	int bad = 0;

	for (size_t i = 0; i < gh_json_size(tree); i++) {
		gh_json *ca = gh_json_at(tree, i);

		bad |= console_set_day(ca, "day", gh_json_string(gh_json_get(ca, "not_after"))) |
		    gh_json_set_string(ca, "token",
			gh_json_string(gh_json_get(gh_json_get(ca, "key"), "token"))) |
		    gh_json_set_string(ca, "key", console_ca_key(gh_json_get(ca, "key")));
	}
	bad |= gh_json_set(data, "tree", tree);
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_authorities(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *page;

	if (console_get(env, call, rest_authorities, "limit=1000", &page, &err) == 0)
		console_reply(env, call, 200, "cas", tree_of(gh_json_get(page, "entries")), rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(page);
}

/* --- one -------------------------------------------------------------------------------------- */

/* What is known of the key, and of the password before it, which tells more than the signer:
 * static.
 */
static const char *
key_of(const gh_json *ca, const gh_json *password)
{
	if (!gh_json_bool(gh_json_get(ca, "has_key"), false))
		return "none";
	if (password == NULL)
		return "unknown";
	if (!gh_json_bool(gh_json_get(password, "requires_private_key_password"), false))
		return console_ca_key(gh_json_get(ca, "key"));
	if (gh_json_string(gh_json_get(password, "unlocked_until")) != NULL)
		return "unlocked";
	return gh_json_bool(gh_json_get(password, "is_locked"), false) ? "shut" : "locked";
}

/* The members of a policy: {name, texts}. NULL: out of memory. */
static gh_json *
policy_of(const gh_json *policy)
{
	gh_json *list = gh_json_new_array();
	int bad = list != NULL ? 0 : -1;

	for (void *it = gh_json_iter(policy); bad == 0 && it != NULL;
	     it = gh_json_next(policy, it)) {
		gh_json *o = gh_json_new_object();

		bad = gh_json_set_string(o, "name", gh_json_iter_name(it)) |
		    gh_json_set(o, "texts", console_texts(gh_json_iter_value(it)));
		bad |= gh_json_append(list, o);
	}
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* Issuers first: as a reader comes down to it. NULL: out of memory. */
static gh_json *
chain_of(const gh_json *ca)
{
	const gh_json *chain = gh_json_get(ca, "chain");
	size_t n = gh_json_size(chain);
	gh_json *list = gh_json_new_array();
	int bad = list != NULL ? 0 : -1;
	char level[32];

	for (size_t i = 0; bad == 0 && i < n; i++) {
		gh_json *o = gh_json_at(chain, n - 1 - i);

		snprintf(level, sizeof(level), "level%zu",
		    i < CONSOLE_TREE_DEPTH ? i : CONSOLE_TREE_DEPTH);
		bad = gh_json_set_string(o, "level", level) |
		    gh_json_set_bool(o, "is_self", i + 1 == n) |
		    console_set_day(o, "day", gh_json_string(gh_json_get(o, "not_after"))) |
		    gh_json_append(list, gh_json_ref(o));
	}
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* Is each of its CRLs still good? */
static int
complete_crls(const gh_json *crls)
{
	int64_t next, shard;
	int bad = 0;

	for (size_t i = 0; i < gh_json_size(crls); i++) {
		gh_json *crl = gh_json_at(crls, i);
		const char *text = gh_json_string(gh_json_get(crl, "next_update"));
		bool is_good =
		    text != NULL && gh_timestamp_parse(text, &next, NULL) == 0 && next > gh_now();

		bad |= gh_json_set_string(crl, "crl", is_good ? "good" : "late");
		bad |= gh_json_set_bool(crl, "has_shard",
		    gh_json_int(gh_json_get(crl, "shard"), &shard)); /* 0 is one, too */
	}
	return bad;
}

/* The way to the certificates that it issued. */
static int
put_issued(gh_json *data, const char *name)
{
	struct gh_buf query, q;
	int bad;

	gh_buf_init(&query, CONSOLE_QUERY_MAX);
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	gh_buf_puts(&query, "CA -eq \"");
	for (const char *c = name; *c != '\0'; c++)
		gh_buf_putf(&query, *c == '"' ? "\"\"" : "%c", *c);
	gh_buf_puts(&query, "\"");
	bad = gh_buf_check(&query, NULL);
	if (bad == 0) {
		console_query_put(&q, "query", (const char *)query.data);
		bad = console_set_link(data, "issued", "/console/certificates", &q);
	}
	gh_buf_free(&query);
	gh_buf_free(&q);
	return bad;
}

static int
put_certificate(gh_json *data, const gh_json *ca)
{
	const gh_json *own = gh_json_at(gh_json_get(ca, "chain"), 0);
	const char *name = gh_json_string(gh_json_get(ca, "name"));

	return gh_json_set_bool(data, "has_certificate", own != NULL) |
	    gh_json_set_string(data, "sha256", gh_json_string(gh_json_get(own, "sha256"))) |
	    put_issued(data, name != NULL ? name : "");
}

/* password: of the status of its key, NULL: there is none. */
static int
put_ca(const struct call *call, gh_json *data, gh_json *ca, gh_json *password)
{
	bool is_admin = (call->requester->roles & REQUESTER_ROLE_ADMIN) != 0;
	const char *key = key_of(ca, password);
	const char *said = gh_json_string(gh_json_get(ca, "state"));
	const char *state = said != NULL ? said : "";
	bool is_locked = strcmp(key, "locked") == 0 || strcmp(key, "shut") == 0;

	return gh_json_set(data, "ca", gh_json_ref(ca)) |
	    gh_json_set_string(data, "title", gh_json_string(gh_json_get(ca, "name"))) |
	    gh_json_set(data, "password",
		password != NULL ? gh_json_ref(password) : gh_json_new_string(NULL)) |
	    gh_json_set_string(data, "ca_state", gh_json_string(gh_json_get(ca, "state"))) |
	    put_certificate(data, ca) | complete_crls(gh_json_get(ca, "crls")) |
	    gh_json_set_bool(data, "has_crls", gh_json_size(gh_json_get(ca, "crls")) > 0) |
	    gh_json_set_string(data, "key", key) | gh_json_set(data, "chain", chain_of(ca)) |
	    gh_json_set(data, "policy", policy_of(gh_json_get(ca, "policy"))) |
	    gh_json_set_bool(data, "may_unlock", is_admin && is_locked) |
	    gh_json_set_bool(data, "may_change",
		is_admin && password != NULL && (is_locked || strcmp(key, "unlocked") == 0)) |
	    gh_json_set_bool(data, "is_admin", is_admin) |
	    gh_json_set_bool(data, "may_disable", is_admin && strcmp(state, "active") == 0) |
	    gh_json_set_bool(data, "may_enable", is_admin && strcmp(state, "disabled") == 0) |
	    gh_json_set_bool(data, "may_lock", is_admin && strcmp(key, "unlocked") == 0);
}

/* errors: of the form that was sent, taken over; NULL: none was. */
static void
show(struct worker_env *env, const struct call *call, int status, gh_json *errors,
    struct gh_http_reply *rep)
{
	gh_json *ca = NULL, *password = NULL, *data = gh_json_new_object();
	struct gh_error err = {0}, none = {0};
	int rc = console_get(env, call, rest_authority, NULL, &ca, &err);

	if (rc == 0 &&
	    console_get(env, call, ca_password_rest_status, NULL, &password, &none) != 0) {
		gh_json_free(password);
		password = NULL;
	}
	if (rc == 0 &&
	    (put_ca(call, data, ca, password) != 0 ||
		(errors != NULL && gh_json_set(data, "errors", gh_json_ref(errors)) != 0)))
		rc = gh_fail(&err, GH_E_NOMEM, "page of a CA");
	if (rc == 0) {
		console_reply(env, call, status, "ca", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
	gh_json_free(ca);
	gh_json_free(password);
	gh_json_free(errors);
}

void
console_authority(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	show(env, call, 200, NULL, rep);
}

/* --- password --------------------------------------------------------------------------------- */

static const char *
path_of(const struct call *call, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "/console/cas/%s", call_text(call->parts, "name"));
	return out;
}

/* Asks, first, where service is interrupted. */
static bool
is_confirmed(const struct worker_env *env, const struct call *call, const char *what,
    struct gh_http_reply *rep)
{
	char path[PATH_SIZE];

	return console_confirmed(env, call, what, call_text(call->parts, "name"),
	    path_of(call, path), rep);
}

static void
go_on(const struct call *call, struct gh_http_reply *rep)
{
	char path[PATH_SIZE];

	page_redirect(rep, path_of(call, path));
}

/* Where the form has the password that is there. */
static const char *
field_of(const struct call *call)
{
	return gh_form_get(call->form, "current_password") != NULL ? "current_password"
								   : "password";
}

/* The page with what is wrong. answer: as console_ask left it, taken over. */
static void
refuse(struct worker_env *env, const struct call *call, const struct gh_error *err, gh_json *answer,
    struct gh_http_reply *rep)
{
	bool is_password = err->code == GH_E_CA_PASSWORD;

	if (err->code == GH_E_VALIDATION && answer != NULL) {
		show(env, call, 422, answer, rep);
	} else if (is_password || err->code == GH_E_LOCKED || err->code == GH_E_CONFLICT) {
		gh_json_free(answer);
		/* 401 would ask the browser for another log-in */
		show(env, call, is_password ? 422 : gh_error_info(err->code)->http_status,
		    console_errors(is_password ? field_of(call) : "", err), rep);
	} else {
		gh_json_free(answer);
		page_refuse(call, err, rep);
	}
	gh_http_reply_cause(rep, err);
}

/* Asks, and goes on with the page of the CA. */
static void
ask_and_go_on(struct worker_env *env, const struct call *call, const struct console_ask *what,
    struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *answer = NULL;

	if (console_ask(env, call, what, &answer, &err) != 0) {
		refuse(env, call, &err, answer, rep);
		return;
	}
	gh_json_free(answer);
	go_on(call, rep);
}

/* The fields of the form as a body; one that is not there is "". NULL: out of memory. */
static gh_json *
secrets_of(const struct call *call, const char *const *fields)
{
	gh_json *body = gh_json_new_object();
	int bad = body != NULL ? 0 : -1;

	for (; bad == 0 && *fields != NULL; fields++) {
		const char *text = gh_form_get(call->form, *fields);

		bad = gh_json_set_string(body, *fields, text != NULL ? text : "");
	}
	if (bad == 0)
		return body;
	gh_json_free(body);
	return NULL;
}

static void
send_secrets(struct worker_env *env, const struct call *call, struct console_ask *what,
    const char *const *fields, struct gh_http_reply *rep)
{
	gh_json *body = secrets_of(call, fields);
	struct gh_error err = {0};

	if (body == NULL) {
		(void)gh_fail(&err, GH_E_NOMEM, "password");
		page_refuse(call, &err, rep);
		return;
	}
	what->body = body;
	ask_and_go_on(env, call, what, rep);
	gh_json_free(body);
}

void
console_authority_unlock(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const fields[] = {"password", NULL};
	struct console_ask what = {.handler = ca_password_rest_unlock, .method = GH_HTTP_POST};

	send_secrets(env, call, &what, fields, rep);
}

void
console_authority_password(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	static const char *const fields[] = {"current_password", "new_password",
	    "new_password_confirmation", NULL};
	struct console_ask what = {.handler = ca_password_rest_change, .method = GH_HTTP_PUT};

	send_secrets(env, call, &what, fields, rep);
}

void
console_authority_lock(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = ca_password_rest_lock, .method = GH_HTTP_POST};

	if (is_confirmed(env, call, "ca_lock", rep))
		ask_and_go_on(env, call, &what, rep);
}

/* --- state ------------------------------------------------------------------------------------ */

void
console_authority_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body = console_enabled(call);
	const struct console_ask what = {.handler = rest_authority_enable,
	    .method = GH_HTTP_PUT,
	    .body = body};

	if (is_confirmed(env, call, "ca", rep))
		ask_and_go_on(env, call, &what, rep);
	gh_json_free(body);
}
