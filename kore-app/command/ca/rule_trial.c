/* `gatehouse ca rule test`: step by step. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ca_choice.h"
#include "catalog/app.h"
#include "ip.h"

#include "rule_trial.h"
#include "failure.h"

/* What the choice is given, and what it tells. */
struct trial {
	struct signer_client *signer;
	gh_json *steps;
	bool failed; /* out of memory */
};

static int
is_locked(void *arg, const struct ca *ca, bool *out, struct gh_error *err)
{
	const struct trial *t = arg;

	return ca_choice_ask_signer(t->signer, ca, out, err);
}

/* {"rule","priority","ca","misses":criterion or null,"usable":bool,"why":text or null} */
static void
note_step(void *arg, const struct ca_step *s)
{
	struct trial *t = arg;
	bool is_usable = s->missed == NULL && s->why == CA_USABLE;
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "rule", s->rule->name) != 0 ||
	    gh_json_set_int(o, "priority", s->rule->priority) != 0 ||
	    gh_json_set_string(o, "ca", s->rule->ca_name) != 0 ||
	    gh_json_set_string(o, "misses", s->missed) != 0 ||
	    gh_json_set_bool(o, "usable", is_usable) != 0 ||
	    gh_json_set_string(o, "why",
		s->missed == NULL && !is_usable ? ca_unusable_text(s->why) : NULL) != 0) {
		gh_json_free(o);
		o = NULL;
	}
	t->failed |= gh_json_append(t->steps, o) != 0;
}

/* ---- the facts ---- */

static int
find_profile(const struct catalog *c, const char *app_name, const struct enroll_profile **out,
    struct gh_error *err)
{
	const struct app *app;

	*out = &enroll_profile_all;
	if (app_name == NULL)
		return 0;
	if ((app = catalog_find_app_name(c, app_name)) == NULL)
		return gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no application %.100s; see `gatehouse app list`", app_name);
	*out = &app->profile;
	return 0;
}

/* The user's entry, or one that has nothing but the group. */
static int
find_entry(const struct verb_call *c, const struct ca_rule_options *o, struct dir_entry **out,
    struct gh_error *err)
{
	bool is_dn, is_sid;

	if (o->user != NULL)
		return dir_find(c->pipeline.env.dir, o->user, out, err);
	if ((*out = dir_entry_new()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "entry");
	if (o->group == NULL)
		return 0;
	is_dn = strchr(o->group, '=') != NULL;
	is_sid = strncasecmp(o->group, "S-1-", 4) == 0;
	return dir_entry_add_group(*out, is_dn ? o->group : NULL,
		   !is_dn && !is_sid ? o->group : NULL, is_sid ? o->group : NULL) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "entry");
}

static int
find_template(const struct catalog *c, const char *name, const struct catalog_template **out,
    struct gh_error *err)
{
	*out = name != NULL ? catalog_find_template(c, name) : NULL;
	return name == NULL || *out != NULL
	    ? 0
	    : gh_refuse(err, GH_E_NOT_FOUND,
		  "there is no template \"%.100s\": see `gatehouse template list`", name);
}

/* ---- the trial ---- */

static int
put_result(gh_json *o, int rc, const struct ca_choice *choice, const struct gh_error *why)
{
	const char *message = rc == 0 ? NULL : *why->detail != '\0' ? why->detail : why->message;

	return gh_json_set_string(o, "ca", rc == 0 ? choice->ca->name : NULL) == 0 &&
		gh_json_set_string(o, "rule",
		    rc == 0 && choice->rule != NULL ? choice->rule->name : NULL) == 0 &&
		gh_json_set_string(o, "code", rc == 0 ? NULL : gh_error_info(rc)->name) == 0 &&
		gh_json_set_string(o, "message", message) == 0
	    ? 0
	    : -1;
}

static int
run(struct verb_call *c, const struct enroll_profile *p, const struct ca_question *q,
    struct trial *t, struct gh_error *err)
{
	struct gh_error why = {0};
	struct ca_choice choice;
	int rc = ca_choose(c->pipeline.env.catalog, p, q, &choice, &why);

	c->out = gh_json_new_object();
	if (t->failed || gh_json_set(c->out, "steps", gh_json_ref(t->steps)) != 0 ||
	    put_result(c->out, rc, &choice, &why) != 0)
		return gh_fail(err, GH_E_NOMEM, "trial");
	if (rc != 0)
		c->exit = COMMAND_FAILED;
	return 0;
}

static int
try_entry(struct verb_call *c, const struct ca_rule_options *o, const struct dir_entry *entry,
    struct trial *t, struct gh_error *err)
{
	const struct catalog *catalog = c->pipeline.env.catalog;
	const struct catalog_template *tmpl;
	const struct enroll_profile *p;
	struct ca_question q = {.tenant = o->tenant,
	    .purpose = o->purpose,
	    .email = o->email != NULL ? o->email : ca_choice_mail(entry),
	    .address = o->address,
	    .entry = entry,
	    .template_name = o->template_name,
	    .ca_name = o->ca,
	    .is_locked = is_locked,
	    .step = note_step,
	    .arg = t};
	int rc;

	if ((rc = find_profile(catalog, o->app, &p, err)) != 0 ||
	    (rc = find_template(catalog, o->template_name, &tmpl, err)) != 0)
		return rc;
	if (q.purpose == NULL && tmpl != NULL)
		q.purpose = tmpl_purpose(tmpl->tmpl);
	return run(c, p, &q, t, err);
}

int
ca_rule_try(struct verb_call *c, const struct ca_rule_options *o, struct gh_error *err)
{
	struct dir_entry *entry = NULL;
	unsigned char ip[GH_IP_SIZE];
	struct trial t = {0};
	int rc;

	if (o->address != NULL && !gh_ip_parse(o->address, ip))
		return gh_refuse(err, GH_E_CONF, "--address %.60s is no address", o->address);
	if ((rc = pipeline_open(&c->env, &c->pipeline, err)) != 0)
		return rc;
	t.signer = c->pipeline.env.signer;
	if ((t.steps = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "trial");
	if (rc == 0 && (rc = find_entry(c, o, &entry, err)) == 0)
		rc = try_entry(c, o, entry, &t, err);
	dir_entry_free(entry);
	gh_json_free(t.steps);
	return rc;
}

/* ---- as text ---- */

static void
show_step(const gh_json *s)
{
	const char *misses = gh_json_string(gh_json_get(s, "misses"));
	const char *why = gh_json_string(gh_json_get(s, "why"));
	int64_t priority = 0;

	(void)gh_json_int(gh_json_get(s, "priority"), &priority);
	printf("%6lld  ", (long long)priority);
	output_safe(stdout, gh_json_string(gh_json_get(s, "rule")));
	if (misses != NULL)
		printf(": does not hold: %s\n", misses);
	else {
		printf(": holds, CA ");
		output_safe(stdout, gh_json_string(gh_json_get(s, "ca")));
		printf(" %s\n", why != NULL ? why : "can be used");
	}
}

int
ca_rule_show_trial(const gh_json *trial)
{
	const gh_json *steps = gh_json_get(trial, "steps");
	const char *ca = gh_json_string(gh_json_get(trial, "ca"));
	const char *rule = gh_json_string(gh_json_get(trial, "rule"));

	for (size_t i = 0; i < gh_json_size(steps); i++)
		show_step(gh_json_at(steps, i));
	if (ca == NULL) {
		printf("no CA (%s): ", gh_json_string(gh_json_get(trial, "code")));
		output_safe(stdout, gh_json_string(gh_json_get(trial, "message")));
		putchar('\n');
		return output_finish();
	}
	printf("CA ");
	output_safe(stdout, ca);
	if (rule != NULL) {
		printf(", by rule ");
		output_safe(stdout, rule);
	}
	putchar('\n');
	return output_finish();
}
