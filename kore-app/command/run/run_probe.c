/* Probes of our own children: the certificate is not checked, for the port is ours. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "run_probe.h"

#define PROBE_MS 500
#define ANSWER_MAX (16 * 1024 * 1024)

static void
set_timeout(int fd)
{
	struct timeval tv = {.tv_usec = PROBE_MS * 1000};

	/* without a limit the probe still ends when the child dies */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* The wildcard address is asked at loopback. */
static int
connect_gateway(const struct gh_conf *conf)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	bool is_four = inet_pton(AF_INET, conf->gateway.listen, &four.sin_addr) == 1;
	int fd = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -1;
	set_timeout(fd);
	if (is_four) {
		if (four.sin_addr.s_addr == htonl(INADDR_ANY))
			four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		four.sin_port = htons((uint16_t)conf->gateway.port);
		rc = connect(fd, (struct sockaddr *)&four, sizeof(four));
	} else {
		(void)inet_pton(AF_INET6, conf->gateway.listen, &six.sin6_addr);
		if (IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr))
			six.sin6_addr = in6addr_loopback;
		six.sin6_port = htons((uint16_t)conf->gateway.port);
		rc = connect(fd, (struct sockaddr *)&six, sizeof(six));
	}
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

/* All that is answered, head and body, until the end or max bytes. */
static bool
ask(SSL *ssl, const char *path, struct gh_buf *out)
{
	char text[4096];
	int n = snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);

	if (SSL_connect(ssl) != 1 || SSL_write(ssl, text, n) <= 0)
		return false;
	while (!out->failed && (n = SSL_read(ssl, text, sizeof(text))) > 0)
		gh_buf_put(out, text, (size_t)n);
	gh_buf_putc(out, '\0');
	return !out->failed;
}

/* *out: NUL-ended, to be freed in any case. true: the answer is 200. */
static bool
get(const struct gh_conf *conf, const char *path, struct gh_buf *out)
{
	static const char answer[] = "HTTP/1.1 200 ";
	int fd = connect_gateway(conf);
	SSL_CTX *ctx;
	SSL *ssl;
	bool is_answered;

	gh_buf_init(out, ANSWER_MAX);
	if (fd < 0)
		return false;
	ctx = SSL_CTX_new(TLS_client_method());
	ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	is_answered = ssl != NULL && SSL_set_fd(ssl, fd) == 1 && ask(ssl, path, out) &&
	    strncmp((const char *)out->data, answer, sizeof(answer) - 1) == 0;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	close(fd);
	return is_answered;
}

bool
run_probe_is_gateway_up(const struct gh_conf *conf)
{
	struct gh_buf answer;
	bool is_up = get(conf, "/healthz", &answer);

	gh_buf_free(&answer);
	return is_up;
}

bool
run_probe_is_ready(const struct gh_conf *conf, struct gh_buf *out)
{
	return get(conf, "/readyz", out);
}

bool
run_probe_metrics(const struct gh_conf *conf, struct gh_buf *out)
{
	return get(conf, "/metrics", out);
}

bool
run_probe_is_signer_up(const char *socket_path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_up;

	if (fd < 0)
		return false;
	/* run_check has seen that it fits */
	strncpy(sun.sun_path, socket_path, sizeof(sun.sun_path) - 1);
	is_up = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
	close(fd);
	return is_up;
}
