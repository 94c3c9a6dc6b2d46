/* Probes of our own children: the certificate is not checked, for the port is ours. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "run_probe.h"

#define PROBE_MS 500

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

static bool
ask_health(SSL *ssl)
{
	static const char question[] =
	    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	static const char answer[] = "HTTP/1.1 200 ";
	char head[sizeof(answer)] = "";
	int n;

	if (SSL_connect(ssl) != 1 || SSL_write(ssl, question, sizeof(question) - 1) <= 0)
		return false;
	n = SSL_read(ssl, head, sizeof(answer) - 1);
	return n == (int)sizeof(answer) - 1 && memcmp(head, answer, sizeof(answer) - 1) == 0;
}

bool
run_probe_is_gateway_up(const struct gh_conf *conf)
{
	int fd = connect_gateway(conf);
	SSL_CTX *ctx;
	SSL *ssl;
	bool is_up;

	if (fd < 0)
		return false;
	ctx = SSL_CTX_new(TLS_client_method());
	ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	is_up = ssl != NULL && SSL_set_fd(ssl, fd) == 1 && ask_health(ssl);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	close(fd);
	return is_up;
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
