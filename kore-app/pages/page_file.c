/* Static files. See page_file.h. */
#include <stdlib.h>
#include <string.h>

#include "http_cache.h"

#include "page.h"
#include "page_asset.h"
#include "page_file.h"

#define KEEP "public, max-age=31536000, immutable" /* RFC 8246 */
#define KEEP_SHORT "public, max-age=300"

static const char *
type_of(const char *name)
{
	static const struct {
		const char *suffix, *type;
	} types[] = {{".css", "text/css; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
	    {".svg", "image/svg+xml"}};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i].suffix) == 0)
			return types[i].type;
	return "application/octet-stream";
}

void
page_file_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct gh_embedded *file = page_asset_find(call_text(call->parts, "name"));
	char version[PAGE_ASSET_VERSION_SIZE], *text;
	struct gh_error err = {0};

	(void)env;
	if (file == NULL || (text = strndup(file->data, file->len)) == NULL) {
		if (file == NULL)
			gh_refuse(&err, GH_E_NOT_FOUND, "There is no such file.");
		else
			gh_fail(&err, GH_E_NOMEM, "static file");
		page_refuse(call, &err, rep);
		return;
	}
	page_asset_version(file, version);
	gh_http_reply_text(rep, 200, type_of(file->name), text);
	gh_http_cache_content(call->http, rep,
	    strcmp(call->http->query, version) == 0 ? KEEP : KEEP_SHORT);
}
