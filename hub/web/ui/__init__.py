"""The pages for people: rendered on the server, working without JavaScript, on the same services as the API.

How to add a page, in twenty lines
----------------------------------
`pages/runs.py`: a handler calls one service and renders; faults are raised, never caught (the page of a fault says what
it is and the way out). `pages/__init__.py` gets its line, `templates/runs/list.html` its template::

    async def list_runs(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request)                                   # who, role, gallery
        found = await asking.list_runs(services_of(request), *names_of(request))
        return await render(request, "runs/list.html", title="Runs", runs=found,
                            crumbs=[("Webservices", visit.path("webservices"))])

    async def start_run(request: web.Request) -> web.StreamResponse:
        form = form_of(request)                                     # token and origin are checked already
        await asking.start_run(services_of(request), *names_of(request), dry_run=form.flag("dry_run"))
        return await redirect(request, visit_of(request).path("webservices"), say="The run begins.")

    ROUTES = (Route(method="GET", path=f"{HOME}/webservices/{{webservice}}/runs", handler=list_runs,
                    policy=Policy.PAGE_READER, summary="The runs.", page=True),
              Route(method="POST", ..., policy=Policy.PAGE_BOOKKEEPER, ...))

Rules: what changes something is a POST (tests walk the route table) and ends in `redirect`; a form with faults is
rendered again with ``status=422``, `ui.faults` and the values as typed. Nothing inline: no `style=`, no `<script>`, no
`onclick=` (the Content-Security-Policy refuses them). Who may not do a thing does not see its button (`may("owner")`).

In every template
-----------------
Values: `visit`, `gallery`, `visitor` (role, user_name, ...), `may(role)`, `path(*parts)` (below the gallery's home),
`words` (`hub.web.ui.words`), `fmt` (`hub.web.ui.formats.Formats`) and, as functions, `money(amount, currency)`,
`number`, `count(n, one, many)`, `day`, `month`, `moment`, `ago`; `asset(name)`; what `render` was given.

Macros, with their defaults; those marked (call) wrap content: ``{% call ui.form(path("x")) %}...{% endcall %}``::

    ui.title(text, lead="")                                  (call: the actions beside it, may be left out)
    ui.badge(word)                                           a state: ui.badge(words.entry_word(entry.state))
    ui.link(label, href, tone="plain", small=false)          looks like a button; tone: plain, primary, danger
    ui.form(action, class="form")                            (call) POST with its token
    ui.search(action)                                        (call) GET
    ui.submit(label, tone="primary", name="", value="1", confirm="", small=false)
    ui.post(label, action, tone="plain", fields={}, confirm="", small=false)      a form that is one button
    ui.menu(label="More")                                    (call) the "..." menu: ui.post and ui.link in it
    ui.field(name, label, kind="text", value="", help="", error="", options=[], required=false, placeholder="",
             attrs={})      kinds: every type of <input>, textarea, select, radio ([(key, text)]), checkbox
    ui.faults(list, title=...)                               what is wrong (`.at`, `.message`), above a form
    ui.notice(text, tone="note")                             tones: note, good, need, bad (call: may be left out)
    ui.table(caption, columns, stack=true, show_caption=false)   (call: the rows) column: "Text" or
             {"text": "Total", "num": true, "hide": true}; in a stack each td says data-label="Total" for phones
    ui.empty(text, lead="")                                  (call: what to do next)
    ui.pager(next="", previous="")                           ui.facts([(name, value)])
    ui.card(title="", tone="", level=2, href="")             (call)     several in <div class="cards">
    ui.amount(value, currency)  ui.at(when)  ui.since(when)  ui.on(day)    each takes None
    ui.progress(done, total, label)  ui.steps(tasks)  ui.groups(counts, href="")  ui.copy(text)
    ui.live(url)                                             (call) content that follows `hub.web.ui.live`

Attributes that the script knows: `data-confirm`, `data-copy`, `data-live`, `data-filter="#rows"`, `data-swap="#a, .b"`
at a button (its form is sent, and only these parts of the answer replace ours), with `data-on-change` at every change
of the form, and `hidden data-needs-script` for what is of no use without it.
"""
