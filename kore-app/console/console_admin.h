/* Pages of the console for those who administer. Who may see and do what: as in console.h. */
#ifndef CONSOLE_ADMIN_H
#define CONSOLE_ADMIN_H

#include "call.h"

/* GET /console/jobs: what runs in the background; administrators run it by ... */
void console_jobs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... POST /console/jobs/{name}/run */
void console_job_run(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* GET /console/cas: all CAs, as a tree. */
void console_authorities(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /console/cas/{name}: one: chain, policy, CRLs, key. Administrators have forms for ... */
void console_authority(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... POST /console/cas/{name}/unlock: password; /lock */
void console_authority_unlock(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void console_authority_lock(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* ... /status: enabled; /password: current_password, new_password, new_password_confirmation */
void console_authority_enable(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void console_authority_password(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* GET /console/endpoints: which certificate is served where; GET /console/endpoints/{id}: one, and
 * those that it had before */
void console_endpoints(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void console_endpoint(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* GET /console/templates, GET /console/templates/{profile} */
void console_templates(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void console_template(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* GET /console/applications: API applications, for administrators, with forms for ... */
void console_applications(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* ... POST /console/applications: a new one; its key and secret are shown this once */
void console_application_create(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* ... POST /console/applications/{profile}/rotate: another secret, the same */
void console_application_rotate(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* ... POST /console/applications/{profile}/status: enabled */
void console_application_enable(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* GET /console/keys: recoveries of archived keys: of agents and auditors all, of others their own.
 */
void console_keys(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/keys/{id}: one of them, with forms for ... */
void console_key(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... POST /console/keys/{id}/status: status, version (which was seen), comment */
void console_key_decide(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* GET /console/archive: archived keys: of agents and auditors all, of others their own. */
void console_archive(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/archive/{kid}: one of them, its requests and who agreed; agents have a form for ...
 */
void console_archived_key(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* ... POST /console/archive/{kid}/status: status (active, inactive), version, comment */
void console_archived_key_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* GET /console/labels of EST; POST /console/labels/{profile}/status: enabled */
void console_labels(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void console_label_enable(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /console/packages for its clients; officers have a form for ... */
void console_packages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... POST /console/packages: file, kind, audience, package (its name), until, reference, answer */
void console_package_add(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /console/packages/{id}: one, who got it, and what he answered */
void console_package(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/packages/{id}/remove asks, POST removes it */
void console_package_remove_ask(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void console_package_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /console/messages: state, address; administrators send one that was given up again by POST
 * /console/messages/{id}/retry, and a test by POST /console/messages/test: to */
void console_messages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void console_message_retry(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void console_message_test(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /console/users: local administrators; POST /console/users/{profile}/status: enabled; /roles:
 * roles, those that are left */
void console_users(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void console_user_enable(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void console_user_roles(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/sessions?user=: log-ins of browsers; POST /console/sessions/{name}/end: one of them;
 * POST /console/sessions/end: user, all of his */
void console_sessions(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void console_session_end(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void console_sessions_end(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* GET /console/views: rules that show certificates to groups, for administrators, with a form for
 * ... */
void console_views(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... POST /console/views: rule (its name), group, template, ca, field, value */
void console_view_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/views/{name}: one, which is asked for before POST /console/views/{name}/remove */
void console_view(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void console_view_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
