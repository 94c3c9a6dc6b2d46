/* Where templates of mails come from. See mail_template.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "log.h"

#include "mail_data.h"
#include "mail_template.h"

extern const struct gh_embedded embedded_mail[];
extern const size_t embedded_mail_count;

#define FILE_MAX (64 * 1024)
#define PATH_SIZE 4096
#define ALL_EVENTS "message"

static const char *const part_names[MAIL_PARTS] =
    {[MAIL_SUBJECT] = "subject", [MAIL_TEXT] = "txt", [MAIL_HTML] = "html"};

const char *
mail_template_builtin(const char *name, size_t *len)
{
	for (size_t i = 0; i < embedded_mail_count; i++)
		if (strcmp(embedded_mail[i].name, name) == 0) {
			*len = embedded_mail[i].len;
			return embedded_mail[i].data;
		}
	return NULL;
}

static int
parse(const char *name, const char *text, size_t len, enum mail_part part, struct markup **out,
    struct gh_error *err)
{
	return markup_parse(name, text, len, part == MAIL_HTML ? MARKUP_HTML : MARKUP_TEXT, out,
	    err);
}

/* --- files ------------------------------------------------------------------------------------ */

static int
read_all(int fd, const char *path, char text[FILE_MAX + 1], size_t *len, struct gh_error *err)
{
	ssize_t n = 1;

	for (*len = 0; n > 0 && *len <= FILE_MAX; *len += n > 0 ? (size_t)n : 0)
		n = read(fd, text + *len, FILE_MAX + 1 - *len);
	if (n < 0)
		return gh_refuse(err, GH_E_CONF, "%.400s: %m", path);
	if (*len > FILE_MAX)
		return gh_refuse(err, GH_E_CONF, "%.400s: more than %d bytes", path, FILE_MAX);
	return 0;
}

/* *out NULL: there is no such file. */
static int
load_file(const char *path, enum mail_part part, struct markup **out, struct gh_error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc = 0;
	struct stat st;
	char *text;
	size_t len = 0;

	*out = NULL;
	if (fd < 0)
		return errno == ENOENT ? 0 : gh_refuse(err, GH_E_CONF, "%.400s: %m", path);
	if ((text = malloc(FILE_MAX + 1)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "template of a mail");
	else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = gh_refuse(err, GH_E_CONF, "%.400s: is no file", path);
	else
		rc = read_all(fd, path, text, &len, err);
	close(fd);
	if (rc == 0)
		rc = parse(strrchr(path, '/') + 1, text, len, part, out, err);
	free(text);
	return rc;
}

/* The operator's, or NULL. */
static struct markup *
find_own(const char *folder, const char *event, const char *language, enum mail_part part)
{
	struct markup *m = NULL;
	struct gh_error err;
	char path[PATH_SIZE];

	if (*folder == '\0' ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s.%s.%s", folder, event, language,
		part_names[part]) >= sizeof(path))
		return NULL;
	if (load_file(path, part, &m, &err) != 0)
		gh_log_kv(GH_LOG_ERROR, "a template of a mail is not used", "cause", err.detail,
		    NULL);
	return m;
}

int
mail_template_get(const char *folder, const char *event, const char *language, enum mail_part part,
    struct markup **out, struct gh_error *err)
{
	char name[32];
	const char *text;
	size_t len;

	*out = event != NULL ? find_own(folder, event, language, part) : NULL;
	if (*out == NULL && event != NULL)
		*out = find_own(folder, ALL_EVENTS, language, part);
	if (*out != NULL)
		return 0;
	snprintf(name, sizeof(name), ALL_EVENTS ".%s", part_names[part]);
	if ((text = mail_template_builtin(name, &len)) == NULL)
		return gh_fail(err, GH_E_INTERNAL, "%s", name);
	return parse(name, text, len, part, out, err);
}

/* --- check ------------------------------------------------------------------------------------ */

/* Texts whose last name is a value: those that there are for each event and each fact. */
static bool
is_known_text(const struct words *words, const char *name)
{
	return strcmp(name, "mail_event.[key].subject") == 0 ||
	    strcmp(name, "mail_event.[key].intro") == 0 || strcmp(name, "mail_fact.[name]") == 0 ||
	    (strchr(name, '[') == NULL && words_get(words, name) != NULL);
}

static bool
is_known(const void *words, const char *name, bool is_text)
{
	return is_text ? is_known_text(words, name) : mail_data_has(name);
}

/* EVENT.LANGUAGE.PART, from its end. */
static int
split_name(char *name, const struct words **words, enum mail_part *part)
{
	char *suffix = strrchr(name, '.'), *language;

	if (suffix == NULL)
		return -1;
	*suffix++ = '\0';
	for (*part = 0; *part < MAIL_PARTS && strcmp(part_names[*part], suffix) != 0;)
		++*part;
	if (*part == MAIL_PARTS || (language = strrchr(name, '.')) == NULL)
		return -1;
	*language++ = '\0';
	*words = words_find(language);
	if (*words == NULL || strcmp(words_language(*words), language) != 0)
		return -1;
	return strcmp(name, ALL_EVENTS) == 0 || mail_sample_has(name) ? 0 : -1;
}

static int
check_file(const char *folder, const char *file, struct gh_error *err)
{
	char path[PATH_SIZE], name[NAME_MAX + 1];
	const struct words *words;
	struct markup *m = NULL;
	enum mail_part part;
	const char *unknown;
	int rc;

	snprintf(name, sizeof(name), "%s", file);
	if (split_name(name, &words, &part) != 0)
		return gh_refuse(err, GH_E_CONF,
		    "%.400s/%.100s: a template is named EVENT.LANGUAGE.txt, .html or .subject",
		    folder, file);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, file) >= sizeof(path))
		return gh_refuse(err, GH_E_CONF, "%.400s: too long", folder);
	if ((rc = load_file(path, part, &m, err)) != 0 || m == NULL)
		return rc;
	if ((unknown = markup_find_name(m, is_known, words)) != NULL)
		rc =
		    gh_refuse(err, GH_E_CONF, "%.400s: there is no value {{%.60s}}", path, unknown);
	markup_free(m);
	return rc;
}

int
mail_template_check(const char *folder, struct gh_error *err)
{
	DIR *d = *folder != '\0' ? opendir(folder) : NULL;
	struct dirent *e;
	int rc = 0;

	if (d == NULL)
		return *folder == '\0'
		    ? 0
		    : gh_refuse(err, GH_E_CONF, "notify.templates: %.400s: %m", folder);
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			rc = check_file(folder, e->d_name, err);
	closedir(d);
	return rc;
}
