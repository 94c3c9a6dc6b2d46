/* `gatehouse directory test`: the directory as an enrollment sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

#include "command.h"
#include "directory_check.h"
#include "options.h"
#include "output.h"
#include "prompt.h"
#include "session.h"

struct test {
	const char *conf, *password_file;
	bool has_password, json;
};

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
show(const struct test *t, const struct findings *f, const struct dir_entry *e)
{
	gh_json *o;
	int rc, bad;

	if (!t->json) {
		if (e != NULL)
			show_entry(e);
		rc = output_finish();
		return rc == COMMAND_OK && f->errors > 0 ? COMMAND_FAILED : rc;
	}
	o = gh_json_new_object();
	bad = o == NULL || gh_json_set(o, "findings", gh_json_ref(f->list)) != 0 ||
	    (e != NULL && gh_json_set(o, "entry", entry_json(e)) != 0);
	rc = bad ? COMMAND_FAILED : output_json(o);
	gh_json_free(o);
	return rc == COMMAND_OK && f->errors > 0 ? COMMAND_FAILED : rc;
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
test(const char *who, const struct test *t, const char *name)
{
	struct findings f = {0};
	struct dir_entry *e = NULL;
	char *password = NULL;
	struct gh_error err = {0};
	struct session s;
	int rc = session_open(&s, t->conf, 0, &err), shown;

	if (rc != 0)
		return command_fail(who, &err);
	rc = findings_begin(&f, t->json, &err);
	if (rc == 0 && (t->has_password || t->password_file != NULL))
		rc = prompt_password(t->password_file, "password", false, &password, &err);
	/* what the gateway may not read shall fail here, too */
	if (rc == 0)
		rc = session_become_gateway(&s, &err);
	if (rc == 0)
		rc = run_test(s.conf, name, password, &f, &e, &err);
	shown = rc == 0 ? show(t, &f, e) : command_fail(who, &err);
	prompt_free(password);
	dir_entry_free(e);
	findings_end(&f);
	session_close(&s);
	return shown;
}

int
cmd_directory_test(int argc, char **argv)
{
	struct test t = {0};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&t.conf),
	    {"password", 0, OPTION_FLAG, &t.has_password, NULL,
		"ask for the user's password, and try it"},
	    {"password-file", 0, OPTION_TEXT, &t.password_file, "FILE",
		"the same, first line of FILE (\"-\": standard input)"},
	    OPTION_JSON(&t.json),
	    OPTION_END,
	};
	static const struct usage usage = {"[USER]", 0, 1,
	    "Tries the directory step by step: resolve, connect, TLS, log-in of the service account, base, kind; then the "
	    "entry of USER, a person or computer, with its groups, its SID and the fields that templates use. Run by root, it "
	    "does all this as the gateway's user.",
	    "gatehouse directory test alice\n"
	    "gatehouse directory test 'WEB01$' --json\n"
	    "gatehouse directory test alice --password\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (n == 0 && (t.has_password || t.password_file != NULL))
		return command_usage(argv[0], "--password needs USER");
	return test(argv[0], &t, n > 0 ? argv[1] : NULL);
}
