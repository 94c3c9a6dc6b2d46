/* Reason phrases of the status codes that we send (RFC 9110, 15). */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

/* Never NULL; "Unknown" for codes that we do not send. */
const char *http_status_text(int status);

#endif
