/* Headers of the Classic API. See ce_header.h. */
#include "ce_header.h"

static const char *
either(const struct gh_http_request *http, const char *first, const char *second)
{
	const char *value = gh_http_header(http, first);

	return value != NULL ? value : gh_http_header(http, second);
}

const char *
ce_header_app_key(const struct gh_http_request *http)
{
	return either(http, "x-css-cms-appkey", "x-keyfactor-appkey");
}

const char *
ce_header_signature(const struct gh_http_request *http)
{
	return either(http, "x-css-cms-signature", "x-keyfactor-signature");
}

const char *
ce_header_token(const struct gh_http_request *http)
{
	return gh_http_header(http, "x-css-cms-token");
}
