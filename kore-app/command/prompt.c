/* Reading passwords. Echo is restored also when the question is interrupted. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "conf.h"
#include "utf8.h"

#include "prompt.h"

#define PASSWORD_MAX 1024 /* bytes */

/* One line of fd without its line end; malloc'd. -1 at end of file, at the interrupt character (-1:
 * none), or when it is too long. */
static int
read_line(int fd, int interrupt, char **out)
{
	char *line = calloc(1, PASSWORD_MAX + 1);
	size_t n = 0;
	ssize_t got;

	*out = NULL;
	if (line == NULL)
		return -1;
	for (;;) {
		got = read(fd, line + n, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || line[n] == '\n')
			break;
		if (line[n] == interrupt || ++n == PASSWORD_MAX) {
			got = -1;
			break;
		}
	}
	if (got < 0 || (got == 0 && n == 0)) {
		OPENSSL_cleanse(line, PASSWORD_MAX + 1);
		free(line);
		return -1;
	}
	line[n] = '\0';
	if (n > 0 && line[n - 1] == '\r')
		line[n - 1] = '\0';
	*out = line;
	return 0;
}

/* Signals that end the program are held back while the echo is off: they arrive when it is on
 * again. */
static int
ask(int tty, const char *question, char **out)
{
	struct termios before, quiet;
	sigset_t hold, old;
	int rc = -1;

	*out = NULL;
	if (tcgetattr(tty, &before) != 0)
		return -1;
	sigemptyset(&hold);
	sigaddset(&hold, SIGTERM);
	sigaddset(&hold, SIGHUP);
	sigprocmask(SIG_BLOCK, &hold, &old);
	quiet = before;
	/* The interrupt character ends the line instead of the program. */
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	quiet.c_cc[VEOL] = before.c_cc[VINTR];
	if (tcsetattr(tty, TCSAFLUSH, &quiet) == 0) {
		dprintf(tty, "%s: ", question);
		rc = read_line(tty, before.c_cc[VINTR], out);
		dprintf(tty, "\n");
		if (tcsetattr(tty, TCSAFLUSH, &before) != 0)
			rc = -1;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static int
ask_on_terminal(const char *question, bool confirm, char **out, struct gh_error *err)
{
	char *again = NULL;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), rc;

	if (tty < 0)
		return gh_refuse(err, GH_E_CONF,
		    "%s is needed and there is no terminal to ask: give a password file", question);
	rc = ask(tty, question, out);
	if (rc == 0 && confirm)
		rc = ask(tty, "once more", &again);
	close(tty);
	if (rc != 0)
		rc = gh_refuse(err, GH_E_CONF, "no password was read");
	else if (confirm && strcmp(*out, again) != 0)
		rc = gh_refuse(err, GH_E_CONF, "the two passwords differ: nothing was changed");
	prompt_free(again);
	if (rc != 0) {
		prompt_free(*out);
		*out = NULL;
	}
	return rc;
}

int
prompt_password(const char *file, const char *question, bool confirm, char **out,
    struct gh_error *err)
{
	int rc;

	*out = NULL;
	if (file == NULL)
		rc = ask_on_terminal(question, confirm, out, err);
	else if (strcmp(file, "-") == 0)
		rc = read_line(STDIN_FILENO, -1, out) == 0
		    ? 0
		    : gh_refuse(err, GH_E_CONF, "no password on standard input");
	else
		rc = gh_conf_read_secret(file, out, err);
	if (rc != 0)
		return rc;
	if ((*out)[0] == '\0') {
		prompt_free(*out);
		*out = NULL;
		return gh_refuse(err, GH_E_CONF, "an empty password is not accepted");
	}
	return 0;
}

int
prompt_secret(const char *file, const char *question, size_t min, size_t max, char **out,
    struct gh_error *err)
{
	int rc = prompt_password(file, question, true, out, err);

	if (rc != 0 || (strlen(*out) >= min && strlen(*out) <= max && gh_utf8_is_clean(*out)))
		return rc;
	prompt_free(*out);
	*out = NULL;
	return gh_refuse(err, GH_E_CONF,
	    "a %s has %zu to %zu bytes of UTF-8 and no control character", question, min, max);
}

bool
prompt_has_terminal(void)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty >= 0)
		close(tty);
	return tty >= 0;
}

int
prompt_text(const char *question, const char *fallback, char **out, struct gh_error *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), rc;

	*out = NULL;
	if (tty < 0)
		return gh_refuse(err, GH_E_CONF, "%s: there is no terminal to ask on", question);
	do {
		prompt_free(*out);
		if (fallback != NULL && fallback[0] != '\0')
			dprintf(tty, "%s [%s]: ", question, fallback);
		else
			dprintf(tty, "%s: ", question);
		rc = read_line(tty, -1, out);
	} while (rc == 0 && (*out)[0] == '\0' && fallback == NULL);
	close(tty);
	if (rc == 0 && (*out)[0] == '\0') {
		free(*out);
		*out = strdup(fallback);
		rc = *out != NULL ? 0 : -1;
	}
	return rc == 0 ? 0 : gh_refuse(err, GH_E_CONF, "%s: no answer", question);
}

int
prompt_confirm(const char *question, struct gh_error *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), rc;
	char *answer = NULL;

	if (tty < 0)
		return gh_refuse(err, GH_E_CONF, "there is no terminal to ask on: give --yes");
	dprintf(tty, "%s: ", question);
	rc = read_line(tty, -1, &answer);
	close(tty);
	if (rc != 0 || strcmp(answer, "yes") != 0)
		rc = gh_refuse(err, GH_E_CONF, "not confirmed: nothing was changed");
	prompt_free(answer);
	return rc;
}

void
prompt_free(char *password)
{
	if (password == NULL)
		return;
	OPENSSL_cleanse(password, strlen(password));
	free(password);
}

int
prompt_give_password(char *buf, int size, int rwflag, void *arg)
{
	const char *password = arg;
	size_t n = password != NULL ? strlen(password) : 0;

	(void)rwflag;
	if (n == 0 || n > (size_t)size)
		return -1;
	memcpy(buf, password, n);
	return (int)n;
}
