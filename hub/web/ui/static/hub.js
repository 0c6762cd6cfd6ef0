// What makes the pages livelier. Everything works without it; nothing here knows any page.
"use strict";

const on = (type, work) => document.addEventListener(type, work);

// Fragments: a stream of server-sent events; each message is the new content of its element, made on the server.
const follow = (place) => {
  const stream = new EventSource(place.dataset.live);
  stream.addEventListener("message", (event) => {
    const made = new DOMParser().parseFromString(event.data, "text/html");
    place.replaceChildren(...made.body.childNodes);
  });
  stream.addEventListener("done", () => {
    stream.close();
    location.reload();
  });
};

// A question before what cannot be undone.
const ask = (button) => {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "question";
  text.textContent = button.dataset.confirm;
  dialog.setAttribute("aria-labelledby", "question");
  const row = document.createElement("div");
  row.className = "actions";
  const no = document.createElement("button");
  no.className = "button";
  no.textContent = "Cancel";
  const yes = document.createElement("button");
  yes.className = button.className;
  yes.textContent = button.textContent;
  row.append(no, yes);
  dialog.append(text, row);
  document.body.append(dialog);
  no.addEventListener("click", () => dialog.close());
  yes.addEventListener("click", () => {
    button.dataset.sure = "yes";
    dialog.close();
    button.form.requestSubmit(button);
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    button.focus();
  });
  dialog.showModal();
  no.focus();
};

on("DOMContentLoaded", () => {
  document.querySelectorAll("[data-live]").forEach(follow);
  document.querySelectorAll("[data-copy], [data-needs-script]").forEach((one) => {
    one.hidden = false;
  });
});

// <button data-swap="#a, .b">: its form is sent, and only these parts of the answer (by their ids) replace ours. With
// `data-on-change` every change in the form presses it.
let latest = 0;
const swap = async (button) => {
  const mine = ++latest;
  const body = new URLSearchParams(new FormData(button.form));
  body.set("_swap", "1"); // what is not among the parts need not be worked out
  const answer = await fetch(button.formAction, { method: "POST", body });
  if (!answer.ok || mine !== latest) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const place of document.querySelectorAll(button.dataset.swap)) {
    const found = made.getElementById(place.id);
    if (found && found.innerHTML !== place.innerHTML) place.replaceChildren(...found.childNodes);
  }
};

on("change", (event) => {
  const button = event.target.form && event.target.form.querySelector("[data-on-change]");
  if (button) swap(button).catch(() => {}); // it only shows: what is typed stays, and the button still works
});

on("submit", (event) => {
  const button = event.submitter;
  if (button && button.dataset.swap) {
    event.preventDefault();
    swap(button).catch(() => {});
    return;
  }
  if (button && button.dataset.confirm && button.dataset.sure !== "yes") {
    event.preventDefault();
    ask(button);
    return;
  }
  if (event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault(); // a second click sends nothing twice
  event.target.dataset.sent = "yes";
  if (button) button.setAttribute("aria-busy", "true");
});

// Coming back by the browser's own button: the form may be sent again.
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-busy]").forEach((one) => one.removeAttribute("aria-busy"));
  });
});

on("click", async (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const said = button.textContent;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = "Copied";
  setTimeout(() => {
    button.textContent = said;
  }, 1500);
});

on("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});

// <input data-filter="#rows">: hides what does not hold the text; each child of #rows is one item.
on("input", (event) => {
  const into = event.target.dataset.filter;
  if (!into) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const item of document.querySelector(into).children) {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
  }
});
