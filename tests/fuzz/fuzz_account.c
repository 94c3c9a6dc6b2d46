/* What is taken from a caller or from the directory before it is used: account names (and the
 * filter made of them), group names and DNs, binary SIDs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dir_entry.h"
#include "filter.h"
#include "name.h"

#define PATTERN "(&(a=%s)(b=%u))"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the name: the filter has the structure of its pattern. */
static void
check_structure(const char *filter)
{
	size_t open = 0, closed = 0;

	for (; *filter != '\0'; filter++) {
		open += *filter == '(';
		closed += *filter == ')';
		if (*filter == '*')
			abort();
	}
	if (open != 3 || closed != 3)
		abort();
}

static void
check_name(const char *text)
{
	struct dir_name name;
	struct gh_error err;
	struct gh_buf b;

	if (dir_name_parse(text, "CORP", "corp.test", &name, &err) != 0)
		return;
	if (strcmp(name.full, text) != 0 || strlen(name.local) > strlen(text) ||
	    (*name.local == '\0' && name.kind != DIR_NAME_PRINCIPAL))
		abort();
	gh_buf_init(&b, DIR_FILTER_MAX);
	dir_filter_expand(&b, PATTERN, name.local, name.full);
	if (gh_buf_check(&b, &err) != 0)
		abort();
	check_structure((const char *)b.data);
	gh_buf_free(&b);
}

static void
check_group(const char *text)
{
	struct dir_entry *e = dir_entry_new();

	if (e == NULL)
		return;
	if (dir_entry_is_member(e, text) != (strcmp(text, "*") == 0))
		abort();
	if (dir_entry_add_group(e, text, text, NULL) == 0 && *text != '\0' &&
	    !dir_entry_is_member(e, text))
		abort();
	(void)dir_entry_is_member(e, "cn=a,dc=test");
	dir_entry_free(e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *sid;

	if (text == NULL)
		return 0;
	if (size != 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_name(text);
	check_group(text);
	sid = dir_sid_text(data, size);
	if (sid != NULL && (strncmp(sid, "S-1-", 4) != 0 || size < 8))
		abort();
	free(sid);
	free(text);
	return 0;
}
