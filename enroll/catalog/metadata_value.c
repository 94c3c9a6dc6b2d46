/*
 * Types of metadata values (notes of the wire format: 1 String, 2 Integer, 3 Date, 4 Boolean,
 * 5 MultipleChoice, 6 BigText, 7 Email). Clients write numbers and booleans as JSON values or as
 * strings; what is stored has one form.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "timestamp.h"

#include "metadata_regex.h"
#include "metadata_value.h"

#define VALUE_TEXT_MAX METADATA_BIG_TEXT_MAX
#define VALUE_DATE_SIZE 11 /* "YYYY-MM-DD" and NUL */

/* reason: as gh_refuse_as has it. */
static int
refuse(const struct metadata_field *f, const char *reason, const char *what, struct gh_error *err)
{
	return gh_refuse_as(err, GH_E_METADATA, reason, what, "metadata field \"%s\": %s", f->name,
	    what);
}

/* A pattern without anchors matches anywhere in the value, as .NET's IsMatch does. */
static int
check_regex(const struct metadata_field *f, const char *text, struct gh_error *err)
{
	enum metadata_match match = METADATA_MATCHES;
	int rc = f->regex != NULL ? metadata_regex_match(f->regex, text, &match, err) : 0;

	if (rc != 0 || match == METADATA_MATCHES)
		return rc;
	if (match == METADATA_COSTLY)
		return refuse(f, "metadata_costly",
		    "comparing the value with the pattern takes too long", err);
	if (f->message != NULL)
		return refuse(f, "as_said", f->message, err); /* in the operator's language */
	return refuse(f, "metadata_pattern", "value does not match the pattern", err);
}

/*
 * The value as text without surrounding white space, malloc'd: strings as they are, numbers and
 * booleans as JSON writes them.
 */
static int
text_of(const struct metadata_field *f, const gh_json *value, char **out, struct gh_error *err)
{
	const char *s = gh_json_string(value), *end;
	char *printed = NULL;

	*out = NULL;
	switch (gh_json_type(value)) {
	case GH_JSON_STRING:
		break;
	case GH_JSON_BOOL:
	case GH_JSON_INT:
	case GH_JSON_REAL:
		if ((s = printed = gh_json_print(value, false)) == NULL)
			return gh_fail(err, GH_E_NOMEM, "metadata");
		break;
	default:
		return refuse(f, "object", "value is an array or object", err);
	}
	s += strspn(s, " \t\r\n");
	for (end = s + strlen(s); end > s && strchr(" \t\r\n", end[-1]) != NULL; end--)
		;
	if (end - s > VALUE_TEXT_MAX) {
		free(printed);
		return refuse(f, "metadata_long", "value is too long", err);
	}
	*out = strndup(s, (size_t)(end - s));
	free(printed);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "metadata");
}

static int
take_text(const struct metadata_field *f, const char *text, gh_json **out, struct gh_error *err)
{
	bool is_big = f->type == METADATA_BIG_TEXT;
	int rc;

	if (strlen(text) > (is_big ? METADATA_BIG_TEXT_MAX : METADATA_STRING_MAX))
		return refuse(f, "metadata_long", "value is too long", err);
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x20 && *p != 0x7f)
			continue;
		if (!is_big || strchr("\t\r\n", *p) == NULL)
			return refuse(f, "not_a_line", "value has a control character", err);
	}
	if ((rc = check_regex(f, text, err)) != 0)
		return rc;
	*out = gh_json_new_string(text);
	return 0;
}

static int
take_integer(const struct metadata_field *f, const char *text, gh_json **out, struct gh_error *err)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;
	int64_t v;

	if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
		return refuse(f, "metadata_integer", "value is no integer", err);
	errno = 0;
	v = strtoimax(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return refuse(f, "metadata_range", "integer is out of range", err);
	*out = gh_json_new_int(v);
	return 0;
}

static int
take_date(const struct metadata_field *f, const char *text, gh_json **out, struct gh_error *err)
{
	char stamp[GH_TIMESTAMP_SIZE];
	int64_t t;

	if (!gh_day_parse(text, &t) && !gh_day_parse_month_first(text, &t) &&
	    gh_timestamp_parse(text, &t, NULL) != 0)
		return refuse(f, "metadata_date", "value is no date (YYYY-MM-DD)", err);
	gh_timestamp_format(t, stamp);
	stamp[VALUE_DATE_SIZE - 1] = '\0';
	*out = gh_json_new_string(stamp);
	return 0;
}

static int
take_boolean(const struct metadata_field *f, const char *text, gh_json **out, struct gh_error *err)
{
	bool is_true = strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;

	if (!is_true && strcasecmp(text, "false") != 0 && strcmp(text, "0") != 0)
		return refuse(f, "metadata_boolean", "value is neither true nor false", err);
	*out = gh_json_new_bool(is_true);
	return 0;
}

static int
take_choice(const struct metadata_field *f, const char *text, gh_json **out, struct gh_error *err)
{
	const char *found = NULL;

	for (char **o = f->options; o != NULL && *o != NULL; o++) {
		if (strcmp(*o, text) == 0)
			found = *o;
		else if (found == NULL && strcasecmp(*o, text) == 0)
			found = *o;
	}
	if (found == NULL)
		return refuse(f, "metadata_option", "value is none of the options", err);
	*out = gh_json_new_string(found);
	return 0;
}

/* One mailbox of RFC 5321, 4.1.2, without quoted local parts and address literals; UTF-8 is let
 * through. */
static bool
is_email(const char *s)
{
	const char *at = strchr(s, '@'), *label;

	if (at == NULL || at == s || strchr(at + 1, '@') != NULL || strlen(s) > METADATA_EMAIL_MAX)
		return false;
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f || strchr("\"(),:;<>[\\]", *p) != NULL)
			return false;
	if (*s == '.' || at[-1] == '.' || strstr(s, "..") != NULL)
		return false;
	for (label = at + 1; *label != '\0'; label += strcspn(label, ".")) {
		label += *label == '.';
		if (*label == '\0' || *label == '.' || *label == '-')
			return false;
	}
	return label != at + 1 && at[1] != '.';
}

static int
take_email(const struct metadata_field *f, const char *text, gh_json **out, struct gh_error *err)
{
	int rc;

	if (!is_email(text))
		return refuse(f, "email", "value is no e-mail address", err);
	if ((rc = check_regex(f, text, err)) != 0)
		return rc;
	*out = gh_json_new_string(text);
	return 0;
}

typedef int (*take_fn)(const struct metadata_field *f, const char *text, gh_json **out,
    struct gh_error *err);

static const take_fn take[] = {
    [METADATA_STRING] = take_text,
    [METADATA_INTEGER] = take_integer,
    [METADATA_DATE] = take_date,
    [METADATA_BOOLEAN] = take_boolean,
    [METADATA_MULTIPLE_CHOICE] = take_choice,
    [METADATA_BIG_TEXT] = take_text,
    [METADATA_EMAIL] = take_email,
};

int
metadata_value(const struct metadata_field *f, const gh_json *value, gh_json **out,
    struct gh_error *err)
{
	char *text;
	int rc;

	*out = NULL;
	if ((rc = text_of(f, value, &text, err)) != 0)
		return rc;
	rc = take[f->type](f, text, out, err);
	free(text);
	if (rc == 0 && *out == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "metadata");
	return rc;
}
