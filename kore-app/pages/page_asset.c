/* What pages are drawn with. See page_asset.h. */
#include <stdio.h>
#include <string.h>

#include "http_cache.h"

#include "page_asset.h"

const struct gh_embedded *
page_asset_find(const char *name)
{
	for (size_t i = 0; i < embedded_static_count; i++)
		if (strcmp(embedded_static[i].name, name) == 0)
			return &embedded_static[i];
	return NULL;
}

void
page_asset_version(const struct gh_embedded *file, char out[PAGE_ASSET_VERSION_SIZE])
{
	char tag[GH_HTTP_TAG_SIZE];

	gh_http_content_tag(file->data, file->len, tag);
	snprintf(out, PAGE_ASSET_VERSION_SIZE, "v=%.16s", tag + 1);
}

void
page_asset_path(const char *name, char out[PAGE_ASSET_PATH_SIZE])
{
	const struct gh_embedded *file = page_asset_find(name);
	char version[PAGE_ASSET_VERSION_SIZE];

	*out = '\0';
	if (file == NULL)
		return;
	page_asset_version(file, version);
	snprintf(out, PAGE_ASSET_PATH_SIZE, "/static/%s?%s", file->name, version);
}
