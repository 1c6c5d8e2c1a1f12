/*
 * A filter made with libmilter itself, the judge of tests/Milter.NET.Tests/Conformance/dialogues. It answers as what it is
 * told of asks for ("rcpt-reject" in an address), in the content as the field X-Trial does, and writes a line to standard
 * output for each call.
 *
 * Usage: libmilter-filter SOCKET
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One connection at a time is all that is asked of it. */
static char wish[256];

static sfsistat answer(const char *stage, const char *text) {
    static const struct { const char *name; sfsistat reply; } replies[] = {
        {"accept", SMFIS_ACCEPT}, {"reject", SMFIS_REJECT}, {"tempfail", SMFIS_TEMPFAIL}, {"discard", SMFIS_DISCARD},
    };
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%s-%s", stage, replies[i].name);
        if (strstr(text, wanted) != NULL)
            return replies[i].reply;
    }
    return SMFIS_CONTINUE;
}

static sfsistat call(const char *stage, const char *text) {
    puts(stage);
    return answer(stage, text);
}

static sfsistat on_connect(SMFICTX *context, char *host, _SOCK_ADDR *address) {
    (void)context, (void)address;
    return call("connect", host);
}

static sfsistat on_helo(SMFICTX *context, char *name) {
    (void)context;
    return call("helo", name);
}

static sfsistat on_mail(SMFICTX *context, char **arguments) {
    const char *user = smfi_getsymval(context, "{auth_authen}");
    wish[0] = '\0';
    if (user == NULL)
        return call("mail", arguments[0]);
    printf("mail=%s\n", user);
    return answer("mail", arguments[0]);
}

static sfsistat on_recipient(SMFICTX *context, char **arguments) {
    (void)context;
    return call("rcpt", arguments[0]);
}

static sfsistat on_data(SMFICTX *context) {
    (void)context;
    return call("data", wish);
}

static sfsistat on_unknown(SMFICTX *context, const char *command) {
    (void)context;
    return call("unknown", command);
}

static sfsistat on_header(SMFICTX *context, char *name, char *value) {
    (void)context;
    if (strcasecmp(name, "X-Trial") == 0)
        snprintf(wish, sizeof wish, "%s", value);
    return call("header", wish);
}

static sfsistat on_end_of_headers(SMFICTX *context) {
    (void)context;
    return call("eoh", wish);
}

static sfsistat on_body(SMFICTX *context, unsigned char *chunk, size_t length) {
    (void)context, (void)chunk, (void)length;
    return call("body", wish);
}

static sfsistat on_end_of_message(SMFICTX *context) {
    (void)context;
    return call("eom", wish);
}

static sfsistat on_abort(SMFICTX *context) {
    (void)context;
    puts("abort");
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *context) {
    (void)context;
    puts("close");
    return SMFIS_CONTINUE;
}

int main(int count, char **arguments) {
    static char name[] = "libmilter-filter";
    static struct smfiDesc filter = {
        name, SMFI_VERSION, 0,
        on_connect, on_helo, on_mail, on_recipient, on_header, on_end_of_headers, on_body, on_end_of_message, on_abort,
        on_close, on_unknown, on_data, NULL,
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (count != 2) {
        fprintf(stderr, "usage: %s SOCKET\n", arguments[0]);
        return 2;
    }
    return smfi_setconn(arguments[1]) == MI_SUCCESS && smfi_register(filter) == MI_SUCCESS ? smfi_main() : 1;
}
