/* What every call meets before and behind its handler: see route_dispatch. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "log.h"

#include "form.h"

#include "auth/est_user_check.h"
#include "auth/form_token.h"
#include "auth/origin.h"
#include "routes.h"

static bool
is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* A route that anybody may use does nothing that a browser's credentials are good for. */
static bool
needs_caller(const struct route *r)
{
	return (r->need & ~(unsigned)(AUTH_LOCAL | AUTH_ANYBODY)) != 0;
}

/* type, with or without parameters; "application/tamp-*": any that begins so. */
static bool
is_type(const char *sent, const char *type)
{
	size_t n = type != NULL ? strlen(type) : 0;

	if (n > 0 && type[n - 1] == '*')
		return sent != NULL && strncasecmp(sent, type, n - 1) == 0;
	if (sent == NULL || n == 0 || strncasecmp(sent, type, n) != 0)
		return false;
	sent += n;
	sent += strspn(sent, " \t");
	return *sent == '\0' || *sent == ';';
}

/*
 * Bodies are JSON and say so: the types that a foreign page can send without a preflight
 * (text/plain, forms) are none of it. Where a family lets the type out,
 * a foreign page is refused by its check_site, which has looked before. A row that takes forms is
 * for browsers, whose calls need a token, too.
 */
static int
check_body_type(const struct route *r, const struct gh_http_request *req, struct gh_error *err)
{
	const char *type = gh_http_header(req, "content-type");
	bool is_absent = type == NULL || *type == '\0';

	if (req->body_len == 0 || (req->method & ORIGIN_SAFE_METHODS) != 0 ||
	    gh_http_is_json(type) || is_type(type, r->body_type) ||
	    (r->takes_form && gh_form_is_type(type)) ||
	    (is_absent && route_family_of(r)->takes_untyped_body))
		return 0;
	return gh_fail(err, GH_E_UNSUPPORTED_MEDIA, "content type %.60s",
	    is_absent ? "missing" : type);
}

int
route_admit(const struct route *r, bool is_plain, struct gh_error *err)
{
	if (is_plain && !r->plain)
		return gh_refuse(err, GH_E_FORBIDDEN, "This path is served over HTTPS only.");
	return 0;
}

/* What the row demands beside authentication. */
static int
check_call(const struct worker_env *env, const struct route *r, const struct gh_http_request *req,
    struct gh_error *err)
{
	if (r->need == 0)
		return gh_fail(err, GH_E_INTERNAL, "row %s does not say who may use it", r->name);
	if ((r->need & AUTH_LOCAL) && !env->conf->gateway.metrics_public &&
	    !is_loopback(req->address))
		return gh_fail(err, GH_E_FORBIDDEN, "only for loopback peers");
	if (route_admit(r, req->is_plain, err) != 0)
		return GH_E_FORBIDDEN;
	if (req->body_len > r->body_max)
		return gh_refuse(err, GH_E_TOO_LARGE, "The body is larger than %zu bytes.",
		    r->body_max);
	if (needs_caller(r)) {
		int rc = route_family_of(r)->check_site(env->conf, req, err);

		if (rc == 0)
			rc = check_body_type(r, req, err);
		if (rc != 0)
			return rc;
	}
	if ((needs_caller(r) || !(r->on_loop || r->without_catalog)) && env->catalog == NULL)
		return gh_fail(err, GH_E_NOT_LOADED, "no configuration read from the database yet");
	return 0;
}

/* Somebody we know asked for what is not his. */
static void
audit_denied(struct worker_env *env, const struct route *r, const struct gh_http_request *req,
    const struct requester *who, const struct gh_error *err)
{
	struct store_audit a = {
	    .event = "access.denied",
	    .outcome = "failure",
	    .who = who,
	    .request_id = req->request_id,
	    .object = r->name,
	    .detail = err->detail,
	};
	struct gh_error why;

	if (store_audit(env->store, &a, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "audit row not written", "detail", why.detail, NULL);
}

struct bit_name {
	unsigned bit;
	const char *name;
};

/* The names of those bits that are set. Cut where out is too short, which none of these is. */
static void
list_bits(const struct bit_name *names, size_t n, unsigned bits, const char *between, char *out,
    size_t size)
{
	size_t len = 0;

	*out = '\0';
	for (size_t i = 0; i < n && len < size; i++)
		if ((bits & names[i].bit) != 0)
			len += (size_t)snprintf(out + len, size - len, "%s%s",
			    len > 0 ? between : "", names[i].name);
}

/* Says which role an administrator has to give. */
static int
refuse_role(unsigned roles, const char *who, struct gh_error *err)
{
	static const struct bit_name names[] = {
	    {REQUESTER_ROLE_ADMIN, "admin"},
	    {REQUESTER_ROLE_OFFICER, "officer"},
	    {REQUESTER_ROLE_AUDITOR, "auditor"},
	    {REQUESTER_ROLE_AGENT, "agent"},
	};
	char list[64];
	int rc;

	list_bits(names, sizeof(names) / sizeof(names[0]), roles, " or ", list, sizeof(list));
	rc = gh_refuse(err, GH_E_FORBIDDEN, "This needs the role %s, which you do not have.", list);
	snprintf(err->detail, sizeof(err->detail), "%s does not have the role %s", who, list);
	return rc;
}

/* Where anybody may come, who says nothing is nobody, and so is whose credentials are of the wrong
 * kind; false ones are refused. */
static int
authenticate_est(struct worker_env *env, struct auth_limiter *limiter, const struct route_match *m,
    const struct gh_http_request *req, struct auth_result *who, struct gh_error *err)
{
	bool is_open = (m->route->need & AUTH_ANYBODY) != 0;
	int rc;

	if (is_open && req->client_cert == NULL && gh_http_header(req, "authorization") == NULL)
		return 0;
	rc = auth_est_check(env, limiter, m->route->need, &m->parts, req, who, err);
	if (is_open && (rc == GH_E_AUTH_REQUIRED || rc == GH_E_FORBIDDEN)) {
		gh_error_clear(err);
		rc = 0;
	}
	return rc;
}

static int
authenticate(struct worker_env *env, struct auth_limiter *limiter, const struct route_match *m,
    const struct gh_http_request *req, struct auth_result *who, struct gh_error *err)
{
	const struct route *r = m->route;
	int rc;

	if (!needs_caller(r))
		return 0;
	if ((r->need & AUTH_EST) != 0)
		return authenticate_est(env, limiter, m, req, who, err);
	rc = auth_check(env, limiter, r->need & ~(unsigned)AUTH_LOCAL, req, who, err);
	if (rc == 0 && r->roles != 0 && (who->requester.roles & r->roles) == 0) {
		rc = refuse_role(r->roles, who->requester.name, err);
		audit_denied(env, r, req, &who->requester, err);
		auth_result_clear(who);
	}
	return rc;
}

static void
put_allow(struct gh_http_reply *rep, unsigned allowed)
{
	static const struct bit_name names[] = {
	    {GH_HTTP_GET, "GET"},
	    {GH_HTTP_HEAD, "HEAD"},
	    {GH_HTTP_POST, "POST"},
	    {GH_HTTP_PUT, "PUT"},
	    {GH_HTTP_DELETE, "DELETE"},
	};
	char list[64];

	list_bits(names, sizeof(names) / sizeof(names[0]), allowed, ", ", list, sizeof(list));
	gh_http_reply_header(rep, "Allow", list);
}

static bool
has_header(const struct gh_http_reply *rep, const char *name)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcasecmp(rep->header[i].name, name) == 0)
			return true;
	return false;
}

void
route_refuse(const struct gh_conf *conf, const struct gh_error *err, const struct route_match *m,
    const struct gh_http_request *req, struct gh_http_reply *rep, struct route_trace *trace)
{
	const struct gh_error_info *info = gh_error_info(err->code);
	const struct route_family *f = route_match_family(m, req->path);

	f->error(conf, err, req, rep);
	if (rep->status == 401 && f->challenge != NULL)
		gh_http_reply_header(rep, "WWW-Authenticate", f->challenge);
	if (err->code == GH_E_METHOD)
		put_allow(rep, m->allowed); /* RFC 9110, 15.5.6: MUST */
	if (info->is_retryable && !has_header(rep, "Retry-After"))
		gh_http_reply_header(rep, "Retry-After", "1");
	trace->code = info->name;
	snprintf(trace->cause, sizeof(trace->cause), "%s", err->detail);
}

/* Who calls, and what he sent, while he is answered. */
struct entry {
	struct auth_result who;
	struct gh_form form;
};

/* The form of the body, and whether the person who is logged in meant to send it. */
static int
read_form(struct worker_env *env, const struct route *r, const struct gh_http_request *req,
    struct entry *e, struct gh_error *err)
{
	const char *type = gh_http_header(req, "content-type");
	int rc = 0;

	if (r->takes_form && req->body_len > 0 && gh_form_is_type(type))
		rc = gh_form_parse(type, req->body, req->body_len, &e->form, err);
	if (rc != 0 ||
	    (rc = form_token_check(env, r->need, req, &e->form, e->who.session, err)) == 0)
		return rc;
	if (e->who.session != NULL)
		audit_denied(env, r, req, &e->who.requester, err);
	return rc;
}

static void
close_entry(struct entry *e)
{
	auth_result_clear(&e->who);
	gh_form_clear(&e->form);
}

/* True: the call may go to its handler, as *e. Else the reply says why not, or it leaves. */
static bool
enter(struct worker_env *env, struct auth_limiter *limiter, struct route_item *i, bool may_leave,
    struct entry *e)
{
	const struct route *r = i->match->route;
	struct gh_error err = {0};
	int rc;

	gh_log_context(i->req->request_id, NULL);
	i->leaves = false;
	if ((rc = gh_http_check_deadline(i->req, &err)) == 0) {
		rc = check_call(env, r, i->req, &err);
		if (rc == 0)
			rc = authenticate(env, limiter, i->match, i->req, &e->who, &err);
		i->leaves = may_leave && rc == GH_E_BUSY;
	}
	if (rc == 0)
		rc = read_form(env, r, i->req, e, &err);
	if (rc != 0) {
		if (!i->leaves)
			route_refuse(env->conf, &err, i->match, i->req, i->rep, i->trace);
		if (!i->leaves && i->rep->status == 401 && (r->need & AUTH_EST) != 0)
			est_user_challenge(env, rc, i->rep);
		close_entry(e);
		memset(e, 0, sizeof(*e)); /* the next call of a batch begins with it */
		gh_log_context(NULL, NULL);
		return false;
	}
	gh_log_context(i->req->request_id, e->who.requester.name);
	snprintf(i->trace->requester, sizeof(i->trace->requester), "%s", e->who.requester.name);
	snprintf(i->trace->app, sizeof(i->trace->app), "%s", e->who.requester.app_name);
	return true;
}

static struct call
call_of(const struct route_item *i, struct auth_limiter *limiter, const struct entry *e)
{
	return (struct call){
	    .http = i->req,
	    .requester = &e->who.requester,
	    .app = e->who.app,
	    .entry = e->who.entry,
	    .session = e->who.session,
	    .form = &e->form,
	    .limiter = limiter,
	    .version = i->match->version,
	    .parts = &i->match->parts,
	    .rest = i->match->rest,
	};
}

/* The handler has answered. */
static void
leave(const struct route_item *i, struct auth_limiter *limiter, struct entry *e)
{
	if ((i->match->route->need & AUTH_EST_MESSAGE) != 0)
		auth_message_refused(limiter, i->req, i->rep->code);
	i->trace->code = i->rep->code;
	snprintf(i->trace->cause, sizeof(i->trace->cause), "%s",
	    i->rep->cause != NULL ? i->rep->cause : "");
	close_entry(e);
	gh_log_context(NULL, NULL);
}

void
route_dispatch(struct worker_env *env, struct auth_limiter *limiter, const struct route_match *m,
    const struct gh_http_request *req, struct gh_http_reply *rep, struct route_trace *trace)
{
	struct route_item item = {.match = m, .req = req, .rep = rep, .trace = trace};
	struct entry e = {0};
	struct call call;

	if (!enter(env, limiter, &item, false, &e))
		return;
	call = call_of(&item, limiter, &e);
	gh_log_collect(&trace->event);
	m->route->handler(env, &call, rep);
	gh_log_collect(NULL);
	leave(&item, limiter, &e);
}

void
route_dispatch_batch(struct worker_env *env, struct auth_limiter *limiter,
    const struct route_batch *batch, struct route_item *items, size_t n)
{
	struct entry entry[ROUTE_BATCH_MAX] = {0};
	struct call_item calls[ROUTE_BATCH_MAX] = {0};
	struct route_item *of[ROUTE_BATCH_MAX];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (!enter(env, limiter, &items[i], true, &entry[k]))
			continue;
		gh_log_context(NULL, NULL);
		of[k] = &items[i];
		calls[k] = (struct call_item){.call = call_of(&items[i], limiter, &entry[k]),
		    .rep = items[i].rep,
		    .event = &items[i].trace->event};
		k++;
	}
	if (k > 0)
		batch->run(env, calls, k);
	for (size_t i = 0; i < k; i++) {
		of[i]->leaves = calls[i].leaves;
		leave(of[i], limiter, &entry[i]);
	}
}
