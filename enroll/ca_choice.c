/* Which CA serves a request. See ca_choice.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509.h>

#include "ip.h"
#include "mail_domain.h"

#include "ca_choice.h"

#define REASONS_SIZE 200 /* bytes of a message */

static const char *const unusable_texts[] = {
    [CA_USABLE] = "can be used",
    [CA_UNKNOWN] = "does not exist",
    [CA_NOT_PERMITTED] = "is not for this requester",
    [CA_IS_ROOT] = "is a root",
    [CA_NOT_ISSUING] = "is disabled",
    [CA_NOT_IN_TIME] = "has expired or is not yet valid",
    [CA_IS_LOCKED] = "is locked",
};

const char *
ca_unusable_text(enum ca_unusable why)
{
	return unusable_texts[why];
}

/* --- one CA ----------------------------------------------------------------------------------- */

bool
ca_is_for(const struct ca *ca, const struct dir_entry *entry)
{
	return ca->groups == NULL || tmpl_is_in_group(entry, ca->groups);
}

static bool
is_in_time(const struct ca *ca)
{
	return X509_cmp_current_time(X509_get0_notBefore(ca->cert)) < 0 &&
	    X509_cmp_current_time(X509_get0_notAfter(ca->cert)) > 0;
}

bool
ca_is_offered(const struct ca *ca)
{
	return ca->chain.n >= 2 && ca_may_issue(ca) && is_in_time(ca);
}

/* Whether it is for him comes first: whoever may not use a CA does not learn how it is. */
static enum ca_unusable
look_at(const struct ca *ca, const struct dir_entry *entry)
{
	return ca == NULL           ? CA_UNKNOWN
	    : !ca_is_for(ca, entry) ? CA_NOT_PERMITTED
	    : ca->chain.n < 2       ? CA_IS_ROOT
	    : !ca_may_issue(ca)     ? CA_NOT_ISSUING
	    : !is_in_time(ca)       ? CA_NOT_IN_TIME
				    : CA_USABLE;
}

static int
unavailable(const struct ca *ca, struct gh_error *err)
{
	if (!ca_may_issue(ca))
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s is %s or has no key here", ca->name,
		    ca_state_name(ca->state));
	return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s is expired or not yet valid", ca->name);
}

int
ca_choice_ask_signer(void *arg, const struct ca *ca, bool *out, struct gh_error *err)
{
	struct signer_ca_state state;
	int rc = signer_client_ca_state(arg, ca->ca_id, &state, err);

	*out = rc != 0 || !state.is_unlocked;
	return rc;
}

const char *
ca_choice_mail(const struct dir_entry *entry)
{
	return entry != NULL && !entry->mail_is_shared ? dir_entry_text(entry, DIR_MAIL) : NULL;
}

/* The CA that serves is not for him: no other one does. */
static int
refuse_other(const struct ca *ca, struct gh_error *err)
{
	(void)gh_refuse_as(err, GH_E_DENIED, "ca_not_for_you", NULL,
	    "The certification authority that serves here is not for you.");
	snprintf(err->detail, sizeof(err->detail), "the requester is in no group of CA %s",
	    ca->name);
	return GH_E_DENIED;
}

/* --- the CA that the application names -------------------------------------------------------- */

static int
choose_named(const struct catalog *c, const struct enroll_profile *p, const struct ca_question *q,
    struct ca_choice *out, struct gh_error *err)
{
	const struct ca *ca = p->ca_name != NULL ? ca_set_find(&c->cas, p->ca_name) : NULL;

	if (ca == NULL)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s is not in the catalog",
		    p->ca_name != NULL ? p->ca_name : "(none)");
	if (!ca_is_for(ca, q->entry))
		return refuse_other(ca, err);
	if (!ca_may_issue(ca) || !is_in_time(ca))
		return unavailable(ca, err);
	out->ca = ca;
	return 0;
}

/* --- the CA that is asked for ----------------------------------------------------------------- */

const struct ca *
ca_choice_find(const struct catalog *c, const char *name_or_number)
{
	const struct ca *ca = ca_set_find(&c->cas, name_or_number);
	char *end;
	long long id;

	if (ca != NULL || *name_or_number < '1' || *name_or_number > '9')
		return ca;
	id = strtoll(name_or_number, &end, 10);
	return *end == '\0' ? ca_set_find_id(&c->cas, id) : NULL;
}

/* Through an application that names a CA there is no other one. */
static int
choose_asked(const struct catalog *c, const struct enroll_profile *p, const struct ca_question *q,
    struct ca_choice *out, struct gh_error *err)
{
	const struct ca *ca = ca_choice_find(c, q->ca_name);
	enum ca_unusable why = look_at(ca, q->entry);

	if (p->ca_by == PROFILE_CA_NAMED &&
	    (ca == NULL || p->ca_name == NULL || strcasecmp(ca->name, p->ca_name) != 0))
		why = CA_UNKNOWN;
	if (why == CA_NOT_ISSUING || why == CA_NOT_IN_TIME)
		return unavailable(ca, err);
	if (why == CA_USABLE) {
		out->ca = ca;
		return 0;
	}
	(void)gh_refuse_as(err, GH_E_DENIED, "no_such_ca", NULL,
	    "There is no certification authority of this name or number for you.");
	snprintf(err->detail, sizeof(err->detail), "CA %.100s, which was asked for, %s", q->ca_name,
	    ca_unusable_text(why));
	return GH_E_DENIED;
}

/* --- rules ------------------------------------------------------------------------------------ */

/* Is a criterion there, and does it not hold? */
static bool
misses_text(const char *wanted, const char *is)
{
	return wanted != NULL && (is == NULL || strcasecmp(wanted, is) != 0);
}

static bool
misses_network(const char *network, const char *address)
{
	unsigned char ip[GH_IP_SIZE];

	return network != NULL &&
	    (address == NULL || !gh_ip_parse(address, ip) || !gh_ip_list_has(network, ip));
}

static bool
misses_group(char *group, const struct dir_entry *entry)
{
	char *list[] = {group, NULL};

	return group != NULL && !tmpl_is_in_group(entry, list);
}

/* The first criterion that does not hold; NULL: all hold. */
static const char *
find_miss(const struct ca_rule *r, const struct ca_question *q)
{
	return misses_text(r->tenant, q->tenant)              ? "tenant"
	    : misses_text(r->purpose, q->purpose)             ? "purpose"
	    : misses_text(r->template_name, q->template_name) ? "template"
	    : misses_network(r->network, q->address)          ? "network"
	    : misses_group(r->group, q->entry)                ? "group"
	    : r->email_domain != NULL &&
		(q->email == NULL || !gh_mail_is_of_domain(q->email, r->email_domain))
	    ? "email_domain"
	    : NULL;
}

/* What the rules said so far. */
struct search {
	const struct catalog *c;
	const struct ca_question *q;
	struct ca_choice *out;
	bool has_match, is_locked, is_for_others_only;
	char reasons[REASONS_SIZE]; /* "mobile: CA m1 is locked; ..." */
};

/* Who may not use a CA does not learn which one it is. */
static void
note_unusable(struct search *s, const struct ca_rule *r, enum ca_unusable why)
{
	bool names_ca = why != CA_UNKNOWN && why != CA_NOT_PERMITTED;
	size_t n = strlen(s->reasons);

	s->is_for_others_only &= why == CA_NOT_PERMITTED;
	s->is_locked |= why == CA_IS_LOCKED;
	snprintf(s->reasons + n, sizeof(s->reasons) - n, "%s%.60s: its CA%s%.64s %s",
	    n > 0 ? "; " : "", r->name, names_ca ? " " : "", names_ca ? r->ca_name : "",
	    ca_unusable_text(why == CA_UNKNOWN ? CA_NOT_PERMITTED : why));
}

static int
take_rule(struct search *s, const struct ca_rule *r, struct gh_error *err)
{
	struct ca_step step = {.rule = r, .missed = find_miss(r, s->q)};
	const struct ca *ca = step.missed == NULL ? ca_set_find(&s->c->cas, r->ca_name) : NULL;
	bool is_locked = false;
	int rc = 0;

	if (step.missed == NULL)
		step.why = look_at(ca, s->q->entry);
	if (step.missed == NULL && step.why == CA_USABLE && ca != s->out->ca &&
	    ca->protection == CA_KEY_PASSWORD && s->q->is_locked != NULL)
		rc = s->q->is_locked(s->q->arg, ca, &is_locked, err);
	if (rc != 0)
		return rc;
	if (is_locked)
		step.why = CA_IS_LOCKED;
	if (s->q->step != NULL)
		s->q->step(s->q->arg, &step);
	if (step.missed != NULL)
		return 0;
	s->has_match = true;
	if (step.why != CA_USABLE)
		note_unusable(s, r, step.why);
	else if (s->out->ca == NULL)
		*s->out = (struct ca_choice){ca, r};
	else if (s->out->ca != ca)
		return gh_refuse(err, GH_E_CA_UNAVAILABLE,
		    "The rules %.60s and %.60s have the same priority and choose different "
		    "certification authorities: an administrator must decide.",
		    s->out->rule->name, r->name);
	return 0;
}

/* Nothing was chosen. */
static int
explain_miss(const struct search *s, struct gh_error *err)
{
	if (!s->has_match)
		return gh_refuse_as(err, GH_E_DENIED, "no_ca_rule", NULL,
		    "No rule chooses a certification authority for this request.");
	return gh_refuse(err,
	    s->is_for_others_only ? GH_E_DENIED
		: s->is_locked    ? GH_E_CA_LOCKED
				  : GH_E_CA_UNAVAILABLE,
	    "No certification authority can be used: rule %s.", s->reasons);
}

/* Without rules there must be no choice. */
static int
choose_only(const struct catalog *c, const struct enroll_profile *p, const struct ca_question *q,
    struct ca_choice *out, struct gh_error *err)
{
	const struct ca *ca = ca_set_only_issuing(&c->cas);

	if (ca == NULL)
		return gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "%s: there is no CA that issues, or there are several and no rule chooses one",
		    p->name);
	if (!ca_is_for(ca, q->entry))
		return refuse_other(ca, err);
	if (!is_in_time(ca))
		return unavailable(ca, err);
	out->ca = ca;
	return 0;
}

/* All rules of one priority are looked at, so that a tie is never decided by chance. */
static int
choose_by_rule(const struct catalog *c, const struct enroll_profile *p, const struct ca_question *q,
    struct ca_choice *out, struct gh_error *err)
{
	struct search s = {.c = c, .q = q, .out = out, .is_for_others_only = true};
	int rc = 0;

	if (c->rules.unreadable != NULL)
		return gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "rule %.100s cannot be read: nothing is chosen by rules", c->rules.unreadable);
	if (c->rules.n == 0)
		return choose_only(c, p, q, out, err);
	for (size_t i = 0; rc == 0 && i < c->rules.n; i++) {
		const struct ca_rule *r = &c->rules.rule[i];

		if (out->ca != NULL && r->priority != out->rule->priority)
			return 0;
		rc = take_rule(&s, r, err);
	}
	if (rc == 0 && out->ca == NULL)
		rc = explain_miss(&s, err);
	if (rc != 0)
		*out = (struct ca_choice){NULL, NULL};
	return rc;
}

int
ca_choose(const struct catalog *c, const struct enroll_profile *p, const struct ca_question *q,
    struct ca_choice *out, struct gh_error *err)
{
	struct gh_error own;

	if (err == NULL)
		err = &own;
	*out = (struct ca_choice){NULL, NULL};
	if (q->ca_name != NULL && *q->ca_name != '\0')
		return choose_asked(c, p, q, out, err);
	return p->ca_by == PROFILE_CA_NAMED ? choose_named(c, p, q, out, err)
					    : choose_by_rule(c, p, q, out, err);
}

struct ca_question
ca_question_of(const struct requester *who, const struct dir_entry *entry, const struct tmpl *t)
{
	return (struct ca_question){.purpose = tmpl_purpose(t),
	    .email = ca_choice_mail(entry),
	    .address = who->address,
	    .entry = entry,
	    .template_name = tmpl_name(t)};
}

const struct ca *
ca_choice_show(const struct catalog *c, const struct enroll_profile *p, const struct ca_question *q)
{
	struct ca_choice choice;

	if (p->ca_by == PROFILE_CA_NAMED)
		return p->ca_name != NULL ? ca_set_find(&c->cas, p->ca_name) : NULL;
	return ca_choose(c, p, q, &choice, NULL) == 0 ? choice.ca : NULL;
}
