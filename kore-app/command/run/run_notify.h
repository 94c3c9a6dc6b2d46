/* Telling the service manager how far the start is: sd_notify(3), without its library. */
#ifndef RUN_NOTIFY_H
#define RUN_NOTIFY_H

/* state: "READY=1", "STOPPING=1" ... Nothing happens where NOTIFY_SOCKET is not set: no service
 * manager waits. */
void run_notify(const char *state);

#endif
