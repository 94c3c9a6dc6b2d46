/*
 * The check of a request's metadata against the field definitions: which fields, and
 * (metadata_value.c) what each may hold.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"

#include "metadata.h"
#include "metadata_value.h"

/* The values of a request by definition: value[i] belongs to field[i]; NULL = not given.
 * Borrowed. */
struct slots {
	const struct metadata_field *field;
	size_t n;
	const gh_json **value;
};

static int
find_field(const struct slots *s, const char *name, size_t *index, struct gh_error *err)
{
	const char *blank = " \t\r\n";
	size_t len;

	name += strspn(name, blank);
	for (len = strlen(name); len > 0 && strchr(blank, name[len - 1]) != NULL; len--)
		;
	for (size_t i = 0; i < s->n; i++) {
		if (strlen(s->field[i].name) == len &&
		    strncasecmp(s->field[i].name, name, len) == 0) {
			*index = i;
			return 0;
		}
	}
	if (len > METADATA_NAME_MAX)
		len = METADATA_NAME_MAX;
	return gh_refuse_as(err, GH_E_METADATA, "metadata_unknown", NULL,
	    "metadata field \"%.*s\" is not defined", (int)len, name);
}

/* Clients that know all fields send the unset ones as "" or null: that is "not given". */
static bool
is_unset(const gh_json *value)
{
	const char *s = gh_json_string(value);

	return gh_json_type(value) == GH_JSON_NULL ||
	    (s != NULL && s[strspn(s, " \t\r\n")] == '\0');
}

static int
put(struct slots *s, const char *name, const gh_json *value, bool *seen, struct gh_error *err)
{
	size_t i = 0;
	int rc;

	if ((rc = find_field(s, name, &i, err)) != 0)
		return rc;
	if (seen[i])
		return gh_refuse(err, GH_E_METADATA, "metadata field \"%s\" is given twice",
		    s->field[i].name);
	seen[i] = true;
	if (!is_unset(value))
		s->value[i] = value;
	return 0;
}

static int
collect_object(struct slots *s, const gh_json *list, bool *seen, struct gh_error *err)
{
	int rc;

	for (void *it = gh_json_iter(list); it != NULL; it = gh_json_next(list, it))
		if ((rc = put(s, gh_json_iter_name(it), gh_json_iter_value(it), seen, err)) != 0)
			return rc;
	return 0;
}

/* Elements {MetadataFieldTypeName, Value}; further members are ignored. */
static int
collect_array(struct slots *s, const gh_json *list, bool *seen, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(list); i++) {
		const gh_json *element = gh_json_at(list, i);
		gh_json *name, *value;
		int rc;

		if (gh_json_find(element, "MetadataFieldTypeName", &name, err) != 0 ||
		    gh_json_find(element, "Value", &value, err) != 0)
			return gh_refuse(err, GH_E_METADATA, "MetadataList[%zu] has a member twice",
			    i);
		if (gh_json_string(name) == NULL)
			return gh_refuse(err, GH_E_METADATA,
			    "MetadataList[%zu] has no MetadataFieldTypeName", i);
		if ((rc = put(s, gh_json_string(name), value, seen, err)) != 0)
			return rc;
	}
	return 0;
}

static int
collect(struct slots *s, const gh_json *list, struct gh_error *err)
{
	bool *seen;
	int rc;

	if (gh_json_type(list) == GH_JSON_NULL)
		return 0;
	if (gh_json_type(list) != GH_JSON_OBJECT && gh_json_type(list) != GH_JSON_ARRAY)
		return gh_refuse(err, GH_E_METADATA,
		    "MetadataList is neither object nor array but %s", gh_json_type_name(list));
	if (gh_json_size(list) > METADATA_LIST_MAX)
		return gh_refuse(err, GH_E_METADATA, "MetadataList has more than %d elements",
		    METADATA_LIST_MAX);
	if ((seen = calloc(s->n + 1, sizeof(*seen))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "metadata");
	rc = gh_json_type(list) == GH_JSON_OBJECT ? collect_object(s, list, seen, err)
						  : collect_array(s, list, seen, err);
	free(seen);
	return rc;
}

static bool
is_named(const gh_json *names, const char *name)
{
	for (size_t i = 0; i < gh_json_size(names); i++) {
		const char *s = gh_json_string(gh_json_at(names, i));

		if (s != NULL && strcasecmp(s, name) == 0)
			return true;
	}
	return false;
}

/* One field of the answer: the value given, else the default, else nothing. */
static int
resolve(const struct slots *s, size_t i, const gh_json *required_names, gh_json *out,
    struct gh_error *err)
{
	const struct metadata_field *f = &s->field[i];
	gh_json *fallback = NULL, *typed = NULL;
	const gh_json *value = s->value[i];
	int rc;

	if (value == NULL && f->default_value != NULL) {
		if ((fallback = gh_json_new_string(f->default_value)) == NULL)
			return gh_fail(err, GH_E_NOMEM, "metadata");
		value = fallback;
	}
	if (value == NULL) {
		if (f->required || is_named(required_names, f->name))
			return gh_refuse_as(err, GH_E_METADATA, "required", NULL,
			    "metadata field \"%s\" is required", f->name);
		return 0;
	}
	rc = metadata_value(f, value, &typed, err);
	gh_json_free(fallback);
	if (rc == 0 && gh_json_set(out, f->name, typed) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "metadata");
	return rc;
}

/* A template can demand a field that nobody defined: then nothing satisfies it, and the message
 * says why. */
static int
check_required_defined(const struct slots *s, const gh_json *required_names, struct gh_error *err)
{
	size_t ignored = 0;

	for (size_t i = 0; i < gh_json_size(required_names); i++) {
		const char *name = gh_json_string(gh_json_at(required_names, i));

		if (name != NULL && find_field(s, name, &ignored, NULL) != 0)
			return gh_refuse(err, GH_E_METADATA,
			    "the template requires metadata field \"%.64s\", which is not defined",
			    name);
	}
	return 0;
}

static int
resolve_all(struct slots *s, const gh_json *list, const gh_json *required_names, gh_json *out,
    struct gh_error *err)
{
	int rc;

	if ((rc = collect(s, list, err)) != 0 ||
	    (rc = check_required_defined(s, required_names, err)) != 0)
		return rc;
	for (size_t i = 0; i < s->n; i++)
		if ((rc = resolve(s, i, required_names, out, err)) != 0)
			return rc;
	return 0;
}

int
metadata_check(const struct metadata_field *fields, size_t n, const gh_json *list,
    const gh_json *required_names, gh_json **out, struct gh_error *err)
{
	struct slots s = {fields, n, calloc(n + 1, sizeof(*s.value))};
	gh_json *typed = gh_json_new_object();
	int rc;

	*out = NULL;
	if (s.value == NULL || typed == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "metadata");
	else
		rc = resolve_all(&s, list, required_names, typed, err);
	free(s.value);
	if (rc != 0) {
		gh_json_free(typed);
		return rc;
	}
	*out = typed;
	return 0;
}

/* Each message about a field begins with its name. */
const struct metadata_field *
metadata_blamed(const struct metadata_field *fields, size_t n, const struct gh_error *err)
{
	static const char begin[] = "metadata field \"";
	const char *name = err->message + sizeof(begin) - 1;

	if (err->code != GH_E_METADATA || strncmp(err->message, begin, sizeof(begin) - 1) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(fields[i].name);

		if (strncasecmp(name, fields[i].name, len) == 0 && name[len] == '"')
			return &fields[i];
	}
	return NULL;
}
