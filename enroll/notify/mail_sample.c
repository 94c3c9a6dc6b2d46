/* An example of each event, out of samples.json. See mail_data.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#include "mail_data.h"
#include "mail_template.h"

#define SAMPLE_TIME 1798761600 /* 2027-01-01T00:00:00Z */
#define EVENTS_MAX 64

static gh_json *samples;
static const char *events[EVENTS_MAX + 1];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
load(void)
{
	size_t len, n = 0;
	const char *text = mail_template_builtin("samples.json", &len);
	struct gh_error err;

	if (text == NULL || gh_json_parse(text, len, GH_JSON_STRICT, &samples, &err) != 0) {
		gh_log(GH_LOG_ERROR, "samples of mails not read");
		return;
	}
	for (void *it = gh_json_iter(samples); it != NULL && n < EVENTS_MAX;
	     it = gh_json_next(samples, it))
		events[n++] = gh_json_iter_name(it);
}

const char *
mail_sample_event(size_t i)
{
	pthread_once(&once, load);
	return i < EVENTS_MAX ? events[i] : NULL;
}

bool
mail_sample_has(const char *event)
{
	pthread_once(&once, load);
	return gh_json_get(samples, event) != NULL;
}

static char *
copy(const gh_json *sample, const char *name)
{
	const char *s = gh_json_string(gh_json_get(sample, name));

	return strdup(s != NULL ? s : "");
}

/* The caller's own. */
static int
copy_facts(const gh_json *facts, gh_json **out, struct gh_error *err)
{
	char *text = gh_json_print(facts, false);
	int rc = text != NULL ? gh_json_parse(text, strlen(text), GH_JSON_STRICT, out, err)
			      : gh_fail(err, GH_E_NOMEM, "sample");

	free(text);
	return rc;
}

int
mail_sample(const char *event, const char *audience, struct notification *out, struct gh_error *err)
{
	const gh_json *sample;

	memset(out, 0, sizeof(*out));
	if (!mail_sample_has(event))
		return gh_refuse(err, GH_E_NOT_FOUND, "There is no event \"%.60s\".", event);
	sample = gh_json_get(samples, event);
	out->id = 1;
	out->created = SAMPLE_TIME;
	out->event = strdup(event);
	out->audience = audience != NULL ? strdup(audience) : copy(sample, "audience");
	out->recipient = strdup("");
	out->recipient_id = strdup("");
	out->language = strdup("");
	out->object = copy(sample, "object");
	if (copy_facts(gh_json_get(sample, "facts"), &out->facts, err) == 0 && out->event != NULL &&
	    out->audience != NULL && out->recipient != NULL && out->recipient_id != NULL &&
	    out->object != NULL && out->language != NULL)
		return 0;
	notification_clear(out);
	return gh_fail(err, GH_E_NOMEM, "sample");
}
