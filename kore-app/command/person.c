/* See person.h. */
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "person.h"

#define NO_LOGIN_UID 4294967295UL /* (uid_t)-1: not set */

static bool
read_uid(const char *text, uid_t *out)
{
	char *end;
	unsigned long v;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno != 0 || (*end != '\0' && *end != '\n') || v >= NO_LOGIN_UID)
		return false;
	*out = (uid_t)v;
	return true;
}

/* Name and number must be of one user: one of them alone may be left over from another shell. */
static bool
sudo_says(const struct person_facts *f, uid_t *out)
{
	const struct passwd *pw;

	if (f->uid != 0 || f->sudo_user == NULL || !read_uid(f->sudo_uid, out))
		return false;
	pw = getpwuid(*out);
	return pw != NULL && strcmp(pw->pw_name, f->sudo_user) == 0;
}

static void
user_name(uid_t uid, char *out, size_t size)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		snprintf(out, size, "%s", pw->pw_name);
	else
		snprintf(out, size, "uid%ld", (long)uid);
}

void
person_name(const struct person_facts *f, const char *host, char *out, size_t size)
{
	char person[100], account[100];
	uid_t uid = f->uid;

	if (!read_uid(f->login_uid, &uid) && !sudo_says(f, &uid))
		uid = f->uid;
	user_name(uid, person, sizeof(person));
	user_name(f->uid, account, sizeof(account));
	if (uid == f->uid)
		snprintf(out, size, "%s@%s", person, host);
	else
		snprintf(out, size, "%s@%s as %s", person, host, account);
}

void
person_of_process(char *out, size_t size)
{
	struct person_facts facts = {.uid = getuid(),
	    .sudo_user = getenv("SUDO_USER"),
	    .sudo_uid = getenv("SUDO_UID")};
	char host[128] = "localhost", login[32] = "";
	FILE *f = fopen("/proc/self/loginuid", "re");

	if (f != NULL && fgets(login, sizeof(login), f) != NULL)
		facts.login_uid = login;
	if (f != NULL)
		fclose(f);
	if (gethostname(host, sizeof(host) - 1) != 0)
		snprintf(host, sizeof(host), "localhost");
	host[sizeof(host) - 1] = '\0';
	person_name(&facts, host, out, size);
}
