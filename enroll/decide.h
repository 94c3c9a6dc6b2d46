/*
 * The stages of the pipeline: decide, sign, record. Requests go through them one by one or several
 * at a time; what one meets there is its own. What calls them (enroll.c, approve.c, the front
 * doors) only says in which order.
 */
#ifndef ENROLL_DECIDE_H
#define ENROLL_DECIDE_H

#include "enroll.h"
#include "log.h"
#include "store/request/record_request.h"

#define ENROLL_BATCH_MAX STORE_BATCH_MAX

/* One request on its way through the stages, and what each left for the next. */
struct enrollment {
	/* what it starts with; borrowed */
	const struct enroll_request *req;
	const struct enroll_profile *profile;
	/* The requester's; NULL: looked up by requester.name, if he needs one. */
	struct dir_entry *entry;
	/* An officer said yes: the template's approval rule is not asked, and metadata, which was
	 * checked when the request came, is left alone. */
	bool is_approved;
	/* A right approval password came with it (approval_stage.h): template and CA need no
	 * officer. Several officers, and whoever decides on its names, are still needed. */
	bool has_password;
	/* It is only looked at: spec stays, also where it waits for an officer (preview.h). */
	bool is_preview;
	/* It is answered now or not at all: a template that needs approval denies it, a locked CA
	 * key fails it. */
	bool cannot_wait;
	/* Its private key, sealed by the KRA: recorded in the same commit (store_recording). NULL:
	 * none, or it waits in the store already. req->archives_key says what the policy is to
	 * know. */
	const struct store_new_key *key;
	/* For the audit row of what is not denied; NULL or "": the usual. */
	const char *detail;
	/* For what is logged about it, where a thread works on several; NULL: the thread's. */
	struct gh_log_event *event;
	/* of the stages */
	const struct catalog_template *tmpl; /* borrowed from the catalog; NULL until found */
	const struct ca *ca;                 /* the same */
	const struct ca_rule *rule;          /* the same; what chose it; NULL: no rule did */
	gh_json *metadata;                   /* typed; owned */
	struct cert_spec *spec;              /* what is to be signed; owned; NULL: nothing */
	/* Names that no rule allows, as text for people; owned; NULL: none. */
	char *unruled_names;
	/* It waits for an officer because of them: nothing else than his approval lifts that. */
	bool names_need_approval;
	struct enroll_outcome out; /* the answer, when rc is 0; owned */
	int rc;                    /* 0, or the failure of the last stage */
	struct gh_error err;       /* with rc */
};

/* The calling thread works on this one now: its log lines bear its name. Nothing if event is
 * NULL. */
void enrollment_enter(const struct enrollment *e);

/* Must the requester have an entry? So by the profile; and who had one when he asked, has one. */
bool enrollment_needs_entry(const struct enrollment *e);

/* Does template or CA want an officer to decide? Both are known. */
bool enrollment_needs_officer(const struct enrollment *e);

/* What is known without a CSR, where making one costs much: template, entry, permission, CA. rc 0,
 * or as enroll_decide, which asks all of it again. */
void enroll_admit(const struct worker_env *env, struct enrollment *e);
/* rc 0: spec is to be signed, or out is pending. Else the code says whether it is a denial
 * (gh_error_info). A CA that enroll_admit chose stays. Does not ask the database; the signer is
 * asked only where rules choose a CA with a password: is its key locked? */
void enroll_decide(const struct worker_env *env, struct enrollment *e);
/* Signs spec of those of 1 to ENROLL_BATCH_MAX that have one and rc 0: out is issued, or pending
 * where the key is locked and the template waits for it. */
void enroll_sign(struct worker_env *env, struct enrollment *const *e, size_t n);
/*
 * One commit for 1 to ENROLL_BATCH_MAX: what was decided, and denials, which are answers; all else
 * is a failure of its call, and leaves an audit row where the caller was refused. rc 0: out is the
 * answer, committed, logged and counted. The race of two equal requests is decided here: the second
 * gets the first one's answer.
 */
void enroll_record(struct worker_env *env, struct enrollment *const *e, size_t n);
/* rc 0, or a denial by policy: enroll_record writes it. Else it is a failure of this call. */
bool enrollment_is_answer(const struct enrollment *e);
void enrollment_clear(struct enrollment *e);

/* DispositionMessage: what does not fit is cut off, and marked. The audit row has all of it. */
void enroll_outcome_say(struct enroll_outcome *out, const char *text);
/* Fill *out as denied for the reason in err. */
void enroll_outcome_deny(struct enroll_outcome *out, const struct gh_error *err);
/* Log and count what was decided and committed. */
void enroll_report(const struct enroll_request *req, const struct enroll_outcome *out,
    const char *template_name);

#endif
