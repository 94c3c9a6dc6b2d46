/* How log-ins of browsers go, as it is counted: gh_measure(GH_MEASURE_LOGIN) with one of these. */
#ifndef LOGIN_EVENT_H
#define LOGIN_EVENT_H

enum login_event {
	LOGIN_EVENT_SUCCEEDED,
	LOGIN_EVENT_FAILED,  /* wrong password, unknown name, a certificate of nobody */
	LOGIN_EVENT_REFUSED, /* disabled, or after too many failures */
	LOGIN_EVENT_ERROR,   /* our side: directory or database down, too busy */
	LOGIN_EVENTS
};

/* "succeeded" ... Static. */
const char *login_event_name(enum login_event e);
/* rc: 0 or the code of the failure. */
void login_event_count(int rc);

#endif
