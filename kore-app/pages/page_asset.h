/* Style sheet and icons, from kore-app/pages/static/. */
#ifndef PAGE_ASSET_H
#define PAGE_ASSET_H

#include "embedded.h"

extern const struct gh_embedded embedded_static[];
extern const size_t embedded_static_count;

#define PAGE_ASSET_VERSION_SIZE 24
#define PAGE_ASSET_PATH_SIZE 96

/* NULL: there is none. */
const struct gh_embedded *page_asset_find(const char *name);
/* "v=HASH", which names the content. */
void page_asset_version(const struct gh_embedded *file, char out[PAGE_ASSET_VERSION_SIZE]);
/* "/static/style.css?v=HASH": clients keep it for good. "": no such file. */
void page_asset_path(const char *name, char out[PAGE_ASSET_PATH_SIZE]);

#endif
