/* Tokens of forms. See form_token.h. */
#include "form_token.h"
#include "login_token.h"
#include "origin.h"
#include "login_session.h"

#define FIELD "csrf"
#define HEADER "x-csrf-token"

int
form_token_check(const struct worker_env *env, unsigned need, const struct gh_http_request *http,
    const struct gh_form *form, const struct session *session, struct gh_error *err)
{
	bool logs_in = (need & AUTH_ANYBODY) != 0, fits;
	const char *sent;

	if ((need & AUTH_SESSION) == 0 || (http->method & ORIGIN_SAFE_METHODS) != 0 ||
	    (session == NULL && !logs_in))
		return 0;
	sent = form != NULL ? gh_form_get(form, FIELD) : NULL;
	if (sent == NULL)
		sent = gh_http_header(http, HEADER);
	fits = logs_in ? login_token_fits(env, http, sent) : session_token_fits(session, sent);
	if (fits)
		return 0;
	return gh_refuse_as(err, GH_E_CROSS_SITE, "old_form", NULL,
	    "This form is not of your present log-in, or is too old: load the page again, and send it from there.");
}
