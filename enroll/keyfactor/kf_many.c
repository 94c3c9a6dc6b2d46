/* KeyfactorAPI: calls about several. See kf_many.h. */
#include <stdlib.h>

#include "kf_many.h"

int
kf_ids_check(const gh_json *ids, const char *name, struct gh_error *err)
{
	int64_t id;

	if (gh_json_type(ids) != GH_JSON_ARRAY || gh_json_size(ids) == 0 ||
	    gh_json_size(ids) > KF_IDS_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "%s is an array of 1 to %d numbers.", name,
		    KF_IDS_MAX);
	for (size_t i = 0; i < gh_json_size(ids); i++)
		if (!gh_json_int(gh_json_at(ids, i), &id) || id < 1)
			return gh_refuse(err, GH_E_BAD_REQUEST, "%s[%zu] is no positive number.",
			    name, i);
	return 0;
}

/* What became of them. */
struct found {
	gh_json *done, *failed;
};

static int
note_failure(gh_json *failed, int64_t id, const char *message)
{
	gh_json *e = gh_json_new_object();
	int bad = gh_json_set_int(e, "Id", id) |
	    gh_json_set_string(e, "Reason", message != NULL ? message : "It was refused.");

	return bad | gh_json_append(failed, e);
}

static int
note(struct found *f, int64_t id, const struct gh_http_reply *inner)
{
	char *message;
	int bad;

	if (inner->status >= 200 && inner->status < 300)
		return gh_json_append(f->done, gh_json_new_int(id));
	message = kf_refusal(inner);
	bad = note_failure(f->failed, id, message);
	free(message);
	return bad;
}

static int
ask_one(struct worker_env *env, const struct call *call, const struct kf_many *m, int64_t id,
    struct found *f, struct gh_error *err)
{
	struct gh_http_reply inner = {0};
	struct gh_error late = {0};
	int rc = 0, bad;

	if (gh_http_check_deadline(call->http, &late) != 0) {
		bad = note_failure(f->failed, id, late.message);
	} else {
		rc = m->ask(env, call, m->arg, id, &inner, err);
		bad = rc == 0 ? note(f, id, &inner) : 0;
	}
	gh_http_reply_clear(&inner);
	return bad == 0 ? rc : gh_fail(err, GH_E_NOMEM, "several");
}

/* 400 where one failed: clients take 200 and 204 for all of them. */
static void
reply(const struct found *f, const struct kf_many *m, struct gh_http_reply *rep)
{
	bool is_good = gh_json_size(f->failed) == 0;
	gh_json *o;
	int bad;

	if (is_good && m->done_name == NULL) {
		rep->status = 204;
		return;
	}
	o = gh_json_new_object();
	bad = gh_json_set(o, is_good ? m->done_name : "SucceededIds", gh_json_ref(f->done));
	if (!is_good)
		bad |= gh_json_set_string(o, "ErrorCode", "refused") |
		    gh_json_set_string(o, "Message", m->message) |
		    gh_json_set(o, "FailedOperations", gh_json_ref(f->failed));
	if (bad != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kf_json(rep, o);
	if (o != NULL && !is_good)
		rep->status = 400;
}

void
kf_many(struct worker_env *env, const struct call *call, const gh_json *ids,
    const struct kf_many *m, struct gh_http_reply *rep)
{
	struct found f = {gh_json_new_array(), gh_json_new_array()};
	struct gh_error err = {0};
	int64_t id;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(ids); i++) {
		(void)gh_json_int(gh_json_at(ids, i), &id);
		rc = ask_one(env, call, m, id, &f, &err);
	}
	if (rc == 0)
		reply(&f, m, rep);
	else
		kf_error(&err, rep);
	gh_json_free(f.done);
	gh_json_free(f.failed);
}
