/* The caller's end of the signer's socket. See signer/protocol/protocol.h and
 * docs/signer-protocol.md. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "signer_client_private.h"
#include "timestamp.h"

static int
client_new(int timeout_ms, struct signer_client **out, struct gh_error *err)
{
	struct signer_client *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return gh_fail(err, GH_E_NOMEM, "signer client");
	c->fd = -1;
	c->timeout_ms = timeout_ms;
	c->measure = GH_MEASURE_SIGNER;
	signer_frame_init(&c->out);
	c->out.secret = true; /* passwords pass through it */
	*out = c;
	return 0;
}

int
signer_client_new(const char *socket_path, int timeout_ms, struct signer_client **out,
    struct gh_error *err)
{
	int rc;

	if ((rc = client_new(timeout_ms, out, err)) != 0)
		return rc;
	if (socket_path[0] == '\0' || strlen(socket_path) >= sizeof((*out)->path)) {
		signer_client_free(*out);
		*out = NULL;
		return gh_refuse(err, GH_E_CONF,
		    "signer.socket: \"%.100s\" is empty or too long for a socket", socket_path);
	}
	strcpy((*out)->path, socket_path);
	return 0;
}

int
signer_client_from_fd(int fd, int timeout_ms, struct signer_client **out, struct gh_error *err)
{
	int rc;

	if ((rc = client_new(timeout_ms, out, err)) != 0)
		return rc;
	(*out)->fd = fd;
	return 0;
}

static void
disconnect(struct signer_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->in.start = c->in.end = 0; /* answers that nobody waits for */
}

void
signer_client_free(struct signer_client *c)
{
	if (c == NULL)
		return;
	signer_client_free(c->second);
	disconnect(c);
	gh_buf_free(&c->out);
	signer_frames_free(&c->in);
	free(c);
}

/* --- transport -------------------------------------------------------------------------------- */

/* SO_SNDTIMEO bounds connect(2), when the signer's backlog is full, and send(2). */
static int
connect_socket(struct signer_client *c, struct gh_error *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval tv = {c->timeout_ms / 1000, c->timeout_ms % 1000 * 1000};

	if (c->path[0] == '\0')
		return gh_fail(err, GH_E_SIGNER_DOWN, "inherited signer socket is closed");
	if ((c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return gh_fail(err, GH_E_SIGNER_DOWN, "socket: %s", strerror(errno));
	memcpy(addr.sun_path, c->path, sizeof(addr.sun_path));
	if (setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0 &&
	    connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return 0;
	gh_fail(err, GH_E_SIGNER_DOWN, "connect %s: %s", c->path, strerror(errno));
	disconnect(c);
	return GH_E_SIGNER_DOWN;
}

static enum attempt
send_question(struct signer_client *c, struct gh_error *err)
{
	size_t sent = 0;

	while (sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + sent, c->out.len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			bool is_late = errno == EAGAIN || errno == EWOULDBLOCK;

			gh_fail(err, GH_E_SIGNER_DOWN, "send to signer: %s", strerror(errno));
			return is_late ? ATTEMPT_FAILED : ATTEMPT_DEAD;
		}
		sent += (size_t)n;
	}
	return ATTEMPT_DONE;
}

enum attempt
client_send(struct signer_client *c, struct gh_error *err)
{
	enum attempt result;

	if (c->fd < 0 && connect_socket(c, err) != 0)
		return ATTEMPT_FAILED;
	if ((result = send_question(c, err)) != ATTEMPT_DONE)
		disconnect(c);
	return result;
}

/* Read what there is, or wait for it until the deadline. */
static enum attempt
read_some(struct signer_client *c, int64_t deadline, struct gh_error *err)
{
	struct pollfd pfd = {c->fd, POLLIN, 0};
	int64_t left = (deadline - gh_now_us() + 999) / 1000;
	int ready = poll(&pfd, 1, left > 0 ? (int)left : 0);
	size_t room;
	unsigned char *p;
	ssize_t n;

	if (ready == 0) {
		gh_fail(err, GH_E_SIGNER_DOWN, "no answer from the signer in %d ms", c->timeout_ms);
		return ATTEMPT_FAILED;
	}
	if ((p = signer_frames_room(&c->in, &room)) == NULL) {
		gh_fail(err, GH_E_NOMEM, "answer of the signer");
		return ATTEMPT_FAILED;
	}
	n = ready < 0 ? -1 : recv(c->fd, p, room, 0);
	if (n < 0 && errno == EINTR)
		return ATTEMPT_DONE;
	if (n <= 0) {
		gh_fail(err, GH_E_SIGNER_DOWN, "signer closed the connection%s%s",
		    n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
		return ATTEMPT_DEAD;
	}
	signer_frames_added(&c->in, (size_t)n);
	return ATTEMPT_DONE;
}

enum attempt
client_receive(struct signer_client *c, int64_t deadline, struct gh_reader *r, struct gh_error *err)
{
	enum attempt result = ATTEMPT_DONE;
	enum signer_taken taken;
	unsigned char *payload;
	size_t len;

	while ((taken = signer_frames_take(&c->in, &payload, &len)) == SIGNER_FRAME_PARTIAL &&
	    result == ATTEMPT_DONE)
		result = read_some(c, deadline, err);
	if (taken == SIGNER_FRAME_IMPOSSIBLE) {
		gh_fail(err, GH_E_SIGNER_DOWN, "signer sent a frame of impossible length");
		result = ATTEMPT_FAILED;
	}
	if (result != ATTEMPT_DONE)
		disconnect(c);
	gh_reader_init(r, payload, len);
	return result;
}

static enum attempt
attempt_call(struct signer_client *c, int64_t deadline, struct gh_reader *r, struct gh_error *err)
{
	enum attempt result = client_send(c, err);

	return result == ATTEMPT_DONE ? client_receive(c, deadline, r, err) : result;
}

void
client_called(const struct signer_client *c, int64_t started)
{
	gh_measure(c->measure, 0, gh_now_us() - started, NULL);
}

/* The signer's own codes that mean something to our caller; any other one is a fault between us. 0:
 * it cannot be read. */
static int
fail_as_told(struct gh_reader *r, struct gh_error *err)
{
	char message[SIGNER_MESSAGE_MAX];
	int code;

	if (!signer_get_error(r, &code, message))
		return 0;
	switch (code) {
	case GH_E_NOT_FOUND:
	case GH_E_SIGNER:
	case GH_E_FORBIDDEN:
	case GH_E_CONFLICT:
	case GH_E_CA_LOCKED:
	case GH_E_CA_PASSWORD:
	case GH_E_BUSY:
	case GH_E_NOMEM:
		break;
	/* the caller may see what was refused, or what is unreachable */
	case GH_E_CA_POLICY:
	case GH_E_CA_UNAVAILABLE:
	case GH_E_VALIDATION:
		return gh_refuse(err, (enum gh_code)code, "%s", message);
	/* both programs have the protocol from one source: these two have not */
	case GH_E_BAD_REQUEST:
		return gh_fail(err, GH_E_SIGNER_DOWN,
		    "the signer that runs is of another version than this program (%s): restart "
		    "gatehouse-signer, or gatehouse-kra where it is that of the KRA",
		    message);
	default:
		code = GH_E_INTERNAL;
		break;
	}
	return gh_fail(err, (enum gh_code)code, "signer: %s", message);
}

int
client_fail_garbled(struct signer_client *c, struct gh_error *err)
{
	disconnect(c);
	return gh_fail(err, GH_E_SIGNER_DOWN, "the signer's answer is garbled");
}

int
client_take(struct signer_client *c, enum signer_op op, struct gh_reader *r, struct gh_error *err)
{
	uint8_t answer = gh_reader_u8(r);
	int rc;

	if (answer == (uint8_t)op)
		return 0;
	if (answer == SIGNER_OP_ERROR && (rc = fail_as_told(r, err)) != 0)
		return rc;
	return client_fail_garbled(c, err);
}

static int
ask(struct signer_client *c, enum signer_op op, bool may_repeat, struct gh_reader *r,
    struct gh_error *err)
{
	int64_t started = gh_now_us(), deadline = started + (int64_t)c->timeout_ms * 1000;
	enum attempt result;
	int rc;

	if ((rc = signer_frame_end(&c->out, err)) != 0)
		return rc;
	result = attempt_call(c, deadline, r, err);
	if (result == ATTEMPT_DEAD && may_repeat && c->path[0] != '\0')
		result = attempt_call(c, deadline, r, err);
	client_called(c, started);
	if (result != ATTEMPT_DONE)
		return GH_E_SIGNER_DOWN;
	gh_error_clear(err);
	return client_take(c, op, r, err);
}

int
client_call(struct signer_client *c, enum signer_op op, struct gh_reader *r, struct gh_error *err)
{
	return ask(c, op, true, r, err);
}

int
client_call_once(struct signer_client *c, enum signer_op op, struct gh_reader *r,
    struct gh_error *err)
{
	if (c->fd < 0)
		return gh_fail(err, GH_E_SIGNER_DOWN, "the connection to the signer was lost");
	return ask(c, op, false, r, err);
}

int
client_copy_out(const unsigned char *p, size_t len, unsigned char **out, size_t *out_len,
    struct gh_error *err)
{
	if ((*out = malloc(len > 0 ? len : 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "answer of %zu bytes", len);
	memcpy(*out, p, len);
	*out_len = len;
	return 0;
}

/* --- operations ------------------------------------------------------------------------------- */

int
signer_client_ping(struct signer_client *c, struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	signer_frame_begin(&c->out, SIGNER_OP_PING);
	if ((rc = client_call(c, SIGNER_OP_PING, &r, err)) != 0)
		return rc;
	return gh_reader_is_done(&r) ? 0 : client_fail_garbled(c, err);
}

int
signer_client_load_ca(struct signer_client *c, const unsigned char *sealed, size_t len,
    unsigned char ca_id[SIGNER_CA_ID_SIZE], struct gh_error *err)
{
	struct gh_reader r;
	bool is_locked;
	int rc;

	signer_frame_begin(&c->out, SIGNER_OP_LOAD_CA);
	signer_put_block(&c->out, sealed, len);
	if ((rc = client_call(c, SIGNER_OP_LOAD_CA, &r, err)) != 0)
		return rc;
	if (!signer_get_load_answer(&r, ca_id, &is_locked))
		return client_fail_garbled(c, err);
	return is_locked ? gh_fail(err, GH_E_CA_LOCKED, "signer: the key of the CA is locked") : 0;
}
