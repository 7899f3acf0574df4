#!/bin/sh
# plastc --report, as a browser shows it: the numbers of the page are those of the JSON, the pixels of
# its pictures are the masks of the checkpoint, and nothing is loaded or complained about.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
cd "$scratch" || exit 99
look="python3 $top_srcdir/tests/report.py"

cat >fewer.pl <<'END_OF_MODEL'
model fewer;
rule some { adapt { synapse luck = random(); drop synapse when luck < 0.5; } }
rule thin { adapt { neuron luck = random(); drop neuron when luck < 0.2; } }
input  image[1, 14, 14] |> normalize(mean = 0.2, deviation = 0.4);
layer  a = image |> dense(37) |> tanh;
layer  b = a |> dense(24) |> relu;
layer  c = concat(a, b) |> dense(21) |> relu;
layer  d = b + (a |> dense(24));
output digit = concat(c, d) |> dense(10);
loss      cross_entropy;
optimizer adam(rate = 0.002);
batch     32;
epochs    3;
prune some on a, b, c until epoch 2;
prune thin on a, b, c until epoch 2;
END_OF_MODEL
reports() # reports NAME OPTIONS...: NAME.html, NAME.json
{
    name=$1
    shift
    for page in "$name.html" "$name.json"; do
        "$PLASTC" fewer.pl --deploy fewer.st -o net.c --report "$page" "$@" || return
    done
}
trained()
{
    build fewer.pl ./fewer && ./fewer train --quiet --data first:600:glyphs --threads 1 --save fewer.st
}
try 'a net is trained' trained || finish
try 'and reported' reports float || finish
try 'and as int8' reports int8 --int8 --data first:200:glyphs || finish
for name in float int8; do
    try "$name: the page loads nothing" sh -c '! grep -E -i "(src|href)=|url\(|@import|<script|<link|https?:" "$1"' - $name.html
    try "$name: and says so to the browser" grep -q "default-src 'none'" $name.html
done

rest='the JSON parses, and the page in a browser'
command -v python3 >/dev/null || { skip "$rest" 'no python3'; finish; }
for name in float int8; do
    try "$name: the JSON is JSON, and its sums are right" $look sums $name.json fewer.st
done
for browser in chromium chromium-browser google-chrome none; do
    ! command -v "$browser" >/dev/null || break
done
rest='the page in a browser'
test $browser != none || { skip "$rest" 'no Chromium'; finish; }

# shown OPTION... PAGE: what the browser says goes to `said`
shown()
{
    HOME=$scratch timeout -k 5 60 $browser --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
        --no-first-run --user-data-dir="$scratch/profile" --force-device-scale-factor=1 \
        --enable-logging=stderr "$@" 2>said
}
echo '<!DOCTYPE html><title>here</title><p>here' >here.html
shown --dump-dom "file://$scratch/here.html" | grep -q '<p>here' || { skip "$rest" "$browser does not run here"; finish; }

# A script before the page's own policy notes what the page is like once it is laid out.
cat >probe.js <<'END_OF_SCRIPT'
<script>
const wrong = [];
addEventListener("error", e => wrong.push(String(e.message || e.target.outerHTML)), true);
addEventListener("load", () => {
    const svg = [...document.querySelectorAll("svg.map")].map(s => {
        const r = s.getBoundingClientRect();
        return {of: s.dataset.of, from: s.dataset.from, x: r.x, y: r.y, width: r.width, height: r.height};
    });
    const root = document.documentElement, of = getComputedStyle(root);
    const colour = name => of.getPropertyValue("--" + name).trim();
    const seen = {maps: svg, wrong, loaded: performance.getEntriesByType("resource").map(e => e.name),
        wide: root.scrollWidth, room: innerWidth, high: root.scrollHeight,
        live: colour("live"), dead: colour("dead"), gone: colour("gone"), page: colour("page")};
    const note = document.createElement("pre");
    note.id = "seen";
    note.hidden = true;
    note.textContent = JSON.stringify(seen);
    document.body.append(note);
});
</script>
END_OF_SCRIPT
probed() # probed PAGE.html PAGE.dom OPTIONS...
{
    probed_from=$1 probed_to=$2
    shift 2
    sed '/<html/r probe.js' "$probed_from" >probed.html
    shown --dump-dom "$@" "file://$scratch/probed.html" >"$probed_to" && grep -q 'id="seen"' "$probed_to"
}
quiet() { cat said; ! grep -q CONSOLE said; }
complains() { cat said; grep -q CONSOLE said; }
pictured() # pictured PAGE.html PAGE.dom SHOT.png OPTIONS...: all of it
{
    picture_of=$1 picture_dom=$2 picture=$3
    shift 3
    shown "--window-size=640,$($look high "$picture_dom")" "$@" --screenshot="$scratch/$picture" \
        "file://$scratch/$picture_of" >/dev/null && test -s "$picture"
}
dark=--blink-settings=preferredColorScheme=0
for name in float int8; do
    try "$name: the browser shows it" probed $name.html $name.dom --window-size=640,900 || continue
    try "$name: without a word" quiet
    try "$name: nothing was loaded" $look still $name.dom
    try "$name: the page has the numbers of the JSON" $look numbers $name.dom $name.json
    try "$name: a picture of it" pictured $name.html $name.dom $name.png
    try "$name: its pixels are what lives in the checkpoint" $look pixels $name.dom $name.json $name.png fewer.st
done
if probed float.html dark.dom --window-size=640,900 $dark; then
    try 'in the dark: a picture of it' pictured float.html dark.dom dark.png $dark
    try 'in the dark: its page is dark' $look dark dark.dom dark.png
    try 'in the dark: the same weights' $look pixels dark.dom float.json dark.png fewer.st
else
    result 1 'in the dark'
fi
try 'a narrow window' probed float.html narrow.dom --window-size=500,900
try 'only tables and pictures are wider than that' $look narrow narrow.dom
try 'it prints' shown --print-to-pdf="$scratch/page.pdf" "file://$scratch/float.html"
try 'to a few pages' $look pages page.pdf

# ------------------------------------------------------------------ what these look at can go wrong
sed 's,</body>,<img src="http://127.0.0.1:9/x.png"></body>,' float.html >loads.html
try 'a page that would load something' shown --dump-dom "file://$scratch/loads.html"
try 'is complained about' complains
sed 's/\(data-of="live_synapses"><data value="\)\([0-9]\)/\17\2/' float.dom >wrong.dom
try 'another number in the page is seen' fails_with 1 $look numbers wrong.dom float.json
sed '/class="live"/s/class="live" d="M[^M]*/class="live" d="/' float.html >wrong.html
try 'a page without the first stroke of each map' pictured wrong.html float.dom wrong.png
try 'is seen to lack it' fails_with 1 $look pixels float.dom float.json wrong.png fewer.st
finish
