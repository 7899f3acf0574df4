/* What plastc does with a checkpoint: --deploy and --from. */
#include "calibrate.h"
#include "deploy.h"
#include "driver.h"

#include <string.h>

static int failed(const char *why, int status)
{
    fprintf(stderr, "plastc: %s\n", why);
    return status;
}

static bool ends(const char *s, const char *ending)
{
    size_t n = strlen(s), k = strlen(ending);
    return n >= k && strcmp(s + n - k, ending) == 0;
}

enum { CALIBRATE = 1000 }; /* samples */

static int write_net(struct arena *a, const struct options *o, const struct outputs *to,
                     struct deployment *net)
{
    struct text c = text_new(a), h = text_new(a), r = text_new(a);
    deploy_print(&c, net, &(struct layout){to->header ? base_name(to->header) : NULL});
    int status = write_file(a, to->c, &c);
    if (!status && to->header) {
        deploy_print_header(&h, net);
        status = write_file(a, to->header, &h);
    }
    if (status || !o->report)
        return status;
    if (ends(o->report, ".json"))
        deploy_report_json(&r, net);
    else
        deploy_report_html(&r, net);
    return write_file(a, o->report, &r);
}

int deploy(struct arena *a, const struct options *o, const struct plan *plan, struct diag *d)
{
    const char *wrong = NULL;
    struct outputs to;
    int status = name_outputs(a, o, d, o->report, &to);
    if (status)
        return status;
    struct checkpoint *c = checkpoint_read(plan, o->deploy, &wrong);
    if (!c)
        return failed(wrong, STATUS_FILE);
    struct samples *samples =
        o->data ? samples_read(plan, o->data, o->int8 ? CALIBRATE : 1, &wrong, &status) : NULL;
    if (status)
        return failed(wrong, status);
    struct deployment *net = deploy_net(plan, c);
    if (o->int8 && deploy_widest(net) > DEPLOY_MOST_INTEGERS)
        return failed("--int8: a unit reads more than 66000 others: its sum would not fit 32 bits",
                      STATUS_PROMISE);
    if (o->int8)
        deploy_calibrate(net, samples->train, samples->trains);
    deploy_store(net);
    deploy_expect(net, samples ? samples->test : samples_none(plan));
    return write_net(a, o, &to, net);
}

int shrink(const struct options *o, const struct plan *whole)
{
    const char *wrong = NULL;
    const struct checkpoint *c = checkpoint_read(whole, o->from, &wrong);
    return c && shrink_net(whole, c, &wrong) ? STATUS_DONE : failed(wrong, STATUS_FILE);
}
