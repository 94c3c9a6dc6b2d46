/* Texts of a metadata field. See ce_field.h. */
#include "buf.h"

#include "ce_field.h"

#define OPTIONS_MAX (128 * 1024) /* bytes, of all options of a field */

/* "a,b" */
static int
set_options(gh_json *o, const struct metadata_field *f)
{
	struct gh_buf b;
	int bad;

	gh_buf_init(&b, OPTIONS_MAX);
	for (char **p = f->options; p != NULL && *p != NULL; p++)
		gh_buf_putf(&b, "%s%s", p == f->options ? "" : ",", *p);
	gh_buf_putc(&b, '\0');
	bad = gh_buf_check(&b, NULL) != 0 ? -1
					  : gh_json_set_string(o, "Options", (const char *)b.data);
	gh_buf_free(&b);
	return bad;
}

int
ce_set_field_texts(gh_json *o, const struct metadata_field *f)
{
	const struct {
		const char *name, *value;
	} texts[] = {{"Name", f->name}, {"Description", f->description}, {"Hint", f->hint},
	    {"Validation", f->regex}, {"Message", f->message}, {"DefaultValue", f->default_value}};
	int bad = set_options(o, f);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		bad |= gh_json_set_string(o, texts[i].name,
		    texts[i].value != NULL ? texts[i].value : "");
	return bad;
}
