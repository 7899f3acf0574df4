/* Stands between scanner and grammar. Tokens come in from scan.l and go out to
 * the grammar as they are, until the grammar refuses one: then everything up to
 * where reading can go on is skipped here, and one RESUME goes out in its place.
 * The grammar need only know `error RESUME`. */
#include "parser.h"

#include "parse.h"

#include <string.h>

enum { NO_OFFSET = UINT32_MAX };

struct token {
    int kind;
    struct loc loc;
    YYSTYPE value;
};

struct feed {
    struct token last;     /* what went out last; counted below once the grammar has taken it */
    struct loc previous;   /* the place of the token before */
    struct token ahead[2]; /* scanned too early */
    int ahead_count;
    bool refused; /* the grammar wants RESUME */
    bool ended;   /* END was refused once: what was open is closed now */
    int closing;  /* braces still to be made up */
    int depth;    /* braces open */
    struct loc brace[MAX_NEST];
    /* The bound on what the grammar must keep at one time: every open bracket, and within each
     * those operators since the last comma that may wait for their right side. */
    int pending[MAX_NEST + 1];
    int levels, nest;
    /* A statement at the left margin inside an indented body is a sign that a brace was forgotten
     * before it; believed only if something else is wrong. */
    uint32_t suspect;
    bool indented;
};

void feed_open(struct parser *p)
{
    p->feed = NEW(p->arena, struct feed);
    p->feed->suspect = NO_OFFSET;
    p->feed->last.loc.file = p->file;
}

struct loc feed_previous(const struct parser *p)
{
    return p->feed->previous;
}

/* --- what tokens are */

static bool is_statement_word(int kind)
{
    return kind >= MODEL && kind <= RULE;
}

static bool is_word(int kind)
{
    return kind >= NAME && kind <= KERNEL && kind != NUMBER && kind != STRING;
}

static struct token take_token(struct parser *p)
{
    struct feed *f = p->feed;
    if (f->ahead_count) {
        struct token t = f->ahead[0];
        f->ahead[0] = f->ahead[1];
        f->ahead_count--;
        return t;
    }
    struct token t = {0};
    t.kind = scan_token(&t.value, &t.loc, p->scanner);
    return t;
}

static void give_back(struct feed *f, struct token t)
{
    f->ahead[1] = f->ahead[0];
    f->ahead[0] = t;
    f->ahead_count++;
}

static int peek_kind(struct parser *p)
{
    struct token t = take_token(p);
    give_back(p->feed, t);
    return t.kind;
}

static bool is_at_margin(const struct parser *p, struct loc loc)
{
    return loc.start == 0 || p->text[loc.start - 1] == '\n';
}

/* No expression has two operands side by side, so such a word is no name. */
static bool starts_statement(struct parser *p, int kind)
{
    if (!is_statement_word(kind))
        return false;
    int next = peek_kind(p);
    return is_word(next) || next == NUMBER || next == STRING;
}

/* --- how deep they stand */

static void close_level(struct feed *f)
{
    if (!f->levels)
        return;
    f->nest -= 1 + f->pending[f->levels];
    f->levels--;
}

static void count_taken(struct feed *f, const struct token *t)
{
    switch (t->kind) {
    case '{':
        f->brace[f->depth++] = t->loc;
        /* fall through */
    case '(':
    case '[':
        f->nest++;
        f->pending[++f->levels] = 0;
        break;
    case '}':
        f->depth--;
        /* fall through */
    case ')':
    case ']':
        close_level(f);
        break;
    case ',':
    case ';':
        f->nest -= f->pending[f->levels];
        f->pending[f->levels] = 0;
        break;
    case '-':
    case '^':
    case '?':
    case NOT:
        f->nest++;
        f->pending[f->levels]++;
        break;
    }
}

static bool is_too_deep(const struct feed *f, int kind)
{
    return f->nest >= MAX_NEST && (kind == '{' || kind == '(' || kind == '[' || kind == '-' ||
                                   kind == '^' || kind == '?' || kind == NOT);
}

/* What was open in the statement that is given up is open no more; only braces are. */
static void reset_levels(struct feed *f)
{
    f->levels = f->nest = f->depth;
    memset(f->pending, 0, ((size_t)f->levels + 1) * sizeof *f->pending);
}

/* --- after an error */

bool feed_refused(struct parser *p, struct loc *missing, struct loc *open)
{
    struct feed *f = p->feed;
    f->refused = true;
    if (f->ended && f->last.kind == END)
        bug("the grammar is in other braces than feed.c");
    f->ended = f->last.kind == END;
    if (!f->depth || (f->suspect == NO_OFFSET && f->last.kind != END))
        return false;
    *open = f->brace[f->depth - 1];
    *missing = (struct loc){p->file, f->previous.end, f->previous.end};
    if (f->suspect != NO_OFFSET) {
        uint32_t size = (uint32_t)strcspn(p->text + f->suspect, " \t\r\n");
        *missing = (struct loc){p->file, f->suspect, f->suspect + size};
    }
    return true;
}

static void go_back(struct parser *p)
{
    struct feed *f = p->feed;
    scanner_seek(p, f->suspect);
    f->ahead_count = 0;
    f->closing = f->depth;
    f->ended = false;
}

/* Words that begin declarations in bodies as well are no sign, unless the margin is. */
static bool is_outside(struct parser *p, struct token t, int inner)
{
    const struct feed *f = p->feed;
    if (!inner && !f->depth)
        return true;
    if (!is_at_margin(p, t.loc))
        return false;
    return f->depth ? f->indented : t.kind != INPUT && t.kind != LAYER && t.kind != NEURON;
}

/* Does reading go on with `t`? `inner`: braces opened in the text that is skipped. */
static bool ends_skip(struct parser *p, struct token t, int inner)
{
    struct feed *f = p->feed;
    if (t.kind == END || (is_outside(p, t, inner) && starts_statement(p, t.kind))) {
        f->closing = f->depth;
        return true;
    }
    return t.kind == '}' && !inner && f->depth;
}

/* Skips the rest of a statement, with the braces that belong to it. */
static void skip_statement(struct parser *p)
{
    struct feed *f = p->feed;
    int inner = 0;
    for (struct token t = f->last;; t = take_token(p)) {
        if (ends_skip(p, t, inner)) {
            give_back(f, t);
            return;
        }
        f->last = t;
        inner += t.kind == '{';
        inner -= t.kind == '}';
        bool closed = t.kind == '}' && inner <= 0 && peek_kind(p) != ELSE;
        if (closed || (t.kind == ';' && inner <= 0))
            return;
    }
}

static struct token resume(struct parser *p)
{
    struct feed *f = p->feed;
    f->refused = false;
    if (f->suspect != NO_OFFSET && f->depth)
        go_back(p);
    else
        skip_statement(p);
    f->suspect = NO_OFFSET;
    reset_levels(f);
    uint32_t end = f->last.loc.end;
    return (struct token){.kind = RESUME, .loc = {p->file, end, end}};
}

/* --- what goes out */

/* Call it with every token of a body that may begin a statement. */
static void suspect_brace(struct parser *p, struct token t)
{
    struct feed *f = p->feed;
    bool margin = is_at_margin(p, t.loc);
    if (f->last.kind == '{' && f->depth == 1) {
        f->indented = !margin;
        f->suspect = NO_OFFSET;
    } else if (margin && f->indented && f->suspect == NO_OFFSET && starts_statement(p, t.kind)) {
        f->suspect = t.loc.start;
    }
}

static struct token next_token(struct parser *p)
{
    struct feed *f = p->feed;
    if (f->refused)
        return resume(p);
    count_taken(f, &f->last);
    if (f->closing) {
        f->closing--;
        return (struct token){.kind = '}', .loc = f->last.loc};
    }
    if (f->last.kind == END)
        return (struct token){.kind = YYEOF, .loc = f->last.loc};
    struct token t = take_token(p);
    int last = f->last.kind;
    if (!f->depth)
        f->suspect = NO_OFFSET;
    else if (last == '{' || last == '}' || last == ';' || last == RESUME)
        suspect_brace(p, t);
    if (is_too_deep(f, t.kind)) {
        p->bad = "too many brackets and operators inside one another";
        t.kind = BAD;
    }
    return t;
}

int feed_token(YYSTYPE *value, struct loc *loc, struct parser *p)
{
    struct feed *f = p->feed;
    struct token t = next_token(p);
    f->previous = f->last.loc;
    f->last = t;
    *value = t.value;
    *loc = t.loc;
    return t.kind;
}
