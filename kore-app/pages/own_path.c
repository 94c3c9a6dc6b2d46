/* Paths that a redirect may lead to. See own_path.h. */
#include <stdio.h>
#include <string.h>

#include "percent.h"

#include "own_path.h"

#define LOGIN "/login?next="

bool
own_path_is(const char *path)
{
	size_t n = strlen(path);

	if (n == 0 || n > OWN_PATH_MAX || path[0] != '/' || path[1] == '/')
		return false;
	for (size_t i = 0; i < n; i++)
		if (path[i] <= ' ' || path[i] >= 0x7f || path[i] == '\\')
			return false;
	return true;
}

/* The value of the first `next`, decoded. false: it is not there, or does not fit. */
static bool
find_next(const char *query, char out[OWN_PATH_MAX + 1])
{
	size_t n = 0;

	while (strncmp(query, "next=", 5) != 0) {
		if ((query = strchr(query, '&')) == NULL)
			return false;
		query++;
	}
	query += 5;
	for (const char *end = query + strcspn(query, "&"); query < end;) {
		int c = gh_percent_next(&query, end);

		if (c <= 0 || n == OWN_PATH_MAX)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

void
own_path_next(const char *query, char out[OWN_PATH_MAX + 1])
{
	if (!find_next(query, out) || !own_path_is(out))
		strcpy(out, "/");
}

bool
own_path_login(const char *path, const char *query, char out[OWN_PATH_LOGIN_SIZE])
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	char whole[OWN_PATH_MAX + 1];
	size_t n = sizeof(LOGIN) - 1;
	int len = snprintf(whole, sizeof(whole), "%s%s%s", path, *query != '\0' ? "?" : "", query);

	strcpy(out, LOGIN);
	if (len < 0 || (size_t)len >= sizeof(whole) || !own_path_is(whole))
		return false;
	for (const char *p = whole; *p != '\0'; p++)
		n += (size_t)snprintf(out + n, OWN_PATH_LOGIN_SIZE - n,
		    strchr(plain, *p) != NULL ? "%c" : "%%%02X", (unsigned char)*p);
	return true;
}
