/* The JSON of a webhook. See webhook_body.h. */
#include "timestamp.h"

#include "webhook_body.h"

int
webhook_body(const struct notification *n, const char *id, const char *url, char **out,
    struct gh_error *err)
{
	char time[GH_TIMESTAMP_SIZE];
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "id", id) != 0 ||
	    gh_json_set_string(o, "event", n->event) != 0 ||
	    gh_json_set_string(o, "time", gh_timestamp_format(n->created, time)) != 0 ||
	    gh_json_set_string(o, "object", n->object) != 0 ||
	    gh_json_set(o, "facts", gh_json_ref(n->facts)) != 0 ||
	    (*url != '\0' && gh_json_set_string(o, "url", url) != 0);

	*out = bad ? NULL : gh_json_print(o, false);
	gh_json_free(o);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "webhook");
}
