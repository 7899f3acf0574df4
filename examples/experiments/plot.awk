# Lines "SERIES<tab>X<tab>Y[<tab>SPREAD]" -> an SVG picture: a line with error bars for each series.
# Of -v title, xlabel, ylabel and, if what is below is not worth the room, lowest (a value of Y).
BEGIN {
    FS = "\t"
    width = 720; height = 400; left = 62; right = 60; top = 40; bottom = 52
    colors = split("#0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9 #7f7f7f #000000", color, " ")
}
function escaped(text) {
    gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
    return text
}
function ceiling(x) { return x > int(x) ? int(x) + 1 : int(x) }
function flooring(x) { return x < int(x) ? int(x) - 1 : int(x) }
# The step of 1, 2 or 5 times a power of ten that makes at most `most` of a span
function nice_step(span, most,    step) {
    step = 10 ^ flooring(log(span / most) / log(10))
    if (span / step > most) step *= 2
    if (span / step > most) step *= 2.5
    if (span / step > most) step *= 2
    return step
}
function digits(step,    n) {
    for (n = 0; n < 6 && step * 10 ^ n < 0.999; n++) ;
    return n
}
function px(x) { return left + (width - left - right) * (x - xmin) / (xmax - xmin) }
function py(y) { return height - bottom - (height - top - bottom) * (y - ymin) / (ymax - ymin) }
function line(x1, y1, x2, y2, style) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, style
}
function text(x, y, style, what) {
    printf "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, style, escaped(what)
}

NF >= 3 && $3 != "" {
    if (!($1 in number)) {
        number[$1] = ++count; called[count] = $1
        if (right < 60 + 7 * length($1)) right = 60 + 7 * length($1) # the legend's words
    }
    s = number[$1]
    i = ++points[s]
    x[s, i] = $2 + 0; y[s, i] = $3 + 0; e[s, i] = $4 + 0
    if (!all || x[s, i] < xmin) xmin = x[s, i]
    if (!all || x[s, i] > xmax) xmax = x[s, i]
    if (!all || y[s, i] - e[s, i] < ymin) ymin = y[s, i] - e[s, i]
    if (!all || y[s, i] + e[s, i] > ymax) ymax = y[s, i] + e[s, i]
    all++
}

function draw_axes(    xstep, ystep, k, v) {
    xstep = nice_step(xmax - xmin, 9); ystep = nice_step(ymax - ymin, 7)
    for (k = ceiling(ymin / ystep - 1e-9); k * ystep <= ymax + 1e-9 * ystep; k++) {
        line(left, py(k * ystep), width - right, py(k * ystep), "stroke=\"#dddddd\"")
        text(left - 7, py(k * ystep) + 4, "text-anchor=\"end\"", sprintf("%." digits(ystep) "f", k ? k * ystep : 0))
    }
    for (k = ceiling(xmin / xstep - 1e-9); k * xstep <= xmax + 1e-9 * xstep; k++) {
        line(px(k * xstep), height - bottom, px(k * xstep), height - bottom + 5, "stroke=\"#333333\"")
        text(px(k * xstep), height - bottom + 19, "text-anchor=\"middle\"", sprintf("%." digits(xstep) "f", k ? k * xstep : 0))
    }
    printf "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#333333\"/>\n", left, top, height - bottom, width - right
    text((left + width - right) / 2, height - 12, "text-anchor=\"middle\"", xlabel)
    printf "<text transform=\"translate(16 %.1f) rotate(-90)\" text-anchor=\"middle\">%s</text>\n",
        (top + height - bottom) / 2, escaped(ylabel)
    text(left, 24, "font-size=\"15\" font-weight=\"bold\"", title)
}
function draw_series(s,    i, paint, cap) {
    paint = color[(s - 1) % colors + 1]
    printf "<g stroke=\"%s\" fill=\"%s\" clip-path=\"url(#inside)\">\n<polyline fill=\"none\" stroke-width=\"1.8\"%s points=\"",
        paint, paint, (s > colors ? " stroke-dasharray=\"5 3\"" : "")
    for (i = 1; i <= points[s]; i++) printf "%s%.1f,%.1f", (i > 1 ? " " : ""), px(x[s, i]), py(y[s, i])
    print "\"/>"
    cap = 3
    for (i = 1; i <= points[s]; i++) {
        if (e[s, i] > 0) {
            line(px(x[s, i]), py(y[s, i] - e[s, i]), px(x[s, i]), py(y[s, i] + e[s, i]), "")
            line(px(x[s, i]) - cap, py(y[s, i] - e[s, i]), px(x[s, i]) + cap, py(y[s, i] - e[s, i]), "")
            line(px(x[s, i]) - cap, py(y[s, i] + e[s, i]), px(x[s, i]) + cap, py(y[s, i] + e[s, i]), "")
        }
        if (points[s] <= 12)
            printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" stroke=\"none\"/>\n", px(x[s, i]), py(y[s, i])
    }
    print "</g>"
    line(width - right + 14, top + 20 * s - 8, width - right + 38, top + 20 * s - 8,
         "stroke-width=\"3\" stroke=\"" paint "\"" (s > colors ? " stroke-dasharray=\"5 3\"" : ""))
    text(width - right + 45, top + 20 * s - 4, "", called[s])
}

END {
    if (!all) { print "no points to plot" > "/dev/stderr"; exit 1 }
    if (lowest != "" && lowest + 0 > ymin && lowest + 0 < ymax) ymin = lowest + 0
    if (xmax == xmin) { xmin -= 0.5; xmax += 0.5 }
    if (ymax == ymin) { ymin -= 0.5; ymax += 0.5 }
    margin = (ymax - ymin) / 25; ymin -= margin; ymax += margin
    margin = (xmax - xmin) / 40; xmin -= margin; xmax += margin
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\n",
        width, height, width, height
    printf "<title>%s</title>\n<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", escaped(title), width, height
    printf "<clipPath id=\"inside\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></clipPath>\n",
        left, top, width - left - right, height - top - bottom
    draw_axes()
    for (s = 1; s <= count; s++) draw_series(s)
    print "</svg>"
}
