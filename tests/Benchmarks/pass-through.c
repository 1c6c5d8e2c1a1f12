/*
 * A filter made with libmilter that has everything of a message sent, looks at nothing and changes nothing: the least that a filter of
 * content costs. compare measures it beside Postseal for mail that nobody signed.
 *
 * Usage: pass-through SOCKET
 */
#include <libmilter/mfapi.h>
#include <stddef.h>

static sfsistat on_strings(SMFICTX *context, char **arguments) {
    (void)context, (void)arguments;
    return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *context, char *name, char *value) {
    (void)context, (void)name, (void)value;
    return SMFIS_CONTINUE;
}

static sfsistat on_event(SMFICTX *context) {
    (void)context;
    return SMFIS_CONTINUE;
}

static sfsistat on_body(SMFICTX *context, unsigned char *chunk, size_t length) {
    (void)context, (void)chunk, (void)length;
    return SMFIS_CONTINUE;
}

int main(int count, char **arguments) {
    static char name[] = "pass-through";
    static struct smfiDesc filter = {
        name, SMFI_VERSION, 0, NULL, NULL, on_strings, on_strings, on_header, on_event, on_body, on_event, NULL, NULL, NULL, NULL, NULL,
    };
    return count == 2 && smfi_setconn(arguments[1]) == MI_SUCCESS && smfi_register(filter) == MI_SUCCESS ? smfi_main() : 1;
}
