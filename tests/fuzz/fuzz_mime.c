/* Mails: whatever names, addresses and texts are, what is built has one header block with one
 * recipient, in short lines of ASCII. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail_address.h"
#include "notify/mime.h"
#include "notify/webhook.h"

#define CHECK(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next of several texts, separated by NUL. malloc'd. */
static char *
next(const uint8_t **data, size_t *size)
{
	size_t n = strnlen((const char *)*data, *size);
	char *text = strndup((const char *)*data, n);

	CHECK(text != NULL);
	*data += n < *size ? n + 1 : n;
	*size -= n < *size ? n + 1 : n;
	return text;
}

static int
count(const char *text, const char *end, const char *name)
{
	int n = 0;

	for (; text < end && text != NULL;
	     text = strstr(text, "\r\n"), text += text != NULL ? 2 : 0)
		n += strncasecmp(text, name, strlen(name)) == 0;
	return n;
}

static void
check(const char *mail)
{
	const char *end = strstr(mail, "\r\n\r\n");

	CHECK(end != NULL);
	CHECK(count(mail, end, "To:") == 1 && count(mail, end, "From:") == 1);
	CHECK(count(mail, end, "Subject:") == 1 && count(mail, end, "Bcc:") == 0);
	CHECK(count(mail, end, "Message-ID:") == 1 && count(mail, end, "Content-Type:") == 1);
	for (const char *line = mail; *line != '\0';) {
		const char *stop = strstr(line, "\r\n");

		CHECK(stop != NULL && stop - line <= 998);
		for (; line < stop; line++)
			CHECK(*line == '\t' || (*line >= ' ' && *line <= '~'));
		line = stop + 2;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *to = next(&data, &size), *name = next(&data, &size), *subject = next(&data, &size),
	     *text = next(&data, &size), *html = next(&data, &size), *ascii;
	const struct mime_mail mail = {.id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
	    .from = "pki@example.test",
	    .from_name = name,
	    .to = to,
	    .to_name = name,
	    .subject = subject,
	    .text = text,
	    .html = *html != '\0' ? html : NULL,
	    .date = 1700000000};
	struct gh_buf b;

	gh_buf_init(&b, MIME_MAX);
	if (mime_build(&mail, &b, NULL) == 0)
		check((const char *)b.data);
	gh_buf_free(&b);
	if (mime_ascii_address(to, &ascii, NULL) == 0) {
		CHECK(gh_mail_address_is_valid(to) && gh_mail_address_is_valid(ascii));
		CHECK(strpbrk(ascii, "\r\n<>") == NULL || ascii[0] == '"');
		free(ascii);
	}
	(void)!webhook_check_url(subject, NULL);
	free(to);
	free(name);
	free(subject);
	free(text);
	free(html);
	return 0;
}
