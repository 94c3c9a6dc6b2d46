/* JSON in both modes: what parses is printed, and the print must parse strictly to the same
 * print. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static void
visit(const gh_json *v)
{
	static const char *const names[] = {"Timestamp", "Request", "Flags", "MetadataList", "a"};
	struct gh_error err;
	gh_json *member;
	int64_t number;

	(void)gh_json_int(v, &number);
	(void)gh_json_bool(v, false);
	if (gh_json_string(v) != NULL && strlen(gh_json_string(v)) != gh_json_string_length(v))
		abort();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (gh_json_find(v, names[i], &member, &err) == 0 && member != NULL)
			(void)gh_json_type_name(member);
	if (gh_json_type(v) == GH_JSON_ARRAY)
		for (size_t i = 0; i < gh_json_size(v); i++)
			visit(gh_json_at(v, i));
	if (gh_json_type(v) == GH_JSON_OBJECT)
		for (void *it = gh_json_iter(v); it != NULL; it = gh_json_next(v, it))
			visit(gh_json_iter_value(it));
}

static void
check(const uint8_t *data, size_t size, enum gh_json_mode mode)
{
	struct gh_error err;
	gh_json *v = NULL, *again = NULL;
	char *text, *text2;

	if (gh_json_parse((const char *)data, size, mode, &v, &err) != 0) {
		if (v != NULL || err.code == GH_OK)
			abort();
		return;
	}
	visit(v);
	if ((text = gh_json_print(v, false)) == NULL ||
	    gh_json_parse(text, strlen(text), GH_JSON_STRICT, &again, &err) != 0 ||
	    (text2 = gh_json_print(again, false)) == NULL || strcmp(text, text2) != 0)
		abort();
	free(text);
	free(text2);
	gh_json_free(v);
	gh_json_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(data, size, GH_JSON_STRICT);
	check(data, size, GH_JSON_LENIENT);
	return 0;
}
