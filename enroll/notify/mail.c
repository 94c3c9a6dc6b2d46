/* The words of a mail. See mail.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "timestamp.h"
#include "utf8.h"

#include "mail.h"

#define TEXT_MAX 65536 /* bytes of one part */
#define SUBJECT_MAX 200

void
notify_mail_clear(struct notify_mail *m)
{
	free(m->subject);
	free(m->text);
	free(m->html);
	memset(m, 0, sizeof(*m));
}

/* One value on one line; what others wrote into it begins no other line. malloc'd. */
static char *
value_text(const gh_json *v)
{
	const char *s = gh_json_string(v);
	char *text = s != NULL ? strdup(s) : gh_json_print(v, false);

	return text != NULL ? gh_utf8_clean(text) : NULL;
}

static void
put_fact(struct gh_buf *b, const char *name, const gh_json *v, const char *format)
{
	char *text = value_text(v);

	if (text == NULL)
		b->failed = true;
	else
		gh_buf_putf(b, format, name, text);
	free(text);
}

static void
put_facts(struct gh_buf *b, const struct notification *n, const char *format)
{
	gh_json *object = gh_json_new_string(n->object);

	put_fact(b, "object", object, format);
	gh_json_free(object);
	for (void *it = gh_json_iter(n->facts); it != NULL; it = gh_json_next(n->facts, it))
		put_fact(b, gh_json_iter_name(it), gh_json_iter_value(it), format);
}

static void
put_text(struct gh_buf *b, const struct worker_env *env, const struct notification *n)
{
	char time[GH_TIMESTAMP_SIZE];

	gh_buf_putf(b, "%s\n%s\n\n", n->event, gh_timestamp_format(n->created, time));
	put_facts(b, n, "%s: %s\n");
	if (*env->conf->notify.url != '\0')
		gh_buf_putf(b, "\n%s\n", env->conf->notify.url);
}

int
notify_compose(const struct worker_env *env, const struct notification *n,
    const struct recipient *to, struct notify_mail *out, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	(void)to;
	memset(out, 0, sizeof(*out));
	gh_buf_init(&b, TEXT_MAX);
	put_text(&b, env, n);
	rc = gh_buf_check(&b, err);
	if (rc == 0 &&
	    ((out->text = strdup((const char *)b.data)) == NULL ||
		asprintf(&out->subject, "Gatehouse: %.100s (%.*s)", n->event, SUBJECT_MAX,
		    n->object) < 0)) {
		out->subject = NULL;
		rc = gh_fail(err, GH_E_NOMEM, "mail");
	}
	gh_buf_free(&b);
	if (rc == 0)
		gh_utf8_clean(out->subject);
	else
		notify_mail_clear(out);
	return rc;
}
