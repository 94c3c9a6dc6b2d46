/* See rest_status.h. */
#include "rest/rest.h"

#include "findings_view.h"
#include "house.h"
#include "rest_status.h"

static void
look(struct findings *f, const struct worker_env *env)
{
	(void)house_signer(f, env);
	house_cas(f, env);
	house_state(f, env);
	house_nodes(f, env);
	house_jobs(f, env);
	house_deliveries(f, env);
}

/* NULL: out of memory. */
static gh_json *
view(const struct findings *f)
{
	struct gh_buf line;
	enum finding_state worst = findings_summary(f->list, &line);
	gh_json *o = f->failed || gh_buf_check(&line, NULL) != 0
	    ? NULL
	    : findings_view(finding_names[worst], (const char *)line.data, f->list, f->values);

	gh_buf_free(&line);
	return o;
}

void
rest_status(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct findings f;
	struct gh_error err = {0};

	if (findings_begin(&f, NULL, &err) != 0) {
		rest_error(&err, call->http->request_id, NULL, rep);
		return;
	}
	look(&f, env);
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, 200, view(&f));
	findings_end(&f);
}
