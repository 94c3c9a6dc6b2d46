/* Rows of view_rule, as JSON, to rules. See view_rule.h. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "json_row.h"
#include "utf8.h"

#include "view_rule.h"

#define QUERY_SIZE 4096
#define FIELD_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "view rule");
}

/* *out: borrowed; NULL: it is not there. */
static int
read_text(const gh_json *row, const char *member, size_t max, const char **out,
    struct gh_error *err)
{
	*out = gh_json_string(gh_json_get(row, member));
	if (*out == NULL)
		return 0;
	if (**out == '\0' || strlen(*out) > max || !gh_utf8_is_clean(*out))
		return gh_refuse(err, GH_E_CONF, "%s: 1 to %zu bytes, and no control characters.",
		    member, max);
	return 0;
}

/* In quotes; one inside is written twice. */
static void
put_value(struct gh_buf *b, const char *value)
{
	gh_buf_puts(b, " -eq \"");
	for (; *value != '\0'; value++) {
		if (*value == '"')
			gh_buf_putc(b, '"');
		gh_buf_putc(b, *value);
	}
	gh_buf_putc(b, '"');
}

static int
make_query(const gh_json *row, char **out, struct gh_error *err)
{
	const char *template_name, *ca, *field, *value;
	struct gh_buf b;
	int rc;

	if ((rc = read_text(row, "template", VIEW_RULE_TEXT_MAX, &template_name, err)) != 0 ||
	    (rc = read_text(row, "ca", VIEW_RULE_TEXT_MAX, &ca, err)) != 0 ||
	    (rc = read_text(row, "field", VIEW_RULE_TEXT_MAX, &field, err)) != 0 ||
	    (rc = read_text(row, "value", VIEW_RULE_LONG_MAX, &value, err)) != 0)
		return rc;
	/* a name and no more: it stands in a query as it is */
	if (field != NULL && field[strspn(field, FIELD_CHARS)] != '\0')
		return gh_refuse(err, GH_E_CONF,
		    "field: a metadata field has letters, digits, - and _.");
	if ((template_name != NULL) + (ca != NULL) + (field != NULL) != 1 ||
	    (field == NULL) != (value == NULL))
		return gh_refuse(err, GH_E_CONF,
		    "A rule goes by one of template, CA and value of a metadata field.");
	gh_buf_init(&b, QUERY_SIZE);
	if (field != NULL)
		gh_buf_putf(&b, "Metadata.%s", field);
	else
		gh_buf_puts(&b, template_name != NULL ? "Template" : "CA");
	put_value(&b, field != NULL ? value : template_name != NULL ? template_name : ca);
	if (gh_buf_check(&b, err) != 0) {
		gh_buf_free(&b);
		return no_memory(err);
	}
	*out = (char *)b.data;
	return 0;
}

static int
load_members(const gh_json *row, struct view_rule *r, struct gh_error *err)
{
	const char *name, *group;
	int rc;

	(void)gh_json_int(gh_json_get(row, "id"), &r->id);
	if ((rc = read_text(row, "name", VIEW_RULE_TEXT_MAX, &name, err)) != 0 ||
	    (rc = read_text(row, "group", VIEW_RULE_LONG_MAX, &group, err)) != 0)
		return rc;
	if (name == NULL || group == NULL)
		return gh_refuse(err, GH_E_CONF, "A rule has a name and a group.");
	if ((r->name = strdup(name)) == NULL || (r->group = strdup(group)) == NULL)
		return no_memory(err);
	return make_query(row, &r->query, err);
}

int
view_rule_load(const gh_json *row, struct view_rule *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = load_members(row, out, err)) != 0)
		view_rule_clear(out);
	return rc;
}

void
view_rule_clear(struct view_rule *r)
{
	free(r->name);
	free(r->group);
	free(r->query);
	memset(r, 0, sizeof(*r));
}

int
view_rules_load(const gh_json *rows, struct view_rules *out, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (n > 0 && (out->rule = calloc(n, sizeof(*out->rule))) == NULL)
		return no_memory(err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (view_rule_load(gh_json_at(rows, i), &out->rule[out->n], &e) == 0)
			out->n++;
		else
			rc = gh_json_row_leave_out("view rule", gh_json_at(rows, i), &e, err);
	}
	if (rc != 0)
		view_rules_clear(out);
	return rc;
}

void
view_rules_clear(struct view_rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		view_rule_clear(&r->rule[i]);
	free(r->rule);
	memset(r, 0, sizeof(*r));
}
