/* Signals as flags: a training run looks at them between steps, so that it ends on a whole step. */
#include "trainer.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t caught, has_state, has_steps;

/* The first one counts; a second does not interrupt the saving that follows the first. Before there
 * is a state to save nothing is lost; while data are read, a second one ends the program. */
static void note_signal(int number)
{
    if (!has_state || (caught && !has_steps))
        _exit(128 + number);
    if (!caught)
        caught = number;
}

/* Also where SIGINT was ignored, as a shell does for its background jobs: who sends one to a
 * training run means it. */
void plast_catch_signals(void)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN; /* a closed pipe is an error of the log, not the end of the run */
    sigaction(SIGPIPE, &action, NULL);
}

void plast_begin_state(void)
{
    has_state = 1;
}

void plast_begin_steps(void)
{
    has_state = has_steps = 1;
}

int plast_stopped(void)
{
    return caught;
}

void plast_ignore_size_signal(void)
{
    struct sigaction action = {.sa_handler = SIG_IGN};
    sigemptyset(&action.sa_mask);
    sigaction(SIGXFSZ, &action, NULL);
}
