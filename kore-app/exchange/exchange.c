/* The value that travels. See exchange.h. */
#include <stdlib.h>

#include "app_state.h"
#include "exchange.h"

struct app_state app_state;

void
exchange_refuse(struct exchange *x, const struct gh_error *err)
{
	route_refuse(app_state.conf, err, &x->match, &x->req, &x->rep, &x->trace);
}

void
exchange_free(struct exchange *x)
{
	http_budget_return(&app_state.http.bodies, x->body_reserved);
	gh_http_request_clear(&x->req);
	gh_http_reply_clear(&x->rep);
	gh_buf_free(&x->page.bytes);
	free(x);
}
