/* Questions of `gatehouse setup`, and what it tells. See setup.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "prompt.h"
#include "setup.h"

void
setup_tell(const struct setup *s, const char *fmt, ...)
{
	va_list ap;

	if (s->o.json)
		return;
	va_start(ap, fmt);
	printf("ok          ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}

void
setup_warn(const struct setup *s, const char *fmt, ...)
{
	va_list ap;

	(void)s;
	fflush(stdout);
	va_start(ap, fmt);
	fprintf(stderr, "warning     ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
}

int
setup_answer(const struct setup *s, const char *given, const char *option, const char *question,
    const char *help, const char *fallback, char **out, struct gh_error *err)
{
	*out = NULL;
	if (given == NULL && s->may_ask) {
		if (help != NULL)
			printf("\n%s\n", help);
		fflush(stdout);
		return prompt_text(question, fallback, out, err);
	}
	if (given == NULL)
		given = fallback;
	if (given == NULL)
		return gh_refuse(err, GH_E_CONF, "%s is needed", option);
	*out = strdup(given);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "answer");
}

int
setup_ask(struct setup *s, const struct setup_question *q, struct gh_error *err)
{
	char *answer;
	int rc =
	    setup_answer(s, q->given, q->option, q->question, q->help, q->fallback, &answer, err);

	if (rc == 0)
		rc = conf_settings_set(&s->settings, q->setting, answer, err);
	free(answer);
	return rc;
}

int
setup_repeat(struct setup *s, int (*step)(struct setup *s, bool is_again, struct gh_error *err),
    struct gh_error *err)
{
	int rc = step(s, false, err);

	while (rc != 0 && rc != GH_E_NOMEM && s->may_ask) {
		fflush(stdout);
		command_fail(s->o.json ? "gatehouse setup" : "not ok", err);
		rc = step(s, true, err);
	}
	return rc;
}

int
setup_load(struct setup *s, struct gh_error *err)
{
	gh_conf_free(s->conf);
	return conf_settings_load(&s->settings, &s->conf, err);
}
