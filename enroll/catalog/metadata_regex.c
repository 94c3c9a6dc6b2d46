/* Patterns of metadata fields. See metadata_regex.h. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "metadata_regex.h"

#define STEPS_MAX 1000000 /* of one comparison: 20 to 60 ms */
#define HEAP_KIB_MAX 8192
#define MESSAGE_SIZE 160
/* A dot is any character, and "$" the end and not before a last line break, as POSIX has them. */
#define OPTIONS (PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C)
/* PCRE2 counts steps anew for each place at which a match may begin; so there is only one, behind
 * which anything may stand. Not where the pattern calls itself, as by (?R): that goes on at once.
 * The zeros keep "R" from being the name of a group. */
#define ANYWHERE "(?(R0000)|(?s:.*?))(?:"

static pcre2_code *
compile(const char *pattern, size_t *column, int *code)
{
	PCRE2_SIZE at = 0;
	pcre2_code *re =
	    pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, OPTIONS, code, &at, NULL);

	*column = at;
	return re;
}

static pcre2_code *
compile_anywhere(const char *pattern, size_t *column, int *code)
{
	char text[sizeof(ANYWHERE) + METADATA_REGEX_MAX + 1];

	snprintf(text, sizeof(text), "%s%s)", ANYWHERE, pattern);
	return compile(text, column, code);
}

static int
refuse(int code, size_t column, struct gh_error *err)
{
	char message[MESSAGE_SIZE] = "";

	if (code == PCRE2_ERROR_HEAP_FAILED)
		return gh_fail(err, GH_E_NOMEM, "pattern");
	(void)pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof(message));
	return gh_refuse(err, GH_E_METADATA, "regex: at byte %zu: %s", column, message);
}

int
metadata_regex_check(const char *pattern, struct gh_error *err)
{
	const size_t before = strlen(ANYWHERE);
	pcre2_code *re;
	size_t column;
	int code;

	if (strlen(pattern) > METADATA_REGEX_MAX)
		return gh_refuse(err, GH_E_METADATA, "regex: longer than %d bytes",
		    METADATA_REGEX_MAX);
	/* By itself first: "a)(b" is a pattern only where brackets stand around it. */
	if ((re = compile(pattern, &column, &code)) == NULL)
		return refuse(code, column, err);
	pcre2_code_free(re);
	/* What does not end ("\Q", a comment) or must come first ("(*UTF)") cannot stand in them.
	 */
	if ((re = compile_anywhere(pattern, &column, &code)) == NULL)
		return refuse(code, column > before ? column - before : 0, err);
	pcre2_code_free(re);
	return 0;
}

static int
take_result(int rc, enum metadata_match *out, struct gh_error *err)
{
	switch (rc) {
	case PCRE2_ERROR_NOMATCH:
		*out = METADATA_DIFFERS;
		return 0;
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_RECURSELOOP:
		*out = METADATA_COSTLY;
		return 0;
	case PCRE2_ERROR_NOMEMORY:
		return gh_fail(err, GH_E_NOMEM, "pattern");
	default:
		if (rc < 0)
			return gh_fail(err, GH_E_INTERNAL, "pattern: PCRE2 error %d", rc);
		*out = METADATA_MATCHES;
		return 0;
	}
}

int
metadata_regex_match(const char *pattern, const char *text, enum metadata_match *out,
    struct gh_error *err)
{
	size_t column;
	int code, rc;
	pcre2_code *re = compile_anywhere(pattern, &column, &code);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	pcre2_match_data *data = re != NULL ? pcre2_match_data_create(1, NULL) : NULL;

	if (re == NULL && code != PCRE2_ERROR_HEAP_FAILED)
		rc = gh_fail(err, GH_E_INTERNAL, "pattern: PCRE2 error %d", code);
	else if (re == NULL || limits == NULL || data == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "pattern");
	else {
		pcre2_set_match_limit(limits, STEPS_MAX);
		pcre2_set_heap_limit(limits, HEAP_KIB_MAX);
		rc = take_result(pcre2_match(re, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0,
				     PCRE2_ANCHORED, data, limits),
		    out, err);
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(limits);
	pcre2_code_free(re);
	return rc;
}
