/*
 * Pages: HTML for people with a browser, rendered here. They work without a script.
 * kore-app/pages/html/NAME.html is the page NAME (base/markup.h), its title the text NAME.title;
 * layout.html is around each of them. docs/pages.md
 */
#ifndef PAGE_H
#define PAGE_H

#include "call.h"
#include "embedded.h"
#include "json.h"

#include "page_language.h"

/* kore-app/pages/html/ */
extern const struct gh_embedded embedded_pages[];
extern const size_t embedded_pages_count;

/*
 * Answer with a page. data is an object, taken over; NULL means out of memory and answers 500. What
 * a page finds in it beside its own members:
 *
 *     csrf        of the session, for the field of this name in each form
 *     title       if it is to be another one than the text PAGE.title
 *     has_script  true: kore-app/pages/static/console.js runs on it
 *     values      {name: text} what was typed, without secrets, for {{>field}}
 *     errors      {name: text, or a list of them} what is wrong with it, shown next to the field
 * and above the form by {{>summary}}; "" is of no field. As rest_fields_take gives them options
 * {name: [{value, text, is_selected}]} for {{>select}}
 */
void page_reply(const struct worker_env *env, const struct call *call, int status, const char *page,
    gh_json *data, struct gh_http_reply *rep);

/* 303 to a path of ours, with its query. Another one becomes "/". */
void page_redirect(struct gh_http_reply *rep, const char *path);

/* An error, for route_family: a page where Accept wants one, else as rest_error. */
void page_error(const struct gh_conf *conf, const struct gh_error *err,
    const struct gh_http_request *req, struct gh_http_reply *rep);
/* The same for a handler, which knows who calls. */
void page_refuse(const struct call *call, const struct gh_error *err, struct gh_http_reply *rep);

#endif
