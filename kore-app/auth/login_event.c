/* See login_event.h. */
#include <stddef.h>

#include "error.h"
#include "measure.h"

#include "login_event.h"

const char *
login_event_name(enum login_event e)
{
	static const char *const names[LOGIN_EVENTS] = {
	    [LOGIN_EVENT_SUCCEEDED] = "succeeded",
	    [LOGIN_EVENT_FAILED] = "failed",
	    [LOGIN_EVENT_REFUSED] = "refused",
	    [LOGIN_EVENT_ERROR] = "error",
	};

	return names[e];
}

static enum login_event
event_of(int rc)
{
	switch (rc) {
	case 0:
		return LOGIN_EVENT_SUCCEEDED;
	case GH_E_AUTH_FAILED:
	case GH_E_AUTH_REQUIRED:
		return LOGIN_EVENT_FAILED;
	case GH_E_ACCOUNT_DISABLED:
	case GH_E_RATE_LIMITED:
		return LOGIN_EVENT_REFUSED;
	default:
		return LOGIN_EVENT_ERROR;
	}
}

void
login_event_count(int rc)
{
	gh_measure(GH_MEASURE_LOGIN, (int)event_of(rc), 1, NULL);
}
