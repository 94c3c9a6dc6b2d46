/* The words of a mail. See mail.h. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "utf8.h"

#include "mail.h"
#include "mail_data.h"
#include "mail_template.h"

#define PART_MAX (256 * 1024) /* bytes */
#define SUBJECT_MAX 200       /* bytes */

void
notify_mail_clear(struct notify_mail *m)
{
	free(m->subject);
	free(m->text);
	free(m->html);
	memset(m, 0, sizeof(*m));
}

/* That of the recipient, where we have it. */
static const struct words *
words_of(const struct gh_conf *conf, const char *language)
{
	const struct words *w = words_find(language);

	return w != NULL ? w : words_accept(conf->notify.language);
}

static int
render(const struct markup *m, const gh_json *data, const struct words *words, char **out,
    struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, PART_MAX);
	rc = markup_render(m, NULL, data, words, &b, err);
	if (rc == 0 && (*out = strdup(b.data != NULL ? (const char *)b.data : "")) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "mail");
	gh_buf_free(&b);
	return rc;
}

/* What an operator's template cannot do is done by ours: no message is lost by a mistake in it. */
static int
make_part(const char *folder, const char *event, enum mail_part part, const gh_json *data,
    const struct words *words, char **out, struct gh_error *err)
{
	struct markup *m;
	int rc = mail_template_get(folder, event, words_language(words), part, &m, err);

	if (rc == 0)
		rc = render(m, data, words, out, err);
	markup_free(m);
	if (rc == 0 || rc == GH_E_NOMEM || event == NULL)
		return rc;
	gh_log_kv(GH_LOG_ERROR, "a template of a mail is not used", "event", event, "cause",
	    err->detail, NULL);
	return make_part("", NULL, part, data, words, out, err);
}

/* One line, not endless. */
static void
trim_subject(char *s)
{
	s[gh_utf8_cut(s, strlen(s), SUBJECT_MAX)] = '\0';
	for (size_t n = strlen(s); n > 0 && (s[n - 1] == '\n' || s[n - 1] == ' ');)
		s[--n] = '\0';
	gh_utf8_clean(s);
}

int
notify_compose(const struct worker_env *env, const struct notification *n,
    const struct recipient *to, struct notify_mail *out, struct gh_error *err)
{
	const struct words *words = words_of(env->conf, to->language);
	const char *folder = env->conf->notify.templates,
		   *event = mail_sample_has(n->event) ? n->event : NULL;
	gh_json *data = mail_data(env->conf, n, to, words);
	int rc;

	memset(out, 0, sizeof(*out));
	if (data == NULL)
		return gh_fail(err, GH_E_NOMEM, "mail");
	rc = make_part(folder, event, MAIL_SUBJECT, data, words, &out->subject, err);
	if (rc == 0)
		rc = make_part(folder, event, MAIL_TEXT, data, words, &out->text, err);
	if (rc == 0)
		rc = make_part(folder, event, MAIL_HTML, data, words, &out->html, err);
	gh_json_free(data);
	if (rc == 0)
		trim_subject(out->subject);
	else
		notify_mail_clear(out);
	return rc;
}
