/* A token that the grammar refuses goes in, with all that it would have taken; a message that says
 * what is wrong in the words of somebody who writes models goes out. */
#include "parser.h"

#include <string.h>

enum { DETAILS_MOST = 1000, EXPECTED_MOST = 5, SHOWN_MOST = 40 };

static const char *const operators[] = {"'?'", "or",  "and", "'<'", "<=",  "'>'", ">=", "==",
                                        "!=",  "'+'", "'-'", "'*'", "'/'", "'^'", "|>"};
static const char *const comparisons[] = {"'<'", "<=", "'>'", ">=", "==", "!="};
static const char *const reserved[] = {"if", "else", "and", "or", "not"};
static const char *const statements[] = {"model",      "include", "let",      "time",   "input",
                                         "layer",      "block",   "output",   "loss",   "learn",
                                         "optimizer",  "batch",   "epochs",   "seed",   "budget",
                                         "plasticity", "prune",   "function", "neuron", "rule"};
static const char *const inner_statements[] = {"state",   "learnable", "emit",   "drop",  "grow",
                                               "synapse", "kernel",    "neuron", "input", "layer"};
#define COUNT(list) (sizeof(list) / sizeof *(list))
#define IS_ONE_OF(list, name) is_in((list), COUNT(list), (name))

/* Nobody reads the thousandth message of a file; it is only counted. */
bool wants_details(const struct parser *p)
{
    return p->diag->errors < DETAILS_MOST;
}

static bool is_in(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i], name))
            return true;
    return false;
}

static bool expects(const struct refusal *r, const char *name)
{
    for (int i = 0; i < r->count; i++)
        if (!strcmp(r->expected[i], name))
            return true;
    return false;
}

static bool is_word(const char *token)
{
    return !strcmp(token, "a name") || IS_ONE_OF(inner_statements, token) ||
           (token[0] >= 'a' && token[0] <= 'z' && !strchr(token, ' ') &&
            !IS_ONE_OF(reserved, token));
}

/* Would a name do in its place? Then it need not be listed beside "a name". */
static bool is_covered(const struct refusal *r, const char *name)
{
    if (expects(r, "a number"))
        return is_word(name) || !strcmp(name, "'('") || !strcmp(name, "'-'") ||
               !strcmp(name, "not");
    if (expects(r, "a name"))
        return is_word(name) && strcmp(name, "a name") != 0;
    return false;
}

/* Operators could stand almost everywhere: what closes or goes on is what was forgotten. */
static bool is_worth_saying(const struct refusal *r, const char *name)
{
    bool in_body = expects(r, "if") && expects(r, "a name");
    if (is_covered(r, name) || (in_body && !strcmp(name, "if")) ||
        (IS_ONE_OF(operators, name) && expects(r, "'+'")))
        return false;
    if (name[0] != '\'' && name[1] == '=' && expects(r, "'='")) /* += and its like */
        return false;
    if (!strcmp(name, "'('") && (expects(r, "';'") || expects(r, "')'")))
        return false;
    return true;
}

static const char *quote_token(struct parser *p, const struct refusal *r, const char *name)
{
    if (!strcmp(name, "a number"))
        return "an expression";
    if (!strcmp(name, "a name") && expects(r, "if"))
        return "a statement";
    return name[0] == '\'' || strchr(name, ' ') ? name : arena_format(p->arena, "'%s'", name);
}

static const char *list_expected(struct parser *p, const struct refusal *r)
{
    const char *list[EXPECTED_MOST];
    int count = 0;
    for (int i = 0; i < r->count; i++) {
        if (!is_worth_saying(r, r->expected[i]))
            continue;
        if (count == EXPECTED_MOST)
            return "";
        list[count++] = quote_token(p, r, r->expected[i]);
    }
    struct text text = text_new(p->arena);
    for (int i = 0; i < count; i++)
        text_printf(&text, "%s%s",
                    i == 0           ? ", expected "
                    : i == count - 1 ? " or "
                                     : ", ",
                    list[i]);
    return text.bytes;
}

static const char *quote_source(struct parser *p, struct loc loc, const char *token)
{
    if (strchr(token, ' ') && loc.end <= loc.start)
        return token; /* end of file */
    uint32_t size = loc.end - loc.start;
    return arena_format(p->arena, "'%.*s%s'", (int)(size > SHOWN_MOST ? SHOWN_MOST : size),
                        p->text + loc.start, size > SHOWN_MOST ? "..." : "");
}

static bool is_on_later_line(const struct parser *p, struct loc before, struct loc loc)
{
    return memchr(p->text + before.end, '\n', loc.start - before.end) != NULL;
}

/* What is missing at the end of a line is said there, not at the start of the next. */
static bool is_end_missing(struct parser *p, const struct refusal *r)
{
    struct loc before = feed_previous(p);
    if (before.end <= before.start || before.end > r->loc.start)
        return false;
    if (is_on_later_line(p, before, r->loc))
        return expects(r, "';'") || expects(r, "')'") || expects(r, "']'");
    return expects(r, "';'") && (!strcmp(r->token, "'}'") || !strcmp(r->token, "end of file"));
}

static void report_end_missing(struct parser *p, const struct refusal *r)
{
    struct loc before = feed_previous(p), end = {before.file, before.end, before.end};
    const char *list = list_expected(p, r);
    if (expects(r, "';'") || !*list)
        diag_error(p->diag, end, "expected ';'");
    else
        diag_error(p->diag, end, "%s", list + strlen(", "));
}

static void report_unknown_statement(struct parser *p, struct loc loc, const char *const *known,
                                     size_t count)
{
    const char *word = intern_bytes(p->arena, p->text + loc.start, loc.end - loc.start);
    const char *nearest = nearest_name(word, known, count);
    diag_error(p->diag, loc, "unknown statement '%s'", word);
    if (nearest)
        diag_note(p->diag, (struct loc){0}, "did you mean '%s'?", nearest);
}

/* Two words where one assignment should be: `sate x = 0;` */
static bool is_unknown_inside(struct parser *p, const struct refusal *r)
{
    struct loc before = feed_previous(p);
    unsigned char c = (unsigned char)p->text[before.start];
    return is_word(r->token) && expects(r, "+=") && before.end > before.start &&
           ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static void report_unexpected(struct parser *p, const struct refusal *r)
{
    const char *shown = quote_source(p, r->loc, r->token);
    if (IS_ONE_OF(comparisons, r->token) && expects(r, "'+'")) {
        diag_error(p->diag, r->loc, "comparisons do not chain: join two of them with 'and'");
    } else if (IS_ONE_OF(reserved, r->token) && expects(r, "a name") && !expects(r, "a number")) {
        diag_error(p->diag, r->loc, "%s is reserved and cannot be a name", shown);
    } else if (expects(r, "model") && !expects(r, "a name")) {
        diag_error(p->diag, r->loc, "unexpected %s, expected a statement", shown);
    } else {
        diag_error(p->diag, r->loc, "unexpected %s%s", shown, list_expected(p, r));
        if (!strcmp(r->token, "'='") && expects(r, "=="))
            diag_note(p->diag, (struct loc){0}, "'==' compares");
    }
}

void report_refusal(struct parser *p, const struct refusal *r)
{
    struct loc missing, open;
    if (feed_refused(p, &missing, &open)) {
        diag_error(p->diag, missing, "'}' is missing here");
        diag_note(p->diag, open, "the brace that it would close");
    } else if (!strcmp(r->token, "BAD")) {
        diag_error(p->diag, r->loc, "%s", p->bad);
    } else if (!wants_details(p)) {
        diag_error(p->diag, r->loc, "unexpected text");
    } else if (is_end_missing(p, r)) {
        report_end_missing(p, r);
    } else if (!strcmp(r->token, "a name") && expects(r, "model") && !expects(r, "a name")) {
        report_unknown_statement(p, r->loc, statements, COUNT(statements));
    } else if (is_unknown_inside(p, r)) {
        report_unknown_statement(p, feed_previous(p), inner_statements, COUNT(inner_statements));
    } else {
        report_unexpected(p, r);
    }
}
