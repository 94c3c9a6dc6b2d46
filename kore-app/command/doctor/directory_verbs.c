/* `gatehouse directory test`: the directory as an enrollment sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

#include "command.h"
#include "directory_check.h"
#include "finding_print.h"
#include "prompt.h"
#include "verb.h"

static const char *password_file;
static bool asks_password;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"password", 0, OPTION_FLAG, &asks_password, NULL, "ask for the user's password, and try it"},
    {"password-file", 0, OPTION_TEXT, &password_file, "FILE",
	"the same, first line of FILE (\"-\": standard input)"},
    VERB_JSON,
    OPTION_END,
};
static struct findings findings; /* told as they come */
static struct dir_entry *entry;

/* Text where it is text, hexadecimal digits where it is not. */
static gh_json *
value_json(const struct dir_value *v)
{
	bool is_text = memchr(v->data, '\0', v->len) == NULL;
	gh_json *j = is_text ? gh_json_new_string((const char *)v->data) : NULL;
	char *hex;

	if (j != NULL && gh_json_string(j) != NULL)
		return j;
	gh_json_free(j);
	hex = gh_hex_encode(v->data, v->len);
	j = gh_json_new_string(hex);
	free(hex);
	return j;
}

static int
put_attributes(gh_json *o, const struct dir_entry *e)
{
	for (int a = 0; a < DIR_ATTR_COUNT; a++) {
		gh_json *values;

		if (e->attr[a].n == 0)
			continue;
		values = gh_json_new_array();
		for (size_t i = 0; values != NULL && i < e->attr[a].n; i++)
			if (gh_json_append(values, value_json(&e->attr[a].v[i])) != 0) {
				gh_json_free(values);
				return -1;
			}
		if (gh_json_set(o, dir_attr_name((enum dir_attr)a), values) != 0)
			return -1;
	}
	return 0;
}

static gh_json *
groups_json(const struct dir_entry *e)
{
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < e->groups; i++) {
		gh_json *g = gh_json_new_object();

		if (g == NULL || gh_json_set_string(g, "dn", e->group[i].dn) != 0 ||
		    gh_json_set_string(g, "name", e->group[i].name) != 0 ||
		    gh_json_set_string(g, "sid", e->group[i].sid) != 0) {
			gh_json_free(g);
			g = NULL;
		}
		if (gh_json_append(list, g) != 0) {
			gh_json_free(list);
			return NULL;
		}
	}
	return list;
}

static gh_json *
entry_json(const struct dir_entry *e)
{
	gh_json *o = gh_json_new_object(), *attributes = gh_json_new_object();

	if (o == NULL || attributes == NULL || put_attributes(attributes, e) != 0) {
		gh_json_free(o);
		gh_json_free(attributes);
		return NULL;
	}
	if (gh_json_set(o, "attributes", attributes) != 0 ||
	    gh_json_set_string(o, "dn", e->dn) != 0 ||
	    gh_json_set_bool(o, "computer", e->is_computer) != 0 ||
	    gh_json_set_bool(o, "disabled", e->is_disabled) != 0 ||
	    gh_json_set_string(o, "sid", e->sid) != 0 ||
	    gh_json_set(o, "groups", groups_json(e)) != 0) {
		gh_json_free(o);
		return NULL;
	}
	return o;
}

static void
show_entry(const struct dir_entry *e)
{
	gh_json *attributes = gh_json_new_object();

	printf("\nFields that templates use:\n");
	if (attributes != NULL && put_attributes(attributes, e) == 0)
		(void)output_object(attributes, NULL);
	gh_json_free(attributes);
	printf("\nGroups:\n");
	for (size_t i = 0; i < e->groups; i++) {
		const struct dir_group *g = &e->group[i];

		printf("  ");
		output_safe(stdout,
		    g->dn[0] != '\0'         ? g->dn
			: g->name[0] != '\0' ? g->name
					     : g->sid);
		if (g->sid[0] != '\0' && g->dn[0] != '\0')
			printf("  %s", g->sid);
		printf("\n");
	}
}

static int
run_test(const struct gh_conf *conf, const char *name, const char *password, struct findings *f,
    struct dir_entry **e, struct gh_error *err)
{
	struct dir_shared *shared = NULL;
	struct dir *dir = NULL;
	int rc = dir_shared_new(conf, &shared, err);

	if (rc == 0)
		rc = dir_new(shared, &dir, err);
	if (rc == 0 && directory_check_servers(conf, shared, f) && name != NULL)
		directory_check_user(conf, dir, name, password, f, e);
	dir_free(dir);
	dir_shared_free(shared);
	return rc;
}

static int
put_result(struct verb_call *c, struct gh_error *err)
{
	if (findings.errors > 0)
		c->exit = COMMAND_FAILED;
	if (!c->json)
		return 0;
	c->out = gh_json_new_object();
	if (c->out == NULL || gh_json_set(c->out, "findings", gh_json_ref(findings.list)) != 0 ||
	    (entry != NULL && gh_json_set(c->out, "entry", entry_json(entry)) != 0))
		return gh_fail(err, GH_E_NOMEM, "findings");
	return 0;
}

static int
test(struct verb_call *c, struct gh_error *err)
{
	char *password = NULL;
	int rc = findings_begin(&findings, c->json ? NULL : finding_print, err);

	if (rc == 0 && (asks_password || password_file != NULL))
		rc = prompt_password(password_file, "password", false, &password, err);
	/* what the gateway may not read shall fail here, too */
	if (rc == 0)
		rc = command_env_become_gateway(&c->env, err);
	if (rc == 0)
		rc = run_test(c->env.conf, c->operands > 0 ? c->operand[0] : NULL, password,
		    &findings, &entry, err);
	prompt_free(password);
	return rc == 0 ? put_result(c, err) : rc;
}

static int
show(struct verb_call *c)
{
	(void)c;
	if (entry != NULL)
		show_entry(entry);
	return output_finish();
}

static void
clear(void)
{
	dir_entry_free(entry);
	findings_end(&findings);
}

static int
check_user(const struct verb_call *c)
{
	if (c->operands == 0 && (asks_password || password_file != NULL))
		return command_usage(c->who, "--password needs USER");
	return COMMAND_OK;
}

const struct verb verb_directory_test = {
    .usage = {"[USER]", 0, 1,
	"Tries the directory step by step: resolve, connect, TLS, log-in of the service account, base, kind; then the "
	"entry of USER, a person or computer, with its groups, its SID and the fields that templates use. Run by root, it "
	"does all this as the gateway's user.",
	"gatehouse directory test alice\n"
	"gatehouse directory test 'WEB01$' --json\n"
	"gatehouse directory test alice --password\n"},
    .options = options,
    .needs = NEEDS_CONF,
    .check = check_user,
    .work = test,
    .show = show,
    .clear = clear,
};
