"use strict";
// The newest Inbox tickets, and for a click why each is there. The token stays in this variable.
let token = "";
let opened = "";
let timer = 0;
const at = (id) => document.getElementById(id);

function made(tag, text, ...children) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

async function asked(path, options = {}) {
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(15000) });
  const body = await answer.json();
  if (answer.ok) return body;
  const problem = new Error([body.title, body.detail, body.hint].filter(Boolean).join(". "));
  problem.status = answer.status;
  throw problem;
}

function say(text) {
  at("trouble").textContent = text;
  at("trouble").hidden = !text;
}

at("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    const body = JSON.stringify({ email: form.email.value, password: form.password.value });
    token = "";
    token = (
      await asked("/v1/auth/token", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
      })
    ).access_token;
    form.password.value = "";
    form.hidden = true;
    at("inbox").hidden = false;
    say("");
    await refresh();
  } catch (problem) {
    say(problem.message);
  }
});

async function refresh() {
  clearTimeout(timer);
  try {
    const page = await asked("/v1/tickets?view=inbox&limit=25");
    show(page.items, Boolean(page.next_cursor));
    say("");
  } catch (problem) {
    say(problem.message);
    if (problem.status === 401) {
      token = "";
      at("sign-in").hidden = false;
      at("inbox").hidden = true;
      return;
    }
  }
  timer = setTimeout(refresh, 3000);
}

// Rows that are there stay, so that neither focus nor an open explanation is lost.
function show(tickets, more) {
  const rows = new Map([...at("tickets").children].map((row) => [row.dataset.number, row]));
  const wanted = tickets.map((ticket) => rows.get(ticket.number) ?? row(ticket));
  for (const [number, old] of rows) {
    if (!tickets.some((ticket) => ticket.number === number)) old.remove();
  }
  wanted.forEach((each, place) => {
    const there = at("tickets").children[place];
    if (there !== each) at("tickets").insertBefore(each, there ?? null);
  });
  const count = more ? `the newest ${tickets.length}` : `${tickets.length}`;
  at("state").textContent = tickets.length
    ? `${count} waiting; click one to see why it is here`
    : "Nothing is waiting.";
}

function row(ticket) {
  const when = new Date(ticket.created_at).toLocaleString();
  const button = made(
    "button",
    "",
    made("b", ticket.number),
    made("span", ticket.subject),
    made("span", ticket.status),
    made("small", `${ticket.account.name} · ${ticket.channel} · ${when}`),
  );
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  const item = made("li", "", button);
  item.dataset.number = ticket.number;
  button.addEventListener("click", () => explain(item, button, ticket.number));
  return item;
}

async function explain(item, button, number) {
  for (const other of document.querySelectorAll("#tickets dl")) other.remove();
  for (const other of document.querySelectorAll("#tickets button")) {
    other.setAttribute("aria-expanded", "false");
  }
  opened = opened === number ? "" : number;
  if (!opened) return;
  try {
    const { decisions } = await asked(`/v1/tickets/${encodeURIComponent(number)}/explain`);
    if (opened !== number) return;
    const list = made("dl", "");
    for (const decision of decisions) {
      list.append(made("dt", `${decision.about}, ${new Date(decision.at).toLocaleString()}`));
      for (const reason of decision.reasons) {
        const words = `${reason.meaning} ${reason.remedy} `;
        list.append(made("dd", words, made("code", reason.code)));
      }
    }
    item.append(list);
    button.setAttribute("aria-expanded", "true");
  } catch (problem) {
    say(problem.message);
  }
}
