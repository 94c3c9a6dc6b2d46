/*
 * KeyfactorAPI is a mapping over our own REST handlers (docs/keyfactor-api.md): what a call asks is
 * asked of them, as the same caller, and their answer is told in the other words. So each right and
 * each rule holds here as it holds there.
 */
#ifndef ENROLL_KF_ASK_H
#define ENROLL_KF_ASK_H

#include "call.h"
#include "json.h"

typedef void (
    *kf_handler)(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* What is asked of one of our handlers. */
struct kf_question {
	kf_handler handler;
	enum gh_http_method method;
	int64_t id;           /* {id} of its path; 0: none */
	const char *profile;  /* {profile} of its path; NULL: none */
	const char *key;      /* {kid} of its path; NULL: none */
	const char *name;     /* {name} of its path; NULL: none */
	const char *query;    /* percent-encoded, or NULL */
	const gh_json *body;  /* or NULL */
	const char *if_match; /* or NULL */
	const char *if_none_match;
};
/* The answer of it; gh_http_reply_clear. GH_E_NOMEM. */
int kf_ask_reply(struct worker_env *env, const struct call *call, const struct kf_question *q,
    struct gh_http_reply *rep, struct gh_error *err) GH_MUSTCHECK;
/* The same, where it is JSON: *out, the caller's. false: rep tells the caller what went wrong, or
 * that it was refused. */
bool kf_ask(struct worker_env *env, const struct call *call, const struct kf_question *q,
    gh_json **out, struct gh_http_reply *rep) GH_MUSTCHECK;
/* The JSON of a reply; NULL: it has none. The caller's. */
gh_json *kf_reply_json(const struct gh_http_reply *rep);
/* The message of a reply that is a refusal, of either form; malloc'd, NULL when out of memory. */
char *kf_refusal(const struct gh_http_reply *rep);

/* What is wrong with a call is 400 there. */
int kf_status(int status);
/* What the log says of a refusal: moved from the answer that was asked for. */
void kf_take_cause(struct gh_http_reply *rep, struct gh_http_reply *inner);

/* {"ErrorCode","Message"} */
void kf_error(const struct gh_error *err, struct gh_http_reply *rep);
void kf_fail(struct gh_http_reply *rep, int status, const char *code, const char *message);
/* 200; value is taken over, NULL: out of memory. */
void kf_json(struct gh_http_reply *rep, gh_json *value);

/* The object of the body, whose members are looked for without case (gh_json_find). It is read as
 * leniently as the vendor's server does: its clients put PEM into strings with the ends of its
 * lines as they are. */
int kf_body(const struct call *call, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* The same, and what is behind the object is not looked at: the vendor's plugin for Vault closes it
 * too early. */
int kf_body_first(const struct call *call, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* A body of any type. */
int kf_body_any(const struct call *call, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* Members of it. Absent and null are NULL, 0. GH_E_BAD_REQUEST names the member. */
int kf_text(const gh_json *o, const char *name, const char **out,
    struct gh_error *err) GH_MUSTCHECK;
int kf_number(const gh_json *o, const char *name, int64_t *out, struct gh_error *err) GH_MUSTCHECK;
/* absent: where it is absent or null. */
int kf_flag(const gh_json *o, const char *name, bool absent, bool *out,
    struct gh_error *err) GH_MUSTCHECK;

/* A parameter of the query, in any case, with or without "pq.", "sq." or "pagedQuery." before it;
 * malloc'd, NULL when absent. */
int kf_param(const struct call *call, const char *name, char **out,
    struct gh_error *err) GH_MUSTCHECK;
/* "true" or "false" of it. */
int kf_param_bool(const struct call *call, const char *name, bool *out,
    struct gh_error *err) GH_MUSTCHECK;
int kf_param_number(const struct call *call, const char *name, int64_t min, int64_t max,
    int64_t fallback, int64_t *out, struct gh_error *err) GH_MUSTCHECK;

/* Text of a member, "" when it has none. Borrowed. */
const char *kf_string(const gh_json *o, const char *name);

#endif
