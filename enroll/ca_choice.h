/*
 * Which CA serves a request: the one that the application names, the one that was asked for, or by
 * rules (docs/ca-choice.md). Pure but for one question that the caller may answer: whether a key is
 * locked. Costs nothing where the application names the CA: no query, no memory.
 */
#ifndef ENROLL_CA_CHOICE_H
#define ENROLL_CA_CHOICE_H

#include "catalog/ca_rule.h"
#include "catalog/catalog.h"
#include "dir_entry.h"
#include "error.h"

/* Why a CA does not serve a request. */
enum ca_unusable {
	CA_USABLE,
	CA_UNKNOWN,
	CA_NOT_PERMITTED, /* it has groups, and the requester is in none of them */
	CA_IS_ROOT,
	CA_NOT_ISSUING, /* disabled, superseded, or without a key here */
	CA_NOT_IN_TIME, /* not valid yet, or not any more */
	CA_IS_LOCKED
};
/* "is disabled"... for messages; static. */
const char *ca_unusable_text(enum ca_unusable why);

/* One rule on the way to the choice. */
struct ca_step {
	const struct ca_rule *rule;
	const char *missed;   /* the criterion that does not hold, static; NULL: all hold */
	enum ca_unusable why; /* where all hold */
};

/* What is known of a request. NULL stands for what is not known: no rule that asks for it holds.
 * All borrowed. */
struct ca_question {
	const char *tenant;  /* as the request says: nobody has checked it */
	const char *purpose; /* of the template */
	const char *email; /* of the directory (ca_choice_mail), never one that the request says */
	const char *address;           /* numeric, of the peer */
	const struct dir_entry *entry; /* of the requester: its groups */
	const char *template_name;
	const char *ca_name; /* asked for: name or number */
	/* Is the key of a CA with a password locked? Asked of those that rules choose. NULL: nobody
	 * knows, and none counts as locked. */
	int (*is_locked)(void *arg, const struct ca *ca, bool *out, struct gh_error *err);
	/* Told of each rule that is looked at; NULL: nobody. */
	void (*step)(void *arg, const struct ca_step *s);
	void *arg; /* of both */
};

struct ca_choice {
	const struct ca *ca;        /* borrowed from the catalog */
	const struct ca_rule *rule; /* likewise; NULL: no rule was needed */
};

/*
 * The CA of a request that comes through p. A CA that the application names may be a root, and
 * locked: its administrator chose it, and the signature will tell. No other may.
 *
 * GH_E_DENIED (public): the CA is not for the requester; one that is asked for does not exist, or
 * is not for him, with the same message; no rule holds. GH_E_CA_UNAVAILABLE (public, names rules
 * and CAs): disabled, expired; two rules of one priority choose different CAs; no CA of the rules
 * that hold can be used. GH_E_CA_LOCKED: that, and one of them is only locked. Errors of is_locked.
 */
int ca_choose(const struct catalog *c, const struct enroll_profile *p, const struct ca_question *q,
    struct ca_choice *out, struct gh_error *err) GH_MUSTCHECK;

/* What is known where a request comes from: all but tenant and ca_name. entry, of who may be NULL;
 * all borrowed. */
struct ca_question ca_question_of(const struct requester *who, const struct dir_entry *entry,
    const struct tmpl *t);

/* The CA as lists show it, without an error: the one that the application names, in any state; else
 * as ca_choose. NULL: none. */
const struct ca *ca_choice_show(const struct catalog *c, const struct enroll_profile *p,
    const struct ca_question *q);

/* By name, else by number ("7"); in any state, for anybody. NULL: there is none. */
const struct ca *ca_choice_find(const struct catalog *c, const char *name_or_number);
/* Could it serve somebody now? No root, issues, in time. Whether it is locked is not asked, nor for
 * whom it is. */
bool ca_is_offered(const struct ca *ca);

/* Is the requester in one of the CA's groups, or has it none? entry NULL: in no group but
 * everybody's. */
bool ca_is_for(const struct ca *ca, const struct dir_entry *entry);

/* The mail address of an entry that may steer a choice: the first one, unless somebody else has it,
 * too. NULL: none. Borrowed. */
const char *ca_choice_mail(const struct dir_entry *entry);

/* is_locked of struct ca_question; arg: a struct signer_client *. GH_E_SIGNER_DOWN. */
int ca_choice_ask_signer(void *arg, const struct ca *ca, bool *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
