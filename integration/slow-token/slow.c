/* A PKCS #11 library whose token takes its time, as one behind a network does: all calls go to SoftHSM, and C_Sign, C_Decrypt and
   C_DeriveKey take SLOW_TOKEN_MS milliseconds more. With SLOW_TOKEN_HANG=FILE they do not return for as long as FILE is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long number;
typedef number (*function)(number, void *, number, void *, void *);
typedef number (*derivation)(number, void *, number, void *, number, void *);

/* CK_FUNCTION_LIST: the version, then the functions in the order of PKCS #11 2.40 section 4.6. */
struct list { unsigned char version[2]; void *functions[68]; };
enum { DECRYPT = 34, SIGN = 43, DERIVE_KEY = 62, GET_FUNCTION_LIST = 3 };

static struct list *real, slow;

static void wait_as_a_network_does(void)
{
    const char *milliseconds = getenv("SLOW_TOKEN_MS"), *hang = getenv("SLOW_TOKEN_HANG");
    long ms = milliseconds ? atol(milliseconds) : 20;
    struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&pause, NULL);
    while (hang && access(hang, F_OK) == 0)
        usleep(10000);
}

static number slow_sign(number session, void *data, number length, void *signature, void *signature_length)
{
    wait_as_a_network_does();
    return ((function)real->functions[SIGN])(session, data, length, signature, signature_length);
}

static number slow_decrypt(number session, void *data, number length, void *plain, void *plain_length)
{
    wait_as_a_network_does();
    return ((function)real->functions[DECRYPT])(session, data, length, plain, plain_length);
}

static number slow_derive(number session, void *mechanism, number key, void *template, number count, void *derived)
{
    wait_as_a_network_does();
    return ((derivation)real->functions[DERIVE_KEY])(session, mechanism, key, template, count, derived);
}

number C_GetFunctionList(struct list **list)
{
    if (!real) {
        void *library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW);
        number (*get)(struct list **) = library ? dlsym(library, "C_GetFunctionList") : NULL;
        if (!get || get(&real) != 0)
            return 5; /* CKR_GENERAL_ERROR */
        memcpy(&slow, real, sizeof slow);
        slow.functions[GET_FUNCTION_LIST] = C_GetFunctionList;
        slow.functions[SIGN] = slow_sign;
        slow.functions[DECRYPT] = slow_decrypt;
        slow.functions[DERIVE_KEY] = slow_derive;
    }
    *list = &slow;
    return 0;
}
