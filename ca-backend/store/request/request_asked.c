/* What a request asks for beside its CSR. See request_asked.h. */
#include <stddef.h>
#include <string.h>

#include "request_asked.h"

#define NUMBERS 5 /* the last ones */
#define TEXTS (REQUEST_ASKED_N - NUMBERS)

/* In the order of REQUEST_ASKED_COLUMNS. */
static const struct {
	const char *name;
	size_t offset;
} texts[TEXTS] = {
    {"ca_name", offsetof(struct enroll_request, ca_name)},
    {"ca_rule", offsetof(struct enroll_request, ca_rule)},
    {"purpose", offsetof(struct enroll_request, purpose)},
    {"tenant", offsetof(struct enroll_request, tenant)},
    {"email", offsetof(struct enroll_request, email)},
    {"language", offsetof(struct enroll_request, language)},
    {"label", offsetof(struct enroll_request, label)},
    {"poll_key", offsetof(struct enroll_request, poll_key)},
    {"operation", offsetof(struct enroll_request, operation)},
    {"renews", offsetof(struct enroll_request, renews)},
};

static const struct {
	const char *name;
	size_t offset;
} numbers[NUMBERS] = {
    {"validity", offsetof(struct enroll_request, validity)},
    {"est_user", offsetof(struct enroll_request, requester.est_user)},
    {"device", offsetof(struct enroll_request, requester.device)},
    {"confirm_within", offsetof(struct enroll_request, confirm_within)},
    {"follows", offsetof(struct enroll_request, follows)},
};

static char *
text_of(const struct enroll_request *req, size_t i)
{
	return *(char *const *)((const char *)req + texts[i].offset);
}

static int64_t
number_of(const struct enroll_request *req, size_t i)
{
	return *(const int64_t *)((const char *)req + numbers[i].offset);
}

static bool
asks(const struct enroll_request *req)
{
	bool any = false;

	for (size_t i = 0; i < NUMBERS; i++)
		any |= number_of(req, i) != 0;
	for (size_t i = 0; i < TEXTS; i++)
		any |= text_of(req, i) != NULL;
	return any;
}

int
request_asked_json(const struct enroll_request *req, gh_json **out, struct gh_error *err)
{
	int bad = 0;

	*out = NULL;
	if (!asks(req))
		return 0;
	*out = gh_json_new_object();
	for (size_t i = 0; i < NUMBERS; i++)
		if (number_of(req, i) != 0)
			bad |= gh_json_set_int(*out, numbers[i].name, number_of(req, i));
	for (size_t i = 0; i < TEXTS; i++)
		if (text_of(req, i) != NULL)
			bad |= gh_json_set_string(*out, texts[i].name, text_of(req, i));
	if (*out != NULL && bad == 0)
		return 0;
	gh_json_free(*out);
	*out = NULL;
	return gh_fail(err, GH_E_NOMEM, "request");
}

int
request_asked_read(const PGresult *res, int col, struct enroll_request *req, struct gh_error *err)
{
	for (int i = 0; i < TEXTS; i++) {
		char **text = (char **)((char *)req + texts[i].offset);

		if (store_has(res, 0, col + i) &&
		    (*text = strdup(store_text(res, 0, col + i))) == NULL)
			return gh_fail(err, GH_E_NOMEM, "request");
	}
	for (int i = 0; i < NUMBERS; i++)
		*(int64_t *)((char *)req + numbers[i].offset) = store_int(res, 0, col + TEXTS + i);
	return 0;
}
