/* Rows of ca_rule, as JSON, to rules. See ca_rule.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ip.h"
#include "json_row.h"
#include "mail_domain.h"
#include "utf8.h"

#include "ca_rule.h"

static const char *const purposes[] = {"server_auth", "client_auth", "email_protection",
    "code_signing", NULL};

/* *out NULL where the row has null. */
static int
load_text(const gh_json *row, const char *member, size_t max, char **out, struct gh_error *err)
{
	const gh_json *v = gh_json_get(row, member);
	const char *text = gh_json_string(v);

	if (gh_json_type(v) == GH_JSON_NULL)
		return 0;
	if (text == NULL || *text == '\0' || strlen(text) > max || !gh_utf8_is_clean(text))
		return gh_refuse(err, GH_E_CONF,
		    "%s of a rule is a text of 1 to %zu bytes without control characters", member,
		    max);
	if ((*out = strdup(text)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "rule");
	return 0;
}

static int
load_purpose(const gh_json *row, struct ca_rule *r, struct gh_error *err)
{
	int rc = load_text(row, "purpose", CA_RULE_TEXT_MAX, &r->purpose, err);

	if (rc != 0 || r->purpose == NULL)
		return rc;
	for (const char *const *p = purposes; *p != NULL; p++)
		if (strcmp(*p, r->purpose) == 0)
			return 0;
	return gh_refuse(err, GH_E_CONF,
	    "purpose of a rule is server_auth, client_auth, email_protection or code_signing");
}

static int
load_domain(const gh_json *row, struct ca_rule *r, struct gh_error *err)
{
	struct gh_buf form;
	char *text = NULL;
	bool is_below;
	int rc = load_text(row, "email_domain", CA_RULE_LONG_MAX, &text, err);

	if (rc != 0 || text == NULL)
		return rc;
	gh_buf_init(&form, 2 * CA_RULE_LONG_MAX);
	is_below = *text == '.';
	if (is_below)
		gh_buf_putc(&form, '.');
	rc = gh_domain_prep(text + is_below, &form, err);
	if (rc == GH_E_SUBJECT)
		rc = gh_refuse(err, GH_E_CONF,
		    "email_domain of a rule is a domain, as corp.example, or .corp.example for all "
		    "below it");
	if (rc == 0 && (r->email_domain = strdup((const char *)form.data)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "rule");
	gh_buf_free(&form);
	free(text);
	return rc;
}

static int
load_network(const gh_json *row, struct ca_rule *r, struct gh_error *err)
{
	int rc = load_text(row, "network", CA_RULE_LONG_MAX, &r->network, err);

	if (rc != 0 || r->network == NULL ||
	    (gh_ip_list_is_valid(r->network) && strpbrk(r->network, "0123456789:") != NULL))
		return rc;
	return gh_refuse(err, GH_E_CONF,
	    "network of a rule is a list of addresses and networks, as 10.1.0.0/16 2001:db8::/32");
}

static int
load_members(const gh_json *row, struct ca_rule *r, struct gh_error *err)
{
	int rc;

	(void)gh_json_int(gh_json_get(row, "id"), &r->id);
	if (!gh_json_int(gh_json_get(row, "priority"), &r->priority) || r->priority < 0 ||
	    r->priority > CA_RULE_PRIORITY_MAX)
		return gh_refuse(err, GH_E_CONF, "priority of a rule is from 0 to %d",
		    CA_RULE_PRIORITY_MAX);
	if ((rc = load_text(row, "name", CA_RULE_TEXT_MAX, &r->name, err)) != 0 ||
	    (rc = load_text(row, "ca", CA_RULE_TEXT_MAX, &r->ca_name, err)) != 0 ||
	    (rc = load_text(row, "tenant", CA_RULE_TEXT_MAX, &r->tenant, err)) != 0 ||
	    (rc = load_text(row, "template", CA_RULE_TEXT_MAX, &r->template_name, err)) != 0 ||
	    (rc = load_text(row, "group", CA_RULE_LONG_MAX, &r->group, err)) != 0 ||
	    (rc = load_purpose(row, r, err)) != 0 || (rc = load_domain(row, r, err)) != 0)
		return rc;
	if (r->name == NULL || r->ca_name == NULL)
		return gh_refuse(err, GH_E_CONF, "a rule has a name and a CA");
	return load_network(row, r, err);
}

int
ca_rule_load(const gh_json *row, struct ca_rule *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = load_members(row, out, err)) != 0)
		ca_rule_clear(out);
	return rc;
}

const char *
ca_rule_steered_by(const struct ca_rule *r)
{
	if (r->group != NULL)
		return NULL;
	return r->tenant != NULL ? "tenant" : r->email_domain != NULL ? "mail" : NULL;
}

void
ca_rule_clear(struct ca_rule *r)
{
	free(r->name);
	free(r->tenant);
	free(r->purpose);
	free(r->email_domain);
	free(r->network);
	free(r->group);
	free(r->template_name);
	free(r->ca_name);
	memset(r, 0, sizeof(*r));
}

static int
compare(const void *a, const void *b)
{
	const struct ca_rule *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return strcasecmp(x->name, y->name);
}

/* Without one of the rules another one would decide: who can read not all of them chooses nothing.
 */
static int
note_unreadable(const gh_json *row, const struct gh_error *why, struct ca_rules *out,
    struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(row, "name"));

	if (gh_json_row_leave_out("CA rule", row, why, err) != 0)
		return GH_E_NOMEM;
	if (out->unreadable == NULL &&
	    (out->unreadable = strdup(name != NULL ? name : "?")) == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA rules");
	return 0;
}

int
ca_rules_load(const gh_json *rows, struct ca_rules *out, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (n > 0 && (out->rule = calloc(n, sizeof(*out->rule))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA rules");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (ca_rule_load(row, &out->rule[out->n], &e) == 0)
			out->n++;
		else
			rc = note_unreadable(row, &e, out, err);
	}
	if (rc != 0)
		ca_rules_clear(out);
	else if (out->n > 1)
		qsort(out->rule, out->n, sizeof(*out->rule), compare);
	return rc;
}

void
ca_rules_clear(struct ca_rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		ca_rule_clear(&r->rule[i]);
	free(r->rule);
	free(r->unreadable);
	memset(r, 0, sizeof(*r));
}
